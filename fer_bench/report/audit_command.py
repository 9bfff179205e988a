"""Command line that repeats the audit of a run's data."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

from fer_bench.protocol.data_spec import data_options
from fer_bench.results.records import COPIES, SAMPLED
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fer_bench.protocol.data_spec import DataSpec
    from fer_bench.results.records import Run


def audit_command(spec: DataSpec) -> str:
    """Return the command line that audits the data of a run; its report is in ``report``."""
    return _line(spec.dataset, spec.options())


def _line(dataset: str, options: Iterable[str]) -> str:
    return shlex.join(["fer-bench", "data", "audit", dataset, *options, "--report-dir=report"])


class RecordedCommand(NamedTuple):
    """Audit command reconstructed from the record of a run.

    Attributes:
        line: the command, with placeholders in capitals for values that the record lacks.
        arguments: pairs of a placeholder and the option that gave the run its value.
    """

    line: str
    arguments: tuple[tuple[str, str], ...]


def recorded_command(run: Run) -> RecordedCommand:
    """Return the command that audits the images a recorded run was measured on."""
    data, why = run.dataset, dict(run.dataset.left_out)
    values: dict[str, object] = {"split": data.split}
    # Records of older runs lack these settings; those runs used the defaults.
    values |= {
        setting.name: setting.value
        for setting in run.protocol
        if setting.name in ("row_order", "dedupe", "labels")
    }
    with_votes = values.get("labels") == "ferplus" or bool(data.test_votes)
    if data.class_map:
        values["class_map"] = "MAP"
    if with_votes:
        values["votes"] = "VOTES"
    if SAMPLED in why:
        values["limit"] = data.train + data.validation + data.test + why.get(COPIES, 0)
    arguments = [("DATASET", "--dataset")]
    arguments += [("MAP", "--class-map")] if data.class_map else []
    arguments += [("VOTES", "--votes")] if with_votes else []
    return RecordedCommand(clean(_line("DATASET", data_options(values))), tuple(arguments))
