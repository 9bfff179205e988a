"""Deviations of a run from the paper's experiment, as this project interprets it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from fer_bench.analysis.paper_forensics import TRAIN, VALIDATION
from fer_bench.protocol import published
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.head import LINEAR
from fer_bench.protocol.settings import OF_SHOTS, Protocol

if TYPE_CHECKING:
    from fer_bench.results.records import Run

_DEFAULTS = {
    item.name: item.default
    for declared in (DataSpec, Protocol)
    for item in dataclasses.fields(declared)
}

_NO_DEVIATIONS = ("seed", "seeds", "row_order", "recipe", *OF_SHOTS)
"""Settings that never count as deviations: the paper reports one run per cell, no seed, and not the
order of its images; the settings of a recipe count each; few-shot evaluation only adds results."""


def other_data(run: Run) -> str:
    """Describe how the run's images differ from the paper's; empty if they do not.

    Results without a digest are identified by data-set name and image counts.
    """
    name, digest = run.dataset.name, run.dataset.digest
    if name != published.DATASET:
        return f"data set {name} instead of {published.DATASET}"
    if dict(run.dataset.counts) != dict(published.COUNTS):
        images = sum(count for _, count in run.dataset.counts)
        return f"{images:,} images instead of {published.TOTAL:,}"
    if digest and digest != published.DIGEST:
        return f"images of digest {digest} instead of {published.DIGEST}"
    return ""


def deviations(run: Run, *, split: bool = True) -> list[str]:
    """List the deviations from the paper's experiment: the images first, then the settings.

    Seeds, row order and additional heads are none.

    Args:
        run: the run.
        split: if False, the split is not listed either.
    """
    data = other_data(run)
    settings = (
        f"{entry.name.replace('_', ' ')} {entry.value} instead of "
        f"{_DEFAULTS.get(entry.name, 'default')}"
        for entry in run.protocol
        if entry.origin == "changed"
        and entry.name not in _NO_DEVIATIONS
        and entry.value != str(_DEFAULTS.get(entry.name))
        and not (entry.name == "head" and LINEAR in entry.value.split(","))
        and (split or entry.name != "split")
    )
    return [*([data] if data else []), *settings]


def on_rates_split(run: Run) -> bool:
    """Check if a run has the parts that the published rates were made on, by their digits.

    These are all images of FER2013 in the 80/20 split, not in the split that the paper states.
    """
    sizes = (run.dataset.train, run.dataset.validation)
    return not other_data(run) and sizes == (TRAIN, VALIDATION)
