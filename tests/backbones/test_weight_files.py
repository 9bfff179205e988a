"""Weight files as such: what can be opened, and what is refused before a network is known."""

from __future__ import annotations

import numpy as np
import pytest

from fer_bench.backbones import weight_files
from fer_bench.errors import FerBenchError


def opened_layers(path):
    with weight_files.opened(path) as stored:
        return {
            key: (layer.name, layer.variables, [np.asarray(t) for t in layer.tensors])
            for key, layer in stored.layers.items()
        }


def refusal(path) -> str:
    with pytest.raises(FerBenchError) as caught, weight_files.opened(path):
        pass
    text = str(caught.value)
    assert "\n" not in text
    assert repr(str(path)) in text
    return text


@pytest.fixture
def npz(tmp_path):
    path = tmp_path / "w.npz"
    np.savez(
        path,
        **{
            "conv/kernel": np.ones((3, 3, 1, 2), np.float16),
            "conv/bias": np.zeros(2, np.float32),
            "bn/gamma": np.full(2, 5.0),
        },
    )
    return path


def test_npz_keys_are_layers_and_variables(npz):
    layers = opened_layers(npz)
    assert list(layers) == ["conv", "bn"]
    assert layers["conv"][:2] == ("conv", ("kernel", "bias"))
    np.testing.assert_array_equal(layers["bn"][2][0], [5.0, 5.0])


def test_a_truncated_npz_is_refused(npz):
    npz.write_bytes(npz.read_bytes()[:-60])
    assert "no npz file, or a damaged one" in refusal(npz)


def test_a_corrupt_npz_is_refused(npz):
    content = bytearray(npz.read_bytes())
    content[150] ^= 0xFF
    npz.write_bytes(content)
    assert "no npz file, or a damaged one" in refusal(npz)


def test_an_npz_of_pickled_objects_is_refused(tmp_path):
    np.savez(tmp_path / "w.npz", **{"conv/kernel": np.array([{}], dtype=object)})
    assert "holds pickled objects" in refusal(tmp_path / "w.npz")


@pytest.mark.parametrize("content", [b"", b"<html>Not Found</html>", b"\x80\x04pickle"])
def test_other_files_are_refused_with_what_they_begin_with(tmp_path, content):
    path = tmp_path / "w.h5"
    path.write_bytes(content)
    assert f"begins with {content[:8]!r}, expected is an HDF5 file" in refusal(path)


def test_a_missing_file_is_refused(tmp_path):
    assert "No such file" in refusal(tmp_path / "w.h5")


@pytest.fixture
def h5py():
    return pytest.importorskip("h5py")


def legacy(h5py, path, layers, chunks=1):
    """Writes Keras' legacy layout by hand; names in as many attributes as asked for."""
    with h5py.File(path, "w") as file:
        names = np.array_split(np.array([name.encode() for name in layers]), chunks)
        for number, part in enumerate(names):
            file.attrs["layer_names" if chunks == 1 else f"layer_names{number}"] = part
        for name, tensors in layers.items():
            group = file.create_group(name)
            group.attrs["weight_names"] = [variable.encode() for variable in tensors]
            for variable, values in tensors.items():
                group[variable] = values
    return path


@pytest.mark.parametrize("chunks", [1, 2])
def test_the_legacy_layout_keeps_its_order(h5py, tmp_path, chunks):
    path = legacy(
        h5py,
        tmp_path / "w.h5",
        {"b": {"b/kernel:0": np.ones(2)}, "a": {}, "c": {"c/kernel:0": np.zeros(3)}},
        chunks,
    )
    layers = opened_layers(path)
    assert list(layers) == ["b", "c"]
    assert layers["c"][:2] == ("c", ("c/kernel:0",))


def test_a_whole_saved_model_is_read_too(h5py, tmp_path):
    inner = legacy(h5py, tmp_path / "inner.h5", {"a": {"a/kernel:0": np.ones(2)}})
    with h5py.File(tmp_path / "w.h5", "w") as file, h5py.File(inner) as source:
        source.copy(source["/"], file, "model_weights")
    assert list(opened_layers(tmp_path / "w.h5")) == ["a"]


def test_a_truncated_hdf5_is_refused(h5py, tmp_path):
    path = legacy(h5py, tmp_path / "w.h5", {"a": {"a/kernel:0": np.ones(5000)}})
    path.write_bytes(path.read_bytes()[:-1000])
    assert "truncated" in refusal(path)


def test_hdf5_without_weights_is_refused(h5py, tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["images"] = np.zeros(3)
    assert "without 'layer_names' or 'layers'" in refusal(tmp_path / "w.h5")


def test_a_layer_that_is_named_and_not_there_is_refused(h5py, tmp_path):
    path = legacy(h5py, tmp_path / "w.h5", {"a": {"a/kernel:0": np.ones(2)}})
    with h5py.File(path, "a") as file:
        del file["a"]
    assert "cannot be read" in refusal(path)


def test_a_tensor_of_another_file_is_refused(h5py, tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["values"] = np.ones(2)
    path = legacy(h5py, tmp_path / "w.h5", {"a": {"a/kernel:0": np.ones(2)}})
    with h5py.File(path, "a") as file:
        del file["a/a/kernel:0"]
        file["a/a/kernel:0"] = h5py.ExternalLink("secret.h5", "values")
    assert "lies in another file" in refusal(path)


def test_a_virtual_tensor_is_refused(h5py, tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["values"] = np.ones(2)
    path = legacy(h5py, tmp_path / "w.h5", {"a": {"a/kernel:0": np.ones(2)}})
    layout = h5py.VirtualLayout(shape=(2,), dtype="f8")
    layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "values", shape=(2,))
    with h5py.File(path, "a") as file:
        del file["a/a/kernel:0"]
        file.create_virtual_dataset("a/a/kernel:0", layout)
    assert "lies in another file" in refusal(path)


def test_a_network_inside_a_network_is_refused_in_the_new_layout(h5py, tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["layers/functional/layers/dense/vars/0"] = np.ones(2)
    assert "save a network inside another in the legacy layout" in refusal(tmp_path / "w.h5")


def test_states_that_are_no_weights_are_passed_over(h5py, tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["layers/dense/vars/1"] = np.zeros(2)
        file["layers/dense/vars/0"] = np.ones((3, 2))
        file["layers/dropout/seed_generator/vars/0"] = np.zeros(2, np.uint32)
        file["optimizer/vars/0"] = np.zeros(1)
    layers = opened_layers(tmp_path / "w.h5")
    assert list(layers) == ["dense"]
    assert [tensor.shape for tensor in layers["dense"][2]] == [(3, 2), (2,)]
