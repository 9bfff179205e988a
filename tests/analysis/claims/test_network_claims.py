from __future__ import annotations

import dataclasses
import operator

import pytest
from made_runs import (
    SIZES,
    distorted,
    every_cell,
    line,
    made_cell,
    made_history,
    made_missing,
    made_run,
    repeated,
)

from fer_bench.analysis.claims import CLAIMS
from fer_bench.analysis.claims.emotions import BEST, WORST
from fer_bench.analysis.run_analysis import analyse
from fer_bench.protocol import published
from fer_bench.protocol.cell import INITS
from fer_bench.results.records import Parameters
from fer_bench.results.speeds import InferenceSpeed, NetworkTrainingSpeed


def verdict(name, *cells, **settings):
    run = made_run(*cells, **settings)
    (found,) = (one for one in analyse(run).verdicts if one.id == name)
    return found


def cells_of(histories):
    """Return the eight cells with three seeds, some with own histories, all others slower."""
    slow = made_history(line(0.15, 0.4, 20), line(0.15, 0.3, 20))
    return repeated(
        every_cell({key: {"history": history} for key, history in histories.items()}, history=slow)
    )


def moved_by_batch_normalisation(history):
    return dataclasses.replace(
        history, batch_validation_accuracy=tuple(one + 0.1 for one in history.validation_accuracy)
    )


def without(cells, backbone, init):
    return [
        made_missing(backbone, init, seed=cell.seed)
        if (cell.backbone, cell.init) == (backbone, init)
        else cell
        for cell in cells
    ]


VGGFACE = ("vggface", "pretrained")
OPENFACE = ("openface", "pretrained")
RESNET50 = ("resnet50", "pretrained")
GOOD = made_history(validation=(0.15, *line(0.35, 0.6, 19)))


class TestC4:
    def test_first_of_all_eight_in_both(self):
        found = verdict("C4", *cells_of({VGGFACE: GOOD}))
        assert found.outcome == "supported"
        assert "initial 35.0 %, VGG-Face pretrained minus " in found.because
        least = "MobileNet pretrained +30.0 points ["
        assert f"final 60.0 %, VGG-Face pretrained minus {least}" in found.because
        assert found.interval.low > 0

    def test_one_better_network_contradicts_it_whatever_is_missing(self):
        cells = without(cells_of({RESNET50: GOOD}), "mobilenet", "random")
        found = verdict("C4", *cells)
        assert found.outcome == "contradicted"
        assert "minus ResNet-50 pretrained -19.2 points" in found.because
        assert found.missing == "MobileNet random (skipped)"

    def test_best_of_those_that_are_there_is_not_enough(self):
        found = verdict("C4", *without(cells_of({VGGFACE: GOOD}), "openface", "random"))
        assert found.outcome == "undecided"
        assert found.because.startswith("holds: initial 35.0 %")

    def test_without_vggface_it_is_undecided(self):
        found = verdict("C4", *without(cells_of({VGGFACE: GOOD}), *VGGFACE))
        assert (found.outcome, found.missing) == ("undecided", "VGG-Face pretrained (skipped)")

    def test_a_tie_is_open(self):
        assert verdict("C4", *cells_of({VGGFACE: GOOD, RESNET50: GOOD})).outcome == "undecided"

    def test_the_interval_is_of_two_binomial_shares(self):
        found = verdict("C4", *cells_of({RESNET50: GOOD}))
        # Validation after epoch 1: 0.15 + 0.15 / 20 against 0.35, of 3,589 images.
        error = (0.1575 * 0.8425 / 3589 + 0.35 * 0.65 / 3589) ** 0.5
        assert found.effect == pytest.approx(-0.1925)
        assert found.interval.high - found.effect == pytest.approx(1.959964 * error)

    def test_one_seed_decides_nothing_either_way(self):
        for key in (VGGFACE, RESNET50):
            found = verdict("C4", *cells_of({key: GOOD})[::3])
            assert found.outcome_text == "undecided: one seed"
            assert found.missing == "more seeds (--seeds=3 or more)"

    def test_figures_of_one_line_are_of_the_same_seeds(self):
        cells = cells_of({VGGFACE: GOOD})
        extra = made_cell(*VGGFACE, seed=9, history=made_history(validation=(0.9,) * 21))
        assert verdict("C4", *cells, extra) == verdict("C4", *cells)

    def test_without_a_seed_in_common_it_is_open(self):
        others = [dataclasses.replace(cell, seed=9) for cell in cells_of({})[::3]]
        cells = [cell for cell in cells_of({VGGFACE: GOOD}) if cell.label == "VGG-Face pretrained"]
        found = verdict(
            "C4", *cells, *(cell for cell in others if cell.label != "VGG-Face pretrained")
        )
        assert found.outcome == "undecided"
        both = "VGG-Face pretrained and MobileNet random"
        assert f"a common seed of {both}" in found.missing

    def test_a_curve_moved_by_batch_normalisation_decides_nothing(self):
        found = verdict("C4", *cells_of({RESNET50: moved_by_batch_normalisation(GOOD)}))
        assert found.outcome == "undecided"
        # The other rivals have the same accuracy.
        assert found.cause == "batch-norm artefact; within noise"
        assert found.missing.startswith("training with --batchnorm=frozen of ResNet-50 pretrained;")

    def test_fourteen_gaps_that_could_fail_need_more_to_do_so(self):
        # Final 0.3 against 0.3 + gap, of 3,589 images: 1.96 errors are 0.0212, 2.91 are 0.0316.
        for gap, outcome in ((0.027, "undecided"), (0.034, "contradicted")):
            better = made_history(line(0.15, 0.4, 20), (0.15, *line(0.1575, 0.3 + gap, 19)))
            assert verdict("C4", *cells_of({RESNET50: better})).outcome == outcome


