"""The two face networks, built by deepface's own code in a serialisable form.

deepface builds a network and loads its weights in one call. Here loading is patched out: nothing is
downloaded and no directory is created. During the build, deepface's ``Lambda`` layers are replaced
by the layers of ``models.builders.layers``, so that the network runs on any Keras backend.
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
    """Build VGG-Face up to its 4,096 features, random weights, input (n, 224, 224, 3).

    deepface computes its embeddings with this network: the 2,622-way layer, its softmax and the
    dropout before it are removed, and the output of the 1x1 convolution before them is flattened.
    134,260,544 parameters; 145,002,878 with the last layer.

    Raises:
        FerBenchError: deepface or TensorFlow is missing, or its version lacks this structure.
    """
    with _quietly():
        classifier = _checked(_structure("VGGFace").base_model())
        features = keras.layers.Flatten()(classifier.layers[-5].output)
        return keras.Model(classifier.layers[0].input, features, name="vggface")


def openface() -> keras.Model:
    """Build the complete OpenFace network, random weights, input (n, 96, 96, 3).

    It has no classification layer: the output is the 128-dimensional embedding with unit L2 norm.
    3,743,280 parameters.

    Raises:
        FerBenchError: deepface or TensorFlow is missing, or its version lacks this structure.
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
            network = _checked(module.load_model())
        # deepface passes its input as a list; Keras would warn about each call with a bare tensor.
        return keras.Model(network.inputs[0], network.outputs[0], name="openface")


_LAYERS: dict[str, Any] = {
    "lrn": LocalResponseNormalization,
    "power2": Square,
    "mult9": lambda name: keras.layers.Rescaling(9.0, name=name),
    "sqrt": SquareRoot,
    "norm": L2Normalization,
}


def _named_layer(_function: Any, name: str) -> keras.layers.Layer:
    """Return the replacement for deepface's ``Lambda`` layer with this name."""
    kind = name.partition("_")[0]
    if kind not in _LAYERS:
        raise FerBenchError(
            f"deepface's layer {name!r} is unknown to this version of fer_bench",
            hint="install deepface 0.0.103",
        )
    return _LAYERS[kind](name=name)


def _structure(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"{STRUCTURES}.{name}")
    except ImportError as error:
        raise FerBenchError(
            f"deepface's structure {name} cannot be imported: {str(error).splitlines()[0]}",
            "deepface 0.0.102 or newer with TensorFlow, whichever backend Keras uses",
            f"install them with {INSTALL} (or [gpu])",
        ) from error


def _checked(model: Any) -> keras.Model:
    if not isinstance(model, keras.Model):
        raise FerBenchError(
            f"deepface built a model of {type(model).__module__!r}",
            f"a model of Keras {keras.__version__}",
            "unset TF_USE_LEGACY_KERAS",
        )
    return model


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Suppress deepface's output and the warnings of its libraries.

    deepface's structures pass ``input_shape`` to layers, and Keras warns about each of them.
    """
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
