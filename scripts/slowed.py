"""A pytest plugin that makes every timed call longer by a sleep, to see whether that is caught.

``-p slowed`` with this folder on ``PYTHONPATH`` and a share in ``FER_BENCH_SLOWDOWN``: 0.1 sleeps
for a tenth of the time that a call took. 0 changes nothing.
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
    """The call with a sleep of ``SLOWDOWN`` of its own time after it."""

    @functools.wraps(call)
    def longer(*args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter()
        result = call(*args, **kwargs)
        time.sleep(SLOWDOWN * (time.perf_counter() - started))
        return result

    return longer


@pytest.fixture(autouse=True, scope="session")
def _slowed() -> None:
    """Slows prediction and training down where that is asked for."""
    if SLOWDOWN:
        for name in ("predict", "train_epoch"):
            setattr(TrainedCell, name, slowed(getattr(TrainedCell, name)))
