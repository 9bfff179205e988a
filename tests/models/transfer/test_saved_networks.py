"""Networks that are saved here and loaded where there is nothing but Keras."""

import os
import subprocess
import sys

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from drawn_statistics import draw_statistics  # noqa: E402

from fer_bench.models import Backbone, get  # noqa: E402
from fer_bench.models.builders import layers  # noqa: E402
from fer_bench.models.transfer import attach_head, cut, fold_batch_normalization, freeze, transfer  # noqa: E402

pytestmark = pytest.mark.network

ELSEWHERE = """
import sys
import keras, numpy
class Missing:
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "fer_bench":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
images = numpy.load("images.npy")
for name in sys.argv[1:]:
    model = keras.saving.load_model(name + ".keras", safe_mode=True)
    outputs = keras.tree.flatten(model.predict_on_batch(images))
    numpy.savez(name + ".npz", *map(keras.ops.convert_to_numpy, outputs))
assert not any(name.startswith("fer_bench") for name in sys.modules)
"""


def stand_ins():
    """All layers that stand in for deepface's, on an input that is resized."""
    image = keras.Input((24, 24, 3))
    x = keras.layers.Conv2D(12, 5, strides=2)(image)
    x = layers.LocalResponseNormalization(depth_radius=2)(keras.layers.BatchNormalization()(x))
    x = layers.SquareRoot()(keras.layers.AveragePooling2D(3)(layers.Square()(x)))
    x = layers.L2Normalization()(keras.layers.Dense(8)(keras.layers.Flatten()(x)))
    return keras.Model(image, x)


OWN = Backbone("own", "Own", 24, 1 / 255, (-0.1, 0.0, 0.1), stand_ins, "own 1")


def assert_saved_networks_load(entry, directory):
    keras.utils.set_random_seed(4)
    network = transfer(entry, draw_statistics(entry.build()), 1, (48, 48), 7)
    images = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    np.save(directory / "images.npy", images)
    expected = {}
    for name in ("whole", "prefix"):
        model = getattr(network, name)
        model.save(directory / f"{name}.keras")
        expected[name] = keras.tree.flatten(model.predict_on_batch(images))
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-c", ELSEWHERE, *expected]
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name, outputs in expected.items():
        with np.load(directory / f"{name}.npz") as found:
            for number, output in enumerate(outputs):
                np.testing.assert_array_equal(found[f"arr_{number}"], output)


@pytest.mark.nightly_on_jax
def test_saved_networks_load_where_fer_bench_is_not(tmp_path):
    assert_saved_networks_load(OWN, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("name", ["mini", "mobilenet", "resnet50", "openface", "vggface"])
def test_saved_backbones_load_where_fer_bench_is_not(name, needs_structure, tmp_path):
    needs_structure(name)
    assert_saved_networks_load(get(name), tmp_path)
    keras.utils.clear_session()


@pytest.mark.parametrize(
    "entry",
    [OWN, pytest.param(get("openface"), marks=pytest.mark.nightly_on_jax)],
    ids=lambda entry: entry.name,
)
def test_without_the_layers_of_this_package_every_bit_is_the_same(entry, needs_structure):
    if entry is not OWN:
        needs_structure(entry.name)
    keras.utils.set_random_seed(4)
    backbone = draw_statistics(entry.build())
    freeze(backbone, 1, entry.name)
    model = attach_head(backbone, 7)
    side = entry.input_size
    faces = np.random.default_rng(0).random((3, side, side, 3), np.float32)
    prefix = fold_batch_normalization(keras.Model(model.inputs, cut(model)))
    for plain in (model, prefix):
        alone = layers.with_keras_operations(plain)
        assert [id(weight) for weight in alone.weights] == [id(weight) for weight in plain.weights]
        assert not any(isinstance(layer, layers.REPLACEMENTS) for layer in alone.layers)
        found, expected = (
            keras.tree.flatten(part.predict_on_batch([faces])) for part in (alone, plain)
        )
        for ours, theirs in zip(found, expected, strict=True):
            assert np.ptp(theirs) > 0
            np.testing.assert_array_equal(ours, theirs)


def test_a_network_of_keras_layers_is_taken_as_it_is():
    image = keras.Input((4,))
    model = keras.Model(image, keras.layers.Dense(2)(image))
    assert layers.with_keras_operations(model) is model
