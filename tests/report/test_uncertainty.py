from __future__ import annotations

import dataclasses

import pytest
from made_runs import LABELS, line, made_cell, made_history, made_missing, made_run

from fer_bench.analysis.run_analysis import analyse
from fer_bench.metrics import expected_calibration_error, sampling_interval
from fer_bench.report import Report, tables, terminal_text
from fer_bench.report.latex import latex
from fer_bench.report.table_rendering import body, markdown, terminal, tidy_csv
from fer_bench.results.speeds import InferenceSpeed


def table(run, key):
    (found,) = (one for one in tables(analyse(run)) if one.key == key)
    return found


def entries(found, label):
    (row,) = (row for row in found.rows if row.label == label)
    return {
        f"{group} {name}".strip(): value
        for one, entry in zip(found.columns, row.entries, strict=True)
        for group, name, value in one.recorded(entry)
    }


def within(found, label, group):
    """Return the entries of one group of columns, by column name."""
    start = f"{group} "
    return {
        name.removeprefix(start): entry
        for name, entry in entries(found, label).items()
        if name.startswith(start)
    }


@pytest.fixture
def seeds():
    """Two backbones of three seeds, one of them failed with its third."""
    return made_run(
        *(
            made_cell(
                "mini",
                "random",
                share,
                seed=seed,
                history=made_history(validation=line(0.15, share, 20)),
                speed=100.0 if seed == 42 else None,
                parts=(("training", float(seed)),),
            )
            for seed, share in ((42, 0.4), (43, 0.5), (44, 0.6))
        ),
        *(made_cell("openface", "random", 0.3, seed=seed) for seed in (42, 43)),
        made_missing("openface", "random", "failed", seed=44, reason="it diverged"),
        seeds=3,
    )


def test_spread_over_seeds_and_over_images(seeds):
    made = table(seeds, "uncertainty")
    test = within(made, "mini random", "test accuracy")
    validation = within(made, "mini random", "validation accuracy")
    cells = seeds.cells[:3]
    figures = [cell.quality.test_accuracy for cell in cells]
    assert entries(made, "mini random")["seeds"] == 3
    assert test["mean"] == pytest.approx(sum(figures) / 3)
    assert test["sd"] == pytest.approx(0.1, abs=0.001)
    # t with 2 degrees of freedom is 4.303.
    half = 4.302653 * test["sd"] / 3**0.5
    assert test["low by seeds"] == pytest.approx(sum(figures) / 3 - half)
    correct = [cell.quality.predictions.predicted == LABELS for cell in cells]
    interval = sampling_interval(correct)
    assert test["low by images"] == interval.low
    assert test["high by images"] == interval.high
    assert validation["mean"] == pytest.approx(0.5)
    assert validation["sd"] == pytest.approx(0.1)


def test_one_seed_has_no_spread_over_seeds():
    made = table(made_run(made_cell("mini", "random")), "uncertainty")
    found = within(made, "mini random", "test accuracy")
    assert entries(made, "mini random")["seeds"] == 1
    assert found["sd"] is None
    assert found["low by seeds"] is None
    assert found["low by images"] is not None


def test_a_group_that_lacks_a_seed_says_so(seeds):
    for key in ("uncertainty", "calibration", "final"):
        (row,) = (row for row in table(seeds, key).rows if row.label == "OpenFace random")
        assert row.reason.split(": ") == ["failed", "seed 44 of 3 seeds", "it diverged"]


def test_pairs_have_their_corrected_p_value():
    cells = [made_cell(name, "random", share) for name, share in (("mini", 0.5), ("vggface", 0.4))]
    found = table(made_run(*cells, made_cell("openface", "random", 0.4)), "pairs")
    assert [row.label.split(" minus ") for row in found.rows] == [
        ["mini random", "VGG-Face random"],
        ["mini random", "OpenFace random"],
        ["VGG-Face random", "OpenFace random"],
    ]
    row = entries(found, "mini random minus VGG-Face random")
    assert row["difference"] == pytest.approx(0.1, abs=0.001)
    assert row["low"] < row["difference"] < row["high"]
    assert row["p"] < row["corrected p"]
    assert row["right alone first"] == pytest.approx(358, abs=2)
    assert row["right alone second"] == 0
    assert "pairs of this table (3)" in found.notes[0]


