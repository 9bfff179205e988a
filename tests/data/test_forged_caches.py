"""A cache entry with a valid digest that cannot be the requested value is made again."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from layout_writers import random_dataset
from made_images import dataset_of, patterns

from fer_bench.data import array_cache
from fer_bench.data.audit.duplicates import cached_duplicates
from fer_bench.data.parsed_cache import load_once
from fer_bench.data.sampling import stratified_draw

if TYPE_CHECKING:
    from pathlib import Path

LABELS = np.repeat(np.arange(2, dtype=np.uint8), 10)


def forge(cache: Path, **forged: np.ndarray) -> None:
    """Replace arrays of the only entry, and the digest that proves them."""
    (entry,) = cache.glob("*/*.npz")
    with np.load(entry) as stored:
        arrays = {name: stored[name] for name in stored.files}
    form = str(arrays.pop("format"))
    arrays = {name: forged.pop(name, array) for name, array in arrays.items() if name != "proof"}
    assert not forged
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
        np.arange(10, 16),
        np.array(3),
    ],
)
def test_a_forged_draw_is_drawn_again(tmp_path: Path, first: np.ndarray) -> None:
    expected = stratified_draw(LABELS, 6, 4, 1, tmp_path)
    forge(tmp_path, first=first, second=np.arange(10, 14))
    for found, drawn in zip(stratified_draw(LABELS, 6, 4, 1, tmp_path), expected, strict=True):
        np.testing.assert_array_equal(found, drawn)


PAIR = {"rows": np.array([[0, 1]]), "mirrored": np.array([True]), "correlations": np.array([0.95])}


@pytest.mark.parametrize(
    "forged",
    [
        {"near groups": np.full(4, 4)},
        {"near groups": np.full(4, -1)},
        {"identical groups": np.arange(3)},
        {"mirrored groups": np.arange(4.0)},
        {"rows": np.array([[0, 4]])},
        {"rows": np.array([[0, 1, 2]])},
        {"rows": np.array(1)},
        {"mirrored": np.array([1])},
        {"correlations": np.array(["0.95"])},
        {"correlations": np.array([0.95, 0.95])},
    ],
)
def test_a_forged_search_for_duplicates_is_made_again(tmp_path: Path, forged: dict) -> None:
    images = dataset_of(patterns(4))
    expected = cached_duplicates(images, tmp_path)
    forge(tmp_path, **PAIR)
    assert len(cached_duplicates(images, tmp_path).pairs) == 1
    forge(tmp_path, **{**PAIR, **forged})
    found = cached_duplicates(images, tmp_path)
    assert found.pairs == expected.pairs == ()
    for level, groups in expected.numbers.items():
        np.testing.assert_array_equal(found.numbers[level], groups)


def words(*parts: object) -> dict[str, np.ndarray]:
    return {"words": np.frombuffer(json.dumps(parts).encode(), np.uint8)}


CLASSES = ["a", "b", "c", "d", "e", "f", "g"]


@pytest.mark.parametrize(
    "forged",
    [
        {"image_digests": np.zeros(3 * 16, np.uint8)},
        {"labels": np.full(4, 7, np.uint8)},
        {"labels": np.zeros(3, np.uint8)},
        {"images": np.zeros((5, 48, 48), np.uint8)},
        words([*CLASSES[:-1], 1], [], None),
        words(CLASSES, [["topic", 1]], None),
        words(CLASSES, [["topic"]], None),
        words(CLASSES, [], ["0", "1", "2", 3]),
        words(CLASSES, [], ["0", "1", "2"]),
        words(CLASSES),
        words(1, 2, 3),
    ],
)
def test_a_forged_parsed_data_set_is_read_again(tmp_path: Path, forged: dict) -> None:
    dataset = random_dataset(4)
    load_once(tmp_path, "1", lambda _: dataset, tmp_path)
    forge(tmp_path, **words(CLASSES, [["topic", "text"]], None))
    assert load_once(tmp_path, "1", lambda _: dataset, tmp_path).classes == tuple(CLASSES)
    forge(tmp_path, **forged)
    assert load_once(tmp_path, "1", lambda _: dataset, tmp_path) is dataset
