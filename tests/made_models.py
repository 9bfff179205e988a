"""Small exported models, and photos of two faces, for tests of prediction."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from made_metadata import METADATA
from onnx_writer import FLOAT, initializer, model, node, number, part, tensor_info
from PIL import Image

from fer_bench.data import EMOTIONS
from fer_bench.results.model_metadata import KEY, ClassRecall

UINT8 = 2


def metadata(**changes):
    """Return the metadata of a model for grey images of 48 x 48 pixels."""
    made = replace(
        METADATA,
        classes=EMOTIONS,
        input=replace(METADATA.input, shape=(None, None, None, 1)),
        dataset="sketch",
        recalls=tuple(ClassRecall(name, 10, 0.5, 0.3, 0.7) for name in EMOTIONS),
        calibration=replace(METADATA.calibration, temperature=1.0),
    )
    return replace(made, **changes)


def _ints(name, *values):
    content = b"".join(number(8, value) for value in values) + number(20, 7)
    return part(5, part(1, name) + content)


def _int(name, value):
    return part(5, part(1, name) + number(3, value) + number(20, 2))


def exported(about=None, classes=7, outputs=None, softmax=True):
    """Return the bytes of a model whose logits are the mean grey level times 1, 2, 3, ... / 100."""
    said = metadata() if about is None else about
    slopes = [(1 + index) / 100 for index in range(classes)]
    last = outputs or said.output
    nodes = [
        node("Cast", [said.input.name], "floats", _int("to", FLOAT)),
        node("ReduceMean", ["floats"], "mean", _ints("axes", 1, 2, 3) + _int("keepdims", 0)),
        node("Unsqueeze", ["mean", "axis"], "column"),
        node("MatMul", ["column", "slopes"], "logits"),
        node("Softmax" if softmax else "Identity", ["logits"], last),
    ]
    axis = number(1, 1) + number(2, 7) + part(8, "axis") + part(9, np.int64(1).tobytes())
    return model(
        nodes,
        [tensor_info(said.input.name, said.input.shape, UINT8)],
        [tensor_info(last, (None, classes))],
        [initializer("slopes", slopes, (1, classes)), axis],
        {KEY: said.to_json()},
    )


def model_file(directory, **how):
    """Write an exported model; return its path."""
    path = Path(directory) / "model.onnx"
    path.write_bytes(exported(**how))
    return path


@cache
def hopper():
    """Return a photo of one face, 512 x 600 pixels, which matplotlib ships."""
    import matplotlib

    path = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    with Image.open(path) as image:
        return image.convert("RGB")


def two_faces():
    """Return a photo of two faces, the left one as in ``hopper``, the right one mirrored."""
    both = Image.new("RGB", (1024, 600))
    both.paste(hopper(), (0, 0))
    both.paste(hopper().transpose(Image.Transpose.FLIP_LEFT_RIGHT), (512, 0))
    return both
