"""Fixtures for child processes that run commands on bad input."""

import pytest
from doors import Commands


@pytest.fixture(scope="session")
def commands():
    """Yield a runner for commands that need no Keras model."""
    with Commands() as made:
        yield made


@pytest.fixture(scope="module")
def keras_commands():
    """Yield a runner for commands that load Keras."""
    with Commands("keras") as made:
        yield made
