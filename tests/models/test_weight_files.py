"""Weight files as such: what can be opened, and what is refused before a network is known."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from fer_bench.models.weights import hdf5_process, weight_reader
from fer_bench.runtime.errors import FerBenchError


def opened_layers(path):
    with weight_reader.opened(path) as stored:
        return {
            key: (layer.name, layer.variables, [t.read() for t in layer.tensors])
            for key, layer in stored.layers.items()
        }


def refusal(path) -> FerBenchError:
    with pytest.raises(FerBenchError) as caught, weight_reader.opened(path):
        pass
    assert caught.value.path == path
    assert "\n" not in str(caught.value)
    return caught.value


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
    assert "not an npz file" in refusal(npz).problem


def test_a_corrupt_npz_is_refused(npz):
    content = bytearray(npz.read_bytes())
    content[150] ^= 0xFF
    npz.write_bytes(content)
    assert "not an npz file" in refusal(npz).problem


def test_an_npz_of_pickled_objects_is_refused(tmp_path):
    np.savez(tmp_path / "w.npz", **{"conv/kernel": np.array([{}], dtype=object)})
    assert "holds pickled objects" in refusal(tmp_path / "w.npz").problem


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"ab" * 32 + b"\nsize 17225924\n"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (b"<html>Not Found</html>", "is a web page"),
        (b"\n <!DOCTYPE html><html>", "is a web page"),
        (b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>", "is a web page"),
        (LFS, "is a Git LFS pointer"),
        (gzip.compress(b"weights", mtime=0), "is compressed with gzip"),
        (b"\x80\x04pickle", r"starts with b'\x80\x04pickle'"),
        (b"\x89HDF", r"starts with b'\x89HDF'"),
    ],
)
@pytest.mark.parametrize("name", ["w.h5", "w.keras", "w.npz"])
def test_other_files_are_refused_with_what_they_are(tmp_path, content, what, name):
    path = tmp_path / name
    path.write_bytes(content)
    error = refusal(path)
    assert error.problem == f"weight file {what}"
    assert bool(error.accepted) != (what.endswith(("pointer", "gzip")))


@pytest.mark.parametrize("member", ["w.h5", "inner/w.keras", "w.npz"])
def test_an_archive_of_a_weight_file_is_to_be_unpacked(tmp_path, member):
    with zipfile.ZipFile(tmp_path / "w.h5", "w") as archive:
        archive.writestr(member, b"weights")
    error = refusal(tmp_path / "w.h5")
    assert f"zip archive that contains {member!r}" in error.problem
    assert "extract" in error.hint


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_not_a_file_is_refused(tmp_path, make):
    make(tmp_path / "w.h5")
    assert "cannot be read" in refusal(tmp_path / "w.h5").problem


def test_a_missing_file_is_refused(tmp_path):
    assert "No such file" in refusal(tmp_path / "w.h5").problem


@pytest.fixture
def h5py():
    return pytest.importorskip("h5py")


def legacy(h5py, path, layers, chunks=1):
    """Write Keras' legacy layout by hand; names in as many attributes as asked for."""
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
    assert "truncated" in refusal(path).problem


