"""dlib's face-recognition network: its cut, input sizes, and its weights against dlib's output."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench import models  # noqa: E402
from fer_bench.models.keras_backend import clear_keras  # noqa: E402
from fer_bench.models.preprocessing import prepare_faces  # noqa: E402
from fer_bench.models.random_weights import seeded  # noqa: E402
from fer_bench.models.transfer import transfer  # noqa: E402
from fer_bench.models.weights.search_path import SearchPath  # noqa: E402
from fer_bench.runtime.errors import FerBenchError  # noqa: E402

pytestmark = [pytest.mark.network, pytest.mark.nightly_on_jax]

WEIGHTS = Path(os.environ.get("FER_BENCH_WEIGHTS") or ".")
IMAGE = (np.multiply.outer(np.arange(48), np.arange(48)) % 256).astype(np.uint8)[None]

# First features of IMAGE, computed by onnxruntime from a conversion of dlib's file that equals
# dlib's own output to 4e-7.
EXPECTED = {
    "dlib:resnet": (-0.02204536, 0.10022046, 0.03975067, -0.02270847),
    "dlib:resnet-pool256": (1.7198186, 1.2172695, 1.669775, 1.4670964),
}


@pytest.fixture(params=EXPECTED)
def pretrained(request):
    """Return an entry and its network with dlib's weights; skip if their file is not here."""
    entry = models.get(request.param)
    found = SearchPath.of(entry.weights, WEIGHTS).find()
    if found is None:
        pytest.skip(f"needs {entry.weights.file}: pip install {entry.weights.cache.name}")
    model = entry.build()
    record = models.load(found, entry, model)
    assert record.parameters == entry.parameters
    yield request.param, entry, model
    clear_keras()


def test_the_features_are_those_of_dlib(pretrained):
    name, entry, model = pretrained
    features = np.asarray(model(prepare_faces(IMAGE, entry), training=False))
    np.testing.assert_allclose(features[0, :4], EXPECTED[name], rtol=0, atol=1e-5)


@pytest.mark.real_data
def test_the_features_of_faces_are_those_of_dlib(pretrained, real_data):
    onnxruntime = pytest.importorskip("onnxruntime")
    name, entry, model = pretrained
    files = {"dlib:resnet": "dlib_face_resnet.onnx"}
    path = WEIGHTS / "dlib" / files.get(name, "dlib_face_resnet_pool256_112.onnx")
    if not path.is_file():
        pytest.skip(f"needs {path.name}, the converted network, in the directory of weights")
    images = real_data.images[1000:1016]
    faces = np.asarray(prepare_faces(images, entry))
    grey = (faces[..., :1] - entry.offset[0]) / entry.scale
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    expected = session.run(None, {"image": grey.repeat(3, axis=-1).astype(np.float32)})[0]
    np.testing.assert_allclose(model(faces, training=False), expected, rtol=0, atol=1e-5)


def check_cut(entry, model, trainable):
    """Compare prefix and suffix with the uncut network."""
    network = transfer(entry, model, trainable, IMAGE.shape[1:], 7)
    features = IMAGE if network.prefix is None else network.prefix(IMAGE, training=False)
    logits = network.suffix(keras.tree.flatten(features), training=False)
    uncut = keras.Model(network.whole.input, network.whole.layers[-1].input)
    expected = np.asarray(uncut(IMAGE, training=False))
    assert np.ptp(expected) > 0
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    return network


def test_the_cut_may_be_inside_a_block_that_halves_the_resolution():
    entry = models.get("dlib:resnet-pool256").resized(55)
    model = seeded(entry, 3, is_random=True)
    # The last layers: conv_27, the sum, a ReLU and the pooling of the last block, before them
    # two blocks of six layers, and the block that halves the resolution.
    assert [len(check_cut(entry, model, depth).boundary) for depth in (0, 4, 20)] == [1, 2, 2]
    clear_keras()


@pytest.mark.soak
@pytest.mark.parametrize("name", EXPECTED)
def test_prefix_and_suffix_together_are_the_network(name):
    entry = models.get(name)
    model = seeded(entry, 3, is_random=True)
    for trainable in (*range(0, len(model.layers), 5), "all"):
        check_cut(entry, model, trainable)
        clear_keras()


def test_random_weights_are_drawn_from_the_seed():
    entry = models.get("dlib:resnet-pool256").resized(55)
    models_by_seed = [seeded(entry, seed, is_random=True) for seed in (1, 2)]
    for layer in ("conv_1", "conv_27"):
        one, other = (np.asarray(model.get_layer(layer).kernel) for model in models_by_seed)
        assert not np.array_equal(one, other)
    clear_keras()


def test_too_small_an_input_is_one_line():
    with pytest.raises(FerBenchError, match="does not accept images of 54 x 54 pixels"):
        models.get("dlib:resnet-pool256").resized(54).build()
    clear_keras()
