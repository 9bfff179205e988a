from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from drawn_splits import paper_split

from fer_bench.data import Dataset, array_cache, make_split, sampling, stratified_rows
from fer_bench.data.sampling import stratified_draw

LABELS = np.tile(np.array([0, 1, 2, 2], np.uint8), 30)


def entries(cache: Path) -> list[Path]:
    return sorted(path for path in cache.rglob("*") if path.is_file())


def forbid_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr(sampling, "_draw", fail)


def assert_same(found: sampling.Draw, wanted: sampling.Draw) -> None:
    for rows, others in zip(found, wanted, strict=True):
        assert rows.dtype == np.int64
        np.testing.assert_array_equal(rows, others)


def test_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = stratified_draw(LABELS, 80, 30, 42, None)
    assert_same(stratified_draw(LABELS, 80, 30, 42, tmp_path), wanted)
    assert [path.parent for path in entries(tmp_path)] == [tmp_path / "draws"]
    forbid_drawing(monkeypatch)
    assert_same(stratified_draw(LABELS, 80, 30, 42, tmp_path), wanted)


def test_splits_and_samples_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.arange(len(LABELS), dtype=np.uint8).reshape(-1, 1, 1)
    dataset = Dataset(images, LABELS, ("a", "b", "c"), "faces")
    wanted = paper_split(LABELS, 7).digest, stratified_rows(dataset, 50, 7).tolist()
    for _ in range(2):
        found = (
            paper_split(LABELS, 7, cache_dir=tmp_path).digest,
            stratified_rows(dataset, 50, 7, tmp_path).tolist(),
        )
        assert found == wanted
        drawn = make_split(dataset, "paper", 7, tmp_path, row_order="given")
        assert drawn.digest == wanted[0]
        assert len(entries(tmp_path)) == 3
        forbid_drawing(monkeypatch)


def test_what_is_remembered_needs_no_sklearn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``test_catalogue`` checks that the package itself loads none."""
    drawn = paper_split(LABELS, cache_dir=tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "sklearn"]:
        monkeypatch.setitem(sys.modules, name, None)
    assert paper_split(LABELS, cache_dir=tmp_path).digest == drawn.digest
    with pytest.raises(ImportError, match="sklearn"):
        paper_split(LABELS)


OTHERS = {
    "labels": (LABELS[::-1].copy(), 80, 30, 42),
    "type of labels": (LABELS.view(np.int8), 80, 30, 42),
    "first": (LABELS, 79, 30, 42),
    "second": (LABELS, 80, 29, 42),
    "seed": (LABELS, 80, 30, 43),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_another_draw_has_another_entry(tmp_path: Path, other: tuple) -> None:
    stratified_draw(LABELS, 80, 30, 42, tmp_path)
    assert_same(stratified_draw(*other, tmp_path), stratified_draw(*other, None))
    assert len(entries(tmp_path)) == 2


def test_another_version_has_another_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stratified_draw(LABELS, 80, 30, 42, tmp_path)
    monkeypatch.setattr(array_cache.metadata, "version", lambda name: f"another {name}")
    stratified_draw(LABELS, 80, 30, 42, tmp_path)
    assert len(entries(tmp_path)) == 2


def test_an_unknown_version_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = stratified_draw(LABELS, 80, 30, 42, None)

    def unknown(name: str) -> str:
        raise array_cache.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(array_cache.metadata, "version", unknown)
    assert_same(stratified_draw(LABELS, 80, 30, 42, tmp_path), wanted)
    assert entries(tmp_path) == []


def test_a_damaged_entry_is_made_again(tmp_path: Path) -> None:
    wanted = stratified_draw(LABELS, 80, 30, 42, tmp_path)
    (entry,) = entries(tmp_path)
    whole = entry.read_bytes()
    contents = [b"", whole[:100], whole[:-1], b"x" * len(whole)]
    for place in range(0, len(whole), 37):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        contents.append(bytes(damaged))
    for content in contents:
        entry.write_bytes(content)
        assert_same(stratified_draw(LABELS, 80, 30, 42, tmp_path), wanted)
    entry.write_bytes(whole[:-1])
    stratified_draw(LABELS, 80, 30, 42, tmp_path)
    assert len(entry.read_bytes()) == len(whole)


def test_an_entry_with_other_rows_or_of_another_draw_is_made_again(tmp_path: Path) -> None:
    wanted = stratified_draw(LABELS, 80, 30, 42, tmp_path)
    (entry,) = entries(tmp_path)
    with np.load(entry, allow_pickle=False) as arrays:
        changed = dict(arrays)
    changed["first"][:2] = changed["first"][1::-1].copy()
    np.savez(entry, **changed)
    assert_same(stratified_draw(LABELS, 80, 30, 42, tmp_path), wanted)
    stratified_draw(LABELS, 80, 30, 43, tmp_path)
    (other,) = set(entries(tmp_path)) - {entry}
    other.replace(entry)
    assert_same(stratified_draw(LABELS, 80, 30, 42, tmp_path), wanted)


def test_an_entry_with_objects_is_not_unpickled(tmp_path: Path) -> None:
    flag = tmp_path / "flag"

    class Trap:
        def __reduce__(self):
            return Path.touch, (flag,)

    cache = tmp_path / "cache"
    wanted = stratified_draw(LABELS, 80, 30, 42, cache)
    (entry,) = entries(cache)
    np.savez(entry, first=np.array([Trap()]), second=wanted[1], proof="x")
    assert_same(stratified_draw(LABELS, 80, 30, 42, cache), wanted)
    assert not flag.exists()


def test_a_cache_that_cannot_be_written_to(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    wanted = stratified_draw(LABELS, 80, 30, 42, None)
    for _ in range(2):
        assert_same(stratified_draw(LABELS, 80, 30, 42, blocked), wanted)
