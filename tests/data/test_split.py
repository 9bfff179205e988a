from __future__ import annotations

import hashlib
import re

import numpy as np
import pytest
from budget import examples
from drawn_splits import paper_split
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from fer_bench.data import (
    EMOTIONS,
    Dataset,
    Split,
    make_split,
    stratified_rows,
)
from fer_bench.data.sampling import ALWAYS_ENOUGH
from fer_bench.protocol import published
from fer_bench.runtime.errors import FerBenchError


def labels_of(counts: list[int], seed: int = 0) -> np.ndarray:
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.uint8)
    return np.random.default_rng(seed).permutation(labels)


def dataset_of(counts: list[int], seed: int = 0, usage: np.ndarray | None = None) -> Dataset:
    """Images of 1x4 pixels that encode their row."""
    labels = labels_of(counts, seed)
    rows = np.arange(len(labels), dtype=">u4").view(np.uint8).reshape(-1, 1, 4)
    return Dataset(rows, labels, EMOTIONS[: max(len(counts), 1)], "faces", usage)


def stratified_sample(dataset: Dataset, limit: int, seed: int = 42) -> Dataset:
    return dataset.take(stratified_rows(dataset, limit, seed))


def check(split: Split, labels: np.ndarray) -> None:
    """Check the invariants of every split of the paper's kind."""
    n = len(labels)
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    assert [len(rows) for rows in parts.values()] == [
        n - round(0.1 * n) - round(0.2 * n),
        round(0.1 * n),
        round(0.2 * n),
    ]
    assert np.sort(np.concatenate(list(parts.values()))).tolist() == list(range(n))
    whole = np.bincount(labels)
    for rows in parts.values():
        assert rows.dtype == np.int64
        found = np.bincount(labels[rows], minlength=len(whole))[whole > 0]
        assert (found >= 1).all()
        assert (np.abs(found - whole[whole > 0] * len(rows) / n) < 2).all()


FER2013 = [published.COUNTS[name] for name in EMOTIONS]


class TestPaperSplit:
    def test_fer2013(self) -> None:
        labels = labels_of(FER2013)
        split = paper_split(labels)
        check(split, labels)
        sizes = {"train": 25121, "validation": 3589, "test": 7177}
        assert sizes == published.SPLIT
        for part, size in sizes.items():
            assert len(getattr(split, part)) == size

    def test_the_usual_recipe_gives_the_same_images_in_the_same_order(self) -> None:
        labels = labels_of([60, 20, 45, 33, 90])
        images = np.random.default_rng(1).integers(0, 256, (248, 2, 2))
        rest, test, rest_labels, _ = train_test_split(
            images, labels, test_size=50, stratify=labels, random_state=42
        )
        train, validation, _, _ = train_test_split(
            rest, rest_labels, test_size=25, stratify=rest_labels, random_state=42
        )
        split = paper_split(labels)
        np.testing.assert_array_equal(images[split.train], train)
        np.testing.assert_array_equal(images[split.validation], validation)
        np.testing.assert_array_equal(images[split.test], test)

    @given(
        st.lists(st.integers(ALWAYS_ENOUGH, 60), min_size=1, max_size=7), st.integers(0, 2**32 - 1)
    )
    def test_always_enough(self, counts: list[int], seed: int) -> None:
        labels = labels_of(counts, seed)
        check(paper_split(labels, seed), labels)

    @pytest.mark.parametrize(
        ("step", "seeds"), [(5, 1), pytest.param(1, 3, marks=pytest.mark.soak)]
    )
    @pytest.mark.parametrize("n_classes", [1, 2, 3, 7])
    def test_always_enough_at_its_limit(self, n_classes: int, step: int, seeds: int) -> None:
        most = 80 if n_classes > 1 else ALWAYS_ENOUGH + 1
        for others in range(ALWAYS_ENOUGH, most, step):
            labels = labels_of([ALWAYS_ENOUGH] + [others] * (n_classes - 1))
            for seed in range(seeds):
                check(paper_split(labels, seed), labels)

    @given(st.lists(st.integers(0, 13), max_size=7), st.integers(0, 99))
    @settings(max_examples=examples(100))
    def test_few_images_are_split_soundly_or_refused(self, counts: list[int], seed: int) -> None:
        labels = labels_of(counts)
        try:
            split = paper_split(labels, seed)
        except FerBenchError as error:
            refused = error
        else:
            check(split, labels)
            return
        assert refused.accepted.startswith("14 or more of each")
        assert refused.hint
        assert "\n" not in str(refused)

    def test_the_same_again_and_another_with_another_seed(self) -> None:
        labels = labels_of([50, 50])
        assert paper_split(labels, 7).digest == paper_split(labels, 7).digest
        assert paper_split(labels, 7).digest != paper_split(labels, 8).digest

    def test_a_class_with_too_few(self, snapshot) -> None:
        dataset = dataset_of([50, 2, 50])
        with pytest.raises(FerBenchError) as raised:
            make_split(dataset, "paper", 42)
        assert str(raised.value) == snapshot
        with pytest.raises(FerBenchError, match="class '1' has 2 images"):
            paper_split(dataset.labels)

    def test_too_few_in_all(self) -> None:
        with pytest.raises(FerBenchError) as raised:
            paper_split(labels_of([3, 3, 3, 3]))
        assert "12 images of 4 classes" in raised.value.problem
        assert "too few" in raised.value.problem
        assert "1 in the validation part" in raised.value.problem
        with pytest.raises(FerBenchError) as raised:
            paper_split(np.array([], np.uint8))
        assert "0 images of 0 classes" in raised.value.problem
        assert "too few" in raised.value.problem

    @pytest.mark.parametrize("seed", [-1, 2**32])
    def test_seed_out_of_range(self, seed: int) -> None:
        with pytest.raises(FerBenchError) as raised:
            paper_split(labels_of([50, 50]), seed)
        assert f"seed {seed} " in raised.value.problem
        assert raised.value.accepted == "0 to 4294967295"