FLAT = made_history(line(0.2, 0.21, 20))
STEEP = made_history((0.15, *line(0.3, 0.6, 3), *line(0.6, 0.7, 16)[1:]), (0.15,) + (0.2,) * 20)


class TestC5:
    def test_the_slowest_of_the_pretrained(self):
        found = verdict("C5", *cells_of({VGGFACE: FLAT, ("mobilenet", "random"): FLAT}))
        assert found.outcome == "supported"
        assert found.effect == pytest.approx(0.012)

    def test_a_slower_one_contradicts_it(self):
        found = verdict("C5", *cells_of({RESNET50: FLAT}))
        assert found.outcome == "contradicted"
        gap = "ResNet-50 pretrained minus VGG-Face pretrained -0.0120 ["
        assert found.because.startswith(f"fails: MCR {gap}")

    def test_one_seed_decides_nothing(self):
        assert verdict("C5", *cells_of({RESNET50: FLAT})[::3]).outcome == "undecided"

    def test_images_and_seeds_both_widen_the_interval(self):
        cells = every_cell({VGGFACE: {"history": FLAT}})
        found = verdict("C5", *repeated(cells, {VGGFACE: (-0.002, 0.0, 0.002)}))
        # Over the 19 differences of the first convention, whose first epoch is tilted too: the
        # rate is tilted by 0.0001. 4.303 * 0.0001 / sqrt(3) and 1.96 * sqrt(1 / 25121) / 19.
        half = ((4.302653 * 1e-4 / 3**0.5) ** 2 + 1.959964**2 / 25121 / 19**2) ** 0.5
        assert found.interval.high - found.effect == pytest.approx(half, rel=1e-3)

    def test_two_that_are_alike_are_open(self):
        assert verdict("C5", *cells_of({VGGFACE: FLAT, RESNET50: FLAT})).outcome == "undecided"

    def test_without_vggface_it_is_undecided(self):
        found = verdict("C5", *without(cells_of({}), *VGGFACE))
        assert found.missing == "VGG-Face pretrained (skipped)"

    def test_the_papers_own_table_says_so(self):
        sums = {key: sum(rates) for key, rates in published.table(2).items()}
        pretrained = {name: sums[name, "pretrained"] for name in published.BACKBONES}
        assert min(pretrained, key=pretrained.__getitem__) == "vggface"
        assert sums["vggface", "random"] < sums["vggface", "pretrained"]


