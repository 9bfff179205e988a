"""Features of ONNX files, computed by onnxruntime, and networks around them."""

import json

import numpy as np
import pytest
from onnx_writer import FLOAT, means, model, node, tensor_info

keras = pytest.importorskip("keras")
pytest.importorskip("onnxruntime")

from fer_bench import models  # noqa: E402
from fer_bench.models.transfer import attach_extractor  # noqa: E402
from fer_bench.runtime.errors import FerBenchError  # noqa: E402

pytestmark = pytest.mark.network

RANGE = {"fer_bench": '{"pixel_range": [0, 255]}'}
IMAGES = np.random.default_rng(3).integers(0, 256, (5, 8, 8), dtype=np.uint8)
MEANS = IMAGES.mean(axis=(1, 2))[:, None] * [1.0, 2.0, 3.0]


def entry_of(directory, content, **settings):
    path = directory / "net.onnx"
    path.write_bytes(content)
    if settings:
        (directory / "net.onnx.json").write_text(json.dumps(settings))
    (entry,) = models.select(str(path))
    return entry


def extractor(entry):
    return entry.file.extractor(entry)


@pytest.mark.parametrize("batch", [None, 1, 2])
@pytest.mark.parametrize("flat", [True, False])
def test_features_for_any_number_of_images(batch, flat, tmp_path):
    content = means((batch, 3, 8, 8), RANGE, flat)
    found = extractor(entry_of(tmp_path, content))
    assert found.shape == ((3,) if flat else (1, 1, 3))  # channels last
    for count in (5, 2, 1):
        (features,) = found.predict_on_batch(IMAGES[:count])
        np.testing.assert_allclose(features.reshape(count, 3), MEANS[:count], rtol=1e-6)


def test_preprocessing_and_grey_input(tmp_path):
    entry = entry_of(tmp_path, means((None, 1, 8, 8)), mean=0.5, std=0.25)
    (features,) = extractor(entry).predict_on_batch(IMAGES)
    np.testing.assert_allclose(features, (MEANS[:, :1] / 255 - 0.5) / 0.25, rtol=1e-4)


def test_images_are_resized_to_the_input(tmp_path):
    entry = entry_of(tmp_path, means((None, 3, 16, 16), RANGE))
    assert extractor(entry).predict_on_batch(IMAGES)[0].shape == (5, 3)
    free = entry_of(tmp_path, means((None, 3, None, None), RANGE))
    assert extractor(free.resized(20)).predict_on_batch(IMAGES)[0].shape == (5, 3)
    with pytest.raises(FerBenchError, match=r"does not accept images of 20 x 20 pixels"):
        extractor(entry.resized(20))


def test_only_the_head_is_trained(tmp_path):
    found = extractor(entry_of(tmp_path, means(metadata=RANGE, flat=False)))
    network = attach_extractor(found, 7, "average")
    assert network.parameters.trainable == network.parameters.head == 3 * 7 + 7
    assert network.parameters.backbone == 3
    assert network.feature_shapes == ((1, 1, 3),)
    logits = network.suffix.predict_on_batch(network.prefix.predict_on_batch(IMAGES))
    np.testing.assert_allclose(
        network.whole.predict_on_batch(IMAGES), keras.ops.softmax(logits), rtol=1e-6
    )


IMAGE = tensor_info("image", (None, 3, 8, 8))


def over_batch():
    """Return a model that subtracts the first image, so that images depend on each other."""
    nodes = [
        node("GlobalAveragePool", ["image"], "pooled"),
        node("Flatten", ["pooled"], "flat"),
        node("CumSum", ["flat", "axis"], "features"),
    ]
    axis = _constant("axis", 0)
    return model([axis, *nodes], [IMAGE], [tensor_info("features", (None, 3))], metadata=RANGE)


def _constant(name, value):
    from onnx_writer import number, part

    tensor = number(2, 7) + part(9, value.to_bytes(8, "little"))
    return node("Constant", [], name, part(5, part(1, "value") + part(5, tensor) + number(20, 4)))


def noisy():
    nodes = [node("RandomNormalLike", ["image"], "features")]
    return model(nodes, [IMAGE], [tensor_info("features", (None, 3, 8, 8))], metadata=RANGE)


def of_one_axis():
    nodes = [node("Size", ["image"], "features")]
    return model(nodes, [IMAGE], [tensor_info("features", (), FLOAT)], metadata=RANGE)


def not_finite():
    nodes = [node("Sub", ["image", "image"], "zero"), node("Div", ["image", "zero"], "features")]
    return model(nodes, [IMAGE], [tensor_info("features", (None, 3, 8, 8))], metadata=RANGE)


def of_unknown_operations():
    nodes = [node("Frobnicate", ["image"], "features")]
    return model(nodes, [IMAGE], [tensor_info("features", (None, 3, 8, 8))], metadata=RANGE)


@pytest.mark.parametrize(
    ("build", "found"),
    [
        (over_batch, "depends on the other images"),
        (noisy, "differs between two calls"),
        (of_one_axis, "onnxruntime cannot"),
        (not_finite, "NaN or infinite"),
        (of_unknown_operations, "onnxruntime cannot load the network"),
    ],
)
def test_what_is_not_a_frozen_feature_extractor_is_refused(build, found, tmp_path):
    entry = entry_of(tmp_path, build())
    with pytest.raises(FerBenchError) as caught:
        models.verify(models.locate(entry), entry, entry.build)
    assert found in caught.value.problem
    assert "\n" not in str(caught.value)
