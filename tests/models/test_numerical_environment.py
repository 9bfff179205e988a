"""Process-wide settings that change numbers."""

import json
import os
import platform
import subprocess
import sys
from enum import Enum
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from fer_bench.models import keras_backend, numerical_environment

BEFORE_AND_AFTER = """
import json
from fer_bench.models import numerical_environment, keras_backend as runtime
before = runtime.numeric_settings()
assert "oneDNN" not in dict(numerical_environment.conditions())
runtime.load_keras()
assert before == runtime.numeric_settings(), (before, runtime.numeric_settings())
print(json.dumps([before, dict(numerical_environment.conditions()).get("oneDNN")]))
"""
# TensorFlow is built without it elsewhere.
HAS_ONEDNN = (
    find_spec("tensorflow") is not None
    and keras_backend.keras_settings().backend == "tensorflow"
    and (platform.machine(), sys.platform) == ("x86_64", "linux")
)


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    """Nothing is set, and no library is loaded."""
    for name in tuple(os.environ):
        if name.startswith(
            ("TF_", "XLA_", "JAX_", "ONEDNN_", "DNNL_", "NVIDIA_", "OMP_", "KERAS_NNX")
        ):
            monkeypatch.delenv(name)
    for name in ("keras", "tensorflow", "jax"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def found(backend="tensorflow", epsilon=1e-7):
    return numerical_environment.settings(backend, "float32", epsilon)


def test_nothing_set_is_nothing_found():
    assert found() == found("jax") == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TF_ENABLE_ONEDNN_OPTS", "0"),
        # The default of some processors alone.
        ("TF_ENABLE_ONEDNN_OPTS", "1"),
        ("TF_XLA_FLAGS", "--tf_xla_auto_jit=2"),
        ("XLA_FLAGS", "--xla_cpu_enable_fast_math=true"),
        ("NVIDIA_TF32_OVERRIDE", "0"),
        ("ONEDNN_MAX_CPU_ISA", "AVX2"),
        ("DNNL_DEFAULT_FPMATH_MODE", "BF16"),
        ("TF_SET_ONEDNN_FPMATH_MODE", "bf16"),
        ("TF_ENABLE_ONEDNN_SPMM", "1"),
        ("TF_CONV2D_USE_FP16_ACCUMULATE", "1"),
        ("TF_USE_DEEP_CONV2D", "1"),
        ("TF_CUDNN_DISABLE_CONV_1X1_OPTIMIZATION", "1"),
        ("TF_MATMUL_AUTOTUNE_ENABLE", "1"),
        ("TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_LEVEL", "TREAT_INFER_AS_ALLOW"),
        ("TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_EMULATE_FP16", "1"),
    ],
)
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_variables_that_choose_other_computations_count(monkeypatch, name, value, backend):
    monkeypatch.setenv(name, value)
    assert found(backend) == {name: value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TF_ENABLE_ONEDNN_OPTS", ""),
        ("TF_DETERMINISTIC_OPS", "0"),
        ("ONEDNN_DEFAULT_FPMATH_MODE", "STRICT"),
        ("TF_CPP_MIN_LOG_LEVEL", "3"),
        ("XLA_FLAGS", "--xla_dump_to=/tmp/dumped --xla_gpu_cuda_data_dir=/usr/lib/cuda"),
        ("OMP_NUM_THREADS", "1"),
        ("JAX_ENABLE_X64", "false"),
        ("JAX_NUMPY_DTYPE_PROMOTION", "standard"),
        ("TF_USE_DEEP_CONV2D", "0"),
    ],
)
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_defaults_paths_and_threads_do_not_count(monkeypatch, name, value, backend):
    monkeypatch.setenv(name, value)
    assert found(backend) == {}


def test_flags_may_stand_in_a_file(monkeypatch, tmp_path):
    (tmp_path / "flags").write_text("--xla_dump_to=x\n--xla_cpu_enable_fast_math=true\n")
    monkeypatch.setenv("XLA_FLAGS", str(tmp_path / "flags"))
    assert found() == {"XLA_FLAGS": "--xla_cpu_enable_fast_math=true"}
    monkeypatch.setenv("XLA_FLAGS", str(tmp_path / "none"))
    assert found() == {"XLA_FLAGS": str(tmp_path / "none")}


def test_each_backend_has_its_own(monkeypatch):
    monkeypatch.setenv("TF_DETERMINISTIC_OPS", "1")
    monkeypatch.setenv("JAX_ENABLE_X64", "1")
    monkeypatch.setenv("JAX_DEFAULT_MATMUL_PRECISION", "highest")
    assert found("tensorflow") == {"deterministic operations": "on"}
    assert found("jax") == {"jax enable_x64": "True", "jax default_matmul_precision": "highest"}


