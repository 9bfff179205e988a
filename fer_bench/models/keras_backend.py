"""Keras and its backend: import, checks of the settings, versions, devices and threads."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fer_bench.models import numerical_environment
from fer_bench.results.fact_names import NUMERIC_SETTINGS
from fer_bench.runtime import allocator
from fer_bench.runtime.errors import INSTALL, FerBenchError, shown
from fer_bench.runtime.files import expand_user
from fer_bench.runtime.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

_BACKEND_PACKAGES = {
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
    "jax": ("jax",),
    "torch": ("torch",),
}

BACKENDS = ("tensorflow", "jax")
"""Supported Keras backends; others cannot run several training steps per call, or not train."""

_STEPS_LIMIT = "KERAS_MAX_STEPS_PER_EPOCH"

_INSTALL = f"install Keras and its backend with {INSTALL} (or [gpu], or [jax])"


class KerasSettings(NamedTuple):
    """Process-wide Keras settings."""

    backend: str = "tensorflow"
    floatx: str = "float32"
    epsilon: float = 1e-7
    image_data_format: str = "channels_last"


def version(*packages: str) -> str:
    """Return the version of the first installed package, or ``"not installed"``."""
    for package in packages:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(package)
    return "not installed"


def load_keras() -> None:
    """Import Keras and its backend, hiding the messages that TensorFlow prints on import.

    Raises:
        FerBenchError: as ``check_keras``, or Keras or its backend cannot be imported.
    """
    check_keras()
    if "keras" in sys.modules:
        return
    allocator.reuse_freed_memory()
    try:
        with hidden_messages():
            importlib.import_module("keras")
    # A backend that is incompatible with its libraries may raise any exception.
    except Exception as error:
        cause = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise FerBenchError(f"Keras cannot be imported: {cause}", hint=_INSTALL) from error


@contextlib.contextmanager
def hidden_messages() -> Iterator[None]:
    """Discard standard error, to which TensorFlow writes from C++ on import, at any log level.

    The file descriptor itself is redirected. Exceptions are raised as usual.
    """
    try:
        saved = os.dup(2)
    except OSError:
        # Standard error is closed (``2>&-``): the next file to be opened would receive the output.
        saved = os.open(os.devnull, os.O_WRONLY)
    try:
        with Path(os.devnull).open("wb") as null:
            os.dup2(null.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        if saved != 2:
            os.close(saved)


def check_keras() -> None:
    """Check that the Keras settings are supported, if Keras is installed.

    Neither Keras nor its backend is imported.

    Raises:
        FerBenchError: the backend is not installed or not supported, ``keras.json`` cannot be read,
            or a setting is not supported.
    """
    if "keras" not in sys.modules:
        if importlib.util.find_spec("keras") is None:
            return
        _check_file()
    settings = keras_settings()
    if settings.backend not in BACKENDS:
        origin = "KERAS_BACKEND" if os.environ.get("KERAS_BACKEND") else str(_keras_json())
        raise FerBenchError(
            f"Keras' backend {shown(settings.backend)} (from {origin}) is not supported",
            ", ".join(BACKENDS),
            "set KERAS_BACKEND to one of them",
        )
    if importlib.util.find_spec(settings.backend) is None:
        raise FerBenchError(
            f"Keras' backend {settings.backend!r} is not installed",
            ", ".join(BACKENDS),
            f"{_INSTALL}, or set KERAS_BACKEND to an installed one",
        )
    check_image_data_format()
    _check_steps()
    if "keras" in sys.modules:
        _check_policy()


def check_image_data_format() -> None:
    """Check that Keras' image data format is ``"channels_last"``.

    Raises:
        FerBenchError: it is not.
    """
    found = keras_settings().image_data_format
    if found != "channels_last":
        raise FerBenchError(
            f"Keras' image data format is {shown(found)}",
            "'channels_last'",
            f"change it in {_keras_json()}, or remove the call of "
            "keras.config.set_image_data_format",
        )


def _check_steps() -> None:
    limit: Any = os.environ.get(_STEPS_LIMIT)
    if "keras" in sys.modules:
        import keras

        # The oldest supported Keras does not have this limit.
        limit = getattr(keras.config, "max_steps_per_epoch", lambda: None)()
    if limit:
        raise FerBenchError(
            f"Keras is limited to {limit} steps per epoch, so that epochs would be incomplete",
            "no limit",
            f"unset {_STEPS_LIMIT}, or remove the call of keras.config.set_max_steps_per_epoch; "
            "--limit reduces the number of images",
        )


def _check_policy() -> None:
    import keras

    policy = keras.config.dtype_policy()
    if policy.quantization_mode is not None:
        raise FerBenchError(
            f"Keras' dtype policy {policy.name!r} is quantised and cannot be trained",
            "float32 or another policy without quantisation",
            "remove the call of keras.config.set_dtype_policy",
        )
    if "bfloat16" in (policy.variable_dtype, keras.config.floatx()):
        raise FerBenchError(
            "Keras' dtype policy or float type is 'bfloat16', and weights of this type cannot be "
            "stored",
            "mixed_bfloat16, float32 or another policy with other weights",
            "remove the calls of keras.config.set_dtype_policy and keras.config.set_floatx",
        )


def _check_file() -> None:
    """Validate ``keras.json``: Keras itself ignores invalid JSON, or fails with a traceback."""
    path = _keras_json()

    def invalid(problem: str, accepted: str) -> FerBenchError:
        hint = "correct the file, or remove it for Keras' defaults"
        return FerBenchError(problem, accepted, hint, path=path)

    an_object = 'an object such as {"backend": "tensorflow"}'
    try:
        settings = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise invalid(f"cannot be read as JSON: {error}", an_object) from None
    if not isinstance(settings, dict):
        raise invalid(f"contains {shown(settings)}", an_object)
    accepted: dict[str, tuple[Any, ...]] = {
        "floatx": ("float16", "float32", "float64"),
        "image_data_format": ("channels_last", "channels_first"),
    }
    for name, values in accepted.items():
        if settings.get(name, values[0]) not in values:
            raise invalid(f"{name!r} is {shown(settings[name])}", ", ".join(values))
    if not isinstance(settings.get("epsilon", 1e-7), float):
        raise invalid(f"'epsilon' is {shown(settings['epsilon'])}", "a number such as 1e-7")


def clear_keras() -> None:
    """Free the networks that Keras keeps in memory and preserve the process-wide settings.

    ``keras.utils.clear_session`` resets these too: later networks would use another dtype policy.
    """
    if "keras" not in sys.modules:
        return
    import keras

    policy, distribution = keras.config.dtype_policy(), keras.distribution.distribution()
    attention = keras.config.is_flash_attention_enabled()
    keras.utils.clear_session()
    if policy.name != keras.config.floatx():
        keras.config.set_dtype_policy(policy)
    if distribution is not None:
        keras.distribution.set_distribution(distribution)
    if attention is False:
        keras.config.disable_flash_attention()


def keras_settings() -> KerasSettings:
    """Return the settings of Keras, or those it will have if it is not imported yet.

    Importing Keras and its backend takes seconds and is unnecessary in a run whose results are all
    stored, so the settings are then derived from ``keras.json`` and the environment as Keras does.
    """
    if "keras" in sys.modules:
        import keras

        config = keras.config
        return KerasSettings(
            config.backend(), config.floatx(), config.epsilon(), config.image_data_format()
        )
    try:
        configured = dict(json.loads(_keras_json().read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        configured = {}
    found = KerasSettings()._replace(
        **{name: configured[name] for name in KerasSettings._fields if name in configured}
    )
    backend = os.environ.get("KERAS_BACKEND") or str(found.backend)
    return found._replace(backend=backend, floatx=str(found.floatx))


def _keras_json() -> Path:
    """Return the path of Keras' configuration file."""
    home = os.environ.get("KERAS_HOME")
    if home is None:
        user = expand_user("~")
        home = str((user if os.access(user, os.W_OK) else Path("/tmp")) / ".keras")  # noqa: S108
    return expand_user(str(Path(home) / "keras.json"))


