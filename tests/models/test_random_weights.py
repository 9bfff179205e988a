"""Random weights come from the seed, whatever a builder does."""

import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench.data import Dataset  # noqa: E402
from fer_bench.data.prepare import prepare_data  # noqa: E402
from fer_bench.models import Backbone, get, random_weights  # noqa: E402
from fer_bench.models.random_weights import seeded  # noqa: E402
from fer_bench.protocol.data_spec import DataSpec  # noqa: E402
from fer_bench.protocol.settings import Protocol  # noqa: E402
from fer_bench.protocol.trainable_layers import TrainableLayers  # noqa: E402
from fer_bench.runtime.errors import FerBenchError  # noqa: E402
from fer_bench.training.cell_runner import run_cell  # noqa: E402
from fer_bench.training.run_context import RunContext  # noqa: E402

pytestmark = pytest.mark.network

layers = keras.layers


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch):
    monkeypatch.setattr(random_weights, "_strategies", {})


def entry(build):
    return Backbone("own", "Own", 8, 1 / 255, (0.0, 0.0, 0.0), build, "own 1")


def plain():
    """Its layers are made in the order of the graph: made again they draw the same numbers."""
    image = x = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Dropout(0.5)(x)
    x = layers.Conv2D(4, 3)(x)
    return keras.Model(image, x)


def trained():
    """Return a network whose weights depend on no seed, each tensor of its own kind."""
    model = plain()
    chance = np.random.default_rng(8)
    model.set_weights([chance.uniform(0.5, 1, weight.shape) for weight in model.weights])
    return model


def loaded(directory):
    path = directory / "own.keras"
    model = trained()
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    model.save(path)
    return lambda: keras.models.load_model(path)


def with_loaded_weights(directory):
    path = directory / "own.weights.h5"
    trained().save_weights(path)

    def build():
        model = plain()
        model.load_weights(path)
        return model

    return build


def kept(_):
    model = trained()
    return lambda: model


def cut_from_what_is_kept(_):
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, layers.Dense(9)(trained()(image)))
    inner = model.layers[1]
    return lambda: keras.Model(inner.input, inner.output)


def partly_loaded(_):
    values = trained().layers[1].get_weights()

    def build():
        model = plain()
        model.layers[1].set_weights(values)
        return model

    return build


def seeded_by_itself(_):
    def build():
        keras.utils.set_random_seed(1)
        return plain()

    return build


def seeded_by_itself_at_last(_):
    def build():
        model = plain()
        random.seed(1)
        return model

    return build


def weights(model):
    return [np.asarray(keras.ops.convert_to_numpy(weight)) for weight in model.weights]


def assert_equal(found, expected):
    for one, other in zip(weights(found), weights(expected), strict=True):
        np.testing.assert_array_equal(one, other)


def drawn(model):
    """Return the kernels: all else in ``plain`` begins as a constant."""
    return [values for values in weights(model) if values.ndim > 1]


def plainly_drawn(seed, build=plain):
    """Return the weights that plain Keras draws under the seed, and the next random number."""
    keras.utils.set_random_seed(seed)
    return build(), random.random()


def test_a_builder_that_draws_gives_what_it_gives_without_us():
    for seed in (5, 6):
        expected, following = plainly_drawn(seed)
        assert_equal(seeded(entry(plain), seed, is_random=True), expected)
        assert random.random() == following


@pytest.mark.parametrize(
    "prepared",
    [
        loaded,
        with_loaded_weights,
        kept,
        cut_from_what_is_kept,
        partly_loaded,
        seeded_by_itself,
        seeded_by_itself_at_last,
    ],
)
def test_any_other_builders_network_is_drawn_from_the_seed_too(prepared, tmp_path):
    own = entry(prepared(tmp_path))
    for seed in (5, 6, 5):
        expected, following = plainly_drawn(seed)
        found = seeded(own, seed, is_random=True)
        assert_equal(found, expected)
        # The head is drawn next.
        assert random.random() == following
        for weight in found.weights:
            weight.assign(weight + 1)


def test_the_first_cells_training_is_not_in_the_second_ones_pretrained_network():
    own = entry(kept(None))
    first, second = (seeded(own, 5, is_random=False) for _ in range(2))
    assert not {id(weight) for weight in first.weights} & {id(weight) for weight in second.weights}


@pytest.mark.parametrize(
    "prepared", [loaded, with_loaded_weights, kept, cut_from_what_is_kept, partly_loaded]
)
def test_the_head_of_a_pretrained_network_is_drawn_as_ever(prepared, tmp_path):
    own = entry(prepared(tmp_path))
    for seed in (5, 6):
        _, following = plainly_drawn(seed)
        seeded(own, seed, is_random=False)
        assert random.random() == following


@pytest.mark.parametrize("prepared", [seeded_by_itself, seeded_by_itself_at_last])
def test_the_head_of_a_pretrained_network_does_not_come_from_the_builders_seed(prepared):
    own = entry(prepared(None))
    following = []
    for seed in (5, 6, 5):
        seeded(own, seed, is_random=False)
        following.append(random.random())
    assert following[0] == following[2] != following[1]


