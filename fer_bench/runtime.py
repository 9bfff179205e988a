"""What the benchmark runs on: library versions, device, threads."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import json
import os
import platform
import sys
from pathlib import Path

import fer_bench
from fer_bench.errors import INSTALL, FerBenchError

_BACKEND_PACKAGES = {
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
    "jax": ("jax",),
    "torch": ("torch",),
}


_THREAD_LIMITS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
"""Variables of the environment that limit the threads of numpy, TensorFlow and JAX."""


def version(*packages: str) -> str:
    """Version of the first of these packages that is installed, or ``"not installed"``."""
    for package in packages:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(package)
    return "not installed"


def load_keras() -> None:
    """Imports Keras with its backend, without what TensorFlow says of itself meanwhile.

    That comes from outside Python, on the file descriptor of standard error, whatever its log
    level. Errors are raised as ever.

    Raises:
        FerBenchError: Keras or its backend cannot be imported.
    """
    if "keras" in sys.modules:
        return
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        importlib.import_module("keras")
    except ImportError as error:
        raise FerBenchError(
            f"Keras cannot be imported: {str(error).splitlines()[0]}; Keras and its backend come "
            f"with {INSTALL} (or [gpu], or [jax] with KERAS_BACKEND=jax)"
        ) from error
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def keras_settings() -> tuple[str, str]:
    """Keras' backend and its float type, for example ``("tensorflow", "float32")``.

    Asked of Keras where it is loaded. Otherwise found as Keras will find them: loading it, and its
    backend with it, takes seconds, and a run whose results are all stored needs neither.
    """
    if "keras" in sys.modules:
        import keras

        return keras.config.backend(), keras.config.floatx()
    home = os.environ.get("KERAS_HOME")
    folder = Path(home) if home is not None else Path("~/.keras")
    try:
        settings = dict(json.loads((folder / "keras.json").expanduser().read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        settings = {}
    backend = os.environ.get("KERAS_BACKEND") or settings.get("backend", "tensorflow")
    return str(backend), str(settings.get("floatx", "float32"))


def backend_version() -> str:
    """Keras' backend with its version, for example ``"tensorflow 2.21.0"``."""
    backend, _ = keras_settings()
    return f"{backend} {version(*_BACKEND_PACKAGES.get(backend, (backend,)))}"


def runs_on_cpu() -> bool:
    """Whether Keras' backend computes on the CPU."""
    import keras

    return not any(name.startswith(("gpu", "tpu")) for name in keras.distribution.list_devices())


def environment() -> tuple[tuple[str, str], ...]:
    """Versions, device and threads by name. Loads Keras only where it is loaded already."""
    rows = [
        ("fer_bench", fer_bench.__version__),
        ("python", platform.python_version()),
        ("platform", platform.platform()),
        ("cpu cores available", str(_cores())),
        ("threads", _threads()),
        ("numpy", version("numpy")),
        ("scikit-learn", version("scikit-learn")),
        ("pytest-benchmark", version("pytest-benchmark")),
        ("keras", version("keras")),
        ("deepface", version("deepface")),
        ("backend", backend_version()),
    ]
    if "keras" in sys.modules:
        import keras

        rows.append(("devices", ", ".join(keras.distribution.list_devices())))
    return tuple(rows)


def _threads() -> str:
    """What limits the threads of computations, as it was set."""
    limits = [f"{name}={os.environ[name]}" for name in _THREAD_LIMITS if os.environ.get(name)]
    return ", ".join(limits) or "not limited"


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
