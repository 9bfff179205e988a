"""onnxruntime sessions for use from several threads."""

from __future__ import annotations

import os
from typing import Any

from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of

INSTALL_PREDICT = "pip install -e '.[predict]' in a clone of fer_bench"
"""Install command for prediction; this package is not on PyPI."""


def workers() -> int:
    """Return the number of threads that work on photos: one for each usable core, up to 16."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(16, cores or 1)


def session(content: bytes, threads: int = 1) -> Any:
    """Return an onnxruntime session on the CPU.

    Args:
        content: an ONNX model.
        threads: number of threads of one call; the caller's threads are the parallelism.

    Raises:
        FerBenchError: onnxruntime is not installed.
        Exception: it cannot load the model; its errors have no common base.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise FerBenchError(
            f"onnxruntime cannot be imported: {cause_of(error)}",
            hint=f"install it with {INSTALL_PREDICT}",
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # only what ends the process: errors are raised, too
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
