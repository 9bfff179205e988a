"""Input of a network from a file, as its author states it next to or in the file.

The statement is JSON, in a file of the network's name with ``.json`` appended, or in the metadata
of an ONNX file under the key ``fer_bench``. The keys that timm's ``resolve_model_data_config``
returns are among the accepted ones, so its result can be written as it is.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fer_bench.runtime.errors import FerBenchError, shown
from fer_bench.runtime.files import cause_of, read_regular

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

METADATA_KEY = "fer_bench"
"""Key of the statement in the metadata of an ONNX file."""

_NOMINAL_RANGES = {
    "NominalRange_0_255": [0, 255],
    "Normalized_0_1": [0, 1],
    "Normalized_1_1": [-1, 1],
}
"""Values of ONNX' own metadata key for the range of pixels, ``Image.NominalPixelRange``."""

_OF_TIMM = frozenset({"interpolation", "crop_pct", "crop_mode"})
"""Keys of timm without a meaning here: images are resized as for any backbone, not cropped."""

_KEYS = ("pixel_range", "mean", "std", "input_size", "layout", "output", "classifier")
_MOST_BYTES = 1 << 16

Layout = Literal["NCHW", "NHWC"]
Classifier = Literal["exclude", "keep"]


@dataclass(frozen=True)
class InputSettings:
    """Statement of a network's input.

    Attributes:
        origin: what makes the statement: the name of a file, or None if there is none.
        pixel_range: values that grey levels 0 and 255 are mapped to before standardisation, or
            None if neither it nor mean and standard deviation are stated.
        mean: mean of each channel to subtract, in the units of ``pixel_range``; one for all or one
            for each.
        std: standard deviation of each channel to divide by; likewise.
        input_size: side length of the input in pixels, or None.
        layout: order of the axes, or None.
        output: name of the output to use, or None for the only one.
        classifier: ``"exclude"`` or ``"keep"`` a classifier at the end, or None for the default.
    """

    origin: str | None = None
    pixel_range: tuple[float, float] | None = None
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    input_size: int | None = None
    layout: Layout | None = None
    output: str | None = None
    classifier: Classifier | None = None

    def affine(
        self, channels: int, default: tuple[float, float]
    ) -> tuple[float | tuple[float, ...], tuple[float, ...]]:
        """Return scale and offset of each channel: ``grey * scale + offset`` is the input.

        Args:
            channels: number of channels.
            default: range of pixels if none is stated.

        Raises:
            FerBenchError: the number of means or deviations does not fit.
        """
        for key, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, channels):
                raise FerBenchError(
                    f"{self.origin}: {key!r} has {len(values)} values",
                    f"1, or {channels}: one for each channel",
                )
        least, most = self.pixel_range or default
        means, deviations = (
            values * channels if len(values) == 1 else values for values in (self.mean, self.std)
        )
        scales = tuple((most - least) / 255 / deviation for deviation in deviations)
        offsets = tuple(
            (least - mean) / deviation for mean, deviation in zip(means, deviations, strict=True)
        )
        return (scales[0] if len(set(scales)) == 1 else scales), offsets


def settings_path(path: Path) -> Path:
    """Return the path of the file that states the input of the network in ``path``."""
    return path.with_name(f"{path.name}.json")


def read_settings(path: Path, metadata: Mapping[str, str] | None = None) -> InputSettings:
    """Read the statement of a network's input: the file next to it, else its metadata.

    Args:
        path: the network's file.
        metadata: metadata of an ONNX file.

    Raises:
        FerBenchError: the statement cannot be read or is invalid.
    """
    settings_file, metadata = settings_path(path), metadata or {}
    try:
        text, origin = read_regular(settings_file, _MOST_BYTES).decode(), settings_file.name
    except FileNotFoundError:
        text, origin = metadata.get(METADATA_KEY, ""), f"metadata of {path.name}"
    except (OSError, ValueError) as error:
        raise FerBenchError(f"cannot be read: {cause_of(error)}", path=settings_file) from error
    if not text:
        nominal = _NOMINAL_RANGES.get(metadata.get("Image.NominalPixelRange", ""))
        return InputSettings() if nominal is None else _parsed({"pixel_range": nominal}, origin)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FerBenchError(
            f"{origin} is not JSON: {cause_of(error)}", 'an object such as {"pixel_range": [0, 1]}'
        ) from None
    return _parsed(content, origin)


def _parsed(content: Any, origin: str) -> InputSettings:
    """Return the settings in a JSON object."""
    if not isinstance(content, dict):
        raise FerBenchError(f"{origin} contains {shown(content)}", "an object")
    unknown = [key for key in content if key not in (*_KEYS, *_OF_TIMM)]
    if unknown:
        raise FerBenchError(f"{origin}: key {shown(unknown[0])} is unknown", ", ".join(_KEYS))

    def invalid(key: str, accepted: str) -> FerBenchError:
        return FerBenchError(f"{origin}: {key!r} is {shown(content[key])}", accepted)

    found: dict[str, Any] = {}
    for key in ("mean", "std"):
        if key in content:
            found[key] = _numbers(content[key])
            if not found[key] or (key == "std" and min(found[key]) <= 0):
                above = ", above 0" if key == "std" else ""
                raise invalid(key, f"a number, or a list with one for each channel{above}")
            found["pixel_range"] = (0.0, 1.0)
    if "pixel_range" in content:
        found["pixel_range"] = _numbers(content["pixel_range"])
        if len(found["pixel_range"]) != 2 or found["pixel_range"][0] >= found["pixel_range"][1]:
            raise invalid("pixel_range", "[0, 1], [0, 255], [-1, 1] or another range")
    if "input_size" in content:
        found["input_size"] = _side(content["input_size"])
        if found["input_size"] is None:
            raise invalid("input_size", "a number of pixels, or [channels, height, width]")
    for key, accepted in (
        ("layout", ("NCHW", "NHWC")),
        ("classifier", ("exclude", "keep")),
        ("output", ()),
    ):
        if key in content:
            value = content[key]
            if not isinstance(value, str) or (accepted and value not in accepted):
                raise invalid(key, " or ".join(accepted) or "a text")
            found[key] = value
    return InputSettings(origin, **found)


def _numbers(value: Any) -> tuple[float, ...]:
    """Return finite numbers; empty if the value is not a number or a list of them."""
    values = value if isinstance(value, list) else [value]
    if not all(type(number) in (int, float) and math.isfinite(number) for number in values):
        return ()
    return tuple(map(float, values))


def _side(value: Any) -> int | None:
    """Return the side length in a number or in timm's ``[channels, height, width]``."""
    if isinstance(value, list) and len(value) == 3 and value[1] == value[2]:
        value = value[1]
    return value if type(value) is int and value > 0 else None
