"""Backbones in ONNX files: the header, and files that are refused with one line."""

import json

import onnx_writer
import pytest
from onnx_writer import initializer, means, model, node, number, part, tensor_info

from fer_bench import models
from fer_bench.models.network_files import onnx_format
from fer_bench.runtime.errors import FerBenchError

RANGE = {"fer_bench": '{"pixel_range": [0, 1]}'}
IMAGE = tensor_info("image", (None, 3, 8, 8))
FEATURES = tensor_info("features", (None, 3))


def written(directory, content, **settings):
    path = directory / "Net 2.onnx"
    path.write_bytes(content)
    if settings:
        (directory / "Net 2.onnx.json").write_text(json.dumps(settings))
    return path


def selected(path):
    (entry,) = models.select(str(path))
    return entry


def refusal(path):
    with pytest.raises(FerBenchError) as caught:
        selected(path)
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_file_is_described_by_its_header(tmp_path):
    entry = selected(written(tmp_path, means(metadata=RANGE)))
    assert (entry.name, entry.title) == ("onnx-net-2", "Net 2.onnx")
    assert (entry.input_size, entry.scale, entry.offset) == (8, 1 / 255, (0.0, 0.0, 0.0))
    assert (entry.parameters, entry.file.tensors, entry.file.batch) == (3, 1, None)
    assert (entry.file.layout, entry.file.input, entry.file.output) == ("NCHW", "image", "features")
    assert "frozen, 0 trained layers" in entry.file.notes


def test_the_configuration_that_timm_returns_is_a_statement(tmp_path):
    timm = {
        "input_size": [3, 8, 8],
        "interpolation": "bicubic",
        "mean": [0.5, 0.5, 0.25],
        "std": [0.5, 0.5, 0.25],
        "crop_pct": 0.875,
        "crop_mode": "center",
    }
    entry = selected(written(tmp_path, means(), **timm))
    assert entry.scale == pytest.approx((1 / 127.5, 1 / 127.5, 4 / 255))
    assert entry.offset == (-1.0, -1.0, -1.0)
    assert "(Net 2.onnx.json)" in entry.file.notes[-1]


@pytest.mark.parametrize(
    ("metadata", "settings", "scale"),
    [
        ({"Image.NominalPixelRange": "NominalRange_0_255"}, {}, 1.0),
        (RANGE, {"pixel_range": [-1, 1]}, 1 / 127.5),  # the file next to it comes first
    ],
)
def test_statements_in_the_metadata(metadata, settings, scale, tmp_path):
    entry = selected(written(tmp_path, means(metadata=metadata), **settings))
    assert entry.scale == pytest.approx(scale)


@pytest.mark.parametrize(
    ("shape", "settings", "found"),
    [
        ((1, 1, 8, 8), {}, ("NCHW", 1, 8)),
        ((2, 8, 8, 3), {}, ("NHWC", 3, 8)),
        ((None, 3, None, None), {}, ("NCHW", 3, None)),
        ((None, None, None, None), {"layout": "NHWC"}, ("NHWC", 3, None)),
        ((None, 3, 3, 3), {"layout": "NHWC"}, ("NHWC", 3, 3)),
    ],
)
def test_layouts(shape, settings, found, tmp_path):
    image = tensor_info("image", shape)
    content = model([node("Identity", ["image"], "features")], [image], [FEATURES])
    entry = selected(written(tmp_path, content, pixel_range=[0, 1], **settings))
    assert (entry.file.layout, len(entry.offset), entry.file.side) == found
    assert entry.input_size == (found[2] or 48)
    assert entry.file.batch == shape[0]


def images(shape, kind=onnx_writer.FLOAT):
    return model([], [tensor_info("image", shape, kind)], [FEATURES], metadata=RANGE)


def declared(shape):
    return model([], [IMAGE], [FEATURES], [initializer("kernel", [], shape)])


