"""Keras applications as backbones: names, input sizes, preprocessing and weight files.

Importing this module does not import Keras. Names on the command line are those of Keras, as
``keras:EfficientNetV2B0``; ``Backbone.name``, part of test ids and file names, is
``keras-efficientnetv2b0``. ``keras:ResNet50`` and ``keras:MobileNet`` are the paper's backbones.

The input has the 48 pixels of FER2013, as the paper's own Keras networks, or the minimum that
the application accepts if that is larger.
"""

from __future__ import annotations

from dataclasses import dataclass

from fer_bench.models.backbone import Backbone, WeightsSource
from fer_bench.models.backbone_families import Family

SIDE = 48
"""Side length of the input in pixels, unless the application needs more."""

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and standard deviation of ImageNet's channels, red, green, blue, for pixels 0 to 1."""

_URL = "https://storage.googleapis.com/tensorflow/keras-applications/"
_EFFICIENTNET_URL = "https://storage.googleapis.com/keras-applications/"
_KERNELS = "_weights_tf_dim_ordering_tf_kernels"
_SAYS = "says the documentation of Keras 2"
_APACHE = f"Apache-2.0 (that of tensorflow/models, {_SAYS})"


@dataclass(frozen=True)
class _Preprocessing:
    """Values of ``preprocess_input``: ``grey * scale + offset[channel]``."""

    scale: float | tuple[float, float, float]
    offset: tuple[float, float, float]


_INCLUDED = _Preprocessing(1.0, (0.0, 0.0, 0.0))
"""The network itself contains the preprocessing."""

_SYMMETRIC = _Preprocessing(1 / 127.5, (-1.0, -1.0, -1.0))

# Mean in BGR order. Converting grey images from RGB to BGR is a no-op.
_CENTRED = _Preprocessing(1.0, (-103.939, -116.779, -123.68))

_STANDARDISED = _Preprocessing(
    (1 / 255 / DEVIATION[0], 1 / 255 / DEVIATION[1], 1 / 255 / DEVIATION[2]),
    (-MEAN[0] / DEVIATION[0], -MEAN[1] / DEVIATION[1], -MEAN[2] / DEVIATION[2]),
)
"""``(grey / 255 - mean) / standard deviation``."""


@dataclass(frozen=True)
class _Application:
    """A function of ``keras.applications``.

    Attributes:
        name: name of the function.
        parameters: exact number of parameters without the classification layer.
        url: URL of the weights without the classification layer.
        digest: digest of that file in Keras' source, or None if it has none.
        preprocessing: what ``preprocess_input`` of its module does.
        minimum: smallest accepted side length of the input, in pixels.
        licence: licence of the weights as stated by upstream, or None.
        file: name of the file in Keras' cache; default: that of the URL.
    """

    name: str
    parameters: int
    url: str
    digest: str | None
    preprocessing: _Preprocessing
    minimum: int = 32
    licence: str | None = None
    file: str | None = None

    def backbone(self) -> Backbone:
        """Return the registry entry."""
        return Backbone(
            name=f"keras-{self.name.lower()}",
            title=self.name,
            input_size=max(SIDE, self.minimum),
            scale=self.preprocessing.scale,
            offset=self.preprocessing.offset,
            builder=f"fer_bench.models.builders.keras_applications:{self.name}",
            structure=f"keras {self.name} 1",
            weights=WeightsSource(
                file=self.file or self.url.rpartition("/")[2],
                cache="keras",
                urls=(self.url,),
                digest=self.digest,
                licence=self.licence,
            ),
            parameters=self.parameters,
            licence="Apache-2.0 (Keras)",
        )


def _convnext(variant: str, parameters: int, sha256: str) -> _Application:
    url = f"{_URL}convnext/convnext_{variant.lower()}_notop.h5"
    return _Application(f"ConvNeXt{variant}", parameters, url, f"sha256:{sha256}", _INCLUDED)


def _densenet(depth: int, parameters: int, md5: str) -> _Application:
    url = f"{_URL}densenet/densenet{depth}{_KERNELS}_notop.h5"
    licence = f"BSD-3-Clause (ported from Zhuang Liu's, {_SAYS})"
    return _Application(
        f"DenseNet{depth}", parameters, url, f"md5:{md5}", _STANDARDISED, licence=licence
    )


