from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from made_audits import audited
from made_images import dataset_of, mirrored, patterns
from made_votes import unanimous

from fer_bench.data import Split
from fer_bench.data.audit import audit
from fer_bench.data.audit.blank_images import Blanks
from fer_bench.data.audit.complete_audit import ImageIssues, count_issues
from fer_bench.data.audit.label_issues import agreement

NONE = Blanks((), ())


def test_known_answers() -> None:
    """Of two pictures three images are looked at each, of a third one, and of a fourth none."""
    labels = np.array([0, 0, 1, 2, 3, 4, 5, 6, 6], np.uint8)
    pictures = np.array([0, 0, 0, 1, 1, 1, 2, 3, 3])
    votes = unanimous(labels)
    votes.counts[[1, 8]] = votes.counts[4]
    agreements = agreement(dataset_of(patterns(9), labels), votes)
    assert [error.row for error in agreements.errors] == [1, 8]
    rows, empty = np.array([6, 5, 4, 3, 2, 1, 0]), Blanks((2, 7), (0, 6, 8))
    assert count_issues(rows, pictures, labels, empty, agreements) == ImageIssues(7, 1 + 2, 3, 1)
    assert count_issues(rows, pictures, labels, NONE, None) == ImageIssues(7, 3, 0, None)


def test_no_images() -> None:
    none = np.empty(0, np.int64)
    labels, pictures = np.zeros(3, np.uint8), np.zeros(3, np.int64)
    assert count_issues(none, pictures, labels, Blanks((1,), ()), None) == ImageIssues(
        0, 0, 0, None
    )


def test_they_are_counted_in_the_test_part() -> None:
    """All that is empty, doubtful or contradictory stands in the training part."""
    made = audited()
    assert made.found.test_flaws == ImageIssues(7, 0, 0, 0)
    assert audited(votes=False).found.test_flaws == ImageIssues(7, 0, 0, None)


def test_a_mirror_image_may_get_another_answer() -> None:
    """Images 2 and 3 are identical, 4 and 5 mirror images, each with two labels."""
    images = patterns(6)
    images[3], images[5] = images[2], mirrored(images[4])
    parts = (np.array(rows) for rows in ([0], [1], [2, 3, 4, 5]))
    found = audit(dataset_of(images), Split("paper", *parts))
    assert found.test_flaws == ImageIssues(4, 1, 0, None)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=30))
def test_no_answers_do_better(images: list[tuple[int, int]]) -> None:
    pictures, labels = np.array(images, np.int64).reshape(-1, 2).T
    found = count_issues(np.arange(len(images)), pictures, labels.astype(np.uint8), NONE, None)
    best = {
        picture: Counter(label for other, label in images if other == picture).most_common(1)[0][0]
        for picture, _ in images
    }
    assert found.contradictory == sum(best[picture] != label for picture, label in images)