class TestKaggleSplit:
    def test_rows_in_their_order(self) -> None:
        usage = np.array([0, 2, 1, 0, 2, 1, 0], np.uint8)
        split = make_split(dataset_of([7], usage=usage), "kaggle", row_order="given")
        assert split.name == "kaggle"
        assert split.train.tolist() == [0, 3, 6]
        assert split.validation.tolist() == [2, 5]
        assert split.test.tolist() == [1, 4]
        assert split.test.dtype == np.int64

    def test_a_part_without_images(self) -> None:
        with pytest.raises(FerBenchError) as raised:
            make_split(dataset_of([3], usage=np.array([0, 2, 0], np.uint8)), "kaggle")
        assert "PublicTest" in raised.value.problem
        assert raised.value.accepted.endswith(" Training, PublicTest, PrivateTest")

    def test_without_usage(self, snapshot) -> None:
        with pytest.raises(FerBenchError) as raised:
            make_split(dataset_of([60, 60]), "kaggle")
        assert str(raised.value) == snapshot

    @pytest.mark.parametrize("name", ["papr", "", "Paper", None])
    def test_unknown_name(self, name) -> None:
        dataset = dataset_of([60, 60], usage=np.tile(np.array([0, 1, 2], np.uint8), 40))
        with pytest.raises(FerBenchError) as raised:
            make_split(dataset, name)
        assert raised.value.problem.startswith(f"split {name!r} ")
        assert raised.value.accepted.startswith("paper, 80-20")

    def test_a_part_without_a_class(self) -> None:
        dataset = dataset_of([6, 6])
        usage = np.where(dataset.labels == 0, 0, np.arange(12) % 3).astype(np.uint8)
        usage[np.flatnonzero(dataset.labels == 1)[:3]] = 0, 1, 2
        dataset = dataset_of([6, 6], usage=usage)
        with pytest.raises(FerBenchError, match=r"validation part .* class 'Angry'") as raised:
            make_split(dataset, "kaggle")
        assert "'paper'" in raised.value.hint


class TestDigest:
    def test_known_answer(self) -> None:
        split = Split("paper", np.array([2, 0]), np.array([1]), np.array([3]))
        data = b"('fer_bench split 1', 'paper')"
        for name, rows in (("train", [2, 0]), ("validation", [1]), ("test", [3])):
            data += f"{name} {len(rows)} ".encode()
            data += b"".join(row.to_bytes(8, "little") for row in rows)
        assert split.digest == hashlib.sha256(data).hexdigest()

    def test_all_of_it_counts(self) -> None:
        def digest(name: str, *parts: list[int]) -> str:
            return Split(name, *(np.array(part, np.int64) for part in parts)).digest

        digests = [
            digest("paper", [0, 1], [2], [3]),
            digest("kaggle", [0, 1], [2], [3]),
            digest("paper", [1, 0], [2], [3]),
            digest("paper", [0], [1, 2], [3]),
            digest("paper", [0, 1], [], [2, 3]),
        ]
        assert len(set(digests)) == len(digests)


