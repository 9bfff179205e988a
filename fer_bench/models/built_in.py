"""Backbones of this package: the paper's four, and a small one whose weights are packaged."""

from __future__ import annotations

from pathlib import Path

from fer_bench.models.backbone import Backbone, WeightsSource
from fer_bench.models.deepface_networks import LICENCE, RELEASES

PAPER = ("vggface", "openface", "resnet50", "mobilenet")
"""The four backbones that the paper compares."""

_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"

# Licences as stated by deepface's README (section "Licence") and the pages it links to, by Keras'
# LICENSE, and by the documentation of Keras 2 (docs/templates/applications.md). The documentation
# of Keras 3 does not state a licence of the weights.
_KERAS_CODE = "Apache-2.0 (Keras)"

BUILT_IN = (
    Backbone(
        name="vggface",
        title="VGG-Face",
        input_size=224,
        scale=1 / 255,
        offset=(0.0, 0.0, 0.0),
        builder="fer_bench.models.builders.face_networks:vggface",
        structure="vggface 1",
        weights=WeightsSource(
            file="vgg_face_weights.h5",
            cache="deepface",
            urls=tuple(f"{base}/vgg_face_weights.h5" for base in RELEASES),
            # deepface's file contains the complete network, including the 2,622-way layer.
            last_layer=((1, 1, 4096, 2622), (2622,)),
            licence="for non-commercial research only (Visual Geometry Group, Oxford, under a "
            "Creative Commons Attribution licence)",
        ),
        # 145,002,878 including the classification layer.
        parameters=134_260_544,
        from_deepface=True,
        licence=LICENCE,
    ),
    Backbone(
        name="openface",
        title="OpenFace",
        input_size=96,
        scale=1 / 255,
        offset=(0.0, 0.0, 0.0),
        builder="fer_bench.models.builders.face_networks:openface",
        structure="openface 1",
        weights=WeightsSource(
            file="openface_weights.h5",
            cache="deepface",
            urls=tuple(f"{base}/openface_weights.h5" for base in RELEASES),
            licence="Apache-2.0 (Keras-OpenFace, ported from Carnegie Mellon's OpenFace)",
        ),
        parameters=3_743_280,
        from_deepface=True,
        licence=LICENCE,
    ),
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
    ),
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
    ),
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
    ),
)
"""All backbones of this package, in the order of the tables."""
