"""Progress bar on the terminal, disabled if standard error is not a terminal."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

from fer_bench.runtime.escapes import clean


def progress_bar(subject: str, total: int | None, **how: Any) -> tqdm[None]:
    """Return a bar of tqdm that is not drawn if standard error is closed or not a terminal."""
    closed = sys.stderr is None
    return tqdm(total=total, desc=clean(subject), disable=closed or None, **how)


class ProgressBar:
    """Progress callback that draws a bar for the current stage of work on a subject."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._stage = ""
        self._bar: tqdm[None] | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Update the bar; start a new one if the stage has changed.

        A stage without steps, of total 0, is named without a bar.
        """
        if self._bar is None or stage != self._stage:
            self.close()
            self._stage = stage
            how = {} if total else {"bar_format": "{desc}"}
            self._bar = progress_bar(f"{self._subject}: {stage}", total, leave=False, **how)
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Clear the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
