"""Comparison in JSON form, and its files in the report directory.

The keys of the JSON are the fields of ``fer_bench.analysis.comparison.ComparisonResult`` and of the
classes in it. Metrics are finite numbers or null; shares are 0 to 1, times in seconds, losses in
nats. In addition, there are

* ``format``: identifier of the file format;
* ``schema``: schema version;
* ``exit_status``: 0 without a regression, 1 with one, 2 if that cannot be decided;

and in each change

* ``figure``: name of the metric, or null if the change concerns the entire cell;
* ``unit``: unit of ``base`` and ``head``, or null for an entire cell;
* ``rule``: the ``threshold``.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from fer_bench.report.comparison.text import markdown_text
from fer_bench.report.output_files import remove_files, write_files

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.analysis.comparison.comparison_result import Change, ComparisonResult

FORMAT = "fer_bench comparison"
SCHEMA = 1
"""Schema version, incremented with every change that breaks older readers."""


def outcome_record(outcome: ComparisonResult) -> dict[str, Any]:
    """Return the comparison as plain data."""
    differences = [dataclasses.asdict(one) for one in outcome.differences]
    for one in differences:
        del one["of_experiment"]
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "exit_status": outcome.exit_status,
        "base": outcome.base,
        "head": outcome.head,
        "level": outcome.level,
        "differences": differences,
        "notes": list(outcome.notes),
        "changes": [_change(change) for change in outcome.changes],
    }


def json_text(outcome: ComparisonResult) -> str:
    """Return the comparison as ASCII JSON in which a CI runner finds no logging command.

    Raises:
        ValueError: a metric is not finite.
    """
    text = json.dumps(outcome_record(outcome), allow_nan=False, indent=1) + "\n"
    # "##" starts a runner's command; it occurs only inside strings, where the escape is equivalent.
    return text.replace("##", r"#\u0023")


def _change(change: Change) -> dict[str, Any]:
    metric, interval, threshold = change.metric, change.interval, change.threshold
    return {
        "cell": change.cell,
        "figure": metric and metric.name,
        "of": change.of,
        "unit": metric and metric.unit,
        "verdict": change.verdict,
        "base": change.base,
        "head": change.head,
        "change": change.change,
        "interval": interval and dataclasses.asdict(interval),
        "rule": threshold and dataclasses.asdict(threshold),
        "regression": change.regression,
        "why": change.why,
    }


def write_comparison(folder: Path, outcome: ComparisonResult) -> None:
    """Write ``comparison.md`` and ``comparison.json``, each atomically, after rendering both.

    Raises:
        FerBenchError: a file cannot be written.
    """
    texts = {"comparison.md": markdown_text(outcome), "comparison.json": json_text(outcome)}
    write_files(folder, texts)


def remove_comparison(folder: Path) -> None:
    """Remove only the files that an earlier comparison wrote to the directory.

    Raises:
        FerBenchError: a file cannot be removed.
    """
    remove_files(folder, ("comparison.md", "comparison.json").__contains__)