def with_edges():
    """Find edges by kernels that are set on purpose."""
    image = keras.Input((8, 8, 3))
    edges = layers.DepthwiseConv2D(3, use_bias=False, trainable=False, name="edges")
    x = layers.Conv2D(4, 3)(edges(image))
    sobel = np.outer([1, 2, 1], [1, 0, -1])[:, :, None, None]
    edges.set_weights([np.repeat(sobel, 3, axis=2)])
    return keras.Model(image, x)


@pytest.mark.parametrize(
    ("build", "flaw"),
    [
        (with_edges, ["'edges/kernel'", "do not depend on the seed"]),
        (seeded_by_itself_at_last(None), ["builder sets the seed"]),
    ],
)
def test_weights_that_are_not_used_are_reported(build, flaw, caplog):
    own = entry(build)
    for seed in (5, 6):
        caplog.clear()
        seeded(own, seed, is_random=True)
        (record,) = caplog.records
        assert (record.name, record.levelname) == ("fer_bench.models", "WARNING")
        message = record.getMessage()
        assert message.startswith("backbone 'own': ")
        assert [fact for fact in flaw if fact not in message] == [], message
        assert message.endswith("rebuilt from the seed")


@pytest.mark.parametrize("build", [plain, with_edges])
def test_nothing_is_reported_about_what_is_used_or_comes_from_a_file(build, caplog):
    for _ in range(2):
        seeded(entry(build), 5, is_random=build is plain)
    assert caplog.records == []


def normalised(inner=None):
    adapted = layers.Normalization(name="adapted")
    adapted.adapt(np.random.default_rng(2).random((4, 8, 8, 3), np.float32) * 9 + 3)
    image = keras.Input((8, 8, 3))
    if inner is not None:
        adapted = keras.Sequential([keras.Input((8, 8, 3)), adapted])
    return keras.Model(image, layers.Conv2D(4, 3)(adapted(image)))


@pytest.mark.parametrize("inner", [None, "inner"])
@pytest.mark.parametrize("is_kept", [False, True])
def test_statistics_of_data_stay(inner, is_kept, caplog):
    model = normalised(inner)
    images = np.random.default_rng(3).random((2, 8, 8, 3), np.float32)
    own = entry((lambda: model) if is_kept else (lambda: normalised(inner)))
    one, other = (seeded(own, seed, is_random=True) for seed in (5, 6))
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2 * is_kept
    assert not np.array_equal(drawn(one)[0], drawn(other)[0])
    for found in (one, other):
        found.layers[-1].set_weights(model.layers[-1].get_weights())
        np.testing.assert_allclose(found(images), model(images), rtol=1e-6)


def in_sequence():
    return keras.Sequential([layers.Conv2D(4, 3), layers.PReLU(), layers.Conv2D(2, 3)])


def nested():
    image = keras.Input((8, 8, 3))
    return keras.Model(image, layers.Conv2D(2, 1)(in_sequence()(plain().layers[1](image))))


def joined_by_operators_and_a_lambda():
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(3, 3, padding="same")(image)
    x = layers.Lambda(lambda values: 2 * values)(x) + 0.5 * image
    return keras.Model(image, layers.Conv2D(2, 3)(keras.ops.gelu(x)))


class Scaled(layers.Layer):
    """A layer of a user's own, with settings."""

    def __init__(self, start, **options):
        super().__init__(**options)
        self.start = start

    def build(self, shape):
        self.kernel = self.add_weight((shape[-1], 5), initializer="random_normal")
        self.scale = self.add_weight((5,), initializer=keras.initializers.Constant(self.start))

    def call(self, inputs):
        return (inputs @ self.kernel) * self.scale

    def get_config(self):
        return {**super().get_config(), "start": self.start}


def of_an_own_layer():
    image = keras.Input((8, 8, 3))
    return keras.Model(image, Scaled(1e-6)(image))


@pytest.mark.parametrize(
    "build", [in_sequence, nested, joined_by_operators_and_a_lambda, of_an_own_layer]
)
def test_networks_of_every_form_are_made_again(build):
    model = entry(build).build()
    values = weights(model)
    one, again, other = (seeded(entry(lambda: model), seed, is_random=True) for seed in (5, 5, 6))
    assert_equal(again, one)
    images = np.random.default_rng(0).random((2, 8, 8, 3), np.float32)
    for found, elsewhere, old in zip(
        drawn(one), drawn(other), (v for v in values if v.ndim > 1), strict=True
    ):
        if np.ptp(found) > 0:
            assert not np.array_equal(found, elsewhere)
            assert not np.array_equal(found, old)
    one.set_weights(values)
    np.testing.assert_array_equal(one(images), model(images))


def without_weights():
    image = keras.Input((8, 8, 3))
    return keras.Model(image, layers.MaxPooling2D()(image))


