"""Numbers of images that are consistent with the digits in the paper's tables."""

import pytest

from fer_bench.analysis.paper_forensics import TRAIN, VALIDATION, examine
from fer_bench.protocol import published


@pytest.fixture(scope="module")
def found():
    return examine()


def hits(scores):
    return [(score.images, score.hits, score.tests) for score in scores]


def test_training_images_by_the_first_three_windows(found):
    assert hits(found.training) == [
        (28_710, 21, 21),
        (25_121, 3, 21),
        (28_709, 6, 21),
        (35_887, 5, 21),
        (55_247, 16, 21),
    ]


def test_a_baseline_at_epoch_1_is_refuted(found):
    assert hits(found.first_window) == [(28_710, 0, 7), (25_121, 2, 7)]


def test_the_last_window_has_three_differences(found):
    assert [(score.differences, score.hits, score.tests) for score in found.last_window] == [
        ((3,), 7, 7),
        ((4,), 4, 7),
        ((5,), 4, 7),
    ]


def test_validation_images_by_two_rows(found):
    assert hits(found.validation) == [(7_177, 8, 8), (7_178, 2, 8), (3_589, 2, 8)]
    assert TRAIN + VALIDATION == published.TOTAL


def test_the_chance_of_all_hits_is_the_product_of_the_chances(found):
    # 143,550 counts to a rate of 1, printed in steps of a millionth.
    assert found.training[0].expected == pytest.approx(21 * 0.14355)
    assert found.training[0].p == pytest.approx(0.14355**21)
    assert found.last_window[0].p == pytest.approx(0.08613**7)
    # 7,177 images over 5, 5, 5 and 3 differences, twice.
    assert found.validation[0].p == pytest.approx((0.035885**3 * 0.021531) ** 2)


def test_the_gains_give_the_printed_rates_back(found):
    steps = (5, 5, 5, 3)
    convergence, overfitting = published.table(2), published.table(4)
    trained = {(one.backbone, one.init): one for one in found.training_gains}
    assert list(trained) == list(convergence)
    for key, gains in trained.items():
        rates = [count / (28_710 * n) for count, n in zip(gains.windows, steps, strict=True)]
        assert [round(rate, 6) for rate in rates] == list(convergence[key])
    for gains in found.validation_gains:
        key = (gains.backbone, gains.init)
        rates = [
            (first / 28_710 - second / 7_177) / n
            for first, second, n in zip(trained[key].windows, gains.windows, steps, strict=True)
        ]
        assert [round(rate, 6) for rate in rates] == list(overfitting[key])


def test_sums_and_shares(found):
    mobilenet, *_ = found.training_gains
    assert (mobilenet.total, mobilenet.share) == (13_599, pytest.approx(0.47367, abs=1e-5))
    assert [(one.total, round(one.share, 4)) for one in found.validation_gains] == [
        (-117, -0.0163),
        (271, 0.0378),
    ]
