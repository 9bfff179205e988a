"""Splits without a test part, and draws in the order of the rows as they come."""

from __future__ import annotations

import numpy as np
import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from made_images import dataset_of, patterns
from sklearn.model_selection import train_test_split

from fer_bench.data import EMOTIONS, Dataset, by_content, make_split
from fer_bench.data.audit import audit
from fer_bench.data.prepare import prepare_data
from fer_bench.protocol import published
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.report.audit import audit_tables, summary
from fer_bench.report.audit.sentences import implications
from fer_bench.runtime.errors import FerBenchError

N = 150
EVEN = np.arange(N) % 7
PAPERS = np.repeat(np.arange(7), [published.COUNTS[name] for name in EMOTIONS]).astype(np.uint8)


def numbered(labels: np.ndarray) -> Dataset:
    """Images of 1x4 pixels that tell their row, which their digests do not follow."""
    rows = np.arange(len(labels), dtype=">u4").view(np.uint8).reshape(-1, 1, 4)
    return Dataset(rows, labels.astype(np.uint8), EMOTIONS, "faces")


def rows_of(dataset: Dataset, rows: np.ndarray) -> list[int]:
    """Return the rows of the source that images made by ``numbered`` stood in."""
    return dataset.images[rows].reshape(-1, 4).copy().view(">u4").ravel().tolist()


def test_the_papers_rates_were_made_on_parts_of_this_size() -> None:
    labels = np.random.default_rng(1).permutation(PAPERS)
    for name in ("80-20", "80-20-ordered"):
        split = make_split(numbered(labels), name, row_order="given")
        assert [len(split.train), len(split.validation), len(split.test)] == [28_710, 7_177, 0]
        assert split.parts == ("train", "validation")


@settings(max_examples=examples(10))
@given(st.lists(st.integers(10, 60), min_size=2, max_size=7), st.integers(0, 2**32 - 1))
def test_80_20_given_is_sklearns_own(counts: list[int], seed: int) -> None:
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    split = make_split(numbered(labels), "80-20", seed, row_order="given")
    rows, n = np.arange(len(labels)), len(labels)
    train, validation = train_test_split(
        rows, test_size=int(0.2 * n), stratify=labels, random_state=seed
    )
    np.testing.assert_array_equal(split.train, train)
    np.testing.assert_array_equal(split.validation, validation)
    assert not len(split.test)


def test_70_10_20_given_is_that_of_two_calls_of_sklearn() -> None:
    labels = np.random.default_rng(3).permutation(PAPERS)
    split = make_split(numbered(labels), "paper", 42, row_order="given")
    rest, test = train_test_split(
        np.arange(len(labels)), test_size=7177, stratify=labels, random_state=42
    )
    train, validation = train_test_split(
        rest, test_size=3589, stratify=labels[rest], random_state=42
    )
    for found, expected in (
        (split.train, train),
        (split.validation, validation),
        (split.test, test),
    ):
        np.testing.assert_array_equal(found, expected)


def test_80_20_ordered_is_the_first_rows_and_the_last() -> None:
    dataset = numbered(EVEN)
    split = make_split(dataset, "80-20-ordered", row_order="given")
    assert split.train.tolist() == list(range(120))
    assert split.validation.tolist() == list(range(120, 150))
    by_digest = make_split(dataset, "80-20-ordered")
    order = by_content(dataset)
    assert by_digest.train.tolist() == order[:120].tolist()
    assert by_digest.validation.tolist() == order[120:].tolist()


def test_80_20_ordered_needs_each_class_in_both_parts() -> None:
    with pytest.raises(FerBenchError) as raised:
        make_split(numbered(np.sort(EVEN)), "80-20-ordered", row_order="given")
    assert "split '80-20-ordered': the train part has no image of class" in raised.value.problem


@pytest.mark.parametrize("labels", [np.zeros(4, int), np.array([0] * 30 + [1])])
def test_too_few_images_for_two_parts(labels: np.ndarray) -> None:
    with pytest.raises(FerBenchError) as raised:
        make_split(numbered(labels), "80-20", row_order="given")
    assert raised.value.problem.startswith("split '80-20': ")


def test_an_unknown_row_order() -> None:
    with pytest.raises(FerBenchError) as raised:
        make_split(numbered(EVEN), "paper", row_order="random")
    assert (raised.value.problem, raised.value.accepted) == (
        "row order 'random' is unknown",
        "content, given",
    )
    with pytest.raises(FerBenchError) as raised:
        DataSpec(row_order="random")
    assert raised.value.problem == "row order 'random' is unknown"


# -- row order


def test_by_content_a_split_has_the_same_images_whatever_their_order() -> None:
    dataset = numbered(EVEN)
    shuffled = dataset.take(np.random.default_rng(7).permutation(N))
    for name in ("paper", "80-20", "80-20-ordered"):
        one, two = make_split(dataset, name), make_split(shuffled, name)
        assert rows_of(dataset, one.train) == rows_of(shuffled, two.train)
        one, two = (make_split(each, name, row_order="given") for each in (dataset, shuffled))
        assert rows_of(dataset, one.train) != rows_of(shuffled, two.train)


def test_a_run_draws_what_make_split_draws() -> None:
    source = dataset_of(patterns(N, 5))
    for name in ("paper", "80-20"):
        for row_order in ("content", "given"):
            data = prepare_data(source, DataSpec(split=name, row_order=row_order))
            split = make_split(source, name, row_order=row_order)
            for part in ("train", "validation", "test"):
                rows = data.rows[data.order][getattr(data.split, part)]
                np.testing.assert_array_equal(rows, getattr(split, part))


def test_features_are_shared_by_both_row_orders_and_splits_are_not() -> None:
    source = dataset_of(patterns(N, 5))
    content, given_order = (
        prepare_data(source, DataSpec(row_order=row_order)) for row_order in ("content", "given")
    )
    assert content.dataset.row_digest == given_order.dataset.row_digest
    assert content.split.digest != given_order.split.digest


def test_a_sample_is_drawn_in_the_same_order() -> None:
    source = dataset_of(patterns(N, 5))
    data = prepare_data(source, DataSpec(limit=130, row_order="given"))
    kept, _ = train_test_split(
        np.arange(N), train_size=130, stratify=source.labels, random_state=42
    )
    assert data.rows.tolist() == sorted(kept.tolist())


def test_duplicates_are_left_out_of_two_parts() -> None:
    source = dataset_of(np.concatenate([patterns(N, 5), patterns(N, 5)]))
    for dedupe, images in (("none", 300), ("all", 150)):
        data = prepare_data(source, DataSpec(split="80-20", dedupe=dedupe))
        assert len(data.split.train) + len(data.split.validation) == images
        assert not len(data.split.test)
    data = prepare_data(source, DataSpec(split="80-20", dedupe="train"))
    assert len(data.split.validation) == 60


# -- audit


def test_an_audit_measures_the_validation_part_instead() -> None:
    source = dataset_of(np.concatenate([patterns(N, 5), patterns(N, 5)]))
    split = make_split(source, "80-20", row_order="given")
    found = audit(source, split)
    assert {(leak.source, leak.target) for leak in found.leaks} == {("train", "validation")}
    tables = {table.key: table for table in audit_tables(found)}
    assert [column.name for column in tables["audit-classes"].columns][-2:] == [
        *("train", "validation"),
    ]
    assert tables["audit-classes"].notes == ("Split 80-20: no test part.",)
    assert summary(found)[-1] == "The split '80-20' has no test part."
    assert not any(
        " test " in sentence for sentence in [*summary(found)[:-1], *implications(found)]
    )
