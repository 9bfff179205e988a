"""Choice of the example images of a report."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.analysis.example_images import MISTAKES, choose
from fer_bench.results.quality import Predictions


def predictions(classes, confidences):
    full = np.rint(np.array(confidences) * 65535).astype("<u2")
    return Predictions(bytes(classes), full.tobytes())


def test_of_each_class_the_best_and_the_least_recognised_and_then_the_worst_mistakes(snapshot):
    labels = np.array([0, 0, 0, 1, 1, 1], np.uint8)
    chosen = choose(
        labels,
        ("Happy", "Sad"),
        [
            predictions([0, 0, 1, 1, 0, 0], [0.5, 0.9, 0.6, 0.7, 0.8, 0.95]),
            predictions([0, 0, 1, 1, 1, 0], [0.6, 0.9, 0.7, 0.8, 0.6, 0.85]),
        ],
    )
    assert [one.position for one in chosen] == [1, 2, 3, 5, 4]
    assert [one.why for one in chosen] == snapshot


def test_nothing_is_chosen_where_nothing_is_predicted():
    assert choose(np.zeros(3, np.uint8), ("Happy",), []) == []


def test_a_class_without_images_has_no_image():
    (only,) = choose(np.array([2], np.uint8), ("a", "b", "c"), [predictions([2], [1.0])])
    assert only.position == 0
    assert only.why.startswith("c: ")
    assert "only image" in only.why
    assert "1 of 1 cells" in only.why


def test_a_class_that_nobody_recognises_has_one_image_and_says_so():
    labels = np.array([0, 0, 1, 1], np.uint8)
    chosen = choose(labels, ("Angry", "Sad"), [predictions([1, 1, 1, 1], [0.5, 0.9, 0.6, 0.7])] * 8)
    (angry,) = (one for one in chosen if one.why.startswith("Angry: "))
    assert angry.position == 1
    assert "no image" in angry.why
    assert "0 of 8" in angry.why


@given(st.data(), st.integers(1, 60), st.integers(1, 4))
def test_each_image_once_and_only_mistakes_are_called_so(data, images, cells):
    codes = st.lists(st.integers(0, 2), min_size=images, max_size=images)
    shares = st.lists(st.floats(0.34, 1), min_size=images, max_size=images)
    labels = np.array(data.draw(codes), np.uint8)
    made = [predictions(data.draw(codes), data.draw(shares)) for _ in range(cells)]
    chosen = choose(labels, "abc", made)
    positions = [choice.position for choice in chosen]
    assert len(set(positions)) == len(positions) <= 6 + MISTAKES
    for position, why in chosen:
        if "mistake" in why:
            assert any(one.predicted[position] != labels[position] for one in made)
    wrong = {row for one in made for row in np.flatnonzero(one.predicted != labels)}
    shown = wrong & set(positions)
    assert len(shown) >= min(MISTAKES, len(wrong))


@pytest.mark.parametrize("count", [1, 3])
def test_mistakes_go_by_confidence(count):
    labels = np.zeros(20, np.uint8)
    sure = np.linspace(0.4, 0.97, 20)
    chosen = choose(labels, "ab", [predictions([1] * 20, sure)] * count)
    mistakes = [choice.position for choice in chosen if "mistake" in choice.why]
    # The surest one stands for its class already.
    assert chosen[0].position == 19
    assert mistakes == [18, 17, 16, 15, 14, 13]
