"""A progress bar on the terminal, silent where the output is none."""

from __future__ import annotations

import sys

from tqdm import tqdm


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
            # disable=None: no bar where standard error is not a terminal.
            self._bar = tqdm(
                total=total,
                desc=f"{self._subject}: {stage}",
                disable=None,
                leave=False,
                file=sys.stderr,
            )
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Clears the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
