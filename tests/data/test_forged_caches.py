"""A cache entry with a valid digest is the requested one, or is made again."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from forged_parts import ARRAYS, changed
from hypothesis import given
from hypothesis import strategies as st
from layout_writers import random_dataset
from made_images import dataset_of, patterns

from fer_bench.data import array_cache, cached_splits, parsed_cache
from fer_bench.data.audit import duplicate_cache
from fer_bench.data.audit.duplicate_cache import cached_duplicates
from fer_bench.data.cached_splits import stratified_draw
from fer_bench.data.parsed_cache import load_once

if TYPE_CHECKING:
    from pathlib import Path

LABELS = np.repeat(np.arange(2, dtype=np.uint8), 10)


def arrays_of(entry: Path) -> tuple[str, dict]:
    """Return the format of an entry, which ends with its key, and its arrays."""
    with np.load(entry) as stored:
        arrays = {name: stored[name] for name in stored.files}
    del arrays["proof"]
    return str(arrays.pop("format")), arrays


def reseal(entry: Path, form: str, arrays: dict) -> None:
    """Write an entry with other arrays, and the digest that proves them."""
    file = io.BytesIO()
    proof = array_cache._proof(form.rpartition(" ")[2], arrays)
    np.savez(file, format=form, proof=proof, **arrays)
    entry.write_bytes(file.getvalue())


@pytest.mark.parametrize(
    "first",
    [
        np.arange(4),
        np.arange(6.0),
        np.arange(6).reshape(2, 3),
        np.full(6, 20),
        np.full(6, -1),
        np.zeros(6, np.int64),
        np.array(3),
        np.arange(10, 16),
    ],
)
def test_a_forged_draw_is_drawn_again(tmp_path: Path, first: np.ndarray) -> None:
    expected = stratified_draw(LABELS, 6, 4, 1, tmp_path)
    (entry,) = (tmp_path / cached_splits.FOLDER).iterdir()
    form, _ = arrays_of(entry)
    reseal(entry, form, {"first": first, "second": np.arange(10, 14)})
    for found, drawn in zip(stratified_draw(LABELS, 6, 4, 1, tmp_path), expected, strict=True):
        np.testing.assert_array_equal(found, drawn)


@given(ARRAYS)
def test_any_search_for_duplicates_is_one_or_made_again(tmp_path_factory, arrays: list) -> None:
    cache = tmp_path_factory.mktemp("cache")
    images = dataset_of(patterns(4))
    expected = cached_duplicates(images, cache)
    (entry,) = (cache / duplicate_cache.FOLDER).iterdir()
    form, whole = arrays_of(entry)
    names = list(whole)[::-1]
    forged = dict(zip(names, arrays, strict=False))
    try:
        reseal(entry, form, {**whole, **forged})
    except ValueError:  # an array without bytes to take a digest of
        return
    found = cached_duplicates(images, cache)
    assert len(found) == len(expected)
    assert all(0 <= row < 4 for pair in found.pairs for row in (pair.first, pair.second))


@given(st.data())
def test_any_parsed_data_set_is_one_or_read_again(tmp_path_factory, data) -> None:
    cache = tmp_path_factory.mktemp("cache")
    dataset = random_dataset(4)
    load_once(cache, "1", lambda _: dataset, cache)
    (entry,) = (cache / parsed_cache.FOLDER).iterdir()
    form, found = arrays_of(entry)
    words = data.draw(changed([*json.loads(found["words"].tobytes())[:2], list("0123")]))
    found["words"] = np.frombuffer(json.dumps(words).encode(), np.uint8)
    reseal(entry, form, found)
    read = load_once(cache, "1", lambda _: dataset, cache)
    np.testing.assert_array_equal(read.images, dataset.images)
    assert len(read.image_digests) == 4
    assert all(isinstance(name, str) for name in (*read.classes, *(read.places or ())))
