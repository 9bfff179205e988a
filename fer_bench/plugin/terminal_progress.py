"""Progress of a session: its cells, and a bar that is shown despite output capturing."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from fer_bench.runtime.progress_bar import ProgressBar

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


class CellCount:
    """Count of a session's cells, with an estimate of the time that is left.

    Args:
        total: number of cells whose tests were collected.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._begun: dict[str, float] = {}

    def begin(self, cell: str, name: str, now: float) -> str:
        """Return a cell's name with its place, and from the second one on the time left.

        Args:
            cell: id of the cell that begins.
            name: its display name.
            now: seconds of a monotonic clock.
        """
        first = next(iter(self._begun.values()), now)
        done = len(self._begun.keys() - {cell})
        self._begun.setdefault(cell, now)
        if self._total < 2:
            return name
        left = ""
        if done:
            left = f", about {_duration((now - first) / done * (self._total - done))} left"
        return f"{name} (cell {min(done + 1, self._total)} of {self._total}{left})"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


@contextlib.contextmanager
def showing_progress(config: pytest.Config, subject: str) -> Iterator[ProgressBar]:
    """Show a progress bar for ``subject``, and clear it at the end."""
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    seen = contextlib.nullcontext() if capture is None else capture.global_and_fixture_disabled()
    with seen, contextlib.closing(ProgressBar(subject)) as progress:
        yield progress
