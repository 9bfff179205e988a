"""Settings and conditions of a process that affect numerical results.

Settings select the computation: float type, kernels, compiler flags. Different settings give a
different result, so every setting with a non-default value is part of each fingerprint.

Conditions describe the hardware and its use: processor, cores, threads, devices. They change the
order of summation and so the last bits, and the deviation grows during training. They are not part
of fingerprints, so that a store filled on one machine can be used on another; they are recorded in
the results instead. Work that was interrupted under other conditions is restarted, because resuming
it would give numbers that no uninterrupted run can give.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Conditions = tuple[tuple[str, str], ...]
"""Conditions of a computation as pairs of name and value."""

_ON, _OFF = ("1", "true"), ("0", "false")

_VARIABLES = {
    "TF_ENABLE_ONEDNN_OPTS": (),
    "TF_DISABLE_MKL": _OFF,
    "TF_ENABLE_ONEDNN_SPMM": (),
    "TF_SET_ONEDNN_FPMATH_MODE": (),
    "TF_CUDNN_DETERMINISTIC": _OFF,
    "TF_CUDNN_USE_AUTOTUNE": _ON,
    "TF_CUDNN_USE_FRONTEND": (),
    "TF_ENABLE_WINOGRAD_NONFUSED": _ON,
    "TF_USE_CUBLASLT": (),
    "TF_CUDNN_DISABLE_CONV_1X1_OPTIMIZATION": _OFF,
    "TF_CONV2D_USE_FP16_ACCUMULATE": _OFF,
    "TF_USE_DEEP_CONV2D": _OFF,
    "TF_MATMUL_AUTOTUNE_ENABLE": (),
    "TF_ENABLE_AUTO_MIXED_PRECISION": _OFF,
    "TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_LEVEL": (),
    "TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_EMULATE_FP16": (),
    "TF_ENABLE_CUBLAS_TENSOR_OP_MATH_FP32": (),
    "TF_ENABLE_CUDNN_TENSOR_OP_MATH_FP32": (),
    "TF_FP16_CONV_USE_FP32_COMPUTE": _ON,
    "TF_FP16_MATMUL_USE_FP32_COMPUTE": _ON,
    "NVIDIA_TF32_OVERRIDE": (),
    "CUBLAS_WORKSPACE_CONFIG": (),
    "ONEDNN_MAX_CPU_ISA": ("all", "default"),
    "DNNL_MAX_CPU_ISA": ("all", "default"),
    "ONEDNN_CPU_ISA_HINTS": ("no_hints",),
    "DNNL_CPU_ISA_HINTS": ("no_hints",),
    "ONEDNN_DEFAULT_FPMATH_MODE": ("strict",),
    "DNNL_DEFAULT_FPMATH_MODE": ("strict",),
    "MKL_CBWR": (),
    "MKL_ENABLE_INSTRUCTIONS": (),
    "OPENBLAS_CORETYPE": (),
    "NPY_DISABLE_CPU_FEATURES": (),
    "KERAS_NNX_ENABLED": _OFF,
}
"""Environment variables that select kernels, with the values equivalent to the default.

A value that is the default only in some versions or on some processors is not listed: computing
again costs time, but reusing the result of a different computation would be an error.
"""

_FLAGS = ("XLA_FLAGS", "TF_XLA_FLAGS")
_WITHOUT_EFFECT = ("dump", "cuda_data_dir")
"""Parts of names of XLA flags that only write files or name directories."""

_JAX_OPTIONS = {
    "enable_x64": False,
    "disable_jit": False,
    "default_matmul_precision": None,
    "default_prng_impl": "threefry2x32",
    "numpy_dtype_promotion": "standard",
}
_PARTITIONABLE_SINCE = (0, 5)
"""First version of JAX with "threefry_partitionable" on by default."""

_THREAD_LIMITS = (
    "OMP_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "OMP_DYNAMIC",
    "OMP_PROC_BIND",
    "KMP_AFFINITY",
    "KMP_BLOCKTIME",
)
"""Environment variables for the number and behaviour of numpy's, TensorFlow's and JAX's threads."""


def settings(backend: str, floatx: str, epsilon: float) -> dict[str, str]:
    """Return the non-default settings of the process that affect numerical results, by name.

    Keras is not imported. The result is the same before and after its import, unless code changes
    Keras' settings in between: before the import, the environment is the only place to set them.

    Args:
        backend: name of Keras' backend.
        floatx: Keras' default float type, recorded elsewhere; a dtype policy is included only if it
            differs from it.
        epsilon: Keras' fuzz factor.
    """
    found = {} if epsilon == 1e-7 else {"epsilon": repr(epsilon)}
    for name, defaults in _VARIABLES.items():
        value = os.environ.get(name, "")
        if value and value.lower() not in defaults:
            found[name] = value
    for name in _FLAGS:
        flags = _flags(os.environ.get(name, ""))
        if flags:
            found[name] = flags
    if "keras" in sys.modules:
        found |= _of_keras(floatx)
    if backend == "tensorflow":
        found |= _of_tensorflow(sys.modules.get("tensorflow"))
    if backend == "jax":
        found |= _of_jax(sys.modules.get("jax"))
    return found


