"""Backbones in ``.keras`` files."""

import json
import zipfile

import h5py
import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench import models  # noqa: E402
from fer_bench.models.network_files import by_path, keras_archive, keras_loading  # noqa: E402
from fer_bench.models.preprocessing import prepare_faces  # noqa: E402
from fer_bench.models.random_weights import seeded  # noqa: E402
from fer_bench.models.transfer import transfer  # noqa: E402
from fer_bench.runtime.errors import FerBenchError  # noqa: E402

pytestmark = pytest.mark.network

layers = keras.layers
IMAGES = np.random.default_rng(3).integers(0, 256, (5, 8, 8), dtype=np.uint8)


def convolutions(x):
    x = layers.Conv2D(4, 3, activation="relu", name="first")(x)
    return layers.GlobalAveragePooling2D()(layers.BatchNormalization()(x))


def classifier(channels=3, activation="softmax"):
    image = keras.Input((8, 8, channels))
    x = layers.Dropout(0.2)(convolutions(layers.Rescaling(1 / 255)(image)))
    return keras.Model(image, layers.Dense(7, activation, name="classes")(x))


def embedding():
    image = keras.Input((8, 8, 3))
    return keras.Model(image, layers.Dense(5, name="embedding")(convolutions(image)))


def nested():
    """Return a network as in transfer learning, with layers of the same name."""
    inside = keras.Input((8, 8, 3))
    inner = keras.Model(inside, layers.Conv2D(4, 3, name="conv")(inside) * 2.0, name="inner")
    normalized = keras.Sequential([layers.Input((6, 6, 4)), layers.BatchNormalization(name="conv")])
    image = keras.Input((8, 8, 3))
    x = normalized(inner(layers.Rescaling(1 / 127.5, -1)(image)), training=False)
    x = layers.Conv2D(2, 3, name="conv")(x)
    return keras.Model(image, layers.Softmax()(layers.Dense(7)(layers.Flatten()(x))))


def of_any_size():
    image = keras.Input((None, None, 3))
    return keras.Model(image, convolutions(image))


def saved(model, directory, name="net.keras"):
    """Save a network with weights unlike initial ones and return its path."""
    rng = np.random.default_rng(1)
    for weight in model.weights:
        weight.assign(rng.uniform(0.1, 1.0, weight.shape))
    model.save(directory / name)
    return directory / name


def selected(path):
    (entry,) = models.select(str(path))
    return entry


def pretrained(entry):
    model = seeded(entry, 5, is_random=False)
    return model, models.load(models.locate(entry), entry, model)


def settings(path, **values):
    path.with_name(f"{path.name}.json").write_text(json.dumps(values))


def test_a_pretrained_network_is_the_one_that_was_saved_without_its_classifier(tmp_path):
    whole = classifier()
    entry = selected(saved(whole, tmp_path))
    model, record = pretrained(entry)
    features = keras.Model(whole.input, whole.get_layer("classes").input)
    faces = prepare_faces(IMAGES, entry)
    np.testing.assert_array_equal(model(faces), features(faces))
    assert record.parameters == features.count_params()
    assert record.sha256[:12] in str(record)
    assert (entry.name, entry.title, entry.input_size) == ("saved-net", "net.keras", 8)
    assert (entry.scale, entry.offset) == (1.0, (0.0, 0.0, 0.0))  # it has a Rescaling


@pytest.mark.parametrize("build", [classifier, nested])
def test_random_weights_are_drawn_from_the_seed_and_not_those_of_the_file(build, tmp_path):
    whole = build()
    entry = selected(saved(whole, tmp_path))
    one, same, other = (seeded(entry, seed, is_random=True) for seed in (5, 5, 6))
    kernels = [
        [weight for weight in model.get_weights() if weight.ndim == 4]
        for model in (one, same, other)
    ]
    trained = [weight for weight in whole.get_weights() if weight.ndim == 4]
    for first, again, different, file in zip(*kernels, trained, strict=True):
        np.testing.assert_array_equal(first, again)
        assert not np.array_equal(first, different)
        assert not np.array_equal(first, file)


def adapted():
    inside = keras.Input((8, 8, 3))
    inner = keras.Model(inside, layers.Normalization(name="adapted")(inside))
    image = keras.Input((8, 8, 3))
    return keras.Model(image, convolutions(layers.Dropout(0.2)(inner(image))))


def test_random_networks_keep_adapted_statistics(tmp_path):
    entry = selected(saved(adapted(), tmp_path))
    drawn, read = seeded(entry, 5, is_random=True), pretrained(entry)[0]
    for weight, expected in zip(
        drawn.get_layer("adapted").weights, read.get_layer("adapted").weights, strict=True
    ):
        np.testing.assert_array_equal(weight, expected)
    faces = prepare_faces(IMAGES, entry)
    scaled, expected = (model.get_layer("adapted")(faces) for model in (drawn, read))
    np.testing.assert_array_equal(scaled, expected)
    assert not np.array_equal(drawn.get_layer("first").kernel, read.get_layer("first").kernel)


def test_a_registered_network_loaded_from_a_file_is_drawn_too(tmp_path, caplog):
    whole = embedding()
    path = saved(whole, tmp_path)

    def load():
        return keras.models.load_model(path)

    entry = models.Backbone("own", "Own", 8, 1 / 255, (0.0, 0.0, 0.0), load, "own 1")
    model = seeded(entry, 42, is_random=True)
    assert not np.array_equal(model.get_layer("first").kernel, whole.get_layer("first").kernel)
    assert "do not depend on the seed; all its layers were rebuilt" in caplog.text


