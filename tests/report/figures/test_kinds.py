"""Content of each kind of figure."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from fer_bench.analysis.run_analysis import analyse
from fer_bench.report.metrics_tables import calibration_table
from fer_bench.report.plots import figures
from fer_bench.report.plots.palette import PALETTE
from fer_bench.results.quality import Predictions


@pytest.fixture
def made(drawn_of_one):
    return {figure.key: figure for figure in drawn_of_one}


@pytest.fixture
def several(drawn_of_three):
    return {figure.key: figure for figure in drawn_of_three}


# -- Figures 5 to 8


def test_curves_show_both_inits_and_parts_of_both_measures(made, read) -> None:
    drawn = read(made["curves-mini"].svg)
    for measure in ("accuracy", "loss"):
        assert sorted(drawn.groups(f"{measure}-")) == [
            f"{measure}-running-pretrained",
            f"{measure}-running-random",
            f"{measure}-validation-pretrained",
            f"{measure}-validation-random",
        ]
    # Four epochs; validation begins with the untrained network.
    assert len(drawn.marks("accuracy-running-random")) == 4
    assert len(drawn.marks("accuracy-validation-random")) == 5
    rising = [y for _, y in drawn.marks("accuracy-validation-pretrained")]
    assert rising == sorted(rising, reverse=True)
    falling = [y for _, y in drawn.marks("loss-validation-pretrained")]
    assert falling == sorted(falling)


def test_curves_are_told_apart_without_colour(made, read) -> None:
    drawn = read(made["curves-mini"].svg)
    for part in ("running", "validation"):
        assert "stroke-dasharray" in drawn.style(f"accuracy-{part}-random")
        assert "stroke-dasharray" not in drawn.style(f"accuracy-{part}-pretrained")
    widths = [
        float(re.search("stroke-width: ([0-9.]+)", drawn.style(f"loss-{part}-pretrained"))[1])
        for part in ("running", "validation")
    ]
    assert widths[1] > 1.5 * widths[0]


def test_curves_of_several_seeds_have_bands(several, made, read) -> None:
    bands = [one for one in read(several["curves-mini"].svg).ids if one.endswith("-band")]
    assert len(bands) == 8
    assert "bands: minimum to maximum" in several["curves-mini"].caption
    assert "band" not in made["curves-mini"].svg + made["curves-mini"].caption


def test_artefacts_of_batch_normalisation_are_drawn_where_they_are(made, read) -> None:
    drawn = read(made["figure-5-mobilenet"].svg)
    assert sorted(drawn.groups("accuracy-train") + drawn.groups("accuracy-batch")) == [
        "accuracy-batch_validation-pretrained",
        "accuracy-train-pretrained",
    ]
    assert PALETTE["ink-soft"] in drawn.style("accuracy-train-pretrained")
    assert {"training, after epoch", "validation, batch statistics"} <= set(drawn.texts)
    assert "training, after epoch" not in read(made["curves-mini"].svg).texts


def test_curves_tell_their_ends(made) -> None:
    (told,) = re.findall(r"Mini pretrained: (.*?)\. ", made["curves-mini"].alt)
    accuracy, loss = told.split("; ")
    assert accuracy.startswith("accuracy 0.842 in training")
    assert accuracy.endswith(", 0.742 in validation (best 0.742)")
    assert loss == "loss 1.158 and 1.258"


def test_the_skipped_half_is_left_out(made, read) -> None:
    drawn = read(made["figure-6-openface"].svg)
    assert all(one.endswith("random") for one in drawn.groups("accuracy-"))
    assert "pretrained" not in drawn.texts


def test_a_diverged_loss_takes_a_logarithmic_scale(one_seed, read) -> None:
    cell = one_seed.cells[0]
    history = cell.quality.history
    losses = (2.0, 5.0, 50.0, 500.0, 5000.0)
    quality = dataclasses.replace(
        cell.quality, history=dataclasses.replace(history, validation_loss=losses)
    )
    run = dataclasses.replace(one_seed, cells=(dataclasses.replace(cell, quality=quality),))
    drawn = read(figures(analyse(run))[0].svg)
    ys = [y for _, y in drawn.marks("loss-validation-pretrained")]
    # Equal factors are equal distances.
    assert ys[1] - ys[2] == pytest.approx(ys[3] - ys[4], abs=0.03)
    assert "1,000" in drawn.texts


def test_one_epoch_and_equal_figures_are_drawn(one_seed) -> None:
    def flat(cell):
        if cell.quality is None:
            return cell
        names = [item.name for item in dataclasses.fields(cell.quality.history)]
        lengths = {name: 1 if name.startswith("running") else 2 for name in names}
        history = type(cell.quality.history)(
            **{name: (0.5,) * length for name, length in lengths.items()}
        )
        return dataclasses.replace(cell, quality=dataclasses.replace(cell.quality, history=history))

    run = dataclasses.replace(one_seed, cells=tuple(map(flat, one_seed.cells)), examples=())
    assert all(figure.svg and figure.png for figure in figures(analyse(run)))


# -- Figures 9 and 10


def test_initial_figures_hold_a_dot_for_each_cell(made, several, read) -> None:
    for key in ("figure-9-initial-accuracy", "figure-10-initial-loss"):
        for figure, dots in ((made[key], 5), (several[key], 15)):
            drawn = read(figure.svg)
            first = [len(drawn.marks(f"epoch-1-{init}")) for init in ("pretrained", "random")]
            assert first == [dots * 2 // 5, dots * 3 // 5]
            assert len(drawn.marks("untrained")) == dots
            assert "skipped" in drawn.texts


def test_initial_figures_are_told_after_epoch_1(made, read) -> None:
    # 0.15 + (0.742 - 0.15) / 4
    figure = made["figure-9-initial-accuracy"]
    assert "Mini pretrained 0.298" in figure.alt
    assert "0.298" in read(figure.svg).texts
    # 160 of 910 images.
    assert "largest class (17.6 %)" in figure.caption
    assert "(1.946)" in made["figure-10-initial-loss"].caption


def test_rows_are_in_the_order_of_the_run(made, read) -> None:
    texts = read(made["figure-9-initial-accuracy"].svg).texts
    labels = [text for text in texts if re.fullmatch(r"[\w-]+ (pretrained|random)", text)]
    assert labels == [
        f"{title} {init}"
        for title in ("Mini", "MobileNet", "OpenFace")
        for init in ("pretrained", "random")
    ]


# -- Figures 11 to 17


def test_pictures_say_what_every_network_takes_them_for(one_seed, made, read) -> None:
    figure = made["figure-14"]
    assert figure.title.startswith("Figure 14. ")
    assert figure.title.endswith(" images of Happy")
    drawn = read(figure.svg)
    assert "label: Happy" in drawn.texts
    names = [name for name, _ in one_seed.dataset.counts]
    for cell in one_seed.cells:
        if cell.quality is None:
            continue
        code = int(cell.quality.predictions.predicted[3])
        sure = f"{cell.quality.predictions.confidence[3]:.2f}"
        mark = "\N{CHECK MARK}" if code == 3 else "\N{BALLOT X}"
        assert cell.label in drawn.texts
        assert f"{mark} {names[code]}" in drawn.texts
        assert sure in drawn.texts
    right = sum(
        int(cell.quality.predictions.predicted[3]) == 3 for cell in one_seed.cells if cell.quality
    )
    assert figure.alt.endswith(f": Happy {right} of 5.")
    assert len(list(drawn.root.iter("{http://www.w3.org/2000/svg}image"))) == 1


def test_mistakes_show_the_surest_wrong_answer(three_seeds, read) -> None:
    # Picture 7 is labelled Angry; the second seed of the last network is surest that it is not.
    cells = []
    for cell in three_seeds.cells:
        if cell.quality is not None:
            known = cell.quality.predictions
            predicted, sure = known.predicted.copy(), known.confidence.copy()
            predicted[7], sure[7] = 0, 0.5
            if (cell.label, cell.seed) == ("OpenFace random", 2):
                predicted[7], sure[7] = 5, 0.75
            if (cell.label, cell.seed) == ("Mini random", 3):
                predicted[7], sure[7] = 4, 0.7
            said = Predictions(predicted.tobytes(), np.rint(sure * 65535).astype("<u2").tobytes())
            cell = dataclasses.replace(
                cell, quality=dataclasses.replace(cell.quality, predictions=said)
            )
        cells.append(cell)
    run = dataclasses.replace(three_seeds, cells=tuple(cells))
    (figure,) = (one for one in figures(analyse(run)) if one.key == "mistakes")
    drawn = read(figure.svg)
    surest = "OpenFace random, seed 2"
    assert f"mistake of {surest}" in drawn.texts
    crossed = [text for text in drawn.texts if text.startswith("\N{BALLOT X}")]
    # Of each network the most confident wrong seed.
    assert crossed == ["\N{BALLOT X} Surprise", "\N{BALLOT X} Sad"]
    assert "0.75" in drawn.texts
    assert ": Angry 13 of 15 (" in figure.alt
    assert figure.alt.endswith(f": {surest}, Surprise 0.75).")


def test_mistakes_stand_apart(made) -> None:
    assert "mistake of" in made["mistakes"].svg
    assert "mistake of" not in made["figure-11"].svg


def test_other_numbers_of_classes_do_not_pose_as_the_papers_figures(make) -> None:
    found = {figure.key: figure for figure in figures(analyse(make(classes=("no", "yes"))))}
    assert [key for key in found if key.startswith(("figure-1", "examples"))] == [
        "figure-10-initial-loss",
        "examples-1",
        "examples-2",
    ]
    assert found["examples-2"].title.endswith(" images of yes")
    assert not found["examples-2"].title.startswith("Figure")


def test_seeds_that_are_right_are_counted(three_seeds, several, read) -> None:
    cells = [cell for cell in three_seeds.cells if cell.label == "Mini random"]
    right = sum(int(cell.quality.predictions.predicted[0]) == 0 for cell in cells)
    assert f"{right}/3" in read(several["figure-11"].svg).texts


# -- calibration


def test_calibration_errors_stand_in_the_panels(one_seed, made, read) -> None:
    cell = one_seed.cells[0]
    # Sure of Angry throughout, and right in 10 of 70: 1 - 1 / 7.
    said = Predictions(bytes(70), b"\xff\xff" * 70)
    quality = dataclasses.replace(cell.quality, predictions=said)
    run = dataclasses.replace(
        one_seed, cells=(dataclasses.replace(cell, quality=quality),), examples=()
    )
    (figure,) = (one for one in figures(analyse(run)) if one.key == "calibration")
    assert "Mini pretrained 0.857" in figure.alt
    assert "ECE 0.857" in read(figure.svg).texts
    panels = [text for text in read(made["calibration"].svg).texts if text.startswith("ECE")]
    assert len(panels) == 5


# -- confusion


def test_confusion_is_written_in_per_cent_of_its_rows(one_seed, read) -> None:
    cell = one_seed.cells[0]
    counts = [[0] * 7 for _ in range(7)]
    counts[0][0], counts[0][3] = 3, 1
    counts[3][3] = 5
    confusion = tuple(map(tuple, counts))
    quality = dataclasses.replace(cell.quality, confusion=confusion)
    run = dataclasses.replace(
        one_seed, cells=(dataclasses.replace(cell, quality=quality),), examples=()
    )
    (figure,) = (one for one in figures(analyse(run)) if one.key == "confusion")
    numbers = [text for text in read(figure.svg).texts if text.isdigit()]
    # Rows without images are empty.
    assert sorted(numbers) == sorted(["75", "25", "100", *["0"] * 11])
    assert ": Mini pretrained 89%, " in figure.alt
    assert figure.alt.endswith(" Angry as Happy (25%).")


def test_small_multiples_end_somewhere(make, read) -> None:
    found = {
        one.key: one for one in figures(analyse(make([(f"net{n}", f"Net{n}") for n in range(10)])))
    }
    for key, most in (
        ("confusion", 8),
        ("calibration", 8),
        ("mistakes", 8),
        ("figure-9-initial-accuracy", 16),
    ):
        caption = found[key].caption
        assert f"{most} of 20 networks" in caption
        assert "highest test accuracy" in caption
        assert "see the tables" in caption
        titles = [text for text in read(found[key].svg).texts if text.startswith("Net")]
        assert len(titles) == most
        # Here pretrained ones recognise more.
        assert sum(title.endswith(" pretrained") for title in titles) >= 7
    assert "8 of 20 networks" in found["learning-speed"].caption
    assert "highest final accuracy" in found["learning-speed"].caption
    assert len(read(found["learning-speed"].svg).groups("course-")) == 8
    curves = [key for key in found if key.startswith("curves-")]
    assert len(curves) == 4
    assert all("Of 10 backbones" in found[key].caption for key in curves)


def test_calibration_shows_the_error_of_the_table(several, three_seeds, read) -> None:
    texts = read(several["calibration"].svg).texts
    for row in calibration_table(analyse(three_seeds)).rows:
        if row.entries[0] is not None:
            assert f"ECE {row.entries[0]:.3f}" in texts


def test_confusion_of_many_networks_has_numbers_on_the_diagonal_alone(made, read) -> None:
    numbers = [text for text in read(made["confusion"].svg).texts if text.isdigit()]
    assert len(numbers) == 5 * 7
    assert "numbers: recall in per cent" in made["confusion"].caption


def test_many_classes_are_colours_alone(make, read) -> None:
    classes = [f"class {number}" for number in range(20)]
    (figure,) = (one for one in figures(analyse(make(classes=classes))) if one.key == "confusion")
    assert not [text for text in read(figure.svg).texts if text.isdigit()]
    assert "per cent" not in figure.caption


# -- costs


def test_tradeoffs_ring_the_front(one_seed, made, read) -> None:
    drawn = read(made["tradeoffs"].svg)
    accuracies = {cell.label: cell.quality.test_accuracy for cell in one_seed.cells if cell.quality}
    for word in ("parameters", "training", "inference"):
        assert len(drawn.groups(f"pretrained-{word}-")) == 2
        assert len(drawn.groups(f"random-{word}-")) == 3
    # The times of all are equal: the best ones alone are on those fronts.
    best = [label for label, one in accuracies.items() if one == max(accuracies.values())]
    assert len(drawn.marks("ringed-training")) == len(best)
    # 64 ms for 32 images.
    words = rf"most accurate {best[0]} {max(accuracies.values()):.3f} \(.*, training 60 s, "
    assert re.search(words + r"inference 2 ms\)", made["tradeoffs"].alt)
    assert set(accuracies) <= set(drawn.texts)


def test_the_largest_batch_stands_in_for_32(one_seed) -> None:
    speed = one_seed.cells[0].inference[0]
    cells = tuple(
        dataclasses.replace(
            cell,
            inference=tuple(dataclasses.replace(speed, batch_size=size) for size in (1, 8)),
        )
        for cell in one_seed.cells[:1]
    )
    found = figures(analyse(dataclasses.replace(one_seed, cells=cells, examples=())))
    (figure,) = (one for one in found if one.key == "tradeoffs")
    assert "in batches of 8" in figure.caption
    assert "inference 8 ms)" in figure.alt


def test_what_lacks_a_cost_is_told(one_seed) -> None:
    cells = (dataclasses.replace(one_seed.cells[0], inference=()), *one_seed.cells[1:])
    found = figures(analyse(dataclasses.replace(one_seed, cells=cells)))
    (figure,) = (one for one in found if one.key == "tradeoffs")
    assert "Unknown inference time" in figure.caption
    assert "image: Mini pretrained." in figure.caption


def test_learning_speed_tells_time_to_the_target(made, read) -> None:
    figure = made["learning-speed"]
    # Largest class 160 / 910 = 0.1758, best 0.742: target 0.4589. Mini pretrained has 0.15, 0.298,
    # 0.446, 0.594 after 20, 30, 40, 50 seconds; random ends at 0.342.
    assert "45.9 %" in figure.alt
    assert "Mini pretrained 50 s" in figure.alt
    assert "Mini random never" in figure.alt
    drawn = read(figure.svg)
    assert len(drawn.groups("course-")) == 5
    assert drawn.groups("target")
    assert "target, 0.459" in drawn.texts


def test_one_network_has_no_front(one_seed, read) -> None:
    run = dataclasses.replace(one_seed, cells=one_seed.cells[:1])
    (figure,) = (one for one in figures(analyse(run)) if one.key == "tradeoffs")
    drawn = read(figure.svg)
    assert not drawn.groups("front-")
    assert not drawn.groups("ringed-")
    assert "Pareto" not in figure.caption


def test_of_many_networks_those_on_a_front_are_named(make, read) -> None:
    found = figures(analyse(make([(f"net{n}", f"Net{n}") for n in range(10)])))
    (figure,) = (one for one in found if one.key == "tradeoffs")
    drawn = read(figure.svg)
    ringed = [len(drawn.marks(f"ringed-{word}")) for word in ("parameters", "training")]
    named = [text for text in drawn.texts if text.startswith("Net")]
    assert max(ringed) <= len(named) < 20
    assert "Of 20 networks" in figure.caption
    assert "on a front are named" in figure.caption


def test_inits_are_told_apart_by_filling_everywhere(made, read) -> None:
    paper = PALETTE["paper"]
    for key, start, count in (
        ("curves-mini", "accuracy-running-", 2),
        ("figure-9-initial-accuracy", "epoch-1-", 2),
        ("tradeoffs", "pretrained-", 6),
        ("tradeoffs", "random-", 9),
        ("learning-speed", "course-", 5),
    ):
        drawn = read(made[key].svg)
        groups = drawn.groups(start)
        assert len(groups) == count
        for group in groups:
            styles = {part.get("style", "") for part in drawn.group(group).iter()}
            hollow = any(f"fill: {paper}" in style for style in styles)
            assert hollow == ("random" in group), (key, group)
