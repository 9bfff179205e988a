"""A pytest plugin that prolongs every timed call by a sleep, to test if comparisons detect it.

Use ``-p slowed`` with this directory on ``PYTHONPATH`` and a share in ``FER_BENCH_SLOWDOWN``: 0.1
sleeps for a tenth of the call's own time. 0 changes nothing.
"""

from __future__ import annotations

import functools
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from fer_bench.training.trained_cell import TrainedCell

if TYPE_CHECKING:
    from collections.abc import Callable

SLOWDOWN = float(os.environ.get("FER_BENCH_SLOWDOWN", "0"))


def slowed(call: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a call to sleep for ``SLOWDOWN`` times its duration after it."""

    @functools.wraps(call)
    def longer(*args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter()
        result = call(*args, **kwargs)
        time.sleep(SLOWDOWN * (time.perf_counter() - started))
        return result

    return longer


@pytest.fixture(autouse=True, scope="session")
def _slowed() -> None:
    """Slow prediction and training down if ``SLOWDOWN`` is set."""
    if SLOWDOWN:
        for name in ("predict", "train_epoch"):
            setattr(TrainedCell, name, slowed(getattr(TrainedCell, name)))
