from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.metrics import Bin, expected_calibration_error, reliability

shares = st.floats(0, 1, exclude_min=True) | st.builds(
    lambda a, b: min(a, b) / max(a, b), st.integers(1, 40), st.integers(1, 40)
)
judged = st.lists(st.tuples(shares, st.booleans()), min_size=1, max_size=40).map(
    lambda pairs: tuple(zip(*pairs, strict=True))
)
numbers_of_bins = st.integers(1, 40)


def test_reliability_by_hand() -> None:
    found = reliability([0.3, 0.9, 0.8, 1.0], [True, True, False, True], bins=4)
    assert found[0] == Bin(0.0, 0.25, 0, None, None)
    assert found[1] == Bin(0.25, 0.5, 1, 1.0, 0.3)
    assert found[2] == Bin(0.5, 0.75, 0, None, None)
    assert (found[3].low, found[3].high, found[3].images) == (0.75, 1.0, 3)
    assert found[3].accuracy == pytest.approx(2 / 3)
    assert found[3].confidence == pytest.approx(0.9)


def test_calibration_error_by_hand() -> None:
    # Gaps 0.7 of one image, and 2/3 to 0.9 of three.
    expected = (1 * 0.7 + 3 * (0.9 - 2 / 3)) / 4
    found = expected_calibration_error([0.3, 0.9, 0.8, 1.0], [True, True, False, True], bins=4)
    assert found == pytest.approx(expected, rel=1e-12)


def test_gaps_of_opposite_sign_in_two_bins_do_not_cancel() -> None:
    confidence, correct = [0.4, 0.6], [True, False]
    assert expected_calibration_error(confidence, correct, bins=2) == pytest.approx(0.6)
    assert expected_calibration_error(confidence, correct, bins=1) == 0.0


def test_fifteen_bins_unless_set_otherwise() -> None:
    assert len(reliability([0.5], [True])) == 15
    confidence, correct = [0.65, 0.68], [True, False]
    assert expected_calibration_error(confidence, correct) == expected_calibration_error(
        confidence, correct, bins=15
    )


@given(st.integers(2, 300))
def test_the_upper_end_belongs_to_a_bin_and_the_lower_does_not(bins: int) -> None:
    ends = np.arange(1, bins + 1) / bins
    on = reliability(ends, np.ones(bins, bool), bins)
    assert [part.images for part in on] == [1] * bins
    above = reliability(np.nextafter(ends[:-1], 1), np.ones(bins - 1, bool), bins)
    assert [part.images for part in above] == [0] + [1] * (bins - 1)


@given(judged, numbers_of_bins)
def test_bins_hold_every_image_once_where_its_confidence_lies(
    case: tuple[tuple[float, ...], tuple[bool, ...]], bins: int
) -> None:
    confidence, correct = case
    found = reliability(confidence, correct, bins)
    assert len(found) == bins
    for part in found:
        inside = [
            (value, hit)
            for value, hit in zip(confidence, correct, strict=True)
            if part.low < value <= part.high
        ]
        assert part.images == len(inside)
        if inside:
            assert part.accuracy == sum(hit for _, hit in inside) / len(inside)
            assert part.confidence == pytest.approx(sum(value for value, _ in inside) / len(inside))
        else:
            assert part.accuracy is None
            assert part.confidence is None


@given(judged, numbers_of_bins)
def test_calibration_error_lies_between_the_overall_gap_and_one(
    case: tuple[tuple[float, ...], tuple[bool, ...]], bins: int
) -> None:
    gap = abs(float(np.mean(case[0])) - float(np.mean(case[1])))
    found = expected_calibration_error(*case, bins)
    assert gap - 1e-12 <= found <= 1
    assert expected_calibration_error(*case, 1) == pytest.approx(gap, abs=1e-12)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=6), st.integers(20, 25), numbers_of_bins)
def test_as_often_right_as_confident_is_calibrated(hits: list[int], images: int, bins: int) -> None:
    confidence = np.repeat(np.array(hits) / images, images)
    correct = np.concatenate([np.arange(images) < right for right in hits])
    assert expected_calibration_error(confidence, correct, bins) == pytest.approx(0, abs=1e-12)


def test_sure_and_always_wrong_is_the_worst() -> None:
    assert expected_calibration_error(np.ones(7), np.zeros(7, bool)) == 1.0


@pytest.mark.parametrize(
    ("confidence", "correct", "bins", "cause"),
    [
        ([0.5, math.nan], [True, True], 5, r"confidence\[1\] is nan; accepted: above 0"),
        ([0.0], [True], 5, r"confidence\[0\] is 0\.0"),
        ([1.5], [True], 5, r"confidence\[0\] is 1\.5"),
        ([1], [True], 5, "confidence is of type int64; accepted: floats"),
        ([0.5], [1], 5, "correct is of type int64; accepted: bool"),
        ([[0.5]], [True], 5, r"confidence has shape \(1, 1\)"),
        ([0.5], True, 5, r"correct has shape \(\)"),
        ([0.5], [True, False], 5, "same length, got 1 and 2"),
        ([], [], 5, "no predictions"),
        ([0.5], [True], 0, "bins is 0; accepted: 1 "),
    ],
)
def test_bad_input_is_refused(confidence: object, correct: object, bins: int, cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        reliability(confidence, correct, bins)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=cause):
        expected_calibration_error(confidence, correct, bins)  # type: ignore[arg-type]
