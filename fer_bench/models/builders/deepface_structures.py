"""The two face networks, built by deepface's own code and made savable.

deepface builds a network and loads its weights in one call. Here it only builds: nothing is
downloaded and no folder is created. Its ``Lambda`` layers are exchanged, while it builds, for the
layers of ``models.builders.layers``, so the network holds nothing that only TensorFlow can run.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import warnings
from typing import TYPE_CHECKING, Any
from unittest import mock

import keras

from fer_bench.models.builders.layers import (
    L2Normalization,
    LocalResponseNormalization,
    Square,
    SquareRoot,
)
from fer_bench.runtime.errors import INSTALL, FerBenchError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

STRUCTURES = "deepface.models.facial_recognition.tf"


def vggface() -> keras.Model:
    """VGG-Face up to its 4,096 features, random weights, input (n, 224, 224, 3).

    The network that deepface takes embeddings from: the 2,622-way layer, its softmax and the
    dropout before it are gone, the 1x1 convolution before them is flattened.
    134,260,544 parameters; 145,002,878 with the last layer.

    Raises:
        FerBenchError: deepface or TensorFlow is missing, or is of a version without this structure.
    """
    with _quietly():
        classifier = _checked(_structure("VGGFace").base_model())
        features = keras.layers.Flatten()(classifier.layers[-5].output)
        return keras.Model(classifier.layers[0].input, features, name="vggface")


def openface() -> keras.Model:
    """OpenFace whole, random weights, input (n, 96, 96, 3).

    Its output is the 128-dimensional embedding of length 1: it has no classification layer.
    3,743,280 parameters.

    Raises:
        FerBenchError: deepface or TensorFlow is missing, or is of a version without this structure.
    """
    with _quietly():
        module = _structure("OpenFace")
        with (
            mock.patch.object(module, "Lambda", _named_layer),
            mock.patch.multiple(
                module.weight_utils,
                download_weights_if_necessary=lambda **_: "",
                load_model_weights=lambda model, **_: model,
            ),
        ):
            whole = _checked(module.load_model())
        # deepface names its input in a list, and Keras then warns of every bare tensor.
        return keras.Model(whole.inputs[0], whole.outputs[0], name="openface")


_LAYERS: dict[str, Any] = {
    "lrn": LocalResponseNormalization,
    "power2": Square,
    "mult9": lambda name: keras.layers.Rescaling(9.0, name=name),
    "sqrt": SquareRoot,
    "norm": L2Normalization,
}


def _named_layer(_function: Any, name: str) -> keras.layers.Layer:
    """The layer that does what deepface's ``Lambda`` of this name does."""
    kind = name.partition("_")[0]
    if kind not in _LAYERS:
        raise FerBenchError(
            f"deepface's layer {name!r} is not known to this version of fer-bench; "
            "install deepface 0.0.103"
        )
    return _LAYERS[kind](name=name)


def _structure(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"{STRUCTURES}.{name}")
    except ImportError as error:
        raise FerBenchError(
            f"deepface's structure {name} cannot be imported: {str(error).splitlines()[0]}; it "
            "needs deepface 0.0.102 or newer and TensorFlow, whichever backend Keras runs on: "
            f"{INSTALL} (or [gpu])"
        ) from error


def _checked(model: Any) -> keras.Model:
    if not isinstance(model, keras.Model):
        raise FerBenchError(
            f"deepface built a model of {type(model).__module__!r}, expected is one of "
            f"Keras {keras.__version__}: unset TF_USE_LEGACY_KERAS"
        )
    return model


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keeps deepface's prints and its libraries' warnings off the terminal.

    Its structures set ``input_shape`` on layers, which Keras warns about each time.
    """
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
