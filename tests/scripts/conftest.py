"""Fixtures for scripts, which run as users run them, or are called if that is equivalent."""

import sys

import pytest
from made_project import SCRIPTS, WITHOUT_PIP, Project

sys.path.insert(0, str(SCRIPTS))


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a project in a repository without commits."""
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "PYTHONPATH", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACE", str(tmp_path / "trace"))
    return Project(tmp_path / "project")


@pytest.fixture
def without_pip(project, tmp_path, monkeypatch):
    """Make ``python -m venv`` create environments without pip."""
    directory = tmp_path / "without pip"
    directory.mkdir()
    (directory / "venv.py").write_text(WITHOUT_PIP)
    monkeypatch.setenv("PYTHONPATH", str(directory))
