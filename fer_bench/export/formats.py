"""File formats of exported models: conversion, and computation by each format's own library."""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fer_bench.export.deployable import INPUT, OUTPUT
from fer_bench.models import numerical_environment
from fer_bench.models.keras_backend import keras_settings, version
from fer_bench.results.model_metadata import KEY, MEMBER
from fer_bench.runtime.errors import INSTALL, FerBenchError
from fer_bench.runtime.files import cause_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import keras
    from numpy.typing import NDArray

    from fer_bench.results.model_metadata import ModelMetadata

Format = Literal["onnx", "keras", "litert"]

SUFFIXES: dict[Format, str] = {"onnx": ".onnx", "keras": ".keras", "litert": ".tflite"}
"""Ending of the file name of each format."""

_OPSET = 18
"""Version of ONNX's operators: the newest that tf2onnx writes."""


@dataclass(frozen=True)
class Converted:
    """A converted model.

    Attributes:
        run: computes probabilities, float32 of shape (n, classes), from images of the input's
            shape and type, with the library that other programs use.
        runtime: name and version of that library.
        content: returns the bytes of the file with metadata in it.
    """

    run: Callable[[NDArray[Any]], NDArray[np.float32]]
    runtime: str
    content: Callable[[ModelMetadata], bytes]


def check_libraries(kind: Format) -> None:
    """Check that Keras runs on TensorFlow, and that the libraries of a format are there.

    Raises:
        FerBenchError: they are not.
    """
    backend = keras_settings().backend
    if backend != "tensorflow":
        raise FerBenchError(
            f"Keras' backend is {backend!r}, whose networks are not exported",
            "'tensorflow'",
            "train and export the cell with KERAS_BACKEND=tensorflow",
        )
    if kind == "onnx":
        missing = [
            name for name in ("onnx", "tf2onnx", "onnxruntime") if version(name) == "not installed"
        ]
        if missing:
            raise FerBenchError(
                f"--format=onnx needs {', '.join(missing)}",
                hint=f"install it with {INSTALL.replace('cpu', 'cpu,export')}",
            )


def convert(model: keras.Model, kind: Format) -> Converted:
    """Convert a model with one input and one output.

    Raises:
        FerBenchError: the conversion fails, or the file would need a class of this package.
    """
    return {"onnx": _onnx, "keras": _keras, "litert": _litert}[kind](model)


def _onnx(model: keras.Model) -> Converted:
    import onnxruntime

    with _quiet():
        import tf2onnx

        frozen = _inference_graph(model)
        try:
            proto, _ = tf2onnx.convert.from_graph_def(
                frozen.graph.as_graph_def(),
                name=KEY,
                input_names=[frozen.inputs[0].name],
                output_names=[frozen.outputs[0].name],
                tensors_to_rename={frozen.inputs[0].name: INPUT, frozen.outputs[0].name: OUTPUT},
                opset=_OPSET,
            )
        except Exception as error:
            raise _failed("onnx", error) from error
    for axis, name in zip(proto.graph.input[0].type.tensor_type.shape.dim, _AXES, strict=True):
        if not axis.dim_value:
            axis.dim_param = name
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = numerical_environment.cores()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    # onnxruntime has no common base of its exceptions.
    except Exception as error:
        raise _failed("onnx", error) from error

    def content(metadata: ModelMetadata) -> bytes:
        entry = proto.metadata_props.add()
        entry.key, entry.value = KEY, metadata.to_json()
        proto.doc_string = metadata.card
        return bytes(proto.SerializeToString())

    return Converted(
        run=lambda images: np.asarray(session.run([OUTPUT], {INPUT: images})[0], np.float32),
        runtime=f"onnxruntime {version('onnxruntime', 'onnxruntime-gpu')}",
        content=content,
    )


_AXES = ("images", "height", "width", "channels")


def _keras(model: keras.Model) -> Converted:
    import keras

    with tempfile.TemporaryDirectory(prefix="fer_bench-export-") as directory:
        path = Path(directory) / "model.keras"
        model.save(path)
        saved = path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            if b"fer_bench" in archive.read("config.json"):
                raise FerBenchError(
                    "the network has a layer of fer_bench, which a .keras file cannot hold",
                    "a network of Keras' own layers",
                    "choose --format=onnx",
                )
        loaded = keras.saving.load_model(path, compile=False, safe_mode=True)
    return Converted(
        run=lambda images: np.asarray(
            keras.ops.convert_to_numpy(loaded.predict_on_batch(images)), np.float32
        ),
        runtime=f"Keras {keras.__version__}",
        content=lambda metadata: _with_member(saved, metadata),
    )


def _litert(model: keras.Model) -> Converted:
    import tensorflow as tf

    with _quiet():
        # With variables outside the graph, LiteRT reads values that were never set.
        converter = tf.lite.TFLiteConverter.from_concrete_functions([_inference_graph(model)])
        try:
            saved = bytes(converter.convert())
            interpreter = tf.lite.Interpreter(
                model_content=saved, num_threads=numerical_environment.cores()
            )
        except Exception as error:
            raise _failed("litert", error) from error
    (images,), (output,) = interpreter.get_input_details(), interpreter.get_output_details()

    def run(values: NDArray[Any]) -> NDArray[np.float32]:
        interpreter.resize_tensor_input(images["index"], values.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(images["index"], values)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(output["index"]), np.float32)

    return Converted(
        run,
        f"LiteRT of TensorFlow {tf.__version__}",
        lambda metadata: _with_member(saved, metadata),
    )


def _inference_graph(model: keras.Model) -> Any:
    """Return the model's inference as a concrete function, with all values in its graph.

    The model is called with ``training=False``: Keras' own export leaves it open, and a layer may
    then pass its default of True on to batch normalisation.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    (tensor,) = model.inputs
    spec = tf.TensorSpec(tensor.shape, tensor.dtype, name=INPUT)
    function = tf.function(lambda images: model(images, training=False), input_signature=[spec])
    return convert_variables_to_constants_v2(function.get_concrete_function())


def _with_member(saved: bytes, metadata: ModelMetadata) -> bytes:
    """Append the metadata as a member of a zip archive, which readers of the format ignore."""
    buffer = io.BytesIO(saved)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(MEMBER, metadata.to_json())
    return buffer.getvalue()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide the warnings of converters about their own deprecated calls."""
    loggers = [logging.getLogger(name) for name in ("tensorflow", "tf2onnx", "absl")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _failed(kind: Format, error: Exception) -> FerBenchError:
    others = ", ".join(one for one in SUFFIXES if one != kind)
    return FerBenchError(
        f"the network cannot be converted: {cause_of(error)}", hint=f"try --format={others}"
    )