class TestC8:
    def test_the_fastest_of_the_pretrained_in_the_first_window(self):
        found = verdict("C8", *cells_of({OPENFACE: STEEP, ("resnet50", "random"): STEEP}))
        assert found.outcome == "supported"
        gap = "OpenFace pretrained minus MobileNet pretrained"
        # From epoch 1 to 6 by 0.3125 and 0.0625; validation by 0 and 0.0375.
        assert f"MCR {gap} +0.0500 [" in found.because
        assert f"MOFR {gap} +0.0575 [" in found.because

    def test_a_faster_one_contradicts_it(self):
        found = verdict("C8", *cells_of({RESNET50: STEEP}))
        assert found.outcome == "contradicted"
        assert found.effect < 0

    def test_validation_moved_by_batch_normalisation_decides_the_mcr_alone(self):
        found = verdict("C8", *cells_of({OPENFACE: moved_by_batch_normalisation(STEEP)}))
        assert found.outcome == "undecided"
        assert found.because.startswith("open: MOFR OpenFace pretrained ")
        assert "holds: MCR" in found.because
        assert "OpenFace pretrained" in found.missing

    def test_validation_images_count_in_the_error(self):
        # In epochs 1 to 5 the gap grows by 0.05 more. 1.96 sqrt(1 / 25121 + 1 / 3589) is 0.035.
        for more, outcome in ((0.03, "undecided"), (0.045, "supported")):
            faster = made_history(
                (0.15, *line(0.16, 0.21 + more, 4), *(0.21 + more,) * 15), (0.15,) * 21
            )
            slower = made_history((0.15, *line(0.16, 0.21, 4), *(0.21,) * 15), (0.15,) * 21)
            cells = every_cell({OPENFACE: {"history": faster}}, history=slower)
            assert verdict("C8", *repeated(cells)).outcome == outcome

    def test_the_window_ends_at_epoch_6_by_one_convention(self):
        late = made_history((0.15, *line(0.2, 0.24, 4), *(0.6,) * 15), (0.15,) * 21)
        found = verdict("C8", *cells_of({OPENFACE: late}))
        gap = "OpenFace pretrained minus MobileNet pretrained"
        # From epoch 1 to 6 by 0.4 and 0.0625, from epoch 0 to 5 by 0.09 and 0.0625.
        assert f"MCR {gap} +0.0675 [" in found.because
        assert "/ +0.0055" in found.because

    def test_two_that_are_alike_are_open(self):
        assert verdict("C8", *cells_of({OPENFACE: STEEP, RESNET50: STEEP})).outcome == "undecided"

    def test_four_epochs_are_too_few(self):
        cells = every_cell(history=made_history(epochs=4))
        found = verdict("C8", *cells, epochs=4)
        assert found.missing.startswith("5 epochs ")
        assert "this run: 4" in found.missing
        assert "; " not in found.missing

    def test_the_papers_own_table_says_so_of_the_first_window_alone(self):
        rates = {name: published.table(2)[name, "pretrained"] for name in published.BACKBONES}
        first = {name: values[0] for name, values in rates.items()}
        # The windows hold 5, 5, 5 and 3 differences.
        entire = {
            name: sum(map(operator.mul, values, (5, 5, 5, 3))) for name, values in rates.items()
        }
        assert max(first, key=first.__getitem__) == "openface"
        order = ["vggface", "mobilenet", "openface", "resnet50"]
        assert sorted(entire, key=entire.__getitem__) == order


def openface_and(backbone, ours, theirs, speeds=(200.0, 100.0), init="pretrained"):
    return repeated(
        [
            made_cell("openface", init, ours, speed=speeds[0]),
            made_cell(backbone, init, theirs, speed=speeds[1]),
        ]
    )


