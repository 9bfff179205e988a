"""What the benchmark runs on: library versions, device, threads."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import sys

import fer_bench

_BACKEND_PACKAGES = {
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
    "jax": ("jax",),
    "torch": ("torch",),
}


def version(*packages: str) -> str:
    """Version of the first of these packages that is installed, or ``"not installed"``."""
    for package in packages:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(package)
    return "not installed"


def backend_version() -> str:
    """Keras' backend with its version, for example ``"tensorflow 2.21.0"``."""
    import keras

    backend = keras.config.backend()
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
        ("numpy", version("numpy")),
        ("scikit-learn", version("scikit-learn")),
        ("pytest-benchmark", version("pytest-benchmark")),
        ("keras", version("keras")),
        ("deepface", version("deepface")),
    ]
    if "keras" in sys.modules:
        import keras

        rows.append(("backend", backend_version()))
        rows.append(("devices", ", ".join(keras.distribution.list_devices())))
    return tuple(rows)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
