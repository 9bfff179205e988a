"""Tables of a run's protocol and environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.report.table import Column, Row, Table
from fer_bench.results.fact_names import OF_FEATURES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.results.records import CellResult, Run


def protocol_table(analysis: Analysis) -> Table:
    """Return the table of all settings with their origin, and deviations from the paper."""
    found = analysis.deviations
    return Table(
        key="protocol",
        title="Protocol",
        head="Setting",
        columns=(
            Column("value", kind="text"),
            Column("origin", kind="word"),
            Column("reason", kind="text", keys=("", "why")),
        ),
        rows=tuple(
            Row(
                name.replace("figures", "metrics"), (entry.value, entry.origin, entry.why), key=name
            )
            for entry in analysis.run.protocol
            for name in (entry.name.replace("_", " "),)
        ),
        notes=(
            "stated: by the paper. chosen: by this project, as the paper does not state it. "
            "changed: for this run.",
            *([f"Not directly comparable with the paper: {'; '.join(found)}."] if found else []),
        ),
    )


def environment_table(run: Run) -> Table:
    """Return the table of recorded facts about machine and software."""
    return Table(
        key="environment",
        title="Environment",
        head="Property",
        columns=(Column("value", kind="text"),),
        rows=tuple(Row(name, (value,)) for name, value in run.environment),
        notes=(
            f"Data set {run.dataset.name}, content digest {run.dataset.digest}.",
            *_elsewhere(run),
        ),
    )


def _elsewhere(run: Run) -> Iterable[str]:
    """Yield a note for each environment difference between stored results and the run."""
    around = {name: value.split("; ") for name, value in run.environment}
    found: dict[str, list[CellResult]] = {}
    for cell in run.cells:
        others = [
            f"{name} {value}"
            for name, value in cell.computed_on
            if value not in around.get(name, ()) and (name in around or name.endswith(OF_FEATURES))
        ]
        if others:
            found.setdefault(", ".join(others), []).append(cell)
    several = len({cell.seed for cell in run.cells}) > 1
    for what, cells in found.items():
        names = "; ".join(cell.name if several else cell.label for cell in cells)
        yield (
            f"Computed in another environment ({what}), which may change the last digits: {names}."
        )
