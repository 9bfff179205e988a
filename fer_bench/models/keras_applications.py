"""Keras applications as backbones: names, input sizes, preprocessing and weight files.

Importing this module does not import Keras. Names on the command line are those of Keras, as
``keras:EfficientNetV2B0``; ``Backbone.name``, part of test ids and file names, is
``keras-efficientnetv2b0``. ``keras:ResNet50`` and ``keras:MobileNet`` are the paper's backbones.

The input has the 48 pixels of FER2013, as the paper's own Keras networks, or the minimum that
the application accepts if that is larger.
"""

from __future__ import annotations

import csv
from pathlib import Path

from fer_bench.models.backbone import Backbone, WeightsSource
from fer_bench.models.backbone_families import Family

SIDE = 48
"""Side length of the input in pixels, unless the application needs more."""

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and standard deviation of ImageNet's channels, red, green, blue, for pixels 0 to 1."""

_PREPROCESSING: dict[str, tuple[float | tuple[float, ...], tuple[float, ...]]] = {
    # The network itself contains the preprocessing.
    "included": (1.0, (0.0, 0.0, 0.0)),
    "symmetric": (1 / 127.5, (-1.0, -1.0, -1.0)),
    # Mean in BGR order. Converting grey images from RGB to BGR is a no-op.
    "centred": (1.0, (-103.939, -116.779, -123.68)),
    # ``(grey / 255 - mean) / standard deviation``
    "standardised": (
        tuple(1 / 255 / deviation for deviation in DEVIATION),
        tuple(-mean / deviation for mean, deviation in zip(MEAN, DEVIATION, strict=True)),
    ),
}
"""Scale and offset of ``preprocess_input`` by name: ``grey * scale + offset[channel]``."""


def _backbone(row: dict[str, str]) -> Backbone:
    """Return the registry entry of a function of ``keras.applications``.

    Args:
        row: ``name`` of the function; ``parameters`` without the classification layer; ``url`` of
            the weights without this layer; ``digest`` of that file in Keras' source
            (keras/src/applications); ``preprocessing`` by name; ``minimum`` side length of the
            input in pixels, if it is more than the default; ``file`` in Keras' cache, if its name
            is not that of the URL; ``licence`` of the weights according to the documentation of
            Keras 2 (docs/templates/applications.md), as that of Keras 3 states none.
    """
    name = row["name"]
    scale, offset = _PREPROCESSING[row["preprocessing"]]
    return Backbone(
        name=f"keras-{name.lower()}",
        title=name,
        input_size=int(row["minimum"] or SIDE),
        scale=scale,
        offset=offset,
        builder=f"fer_bench.models.builders.keras_applications:{name}",
        structure=f"keras {name} 1",
        weights=WeightsSource(
            file=row["file"] or row["url"].rpartition("/")[2],
            cache="keras",
            urls=(row["url"],),
            digest=row["digest"] or None,
            licence=row["licence"] or None,
        ),
        parameters=int(row["parameters"]),
        licence="Apache-2.0 (Keras)",
    )


_TABLE = Path(__file__).parent / "data" / "keras_applications.csv"

with _TABLE.open(encoding="utf-8", newline="") as _file:
    BACKBONES = {row["name"]: _backbone(row) for row in csv.DictReader(_file)}
"""Backbones by the name of Keras' function."""

FAMILY = Family(
    prefix="keras:",
    origin="Keras",
    accepted="names of networks in keras.applications, or a pattern such as keras:MobileNet*",
    backbones=BACKBONES,
    registered={"ResNet50": "resnet50", "MobileNet": "mobilenet"},
)
"""Keras' applications by name; the paper's backbones are the registered ones."""
