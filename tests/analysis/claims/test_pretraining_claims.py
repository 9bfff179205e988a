from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from made_runs import every_cell, line, made_cell, made_history, made_missing, made_run, repeated

from fer_bench.analysis.claims import judge
from fer_bench.analysis.run_analysis import analyse
from fer_bench.analysis.seed_groups import group_cells
from fer_bench.protocol import published


def verdict(name, *cells, **settings):
    run = made_run(*cells, **settings)
    (found,) = (one for one in analyse(run).verdicts if one.id == name)
    return found


def bent(start, middle, end, first=None):
    """Epochs 0 to 20, straight to epoch 10 and from there; or with another figure at epoch 1."""
    points = [*line(start, middle, 10), *line(middle, end, 10)[1:]]
    if first is not None:
        points[1:11] = line(first, middle, 9)
    return tuple(points)


def both(backbone, pretrained, random, **of):
    """Return the two cells of a backbone, each with its figures."""
    return [
        made_cell(backbone, "pretrained", **pretrained, **of),
        made_cell(backbone, "random", **random, **of),
    ]


def four(pretrained, random):
    return [cell for name in published.BACKBONES for cell in both(name, pretrained, random)]


GAIN = (
    {"test": 0.5, "history": made_history(validation=line(0.15, 0.5, 20))},
    {"test": 0.3, "history": made_history(validation=line(0.15, 0.3, 20))},
)


class TestC1:
    def test_a_gain_of_all_four_supports_it(self):
        found = verdict("C1", *repeated(four(*GAIN)))
        assert found.outcome == "supported"
        assert found.missing == ""
        assert found.because.startswith("holds: MobileNet +20.1 points [+18.7")
        assert found.because.count("holds") == 1
        assert len(found.because) < 200
        assert found.effect == pytest.approx(0.2, abs=0.001)
        assert found.interval.low < found.effect < found.interval.high
        assert found.seeds == 3

    def test_one_loss_contradicts_it_whatever_is_missing(self):
        cells = [
            *both("mobilenet", *GAIN),
            *both("openface", *GAIN[::-1]),
            made_missing("vggface", "pretrained"),
        ]
        found = verdict("C1", *repeated(cells))
        assert found.outcome == "contradicted"
        assert found.effect == pytest.approx(-0.2, abs=0.001)
        assert "VGG-Face pretrained (skipped)" in found.missing

    def test_a_gain_that_is_not_shown_is_no_loss(self):
        found = verdict("C1", *repeated(both("mobilenet", GAIN[0], GAIN[0])))
        assert found.outcome == "undecided"
        assert found.because == "open: MobileNet 0.0 points [-0.1, +0.1]"

    def test_a_backbone_whose_validation_cannot_be_compared_is_not_passed_over(self):
        cells = [
            *(cell for cell in repeated(four(*GAIN)) if cell.backbone != "vggface"),
            made_cell("vggface", "pretrained", 0.5, seed=42),
            made_cell("vggface", "random", 0.3, seed=43),
        ]
        found = verdict("C1", *cells)
        assert found.outcome_text == "undecided: no common seed"
        sides = "VGG-Face pretrained and VGG-Face random"
        assert found.missing == f"a common seed of {sides}"

    @pytest.mark.parametrize("sides", [GAIN, GAIN[::-1]])
    def test_one_seed_of_either_side_decides_nothing(self, sides):
        more = [made_cell("vggface", "random", 0.3, seed=seed) for seed in (43, 44)]
        found = verdict("C1", *four(*sides), *more)
        assert found.outcome_text == "undecided: one seed"
        assert found.missing == "more seeds (--seeds=3 or more)"

    def test_a_gain_within_noise_is_open(self):
        cells = [
            made_cell("mobilenet", "pretrained", 0.41, spread=1),
            made_cell("mobilenet", "random", 0.4, spread=2),
        ]
        found = verdict("C1", *repeated(cells))
        assert found.cause == "within noise; not run"
        assert "more seeds or images" in found.missing

    def test_test_and_validation_that_disagree_are_open(self):
        better, worse = (side["history"] for side in GAIN)
        found = verdict(
            "C1",
            *repeated(four({"test": 0.5, "history": worse}, {"test": 0.3, "history": better})),
        )
        assert found.outcome_text == "undecided: test and validation disagree"
        assert "but validation -20.0 points" in found.because

    def test_what_there_is_so_far_is_reported(self):
        cells = repeated(both("mobilenet", *GAIN))
        found = verdict("C1", *cells, made_missing("openface", "random"))
        assert found.outcome_text == "undecided: not run"
        assert found.because.startswith("holds: MobileNet +20.1 points [")
        reasons = {
            "OpenFace pretrained": "not requested",
            "OpenFace random": "skipped",
            "ResNet-50 pretrained": "not requested",
            "ResNet-50 random": "not requested",
            "VGG-Face pretrained": "not requested",
            "VGG-Face random": "not requested",
        }
        expected = [f"{label} ({reason})" for label, reason in reasons.items()]
        assert found.missing.split("; ") == expected

    def test_nothing_at_all(self):
        found = verdict("C1")
        assert found.outcome == "undecided"
        assert found.because.startswith("no evidence")
        assert "; " not in found.because
        assert (found.effect, found.interval, found.unit) == (None, None, "")

    def test_predictions_of_an_older_file_are_missing(self):
        cells = [
            dataclasses.replace(cell, quality=dataclasses.replace(cell.quality, predictions=None))
            for cell in four(*GAIN)
        ]
        found = verdict("C1", *cells)
        assert found.outcome == "undecided"
        assert found.cause == "no predictions"
        sides = "MobileNet pretrained and MobileNet random"
        assert f"predictions of {sides}" in found.missing

    def test_other_backbones_take_no_part(self):
        extra = both("mini", *GAIN[::-1])
        assert verdict("C1", *repeated(four(*GAIN)), *repeated(extra)).outcome == "supported"

    def test_a_changed_setting_does_not_prevent_a_verdict(self):
        assert verdict("C1", *repeated(four(*GAIN)), batch_size=64).outcome == "supported"

    def test_what_else_ran_does_not_matter(self):
        cells = repeated(four(*GAIN))
        more = repeated(both("mini", *GAIN[::-1]), seeds=3)
        assert verdict("C1", *cells, *more) == verdict("C1", *cells)


