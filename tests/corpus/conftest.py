"""Where bad input is written, and what comes of it."""

import pytest
from laws import written_and_run


@pytest.fixture(scope="module")
def outcomes(request, tmp_path_factory):
    """How each command ended on each kind of this module that was asked for.

    The first sound input of each door warms the process up, whatever was asked for.
    """
    asked = [
        item.callspec.params
        for item in request.session.items
        if item.path == request.path and hasattr(item, "callspec")
    ]
    return written_and_run(
        [params["kind"] for params in asked if "kind" in params],
        list(request.module.SOUND.values()),
        tmp_path_factory.mktemp("corpus"),
        tmp_path_factory.mktemp("scratch"),
    )
