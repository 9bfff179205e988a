"""Time profile of one cell, with the minimum time of its computation for comparison."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.prepare import load_data
from fer_bench.models import locate
from fer_bench.models.keras_backend import load_keras
from fer_bench.report import Report, write_report
from fer_bench.runtime.progress import silent
from fer_bench.training.cell_network import shard_images
from fer_bench.training.cell_runner import check_weights, run_cell
from fer_bench.training.run_context import RunContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fer_bench.data.images import Images
    from fer_bench.models import Backbone
    from fer_bench.protocol.cell import Init
    from fer_bench.protocol.data_spec import DataSpec
    from fer_bench.protocol.settings import Protocol
    from fer_bench.runtime.progress import Progress
    from fer_bench.training.trained_cell import TrainedCell


@dataclass(frozen=True)
class Floor:
    """Minimum time of a cell's computation: bare loops, without storage or evaluation.

    Attributes:
        prefix: seconds of one pass of all images through the frozen prefix.
        epochs: seconds of all epochs of the suffix, on features in memory.
    """

    prefix: float
    epochs: float

    @property
    def seconds(self) -> float:
        """Sum of both."""
        return self.prefix + self.epochs


@dataclass(frozen=True)
class Profile:
    """Time profile of one cell with an initially empty store.

    Attributes:
        parts: seconds of each part, in order of execution, without the floor.
        memory: peak resident memory of the process in bytes, before the floor is timed; None if
            the system does not report it.
        floor: timed afterwards in the same process, with everything compiled already.
    """

    cell: str
    images: int
    epochs: int
    parts: tuple[tuple[str, float], ...]
    memory: int | None
    floor: Floor

    @property
    def seconds(self) -> float:
        """Sum of all parts."""
        return sum(seconds for _, seconds in self.parts)


def profile(
    entry: Backbone,
    init: Init,
    spec: DataSpec,
    protocol: Protocol,
    *,
    weights_dir: Path | None = None,
    started: float | None = None,
    progress: Progress = silent,
) -> Profile:
    """Run one cell with nothing stored, then time the floor; the data set may come from the cache.

    The first part begins when ``time.perf_counter()`` was ``started``, by default now.

    Raises:
        FerBenchError: loading data or votes, verifying the weights or training failed.
    """
    laps = _Laps(perf_counter() if started is None else started)
    load_keras()
    laps.end("start-up")
    prepared = load_data(spec, progress=progress)
    data, split = prepared.dataset, prepared.split
    laps.end("data")
    if init == "pretrained":
        check_weights(entry, locate(entry, weights_dir))
        laps.end("verifying the weights")
    with tempfile.TemporaryDirectory(prefix="fer_bench-profile-") as directory:
        context = RunContext(prepared, protocol, Path(directory), weights_dir)
        trained = run_cell(context, entry, init, progress)
        laps.end("checkpoints, result and remainder", dict(trained.result.parts))
        report = Report.of(context.record((trained.result,)))
        write_report(Path(directory) / "report", report)
        laps.end("report")
        memory = _peak_memory()
        floor = Floor(
            prefix=_bare_pass(trained, data.images, shard_images(entry.input_size)),
            epochs=_bare_epochs(trained, data.labels, split.train, protocol),
        )
    return Profile(
        cell=trained.result.name,
        images=len(data),
        epochs=protocol.epochs,
        parts=tuple(laps.parts),
        memory=memory,
        floor=floor,
    )


class _Laps:
    """Stopwatch that divides the time since a start into parts, without gaps."""

    def __init__(self, started: float) -> None:
        self.parts: list[tuple[str, float]] = []
        self._last = started

    def end(self, name: str, within: Mapping[str, float] | None = None) -> None:
        """End a part; ``within`` lists parts timed inside it, which are subtracted from it."""
        now, known = perf_counter(), within or {}
        self.parts += [*known.items(), (name, now - self._last - sum(known.values()))]
        self._last = now


def _bare_pass(trained: TrainedCell, images: Images, batch_size: int) -> float:
    prefix = trained.network.prefix
    if prefix is None:
        return 0.0
    started = perf_counter()
    for start in range(0, len(images), batch_size):
        prefix.predict_on_batch(images[start : start + batch_size])
    return perf_counter() - started


def _bare_epochs(
    trained: TrainedCell, labels: NDArray[np.uint8], rows: NDArray[np.int64], protocol: Protocol
) -> float:
    from fer_bench.training.trainer import Trainer

    trainer = trained.trainer
    features = [tensor[rows] for tensor in trainer.tensors]
    bare = Trainer(
        trainer.compiled, protocol, protocol.seed, features, labels[rows], np.arange(len(rows))
    )
    started = perf_counter()
    for number in range(1, protocol.epochs + 1):
        bare.epoch(number)
    return perf_counter() - started


def _peak_memory() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
