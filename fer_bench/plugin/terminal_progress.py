"""Progress bar that is shown despite pytest's output capturing."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from fer_bench.runtime.progress_bar import ProgressBar

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


@contextlib.contextmanager
def showing_progress(config: pytest.Config, subject: str) -> Iterator[ProgressBar]:
    """Show a progress bar for ``subject``, and clear it at the end."""
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    seen = contextlib.nullcontext() if capture is None else capture.global_and_fixture_disabled()
    with seen, contextlib.closing(ProgressBar(subject)) as progress:
        yield progress
