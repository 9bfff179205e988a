"""Registry without the files of other tests."""

import pytest

from fer_bench.models import registry
from fer_bench.models.network_files.adapter import FileAdapter


@pytest.fixture(autouse=True)
def _no_files_known(monkeypatch):
    others = tuple(one for one in registry.ADAPTERS if not isinstance(one, FileAdapter))
    monkeypatch.setattr(registry, "ADAPTERS", (*others, FileAdapter()))
