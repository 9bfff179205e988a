"""Settings of ``fer-bench launch --parallel-config``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of, read_regular

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST = 1 << 20
_OWN = ("backend", "processes", "cells_per_job", "retries")


@dataclass(frozen=True)
class ParallelConfig:
    """Number and size of the jobs, and what runs them.

    Attributes:
        backend: ``"local"``: processes on this machine; ``"submitit"``: jobs of a scheduler.
        processes: processes of the local backend; None for one on each GPU, or one without GPUs.
        cells_per_job: largest number of cells in a job.
        retries: number of times that a killed job is started again.
        parameters: parameters of submitit, by name.
    """

    backend: Literal["local", "submitit"] = "local"
    processes: int | None = None
    cells_per_job: int = 1
    retries: int = 2
    parameters: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ValueError: a number is out of range, or a setting belongs to the other backend.
        """
        for name, least in (("processes", 1), ("cells_per_job", 1), ("retries", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name} is {value}, accepted: {least} or more")
        if self.backend == "local" and self.parameters:
            names = ", ".join(self.parameters)
            raise ValueError(f"{names}: unknown for backend local, accepted: {', '.join(_OWN)}")
        if self.backend == "submitit" and self.processes is not None:
            raise ValueError("processes is a setting of backend local, slurm_array_parallelism")


def read_config(path: Path) -> ParallelConfig:
    """Read a YAML file of settings.

    Raises:
        FerBenchError: it cannot be read or has an invalid setting.
    """
    import yaml

    try:
        found = yaml.safe_load(read_regular(path, _LARGEST))
        if not isinstance(found, dict):
            raise ValueError("it is not a mapping of settings to values")
        own = {name: value for name, value in found.items() if name in _OWN}
        others = {str(name): value for name, value in found.items() if name not in _OWN}
        return msgspec.convert({**own, "parameters": others}, ParallelConfig)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise FerBenchError(
            cause_of(error), "YAML such as 'backend: local' and 'processes: 2'", path=path
        ) from error
