"""Weight files against real networks: what is loaded, and what is refused."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import io
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras")
h5py = pytest.importorskip("h5py")

from saved_weights import LAYOUTS, save  # noqa: E402

from fer_bench import models  # noqa: E402
from fer_bench.models import Located, WeightsSource  # noqa: E402
from fer_bench.models.weights import matching  # noqa: E402
from fer_bench.runtime.errors import FerBenchError  # noqa: E402

pytestmark = [pytest.mark.network, pytest.mark.nightly_on_jax]


def unchecked(name):
    """Return a registered backbone that takes any values."""
    entry = models.get(name)
    return dataclasses.replace(entry, weights=dataclasses.replace(entry.weights, digest=None))


def load(path, entry, model):
    return models.load(Located(path, "a test"), entry, model)


def verified(path, entry, model):
    return models.verify(Located(path, "a test"), entry, lambda: model)


def refusal(path, entry, model) -> FerBenchError:
    """Return the error; the network must be unchanged."""
    before = model.get_weights()
    with pytest.raises(FerBenchError) as caught:
        load(path, entry, model)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert caught.value.path == path
    assert "\n" not in str(caught.value)
    return caught.value


def shapes(error):
    """Return the shapes that an error names, the one in the file before the expected one."""
    return [ast.literal_eval(shape) for shape in re.findall(r"\(\d+(?:, \d+)+\)", str(error))]


@pytest.fixture(scope="module")
def mini(built):
    return built("mini")


@pytest.fixture(scope="module")
def sound_file(mini, tmp_path_factory):
    return save(mini, tmp_path_factory.mktemp("sound") / "w", "legacy")


@pytest.fixture
def mini_file(sound_file, tmp_path):
    """Return a sound file in the legacy layout, to be damaged."""
    return Path(shutil.copy(sound_file, tmp_path))


@pytest.fixture(scope="module")
def second_mini():
    return models.get("mini").build()


@pytest.fixture
def other(second_mini):
    """Another network of mini's structure, with weights of its own."""
    for variable in second_mini.weights:
        variable.assign(np.full(variable.shape, 9.0))
    return second_mini


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_back_every_value(mini, other, tmp_path, layout):
    path = save(mini, tmp_path / "w", layout)
    expected = mini.get_weights()
    record = load(path, unchecked("mini"), other)
    for ours, theirs in zip(other.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert record.size == path.stat().st_size
    assert record.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert str(record) == f"{path.name} from a test, {record.verification}"
    assert record.verification.startswith("names, shapes")
    assert "finite values" in record.verification
    assert "no digest" in record.verification


def test_the_values_digest_is_the_same_in_every_layout(mini, tmp_path):
    entry = unchecked("mini")
    digests = {
        verified(save(mini, tmp_path / "w", layout), entry, mini).values_digest
        for layout in LAYOUTS
    }
    assert len(digests) == 1


def test_the_values_digest_by_hand(tmp_path):
    inputs = keras.Input((2,))
    hidden = keras.layers.Dense(3, name="hidden")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1, use_bias=False)(hidden))
    for number, variable in enumerate(model.weights):
        variable.assign(np.full(variable.shape, number + 0.5))
    expected = hashlib.sha256()
    for header, value, count in (
        (b"dense[0]/kernel\x003,1\x00", 2.5, 3),
        (b"hidden/bias\x003\x00", 1.5, 3),
        (b"hidden/kernel\x002,3\x00", 0.5, 6),
    ):
        expected.update(header + np.full(count, value, "<f4").tobytes())
    path = save(model, tmp_path / "w", "legacy")
    record = verified(path, unchecked("mini"), model)
    assert record.values_digest == expected.hexdigest()
    assert (record.tensors, record.parameters) == (3, 12)


def test_half_precision_is_widened(mini, other, tmp_path):
    path = tmp_path / "w.npz"
    halves = {
        f"{layer.name}/{v.name}": v.numpy().astype(np.float16)
        for layer in mini.layers
        for v in layer.weights
    }
    np.savez(path, **halves)
    load(path, unchecked("mini"), other)
    np.testing.assert_array_equal(
        other.layers[1].weights[0].numpy(), halves["conv1/kernel"].astype(np.float32)
    )


