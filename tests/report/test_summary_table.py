from __future__ import annotations

import csv
import dataclasses

import numpy as np
import pytest
from made_runs import LABELS, made_cell, made_missing, made_run

from fer_bench.analysis.experiments import Experiment
from fer_bench.analysis.run_analysis import analyse
from fer_bench.analysis.summary import summarise
from fer_bench.report import Report, highlighted, terminal_text
from fer_bench.report.output import DETAILS
from fer_bench.report.plots.tradeoffs import tradeoffs
from fer_bench.report.summary_csv import summary_csv
from fer_bench.report.summary_table import summary_table
from fer_bench.results.records import Parameters


def made_table(*cells, width=1000):
    return summary_table(analyse(made_run(*cells)), width)


def column(table, name):
    place = [one.name for one in table.columns].index(name)
    return {row.label: row.entries[place] for row in table.rows}


FAST = made_cell("openface", "random", 0.3, speed=500.0)
BEST = dataclasses.replace(
    made_cell("mobilenet", "pretrained", 0.5, speed=100.0),
    parameters=Parameters(backbone=3_228_864, trainable=1_060_000, head=7_175),
    parts=(("frozen features", 60.0), ("training", 40.0)),
)
WEAK = made_cell("mini", "random", 0.251)


def test_networks_and_the_majority_class_are_ranked_by_accuracy():
    table = made_table(FAST, WEAK, BEST, made_missing("vggface", "pretrained"))
    assert [row.label for row in table.rows] == [
        "MobileNet pretrained",
        "OpenFace random",
        "mini random",
        "always Happy",
        "VGG-Face pretrained",
    ]
    assert column(table, "> base") == {
        "MobileNet pretrained": "yes",
        "OpenFace random": "yes",
        "mini random": "no",
        "always Happy": None,
        "VGG-Face pretrained": None,
    }
    missing = table.rows[-1]
    assert (missing.missing, bool(missing.reason)) == ("skipped", True)
    assert set(missing.entries) == {None}


def test_entries_by_hand():
    table = made_table(BEST)
    entries = {
        one.name: entry for one, entry in zip(table.columns, table.rows[0].entries, strict=True)
    }
    # The half width of a 95 % interval of a share of 0.5 of 3,585 images is 1.6 points.
    assert entries["accuracy ±CI"] == "*50.0±1.6"
    assert (entries["all"], entries["tuned"]) == ("3.24M", "1.06M")
    assert (entries["train"], entries["img/s"]) == ("100 s", "100")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (99.4, "99 s"),
        (599, "599 s"),
        (599.6, "10 min"),
        (7200, "2.0 h"),
    ],
)
def test_durations(seconds, text):
    cell = dataclasses.replace(BEST, parts=(("frozen features", 0.0), ("training", seconds)))
    assert column(made_table(cell), "train")["MobileNet pretrained"] == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (7, "7"),
        (1000, "1.00k"),
        (67_767, "67.8k"),
        (220_000, "220k"),
        (145_002_878, "145M"),
        (999_600, "1.00M"),
    ],
)
def test_parameter_counts(count, text):
    cell = dataclasses.replace(BEST, parameters=Parameters(backbone=count, trainable=count, head=0))
    assert column(made_table(cell), "all")["MobileNet pretrained"] == text


def test_networks_within_noise_are_marked_and_seeds_give_the_deviation():
    cells = (made_cell("mini", "random", 0.5 + seed / 100, seed=seed) for seed in (1, 2, 3))
    marked = column(made_table(*cells), "accuracy ±sd")
    assert marked["mini random"] == "*52.0±1.0"
    # A standard deviation needs two seeds: a single one gets none.
    mixed = made_table(
        *(made_cell("mini", "random", 0.5 + seed / 100, seed=seed) for seed in (1, 2)),
        made_cell("openface", "random", 0.4),
    )
    assert column(mixed, "accuracy ±sd")["OpenFace random"] == "40.0"
    near = made_cell("openface", "random", 0.501, spread=2)
    marked = column(
        made_table(made_cell("vggface", "random", 0.5, spread=1), near, WEAK), "accuracy ±CI"
    )
    assert [text.startswith("*") for text in marked.values()] == [True, True, False, False]


def test_a_network_at_the_baseline_is_no_rival_of_a_noisy_best_one():
    noisy = [
        made_cell("openface", "random", 0.35 + 0.09 * seed, seed=seed, spread=seed)
        for seed in range(3)
    ]
    learnt = [made_cell("vggface", "random", 0.35, seed=seed, spread=seed) for seed in range(3)]
    happy = np.full(len(LABELS), np.bincount(LABELS).argmax(), np.uint8)
    constant = [made_cell("mini", "random", seed=seed, predicted=happy) for seed in range(3)]
    analysis = analyse(made_run(*noisy, *learnt, *constant))
    assert all(one.ties_best for one in analysis.standings)
    table = summary_table(analysis)
    marked = [text.startswith("*") for text in column(table, "accuracy ±sd").values()]
    assert marked == [True, True, False, False]
    assert column(table, "> base")["mini random"] == "= base"
    # Recall and F1 are 0 in six of seven classes; in Happy, precision is the accuracy.
    share = float((happy == LABELS).mean())
    f1 = f"{100 * 2 * share / (1 + share) / 7:.1f}"
    for label in ("mini random", "always Happy"):
        assert column(table, "F1")[label] == f1
        assert column(table, "UAR")[label] == "14.3"
    best, *_ = summarise(analysis).answer
    assert ": VGG-Face random does not differ significantly from OpenFace random, " in best
    steady = [made_cell("vggface", "random", 0.3, seed=seed, spread=seed) for seed in range(3)]
    analysis = analyse(made_run(*steady, *constant))
    undecided = tuple(dataclasses.replace(pair, corrected=0.06) for pair in analysis.pairs)
    vars(analysis)["pairs"] = undecided
    best, *_ = summarise(analysis).answer
    assert best.startswith("VGG-Face random has the highest test accuracy ")