class TestC6:
    def test_as_accurate_smaller_and_faster(self):
        found = verdict("C6", *openface_and("resnet50", 0.4, 0.401))
        assert found.outcome == "supported"
        speeds = "200 versus 100 images/s (ratio 2.00)"
        assert f"training at own input (96 px and 48 px): {speeds}" in found.because
        assert f"training at 96 px: {speeds}" in found.because
        assert f"inference, batch 32: {speeds}" in found.because
        assert (found.cause, found.seeds) == ("", 3)

    @pytest.mark.parametrize(("ours", "theirs"), [(0.4, 0.5), (0.5, 0.4)])
    def test_another_accuracy_contradicts_it_either_way(self, ours, theirs):
        found = verdict("C6", *openface_and("resnet50", ours, theirs))
        assert found.outcome == "contradicted"
        assert found.effect == pytest.approx(ours - theirs, abs=0.001)

    def test_an_interval_across_the_margin_is_open(self):
        assert verdict("C6", *openface_and("resnet50", 0.42, 0.4)).outcome == "undecided"

    def test_a_resnet_as_small_contradicts_it(self):
        cells = [
            dataclasses.replace(cell, parameters=Parameters(1000, 1, 1))
            for cell in openface_and("resnet50", 0.4, 0.4)
        ]
        assert verdict("C6", *cells).outcome == "contradicted"

    def test_a_slower_openface_contradicts_it(self):
        found = verdict("C6", *openface_and("resnet50", 0.4, 0.4, (100.0, 200.0)))
        assert found.outcome == "contradicted"

    @pytest.mark.parametrize(
        "speeds",
        [
            (105.0, 100.0),
            (95.0, 100.0),
            # Two rounds; and rounds whose middle halves overlap.
            ([200.0, 200.0], 100.0),
            ([100.0, 120.0, 500.0], [90.0, 100.0, 130.0]),
            ([90.0, 100.0, 130.0], [100.0, 120.0, 500.0]),
        ],
    )
    def test_speeds_within_noise_are_open(self, speeds):
        found = verdict("C6", *openface_and("resnet50", 0.4, 0.4, speeds))
        assert found.outcome == "undecided"
        assert "rounds (3 or more)" in found.missing
        assert "idle" in found.missing

    def test_random_networks_and_smaller_batches_decide_nothing_of_the_speed(self):
        cells = openface_and("resnet50", 0.4, 0.4)
        slower = openface_and("resnet50", 0.4, 0.4, (50.0, 100.0), init="random")
        assert verdict("C6", *cells, *slower).outcome == "supported"
        slow = {"openface": 50.0, "resnet50": 100.0}
        batches = [
            dataclasses.replace(
                cell,
                inference=(*cell.inference, InferenceSpeed.of(1, [1 / slow[cell.backbone]] * 3)),
            )
            for cell in cells
        ]
        assert verdict("C6", *batches).outcome == "supported"
        found = verdict("C6", *slower)
        both = "OpenFace pretrained and ResNet-50 pretrained"
        assert f"own input size for {both}" in found.missing

    def test_speeds_that_were_not_measured_are_missing(self):
        found = verdict("C6", *openface_and("resnet50", 0.4, 0.4, (None, None)))
        assert found.outcome_text == "undecided: not measured"
        both = "OpenFace pretrained and ResNet-50 pretrained"
        training = "training speed of the complete network at"
        assert found.missing.split("; ") == [
            f"{training} its own input size for {both}",
            f"{training} one input size for {both}",
            f"speed of inference at a common batch size for {both}",
        ]

    def test_training_the_suffix_alone_does_not_count(self):
        cells = [
            dataclasses.replace(cell, network_training=())
            for cell in openface_and("resnet50", 0.4, 0.4)
        ]
        found = verdict("C6", *cells)
        assert found.outcome_text == "undecided: not measured"
        assert "inference" not in found.missing

    def test_a_larger_input_alone_is_no_slower_network(self):
        # At 96 pixels ResNet-50 takes four times as long as at 48, and twice as long as OpenFace.
        cells = [
            dataclasses.replace(
                cell,
                network_training=tuple(
                    NetworkTrainingSpeed.of(size, 32, [32 / speed] * 3)
                    for size, speed in speeds.items()
                ),
            )
            for cell in openface_and("resnet50", 0.4, 0.4)
            for speeds in [{96: 100.0} if cell.backbone == "openface" else {48: 200.0, 96: 50.0}]
        ]
        found = verdict("C6", *cells)
        assert found.outcome == "contradicted"
        own, equal = "training at own input (96 px and 48 px)", "training at 96 px"
        assert f"fails: {own}: 100 versus 200 images/s (ratio 0.50)" in found.because
        assert f"{equal}: 100 versus 50 images/s (ratio 2.00)" in found.because

    def test_cpu_seconds_decide_nothing(self):
        run = made_run(*openface_and("resnet50", 0.4, 0.4))
        run = dataclasses.replace(run, environment=(("timer", "process_time"),))
        (found,) = (one for one in analyse(run).verdicts if one.id == "C6")
        assert found.outcome_text == "undecided: not measured"

    def test_random_networks_decide_nothing_of_the_accuracy(self):
        found = verdict("C6", *openface_and("resnet50", 0.2, 0.5, init="random"))
        assert found.outcome == "undecided"
        gap, label = "OpenFace minus ResNet-50 -30.0 points", "OpenFace pretrained"
        assert f"random (not judged): {gap}" in found.because
        assert f"{label} (not requested)" in found.missing


