"""Face networks, built by deepface's own code in a serialisable form.

deepface builds a network and loads its weights in one call. Here loading is patched out: nothing is
downloaded and no directory is created. During the build, deepface's ``Lambda`` layers are replaced
by the layers of ``models.builders.layers`` or Keras' own, so that the network runs on any Keras
backend. ``Dropout`` is left out of the networks that only ``deepface:`` names: deepface itself uses
them for inference only, where it does nothing, and DeepID's rate is 0.99.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import warnings
from functools import partial
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
    from collections.abc import Callable, Iterator
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
    return _loaded("openface", "OpenFace", Lambda=_named_layer)


def _deepid() -> keras.Model:
    """Build DeepID up to its 160 features.

    Its own input has 55 rows of 47 pixels: as deepface does with a square face, four rows of zeros
    are added above and below.
    """

    def convolution(*arguments: Any, name: str, **options: Any) -> Any:
        layer = keras.layers.Conv2D(*arguments, name=name, **options)
        if name != "Conv1":
            return layer
        rows = keras.layers.ZeroPadding2D(((4, 4), (0, 0)), name="rows")
        return lambda image: layer(rows(image))

    return _loaded(
        "deepface-deepid",
        "DeepID",
        Input=lambda shape: keras.Input((47, 47, 3)),
        Conv2D=convolution,
        Dropout=_identity,
    )


def _loaded(
    name: str, structure: str, function: str = "load_model", **replacements: Any
) -> keras.Model:
    """Build a network with deepface's function that also loads its weights.

    Args:
        name: name of the network.
        structure: name of deepface's module.
        function: name of the function in that module.
        replacements: classes of layers to use in place of those in the module.
    """
    with _quietly():
        module = _structure(structure)
        with (
            mock.patch.multiple(module, **replacements),
            mock.patch.multiple(
                module.weight_utils,
                download_weights_if_necessary=lambda **_: "",
                load_model_weights=lambda model, **_: model,
            ),
        ):
            network = _checked(getattr(module, function)())
        # deepface passes some inputs as a list; Keras would warn about each call with a tensor.
        return keras.Model(network.inputs[0], network.outputs[0], name=name)


def _identity(*_arguments: Any, **_options: Any) -> Callable[[Any], Any]:
    """Return a function in place of a layer that does nothing in inference."""
    return lambda tensor: tensor


def _scaling(
    function: Any, output_shape: Any, arguments: dict[str, float]
) -> keras.layers.Rescaling:
    """Return the replacement for the ``Lambda`` layers of Facenet, which multiply by a number."""
    if function.__name__ != "scaling":
        raise _unknown_layer(function.__name__)
    return keras.layers.Rescaling(float(arguments["scale"]))


def _activation(name: str, **options: Any) -> keras.layers.Layer:
    """Return a PReLU without deepface's name, which has a counter of the process."""
    return keras.layers.PReLU(**options)


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
        raise _unknown_layer(name)
    return _LAYERS[kind](name=name)


def _unknown_layer(name: str) -> FerBenchError:
    return FerBenchError(
        f"deepface's layer {name!r} is unknown to this version of fer_bench",
        hint="install deepface 0.0.103",
    )


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


_FACENET: dict[str, Any] = {"Lambda": _scaling, "Dropout": _identity}

BUILDERS: dict[str, Callable[[], keras.Model]] = {
    "vggface": vggface,
    "openface": openface,
    "facenet": partial(
        _loaded, "deepface-facenet", "Facenet", "load_facenet128d_model", **_FACENET
    ),
    "facenet512": partial(
        _loaded, "deepface-facenet512", "Facenet", "load_facenet512d_model", **_FACENET
    ),
    "arcface": partial(_loaded, "deepface-arcface", "ArcFace", Dropout=_identity),
    "deepid": _deepid,
    "ghostfacenet": partial(_loaded, "deepface-ghostfacenet", "GhostFaceNet", PReLU=_activation),
}
"""Builders of the networks up to their embeddings, random weights, inputs (n, side, side, 3)."""