def of_constants():
    image = keras.Input((8, 8, 3))
    x = layers.LayerNormalization()(layers.BatchNormalization()(image))
    return keras.Model(image, layers.Conv2D(2, 3, kernel_initializer="ones")(x))


@pytest.mark.parametrize("build", [without_weights, of_constants])
def test_constant_weights_are_no_drawn_ones(build):
    own = entry(build)
    assert_equal(seeded(own, 5, is_random=True), build())
    assert random_weights._strategies == {
        ("own", True): random_weights._Strategy(build, random_weights._build_seeded)
    }


class FromNowhere(layers.Layer):
    """Draws its weights, by no seed."""

    def build(self, shape):
        self.kernel = self.add_weight((shape[-1], 5))
        self.kernel.assign(np.random.default_rng().random((shape[-1], 5)))

    def call(self, inputs):
        return inputs @ self.kernel


class WithoutConfig(layers.Layer):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, inputs):
        return self.inner(inputs)


def around(layer):
    image = keras.Input((8, 8, 3))
    return keras.Model(image, layer(image))


INITIALIZERS = keras.initializers
REFUSED = {
    "fixed seed": (
        lambda: around(layers.Conv2D(2, 3, kernel_initializer=INITIALIZERS.GlorotUniform(seed=3))),
        "do not depend on the seed",
    ),
    "given values": (
        lambda: around(layers.Dense(3, kernel_initializer=INITIALIZERS.Identity())),
        "do not depend on the seed",
    ),
    "no seed": (lambda: around(FromNowhere()), "differ between builds"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_drawn_from_the_seed_is_refused(case):
    build, why = REFUSED[case]
    with pytest.raises(FerBenchError, match=why) as caught:
        seeded(entry(build), 5, is_random=True)
    assert caught.value.problem.startswith("backbone 'own' cannot have")
    assert "random weights" in caught.value.problem
    assert caught.value.accepted.startswith("layers whose initialisers")
    # Its pretrained weights will come from a file.
    assert seeded(entry(build), 5, is_random=False).count_params() > 0


def test_a_kept_layer_that_cannot_be_made_again_is_refused():
    model = around(WithoutConfig(layers.Conv2D(2, 3)))
    with pytest.raises(FerBenchError, match="cannot be rebuilt") as caught:
        seeded(entry(lambda: model), 5, is_random=True)
    assert "get_config" in caught.value.hint
    assert "builder draw" in caught.value.hint


class Nameless(layers.Dense):
    def get_config(self):
        raise NotImplementedError


def test_a_layer_that_fails_without_a_word_is_shown_by_the_kind_of_its_error():
    model = around(Nameless(2))
    with pytest.raises(FerBenchError, match="rebuilt: 'NotImplementedError'"):
        seeded(entry(lambda: model), 5, is_random=True)


def test_layers_that_cannot_be_made_again_may_have_pretrained_weights():
    def build():
        keras.utils.set_random_seed(0)
        return around(Nameless(2))

    first, second = (seeded(entry(build), 5, is_random=False) for _ in range(2))
    assert not {id(weight) for weight in first.weights} & {id(weight) for weight in second.weights}


@dataclass
class Unhashable:
    filters: Any

    def __call__(self):
        return around(layers.Conv2D(self.filters, 3))


def test_a_builder_need_not_be_hashable():
    for filters in (2, 3):
        found = seeded(entry(Unhashable(filters)), 5, is_random=True)
        assert found.output_shape[-1] == filters


def counting(build):
    calls = []

    def counted():
        calls.append(1)
        return build()

    return counted, calls


def test_a_builder_is_looked_at_once_in_a_process():
    build, calls = counting(plain)
    for seed, expected in ((5, 3), (5, 4), (9, 5)):
        seeded(entry(build), seed, is_random=True)
        assert len(calls) == expected


def test_the_own_backbones_are_built_once_each():
    mini = get("mini")
    expected, following = plainly_drawn(5, mini.build)
    assert_equal(seeded(mini, 5, is_random=True), expected)
    assert random.random() == following
    assert random_weights._strategies == {}


@pytest.mark.nightly_on_jax
def test_a_cell_of_a_loaded_network_is_the_cell_of_the_network_drawn_again(tmp_path):
    labels = np.resize(np.arange(3, dtype=np.uint8), 90)
    images = np.random.default_rng(3).integers(0, 256, (90, 8, 8), dtype=np.uint8)
    protocol = Protocol(epochs=1, trainable_layers=TrainableLayers("all", "all"))
    data = prepare_data(Dataset(images, labels, ("a", "b", "c"), "tiny"), DataSpec())

    def logits(build, seed, store):
        experiment = RunContext(data, protocol, tmp_path / store)
        return run_cell(experiment, entry(build), "random", seed=seed).logits

    load = loaded(tmp_path)
    np.testing.assert_array_equal(logits(load, 5, "one"), logits(plain, 5, "other"))
    assert not np.array_equal(logits(load, 6, "one"), logits(load, 5, "one"))
