from __future__ import annotations

import errno
import io
import os
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layout_writers import random_dataset, write_npz

from fer_bench.data import EMOTIONS, Dataset
from fer_bench.data.formats.npz_arrays import is_compressed, opened_arrays
from fer_bench.data.formats.npz_files import load_npz, pack_npz
from fer_bench.runtime.errors import FerBenchError


def message_of(path: Path) -> str:
    with pytest.raises(FerBenchError) as raised:
        load_npz(path)
    text = str(raised.value)
    assert text.startswith(repr(str(path)))
    assert "accepted: " in text
    assert "\n" not in text
    return text


@given(
    st.integers(1, 5),
    st.integers(0, 2**32 - 1),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["uint8", "int8", "int64", ">i4", "uint16"]),
)
def test_round_trip(n: int, seed: int, usage: bool, compressed: bool, dtype: str) -> None:
    wanted = random_dataset(n, seed, usage=usage)
    arrays = {"images": wanted.images, "labels": wanted.labels.astype(dtype)}
    if wanted.usage is not None:
        arrays["usage"] = wanted.usage.astype(dtype)
    with TemporaryDirectory() as directory:
        path = Path(directory) / "some.npz"
        (np.savez_compressed if compressed else np.savez)(path, **arrays)
        found = load_npz(path)
    assert (found.name, found.classes) == ("some", EMOTIONS)
    assert found.row_digest == wanted.row_digest
    if wanted.usage is None:
        assert found.usage is None
    else:
        np.testing.assert_array_equal(found.usage, wanted.usage)


def test_packed_bytes_are_an_npz_file(tmp_path: Path, few: Dataset) -> None:
    path = tmp_path / "packed.npz"
    path.write_bytes(pack_npz(few, note="hello"))
    found = load_npz(path)
    assert found.row_digest == few.row_digest
    np.testing.assert_array_equal(found.usage, few.usage)
    with opened_arrays(path, ("note",)) as arrays:
        assert str(arrays["note"].read()) == "hello"


def test_other_sizes_and_orders_of_memory(tmp_path: Path) -> None:
    images = np.asfortranarray(np.arange(2 * 3 * 5, dtype=np.uint8).reshape(2, 3, 5))
    path = tmp_path / "small.npz"
    np.savez(path, images=images, labels=[0, 6])
    found = load_npz(path)
    np.testing.assert_array_equal(found.images, images)
    assert found.images.flags.c_contiguous


WRONG_ARRAYS = {
    "float images": (
        "images",
        lambda a: a.astype(float),
        "images are float64 of shape (7, 48, 48)",
    ),
    "a channel": ("images", lambda a: a[..., None], "images are uint8 of shape (7, 48, 48, 1)"),
    "flat images": ("images", lambda a: a.reshape(7, -1), "images are uint8 of shape (7, 2304)"),
    "no image": ("images", lambda a: a[:0], "images are uint8 of shape (0, 48, 48)"),
    "no images": ("images", lambda a: None, "no array 'images' (it holds 'labels.npy'"),
    "no labels": ("labels", lambda a: None, "no array 'labels'"),
    "few labels": (
        "labels",
        lambda a: a[:6],
        "labels are uint8 of shape (6,); accepted: integers",
    ),
    "float labels": ("labels", lambda a: a.astype(float), "labels are float64 of shape (7,)"),
    "text labels": ("labels", lambda a: a.astype(str), "labels are <U3 of shape (7,)"),
    "label 7": ("labels", lambda a: np.array([0, 1, 7, 2, 7, 3, 4]), "labels has 7 for image 2"),
    "label -1": ("labels", lambda a: np.array([0, 1, 6, 2, -1, 3, 4]), "labels has -1 for image 4"),
    "label 256": ("labels", lambda a: np.full(7, 256), "labels has 256 for image 0"),
    "usage 3": (
        "usage",
        lambda a: np.full(7, 3),
        "usage has 3 for image 0; accepted: ",
    ),
    "few usages": ("usage", lambda a: a[:1], "usage are uint8 of shape (1,)"),
    "pickled images": ("images", lambda a: np.array([1, "x"], object), "'images' holds pickled"),
    "pickled labels": ("labels", lambda a: np.array([{}] * 7), "'labels' holds pickled objects"),
    "pickled usage": ("usage", lambda a: np.array([None] * 7), "'usage' holds pickled objects"),
}


