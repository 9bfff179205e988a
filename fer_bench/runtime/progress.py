"""Progress-callback protocol."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called as ``progress(stage, done, total)`` while ``done`` grows from 0 to ``total``.

The total of a stage that cannot be measured in steps is 0.
"""


def silent(stage: str, done: int, total: int) -> None:
    """Ignore progress."""