def conditions() -> Conditions:
    """Return the conditions of this process; devices and oneDNN only if Keras is imported."""
    rows = [("cpu cores available", str(cores())), ("threads", threads())]
    name = _processor()
    if name:
        rows.insert(0, ("processor", name))
    if "keras" in sys.modules:
        rows.append(("devices", devices()))
        rows += _onednn()
    return tuple(rows)


def differing(before: Iterable[tuple[str, str]], now: Iterable[tuple[str, str]]) -> str:
    """Describe the differences between two sets of conditions, for names present in both."""
    current = dict(now)
    return ", ".join(
        f"{name} {value} (now {current[name]})"
        for name, value in before
        if current.get(name, value) != value
    )


def cores() -> int:
    """Return the number of CPU cores available to this process."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads() -> str:
    """Return the thread limits that are set, or ``"not limited"``."""
    limits = [f"{name}={os.environ[name]}" for name in _THREAD_LIMITS if os.environ.get(name)]
    tensorflow: Any = sys.modules.get("tensorflow")
    if tensorflow is not None:
        threading = tensorflow.config.threading
        for kind in ("intra_op", "inter_op"):
            count = getattr(threading, f"get_{kind}_parallelism_threads")()
            limits += [f"{kind}={count}"] if count else []
    return ", ".join(limits) or "not limited"


def devices() -> str:
    """Return the devices of Keras' backend, and if they share each batch; this imports Keras."""
    import keras

    from fer_bench.models.data_parallel import are_divided

    names = ", ".join(keras.distribution.list_devices())
    return f"{names} (data parallel)" if are_divided() else names


def _onednn() -> list[tuple[str, str]]:
    """Return the state of oneDNN: by default, TensorFlow decides by the processor."""
    import keras

    if keras.config.backend() != "tensorflow":
        return []
    try:
        from tensorflow.python.util import _pywrap_util_port

        return [("oneDNN", "on" if _pywrap_util_port.IsMklEnabled() else "off")]
    except (ImportError, AttributeError):  # not available in TensorFlow's public API
        return []


def _processor() -> str:
    """Return the name of the processor, or an empty string if it is not in ``/proc/cpuinfo``."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if "model name" in line), "")


def _flags(text: str) -> str:
    """Return the XLA flags that may affect results; ``text`` may be the path of a flag file."""
    if text and not text.lstrip().startswith("-"):
        try:
            text = Path(text).read_text("utf-8", "replace")
        except OSError:
            return text
    return " ".join(
        flag for flag in text.split() if not any(word in flag for word in _WITHOUT_EFFECT)
    )


def _of_keras(floatx: str) -> dict[str, str]:
    import keras

    found = {}
    policy = keras.config.dtype_policy()
    name = policy.name if type(policy) is keras.DTypePolicy else str(policy.get_config())
    if name != floatx:
        found["dtype policy"] = name
    attention = keras.config.is_flash_attention_enabled()
    if attention is not None:
        found["flash attention"] = str(attention)
    from fer_bench.models.data_parallel import are_divided

    distribution = keras.distribution.distribution()
    # Any other one, Keras' own data parallelism included, was set by the user's code.
    if distribution is not None and not are_divided():
        found["distribution"] = f"{type(distribution).__name__} over {devices()}"
    return found


def _of_tensorflow(tensorflow: Any) -> dict[str, str]:
    """Return TensorFlow's settings that Keras has no API for."""
    is_deterministic = os.environ.get("TF_DETERMINISTIC_OPS", "").lower() in _ON
    found = {}
    if tensorflow is not None:
        config = tensorflow.config
        from tensorflow.python.framework.config import is_op_determinism_enabled

        is_deterministic = is_op_determinism_enabled()
        if not config.experimental.tensor_float_32_execution_enabled():
            found["tensor float 32"] = "off"
        if config.functions_run_eagerly():
            found["functions"] = "run eagerly"
        if config.optimizer.get_jit():
            found["jit"] = str(config.optimizer.get_jit())
        options = {
            name: on for name, on in config.optimizer.get_experimental_options().items() if on
        }
        if options:
            found["graph optimizer"] = str(sorted(options.items()))
    return found | ({"deterministic operations": "on"} if is_deterministic else {})


def _of_jax(jax: Any) -> dict[str, str]:
    found = {}
    defaults = {**_JAX_OPTIONS, "threefry_partitionable": _is_partitionable()}
    for name, default in defaults.items():
        is_switch = isinstance(default, bool)
        if jax is not None:
            # Old versions do not have all options.
            value = getattr(jax.config, f"jax_{name}", default)
            value = getattr(value, "value", value)  # an enumeration's value
        else:
            value = os.environ.get(f"JAX_{name.upper()}")
            if value and is_switch:
                value = value.lower() in ("y", "yes", "t", "true", "on", "1")
        if value not in (default, None, ""):
            found[f"jax {name}"] = str(value)
    return found


def _is_partitionable() -> bool:
    """Check if the installed JAX enables partitionable random numbers by default."""
    try:
        numbers = importlib.metadata.version("jax").split(".")[:2]
        return tuple(map(int, numbers)) >= _PARTITIONABLE_SINCE
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return True
