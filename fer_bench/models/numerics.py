"""Settings and conditions of a process on which computed numbers depend.

Settings choose other computations: a float type, other kernels, flags of a compiler. What is
computed under others is another result, so those that are not the defaults are part of every
fingerprint.

Conditions are what computes: processor, cores, threads, devices. They change the order of sums and
with it the last bits, from which training then departs further. Fingerprints are without them, as a
store that was filled on one machine is of use on another one; results tell theirs instead. What was
begun under others is begun again, as going on would end with numbers that no undisturbed run gives.
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
"""Conditions under which something was computed, by name."""

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
"""Variables of the environment that choose other kernels, with the values that are the default.

A value that is the default in some versions or on some processors and not on others counts as
another one: computing again costs time, and a result of something else would be a false one.
"""

_FLAGS = ("XLA_FLAGS", "TF_XLA_FLAGS")
_WITHOUT_EFFECT = ("dump", "cuda_data_dir")
"""Flags of XLA that only write files or name directories."""

_JAX_OPTIONS = {
    "enable_x64": False,
    "disable_jit": False,
    "default_matmul_precision": None,
    "default_prng_impl": "threefry2x32",
    "numpy_dtype_promotion": "standard",
}
_PARTITIONABLE_SINCE = (0, 5)
"""The version of JAX from which "threefry_partitionable" is on by default."""

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
"""Variables of the environment that say how many threads numpy, TensorFlow and JAX use, and how."""


def settings(backend: str, floatx: str, epsilon: float) -> dict[str, str]:
    """Settings of the process that change numbers and are not the defaults, by name.

    The same are found before Keras is loaded, which this does not do, and afterwards: what can be
    set without it stands in the environment.

    Args:
        backend: Keras' backend.
        floatx: its float type, which counts elsewhere.
        epsilon: its small number.
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
    """Conditions of this process. Devices and oneDNN are known only when Keras is loaded."""
    rows = [("cpu cores available", str(cores())), ("threads", threads())]
    name = _processor()
    if name:
        rows.insert(0, ("processor", name))
    if "keras" in sys.modules:
        rows.append(("devices", devices()))
        rows += _onednn()
    return tuple(rows)


def differing(noted: Iterable[tuple[str, str]], now: Iterable[tuple[str, str]]) -> str:
    """Differences of two conditions, as far as both name a value; empty without any."""
    known = dict(now)
    return ", ".join(
        f"{name} {value} (now {known[name]})"
        for name, value in noted
        if known.get(name, value) != value
    )


def cores() -> int:
    """Number of CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads() -> str:
    """Limits of the threads of computations, as they were set."""
    limits = [f"{name}={os.environ[name]}" for name in _THREAD_LIMITS if os.environ.get(name)]
    tensorflow: Any = sys.modules.get("tensorflow")
    if tensorflow is not None:
        threading = tensorflow.config.threading
        for kind in ("intra_op", "inter_op"):
            count = getattr(threading, f"get_{kind}_parallelism_threads")()
            limits += [f"{kind}={count}"] if count else []
    return ", ".join(limits) or "not limited"


def devices() -> str:
    """The devices of Keras' backend. Keras is loaded."""
    import keras

    return ", ".join(keras.distribution.list_devices())


def _onednn() -> list[tuple[str, str]]:
    """State of oneDNN in TensorFlow, which decides it by the processor if it may."""
    import keras

    if keras.config.backend() != "tensorflow":
        return []
    try:
        from tensorflow.python.util import _pywrap_util_port

        return [("oneDNN", "on" if _pywrap_util_port.IsMklEnabled() else "off")]
    except (ImportError, AttributeError):  # no public part of TensorFlow tells it
        return []


def _processor() -> str:
    """The processor's name, empty if the system does not tell it at once."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if "model name" in line), "")


def _flags(text: str) -> str:
    """Flags of XLA that may change numbers; the variable may name a file of them."""
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
    distribution = keras.distribution.distribution()
    if distribution is not None:
        found["distribution"] = f"{type(distribution).__name__} over {devices()}"
    return found


def _of_tensorflow(tensorflow: Any) -> dict[str, str]:
    """Keras has no way to ask for these."""
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
            # Old versions have no such option.
            value = getattr(jax.config, f"jax_{name}", default)
            value = getattr(value, "value", value)  # of an enumeration
        else:
            value = os.environ.get(f"JAX_{name.upper()}")
            if value and is_switch:
                value = value.lower() in ("y", "yes", "t", "true", "on", "1")
        if value not in (default, None, ""):
            found[f"jax {name}"] = str(value)
    return found


def _is_partitionable() -> bool:
    """Check if this JAX's random numbers do not depend on devices if nothing else is set."""
    try:
        numbers = importlib.metadata.version("jax").split(".")[:2]
        return tuple(map(int, numbers)) >= _PARTITIONABLE_SINCE
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return True
