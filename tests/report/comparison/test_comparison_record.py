"""Comparisons as JSON: nothing is lost, and every key is explained."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from made_outcomes import EVERYTHING, WORSE, dataclasses, made_outcome, outcomes

from fer_bench.analysis.comparison import METRICS, Change, ComparisonResult, Difference, Threshold
from fer_bench.metrics import Interval
from fer_bench.report.comparison import (
    json_record,
    json_text,
    outcome_record,
    remove_comparison,
    write_comparison,
)
from fer_bench.report.output_files import MANIFEST
from fer_bench.results import KEY

BY_NAME = {metric.name: metric for metric in METRICS}


def read(text, names):
    """Return the outcome that a record is of, with display names that it does not hold."""
    made = json.loads(text)
    changes = []
    for entry in made["changes"]:
        interval, threshold = entry.pop("interval"), entry.pop("rule")
        metric, unit = BY_NAME.get(entry.pop("figure")), entry.pop("unit")
        assert unit == (metric and metric.unit)
        changes.append(
            Change(
                **entry,
                metric=metric,
                interval=interval and Interval(**interval),
                threshold=threshold and Threshold(**threshold),
            )
        )
    outcome = ComparisonResult(
        base=made["base"],
        head=made["head"],
        differences=tuple(Difference(**entry) for entry in made["differences"]),
        notes=tuple(made["notes"]),
        changes=tuple(changes),
        level=made["level"],
        names=names,
    )
    assert made["exit_status"] == outcome.exit_status
    return outcome


@given(outcomes())
def test_an_outcome_comes_back_from_its_record(outcome):
    assert read(json_text(outcome), outcome.names) == outcome


def test_the_record_of_one_change():
    (made,) = outcome_record(made_outcome(WORSE))["changes"]
    assert made == {
        "cell": "mini-pretrained",
        "figure": "accuracy",
        "of": "",
        "unit": "share",
        "verdict": "worse",
        "base": 0.5123,
        "head": 0.4987,
        "change": -0.0136,
        "interval": {"low": -0.0203, "high": -0.0071},
        "rule": {"amount": 0.005, "relative": False, "text": "0.5pp"},
        "regression": True,
        "why": WORSE.why,
    }


def test_a_figure_that_is_not_finite_is_not_written():
    with pytest.raises(ValueError, match="JSON"):
        json_text(made_outcome(dataclasses.replace(WORSE, change=math.nan)))


def test_every_key_is_a_field_or_explained():
    record = outcome_record(made_outcome(WORSE))
    (change,) = record["changes"]
    fields = {
        item.name
        for kind in (ComparisonResult, Change, Difference)
        for item in dataclasses.fields(kind)
    }
    own = ({*record} | {*change}) - fields
    assert own == {"format", "schema", "exit_status", "figure", "unit", "rule"}
    assert all(f"\n* ``{key}``: " in json_record.__doc__ for key in own)
    others = {"metric", "threshold", "of_experiment", "what", "meaning", "names"}
    assert fields - {*record} - {*change} == others
    assert set(outcome_record(EVERYTHING)["differences"][0]) == {"what", "base", "head", "meaning"}


def test_it_cannot_be_taken_for_a_results_file():
    assert KEY not in outcome_record(EVERYTHING)


# -- files


def test_both_files_are_written_over_older_ones_and_removed(tmp_path):
    write_comparison(tmp_path, made_outcome(WORSE))
    write_comparison(tmp_path, EVERYTHING)
    names = {"comparison.md", "comparison.json", MANIFEST}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert read((tmp_path / "comparison.json").read_text(), EVERYTHING.names) == EVERYTHING
    (tmp_path / "results.json").touch()
    remove_comparison(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"results.json", MANIFEST}
    remove_comparison(tmp_path)
    remove_comparison(tmp_path / "nowhere")
    remove_comparison(tmp_path / "results.json")


def test_files_of_others_stay(tmp_path):
    for name, text in (("comparison.md", "# Mine"), ("comparison.json", '{"format": "mine"}')):
        (tmp_path / name).write_text(text)
    remove_comparison(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