class TestC7:
    def test_smallest_and_less_accurate(self):
        found = verdict("C7", *every_cell())
        assert found.outcome == "undecided"
        cells = [
            made_cell(cell.backbone, cell.init, 0.3 if cell.backbone == "mobilenet" else 0.5)
            for cell in every_cell()
        ]
        found = verdict("C7", *repeated(cells))
        assert found.outcome == "supported"
        assert found.effect == pytest.approx(0.2, abs=0.001)
        assert "parameters MobileNet 3,228,864, " in found.because
        assert "MobileNet 3,228,864, OpenFace 3,743,280" in found.because

    def test_a_more_accurate_mobilenet_contradicts_it(self):
        found = verdict("C7", *openface_and("mobilenet", 0.3, 0.5))
        assert found.outcome == "contradicted"
        assert "count of VGG-Face" in found.missing

    @pytest.mark.parametrize("count", [1000, SIZES["mobilenet"]])
    def test_a_network_as_small_or_smaller_contradicts_it(self, count):
        cells = [
            dataclasses.replace(cell, parameters=Parameters(count, 1, 1))
            if cell.backbone == "openface"
            else cell
            for cell in openface_and("mobilenet", 0.5, 0.3)
        ]
        assert verdict("C7", *cells).outcome == "contradicted"


class TestC10:
    def test_equal_counts(self):
        found = verdict("C10", *every_cell())
        assert found.outcome == "supported"
        assert "ResNet-50 23,587,712" in found.because

    def test_a_cell_that_was_built_and_not_trained_is_enough(self):
        built = [
            dataclasses.replace(
                made_missing(name, "random"), parameters=Parameters(SIZES[name], 1, 1)
            )
            for name in published.PARAMETERS
        ]
        assert verdict("C10", *built).outcome == "supported"

    def test_another_count_contradicts_it(self):
        cell = made_cell("openface", "random", parameters=Parameters(3_743_281, 1, 1))
        found = verdict("C10", cell)
        assert found.outcome == "contradicted"
        assert "OpenFace 3,743,281 instead of 3,743,280" in found.because
        assert (found.effect, found.unit) == (1.0, "parameters")

    def test_a_missing_network_leaves_it_undecided(self):
        found = verdict("C10", made_cell("openface", "random"))
        assert (found.outcome, found.because) == ("undecided", "holds: OpenFace 3,743,280")
        resnet, mobilenet = found.missing.split("; ")
        assert "count of ResNet-50" in resnet
        assert "count of MobileNet" in mobilenet


AS_CLAIMED = {
    "Angry": 0.6,
    "Surprise": 0.7,
    "Disgust": 0.1,
    "Neutral": 0.4,
    "Happy": 0.8,
    "Fear": 0.6,
    "Sad": 0.4,
}


def of_recall(shares, **others):
    """Return the eight cells with three seeds and these recalls, but for some backbones."""
    return repeated(
        [
            made_cell(backbone, init, others.get(backbone, shares))
            for backbone in published.BACKBONES
            for init in ("pretrained", "random")
        ]
    )


