from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from fer_bench.runtime.cache_directory import cache_root


def test_the_variable_names_the_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path / "x"))
    assert cache_root() == tmp_path / "x"
    assert not (tmp_path / "x").exists()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("FER_BENCH_CACHE", "~/y")
    assert cache_root() == tmp_path / "y"


@pytest.mark.parametrize("value", [None, ""])
def test_the_users_own_directory_by_default(
    value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FER_BENCH_CACHE", raising=False)
    if value is not None:
        monkeypatch.setenv("FER_BENCH_CACHE", value)
    assert cache_root() == Path(platformdirs.user_cache_dir("fer_bench", appauthor=False))
