"""Command line that repeats the audit of a run's data."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

from fer_bench.results.records import COPIES, SAMPLED
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from fer_bench.results.records import Run

_DEDUPE, _LABELS = "none", "fer2013"
"""Defaults of ``--dedupe`` and ``--labels``; a command that uses them omits the option."""


def audit_command(
    dataset: str,
    *,
    split: str,
    dedupe: str = _DEDUPE,
    labels: str = _LABELS,
    class_map: str | None = None,
    votes: str | None = None,
    limit: int | None = None,
) -> str:
    """Return the command line of an audit; its report directory is always ``report``.

    Args:
        dataset: name or path of the data set.
        split: as in ``fer_bench.protocol.settings.Protocol``.
        dedupe: as there.
        labels: as there.
        class_map: name or path of the class map; None for the default mapping.
        votes: path of the FER+ votes file; None without votes.
        limit: sample size; None for all images.
    """
    options = {
        "class-map": class_map,
        "split": split,
        "dedupe": None if dedupe == _DEDUPE else dedupe,
        "labels": None if labels == _LABELS else labels,
        "votes": votes,
        "limit": limit,
        "report-dir": "report",
    }
    told = [f"--{name}={value}" for name, value in options.items() if value is not None]
    return shlex.join(["fer-bench", "data", "audit", dataset, *told])


class RecordedCommand(NamedTuple):
    """Audit command reconstructed from the record of a run.

    Attributes:
        line: the command, with placeholders in capitals for values that the record lacks.
        given: pairs of a placeholder and the option that gave the run its value.
    """

    line: str
    given: tuple[tuple[str, str], ...]


def recorded_command(run: Run) -> RecordedCommand:
    """Return the command that audits the images a recorded run was measured on."""
    known = {setting.name: setting.value for setting in run.protocol}
    data = run.dataset
    labels = known.get("labels", _LABELS)
    with_votes = labels == "ferplus" or bool(data.test_votes)
    why = dict(data.left_out)
    audited = data.train + data.validation + data.test + why.get(COPIES, 0)
    line = audit_command(
        "DATASET",
        split=data.split,
        # Records of older runs lack these settings; those runs used the defaults.
        dedupe=known.get("dedupe", _DEDUPE),
        labels=labels,
        class_map="MAP" if data.class_map else None,
        votes="VOTES" if with_votes else None,
        limit=audited if SAMPLED in why else None,
    )
    given = [("DATASET", "--dataset")]
    given += [("MAP", "--class-map")] if data.class_map else []
    given += [("VOTES", "--votes")] if with_votes else []
    return RecordedCommand(clean(line), tuple(given))