FAST, SLOW = bent(0.15, 0.55, 0.6), bent(0.15, 0.3, 0.45)


def running(pretrained, random):
    return ({"history": made_history(pretrained)}, {"history": made_history(random)})


class TestC2:
    def test_faster_first_and_slower_then(self):
        found = verdict("C2", *repeated(four(*running(FAST, SLOW))))
        assert found.outcome == "supported"
        # From epoch 1 to 11 by 0.365 and 0.15, and from epoch 0 to 10 by 0.4 and 0.15. The error of
        # the mean of four backbones is half of one's: 1.96 sqrt(1 / 25121) / 10 / 2 = 0.0006.
        assert "epochs 1-10 +0.0215 [+0.0209, +0.0221] / +0.0250" in found.because
        # From epoch 11 to 20, nine differences.
        assert "epochs 11-20 -0.0100 [-0.0107, -0.0093] / -0.0100" in found.because
        assert "1-10: MobileNet +0.0215, OpenFace +0.0215" in found.because
        assert found.effect == pytest.approx(0.0215)

    def test_the_mean_of_the_backbones_decides_not_each(self):
        # As in the paper's Table 2: slower with ResNet-50, faster on average.
        cells = [
            *(cell for cell in four(*running(FAST, SLOW)) if cell.backbone != "resnet50"),
            *both("resnet50", *running(bent(0.15, 0.45, 0.5), bent(0.15, 0.5, 0.7))),
        ]
        found = verdict("C2", *repeated(cells))
        assert found.outcome == "supported"
        # (3 * 0.0215 - 0.006) / 4
        assert found.effect == pytest.approx(0.014625)
        assert "ResNet-50 -0.0060" in found.because

    def test_one_seed_decides_no_rate(self):
        for sides in (running(FAST, SLOW), running(SLOW, FAST)):
            found = verdict("C2", *four(*sides))
            assert found.outcome_text == "undecided: one seed"
            assert found.interval is None

    def test_a_missing_backbone_leaves_the_mean_open(self):
        found = verdict("C2", *repeated(both("mobilenet", *running(SLOW, FAST))))
        assert found.outcome_text == "undecided: not run"
        assert found.effect is None

    def test_later_level_is_enough(self):
        cells = repeated(four(*running(FAST, bent(0.15, 0.3, 0.35))))
        assert verdict("C2", *cells).outcome == "supported"

    def test_faster_later_too_contradicts_it(self):
        cells = four(*running(bent(0.15, 0.4, 0.7), bent(0.15, 0.3, 0.35)))
        found = verdict("C2", *repeated(cells))
        assert found.outcome == "contradicted"
        assert found.because.startswith("fails: epochs 11-20 +0.0250 [")
        assert found.effect == pytest.approx(0.025)

    def test_slower_first_contradicts_it(self):
        cells = four(*running(SLOW, bent(0.15, 0.5, 0.7)))
        assert verdict("C2", *repeated(cells)).outcome == "contradicted"

    @pytest.mark.parametrize(
        ("gap", "outcome"), [(-0.0007, "undecided"), (-0.0009, "contradicted")]
    )
    def test_two_parts_that_could_fail_need_more_to_do_so(self, gap, outcome):
        # sqrt(1 / 25121) / 10 / 2 times 1.96 is 0.00062, times 2.24 (0.05 / 2, two-sided) 0.00071.
        # From epoch 1 to 11 the rates differ by 0.9 times the gap.
        cells = four(*running(bent(0.15, 0.5 + 10 * gap, 0.8 + 10 * gap), bent(0.15, 0.5, 0.8)))
        assert verdict("C2", *repeated(cells)).outcome == outcome

    @pytest.mark.parametrize(("gap", "outcome"), [(0.0027, "undecided"), (0.0029, "contradicted")])
    def test_later_ones_too(self, gap, outcome):
        # 0.002 and 1.96 times sqrt(1 / 25121) / 2 are 0.00269 over nine differences, 0.00262 over
        # ten; and 2.24 times it 0.00279 and 0.00271.
        cells = four(*running(bent(0.15, 0.55, 0.6 + 10 * gap), bent(0.15, 0.3, 0.35)))
        assert verdict("C2", *repeated(cells)).outcome == outcome

    def test_conventions_that_disagree_leave_it_open(self):
        jumping = bent(0.15, 0.55, 0.6, first=0.5)
        found = verdict("C2", *repeated(four(*running(jumping, bent(0.15, 0.35, 0.5)))))
        assert found.outcome_text == "undecided: conventions disagree"
        assert found.missing == "a definition of Metric_0, as the conventions disagree"

    def test_conventions_that_disagree_on_later_epochs_leave_it_open(self):
        # Pretrained networks jump between epochs 10 and 11, which epochs 11-20 hold by one alone.
        jumping = (*line(0.15, 0.4, 10), *line(0.6, 0.65, 9))
        found = verdict("C2", *repeated(four(*running(jumping, bent(0.15, 0.3, 0.45)))))
        assert found.outcome_text == "undecided: conventions disagree"
        assert "open: epochs 11-20 -0.0094 [" in found.because

    def test_less_than_the_noise_is_open(self):
        # 1.96 sqrt(1 / 25121) / 10 / 2 is 0.00062.
        for gain, outcome in ((0.0006, "undecided"), (0.0008, "supported")):
            cells = four(*running(bent(0.15, 0.3 + 10 * gain, 0.4), bent(0.15, 0.3, 0.4)))
            assert verdict("C2", *repeated(cells)).outcome == outcome

    def test_seeds_give_an_interval(self):
        cells = [
            cell
            for seed, more in ((1, 0.0), (2, 0.01), (3, 0.02))
            for name in published.BACKBONES
            for cell in both(name, *running(bent(0.15, 0.55 + more, 0.6), SLOW), seed=seed)
        ]
        found = verdict("C2", *cells, seeds=3)
        assert found.outcome == "supported"
        # From epoch 1 to 11 rates differ by 0.0215, 0.0223 and 0.0231: t is 4.303, the sampling
        # error 0.00063 / 2.
        half = ((4.302653 * 0.0008 / 3**0.5) ** 2 + (1.959964**2 / 25121 / 100 / 4)) ** 0.5
        assert found.effect == pytest.approx(0.0223)
        assert found.interval.high - found.interval.low == pytest.approx(2 * half, rel=1e-3)

    def test_a_short_training_cannot_decide_it(self):
        cells = [
            made_cell(name, init, history=made_history(epochs=6))
            for name in published.BACKBONES
            for init in ("pretrained", "random")
        ]
        found = verdict("C2", *cells, epochs=6)
        assert found.outcome == "undecided"
        assert found.missing.startswith("20 epochs ")
        assert "this run: 6" in found.missing
        assert "; " not in found.missing

    def test_networks_of_different_seeds_cannot_be_compared(self):
        cells = [
            dataclasses.replace(cell, seed=1 if cell.init == "random" else 2)
            for cell in four(*running(FAST, SLOW))
        ]
        found = verdict("C2", *cells)
        assert found.outcome == "undecided"
        sides = "MobileNet pretrained and MobileNet random"
        assert f"a common seed of {sides}" in found.missing


