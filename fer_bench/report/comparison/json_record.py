"""JSON schema of a comparison.

Metrics are finite numbers or null; shares are 0 to 1, times in seconds, losses in nats.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, TypedDict

# Imported at run time, as get_type_hints resolves the types of the keys.
from fer_bench.analysis.comparison.compared_metrics import Unit  # noqa: TC001
from fer_bench.analysis.comparison.outcome import ChangeKind  # noqa: TC001

if TYPE_CHECKING:
    from fer_bench.analysis.comparison.outcome import Change, ComparisonResult

FORMAT: Literal["fer_bench comparison"] = "fer_bench comparison"
SCHEMA = 1
"""Schema version, incremented with every change that breaks older readers."""


class DifferenceRecord(TypedDict):
    """An environment difference between base and head.

    Keys:
        what: name of the fact that differs.
        base: value in the base.
        head: value in the head.
        meaning: consequence for the comparison.
    """

    what: str
    base: str
    head: str
    meaning: str


class IntervalRecord(TypedDict):
    """Confidence interval of a change, in the change's unit.

    Keys:
        low: lower limit.
        high: upper limit.
    """

    low: float
    high: float


class RuleRecord(TypedDict):
    """Threshold: the amount by which a metric may get worse.

    Keys:
        amount: a share of the base's value if relative, else in the metric's unit.
        relative: true if the amount is a share of the base's value.
        text: the threshold as the user wrote it.
    """

    amount: float
    relative: bool
    text: str


class ChangeRecord(TypedDict):
    """Change of a metric of a cell, or of an entire cell, between base and head.

    Keys:
        cell: backbone and init; for an entire cell of several seeds, with the seed.
        figure: name of the metric, or null if the change concerns the entire cell.
        of: qualifier of the metric: a class for ``recall``, a batch size for ``inference``; else
            empty.
        unit: unit of ``base`` and ``head``, or null for an entire cell.
        verdict: result of the comparison.
        base: value of the metric in the base, or null.
        head: value of the metric in the head, or null.
        change: head minus base, in that unit; for speeds as a share of the base; or null.
        interval: confidence interval of ``change``, or null.
        rule: threshold of the metric, or null if it has none.
        regression: true if the change makes the comparison fail.
        why: basis of the verdict, or the reason why there is none.
    """

    cell: str
    figure: str | None
    of: str
    unit: Unit | None
    verdict: ChangeKind
    base: float | None
    head: float | None
    change: float | None
    interval: IntervalRecord | None
    rule: RuleRecord | None
    regression: bool
    why: str


class OutcomeRecord(TypedDict):
    """The complete comparison.

    Keys:
        format: identifier of the file format.
        schema: schema version.
        exit_status: 0 without a regression, 1 with one, 2 if that cannot be decided.
        base: description of the base.
        head: description of the head.
        level: confidence level of the intervals.
        differences: differences in machine, threads, device, libraries, protocol and data.
        notes: further information that affects the interpretation.
        changes: changes of each metric of each cell, and of entire cells.
    """

    format: Literal["fer_bench comparison"]
    schema: int
    exit_status: int
    base: str
    head: str
    level: float
    differences: list[DifferenceRecord]
    notes: list[str]
    changes: list[ChangeRecord]


def outcome_record(outcome: ComparisonResult) -> OutcomeRecord:
    """Return the comparison as plain data."""
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "exit_status": outcome.exit_status,
        "base": outcome.base,
        "head": outcome.head,
        "level": outcome.level,
        "differences": [
            {"what": one.what, "base": one.base, "head": one.head, "meaning": one.meaning}
            for one in outcome.differences
        ],
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


def _change(change: Change) -> ChangeRecord:
    figure, interval, threshold = change.figure, change.interval, change.threshold
    return {
        "cell": change.cell,
        "figure": None if figure is None else figure.name,
        "of": change.of,
        "unit": None if figure is None else figure.unit,
        "verdict": change.verdict,
        "base": change.base,
        "head": change.head,
        "change": change.change,
        "interval": None if interval is None else {"low": interval.low, "high": interval.high},
        "rule": None
        if threshold is None
        else {
            "amount": threshold.amount,
            "relative": threshold.relative,
            "text": threshold.text,
        },
        "regression": change.regression,
        "why": change.why,
    }
