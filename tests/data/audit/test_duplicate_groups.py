from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.data import Split
from fer_bench.data.audit.duplicate_groups import (
    DuplicateSummary,
    Leak,
    leaks,
    summarise_duplicates,
)


def split_of(train: list[int], validation: list[int], test: list[int]) -> Split:
    return Split("paper", *(np.array(rows, np.int64) for rows in (train, validation, test)))


def numbers_of(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def labels_of(*labels: int) -> np.ndarray:
    return np.array(labels, np.uint8)


class TestCopies:
    def test_known_answers(self) -> None:
        found = summarise_duplicates(
            numbers_of(0, 1, 0, 2, 1, 1, 3), labels_of(5, 2, 5, 0, 2, 3, 3), "mirrored"
        )
        assert found == DuplicateSummary("mirrored", 4, ((0, 2), (1, 4, 5)), ((1, 4, 5),))
        assert found.images == 5
        assert found.surplus == 3

    def test_groups_are_in_the_order_of_their_first_rows(self) -> None:
        found = summarise_duplicates(numbers_of(7, 3, 3, 7), labels_of(0, 0, 0, 0), "identical")
        assert found.groups == ((0, 3), (1, 2))

    def test_nothing_twice(self) -> None:
        assert summarise_duplicates(
            numbers_of(0, 1), labels_of(0, 0), "identical"
        ) == DuplicateSummary("identical", 2, (), ())

    def test_no_image(self) -> None:
        assert summarise_duplicates(numbers_of(), labels_of(), "near") == DuplicateSummary(
            "near", 0, (), ()
        )

    @given(st.lists(st.integers(0, 5), max_size=20))
    def test_what_is_left_are_the_different_ones(self, numbers: list[int]) -> None:
        found = summarise_duplicates(
            numbers_of(*numbers), labels_of(*[0] * len(numbers)), "identical"
        )
        assert len(numbers) - found.surplus == found.distinct == len(set(numbers))


class TestLeaks:
    def test_known_answers(self) -> None:
        """Rows 0 to 4 are trained on, 5 and 6 validated, 7 to 10 tested.

        Row 10 has the label of a training image, and that of none of its own picture.
        """
        numbers = numbers_of(0, 1, 2, 2, 3, 0, 4, 2, 4, 5, 2)
        labels = labels_of(6, 1, 2, 3, 4, 5, 1, 3, 1, 6, 6)
        split = split_of([0, 1, 2, 3, 4], [5, 6], [7, 8, 9, 10])
        assert leaks(numbers, labels, split, "near") == (
            Leak("near", "train", "validation", (5,), 0, 2),
            Leak("near", "train", "test", (7, 10), 1, 4),
            Leak("near", "validation", "test", (8,), 1, 4),
        )

    def test_share(self) -> None:
        assert Leak("near", "train", "test", (3,), 0, 4).share == 0.25

    def test_rows_that_are_in_no_part_do_not_count(self) -> None:
        found = leaks(
            numbers_of(0, 0, 1, 2), labels_of(0, 0, 0, 0), split_of([2], [3], [0]), "near"
        )
        assert [leak.images for leak in found] == [0, 0, 0]

    @given(st.data())
    def test_neither_names_nor_order_matter(self, data: st.DataObject) -> None:
        n = data.draw(st.integers(3, 20))
        numbers = np.array(data.draw(st.lists(st.integers(0, 6), min_size=n, max_size=n)))
        labels = labels_of(*data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
        cuts = sorted(data.draw(st.lists(st.integers(0, n), min_size=2, max_size=2)))
        rows = np.array(data.draw(st.permutations(range(n))))
        names = np.array(data.draw(st.permutations(range(7))))
        places = np.array(data.draw(st.permutations(range(n))))
        parts = np.split(rows, cuts)
        wanted = leaks(numbers, labels, Split("paper", *parts), "identical")
        moved = [places[part] for part in parts]
        numbers_there, labels_there = np.empty_like(numbers), np.empty_like(labels)
        numbers_there[places], labels_there[places] = names[numbers], labels
        found = leaks(numbers_there, labels_there, Split("paper", *moved), "identical")
        assert found == tuple(
            dataclasses.replace(leak, rows=tuple(sorted(places[list(leak.rows)].tolist())))
            for leak in wanted
        )

    @given(st.lists(st.integers(0, 3), min_size=2, max_size=12), st.data())
    def test_a_picture_leaks_there_and_back(self, numbers: list[int], data: st.DataObject) -> None:
        cut = data.draw(st.integers(1, len(numbers) - 1))
        known, labels = numbers_of(*numbers), labels_of(*[0] * len(numbers))
        rows = list(range(len(numbers)))
        there = leaks(known, labels, split_of(rows[:cut], [], rows[cut:]), "identical")[1]
        back = leaks(known, labels, split_of(rows[cut:], [], rows[:cut]), "identical")[1]
        assert (there.images > 0) == (back.images > 0)
        assert there.same_label == there.images
