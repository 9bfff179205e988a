"""A progress bar on the terminal, silent where the output is none."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

from fer_bench.runtime.escapes import clean


def progress_bar(subject: str, total: int | None, **how: Any) -> tqdm[None]:
    """A bar that is not drawn if standard error is closed, or is no terminal.

    Args:
        subject: what stands before it; any text.
        total: its end, if that is known.
        how: other settings of tqdm.
    """
    closed = sys.stderr is None
    return tqdm(total=total, desc=clean(subject), disable=closed or None, **how)


class ProgressBar:
    """Shows one stage of the work at a time.

    Args:
        subject: what is worked on, for example the id of a cell.
    """

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._stage = ""
        self._bar: tqdm[None] | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Tells how far a stage is."""
        if self._bar is None or stage != self._stage:
            self.close()
            self._stage = stage
            self._bar = progress_bar(f"{self._subject}: {stage}", total, leave=False)
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Clears the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