def _efficientnet(variant: str, parameters: int, md5: str) -> _Application:
    url = f"{_EFFICIENTNET_URL}efficientnet{variant.lower()}_notop.h5"
    return _Application(f"EfficientNet{variant}", parameters, url, f"md5:{md5}", _INCLUDED)


def _efficientnet_v2(variant: str, parameters: int, md5: str) -> _Application:
    url = f"{_URL}efficientnet_v2/efficientnetv2-{variant.lower()}_notop.h5"
    return _Application(f"EfficientNetV2{variant}", parameters, url, f"md5:{md5}", _INCLUDED)


def _mobilenet_v3(variant: str, parameters: int, md5: str) -> _Application:
    file = f"weights_mobilenet_v3_{variant.lower()}_224_1.0_float_no_top_v2.h5"
    url = f"{_URL}mobilenet_v3/{file}"
    return _Application(f"MobileNetV3{variant}", parameters, url, f"md5:{md5}", _INCLUDED)


def _nasnet(variant: str, parameters: int, md5: str) -> _Application:
    return _Application(
        f"NASNet{variant}",
        parameters,
        f"{_URL}nasnet/NASNet-{variant.lower()}-no-top.h5",
        f"md5:{md5}",
        _SYMMETRIC,
        licence=_APACHE,
        file=f"nasnet_{variant.lower()}_no_top.h5",
    )


def _resnet(variant: str, parameters: int, md5: str) -> _Application:
    url = f"{_URL}resnet/resnet{variant.lower()}{_KERNELS}_notop.h5"
    if variant.endswith("V2"):
        preprocessing, licence = _SYMMETRIC, f"BSD (ported from Facebook's, {_SAYS})"
    else:
        preprocessing, licence = _CENTRED, f"MIT (ported from Kaiming He's, {_SAYS})"
    return _Application(
        f"ResNet{variant}", parameters, url, f"md5:{md5}", preprocessing, licence=licence
    )


def _vgg(depth: int, parameters: int, md5: str) -> _Application:
    url = f"{_URL}vgg{depth}/vgg{depth}{_KERNELS}_notop.h5"
    licence = f"Creative Commons Attribution (ported from VGG's at Oxford, {_SAYS})"
    return _Application(f"VGG{depth}", parameters, url, f"md5:{md5}", _CENTRED, licence=licence)


