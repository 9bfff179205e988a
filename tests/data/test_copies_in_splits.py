"""Splits that keep the images of a picture together, or leave copies out."""

from __future__ import annotations

import numpy as np
import pytest
from budget import examples
from drawn_splits import grouped_split, paper_split
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from fer_bench.data import PARTS, Dataset, Split, make_split
from fer_bench.data.split import deduplicate, deduplicate_training
from fer_bench.runtime.errors import FerBenchError

CLASSES = ("a", "b")


@st.composite
def pictured(draw: st.DrawFn, least: int = 60, most: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Labels of images, and the pictures that they show, with any numbers."""
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    n = draw(st.integers(least, most))
    pictures = random.permutation(1000)[random.integers(0, n, n)].astype(np.int64)
    return random.integers(0, 2, n).astype(np.uint8), pictures


def dataset_of(labels: np.ndarray, usage: np.ndarray | None = None) -> Dataset:
    return Dataset(np.zeros((len(labels), 1, 1), np.uint8), labels, CLASSES, "faces", usage)


def shown(pictures: np.ndarray, split: Split) -> dict[str, list[int]]:
    return {part: pictures[getattr(split, part)].tolist() for part in PARTS}


@settings(max_examples=examples(25))
@given(pictured(), st.integers(0, 99))
def test_grouped_keeps_each_image_in_one_part(case, seed) -> None:
    labels, pictures = case
    split = grouped_split(labels, pictures, seed)
    rows = np.concatenate([split.train, split.validation, split.test])
    assert sorted(rows.tolist()) == list(range(len(labels)))
    parts = [set(one) for one in shown(pictures, split).values()]
    assert sum(map(len, parts)) == len(set(pictures.tolist()))
    n = len(set(pictures.tolist()))
    assert [len(one) for one in parts[1:]] == [round(0.1 * n), round(0.2 * n)]


@settings(max_examples=examples(10))
@given(st.integers(60, 90), st.integers(0, 99))
def test_grouped_is_the_papers_split_where_no_image_comes_twice(n, seed) -> None:
    labels = (np.arange(n) % 2).astype(np.uint8)
    pictures = np.random.default_rng(seed).permutation(n).astype(np.int64)
    grouped, paper = grouped_split(labels, pictures, seed), paper_split(labels, seed)
    for part in PARTS:
        np.testing.assert_array_equal(getattr(grouped, part), getattr(paper, part))
    assert grouped.digest != paper.digest


def test_grouped_by_hand() -> None:
    """30 images twice: 21 / 3 / 6 of them, with both copies next to each other.

    The second ones have other labels: they do not matter.
    """
    labels = np.concatenate([np.arange(30) % 2, np.arange(30) // 3 % 2]).astype(np.uint8)
    pictures = np.tile(np.arange(30), 2)
    split = grouped_split(labels, pictures, 1)
    drawn = paper_split(labels[:30], 1)
    for part in PARTS:
        wanted = [row for first in getattr(drawn, part) for row in (first, first + 30)]
        assert getattr(split, part).tolist() == wanted


SPLIT = Split(
    "kaggle",
    train=np.array([4, 3, 2, 1, 0]),
    validation=np.array([7, 6, 5]),
    test=np.array([8, 9, 10]),
)
PICTURES = np.array([10, 11, 11, 12, 13, 12, 14, 14, 13, 15, 15])


def test_deduplicated_training_by_hand() -> None:
    found = deduplicate_training(SPLIT, PICTURES)
    # Row 4 is tested (8), row 3 validated (5), row 2 is row 1.
    assert found.train.tolist() == [1, 0]
    assert found.validation.tolist() == [7, 6, 5]
    assert found.test.tolist() == [8, 9, 10]


def test_deduplicated_by_hand() -> None:
    found = deduplicate(SPLIT, PICTURES)
    assert found.test.tolist() == [8, 9]
    assert found.validation.tolist() == [6, 5]
    assert found.train.tolist() == [1, 0]


@given(pictured(), st.sampled_from(["paper", "kaggle", "grouped"]), st.integers(0, 9))
def test_what_is_left_out(case, name, seed) -> None:
    labels, pictures = case
    usage = np.random.default_rng(seed).integers(0, 3, len(labels)).astype(np.uint8)
    dataset = dataset_of(labels, usage)
    try:
        splits = {
            dedupe: make_split(dataset, name, seed, groups=pictures, dedupe=dedupe)
            for dedupe in ("none", "train", "all")
        }
    except FerBenchError:  # by chance a part lacks a class
        reject()
    for dedupe, split in splits.items():
        assert split.name == name
        rows = np.concatenate([getattr(split, part) for part in PARTS]).tolist()
        assert len(set(rows)) == len(rows)
        parts = shown(pictures, split)
        if dedupe != "none":
            assert len(set(parts["train"])) == len(parts["train"])
            assert not set(parts["train"]) & {*parts["validation"], *parts["test"]}
        if dedupe == "all":
            # None is lost altogether.
            kept = [*parts["train"], *parts["validation"], *parts["test"]]
            assert sorted(kept) == sorted(set(pictures.tolist()))
    for part in ("validation", "test"):
        np.testing.assert_array_equal(getattr(splits["train"], part), getattr(splits["none"], part))


def test_the_split_needs_the_groups() -> None:
    dataset = dataset_of((np.arange(60) % 2).astype(np.uint8))
    for arguments in ({"name": "grouped"}, {"name": "paper", "dedupe": "train"}):
        with pytest.raises(ValueError, match="groups"):
            make_split(dataset, **arguments)


def test_a_dedupe_that_is_none() -> None:
    dataset = dataset_of((np.arange(60) % 2).astype(np.uint8))
    with pytest.raises(FerBenchError, match="dedupe 'some' is unknown") as raised:
        make_split(dataset, "paper", groups=np.arange(60), dedupe="some")
    assert raised.value.accepted == "none, train, all"


def test_too_few_images() -> None:
    labels = (np.arange(60) % 2).astype(np.uint8)
    with pytest.raises(FerBenchError, match=r"'grouped': 6 .* of 2 classes"):
        grouped_split(labels, np.arange(60) % 6)


def test_a_class_that_goes_with_its_copies() -> None:
    """The only training images of class b are copies of tested ones."""
    labels = np.array([0, 1, 0, 1, 0, 1], np.uint8)
    usage = np.array([0, 0, 1, 1, 2, 2], np.uint8)
    pictures = np.array([0, 1, 2, 3, 4, 1])
    with pytest.raises(FerBenchError) as raised:
        make_split(dataset_of(labels, usage), "kaggle", groups=pictures, dedupe="train")
    for value in ("'kaggle'", "'train'", "train part", "class 'b'"):
        assert value in raised.value.problem
