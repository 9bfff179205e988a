"""Estimates of time and disk space of a planned run, from what the store has of similar cells."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from fer_bench.cluster.plan import prefix_of
from fer_bench.protocol.settings import OF_CELLS, is_of_head
from fer_bench.results import load_run
from fer_bench.results.records import FROZEN_FEATURES
from fer_bench.runtime.errors import FerBenchError, bytes_shown, listed
from fer_bench.training.store.inventory import entries

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from fer_bench.cluster.plan import CellList
    from fer_bench.protocol.cell import Cell
    from fer_bench.results.records import CellResult
    from fer_bench.training.store.inventory import Entry


def estimate(planned: CellList, processes: int) -> list[str]:
    """Return sentences on the expected time and disk space of a run with some processes.

    The time of a cell is the median of stored cells with the same backbone, init, head and
    settings; their data may have been others. Without such cells it is stated to be unknown.

    Raises:
        FerBenchError: the store cannot be read.
    """
    store = Path(planned.store)
    parts = entries(store)
    cells = [one.cell for one in planned.cells]
    return [
        _time(cells, _similar(parts, planned.settings), processes),
        _disk(cells, [part for part in parts if part.kind == "features"]),
        _free(store),
    ]


def _similar(parts: Iterable[Entry], settings: Mapping[str, str]) -> list[tuple[CellResult, str]]:
    """Return the stored cells with these settings, each with a description of its data."""
    found = []
    for part in parts:
        if part.kind == "results" and not part.useless:
            # The store verifies its results when it uses them; here a damaged one is left out.
            with contextlib.suppress(FerBenchError):
                run = load_run(part.path / "result.json")
                values = {setting.name: setting.value for setting in run.protocol}
                if _of_protocol(values) == _of_protocol(settings):
                    data = f"{run.dataset.name} ({run.dataset.train:,} training images)"
                    found += [(cell, data) for cell in run.cells]
    return found


def _of_protocol(settings: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in settings.items()
        if name not in OF_CELLS and not is_of_head(name)
    }


def _time(cells: Sequence[Cell], similar: Sequence[tuple[CellResult, str]], processes: int) -> str:
    own: dict[Hashable, list[float]] = {}
    shared: dict[Hashable, list[float]] = {}
    for cell, _ in similar:
        seconds = dict(cell.parts)
        features = seconds.pop(FROZEN_FEATURES, 0.0)
        own.setdefault((cell.backbone, cell.init, cell.head), []).append(sum(seconds.values()))
        shared.setdefault((cell.backbone, cell.init), []).append(features)
    known = [cell for cell in cells if (cell.backbone, cell.init, cell.head) in own]
    others = [cell.id for cell in cells if cell not in known]
    unknown = f"unknown for {len(others)} cells ({listed(others, 4)})" if others else ""
    if not known:
        return f"time: {unknown}: the store has no timings of such cells"
    work = sum(median(own[cell.backbone, cell.init, cell.head]) for cell in known)
    # Features are computed once for all cells with the same prefix.
    prefixes = {prefix_of(cell): (cell.backbone, cell.init) for cell in known}
    work += sum(median(shared[group]) for group in prefixes.values())
    data = listed(list(dict.fromkeys(data for _, data in similar)), 3)
    return (
        f"time: about {_duration(work)} of work for {len(known)} cells, "
        f"{_duration(work / processes)} at best with {processes} at a time, as in earlier runs on "
        f"{data}" + (f"; {unknown}" if unknown else "")
    )


def _disk(cells: Sequence[Cell], stored: Sequence[Entry]) -> str:
    needed, unknown = 0, []
    for cell in {prefix_of(cell): cell for cell in cells}.values():
        words = f"{cell.backbone} {cell.init}"
        sizes = [part.size for part in stored if part.what.startswith(f"{words},")]
        if sizes:
            needed += max(sizes)
        else:
            unknown.append(words)
    names = listed(list(dict.fromkeys(unknown)), 4)
    return f"disk: {bytes_shown(needed)} of frozen features" + (
        f" and an unknown size for {names}, of which the store has none" if unknown else ""
    )


def _free(store: Path) -> str:
    place = next(one for one in (store, *store.parents) if one.exists())
    return f"store: {str(store)!r}, {bytes_shown(shutil.disk_usage(place).free)} free"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
