"""Swept cells in tables, figures, terminal and page."""

import csv
import io

import pytest
from made_runs import made_cell, made_run
from statsmodels.stats.proportion import confint_proportions_2indep

from fer_bench.analysis.run_analysis import analyse
from fer_bench.analysis.sweeps import mean_optimism, optimism, score_the_same, values_at_an_end
from fer_bench.metrics import newcombe_interval
from fer_bench.report import Report, terminal_text, write_report
from fer_bench.report.plots.sweep import panels, sweep_figures
from fer_bench.report.setup_tables import sweep_tables
from fer_bench.report.table_rendering import terminal
from fer_bench.report.tables import tables
from fer_bench.results.trials import Trial, TrialSetting


def trial(accuracy, test=0.3, chosen=False, **settings):
    named = tuple(
        TrialSetting(name.replace("_", "-"), str(value)) for name, value in settings.items()
    )
    if accuracy is None:
        return Trial(named, None, None, None, 0, reason="training diverged")
    return Trial(named, accuracy, 1.0, test, 20, chosen)


RATES = (
    trial(0.3, learning_rate="1e-05", weight_decay=0),
    trial(0.35, 0.4, learning_rate="1e-05", weight_decay=1),
    trial(0.4, 0.35, learning_rate="0.001", weight_decay=0, chosen=True),
    trial(0.3, learning_rate="0.001", weight_decay=1),
    trial(None, learning_rate="1e+30", weight_decay=0),
)
LAYERS = (trial(0.3, trainable_layers="all", chosen=True), trial(0.2, trainable_layers=4))
CELLS = (
    made_cell("mobilenet", "random", trials=RATES),
    made_cell("mobilenet", "pretrained", trials=LAYERS),
    made_cell("openface", "random"),
)
RUN = made_run(*CELLS)


def test_newcombes_interval_is_that_of_statsmodels():
    for hits, images in (((3, 7), (11, 30)), ((0, 5), (9, 5)), ((120, 60), (200, 210))):
        found = newcombe_interval(hits, images)
        expected = confint_proportions_2indep(
            hits[0], images[0], hits[1], images[1], method="newcomb", compare="diff"
        )
        assert (found.low, found.high) == pytest.approx(expected)


def test_optimism_is_validation_minus_test():
    found = optimism(RATES[2], RUN.dataset)
    assert found.value == pytest.approx(0.05)
    assert found.interval.low < 0.05 < found.interval.high
    assert optimism(RATES[-1], RUN.dataset) is None
    assert mean_optimism(RATES, RUN.dataset) == pytest.approx((0 - 0.05 + 0.05 + 0) / 4)
    assert mean_optimism(RATES[-1:], RUN.dataset) is None


def test_a_chosen_rate_at_an_end_is_named():
    # Neither the largest learning rate that was tried, nor a weight decay of 0.
    assert values_at_an_end(CELLS[0]) == []
    without = made_cell("mobilenet", "random", trials=RATES[:-1])
    assert values_at_an_end(without) == ["learning-rate 0.001 is the largest"]
    assert values_at_an_end(CELLS[1]) == values_at_an_end(CELLS[2]) == []


@pytest.mark.parametrize(
    ("parameter", "values", "ends"),
    [
        ("C", ("0.1", "1"), ["C 1 is the largest"]),
        ("C", ("10", "1"), []),
        ("neighbours", ("3", "1"), []),
        ("neighbours", ("1", "3"), ["neighbours 3 is the largest"]),
        ("C", ("1", "many"), []),
    ],
)
def test_a_fitted_heads_value_at_an_end_is_named_unless_none_is_smaller(parameter, values, ends):
    first, last = values
    trials = (trial(0.3, **{parameter: first}), trial(0.4, chosen=True, **{parameter: last}))
    assert values_at_an_end(made_cell("mobilenet", "random", trials=trials)) == ends


def test_trials_that_all_score_the_same_are_said_to():
    flat = (*(trial(0.25, learning_rate=rate) for rate in (1, 2)), trial(None, learning_rate=3))
    assert score_the_same(flat)
    assert not score_the_same(RATES)
    assert not score_the_same(flat[1:])
    flat = (flat[0], trial(0.25, chosen=True, learning_rate=2))
    (table,) = sweep_tables(analyse(made_run(made_cell("mobilenet", "random", trials=flat))))
    assert "same validation accuracy" in table.notes[-1]
    assert "largest" not in table.notes[-1]