def test_a_single_network_has_none_to_be_compared_with(snapshot):
    found = table(
        made_run(made_cell("mini", "random"), made_missing("openface", "random")), "pairs"
    )
    assert found.rows == ()
    assert found.notes == snapshot


def test_calibration_is_the_mean_of_the_seeds(seeds):
    found = entries(table(seeds, "calibration"), "mini random")
    errors = [
        expected_calibration_error(
            cell.quality.predictions.confidence, cell.quality.predictions.predicted == LABELS
        )
        for cell in seeds.cells[:3]
    ]
    assert found["ECE"] == pytest.approx(sum(errors) / 3)
    assert found["mean confidence"] == pytest.approx(0.5, abs=0.001)
    assert found["accuracy"] == pytest.approx(0.5, abs=0.001)


def test_predictions_that_are_not_known_leave_a_gap():
    cell = made_cell("mini", "random")
    old = dataclasses.replace(cell, quality=dataclasses.replace(cell.quality, predictions=None))
    found = table(made_run(old), "calibration")
    assert set(found.rows[0].entries) == {None}
    assert entries(table(made_run(old), "uncertainty"), "mini random")["seeds"] == 1


def test_the_papers_tables_are_means_over_the_seeds(seeds):
    note = "Means over seeds: mini random: 42, 43, 44; OpenFace random: 42, 43."
    for key in ("table-2", "table-3", "table-4", "table-5", "initial", "final", "recall"):
        found = table(seeds, key)
        assert [row.label for row in found.rows] == ["mini random", "OpenFace random"]
        assert found.notes[-1] == note
    final = entries(table(seeds, "final"), "mini random")
    assert final["accuracy validation"] == pytest.approx(0.5)
    # Test images are counted once, not once for each seed.
    assert "Happy 898" in table(seeds, "recall").notes[1]
    speed = table(seeds, "speed")
    assert [row.label for row in speed.rows] == ["mini random", "OpenFace random"]
    assert entries(speed, "mini random")["training images/s"] == pytest.approx(100.0)
    assert note not in speed.notes


def test_what_is_each_cells_own_has_a_row_for_each_seed(seeds):
    for key in ("cells", "weights", "parts"):
        found = table(seeds, key)
        assert [row.label for row in found.rows][:2] == [
            "mini random, seed 42",
            "mini random, seed 43",
        ]
        assert len(found.rows) == 6
    assert entries(table(seeds, "parts"), "mini random, seed 44")["training"] == 44.0
    assert table(seeds, "cells").rows[-1].reason == "failed: it diverged"


@pytest.mark.parametrize(
    ("seeds", "note"),
    [
        ([("a", 1), ("a", 2), ("b", 2), ("b", 1)], "Mean over 2 seeds (1, 2)."),
        ([("a", 1), ("a", 2), ("b", 3)], "Means over seeds: a random: 1, 2; b random: 3."),
        (
            [("a", 1), ("a", 2), ("b", 3), ("c", 3)],
            "Means over seeds: a random: 1, 2; others: 3.",
        ),
        ([("a", 1), ("b", 2)], "Seed: a random: 1; b random: 2."),
    ],
)
def test_seeds_are_reported_network_by_network_where_they_differ(seeds, note):
    run = made_run(*(made_cell(name, "random", seed=seed) for name, seed in seeds))
    assert table(run, "final").notes[-1] == note


def test_a_cell_is_called_failed_only_where_it_has_no_figures(seeds):
    for key in ("uncertainty", "final", "table-4", "recall", "calibration"):
        (row,) = (row for row in table(seeds, key).rows if row.label == "OpenFace random")
        assert row.missing == ""
        assert row.reason.split(": ") == ["failed", "seed 44 of 3 seeds", "it diverged"]


def test_failed_stands_in_the_measure_that_is_missing():
    timed = made_cell("mini", "random", speed=100.0)
    both = (*timed.inference, InferenceSpeed(64, (1.0,), 1.0, None, 64.0))
    whole = dataclasses.replace(timed, backbone="other", title="other", inference=both)
    broken = dataclasses.replace(timed, status="failed", reason="no memory")
    found = table(made_run(whole, broken), "speed")
    made = body(found)
    # Training, then median, p99 and speed of batch 32 and of batch 64.
    assert made.cells[1][4] == "\N{EN DASH}"
    assert made.cells[1][6:9] == ["failed", "\N{EN DASH}", "\N{EN DASH}"]


