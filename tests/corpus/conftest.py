"""The process in which commands meet bad input."""

import pytest
from doors import Commands


@pytest.fixture(scope="session")
def commands():
    """Runs commands that need no network."""
    with Commands() as made:
        yield made


@pytest.fixture(scope="module")
def keras_commands():
    """Runs commands that load Keras."""
    with Commands("keras") as made:
        yield made
