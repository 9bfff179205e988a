"""Where bad input is written, and what comes of it."""

import shutil
import tempfile
from pathlib import Path

import pytest
from laws import written_and_run


@pytest.fixture(scope="module")
def open_folder():
    """A folder that every user may enter, and so all above it."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def outcomes(request, tmp_path_factory, open_folder):
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
        open_folder,
        tmp_path_factory.mktemp("scratch"),
    )