def external(field):
    location = part(13, part(1, "location") + part(2, "/etc/passwd")) + number(14, 1)
    tensor = initializer("kernel", [], (2,), location)
    if field == "initializer":
        return model([], [IMAGE], [FEATURES], [tensor])
    if field.startswith("sparse"):
        sparse = part(1, initializer("values", [1], (1,))) + part(2, tensor)
        if field == "sparse initializer":
            return number(1, 8) + part(7, part(15, sparse))
        attribute = part(5, part(1, "sparse_value") + part(22, sparse))
        return model([node("Constant", [], "value", attribute)], [IMAGE], [FEATURES])
    attribute = part(1, "value") + part(5, tensor)
    constant = node("Constant", [], "value", part(5, attribute))
    if field == "node":
        return model([constant], [IMAGE], [FEATURES])
    branch = part(5, part(1, "then_branch") + part(6, part(1, constant)))
    return model([node("If", ["image"], "features", branch)], [IMAGE], [FEATURES])


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04", "is not an ONNX file"),
        (b"\x08" + bytes(40), "truncated or damaged"),
        (number(1, 8), "it has no graph"),
        (means()[:-30], "truncated or damaged"),
        (b"\x08\x08\x0f", "truncated or damaged"),
        (model([], [IMAGE, tensor_info("mask", (None, 8))], [FEATURES]), "has 2 inputs: 'image',"),
        (model([], [], [FEATURES]), "has 0 inputs"),
        (images((None, 3, 8, 8), onnx_writer.INT64), "element type 7"),
        (images((None, 3, 8)), "has shape (any, 3, 8)"),
        (images((None, 5, 8, 8)), "layout of input 'image' is not evident"),
        (images((None, 3, 3, 3)), "layout of input 'image' is not evident"),
        (images((None, 3, 8, 9)), "takes images of 8 x 9 pixels"),
        (means(), "the preprocessing of the images is not stated"),
        (model([], [IMAGE], [FEATURES, FEATURES], metadata=RANGE), "has 2 outputs"),
        (external("initializer"), "stores tensor 'kernel' in another file"),
        (external("node"), "stores tensor 'kernel' in another file"),
        (external("branch"), "stores tensor 'kernel' in another file"),
        (external("sparse initializer"), "stores tensor 'kernel' in another file"),
        (external("sparse node"), "stores tensor 'kernel' in another file"),
        (declared((2,) * 65), "a tensor has more than 64 axes"),
        (declared((2**20, 2**20, 2)), "tensor 'kernel' has more than"),
        (declared((2**64 - 3, 4)), "truncated or damaged: tensor 'kernel' has an axis of negative"),
        (declared((2**64 - 3, 2**64 - 4)), "truncated or damaged"),
    ],
)
def test_files_that_are_refused(content, found, tmp_path):
    error = refusal(written(tmp_path, content))
    assert found in error.problem
    assert error.path == tmp_path / "Net 2.onnx"


@pytest.mark.parametrize(
    "content",
    [
        model([], [tensor_info(b"\xff", (None, 3, 8, 8))], [FEATURES], metadata=RANGE),
        model([], [IMAGE], [tensor_info(b"\xff", (None, 3))], metadata=RANGE),
        model([], [IMAGE], [FEATURES], [initializer(b"\xff", [1], (1,))], RANGE),
        model([], [IMAGE], [FEATURES], metadata={**RANGE, b"\xff": "text"}),
        model([], [IMAGE], [FEATURES], metadata={**RANGE, "key": b"\xff"}),
    ],
)
def test_names_and_metadata_are_utf_8(content, tmp_path):
    assert "truncated or damaged: b'\\xff'" in refusal(written(tmp_path, content)).problem


def test_the_content_is_not_read_if_the_first_byte_is_another(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_format, "read_regular", None)
    assert "is not an ONNX file" in refusal(written(tmp_path, b"PK\x03\x04")).problem


def test_every_truncated_file_is_refused(tmp_path):
    content = means(metadata=RANGE)
    start = content.index(b"\x3a")  # the graph
    for length in range(start, len(content) - 40):
        refusal(written(tmp_path, content[:length]))


def test_a_huge_file_is_refused_without_reading_it(tmp_path):
    path = written(tmp_path, means())
    with path.open("r+b") as file:
        file.truncate(onnx_format.MOST_BYTES)
    assert refusal(path).problem == "ONNX file has 2.0 GiB"


def test_a_stated_size_other_than_that_of_the_file(tmp_path):
    path = written(tmp_path, means(metadata=RANGE), pixel_range=[0, 1], input_size=9)
    assert "'input_size' is 9, but the file fixes 8" in refusal(path).problem


def test_initializers_that_old_files_list_as_inputs_are_none(tmp_path):
    weights = tensor_info("weights", (1, 3, 1, 1))
    tensor = initializer("weights", [1, 2, 3], (1, 3, 1, 1))
    content = model([], [IMAGE, weights], [FEATURES], [tensor], RANGE)
    assert selected(written(tmp_path, content)).file.input == "image"


def test_random_weights_are_refused_and_layers_cannot_be_built(tmp_path):
    entry = selected(written(tmp_path, means(metadata=RANGE)))
    with pytest.raises(models.WeightsMissing, match="has no random weights"):
        models.check_drawn(entry)
    with pytest.raises(FerBenchError, match="no structure of Keras layers"):
        entry.builder()
