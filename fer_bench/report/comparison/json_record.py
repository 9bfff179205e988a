"""A comparison as a record in JSON, key by key.

Figures are finite numbers or null; shares are 0 to 1, times in seconds, losses in nats.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, TypedDict

# Types of keys: get_type_hints looks them up at run time.
from fer_bench.analysis.comparison.compared_metrics import Unit  # noqa: TC001
from fer_bench.analysis.comparison.outcome import Verdict  # noqa: TC001

if TYPE_CHECKING:
    from fer_bench.analysis.comparison.outcome import Change, Outcome

FORMAT: Literal["fer_bench comparison"] = "fer_bench comparison"
SCHEMA = 1
"""Version of the record. It grows with every change that an older reader cannot read."""


class DifferenceRecord(TypedDict):
    """A fact in which the two sides' surroundings differ.

    Keys:
        what: its name.
        base: its value there.
        head: the same of the head.
        meaning: what follows for the comparison.
    """

    what: str
    base: str
    head: str
    meaning: str


class IntervalRecord(TypedDict):
    """The interval of a change, in the change's unit.

    Keys:
        low: lower end.
        high: upper end.
    """

    low: float
    high: float


class RuleRecord(TypedDict):
    """How much worse a figure may get.

    Keys:
        amount: a share of the base's value where it is relative, else in the figure's unit.
        relative: whether it is one.
        text: as it was written.
    """

    amount: float
    relative: bool
    text: str


class ChangeRecord(TypedDict):
    """One figure of one cell on both sides, or a whole cell.

    Keys:
        cell: backbone and init; of a whole cell of several seeds, with the seed.
        figure: its name, or null where the change is of the whole cell.
        of: which one of several: a class for ``recall``, a batch size for ``inference``; else
            empty.
        unit: of ``base`` and ``head``, or null for a whole cell.
        verdict: what became of it.
        base: the figure on the base side, or null.
        head: the same of the head.
        change: head less base, in that unit; of speeds as a share of the base; or null.
        interval: of ``change``, or null.
        rule: or null where the figure has none.
        regression: whether it makes the comparison fail.
        why: how it was decided, or why it cannot be.
    """

    cell: str
    figure: str | None
    of: str
    unit: Unit | None
    verdict: Verdict
    base: float | None
    head: float | None
    change: float | None
    interval: IntervalRecord | None
    rule: RuleRecord | None
    regression: bool
    why: str


class OutcomeRecord(TypedDict):
    """The whole comparison.

    Keys:
        format: tells what the file is.
        schema: version of the record.
        exit_status: 0 where nothing got worse, 1 with a regression, 2 where that cannot be told.
        base: what the base side is.
        head: what the head side is.
        level: of the intervals.
        differences: of machine, threads, device, libraries, protocol and data.
        notes: what else a reader must know.
        changes: of each figure of each cell, and of whole cells.
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


def outcome_record(outcome: Outcome) -> OutcomeRecord:
    """The comparison as plain data."""
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


def json_text(outcome: Outcome) -> str:
    """The comparison as JSON, in ASCII and without a command that a runner would find in a name.

    Raises:
        ValueError: a figure is not finite.
    """
    text = json.dumps(outcome_record(outcome), allow_nan=False, indent=1) + "\n"
    # Only texts have the sign; JSON reads it as the same one.
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