def test_an_advantage_over_the_baseline_must_hold_without_duplicates():
    have_duplicate = np.arange(len(LABELS)) % 2 == 0
    by_heart = np.where(have_duplicate, LABELS, (LABELS + 1) % 7).astype(np.uint8)
    run = made_run(
        made_cell("openface", "random", predicted=by_heart), made_cell("vggface", "random", 0.45)
    )
    for code, best in ((0, "yes"), (3, "no")):
        codes = np.where(have_duplicate, code, 0).astype(np.uint8).tobytes()
        dataset = dataclasses.replace(run.dataset, test_twins=codes)
        table = summary_table(analyse(dataclasses.replace(run, dataset=dataset)))
        assert column(table, "> base")["OpenFace random"] == best
        assert column(table, "> base")["VGG-Face random"] == "yes"
        assert ("(only with duplicates: OpenFace random)" in table.notes[0]) == (best == "no")


def test_training_time_is_the_features_once_and_the_epochs_of_one_seed():
    stages = (
        (("frozen features", 60.0), ("training", 40.0), ("evaluation", 500.0)),
        (("building the network", 9.0), ("training", 80.0)),  # features from the store
    )
    cells = [
        dataclasses.replace(made_cell("mini", "random", 0.5, seed=seed), parts=parts)
        for seed, parts in enumerate(stages)
    ]
    analysis = analyse(made_run(*cells))
    assert analysis.standings[0].training_seconds == 120.0
    costs = {one.name: one.values for one in tradeoffs(analysis.groups, 32)}
    assert costs["training time"] == {0: 120.0}
    rows = csv.DictReader(summary_csv([(analysis, [Experiment(analysis.run)])]).splitlines())
    assert [row["training_seconds"] for row in rows] == ["100.0", "140.0"]
    unknown = ": no time recorded for frozen features."
    assert unknown not in summary_table(analysis).notes[0]
    stored = made_table(cells[1])
    assert unknown in stored.notes[0]
    # A lower limit is not plotted as if it were the cost.
    assert column(stored, "train")["mini random"] == "\N{GREATER-THAN OR EQUAL TO}80 s"
    costs = {one.name for one in tradeoffs(analyse(made_run(cells[1])).groups, 32)}
    assert "training time" not in costs


def test_only_training_times_of_the_same_work_show_the_noise():
    complete = (("frozen features", 40.0), ("training", 40.0))
    cells = [made_cell("mini", init, 0.5, parts=complete) for init in ("pretrained", "random")]
    assert "noise alone, up to 0 %." in made_table(*cells).notes[0]
    cells[1] = dataclasses.replace(cells[1], parts=complete[1:])
    assert "noise alone" not in made_table(*cells).notes[0]


def test_columns_that_no_network_has_are_omitted():
    names = [one.name for one in made_table(WEAK).columns]
    assert "img/s" not in names
    assert "ms" not in names


def test_a_long_title_drops_no_column():
    run = made_run(BEST, FAST, WEAK)
    named = dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, name="n" * 70))
    widths = [len(summary_table(analyse(one), 80).columns) for one in (run, named)]
    assert widths[0] == widths[1]


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_the_terminal(width):
    report = Report.of(made_run(BEST, FAST, WEAK, made_missing("vggface", "pretrained")))
    lines = terminal_text(report, width).splitlines()
    assert max(map(len, lines)) <= width
    named = "Too wide for this terminal" in " ".join(lines)
    assert named == (len(summary_table(report.analysis, width).columns) < 8)


def test_the_terminal_shows_as_much_as_it_is_asked_for(snapshot):
    report = Report.of(made_run(BEST, FAST, WEAK))
    answer, default, verbose, everything = (
        terminal_text(report, 80, verbosity) for verbosity in (-1, 0, 1, 2)
    )
    assert " ".join(answer.split()) == " ".join(report.summary.answer)
    assert default == snapshot
    titles = {table.key: table.title for table in report.tables}
    assert all((title in verbose) == (key in DETAILS) for key, title in titles.items())
    assert all(title in everything for title in titles.values())


def test_styles_add_nothing_but_ansi_sequences():
    text = terminal_text(Report.of(made_run(BEST, FAST, WEAK)), 80)
    styled = highlighted(text)
    best = next(line for line in text.splitlines() if "  *" in line)
    assert f"\x1b[1m{best}\x1b[0m" in styled
    assert "\x1b[33mNOTE:" in styled
    import click

    assert click.unstyle(styled) == text
