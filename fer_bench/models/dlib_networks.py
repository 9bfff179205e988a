"""dlib's face-recognition network as backbones: ``dlib:resnet`` and ``dlib:resnet-pool256``.

Importing this module does not import Keras.
"""

from __future__ import annotations

from fer_bench.models.backbone import Backbone, InstalledPackage, WeightsSource
from fer_bench.models.backbone_families import Family

_MEAN = (122.782, 117.001, 104.298)
"""Mean of the pixels in the data that dlib trained on, red, green, blue."""


def _backbone(
    name: str, title: str, input_size: int, parameters: int, excluded_layers: tuple[str, ...] = ()
) -> Backbone:
    return Backbone(
        name=f"dlib-{name}",
        title=title,
        input_size=input_size,
        scale=1 / 256,
        offset=(-_MEAN[0] / 256, -_MEAN[1] / 256, -_MEAN[2] / 256),
        builder=f"fer_bench.models.builders.dlib_resnet:{name.replace('-', '_')}",
        structure=f"dlib {name} 1",
        weights=WeightsSource(
            file="dlib_face_recognition_resnet_model_v1.dat",
            cache=InstalledPackage("face-recognition-models", "face_recognition_models", "models"),
            # Of the file in the package's version 0.3.0; dlib publishes no digest.
            digest="sha256:55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
            excluded_layers=excluded_layers,
            licence="CC0-1.0 (face_recognition_models); public domain, says dlib-models",
        ),
        parameters=parameters,
        licence="MIT (fer_bench)",
    )


FAMILY = Family(
    prefix="dlib:",
    origin="dlib",
    accepted="dlib:resnet or dlib:resnet-pool256",
    backbones={
        "resnet": _backbone("resnet", "dlib ResNet", 150, 5_607_488),
        "resnet-pool256": _backbone(
            "resnet-pool256",
            "dlib ResNet pool256",
            112,
            5_607_488 - 2 * (9 * 256 * 256 + 256) - 256 * 128,
            excluded_layers=("conv_28", "conv_29", "dense_1"),
        ),
    },
)
"""dlib's networks by name."""
