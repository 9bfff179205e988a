"""Annotations of a comparison for GitHub Actions, as workflow commands.

The commands and their escapes follow GitHub's documentation, *Workflow commands for GitHub
Actions*, and its toolkit.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from fer_bench.analysis.comparison.compared_metrics import METRICS
from fer_bench.report.comparison.phrases import (
    change_text,
    name_text,
    value_text,
    verdict_text,
)
from fer_bench.runtime.escapes import clean, in_data, in_property

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fer_bench.analysis.comparison.comparison_result import Change, ChangeKind, ComparisonResult

    Annotation = tuple[str, str]
    """Title and message."""

_MOST = 10
"""Maximum number of annotations of each kind that GitHub shows per step; it drops the rest."""


def workflow_commands(outcome: ComparisonResult) -> list[str]:
    """Return workflow commands, one line each: errors, then warnings, then notices.

    Regressions are errors. Warnings are, in this order: metrics with a threshold that cannot be
    compared; metrics or cells that are gone, then those that are not deterministic, if they are no
    regressions; entire cells that cannot be compared; environment differences; and metrics that
    got worse and have no threshold. Improvements are notices. If there are more of a kind than
    GitHub shows, the last annotation gives the number and titles of the remaining ones.
    """
    by_verdict: dict[ChangeKind, list[Change]] = {}
    for change in sorted(outcome.changes, key=_rank):
        if not change.regression:
            by_verdict.setdefault(change.verdict, []).append(change)
    complete = [change for change in by_verdict.get("not comparable", []) if change.metric is None]
    severe = [
        *sorted(outcome.undecided, key=_rank),
        *by_verdict.get("gone", []),
        *by_verdict.get("not deterministic", []),
        *complete,
    ]
    differing = [
        (f"Different {one.what}", f"{one.base} in the base, {one.head} in the head: {one.meaning}")
        for one in outcome.differences
    ]
    annotation = partial(_annotation, names=outcome.names)
    worse = map(annotation, by_verdict.get("worse", []))
    return [
        *_commands("error", [*map(annotation, sorted(outcome.regressions, key=_rank))]),
        *_commands("warning", [*map(annotation, severe), *differing, *worse]),
        *_commands("notice", [*map(annotation, by_verdict.get("better", []))]),
    ]


def _rank(change: Change) -> tuple[int, float]:
    """Return the sort key: entire cells first, then by metric, largest change first."""
    place = -1 if change.metric is None else METRICS.index(change.metric)
    return place, -abs(change.change or 0.0)


def _annotation(change: Change, names: Mapping[str, str]) -> Annotation:
    title = f"{names[change.cell]}: {name_text(change)} {verdict_text(change)}"
    parts = [
        f"{name} {value_text(change.metric, value)}"
        for name, value in (("base", change.base), ("head", change.head))
        if change.metric is not None and value is not None
    ]
    if (changed := change_text(change)) is not None:
        parts.append(f"change {changed}")
    if change.threshold is not None:
        parts.append(f"threshold {change.threshold.text}")
    return title, "; ".join(filter(None, (", ".join(parts), change.why)))


def _commands(
    kind: Literal["error", "warning", "notice"], annotations: Sequence[Annotation]
) -> Iterator[str]:
    shown = list(annotations)
    if len(annotations) > _MOST:
        left = [title for title, _ in annotations[_MOST - 1 :]]
        shown = [*annotations[: _MOST - 1], (f"{len(left)} more", "; ".join(left))]
    for title, message in shown:
        # GitHub ignores a command without a message.
        text = clean(message) or clean(title)
        yield f"::{kind} title={in_property(clean(title))}::{in_data(text)}"
