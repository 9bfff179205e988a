"""Registry of the backbones: structure, input, preprocessing and source of the weights."""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_bench.models.builders import structure_files
from fer_bench.models.keras_backend import check_image_data_format
from fer_bench.models.weights.sources import WeightsSource
from fer_bench.runtime.definitions import same_definition
from fer_bench.runtime.errors import INSTALL, FerBenchError

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

NO_OFFSET = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Backbone:
    """Description of a backbone network.

    Attributes:
        name: identifier on the command line, for example ``"mobilenet"``.
        title: name in tables, for example ``"MobileNet"``.
        input_size: side length of the square input, in pixels.
        scale: factor for the grey levels (0 to 255).
        offset: value added to each channel after scaling.
        builder: function that builds the network with random weights, or its import path
            ``"module:function"``, imported when the network is built. The network is a functional
            ``keras.Model`` or a ``keras.Sequential`` with one input and one output; it takes float
            images of shape (n, input_size, input_size, 3) and has no classification layer.
        structure: name and version of the structure, part of the fingerprints; change it whenever
            the network changes, also if only code or files used by the builder do.
        weights: source of the pretrained weights, or None if there are none.
        parameters: exact number of parameters without the classification layer, or None to skip
            the check.
        from_deepface: True if deepface builds the network, or an exported structure file if
            deepface is not installed.
        licence: licence of the network's code as stated by upstream, or None if it states none.
            ``WeightsSource.licence`` is the licence of the weights.

    Raises:
        FerBenchError: the name or the input size is invalid.
    """

    name: str
    title: str
    input_size: int
    scale: float
    offset: tuple[float, float, float]
    builder: str | Callable[[], keras.Model]
    structure: str
    weights: WeightsSource | None = None
    parameters: int | None = None
    from_deepface: bool = False
    licence: str | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_-]*", self.name) or self.name == "all":
            raise FerBenchError(
                f"backbone name {self.name!r} is not usable",
                "small letters, digits, '_' and '-', a letter first, and not 'all'",
            )
        if self.input_size < 1:
            raise FerBenchError(
                f"backbone {self.name!r}: input size {self.input_size!r} is too small",
                "1 pixel or more",
            )

    @property
    def is_built_in(self) -> bool:
        """True if the network comes from this package, which draws its weights from the seed."""
        return isinstance(self.builder, str) and self.builder.startswith("fer_bench.models.")

    def build(self) -> keras.Model:
        """Build the network with the weights its builder assigns.

        The builders of this package draw the weights from Keras' current seed. Other builders may
        not; ``random_weights.seeded`` enforces it.

        Returns:
            A functional model from float images (n, input_size, input_size, 3) to features, without
            classification layer. A ``Sequential`` is converted.

        Raises:
            FerBenchError: Keras, TensorFlow or deepface is missing, Keras' image data format is not
                supported, the network is not a graph of layers, or it does not match this entry.
        """
        build = self._builder()
        check_image_data_format()
        from fer_bench.models.graph import as_graph

        model = as_graph(build(), self.name, (None, self.input_size, self.input_size, 3))
        count = model.count_params()
        if self.parameters is not None and count != self.parameters:
            raise FerBenchError(
                f"backbone {self.name!r} was built with {count:,} parameters, its entry says "
                f"{self.parameters:,}: mend the entry or its builder"
            )
        return model

    def structure_digest(self) -> str | None:
        """Return the SHA-256 of the exported structure the network is built from, or None.

        Raises:
            FerBenchError: a structure file is required, but missing or invalid.
        """
        return structure_files.digest(self.name) if self.from_deepface else None

    def _builder(self) -> Callable[[], Any]:
        if callable(self.builder):
            return self.builder
        module, _, function = self.builder.partition(":")
        try:
            found: Callable[[], Any] = getattr(importlib.import_module(module), function)
        except (ImportError, AttributeError) as error:
            raise FerBenchError(
                f"backbone {self.name!r}: builder {self.builder!r} cannot be imported: "
                f"{str(error).splitlines()[0]}; Keras and its backend come with "
                f"{INSTALL} (or [gpu] or [jax])"
            ) from error
        return found


_registered: dict[str, Backbone] = {}


def register(backbone: Backbone) -> None:
    """Add a backbone to the registry.

    Registering the same backbone again replaces the entry; this happens if a ``conftest.py`` is
    loaded twice in one process.

    Raises:
        FerBenchError: a different backbone is registered under this name.
    """
    known = _registered.setdefault(backbone.name, backbone)
    if dataclasses.replace(known, builder=backbone.builder) != backbone or (
        not same_definition(known.builder, backbone.builder)
    ):
        raise FerBenchError(
            f"backbone {backbone.name!r} is registered already, with other settings; "
            "choose another name"
        )
    _registered[backbone.name] = backbone


def names() -> tuple[str, ...]:
    """Return the names of all registered backbones in registration order."""
    return tuple(_registered)


def get(name: str) -> Backbone:
    """Return the backbone with this name.

    Raises:
        FerBenchError: the name is unknown; the message suggests the closest match.
    """
    if name in _registered:
        return _registered[name]
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    nearest = difflib.get_close_matches(plain, _registered, n=1)
    suggestion = f"did you mean {nearest[0]!r}? " if nearest else ""
    raise FerBenchError(
        f"backbone {name!r} is unknown; {suggestion}accepted: {', '.join(_registered)}"
    )


