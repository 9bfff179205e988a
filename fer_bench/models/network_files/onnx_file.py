"""Networks in ONNX files: frozen feature extractors that onnxruntime computes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from fer_bench.models import keras_backend
from fer_bench.models.backbone import Backbone
from fer_bench.models.network_files.input_settings import METADATA_KEY, read_settings, settings_path
from fer_bench.models.network_files.network_file import (
    FREE_SIDE,
    NetworkFile,
    backbone_name,
    range_shown,
)
from fer_bench.models.network_files.onnx_format import FLOATS, declared_shape, read_model
from fer_bench.runtime.errors import FerBenchError, listed, shown
from fer_bench.runtime.invocation import benchmark_program

if TYPE_CHECKING:
    from pathlib import Path

    import keras
    import onnx

    from fer_bench.models.network_files.input_settings import InputSettings, Layout
    from fer_bench.models.network_files.onnx_extractor import OnnxExtractor
    from fer_bench.models.weights.verification import WeightsRecord

KIND = "onnx"
SUFFIX = ".onnx"


@dataclass(frozen=True)
class OnnxFile(NetworkFile):
    """Frozen feature extractor in an ONNX file.

    Attributes:
        input: name of the input.
        dtype: numpy's name of its element type.
        layout: order of its axes.
        side: side length that the file fixes, in pixels, or None if it accepts any.
        batch: number of images that the file fixes, or None if it accepts any.
        output: name of the output with the features.
        tensors: number of its initialisers.
        parameters: number of floating-point values in them.
    """

    input: str
    dtype: str
    layout: Layout
    side: int | None
    batch: int | None
    output: str
    tensors: int
    parameters: int

    # An ONNX file has neither gradients nor initialisers of weights.
    is_frozen: ClassVar[bool] = True

    def facts(self) -> dict[str, Any]:
        """Return what determines its features besides the file, input size and preprocessing."""
        return {
            "onnxruntime": keras_backend.version("onnxruntime", "onnxruntime-gpu"),
            "layout": self.layout,
            "output": self.output,
        }

    def extractor(self, entry: Backbone) -> OnnxExtractor:
        """Return the extractor, verified by computing the features of two images."""
        from fer_bench.models.network_files.onnx_extractor import OnnxExtractor

        return OnnxExtractor(self, entry)

    def load(self, entry: Backbone, model: keras.Model | None = None) -> WeightsRecord:
        """Verify the file."""
        return self.extractor(entry).record


def backbone(path: Path) -> Backbone:
    """Return the backbone in an ONNX file. Neither onnxruntime nor Keras is imported.

    Raises:
        FerBenchError: the file is not an ONNX file with one float input of square images, or its
            layout or preprocessing is not stated.
    """
    model = read_model(path)
    settings = read_settings(path, {entry.key: entry.value for entry in model.metadata_props})
    values = {tensor.name: tensor for tensor in model.graph.initializer}
    # Old files list their initialisers as inputs, too.
    image = _image_input([one for one in model.graph.input if one.name not in values], path)
    shape = declared_shape(image)
    layout, channels, side = _axes(path, image.name, shape, settings)
    parameters = sum(math.prod(one.dims) for one in values.values() if one.data_type in FLOATS)
    if settings.pixel_range is None:
        raise FerBenchError(
            "the preprocessing of the images is not stated",
            '{"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]} for pixels from 0 to 1 '
            'that are standardised, {"pixel_range": [0, 255]} for a network that does it itself',
            f"write it to {settings_path(path).name!r} next to the file, or to the file's metadata "
            f"under {METADATA_KEY!r}",
            path=path,
        )
    scale, offset = settings.affine(channels, settings.pixel_range)
    file = OnnxFile(
        path=path,
        notes=(
            "frozen, 0 trained layers",
            f"input {layout}",
            f"{range_shown(scale, offset)} ({settings.origin})",
        ),
        input=image.name,
        dtype=FLOATS[image.type.tensor_type.elem_type],
        layout=layout,
        side=side,
        batch=shape[0] if shape else None,
        output=_output(path, [one.name for one in model.graph.output], settings),
        tensors=len(values),
        parameters=parameters,
    )
    return Backbone(
        name=backbone_name(KIND, path),
        title=path.name,
        input_size=side or settings.input_size or FREE_SIDE,
        scale=scale,
        offset=offset,
        builder=_no_keras_network,
        structure="onnx file 1",
        parameters=parameters,
        file=file,
    )


def _no_keras_network() -> keras.Model:
    raise FerBenchError(
        "an ONNX file has no structure of Keras layers",
        "backbones that are Keras networks",
        f"run it with '{' '.join(benchmark_program())} --backbone=PATH'",
    )


def _image_input(inputs: list[onnx.ValueInfoProto], path: Path) -> onnx.ValueInfoProto:
    """Return the only input, which takes float numbers."""
    if len(inputs) != 1:
        names = listed([shown(one.name) for one in inputs], 5)
        raise FerBenchError(
            f"network has {len(inputs)} inputs{names and ': '}{names}",
            "one input: images",
            path=path,
        )
    kind = inputs[0].type.tensor_type.elem_type
    if kind not in FLOATS:
        raise FerBenchError(
            f"input {shown(inputs[0].name)} has ONNX' element type {kind}",
            ", ".join(f"{number} ({name})" for number, name in FLOATS.items()),
            "export the network with a float input",
            path=path,
        )
    return inputs[0]


def _output(path: Path, names: list[str], settings: InputSettings) -> str:
    if settings.output is not None and settings.output not in names:
        raise FerBenchError(
            f"{settings.origin}: output {shown(settings.output)} is unknown",
            listed(names, 10),
            path=path,
        )
    if settings.output is None and len(names) != 1:
        raise FerBenchError(
            f"network has {len(names)} outputs: {listed(names, 5)}",
            "one output with the features, or its name",
            f'choose one with {{"output": NAME}} in {settings_path(path).name!r}',
            path=path,
        )
    return settings.output or names[0]


def _axes(
    path: Path, name: str, shape: tuple[int | None, ...] | None, settings: InputSettings
) -> tuple[Layout, int, int | None]:
    """Return layout, number of channels and side length, None if the file fixes none."""
    if shape is None or len(shape) != 4:
        raise FerBenchError(
            f"input {shown(name)} has shape {_shape_shown(shape)}",
            "4 axes: images, channels, height, width (NCHW) or images, height, width, channels "
            "(NHWC)",
            path=path,
        )
    evident: list[Layout] = []
    if shape[1] in (1, 3):
        evident.append("NCHW")
    if shape[3] in (1, 3):
        evident.append("NHWC")
    if settings.layout is None and len(evident) != 1:
        raise FerBenchError(
            f"the layout of input {shown(name)} is not evident from its shape "
            f"{_shape_shown(shape)}",
            "NCHW, NHWC",
            f'state it with {{"layout": "NCHW"}} in {settings_path(path).name!r}',
            path=path,
        )
    layout = settings.layout or evident[0]
    channels, (height, width) = (
        (shape[1], shape[2:]) if layout == "NCHW" else (shape[3], shape[1:3])
    )
    # Of a variable length, as from an export with all axes dynamic.
    channels = channels or 3
    if channels not in (1, 3):
        raise FerBenchError(
            f"input {shown(name)} has {channels} channels", "1 (grey) or 3", path=path
        )
    if height != width:
        raise FerBenchError(
            f"input {shown(name)} takes images of {height or 'any'} x {width or 'any'} pixels",
            "square images",
            path=path,
        )
    if None not in (height, settings.input_size) and height != settings.input_size:
        raise FerBenchError(
            f"{settings.origin}: 'input_size' is {settings.input_size}, but the file fixes "
            f"{height} pixels",
            str(height),
            path=path,
        )
    return layout, channels, height


def _shape_shown(shape: tuple[int | None, ...] | None) -> str:
    if shape is None:
        return "(unknown)"
    return f"({', '.join('any' if length is None else str(length) for length in shape)})"
