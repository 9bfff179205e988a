"""Facts about a run in the setup section of the page: date, duration, versions, links."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fer_bench.analysis.experiments import Experiment

PAPER = "https://ceur-ws.org/Vol-3171/"
"""Proceedings with the paper."""

_VERSIONS = ("fer_bench", "python", "backend", "keras", "numpy", "processor", "devices", "commit")
"""Environment facts to show; the table of the environment has all."""


def setup_facts(experiments: Sequence[Experiment]) -> list[tuple[str, str]]:
    """Return name and value of each fact; names include the experiment's if there are several."""
    return [
        (f"{name} ({clean(experiment.name)})" if experiment.name else name, clean(value))
        for experiment in experiments
        for name, value in _facts(experiment)
    ]


def _facts(experiment: Experiment) -> Iterator[tuple[str, str]]:
    dates = sorted({f"{time:%Y-%m-%d %H:%M} UTC" for time in experiment.times})
    if dates:
        yield "measured", " and ".join(dates)
    seconds = sum(seconds for cell in experiment.run.cells for _, seconds in cell.parts)
    if seconds:
        yield "all cells, evaluation included", _duration(seconds)
    environment = dict(experiment.run.environment)
    for name in _VERSIONS:
        if name in environment:
            yield name, environment[name]


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    shown = [(hours, "h"), (minutes, "min"), (rest, "s")]
    first = next((place for place, (count, _) in enumerate(shown) if count), 2)
    return " ".join(f"{count} {unit}" for count, unit in shown[first : first + 2])


def links() -> list[tuple[str, str]]:
    """Return title and address of the paper, and of the project if the package records it."""
    found = [("The paper, in the proceedings of COLINS 2022", PAPER)]
    try:
        urls = metadata.metadata("fer-bench").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        urls = []
    for line in urls:
        title, _, address = (part.strip() for part in line.partition(","))
        if address.startswith("https://"):
            found.append((f"fer_bench: {title}", address))
    return found