def select(text: str) -> tuple[Backbone, ...]:
    """Parse ``all`` (the paper's four backbones) or a comma-separated list of names.

    Returns:
        The backbones in the order of the list.

    Raises:
        FerBenchError: a name is empty, unknown or duplicated.
    """
    accepted = f"accepted: 'all', or names out of {', '.join(_registered)}, separated by commas"
    words = PAPER if text.strip() == "all" else tuple(word.strip() for word in text.split(","))
    if "" in words:
        raise FerBenchError(f"backbones {text!r}: a name is empty; {accepted}")
    chosen = tuple(get(word) for word in words)
    for word in words:
        if words.count(word) > 1:
            raise FerBenchError(f"backbones {text!r}: {word!r} is given twice; {accepted}")
    return chosen


PAPER = ("vggface", "openface", "resnet50", "mobilenet")
"""The four backbones that the paper compares."""

_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
_DEEPFACE = (
    "https://github.com/serengil/deepface_models/releases/download/v1.0",
    "https://huggingface.co/serengil/deepface/resolve/main",
)

# Licences as stated by deepface's README (section "Licence") and the pages it links to, by Keras'
# LICENSE, and by the documentation of Keras 2 (docs/templates/applications.md). The documentation
# of Keras 3 does not state a licence of the weights.
_KERAS_CODE = "Apache-2.0 (Keras)"
_DEEPFACE_CODE = "MIT (deepface)"

register(
    Backbone(
        name="vggface",
        title="VGG-Face",
        input_size=224,
        scale=1 / 255,
        offset=NO_OFFSET,
        builder="fer_bench.models.builders.face_networks:vggface",
        structure="vggface 1",
        weights=WeightsSource(
            file="vgg_face_weights.h5",
            cache="deepface",
            urls=tuple(f"{place}/vgg_face_weights.h5" for place in _DEEPFACE),
            # deepface's file contains the complete network, including the 2,622-way layer.
            last_layer=((1, 1, 4096, 2622), (2622,)),
            licence="for non-commercial research only (Visual Geometry Group, Oxford, under a "
            "Creative Commons Attribution licence)",
        ),
        # 145,002,878 including the classification layer.
        parameters=134_260_544,
        from_deepface=True,
        licence=_DEEPFACE_CODE,
    )
)
register(
    Backbone(
        name="openface",
        title="OpenFace",
        input_size=96,
        scale=1 / 255,
        offset=NO_OFFSET,
        builder="fer_bench.models.builders.face_networks:openface",
        structure="openface 1",
        weights=WeightsSource(
            file="openface_weights.h5",
            cache="deepface",
            urls=tuple(f"{place}/openface_weights.h5" for place in _DEEPFACE),
            licence="Apache-2.0 (Keras-OpenFace, ported from Carnegie Mellon's OpenFace)",
        ),
        parameters=3_743_280,
        from_deepface=True,
        licence=_DEEPFACE_CODE,
    )
)
register(
    Backbone(
        name="resnet50",
        title="ResNet-50",
        input_size=48,
        scale=1.0,
        # ImageNet's mean in BGR order. Converting grey images from RGB to BGR is a no-op.
        offset=(-103.939, -116.779, -123.68),
        builder="fer_bench.models.builders.keras_applications:resnet50",
        structure="resnet50 1",
        weights=WeightsSource(
            file="resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
            cache="keras",
            urls=(f"{_KERAS}/resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",),
            digest="md5:4d473c1dd8becc155b73f8504c6f6626",
            licence="MIT (ported from Kaiming He's, says the documentation of Keras 2)",
        ),
        parameters=23_587_712,
        licence=_KERAS_CODE,
    )
)
register(
    Backbone(
        name="mobilenet",
        title="MobileNet",
        input_size=48,
        scale=1 / 127.5,
        offset=(-1.0, -1.0, -1.0),
        builder="fer_bench.models.builders.keras_applications:mobilenet",
        structure="mobilenet 1",
        weights=WeightsSource(
            file="mobilenet_1_0_224_tf_no_top.h5",
            cache="keras",
            urls=(f"{_KERAS}/mobilenet/mobilenet_1_0_224_tf_no_top.h5",),
            # Upstream publishes no digest and rebuilds the file: pin the values, not the bytes.
            digest="values:40ae3d1a2c1d69d46d39cb3b19aeda86a2310f76b0823e16193d6f1b5b99b608",
            licence="Apache-2.0 (that of tensorflow/models, says the documentation of Keras 2)",
        ),
        parameters=3_228_864,
        licence=_KERAS_CODE,
    )
)
register(
    Backbone(
        name="mini",
        title="mini",
        input_size=48,
        scale=1 / 127.5,
        offset=(-1.0, -1.0, -1.0),
        builder="fer_bench.models.builders.keras_applications:mini",
        structure="mini 1",
        weights=WeightsSource(
            file="mini.weights.npz",
            cache=Path(__file__).parent / "data",
            digest="values:def240875a4e8a2517f52de7b3e24184ae701c14f1633e58179aad514587f6c8",
            licence="MIT (fer_bench)",
        ),
        parameters=218_544,
        licence=_KERAS_CODE,
    )
)