def overfitting(pretrained, random):
    return (
        {"history": made_history(line(0.15, 0.6, 20), line(0.15, 0.6 - pretrained, 20))},
        {"history": made_history(line(0.15, 0.6, 20), line(0.15, 0.6 - random, 20))},
    )


class TestC3:
    def test_a_faster_growth_of_the_gap_supports_it(self):
        found = verdict("C3", *repeated(four(*overfitting(0.4, 0.1))))
        assert found.outcome == "supported"
        assert found.effect == pytest.approx(0.015)

    def test_a_slower_one_contradicts_it(self):
        found = verdict("C3", *repeated(both("openface", *overfitting(0.1, 0.4))))
        assert found.outcome == "contradicted"
        assert found.effect == pytest.approx(-0.015)

    def test_within_noise_it_is_open(self):
        cells = repeated(four(*overfitting(0.2, 0.2)))
        assert verdict("C3", *cells).outcome == "undecided"

    @pytest.mark.parametrize(("gap", "outcome"), [(0.032, "undecided"), (0.04, "supported")])
    def test_validation_images_count_in_the_error(self, gap, outcome):
        # 1.96 sqrt(1 / 25121 + 1 / 3589) is 0.035; of the training images alone 0.012.
        cells = repeated(four(*overfitting(0.2 + gap, 0.2)))
        assert verdict("C3", *cells).outcome == outcome

    def test_one_epoch_has_no_rate_by_consecutive(self):
        cells = [
            made_cell("openface", init, history=made_history(epochs=1))
            for init in ("pretrained", "random")
        ]
        found = verdict("C3", *cells, epochs=1)
        assert found.outcome == "undecided"
        assert "2 epochs " in found.missing
        assert "this run: 1" in found.missing

    @pytest.mark.parametrize("sides", [(0.4, 0.1), (0.1, 0.4)])
    def test_curves_that_batch_normalisation_moves_decide_nothing(self, sides):
        cells = four(*overfitting(*sides))[:2]
        history = cells[0].quality.history
        moved = dataclasses.replace(
            history, batch_validation_accuracy=tuple(v + 0.1 for v in history.validation_accuracy)
        )
        cells[0] = made_cell("mobilenet", "pretrained", history=moved)
        found = verdict("C3", *repeated(cells))
        assert found.cause == "batch-norm artefact; not run"
        assert found.because.startswith("open: MobileNet ")
        assert "training with --batchnorm=frozen of MobileNet pretrained" in found.missing


