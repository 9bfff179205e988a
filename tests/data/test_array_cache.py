from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fer_bench.data.array_cache import cached, is_ours, useless
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path

MADE = {"one": np.arange(6).reshape(2, 3), "other": np.array([True, False])}
FACTS = ("kind 1", 7, b"\x00bytes")


def cached_arrays(directory: Path | None, facts: tuple, make, decode=dict, slot: str = "") -> dict:
    return cached(directory, facts, make, dict, decode, slot)


def never(_: object = None) -> dict:
    raise AssertionError("made again")


def assert_same(found: dict) -> None:
    assert set(found) == set(MADE)
    for name, array in MADE.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_made_once(tmp_path: Path) -> None:
    assert_same(cached_arrays(tmp_path, FACTS, lambda _: MADE))
    assert_same(cached_arrays(tmp_path, FACTS, never))


@pytest.mark.parametrize("facts", [("kind 2", *FACTS[1:]), (*FACTS[:2], b"\x01bytes"), FACTS[:2]])
def test_other_facts_are_another_entry(tmp_path: Path, facts: tuple) -> None:
    cached_arrays(tmp_path, FACTS, lambda _: MADE)
    with pytest.raises(AssertionError, match="made again"):
        cached_arrays(tmp_path, facts, never)


def test_nothing_is_kept_without_a_folder() -> None:
    for _ in range(2):
        assert_same(cached_arrays(None, FACTS, lambda _: MADE))


@pytest.mark.parametrize("is_known", [True, False])
def test_nothing_is_kept_with_an_unknown_version(tmp_path: Path, is_known: bool) -> None:
    software = ("numpy",) if is_known else ("numpy", "fer-bench-no-such-distribution")
    assert_same(cached(tmp_path, FACTS, lambda _: MADE, dict, dict, software=software))
    assert bool([*tmp_path.iterdir()]) == is_known


def test_every_damage_is_noticed(tmp_path: Path) -> None:
    cached_arrays(tmp_path, FACTS, lambda _: MADE)
    (entry,) = tmp_path.iterdir()
    whole = entry.read_bytes()
    for place in range(0, len(whole), 23):
        damaged = bytearray(whole)
        damaged[place] ^= 0x04
        entry.write_bytes(bytes(damaged))
        assert_same(cached_arrays(tmp_path, FACTS, lambda _: MADE))


@pytest.mark.parametrize("change", ["values", "type", "shape", "name"])
def test_an_entry_that_was_written_by_hand_is_not_believed(tmp_path: Path, change: str) -> None:
    cached_arrays(tmp_path, FACTS, lambda _: MADE)
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
    assert_same(cached_arrays(tmp_path, FACTS, lambda _: MADE))


def test_an_entry_of_other_facts_is_not_taken(tmp_path: Path) -> None:
    others = {name: array[::-1] for name, array in MADE.items()}
    cached_arrays(tmp_path, ("other",), lambda _: others)
    (other,) = tmp_path.iterdir()
    cached_arrays(tmp_path, FACTS, lambda _: MADE)
    (entry,) = set(tmp_path.iterdir()) - {other}
    other.replace(entry)
    assert_same(cached_arrays(tmp_path, FACTS, lambda _: MADE))


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    for _ in range(2):
        assert_same(cached_arrays(blocked, FACTS, lambda _: MADE))


@pytest.mark.parametrize("error", [KeyError, TypeError, ValueError, RecursionError, FerBenchError])
def test_what_cannot_be_decoded_is_made_again(tmp_path: Path, error: type[Exception]) -> None:
    def refuse(found: dict) -> dict:
        assert_same(found)
        raise error("no result")

    cached_arrays(tmp_path, FACTS, lambda _: MADE)
    assert_same(cached_arrays(tmp_path, FACTS, lambda _: MADE, refuse))


def test_values_in_one_slot_replace_each_other(tmp_path: Path) -> None:
    for facts in (FACTS, FACTS[:2]):
        cached_arrays(tmp_path, facts, lambda _: MADE, slot="place")
        assert_same(cached_arrays(tmp_path, facts, never, slot="place"))
    with pytest.raises(AssertionError, match="made again"):
        cached_arrays(tmp_path, FACTS, never, slot="place")
    assert len(list(tmp_path.iterdir())) == 1


def test_an_entry_of_an_earlier_version_is_ours_and_replaced(tmp_path: Path) -> None:
    cached_arrays(tmp_path, FACTS, lambda _: MADE)
    (entry,) = tmp_path.iterdir()
    for first in ("format", "proof"):
        np.savez(entry, **{first: "fer_bench parsed data set 5"}, **MADE)
        assert is_ours(entry)
        assert "another version" in useless(entry)
        assert_same(cached_arrays(tmp_path, FACTS, lambda _: MADE))
        assert useless(entry) == ""
        assert list(tmp_path.iterdir()) == [entry]


@pytest.mark.parametrize("kind", ["<M8[s]", "|V4", "<U3", "<c8"])
def test_arrays_of_any_type_are_made_again_or_kept(tmp_path: Path, kind: str) -> None:
    cached_arrays(tmp_path, FACTS, lambda _: MADE)
    (entry,) = tmp_path.iterdir()
    np.savez(entry, proof="0" * 64, **{name: np.zeros(3, kind) for name in MADE})
    assert_same(cached_arrays(tmp_path, FACTS, lambda _: MADE))