@pytest.mark.parametrize("layout", ["legacy", "keras3"])
@pytest.mark.parametrize("name", ["resnet50", "openface"])
def test_files_of_the_networks_own_builder_are_loaded(built, tmp_path, name, layout):
    model, entry = built(name), unchecked(name)
    path = save(model, tmp_path / "w", layout)
    expected = model.get_weights()
    for variable in model.weights:
        variable.assign(np.full(variable.shape, 9.0))
    try:
        load(path, entry, model)
        for ours, theirs in zip(model.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    finally:
        model.set_weights(expected)
    path.unlink()


def checked_without_last_layer(entry, ours, classifier, directory):
    """Return the record of a complete classifier's file, loaded into the network cut from it."""
    path = save(classifier, directory / "w", "legacy")
    kernels = [layer for layer in ours.layers if layer.weights]
    before = [np.asarray(layer.weights[1]).copy() for layer in kernels]
    first = np.asarray(kernels[0].weights[0]).copy()
    kernels[0].weights[0].assign(np.zeros(first.shape))
    record = load(path, entry, ours)
    np.testing.assert_array_equal(kernels[0].weights[0], first)
    for layer, bias in zip(kernels, before, strict=True):
        np.testing.assert_array_equal(layer.weights[1], bias)
    last = classifier.layers[-3]
    with h5py.File(path, "a") as file:
        file[f"{last.name}/{last.bias.path}"][0] = np.nan
    with pytest.raises(FerBenchError, match=rf"'{last.name}/1' has 1 NaN"):
        verified(path, entry, ours)
    path.unlink()
    assert record.verification.startswith("names, shapes")
    assert "finite values" in record.verification
    return record


@pytest.mark.soak
def test_a_file_of_deepfaces_whole_classifier_is_loaded_without_its_last_layer(vggface, tmp_path):
    ours, classifier, _ = vggface
    record = checked_without_last_layer(models.get("vggface"), ours, classifier, tmp_path)
    assert (record.tensors, record.parameters) == (30, 134_260_544)


def narrow(model):
    """Return a network of the same layers with a sixteenth of the filters."""
    config = keras.saving.serialize_keras_object(model)
    for layer in config["config"]["layers"]:
        layer.pop("build_config", None)
        if "filters" in layer["config"]:
            layer["config"]["filters"] //= 16
    return keras.saving.deserialize_keras_object(config)


def test_a_whole_classifier_of_fewer_filters_is_loaded_without_its_last_layer(vggface, tmp_path):
    real, real_classifier, _ = vggface
    entry = unchecked("vggface")
    assert [tuple(weight.shape) for weight in real_classifier.layers[-3].weights] == list(
        entry.weights.last_layer
    )
    assert [weight.shape for weight in real.weights] == [
        weight.shape for weight in real_classifier.weights[:-2]
    ]
    classifier = narrow(real_classifier)
    ours = keras.Model(
        classifier.inputs, keras.layers.Flatten()(classifier.layers[-5].output), name="vggface"
    )
    last = tuple(tuple(weight.shape) for weight in classifier.layers[-3].weights)
    entry = dataclasses.replace(
        entry, weights=dataclasses.replace(entry.weights, last_layer=last), parameters=None
    )
    record = checked_without_last_layer(entry, ours, classifier, tmp_path)
    assert (record.tensors, record.parameters) == (30, ours.count_params())


def test_the_published_mobilenet_is_proved_and_loaded(built, real_mobilenet):
    model = built("mobilenet")
    kept = model.get_weights()
    try:
        record = load(real_mobilenet, models.get("mobilenet"), model)
        ours = model.get_weights()
        model.load_weights(real_mobilenet)
        for mine, keras_own in zip(ours, model.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, keras_own)
    finally:
        model.set_weights(kept)
    assert record.verification == "values digest matches upstream's"


def test_other_values_than_the_published_are_refused(built, tmp_path):
    path = save(built("mobilenet"), tmp_path / "w", "legacy")
    error = refusal(path, models.get("mobilenet"), built("mobilenet"))
    assert "matches the network" in error.problem
    assert "not upstream's" in error.problem
    assert error.accepted == models.get("mobilenet").weights.digest


def test_another_file_than_the_published_is_refused(built, tmp_path):
    model = built("resnet50")
    path = save(model, tmp_path / "w", "keras3")
    with pytest.raises(FerBenchError, match="its file is md5:") as caught:
        verified(path, models.get("resnet50"), model)
    path.unlink()
    digest = "md5:4d473c1dd8becc155b73f8504c6f6626"
    assert caught.value.accepted == digest


def test_a_file_digest_is_compared(mini, mini_file):
    digest = "sha256:" + hashlib.sha256(mini_file.read_bytes()).hexdigest()
    entry = dataclasses.replace(
        models.get("mini"), weights=WeightsSource("mini.weights.npz", digest=digest)
    )
    assert load(mini_file, entry, mini).verification == "sha256 digest matches upstream's"


def test_another_network_is_refused(built, mini_file):
    error = refusal(mini_file, unchecked("mobilenet"), built("mobilenet"))
    assert "tensor 'conv1/kernel'" in error.problem
    assert shapes(error) == [(3, 3, 3, 8), (3, 3, 3, 32)]
    error = refusal(mini_file, unchecked("openface"), built("openface"))
    assert "does not match OpenFace: " in error.problem
    assert "'conv1' has 1 tensors" in error.problem
    assert error.accepted.startswith("2: ")


@pytest.mark.parametrize("keep", [0, 100, 5000, -1])
def test_a_truncated_file_is_refused(mini, mini_file, keep):
    mini_file.write_bytes(mini_file.read_bytes()[:keep])
    error = refusal(mini_file, unchecked("mini"), mini)
    assert ("is empty" if keep == 0 else "cannot be read") in error.problem


def test_a_page_instead_of_a_file_is_refused(mini, tmp_path):
    path = tmp_path / "w.h5"
    path.write_text("<html>Not Found</html>")
    assert "an HDF5 file" in refusal(path, unchecked("mini"), mini).accepted


def test_a_file_that_changes_while_it_is_read_is_refused(mini, mini_file, monkeypatch):
    digest_of = matching.values_digest

    def slow(pairs):
        found = digest_of(pairs)
        mini_file.write_bytes(mini_file.read_bytes() + b"more")
        return found

    monkeypatch.setattr(matching, "values_digest", slow)
    assert "changed while" in refusal(mini_file, unchecked("mini"), mini).problem


def test_a_missing_file_is_refused(mini, tmp_path):
    assert "cannot be read" in refusal(tmp_path / "w.h5", unchecked("mini"), mini).problem


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused(mini, mini_file, value):
    with h5py.File(mini_file, "a") as file:
        file["conv_dw_3_bn/conv_dw_3_bn/gamma"][5] = value
    error = refusal(mini_file, unchecked("mini"), mini)
    assert "'conv_dw_3_bn/gamma'" in error.problem
    assert "has 1 NaN or infinite values" in error.problem


def replaced(path, name, values):
    with h5py.File(path, "a") as file:
        del file[name]
        file[name] = values
    return path


def test_a_tensor_of_another_shape_is_refused(mini, mini_file):
    replaced(mini_file, "conv_pw_5/conv_pw_5/kernel", np.zeros((1, 1, 64, 63), np.float32))
    error = refusal(mini_file, unchecked("mini"), mini)
    assert "tensor 'conv_pw_5/kernel'" in error.problem
    assert shapes(error) == [(1, 1, 64, 63), (1, 1, 64, 64)]


def test_text_instead_of_numbers_is_refused(mini, mini_file):
    replaced(mini_file, "conv1_bn/conv1_bn/gamma", np.array([b"a"] * 8))
    error = refusal(mini_file, unchecked("mini"), mini)
    assert "'conv1_bn/gamma' has dtype |S1" in error.problem
    assert error.accepted == "numbers"


def relisted(path, group, attribute, change):
    with h5py.File(path, "a") as file:
        names = list(np.asarray(file[group].attrs[attribute]).astype(str))
        file[group].attrs[attribute] = [name.encode() for name in change(names)]


def test_a_missing_layer_is_refused(mini, mini_file):
    relisted(mini_file, "/", "layer_names", lambda names: [n for n in names if n != "conv_dw_2"])
    assert "layer 'conv_dw_2' is missing" in refusal(mini_file, unchecked("mini"), mini).problem


def test_a_layer_too_many_is_refused(mini, mini_file):
    with h5py.File(mini_file, "a") as file:
        file.copy("conv1", "conv99")
    relisted(mini_file, "/", "layer_names", lambda names: [*names, "conv99"])
    assert "unexpected layer 'conv99'" in refusal(mini_file, unchecked("mini"), mini).problem


BATCH_NORM = ("gamma", "beta", "moving_mean", "moving_variance")


def test_a_missing_tensor_is_refused(mini, mini_file):
    relisted(mini_file, "conv1_bn", "weight_names", lambda names: names[:-1])
    error = refusal(mini_file, unchecked("mini"), mini)
    assert "'conv1_bn' has 3 tensors" in error.problem
    assert error.accepted == f"4: {', '.join(BATCH_NORM)}"


def test_a_tensor_of_another_name_is_refused(mini, mini_file):
    with h5py.File(mini_file, "a") as file:
        file.move("conv1_bn/conv1_bn/gamma", "conv1_bn/conv1_bn/delta")
    relisted(mini_file, "conv1_bn", "weight_names", lambda names: ["conv1_bn/delta", *names[1:]])
    error = refusal(mini_file, unchecked("mini"), mini)
    assert f"has the tensors delta, {', '.join(BATCH_NORM[1:])}" in error.problem
    assert error.accepted == ", ".join(BATCH_NORM)


def test_layers_and_tensors_in_another_order_are_found_by_name(mini, other, mini_file):
    relisted(mini_file, "/", "layer_names", lambda names: names[::-1])
    relisted(mini_file, "conv1_bn", "weight_names", lambda names: names[::-1])
    load(mini_file, unchecked("mini"), other)
    for ours, theirs in zip(other.get_weights(), mini.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_names_of_older_keras_are_understood(mini, mini_file):
    def renamed(group, old, new):
        with h5py.File(mini_file, "a") as file:
            file.move(f"{group}/{group}/{old}", f"{group}/{new}")
        relisted(
            mini_file,
            group,
            "weight_names",
            lambda names: [new if name.endswith(f"/{old}") else name for name in names],
        )

    renamed("conv1", "kernel", "conv1_W_1:0")
    renamed("conv_dw_1", "kernel", "conv_dw_1/depthwise_kernel:0")
    renamed("conv1_bn", "beta", "conv1_bn_1/beta:0")
    load(mini_file, unchecked("mini"), mini)


def chain(first, second):
    """Two layers that Keras names itself."""
    inputs = keras.Input((3,))
    return keras.Model(inputs, keras.layers.Dense(second)(keras.layers.Dense(first)(inputs)))


@pytest.mark.parametrize("layout", ["legacy", "keras3"])
def test_layers_without_a_name_are_matched_in_order(tmp_path, layout):
    written, read = chain(4, 4), chain(4, 4)
    assert [layer.name for layer in written.layers] != [layer.name for layer in read.layers]
    path = save(written, tmp_path / "w", layout)
    load(path, unchecked("mini"), read)
    for ours, theirs in zip(read.get_weights(), written.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("layout", ["legacy", "keras3"])
def test_layers_without_a_name_must_fit(tmp_path, layout):
    path = save(chain(4, 5), tmp_path / "w", layout)
    error = refusal(path, unchecked("mini"), chain(4, 4))
    assert "tensor 'dense[1]/kernel'" in error.problem
    assert shapes(error) == [(4, 5), (4, 4)]


@pytest.mark.parametrize("layout", ["legacy", "keras3"])
def test_one_layer_without_a_name_too_many_is_refused(tmp_path, layout):
    inputs = keras.Input((3,))
    short = keras.Model(inputs, keras.layers.Dense(4)(inputs))
    path = save(chain(4, 4), tmp_path / "w", layout)
    problem = refusal(path, unchecked("mini"), short).problem
    assert re.search(r"unexpected layer 'dense_\d+'$", problem)
    path = save(short, tmp_path / "short", layout)
    problem = refusal(path, unchecked("mini"), chain(4, 4)).problem
    assert "layer 'dense[1]' is missing" in problem


def test_the_new_layout_is_held_to_the_layers_names(tmp_path):
    def named(*names):
        inputs = x = keras.Input((3,))
        for name in names:
            x = keras.layers.Dense(3, name=name)(x)
        return keras.Model(inputs, x)

    path = save(named("a", "b"), tmp_path / "w", "keras3")
    error = refusal(path, unchecked("mini"), named("b", "a"))
    assert "layer 'a' in place of 'b'" in error.problem


def test_a_compiled_network_with_its_optimizer_is_read(tmp_path):
    model = chain(4, 4)
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.ones((4, 3)), np.ones((4, 4)), verbose=0)
    path = save(model, tmp_path / "w", "keras3")
    load(path, unchecked("mini"), model)


def test_normalization_computes_with_what_was_loaded(tmp_path):
    def network():
        inputs = keras.Input((2,))
        return keras.Model(inputs, keras.layers.Normalization(name="scale")(inputs))

    written, read = network(), network()
    written.layers[-1].adapt(np.array([[1.0, 10.0], [3.0, 30.0]]))
    load(save(written, tmp_path / "w", "legacy"), unchecked("mini"), read)
    x = np.array([[5.0, 5.0]])
    np.testing.assert_array_equal(read(x), written(x))


def test_classes_are_spelled_as_keras_spells_them():
    classes = [
        keras.layers.Conv2D,
        keras.layers.DepthwiseConv2D,
        keras.layers.BatchNormalization,
        keras.layers.ReLU,
        keras.layers.PReLU,
        keras.layers.LSTM,
        keras.layers.InputLayer,
        keras.layers.GlobalAveragePooling2D,
    ]
    from keras.src.utils.naming import to_snake_case

    for found in classes:
        assert matching.snake_case(found.__name__) == to_snake_case(found.__name__)


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x89HDF\r\n\x1a\n", b"PK"])
def test_no_network_is_built_for_what_is_no_weight_file(tmp_path, content):
    path = tmp_path / "w.h5"
    path.write_bytes(content)
    with pytest.raises(FerBenchError) as caught:
        models.verify(Located(path, ""), unchecked("mini"), lambda: pytest.fail("built"))
    assert caught.value.path == path


def test_shapes_are_compared_before_values_are_read(mini, tmp_path):
    """Values that are not there: of a tensor too large, and of 41 that fit."""
    path = save(mini, tmp_path / "w", "legacy")
    replaced(path, "conv_pw_13/conv_pw_13/kernel", np.zeros((1, 1, 256, 257), np.float32))
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as archive, h5py.File(path) as file:
        for layer in file.attrs["layer_names"]:
            for name in file[layer].attrs["weight_names"]:
                header = io.BytesIO()
                shape = file[layer][name].shape
                declared = {"descr": "<f4", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_2_0(header, declared)
                size = 4 * int(np.prod(shape))
                archive.writestr(f"{name}.npy", header.getvalue() + size * b"\xff")
    error = refusal(tmp_path / "w.npz", unchecked("mini"), mini)
    assert "tensor 'conv_pw_13/kernel'" in error.problem
    assert shapes(error) == [(1, 1, 256, 257), (1, 1, 256, 256)]


def test_a_saved_network_is_read_whatever_its_name(mini, other, tmp_path):
    mini.save(tmp_path / "w.keras")
    mini.save(tmp_path / "whole.h5")
    for path in ((tmp_path / "w.keras").rename(tmp_path / "w.h5"), tmp_path / "whole.h5"):
        for variable in other.weights:
            variable.assign(np.full(variable.shape, 9.0))
        load(path, unchecked("mini"), other)
        for ours, theirs in zip(other.get_weights(), mini.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_compiled_saved_network_is_read(tmp_path):
    model = chain(4, 4)
    model.compile("adam", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 4)), verbose=0)
    model.save(tmp_path / "w.keras")
    load((tmp_path / "w.keras").rename(tmp_path / "w.npz"), unchecked("mini"), model)


def test_a_saved_network_of_another_structure_is_refused(tmp_path):
    chain(4, 5).save(tmp_path / "w.keras")
    error = refusal(tmp_path / "w.keras", unchecked("mini"), chain(4, 4))
    assert "tensor 'dense[1]/kernel'" in error.problem
    assert shapes(error) == [(4, 5), (4, 4)]