@pytest.mark.parametrize(("runs", "most"), [(10, 1), pytest.param(40, 3, marks=pytest.mark.soak)])
def test_three_trainings_that_differ_by_chance_alone_decide_little(runs, most):
    random = np.random.default_rng(3)
    decided = dict.fromkeys(("C2", "C3", "C4", "C5", "C8", "C16"), 0)
    for _ in range(runs):
        cells = [
            made_cell(
                name,
                init,
                history=made_history(
                    np.linspace(0.15, 0.6, 21) + random.normal(0, 0.01, 21),
                    np.linspace(0.15, 0.5, 21) + random.normal(0, 0.01, 21),
                ),
                seed=seed,
            )
            for name in published.BACKBONES
            for init in ("pretrained", "random")
            for seed in (1, 2, 3)
        ]
        run = made_run(*cells)
        for found in judge(run, group_cells(run)):
            if found.id in decided:
                decided[found.id] += found.outcome == "contradicted"
    assert all(count <= most for count in decided.values()), decided


def test_on_other_data_only_the_parameters_are_testable():
    run = made_run(*every_cell())
    other = dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, name="sketch"))
    sample = dataclasses.replace(
        run,
        dataset=dataclasses.replace(
            run.dataset, counts=tuple((name, count // 10) for name, count in run.dataset.counts)
        ),
    )
    for changed, reason in (
        (other, "data set sketch instead of fer2013"),
        (sample, "3,585 images instead of 35,887"),
    ):
        found = {one.id: one for one in analyse(changed).verdicts}
        assert found.pop("C10").outcome == "supported"
        assert {one.outcome for one in found.values()} == {"not testable here"}
        assert {one.because for one in found.values()} == {reason}


def test_all_claims_in_order():
    run = made_run()
    found = analyse(run).verdicts
    assert [one.id for one in found] == [f"C{number}" for number in range(1, 18)]
    assert {one.outcome for one in found} == {"undecided"}
    assert all(one.missing for one in found)
