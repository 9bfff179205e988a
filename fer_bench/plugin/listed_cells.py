"""Plugin for ``pytest --collect-only`` that writes the list of the selected cells to a file.

``fer-bench launch`` and ``fer-bench cells`` load it with ``-p``.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fer_bench.cluster.plan import CellList, PlannedCell
from fer_bench.plugin.stash_keys import SETTINGS
from fer_bench.runtime.files import write_atomically

OPTION = "--fer-cell-list"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the option that names the file."""
    parser.addoption(OPTION, dest="fer_cell_list", required=True)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Refuse options that have no meaning for a job."""
    settings = config.stash.get(SETTINGS, None)
    if settings is not None and settings.shard.count > 1:
        raise pytest.UsageError(
            f"--shard={settings.shard}: the jobs divide the cells; omit --shard"
        )
    if settings is not None and settings.base:
        raise pytest.UsageError(
            "--fer-compare: a job has only some of the cells; omit it and compare the collected "
            "results ('fer-bench compare')"
        )


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write the cells of the collected tests."""
    settings = session.config.stash[SETTINGS]
    collected = {
        item.callspec.params.get("cell")
        for item in session.items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
    }
    values = (*settings.data.settings(), *settings.protocol.settings())
    listed = CellList(
        cells=tuple(
            PlannedCell(cell, entry.title)
            for entry, cell in settings.cells()
            if cell.id in collected
        ),
        settings={one.name: one.value for one in values},
        store=str(settings.store),
        is_timed=settings.timing,
        is_data_parallel=settings.data_parallel,
    )
    write_atomically(Path(session.config.option.fer_cell_list), msgspec.json.encode(listed))