@pytest.mark.parametrize(
    ("name", "change", "message"), WRONG_ARRAYS.values(), ids=WRONG_ARRAYS.keys()
)
def test_wrong_arrays(tmp_path: Path, few: Dataset, name: str, change, message: str) -> None:
    path = write_npz(tmp_path / "faces.npz", few, **{name: change(getattr(few, name))})
    assert message in message_of(path)


def test_pickled_objects_are_not_unpickled(tmp_path: Path, few: Dataset) -> None:
    flag = tmp_path / "flag"

    class Trap:
        def __reduce__(self):
            return Path.touch, (flag,)

    path = write_npz(tmp_path / "faces.npz", few, labels=np.array([Trap()] * 7))
    message_of(path)
    assert not flag.exists()


def test_other_arrays_are_not_looked_at(tmp_path: Path, few: Dataset) -> None:
    path = write_npz(tmp_path / "faces.npz", few, note=np.array([{}]))
    assert load_npz(path).row_digest == few.row_digest


def test_no_npz_file(tmp_path: Path, few: Dataset) -> None:
    path = tmp_path / "faces.npz"
    path.write_bytes(b"")
    assert "not an npz file" in message_of(path)
    assert "not a zip file)" in message_of(path)  # as zipfile says it
    path.write_text("emotion,pixels\n")
    assert "not an npz file" in message_of(path)
    with path.open("wb") as file:
        np.save(file, few.images)
    assert "not an npz file" in message_of(path)
    path.unlink()
    assert "cannot be read" in message_of(path)
    assert f"({os.strerror(errno.ENOENT)})" in message_of(path)


@pytest.mark.parametrize("name", ["images", "labels", "usage"])
def test_types_and_shapes_are_checked_before_anything_is_read(
    tmp_path: Path, few: Dataset, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("an array was read")

    path = write_npz(tmp_path / "faces.npz", few, **{name: np.zeros(7, "U99")})
    monkeypatch.setattr(np.lib.format, "read_array", fail)
    assert f"{name} are <U99 of shape (7,); accepted: " in message_of(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED])
def test_ways_to_compress(tmp_path: Path, few: Dataset, method: int) -> None:
    path = tmp_path / "faces.npz"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name in ("images", "labels"):
            content = io.BytesIO()
            np.save(content, getattr(few, name))
            archive.writestr(f"{name}.npy", content.getvalue())
    assert is_compressed(path)
    if method == zipfile.ZIP_DEFLATED:
        assert load_npz(path).row_digest == few.row_digest
    else:
        text = message_of(path)
        assert "'images' has compression method " in text
        assert f"method {method}" in text
        assert "accepted: stored or deflated" in text


@pytest.mark.parametrize("n", [1 << 13, 1 << 14])
def test_many_empty_images_are_a_bomb_and_some_are_not(tmp_path: Path, n: int) -> None:
    path = tmp_path / "faces.npz"
    images, labels = np.zeros((n, 64, 64), np.uint8), np.zeros(n, np.uint8)
    np.savez_compressed(path, images=images, labels=labels)
    if n == 1 << 13:
        assert load_npz(path).images.shape == (n, 64, 64)
    else:
        text = message_of(path)
        assert "'images' claims 67108992 bytes " in text
        assert "has 67108992, compressed" in text


def test_not_compressed(tmp_path: Path, few: Dataset) -> None:
    assert not is_compressed(write_npz(tmp_path / "faces.npz", few))
    (tmp_path / "none").write_text("x")
    with pytest.raises(FerBenchError, match="not an npz file"):
        is_compressed(tmp_path / "none")


