"""Numbers published in the paper.

K. Smelyakov, O. Bohomolov, M. Kizitskyi, A. Chupryna: "Identification of Modern Facial Emotion
Recognition Models", COLINS-2022, CEUR-WS Vol-3171.

The source text of these numbers contains Tables 1 to 3 in full, two rows of Table 4 and nothing of
Table 5. Missing values are None here.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from fer_bench.protocol.cell import INITS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fer_bench.protocol.cell import Init

RateTable = Literal[2, 3, 4, 5]
Rates = tuple[float, float, float, float]

DATASET = "fer2013"
"""Name of the data set in this project."""

DIGEST = "23ac13b7efd8906022b21e94705a6b1fb1f6cae080606ecbb9130b6694a1268d"
"""``Dataset.digest`` of FER2013, regardless of the layout it is read from. The paper gives none:
this is the digest of Kaggle's csv file, which is identified by its MD5."""

COUNTS: Mapping[str, int] = MappingProxyType(
    {
        "Angry": 4953,
        "Surprise": 4002,
        "Disgust": 547,
        "Neutral": 6198,
        "Happy": 8989,
        "Fear": 5121,
        "Sad": 6077,
    }
)
"""Table 1: number of images of each class, in its order. The paper writes Sad as Sadness."""

TOTAL = 35887
"""Table 1: number of images."""

SPLIT: Mapping[str, int] = MappingProxyType({"train": 25121, "validation": 3589, "test": 7177})
"""Number of images in each part of the split."""

PARAMETERS: Mapping[str, int] = MappingProxyType(
    {"openface": 3743280, "resnet50": 23587712, "mobilenet": 3228864}
)
"""Number of weights of a backbone. The paper gives none for VGG-Face."""

BACKBONES: tuple[str, ...] = ("mobilenet", "openface", "resnet50", "vggface")
"""Names of the backbones, in the order of the tables."""

RECOMMENDED: Mapping[str, tuple[str, Init]] = MappingProxyType(
    {"speed": ("openface", "pretrained"), "quality": ("vggface", "pretrained")}
)
"""Sections 6 and 7: the network to start from, by what matters more. OpenFace needs enough training
data and regularisation; VGG-Face is for those who cannot train a complete network."""

EPOCHS = 20
WINDOWS: tuple[tuple[int, int], ...] = ((1, 5), (6, 10), (11, 15), (16, 20))
"""First and last epoch of each column of Tables 2 to 5."""

_TABLES: dict[int, dict[tuple[str, Init], Rates]] = {
    2: {
        ("mobilenet", "pretrained"): (0.039937, 0.02512, 0.019603, 0.016789),
        ("mobilenet", "random"): (0.013814, 0.021909, 0.023413, 0.025798),
        ("openface", "pretrained"): (0.080035, 0.014538, 0.003204, 0.001637),
        ("openface", "random"): (0.011508, 0.001289, 0.002027, 0.0018),
        ("resnet50", "pretrained"): (0.063678, 0.026667, 0.008366, 0.001567),
        ("resnet50", "random"): (0.052546, 0.045559, 0.023246, 0.007233),
        ("vggface", "pretrained"): (0.001372, 0.000111, 0.000293, 0.000453),
        ("vggface", "random"): (0.0, 0.0, 0.0, 0.0),
    },
    3: {
        ("mobilenet", "pretrained"): (-0.09537, -0.05194, -0.04445, -0.03934),
        ("mobilenet", "random"): (-0.0492, -0.03906, -0.05088, -0.06358),
        ("openface", "pretrained"): (-0.20339, -0.041, -0.00892, -0.00399),
        ("openface", "random"): (-0.0145, -0.00418, -0.0031, -0.0008),
        ("resnet50", "pretrained"): (-0.14797, -0.06965, -0.0328, -0.01256),
        ("resnet50", "random"): (-0.12636, -0.11673, -0.06173, -0.02249),
        ("vggface", "pretrained"): (-0.00415, -0.00199, -3.9e-05, -0.00179),
        ("vggface", "random"): (-0.00034, -9.1e-05, -4e-05, -6.1e-05),
    },
    4: {
        ("mobilenet", "pretrained"): (0.033082, 0.042063, 0.007035, 0.026356),
        ("mobilenet", "random"): (0.017102, 0.017952, 0.018843, 0.021943),
    },
    5: {},
}


def table(number: RateTable) -> dict[tuple[str, Init], Rates | None]:
    """Return one of the paper's tables of rates.

    Args:
        number: 2 (MCR, accuracy), 3 (MCR, loss), 4 (MOFR, accuracy) or 5 (MOFR, loss).

    Returns:
        The rates of ``WINDOWS`` for each (backbone, init) of the paper, in its order; None if they
        are unknown.

    Raises:
        ValueError: the paper has no table of rates with this number.
    """
    if number not in _TABLES:
        raise ValueError(f"table {number!r} is not a table of rates; accepted: 2, 3, 4 or 5")
    rows = _TABLES[number]
    return {
        (backbone, init): rows.get((backbone, init)) for backbone in BACKBONES for init in INITS
    }
