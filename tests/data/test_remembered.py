from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fer_bench.data.array_cache import cached_arrays

if TYPE_CHECKING:
    from pathlib import Path

MADE = {"one": np.arange(6).reshape(2, 3), "other": np.array([True, False])}
NAMES = tuple(MADE)
FACTS = ("kind 1", 7, b"\x00bytes")


def any_arrays(kept: dict) -> bool:
    return True


def never() -> dict:
    raise AssertionError("made again")


def assert_same(found: dict) -> None:
    assert set(found) == set(MADE)
    for name, array in MADE.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_made_once(tmp_path: Path) -> None:
    assert_same(cached_arrays(tmp_path, FACTS, NAMES, lambda: MADE, any_arrays))
    assert_same(cached_arrays(tmp_path, FACTS, NAMES, never, any_arrays))


@pytest.mark.parametrize("facts", [("kind 2", *FACTS[1:]), (*FACTS[:2], b"\x01bytes"), FACTS[:2]])
def test_other_facts_are_another_entry(tmp_path: Path, facts: tuple) -> None:
    cached_arrays(tmp_path, FACTS, NAMES, lambda: MADE, any_arrays)
    with pytest.raises(AssertionError, match="made again"):
        cached_arrays(tmp_path, facts, NAMES, never, any_arrays)


def test_nothing_is_kept_without_a_folder() -> None:
    for _ in range(2):
        assert_same(cached_arrays(None, FACTS, NAMES, lambda: MADE, any_arrays))


def test_every_damage_is_noticed(tmp_path: Path) -> None:
    cached_arrays(tmp_path, FACTS, NAMES, lambda: MADE, any_arrays)
    (entry,) = tmp_path.iterdir()
    whole = entry.read_bytes()
    for place in range(0, len(whole), 23):
        damaged = bytearray(whole)
        damaged[place] ^= 0x04
        entry.write_bytes(bytes(damaged))
        assert_same(cached_arrays(tmp_path, FACTS, NAMES, lambda: MADE, any_arrays))


@pytest.mark.parametrize("change", ["values", "type", "shape", "name"])
def test_an_entry_that_was_written_by_hand_is_not_believed(tmp_path: Path, change: str) -> None:
    cached_arrays(tmp_path, FACTS, NAMES, lambda: MADE, any_arrays)
    (entry,) = tmp_path.iterdir()
    with np.load(entry, allow_pickle=False) as arrays:
        found = dict(arrays)
    match change:
        case "values":
            found["one"] = found["one"][::-1]
        case "type":
            found["one"] = found["one"].astype(np.int32)
        case "shape":
            found["one"] = found["one"].reshape(3, 2)
        case "name":
            found["one"], found["other"] = found["other"], found["one"]
    file = io.BytesIO()
    np.savez(file, **found)
    entry.write_bytes(file.getvalue())
    assert_same(cached_arrays(tmp_path, FACTS, NAMES, lambda: MADE, any_arrays))


def test_an_entry_of_other_facts_is_not_taken(tmp_path: Path) -> None:
    others = {name: array[::-1] for name, array in MADE.items()}
    cached_arrays(tmp_path, ("other",), NAMES, lambda: others, any_arrays)
    (other,) = tmp_path.iterdir()
    cached_arrays(tmp_path, FACTS, NAMES, lambda: MADE, any_arrays)
    (entry,) = set(tmp_path.iterdir()) - {other}
    other.replace(entry)
    assert_same(cached_arrays(tmp_path, FACTS, NAMES, lambda: MADE, any_arrays))


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    for _ in range(2):
        assert_same(cached_arrays(blocked, FACTS, NAMES, lambda: MADE, any_arrays))


def test_what_does_not_fit_is_made_again(tmp_path: Path) -> None:
    cached_arrays(tmp_path, FACTS, NAMES, lambda: MADE, any_arrays)
    seen = []
    assert_same(cached_arrays(tmp_path, FACTS, NAMES, lambda: MADE, seen.append))
    assert_same(seen[0])


@pytest.mark.parametrize("kind", ["<M8[s]", "|V4", "<U3", "<c8"])
def test_arrays_of_any_type_are_made_again_or_kept(tmp_path: Path, kind: str) -> None:
    cached_arrays(tmp_path, FACTS, NAMES, lambda: MADE, any_arrays)
    (entry,) = tmp_path.iterdir()
    np.savez(entry, proof="0" * 64, **{name: np.zeros(3, kind) for name in NAMES})
    assert_same(cached_arrays(tmp_path, FACTS, NAMES, lambda: MADE, any_arrays))
