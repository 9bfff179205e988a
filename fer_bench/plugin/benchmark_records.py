"""Benchmark results as records in pytest-benchmark's ``extra_info``, which reports read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fer_bench.results import KEY, measure_record
from fer_bench.results.speed_units import is_wall
from fer_bench.results.speeds import InferenceSpeed, NetworkTrainingSpeed, TrainingSpeed
from fer_bench.runtime.errors import FerBenchError
from fer_bench.training import reference_workload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pytest

    from fer_bench.plugin.session_record import Record
    from fer_bench.protocol.cell import Cell
    from fer_bench.results.quality import Quality
    from fer_bench.results.speeds import Reference

SPEED = "fer_speed"
"""Marker of the benchmarks that measure speed."""

EPOCHS = "fer_epochs"
"""Marker of the benchmarks that train by epochs, which cells with a fitted head do not run."""


class Measured:
    """Recorder of the measurements of one benchmark of one cell.

    Args:
        benchmark: pytest-benchmark's fixture, once it has run.
        cell: the cell it ran.
        before: speed of the machine before the benchmark ran, None if unknown.
        record: results of the session's cells.
    """

    def __init__(
        self, benchmark: Any, cell: Cell, before: Reference | None, record: Record
    ) -> None:
        self._record = record
        self._benchmark = benchmark
        self._cell = cell.id
        self._before = before

    def quality(self, quality: Quality) -> None:
        """Record the cell's quality metrics."""
        self._put(quality)

    def training(self, images: int) -> None:
        """Record the benchmark's rounds as epochs of ``images`` images; call it right after."""
        self._put(TrainingSpeed.of(images, self._seconds(), self._reference()))

    def network_training(
        self, input_size: int, images: int, others: Mapping[int, tuple[int, Sequence[float]]]
    ) -> None:
        """Record the benchmark's rounds as training steps of the complete network.

        Call it right after them. The measurement becomes part of the cell's record.

        Args:
            input_size: side length of the network's own input in pixels.
            images: number of images in a round.
            others: images and seconds of rounds at other input sizes, timed by ``timer``.
        """
        reference = self._reference()
        rounds = {input_size: (images, self._seconds()), **others}
        speeds = (NetworkTrainingSpeed.of(size, *of, reference) for size, of in rounds.items())
        self._record.timed(self._cell, tuple(speeds))

    @property
    def timer(self) -> Callable[[], float]:
        """The benchmark's timer, for what is timed outside the fixture."""
        timer: Callable[[], float] = self._benchmark._timer
        return timer

    def inference(self, batch_size: int) -> None:
        """Record the benchmark's rounds as calls with that many images; call it right after."""
        self._put(InferenceSpeed.of(batch_size, self._seconds(), self._reference()))

    def _put(self, value: Quality | TrainingSpeed | InferenceSpeed) -> None:
        self._benchmark.extra_info[KEY] = measure_record(self._cell, value)

    def _reference(self) -> Reference | None:
        """Return the machine's speed around the benchmark; None unless timed by the wall clock."""
        timer = self._benchmark.stats.options["timer"]
        if not is_wall(getattr(timer, "__name__", "")):
            return None
        after = reference_workload.timed()
        return after if self._before is None else self._before.joined(after)

    def _seconds(self) -> Sequence[float]:
        seconds: Sequence[float] = self._benchmark.stats.stats.data
        return seconds


def check_timing(config: pytest.Config, benchmarks: Sequence[pytest.Item]) -> None:
    """Check that pytest-benchmark is enabled and that measurements are made in this process.

    Args:
        config: config of a session that makes a report.
        benchmarks: its tests that measure; may be empty.

    Raises:
        FerBenchError: pytest-benchmark is disabled, or a test would run in a process of its own.
    """
    session: Any = getattr(config, "_benchmarksession", None)
    if session is None or (benchmarks and (session.disabled or session.skip)):
        raise FerBenchError(
            "pytest-benchmark is disabled, so nothing would be measured",
            hint="omit -p no:benchmark, --benchmark-disable and --benchmark-skip",
        )
    # Option of pytest-forked; without the plugin the mark has no effect.
    forked = config.getoption("forked", None)
    if forked is None:
        return
    for item in benchmarks:
        if forked or item.get_closest_marker("forked"):
            raise FerBenchError(
                f"{item.nodeid} would run in a process of its own (pytest-forked), and its "
                "measurements would be lost",
                hint="omit --forked and the marker 'forked'",
            )
