from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.data import Dataset, by_content

CLASSES = ("a", "b", "c")


@st.composite
def datasets(draw: st.DrawFn) -> Dataset:
    """Small ones, in which many images are the same."""
    n = draw(st.integers(0, 12))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    usage = random.integers(0, 3, n).astype(np.uint8) if draw(st.booleans()) else None
    return Dataset(
        random.integers(0, 2, (n, 1, 2), dtype=np.uint8),
        random.integers(0, 3, n).astype(np.uint8),
        CLASSES,
        "faces",
        usage,
    )


def content_of(dataset: Dataset) -> tuple:
    usage = None if dataset.usage is None else dataset.usage.tolist()
    return np.asarray(dataset.images).tolist(), dataset.labels.tolist(), usage


@given(datasets(), st.randoms(use_true_random=False))
def test_the_order_that_images_come_in_does_not_matter(dataset, random) -> None:
    rows = list(range(len(dataset)))
    random.shuffle(rows)
    other = dataset.take(np.array(rows, np.int64))
    one, two = dataset.take(by_content(dataset)), other.take(by_content(other))
    assert content_of(one) == content_of(two)
    assert one.row_digest == two.row_digest


@given(datasets())
def test_each_row_is_there_once(dataset) -> None:
    order = by_content(dataset)
    assert order.dtype == np.int64
    assert sorted(order.tolist()) == list(range(len(dataset)))


@given(datasets())
def test_what_is_taken_knows_its_digests(dataset) -> None:
    assert len(dataset.image_digests) == len(dataset)
    taken = dataset.take(by_content(dataset))
    known = taken.image_digests
    del vars(taken)["image_digests"]
    assert taken.image_digests == known == sorted(dataset.image_digests)