@pytest.mark.parametrize(
    ("version", "value", "counts"),
    [
        ("0.4.38", "0", False),
        ("0.4.38", "1", True),
        ("0.5.0", "1", False),
        ("0.10.2", "true", False),
        ("0.10.2", "0", True),
        (None, "1", False),
    ],
)
def test_a_default_of_jax_is_that_of_its_version(monkeypatch, version, value, counts):
    """It is the same if a program has set the option and not the environment."""

    def versioned(_):
        if version is None:
            raise PackageNotFoundError
        return version

    monkeypatch.setattr("importlib.metadata.version", versioned)
    monkeypatch.setenv("JAX_THREEFRY_PARTITIONABLE", value)
    is_on = value != "0"
    expected = {"jax threefry_partitionable": str(is_on)} if counts else {}
    assert found("jax") == expected
    monkeypatch.delenv("JAX_THREEFRY_PARTITIONABLE")
    assert found("jax") == {}
    config = SimpleNamespace(jax_threefry_partitionable=is_on)
    monkeypatch.setitem(sys.modules, "jax", SimpleNamespace(config=config))
    assert found("jax") == expected


def test_options_of_jax_may_be_enumerations(monkeypatch):
    promotion = Enum("Promotion", {"STANDARD": "standard", "STRICT": "strict"})
    for one, expected in (("STANDARD", {}), ("STRICT", {"jax numpy_dtype_promotion": "strict"})):
        config = SimpleNamespace(jax_numpy_dtype_promotion=promotion[one])
        monkeypatch.setitem(sys.modules, "jax", SimpleNamespace(config=config))
        assert found("jax") == expected


def test_a_small_number_of_keras_json_counts():
    assert found(epsilon=1e-5) == {"epsilon": "1e-05"}


@pytest.mark.network
@pytest.mark.parametrize(
    "variables",
    [
        {},
        {
            "TF_ENABLE_ONEDNN_OPTS": "0",
            "TF_DETERMINISTIC_OPS": "1",
            "TF_XLA_FLAGS": "--tf_xla_auto_jit=2",
            "NVIDIA_TF32_OVERRIDE": "0",
            "JAX_ENABLE_X64": "1",
            "JAX_DISABLE_JIT": "true",
            "JAX_DEFAULT_MATMUL_PRECISION": "highest",
            "JAX_THREEFRY_PARTITIONABLE": "0",
            "JAX_NUMPY_DTYPE_PROMOTION": "strict",
        },
    ],
)
def test_the_same_is_found_before_and_after_keras_is_loaded(variables):
    """A stored result is found again by a run that loads no Keras."""
    environment = {**os.environ, **variables}
    command = [sys.executable, "-c", BEFORE_AND_AFTER]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    settings, onednn = json.loads(done.stdout)
    assert bool(settings) == bool(variables)
    if variables and HAS_ONEDNN:
        assert onednn == "off"


@pytest.mark.network
def test_what_is_set_in_tensorflow_counts():
    if find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed")
    code = """
import keras, tensorflow as tf
from fer_bench.models import numerical_environment, keras_backend as runtime
onednn = {"TF_ENABLE_ONEDNN_OPTS": "1"}
assert runtime.numeric_settings() == onednn
tf.config.experimental.enable_tensor_float_32_execution(False)
tf.config.experimental.enable_op_determinism()
tf.config.run_functions_eagerly(True)
tf.config.optimizer.set_jit("autoclustering")
tf.config.optimizer.set_experimental_options({"auto_mixed_precision": True})
keras.config.set_epsilon(1e-5)
assert runtime.numeric_settings().keys() - onednn.keys() == {
    "tensor float 32", "deterministic operations", "functions", "jit", "graph optimizer", "epsilon"
}, runtime.numeric_settings()
tf.config.threading.set_intra_op_parallelism_threads(1)
assert numerical_environment.threads() == "intra_op=1"
print(dict(numerical_environment.conditions()).get("oneDNN"))
"""
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if HAS_ONEDNN:
        assert done.stdout == "on\n"


def test_conditions_show_cores_and_threads(monkeypatch):
    monkeypatch.setattr(numerical_environment, "cores", lambda: 3)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    known = dict(numerical_environment.conditions())
    assert known["cpu cores available"] == "3"
    assert known["threads"] == "OMP_NUM_THREADS=2, OPENBLAS_NUM_THREADS=1"
    assert "devices" not in known


def test_only_what_both_show_differs():
    noted = (("cpu cores available", "2"), ("threads", "not limited"), ("devices", "gpu:0"))
    now = (("cpu cores available", "4"), ("threads", "not limited"))
    assert numerical_environment.differing(noted, now) == "cpu cores available 2 (now 4)"
    assert (
        numerical_environment.differing(noted, noted)
        == numerical_environment.differing((), now)
        == ""
    )
