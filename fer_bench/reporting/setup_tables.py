"""Tables of what a run was set up as: its protocol and its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.paper.deviations import deviations
from fer_bench.reporting.table import Column, Row, Table

if TYPE_CHECKING:
    from fer_bench.results import Run


def protocol_table(run: Run) -> Table:
    """Every setting with its origin, and in what the run departs from the paper."""
    found = deviations(run)
    return Table(
        key="protocol",
        title="Protocol",
        head="Setting",
        columns=(
            Column("value", kind="text"),
            Column("origin", kind="word"),
            Column("why", kind="text"),
        ),
        rows=tuple(
            Row(entry.name.replace("_", " "), (entry.value, entry.origin, entry.why))
            for entry in run.protocol
        ),
        notes=(
            "stated: by the paper. chosen: by this project, where the paper is silent. changed: "
            "for this run.",
            *([f"Not like for like with the paper: {'; '.join(found)}."] if found else []),
        ),
    )


def environment_table(run: Run) -> Table:
    """What is known of machine and software."""
    return Table(
        key="environment",
        title="Environment",
        head="What",
        columns=(Column("value", kind="text"),),
        rows=tuple(Row(name, (value,)) for name, value in run.environment),
        notes=(f"Data set {run.dataset.name}, content digest {run.dataset.digest}.",),
    )