def numeric_settings() -> dict[str, str]:
    """Return ``numerical_environment.settings`` for the Keras settings of this process."""
    found = keras_settings()
    return numerical_environment.settings(found.backend, found.floatx, found.epsilon)


def backend_version() -> str:
    """Return Keras' backend with its version, for example ``"tensorflow 2.21.0"``."""
    backend = keras_settings().backend
    return f"{backend} {version(*_BACKEND_PACKAGES.get(backend, (backend,)))}"


def runs_on_cpu() -> bool:
    """Check if Keras' backend computes on the CPU."""
    import keras

    return not any(name.startswith(("gpu", "tpu")) for name in keras.distribution.list_devices())


def environment() -> tuple[tuple[str, str], ...]:
    """Return versions, devices and threads by name, without importing Keras."""
    rows = [
        ("fer_bench", __version__),
        ("python", platform.python_version()),
        ("platform", platform.platform()),
        ("cpu cores available", str(numerical_environment.cores())),
        ("threads", numerical_environment.threads()),
        ("numpy", version("numpy")),
        ("scikit-learn", version("scikit-learn")),
        ("pytest-benchmark", version("pytest-benchmark")),
        ("keras", version("keras")),
        ("deepface", version("deepface")),
        ("backend", backend_version()),
        (NUMERIC_SETTINGS, _settings_text(numeric_settings())),
    ]
    if "keras" in sys.modules:
        rows.append(("devices", numerical_environment.devices()))
    return tuple(rows)


def _settings_text(settings: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items()) or "default"
