"""deepface's recognition networks as backbones, such as ``deepface:Facenet512``.

Importing this module imports neither Keras nor deepface. Names on the command line are those of
deepface; ``Backbone.name`` is ``deepface-facenet512``. ``deepface:VGG-Face`` and
``deepface:OpenFace`` are the paper's backbones.

The preprocessing is that of deepface's ``normalize_input`` for the network, or that of its authors
for GhostFaceNet, for which deepface has none. The networks of the paper have deepface's default.
"""

from __future__ import annotations

from fer_bench.models.backbone import Backbone, WeightsSource
from fer_bench.models.backbone_families import Family

RELEASES = (
    "https://github.com/serengil/deepface_models/releases/download/v1.0",
    "https://huggingface.co/serengil/deepface/resolve/main",
)
"""URLs of the directories from which deepface downloads its weight files."""

LICENCE = "MIT (deepface)"


def _backbone(
    name: str,
    input_size: int,
    scale: float,
    offset: float,
    parameters: int,
    file: str,
    licence: str | None,
    urls: tuple[str, ...] | None = None,
) -> Backbone:
    return Backbone(
        name=f"deepface-{name.lower()}",
        title=name,
        input_size=input_size,
        scale=scale,
        offset=(offset, offset, offset),
        builder=f"fer_bench.models.builders.face_networks:{name.lower()}",
        structure=f"deepface {name.lower()} 1",
        weights=WeightsSource(
            file=file,
            cache="deepface",
            urls=urls or tuple(f"{base}/{file}" for base in RELEASES),
            licence=licence,
        ),
        parameters=parameters,
        from_deepface=True,
        licence=LICENCE,
    )


# Licences: those that deepface's README links to.
_FACENET = "MIT (davidsandberg/facenet, says deepface)"
_NO_KERAS = "deepface has it as an ONNX file only"

FAMILY = Family(
    prefix="deepface:",
    origin="deepface",
    accepted="Facenet, Facenet512, ArcFace, DeepID, GhostFaceNet, VGG-Face or OpenFace after "
    "'deepface:', or a pattern such as deepface:Facenet*",
    backbones={
        "Facenet": _backbone(
            "Facenet", 160, 1 / 127.5, -1.0, 22_808_144, "facenet_weights.h5", _FACENET
        ),
        "Facenet512": _backbone(
            "Facenet512", 160, 1 / 127.5, -1.0, 23_497_424, "facenet512_weights.h5", _FACENET
        ),
        "ArcFace": _backbone(
            "ArcFace",
            112,
            1 / 128,
            -127.5 / 128,
            34_165_184,
            "arcface_weights.h5",
            "MIT (leondgarse/Keras_insightface, says deepface)",
        ),
        "DeepID": _backbone(
            "DeepID",
            47,
            1 / 255,
            0.0,
            395_080,
            "deepid_keras_weights.h5",
            "GPL-3.0 (Ruoyiran/DeepID, says deepface)",
        ),
        "GhostFaceNet": _backbone(
            "GhostFaceNet",
            112,
            1 / 128,
            -127.5 / 128,
            4_088_812,
            "ghostfacenet_v1.h5",
            "MIT (HamadYA/GhostFaceNets)",
            (
                "https://github.com/HamadYA/GhostFaceNets/releases/download/v1.2/"
                "GhostFaceNet_W1.3_S1_ArcFace.h5",
            ),
        ),
    },
    registered={"VGG-Face": "vggface", "OpenFace": "openface"},
    unavailable={
        "DeepFace": "Keras 3 does not have its layer LocallyConnected2D",
        "Dlib": "deepface runs it in dlib; dlib:resnet is the same network",
        "SFace": _NO_KERAS,
        "Buffalo_L": _NO_KERAS,
    },
)
"""deepface's networks by name."""
