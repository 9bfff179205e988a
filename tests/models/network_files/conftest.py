"""Backbones without the files of other tests."""

import pytest

from fer_bench.models.network_files import by_path


@pytest.fixture(autouse=True)
def _no_files_known(monkeypatch):
    monkeypatch.setattr(by_path, "_found", {})