def given_values():
    image = keras.Input((8, 8, 3))
    return keras.Model(image, layers.Conv2D(2, 3, kernel_initializer="ones")(image))


def fixed_seed():
    image = keras.Input((8, 8, 3))
    drawn = keras.initializers.GlorotUniform(seed=3)
    return keras.Model(image, layers.Conv2D(2, 3, kernel_initializer=drawn)(image))


@pytest.mark.parametrize("build", [given_values, fixed_seed])
def test_a_network_with_equal_weights_for_two_seeds_is_refused_as_random(build, tmp_path):
    entry = selected(saved(build(), tmp_path))
    with pytest.raises(FerBenchError) as caught:
        seeded(entry, 5, is_random=True)
    assert caught.value.problem.startswith("backbone 'saved-net' cannot have random weights")
    pretrained(entry)


def test_nested_networks_become_layers_that_can_be_frozen_one_by_one(tmp_path):
    whole = nested()
    entry = selected(saved(whole, tmp_path))
    model, _ = pretrained(entry)
    features = keras.Model(whole.input, whole.layers[-3].output)
    faces = prepare_faces(IMAGES, entry)
    np.testing.assert_array_equal(model(faces), features(faces))
    np.testing.assert_array_equal(model(faces, training=True), features(faces, training=True))
    network = transfer(entry, model, 2, (8, 8), 3)
    assert network.parameters.trainable == (3 * 3 * 4 * 2 + 2) + network.parameters.head
    by_parts = network.suffix.predict_on_batch(network.prefix.predict_on_batch(IMAGES))
    expected = network.whole.predict_on_batch(IMAGES)
    np.testing.assert_allclose(keras.ops.softmax(by_parts), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("build", "classifier", "last"),
    [
        (classifier, None, "Dropout"),
        (classifier, "keep", "Dense"),
        (embedding, None, "Dense"),
        (embedding, "exclude", "GlobalAveragePooling2D"),
        (lambda: classifier(activation=None), None, "Dense"),
    ],
)
def test_a_classifier_is_left_out_if_evident_or_asked_for(
    build, classifier, last, tmp_path, caplog
):
    path = saved(build(), tmp_path)
    if classifier:
        settings(path, classifier=classifier)
    caplog.set_level("INFO")
    model = selected(path).build()
    assert type(model.layers[-1]).__name__ == last
    assert ("its classifier is left out" in caplog.text) == (last != "Dense")


def test_a_network_trained_with_a_cross_entropy_ends_with_a_classifier(tmp_path):
    model = classifier(activation=None)
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.save(tmp_path / "net.keras")
    assert type(selected(tmp_path / "net.keras").build().layers[-1]).__name__ == "Dropout"


def test_grey_networks_get_one_channel(tmp_path):
    entry = selected(saved(classifier(channels=1), tmp_path))
    model, _ = pretrained(entry)
    network = transfer(entry, model, 1, (8, 8), 3)
    assert prepare_faces(IMAGES, entry).shape == (5, 8, 8, 1)
    assert network.whole.predict_on_batch(IMAGES).shape == (5, 3)


def test_without_a_scaling_layer_the_pixels_are_0_to_1_or_as_stated(tmp_path):
    path = saved(embedding(), tmp_path)
    entry = selected(path)
    assert (entry.scale, entry.offset) == (1 / 255, (0.0, 0.0, 0.0))
    assert "the default" in "; ".join(entry.file.notes)
    settings(path, mean=[0.5, 0.25, 0.0], std=[0.5, 0.5, 1.0])
    faces = np.asarray(prepare_faces(np.array([[[0, 255]]], np.uint8), selected_of_size(path, 1)))
    np.testing.assert_allclose(faces[0, 0, 0], np.subtract(0.5, [0.5, 0.25, 0]) * [2, 2, 1])


def selected_of_size(path, side):
    by_path._found.clear()
    return selected(path).resized(side)


def test_a_network_of_any_size_gets_that_of_fer2013_or_the_stated_one(tmp_path):
    path = saved(of_any_size(), tmp_path)
    assert selected(path).build().input_shape == (None, 48, 48, 3)
    assert selected(path).resized(16).build().input_shape == (None, 16, 16, 3)
    settings(path, input_size=[3, 12, 12])
    by_path._found.clear()
    assert selected(path).build().input_shape == (None, 12, 12, 3)


def test_weights_that_declare_more_than_is_stored_are_refused(tmp_path):
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file.create_dataset("layers/dense/vars/0", (1 << 40, 1 << 30), "float32", chunks=(64, 64))
    path = tmp_path / "net.keras"
    with zipfile.ZipFile(path, "w") as file:
        file.write(tmp_path / "weights.h5", "model.weights.h5")
    with pytest.raises(FerBenchError) as caught:
        keras_loading._check_weights(path)
    assert caught.value.path == path
    assert caught.value.problem.startswith("weights have a declared size of ")


def test_the_own_layers_that_are_accepted_are_those_that_can_be_built():
    names = {f"fer_bench>{name}" for name in keras_archive.OWN_LAYERS}
    assert names == set(keras_loading._OWN_LAYERS)