# Digests: Keras' source, keras/src/applications. Licences: docs/templates/applications.md of
# Keras 2; the documentation of Keras 3 states none.
_APPLICATIONS = (
    _convnext(
        "Tiny", 27_820_128, "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1"
    ),
    _convnext(
        "Small", 49_454_688, "6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab"
    ),
    _convnext(
        "Base", 87_566_464, "40a20c5548a5e9202f69735ecc06c990e6b7c9d2de39f0361e27baeb24cb7c45"
    ),
    _convnext(
        "Large", 196_230_336, "96f02b6f0753d4f543261bc9d09bed650f24dd6bc02ddde3066135b63d23a1cd"
    ),
    _convnext(
        "XLarge", 348_147_968, "de3f8a54174130e0cecdc71583354753d557fcf1f4487331558e2a16ba0cfe05"
    ),
    _densenet(121, 7_037_504, "30ee3e1110167f948a6b9946edeeb738"),
    _densenet(169, 12_642_880, "b8c4d4c20dd625c148057b9ff1c1176b"),
    _densenet(201, 18_321_984, "c13680b51ded0fb44dff2d8f86ac8bb1"),
    _efficientnet("B0", 4_049_571, "50bc09e76180e00e4465e1a485ddc09d"),
    _efficientnet("B1", 6_575_239, "74c4e6b3e1f6a1eea24c589628592432"),
    _efficientnet("B2", 7_768_569, "111f8e2ac8aa800a7a99e3239f7bfb39"),
    _efficientnet("B3", 10_783_535, "af6d107764bb5b1abb91932881670226"),
    _efficientnet("B4", 17_673_823, "ebc24e6d6c33eaebbd558eafbeedf1ba"),
    _efficientnet("B5", 28_513_527, "38879255a25d3c92d5e44e04ae6cec6f"),
    _efficientnet("B6", 40_960_143, "9ecce42647a20130c1f39a5d4cb75743"),
    _efficientnet("B7", 64_097_687, "cbcfe4450ddf6f3ad90b1b398090fe4a"),
    _efficientnet_v2("B0", 5_919_312, "893217f2bb855e2983157299931e43ff"),
    _efficientnet_v2("B1", 6_931_124, "0e80663031ca32d657f9caa404b6ec37"),
    _efficientnet_v2("B2", 8_769_374, "1dfe2e7a5d45b6632553a8961ea609eb"),
    _efficientnet_v2("B3", 12_930_622, "f6abf7b5849ac99a89b50dd3fd532856"),
    _efficientnet_v2("S", 20_331_360, "af0682fb74e8c54910f2d4393339c070"),
    _efficientnet_v2("M", 53_150_388, "1b8dc055df72dde80d614482840fe342"),
    _efficientnet_v2("L", 117_746_848, "b0b66b5c863aef5b46e8608fe1711615"),
    _Application(
        "InceptionResNetV2",
        54_336_736,
        f"{_URL}inception_resnet_v2/inception_resnet_v2{_KERNELS}_notop.h5",
        "md5:d19885ff4a710c122648d3b5c3b684e4",
        _SYMMETRIC,
        minimum=75,
        licence=_APACHE,
    ),
    _Application(
        "InceptionV3",
        21_802_784,
        f"{_URL}inception_v3/inception_v3{_KERNELS}_notop.h5",
        "md5:bcbd6486424b2319ff4ef7d526e38f63",
        _SYMMETRIC,
        minimum=75,
        licence=_APACHE,
    ),
    _Application(
        "MobileNet",
        3_228_864,
        f"{_URL}mobilenet/mobilenet_1_0_224_tf_no_top.h5",
        None,
        _SYMMETRIC,
        licence=_APACHE,
    ),
    _Application(
        "MobileNetV2",
        2_257_984,
        f"{_URL}mobilenet_v2/mobilenet_v2{_KERNELS}_1.0_224_no_top.h5",
        None,
        _SYMMETRIC,
        licence=_APACHE,
    ),
    _mobilenet_v3("Large", 2_996_352, "07fb09a5933dd0c8eaafa16978110389"),
    _mobilenet_v3("Small", 939_120, "d3e8ec802a04aa4fc771ee12a9a9b836"),
    _nasnet("Large", 84_916_818, "d81d89dc07e6e56530c4e77faddd61b5"),
    _nasnet("Mobile", 4_269_716, "1ed92395b5b598bdda52abe5c0dbfd63"),
    _resnet("50", 23_587_712, "4d473c1dd8becc155b73f8504c6f6626"),
    _resnet("101", 42_658_176, "88cf7a10940856eca736dc7b7e228a21"),
    _resnet("152", 58_370_944, "ee4c566cf9a93f14d82f913c2dc6dd0c"),
    _resnet("50V2", 23_564_800, "fac2f116257151a9d068a22e544a4917"),
    _resnet("101V2", 42_626_560, "c0ed64b8031c3730f411d2eb4eea35b5"),
    _resnet("152V2", 58_331_648, "ed17cf2e0169df9d443503ef94b23b33"),
    _vgg(16, 14_714_688, "6d6bbae143d832006294945121d1f1fc"),
    _vgg(19, 20_024_384, "253f8cb515780f3b799900260a226db6"),
    _Application(
        "Xception",
        20_861_480,
        f"{_URL}xception/xception{_KERNELS}_notop.h5",
        "md5:b0042744bf5b25fce3cb969f33bebb97",
        _SYMMETRIC,
        minimum=71,
        licence=f"MIT ({_SAYS})",
    ),
)

BACKBONES = {application.name: application.backbone() for application in _APPLICATIONS}
"""Backbones by the name of Keras' function."""

FAMILY = Family(
    prefix="keras:",
    origin="Keras",
    accepted="names of networks in keras.applications, or a pattern such as keras:MobileNet*",
    backbones=BACKBONES,
    registered={"ResNet50": "resnet50", "MobileNet": "mobilenet"},
)
"""Adapter for Keras' names; the paper's backbones are the registered ones."""