def test_two_backbones_of_one_title_are_distinguished_everywhere():
    run = made_run(
        made_cell("a", "random", 0.5, title="Same"),
        made_cell("b", "random", 0.3, title="Same"),
        made_cell("mini", "random", 0.4),
    )
    report = Report.of(run)
    assert report.summary.answer[0].startswith("Same (a) random has ")
    files = report.files
    shown = [files[name] for name in ("tables.md", "tables.csv", "tables/recall.tex")]
    for text in (terminal_text(report, verbosity=2), *shown):
        assert "Same (b)" in text
        assert "mini (mini)" not in text
        assert "Same random" not in text
    assert Report.of(report.analysis.run) == report


def test_a_method_that_all_pairs_share_is_a_note(seeds):
    one_seed = made_run(*(made_cell(name, "random") for name in ("mini", "openface")))
    found = table(one_seed, "pairs")
    assert "method" not in [column.name for column in found.columns]
    assert any("McNemar" in note for note in found.notes)
    several = table(seeds, "pairs")
    assert "only one correct" not in [column.group for column in several.columns]
    mixed = table(made_run(*seeds.cells, *(made_cell(n, "random") for n in "ab")), "pairs")
    assert {"method", "first", "second"} <= {column.name for column in mixed.columns}
    assert not any(note.startswith("p-values: ") for note in mixed.notes)


@pytest.mark.parametrize(("networks", "is_reported"), [(8, False), (9, True)])
def test_pairs_that_were_left_out_are_reported(networks, is_reported):
    run = made_run(*(made_cell(f"n{index}", "random", 0.5) for index in range(networks)))
    assert any("more than 8" in note for note in table(run, "pairs").notes) == is_reported


def test_speed_left_out_of_a_joined_run_is_reported_below_the_speeds():
    run = dataclasses.replace(
        made_run(made_cell("mini", "random", speed=1.0)), environment=(("speed", "of a only"),)
    )
    assert table(run, "speed").notes[-1] == "Speed of a only."


def test_one_seed_is_not_called_a_mean():
    run = made_run(made_cell("mini", "random"))
    assert not any("Mean over" in note for found in tables(analyse(run)) for note in found.notes)
    assert table(run, "cells").rows[0].label == "mini random"


def test_odd_curves_are_explained_below_the_final_figures():
    history = made_history()
    moved = dataclasses.replace(
        history, batch_validation_accuracy=tuple(v + 0.1 for v in history.validation_accuracy)
    )
    run = made_run(made_cell("mobilenet", "random", history=moved), made_cell("mini", "random"))
    notes = table(run, "final").notes
    assert len([note for note in notes if "trains batch normalisation" in note]) == 1


def test_verdicts_and_what_they_lack(seeds, snapshot):
    found = table(seeds, "claims")
    assert [row.label for row in found.rows] == [f"C{number}" for number in range(1, 18)]
    assert entries(found, "C1")["verdict"].startswith("undecided: ")
    assert found.rows[0].reason == snapshot


def test_the_terminal_ends_with_the_verdicts_and_the_summary(seeds):
    report = Report.of(seeds)
    text = terminal_text(report, 100, verbosity=2)
    claims = text.index("Verdicts on the paper's claims")
    assert claims > text.index("Environment")
    best = report.summary.answer[0]
    assert " ".join(text[claims:].split()).count(best) == 1
    assert report.summary.cautions[0] == "Failed: OpenFace random (seed 44)."
    assert max(map(len, text.splitlines())) <= 100
    assert best in report.files["tables.md"]


@pytest.mark.parametrize("title", ["a|b_*<i>", "\x1b[2J", "{gap} {rival}", r"\end{table} & % $"])
def test_hostile_names_do_no_harm(title):
    cells = [
        made_cell("mobilenet", init, 0.3 if init == "random" else 0.4, title=title)
        for init in ("pretrained", "random")
    ]
    reason = made_missing("openface", "random", reason=f"no {title}\n| x")
    run = made_run(*cells, dataclasses.replace(reason, title=title))
    found = [one for one in tables(analyse(run)) if one.key in ("claims", "pairs", "uncertainty")]
    assert len(found) == 3
    for text in (terminal(found, 80), *map(markdown, found), *map(latex, found), tidy_csv(found)):
        assert "\x1b" not in text
    assert "\x1b" not in terminal_text(Report.of(run))
    assert "\x1b" not in Report.of(run).files["tables.md"]
