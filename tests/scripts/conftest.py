"""Scripts are run as their users run them; what is pure in them is imported."""

import sys

import pytest
from made_project import SCRIPTS, Project

sys.path.insert(0, str(SCRIPTS))


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A repository with no commit yet."""
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "PYTHONPATH", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACE", str(tmp_path / "trace"))
    return Project(tmp_path / "project")