def test_settings_and_choice_stand_in_each_block_of_a_narrow_terminal():
    text = terminal(sweep_tables(analyse(RUN)), 80)
    assert text.count("chosen\n") == 0
    of_choice = [line for line in text.splitlines() if " chosen " in line and "0.001 " in line]
    assert [line.split()[2:6] for line in of_choice] == [
        ["0.001", "0", "\N{EN DASH}", "chosen"]
    ] * 2


def test_every_trial_is_a_row():
    found = {table.key: table for table in tables(analyse(RUN))}
    table = found["sweep"]
    assert [row.label for row in table.rows] == [
        *["MobileNet random"] * 5,
        *["MobileNet pretrained"] * 2,
    ]
    assert table.rows[2].entries == pytest.approx(
        ("0.001", "0", None, None, None, "chosen", 0.4, 0.35, 0.05, 1.0)
    )
    assert table.rows[4].missing == "diverged"
    assert len({row.key for row in table.rows}) == 7
    assert [column.name for column in table.visible.columns][:3] == [
        "learning rate",
        "weight decay",
        "trainable layers",
    ]
    (of_random,) = (note for note in table.notes if note.startswith("MobileNet random: "))
    assert "+5.0 points" in of_random
    assert "0.0" in of_random
    cells = {row.label: row.entries[-1] for row in found["cells"].rows}
    assert cells["MobileNet random"] == "learning-rate 0.001, weight-decay 0"
    assert cells["OpenFace random"] is None


def test_a_run_without_sweeps_has_no_such_table_or_figure():
    analysis = analyse(made_run(CELLS[2]))
    assert "sweep" not in [table.key for table in tables(analysis)]
    assert sweep_figures(analysis) == []


def test_a_panel_shows_the_best_trial_of_each_value():
    rate, decay = panels(RATES)
    assert [text for _, text in rate.ticks] == ["1e-05", "0.001", "1e+30"]
    assert rate.is_log
    assert [place for place, _ in rate.ticks] == pytest.approx([-5, -3, 30])
    chief = [one for one in rate.points if one.is_best]
    assert [one.place for one in chief] == pytest.approx([-5, -3])
    assert [one.validation for one in chief] == [0.35, 0.4]
    assert [one.validation for one in rate.points if one.is_chosen] == [0.4]
    # 0 is a decade below the smallest other value.
    assert decay.ticks == ((-1.0, "0"), (0.0, "1"))
    (layers,) = panels(LAYERS)
    assert (layers.ticks, layers.is_log) == (((0.0, "4"), (1.0, "all")), False)
    assert panels(RATES[:1]) == ()


def test_each_swept_network_has_a_figure():
    made = sweep_figures(analyse(RUN))
    assert [figure.key for figure in made] == [
        "sweep-mobilenet-random",
        "sweep-mobilenet-pretrained",
    ]
    assert "chosen learning-rate 0.001, weight-decay 0" in made[0].alt
    assert "validation accuracy 40.0 %" in made[0].alt
    for part in ("validation", "test", "others", "chosen"):
        assert f'id="learning-rate-{part}"' in made[0].svg
    # The thin line of the test images is above that of the validation images.
    first, second = (
        made[0].svg.index(f'id="learning-rate-{part}"') for part in ("validation", "test")
    )
    assert first < second
    many = tuple(
        trial(0.1 + rate / 40, learning_rate=f"{rate}e-3", chosen=rate == 20)
        for rate in range(1, 21)
    )
    (drawn,) = sweep_figures(analyse(made_run(made_cell("mobilenet", "random", trials=many))))
    assert 'id="learning-rate-chosen"' in drawn.svg
    assert 'id="learning-rate-others"' not in drawn.svg


def test_names_of_settings_are_text(tmp_path):
    hostile = Trial((TrialSetting("<script>$x^2", "<b>\n"),), 0.4, 1.0, 0.3, 0, chosen=True)
    others = Trial((TrialSetting("<script>$x^2", "1"),), 0.3, 1.0, 0.3, 0)
    run = made_run(made_cell("mobilenet", "random", trials=(hostile, others)))
    write_report(tmp_path, Report.of(run))
    page = (tmp_path / "index.html").read_text("utf-8")
    assert "<script>$x" not in page
    assert "<b>\n" not in page


def test_the_terminal_shows_the_table_with_more_words(tmp_path):
    report = Report.of(RUN)
    assert "\nSweep\n" in terminal_text(report, 100, 1)
    assert "\nSweep\n" not in terminal_text(report, 100, 0)
    rows = [row for row in csv.reader(io.StringIO(report.files["tables.csv"])) if "sweep" in row[0]]
    assert rows