def test_long_causes_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", npy("(2, 48, " + "x" * 5000))
        archive.writestr("labels.npy", npy("(2,)", data=bytes(2)))
    assert len(message_of(path)) < 400 + len(str(path))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x" * 5000, b"")
    assert len(message_of(path)) < 400 + len(str(path))


def test_cut_off_anywhere(tmp_path: Path, few: Dataset) -> None:
    whole = pack_npz(few)
    path = tmp_path / "faces.npz"
    for cut in [*range(1, len(whole), 997), len(whole) - 1]:
        path.write_bytes(whole[:cut])
        assert "not an npz file" in message_of(path)


@pytest.mark.parametrize("compressed", [False, True])
def test_damaged_anywhere(tmp_path: Path, few: Dataset, compressed: bool) -> None:
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(
        file, images=few.images, labels=few.labels, usage=few.usage
    )
    whole = file.getvalue()
    path = tmp_path / "faces.npz"
    end_of_arrays = whole.index(b"PK\x01\x02")
    messages = []
    for place in range(0, end_of_arrays, 101):
        damaged = bytearray(whole)
        damaged[place] ^= 0x55
        path.write_bytes(damaged)
        # Bytes that neither size nor checksum depend on, like a local time stamp, may differ.
        try:
            found = load_npz(path)
        except FerBenchError as error:
            messages.append(str(error))
        else:
            assert found.row_digest == few.row_digest
            np.testing.assert_array_equal(found.usage, few.usage)
    assert len(messages) > 0.9 * end_of_arrays / 101
    assert not [text for text in messages if "\n" in text]


def npy(shape: str, dtype: str = "|u1", data: bytes = b"") -> bytes:
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + data


LIES = {
    "more than memory": npy("(1000000000000, 48, 48)"),
    "a little more": npy("(3, 48, 48)", data=bytes(2 * 2304)),
    "less": npy("(1, 48, 48)", data=bytes(2 * 2304)),
    "beyond 64 bits": npy("(4294967296, 4294967296, 4294967296)"),
    "negative": npy("(-1, 48, 48)", data=bytes(2304)),
}


@pytest.mark.parametrize("content", LIES.values(), ids=LIES.keys())
def test_lying_headers(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "faces.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", content)
        archive.writestr("labels.npy", npy("(2,)", data=bytes(2)))
    assert "array 'images' claims" in message_of(path)


def test_a_directory_that_lies_in_accord_with_the_header(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    content = npy("(1000000000, 48, 48)", data=bytes(2304))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", content)
        archive.writestr("labels.npy", npy("(2,)", data=bytes(2)))
        archive.getinfo("images.npy").file_size = 128 + 2304 * 10**9
    text = message_of(path)
    assert "'images' claims 2304000000128 bytes " in text
    assert "has 2304000000128, compressed" in text


def test_headers_of_python_2(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    path = tmp_path / "faces.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", npy("(2L, 3L, 4L)", data=bytes(range(24))))
        archive.writestr("labels.npy", npy("(2L,)", data=bytes(2)))
    assert load_npz(path).images[1].tolist() == [
        [12, 13, 14, 15],
        [16, 17, 18, 19],
        [20, 21, 22, 23],
    ]
    assert not recwarn.list


BROKEN_HEADERS = {
    "keys of two types": npy("(2,)").replace(b" 'shape'", b"b'shape'"),
    "empty": b"",
    "only magic": b"\x93NUMPY",
    "cut off": b"\x93NUMPY\x01\x00\xff\xff{",
    "open bracket": npy("(2, 48,"),
    "unknown size": npy("(2, 48)", "|u9"),
    "unknown type": npy("(2, 48)", "hello"),
    "unknown version": b"\x93NUMPY\x09\x00" + npy("(1,)")[8:],
    "no magic": b"not numpy at all",
}


@pytest.mark.parametrize("content", BROKEN_HEADERS.values(), ids=BROKEN_HEADERS.keys())
def test_broken_headers(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "faces.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", content)
        archive.writestr("labels.npy", npy("(2,)", data=bytes(2)))
    message_of(path)