class TestC9:
    def test_as_claimed(self):
        found = verdict("C9", *of_recall(AS_CLAIMED))
        assert found.outcome == "supported"
        assert "recall in %, " in found.because
        assert "8 networks: Happy 80.0, Surprise 70.0" in found.because
        assert found.effect == pytest.approx(0.2, abs=0.01)
        assert found.seeds == 3

    def test_a_better_other_emotion_contradicts_it(self):
        found = verdict("C9", *of_recall({**AS_CLAIMED, "Neutral": 0.8}))
        assert found.outcome == "contradicted"
        assert "minus Neutral -20.0 points" in found.because

    def test_another_worst_emotion_contradicts_it(self):
        found = verdict("C9", *of_recall({**AS_CLAIMED, "Disgust": 0.38, "Sad": 0.1}))
        assert found.outcome == "contradicted"
        assert "worst, Sad minus Disgust -28.8 points" in found.because

    def test_the_correction_is_over_the_stated_pairs(self):
        pairs = {(name, other) for name in BEST for other in published.COUNTS if other not in BEST}
        pairs |= {(name, WORST) for name in published.COUNTS if name != WORST}
        (claim,) = (one for one in CLAIMS if one.id == "C9")
        assert claim.family == f"the {len(pairs)} pairs of emotions"

    def test_one_network_that_learned_decides_nothing(self):
        nothing = dict.fromkeys(AS_CLAIMED, 0.1)
        cells = every_cell({VGGFACE: {"test": AS_CLAIMED}}, test=nothing)
        found = verdict("C9", *cells)
        assert found.outcome == "undecided"
        assert "2 networks or more" in found.missing

    @pytest.mark.parametrize("neutral", [0.3, 0.9])
    def test_a_network_of_another_order_leaves_it_open(self, neutral):
        most, one = {**AS_CLAIMED, "Neutral": neutral}, {**AS_CLAIMED, "Neutral": 0.6}
        one["Neutral"] = 0.95 if neutral < 0.5 else 0.3
        cells = repeated(every_cell({OPENFACE: {"test": one}}, test=most))
        found = verdict("C9", *cells)
        assert found.outcome == "undecided"
        assert "reversed" in found.because
        assert "1 of 8 networks" in found.because
        assert "order of emotions" in found.missing

    def test_networks_need_no_seed_in_common(self):
        cells = [
            dataclasses.replace(cell, seed=seed) for seed, cell in enumerate(of_recall(AS_CLAIMED))
        ]
        assert verdict("C9", *cells).outcome == "supported"

    def test_recalls_that_vary_over_seeds_decide_nothing(self):
        # By the images alone, both networks recognise Neutral better than Angry.
        shares = [{**AS_CLAIMED, "Neutral": share} for share in (0.5, 1.0, 1.0)]
        cells = [
            made_cell("mobilenet", init, one, seed=seed)
            for init in INITS
            for seed, one in enumerate(shares)
        ]
        others = of_recall(dict.fromkeys(AS_CLAIMED, 0.1))
        cells += [cell for cell in others if cell.backbone != "mobilenet"]
        found = verdict("C9", *cells)
        assert found.outcome_text == "undecided: within noise"
        assert -1 <= found.interval.low < 0 < found.interval.high <= 1

    def test_within_noise_it_is_open(self):
        found = verdict("C9", *of_recall({**AS_CLAIMED, "Neutral": 0.6, "Sad": 0.6}))
        assert found.outcome == "undecided"
        assert "more seeds or images" in found.missing

    @pytest.mark.parametrize("neutral", [0.4, 0.8])
    def test_a_missing_network_leaves_it_undecided_either_way(self, neutral):
        cells = without(of_recall({**AS_CLAIMED, "Neutral": neutral}), *VGGFACE)
        found = verdict("C9", *cells)
        assert (found.outcome, found.missing) == ("undecided", "VGG-Face pretrained (skipped)")
        assert found.because.startswith("so far: best, ")

    def test_networks_that_learned_nothing_are_left_out(self):
        only_happy = {name: float(name == "Happy") for name in AS_CLAIMED}
        found = verdict("C9", *of_recall(AS_CLAIMED, openface=only_happy))
        assert found.outcome == "supported"
        labels = "OpenFace pretrained, OpenFace random"
        assert f"not above the majority-class baseline: {labels}" in found.because
        found = verdict("C9", *of_recall(only_happy))
        assert found.outcome == "undecided"
        assert found.missing.startswith("2 networks or more ")
        assert "majority-class baseline" in found.missing
        assert "this run: 0" in found.missing
        assert "; " not in found.missing

    @pytest.mark.parametrize("neutral", [0.4, 0.8])
    def test_a_distorted_network_at_the_baseline_is_not_left_out(self, neutral):
        nothing = dict.fromkeys(AS_CLAIMED, 0.1)
        cells = of_recall({**AS_CLAIMED, "Neutral": neutral}, openface=nothing)
        cells = [distorted(one) if one.backbone == "openface" else one for one in cells]
        found = verdict("C9", *cells)
        assert found.outcome_text == "undecided: batch-norm artefact"
        labels = "OpenFace pretrained, OpenFace random"
        assert found.missing == f"training with --batchnorm=frozen of {labels}"

    def test_of_distorted_networks_alone_the_distortion_is_the_cause(self):
        cells = map(distorted, every_cell(test=dict.fromkeys(AS_CLAIMED, 0.1)))
        found = verdict("C9", *cells)
        assert found.outcome_text == "undecided: batch-norm artefact; at the baseline"

    def test_recall_is_the_mean_of_the_networks(self):
        better = {name: min(1.0, share + 0.1) for name, share in AS_CLAIMED.items()}
        found = verdict("C9", *of_recall(AS_CLAIMED, openface=better, vggface=better))
        assert "Happy 85.0" in found.because