def test_hdf5_without_weights_is_refused(h5py, tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["images"] = np.zeros(3)
    assert "neither 'layer_names' nor 'layers'" in refusal(tmp_path / "w.h5").problem


def test_a_layer_that_is_named_and_not_there_is_refused(h5py, tmp_path):
    path = legacy(h5py, tmp_path / "w.h5", {"a": {"a/kernel:0": np.ones(2)}})
    with h5py.File(path, "a") as file:
        del file["a"]
    problem = refusal(path).problem
    assert "'a' is listed" in problem
    assert "missing" in problem


LINKED = {
    "legacy": (
        "model_weights",
        "model_weights/a",
        "model_weights/a/a",
        "model_weights/a/a/kernel:0",
    ),
    "keras3": ("layers", "layers/dense", "layers/dense/vars", "layers/dense/vars/0"),
}


def whole(h5py, path, layout):
    """Write a network of one layer."""
    if layout == "legacy":
        inner = legacy(h5py, path.with_name("inner.h5"), {"a": {"a/kernel:0": np.ones(2)}})
        with h5py.File(path, "w") as file, h5py.File(inner) as source:
            source.copy(source["/"], file, "model_weights")
    else:
        with h5py.File(path, "w") as file:
            file["layers/dense/vars/0"] = np.ones(2)
            file["layers/dense/vars"].attrs["name"] = "dense"
    return path


@pytest.mark.parametrize("layout", LINKED)
def test_a_network_is_read_where_nothing_is_linked(h5py, tmp_path, layout):
    assert len(opened_layers(whole(h5py, tmp_path / "w.h5", layout))) == 1


@pytest.mark.parametrize(
    ("layout", "place"), [(layout, place) for layout in LINKED for place in LINKED[layout]]
)
def test_no_link_to_another_file_is_followed(h5py, tmp_path, layout, place):
    """To a named pipe, which opening would wait for without end."""
    os.mkfifo(tmp_path / "pipe")
    with h5py.File(whole(h5py, tmp_path / "w.h5", layout), "a") as file:
        del file[place]
        file[place] = h5py.ExternalLink(str(tmp_path / "pipe"), "x")
    assert "is a link" in refusal(tmp_path / "w.h5").problem


@pytest.mark.parametrize("layout", LINKED)
def test_no_link_to_such_a_link_is_followed(h5py, tmp_path, layout):
    os.mkfifo(tmp_path / "pipe")
    with h5py.File(whole(h5py, tmp_path / "w.h5", layout), "a") as file:
        del file[LINKED[layout][-1]]
        file["outside"] = h5py.ExternalLink(str(tmp_path / "pipe"), "x")
        file[LINKED[layout][-1]] = h5py.SoftLink("/outside")
    assert "is a link" in refusal(tmp_path / "w.h5").problem


def test_an_external_tensor_is_refused(h5py, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(16))
    path = legacy(h5py, tmp_path / "w.h5", {"a": {"a/kernel:0": np.ones(2)}})
    with h5py.File(path, "a") as file:
        del file["a/a/kernel:0"]
        file.create_dataset("a/a/kernel:0", (2,), "f8", external=[(str(secret), 0, 16)])
    assert "stored in another file" in refusal(path).problem


def test_a_virtual_tensor_is_refused(h5py, tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["values"] = np.ones(2)
    path = legacy(h5py, tmp_path / "w.h5", {"a": {"a/kernel:0": np.ones(2)}})
    layout = h5py.VirtualLayout(shape=(2,), dtype="f8")
    layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "values", shape=(2,))
    with h5py.File(path, "a") as file:
        del file["a/a/kernel:0"]
        file.create_virtual_dataset("a/a/kernel:0", layout)
    assert "stored in another file" in refusal(path).problem


def test_a_network_inside_a_network_is_refused_in_the_new_layout(h5py, tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["layers/functional/layers/dense/vars/0"] = np.ones(2)
    problem = refusal(tmp_path / "w.h5").problem
    assert "'layers/functional/layers/dense/vars/0'" in problem
    assert "legacy layout, '.h5'" in problem


def test_states_that_are_no_weights_are_passed_over(h5py, tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["layers/dense/vars/1"] = np.zeros(2)
        file["layers/dense/vars/0"] = np.ones((3, 2))
        file["layers/dropout/seed_generator/vars/0"] = np.zeros(2, np.uint32)
        file["optimizer/vars/0"] = np.zeros(1)
    layers = opened_layers(tmp_path / "w.h5")
    assert list(layers) == ["dense"]
    assert [tensor.shape for tensor in layers["dense"][2]] == [(3, 2), (2,)]


STORED = {
    "contiguous": {},
    "chunked": {"chunks": (7, 2, 1)},
    "compressed": {"chunks": (100, 3, 1), "compression": "gzip", "shuffle": True},
    "unwritten": {"data": None, "fillvalue": 3},
}
DTYPES = ("<f4", ">f4", "<f2", "<f8", ">i2", "u1", "<i8")


@pytest.fixture
def varied(h5py, tmp_path):
    """Return a file with tensors of every storage and type, and their values by name."""
    path, random = tmp_path / "w.h5", np.random.default_rng(1)
    shape, expected = (101, 3, 2), {}
    compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    compact.set_layout(h5py.h5d.COMPACT)
    with h5py.File(path, "w") as file:
        for dtype in DTYPES:
            bits = random.integers(0, 256, (*shape, np.dtype(dtype).itemsize), np.uint8)
            values = bits.view(dtype)[..., 0]
            for stored, options in STORED.items():
                name = f"layers/{stored}_{np.dtype(dtype).name}{dtype[0] == '>'}/vars/0"
                file.create_dataset(name, shape, dtype, **{"data": values, **options})
                expected[name.split("/")[1]] = file[name][...]
            name = f"layers/compact_{np.dtype(dtype).name}{dtype[0] == '>'}/vars"
            space = h5py.h5s.create_simple(shape)
            kind = h5py.h5t.py_create(np.dtype(dtype))
            h5py.h5d.create(file.create_group(name).id, b"0", kind, space, compact)
            file[f"{name}/0"][...] = values
            expected[name.split("/")[1]] = file[f"{name}/0"][...]
    return path, expected


@pytest.mark.parametrize("method", [None, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_values_arrive_as_they_were_written(varied, method):
    path, expected = varied
    layers = opened_layers(path if method is None else archived(path, method))
    assert set(layers) == set(expected)
    for key, (_, _, (values,)) in layers.items():
        assert (values.dtype, values.shape) == (expected[key].dtype, expected[key].shape)
        assert values.tobytes() == expected[key].tobytes(), key


def archived(path, method):
    """Return a file as the weights of a ``.keras`` file, which has the name of the first."""
    saved = path.with_name("saved")
    with zipfile.ZipFile(saved, "w", method) as archive:
        archive.writestr("config.json", "{}")
        archive.write(path, "model.weights.h5")
    return saved.replace(path)


def test_scalars_and_empty_tensors_are_read(h5py, tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["layers/dense/vars/0"] = np.float32(2.5)
        file["layers/dense/vars/1"] = np.zeros((0, 3), np.float32)
    ((_, _, (scalar, empty)),) = opened_layers(tmp_path / "w.h5").values()
    assert (scalar.shape, scalar[()], empty.shape) == ((), 2.5, (0, 3))


def test_a_tensor_without_a_shape_is_refused(h5py, tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["layers/dense/vars/0"] = h5py.Empty("f4")
    assert "has no shape" in refusal(tmp_path / "w.h5").problem


CRASHING = Path(__file__).parents[1] / "corpus" / "hdf5"


@pytest.mark.parametrize("path", sorted(CRASHING.iterdir()), ids=lambda path: path.stem)
def test_a_file_that_crashes_libhdf5_is_refused(h5py, path):
    """Such a file ends a process with a segmentation fault, in some releases at least."""
    assert "cannot be read" in refusal(path).problem


@pytest.fixture
def packed(h5py, tmp_path):
    """Return a file with a tensor that only libhdf5 can read."""
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.create_dataset("layers/dense/vars/0", data=np.ones((100, 100)), compression="gzip")
    return tmp_path / "w.h5"


@pytest.fixture
def processes(monkeypatch):
    """Every process that is started to read HDF5."""
    started = []

    class Recorded(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    return started


def test_a_process_that_does_not_answer_is_not_waited_for(packed, processes, monkeypatch):
    with weight_reader.opened(packed) as stored:
        processes[0].send_signal(signal.SIGSTOP)
        monkeypatch.setattr(hdf5_process, "LIMIT_S", 0.2)
        with pytest.raises(FerBenchError, match="takes more than 0 seconds"):
            stored.layers["dense"].tensors[0].read()
    assert processes[0].returncode == -signal.SIGKILL


def test_contiguous_values_need_no_process(h5py, tmp_path, processes):
    values = np.arange(6.0)
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["layers/dense/vars/0"] = values
    with weight_reader.opened(tmp_path / "w.h5") as stored:
        processes[0].kill()
        np.testing.assert_array_equal(stored.layers["dense"].tensors[0].read(), values)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell such a limit")
def test_the_cpu_time_is_limited_by_what_is_read(h5py, tmp_path, processes):
    """A loop without an end ends with SIGXCPU."""
    import resource

    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.create_dataset("layers/dense/vars/0", (10_000_000,), "f4")
    with weight_reader.opened(tmp_path / "w.h5") as stored:
        for least in (60, 100):
            limit, _ = resource.prlimit(processes[0].pid, resource.RLIMIT_CPU)
            assert least <= limit < least + 20
            stored.layers["dense"].tensors[0].read()


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (signal.SIGSEGV, "crashes on it .SIGSEGV"),
        (signal.SIGKILL, "crashes on it .SIGKILL"),
        (signal.SIGXCPU, "takes too long on it"),
    ],
)
def test_a_process_that_ends_while_values_are_read_is_one_line(packed, processes, sent, problem):
    with weight_reader.opened(packed) as stored:
        processes[0].send_signal(sent)
        processes[0].wait()
        with pytest.raises(FerBenchError, match=problem):
            stored.layers["dense"].tensors[0].read()


def test_no_process_is_left(packed, processes):
    with weight_reader.opened(packed) as stored:
        stored.layers["dense"].tensors[0].read()
    packed.write_bytes(packed.read_bytes()[:-500])
    refusal(packed)
    assert [process.poll() for process in processes] == [
        process.returncode for process in processes
    ]
    assert None not in [process.returncode for process in processes]
    assert all(process.stdout.closed for process in processes)


def test_libhdf5_is_not_loaded_here(h5py, tmp_path):
    path = legacy(h5py, tmp_path / "w.h5", {"a": {"a/kernel:0": np.ones(2)}})
    code = (
        "import pathlib, sys; from fer_bench.models.weights import weight_reader as w\n"
        f"with w.opened(pathlib.Path({str(path)!r})) as s: s.layers['a'].tensors[0].read()\n"
        "print(sorted({'h5py', 'keras', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


PEAK = """
import json, pathlib, sys
from resource import RUSAGE_CHILDREN, getrusage
from fer_bench.models.weights import weight_reader
try:
    with weight_reader.opened(pathlib.Path(sys.argv[1])) as stored:
        layers = stored.layers.values()
        outcome = [tensor.shape for layer in layers for tensor in layer.tensors]
        if sys.argv[2:]:
            stored.layers["dense"].tensors[0].read()
except Exception as error:
    outcome = str(error)
status = pathlib.Path("/proc/self/status").read_text()
# What getrusage tells of this process itself is, at first, the size of the one that started it.
own = int(status.partition("VmHWM:")[2].split()[0]) >> 10
print(json.dumps([outcome, own, getrusage(RUSAGE_CHILDREN).ru_maxrss >> 10]))
"""


def peak(path, *more):
    """Return the outcome of reading a file, and the peak MiB of this and of child processes."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, path, *more], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize("layout", ["npz", "hdf5"])
def test_shapes_are_known_before_values_take_memory(tmp_path, layout):
    shape = (16_700_000,)
    if layout == "npz":
        path = tmp_path / "w.npz"
        values = np.zeros(shape, np.float32)
        # Without any, it would be refused for how tightly it is packed.
        values[::64] = np.random.default_rng(0).random(len(values[::64]), np.float32)
        np.savez_compressed(path, **dict.fromkeys("abcd", values))
    else:
        path, h5py = tmp_path / "w.h5", pytest.importorskip("h5py")
        with h5py.File(path, "w") as file:
            for name in "abcd":
                file.create_dataset(f"layers/{name}/vars/0", shape, "f4", chunks=(1 << 16,))
    outcome, own, others = peak(path)
    assert outcome == [list(shape)] * 4
    assert own < 150
    assert others < 150


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep no such limit")
def test_memory_has_a_limit_while_values_are_read(h5py, tmp_path):
    """Four numbers in a chunk of 1 MB that unpacks to 1.2 GB."""
    packer = zlib.compressobj()
    start = packer.compress(bytes(1 << 26)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(1 << 26)) + packer.flush(zlib.Z_FULL_FLUSH)
    with h5py.File(tmp_path / "w.h5", "w") as file:
        bomb = file.create_dataset(
            "layers/dense/vars/0", (4,), "f4", maxshape=(None,), chunks=(1 << 29,), compression=1
        )
        bomb.id.write_direct_chunk((0,), start + 18 * again)
    assert (tmp_path / "w.h5").stat().st_size < 4 << 20
    outcome, _, others = peak(tmp_path / "w.h5", "values")
    assert "cannot be read" in outcome
    assert others < 1100
