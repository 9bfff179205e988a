import hashlib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "pretrain_mini.py"


@pytest.fixture(scope="module")
def path():
    return files("fer_bench.models") / "data" / "mini.weights.npz"


@pytest.fixture(scope="module")
def weights(path):
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def mobilenet_shapes(width):
    """Shapes of MobileNet's variables without its top, by the layout of its paper."""

    def norm(layer, channels):
        return {
            f"{layer}/{name}": (channels,)
            for name in ("gamma", "beta", "moving_mean", "moving_variance")
        }

    channels = int(32 * width)
    shapes = {"conv1/kernel": (3, 3, 3, channels)} | norm("conv1_bn", channels)
    wide = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
    for block, out in enumerate(wide, start=1):
        shapes[f"conv_dw_{block}/kernel"] = (3, 3, channels, 1)
        shapes |= norm(f"conv_dw_{block}_bn", channels)
        shapes[f"conv_pw_{block}/kernel"] = (1, 1, channels, int(out * width))
        channels = int(out * width)
        shapes |= norm(f"conv_pw_{block}_bn", channels)
    return shapes


def test_weights_are_those_of_mobilenet_of_width_a_quarter(weights):
    expected = mobilenet_shapes(0.25)
    assert {name: values.shape for name, values in weights.items()} == expected
    assert sum(values.size for values in weights.values()) == 218_544


def test_formula_gives_the_published_count_at_full_width():
    """3,228,864: the paper's count of MobileNet without its top."""
    assert sum(np.prod(shape) for shape in mobilenet_shapes(1.0).values()) == 3_228_864


def test_weights_are_finite_halves(weights):
    for name, values in weights.items():
        assert values.dtype == np.float16, name
        assert np.isfinite(values).all(), name
        if name.endswith("moving_variance"):
            assert (values >= 0).all(), name


def test_weights_are_trained(weights):
    """Normalisation layers begin at mean 0, variance 1, gamma 1 and beta 0."""
    for name, values in weights.items():
        assert np.unique(values).size > 1, name


def test_file_is_small(path):
    assert path.stat().st_size < 1_000_000


def test_script_documents_the_digest_of_these_values(weights):
    digest = hashlib.sha256()
    for name in sorted(weights):
        values = weights[name]
        digest.update(repr((name, values.dtype.str, values.shape)).encode())
        digest.update(values.tobytes())
    assert digest.hexdigest() in SCRIPT.read_text(encoding="utf-8")


@pytest.mark.network
def test_names_and_shapes_are_those_of_the_built_network(weights):
    pytest.importorskip("keras")
    from fer_bench.models.registry import get

    built = {
        f"{layer.name}/{variable.path.rpartition('/')[2]}": tuple(variable.shape)
        for layer in get("mini").build().layers
        for variable in layer.weights
    }
    assert {name: values.shape for name, values in weights.items()} == built


@pytest.mark.network
def test_features_distinguish_faces_and_random_ones_hardly(weights):
    """The signal of the random network dies out over its depth; the pretrained one's does not."""
    keras = pytest.importorskip("keras")
    from fer_bench.data.synthetic import sketch
    from fer_bench.models.registry import get

    images = np.repeat(sketch(64).images[..., None] / np.float32(127.5) - 1, 3, axis=-1)
    keras.utils.set_random_seed(1)
    network = get("mini").build()
    random = np.asarray(network(images))
    for layer in network.layers:
        for variable in layer.weights:
            variable.assign(weights[f"{layer.name}/{variable.path.rpartition('/')[2]}"])
    pretrained = np.asarray(network(images))
    assert random.std(axis=0).mean() < 1e-6
    assert pretrained.std(axis=0).mean() > 0.1
