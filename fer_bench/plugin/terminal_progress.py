"""A progress bar that pytest's capturing lets through."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from fer_bench.runtime.progress_bar import ProgressBar

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


@contextlib.contextmanager
def showing_progress(config: pytest.Config, subject: str) -> Iterator[ProgressBar]:
    """Shows how far work on ``subject`` is, and clears the bar at its end."""
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    seen = contextlib.nullcontext() if capture is None else capture.global_and_fixture_disabled()
    with seen, contextlib.closing(ProgressBar(subject)) as progress:
        yield progress
