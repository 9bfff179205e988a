"""The command that audits a run's data again."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

from fer_bench.results.records import COPIES, SAMPLED
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from fer_bench.results.records import Run

_DEDUPE, _LABELS = "none", "fer2013"
"""What is done where nothing is said of them."""


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
    """The command line of an audit, without the name of the folder that it went to.

    Args:
        dataset: name or path.
        split: as in ``fer_bench.protocol.settings.Protocol``.
        dedupe: as there.
        labels: as there.
        class_map: name or path of what names of classes stand for, None for what is usual.
        votes: path of FER+'s file, None without.
        limit: size of the sample, None for all images.
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
    """What audits the data of a run of which only the record is known.

    Attributes:
        line: the command, with words in capitals for what the record does not tell.
        given: those words, and the options that the run was given them with.
    """

    line: str
    given: tuple[tuple[str, str], ...]


def recorded_command(run: Run) -> RecordedCommand:
    """The audit of the images that a recorded run was measured on."""
    known = {setting.name: setting.value for setting in run.protocol}
    data = run.dataset
    labels = known.get("labels", _LABELS)
    with_votes = labels == "ferplus" or bool(data.test_votes)
    why = dict(data.left_out)
    audited = data.train + data.validation + data.test + why.get(COPIES, 0)
    line = audit_command(
        "DATASET",
        split=data.split,
        # Older runs had no such settings, and did what is done without them.
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