class TestStratifiedSample:
    @given(
        st.lists(st.integers(2, 40), min_size=1, max_size=7),
        st.integers(1, 200),
        st.integers(0, 2**32 - 1),
    )
    def test_sound_or_refused(self, counts: list[int], limit: int, seed: int) -> None:
        dataset = dataset_of(counts, usage=np.arange(sum(counts)).astype(np.uint8) % 3)
        try:
            sample = stratified_sample(dataset, limit, seed)
        except FerBenchError as error:
            refused = error
        else:
            refused = None
        if refused is not None:
            assert limit < sum(counts)
            assert str(sum(counts)) in refused.accepted
            return
        if limit >= len(dataset):
            assert stratified_rows(dataset, limit, seed).tolist() == list(range(len(dataset)))
            return
        rows = np.asarray(sample.images).reshape(-1, 4).copy().view(">u4").ravel()
        assert len(sample) == limit == len(set(rows.tolist()))
        np.testing.assert_array_equal(stratified_rows(dataset, limit, seed), rows)
        np.testing.assert_array_equal(sample.labels, dataset.labels[rows])
        np.testing.assert_array_equal(sample.usage, dataset.usage[rows])
        assert sample.name == dataset.name
        for name, count in dataset.counts.items():
            assert sample.counts[name] >= 1
            assert abs(sample.counts[name] - count * limit / len(dataset)) < 1

    def test_the_usual_recipe_gives_the_same_images_in_the_same_order(self) -> None:
        dataset = dataset_of([60, 20, 45])
        images, _ = train_test_split(
            dataset.images, train_size=50, stratify=dataset.labels, random_state=42
        )
        np.testing.assert_array_equal(stratified_sample(dataset, 50).images, images)

    @given(st.lists(st.integers(3, 60), min_size=2, max_size=7), st.integers(0, 2**32 - 1))
    def test_the_limit_that_the_message_names_works(self, counts: list[int], seed: int) -> None:
        dataset = dataset_of(counts)
        with pytest.raises(FerBenchError) as raised:
            stratified_sample(dataset, 1, seed)
        found = re.match(r"(\d+) to (\d+) ", raised.value.accepted)
        assume(found)
        least, most = map(int, found.groups())
        for limit in {least, (least + most) // 2, most}:
            sample = stratified_sample(dataset, limit, seed)
            check(make_split(sample, "paper", seed), sample.labels)

    def test_limit_3_of_fer2013(self, snapshot) -> None:
        with pytest.raises(FerBenchError) as raised:
            stratified_sample(dataset_of(FER2013), 3)
        assert str(raised.value) == snapshot

    def test_a_class_that_would_be_lost(self) -> None:
        with pytest.raises(FerBenchError, match="limit 8 is too small") as raised:
            stratified_sample(dataset_of([900, 2]), 8)
        assert "no image" in raised.value.problem
        assert "class 'Disgust'" in raised.value.problem

    def test_a_class_of_one(self) -> None:
        with pytest.raises(FerBenchError, match="smallest with 1 of 51 images") as raised:
            stratified_sample(dataset_of([50, 1]), 20)
        assert raised.value.accepted.startswith("51 or more")

    def test_almost_all(self) -> None:
        dataset = dataset_of([50, 50, 50])
        with pytest.raises(FerBenchError, match="limit 148 leaves out 2 of 150 ") as raised:
            stratified_sample(dataset, 148)
        assert "3 classes" in raised.value.problem
        assert len(stratified_sample(dataset, 147)) == 147

    @pytest.mark.parametrize("limit", [0, -5])
    def test_no_images(self, limit: int) -> None:
        with pytest.raises(FerBenchError, match=f"limit {limit} is too small"):
            stratified_sample(dataset_of([50, 50]), limit)
        with pytest.raises(FerBenchError, match=f"limit {limit} is too small"):
            stratified_sample(dataset_of([]), limit)

    def test_of_nothing(self) -> None:
        dataset = dataset_of([])
        assert stratified_rows(dataset, 3).tolist() == []

    def test_another_seed_gives_another_sample(self) -> None:
        dataset = dataset_of([50, 50])
        first, again, other = (stratified_sample(dataset, 20, seed) for seed in (1, 1, 2))
        assert first.row_digest == again.row_digest != other.row_digest
        with pytest.raises(FerBenchError, match="seed -1 is out "):
            stratified_sample(dataset, 20, -1)
