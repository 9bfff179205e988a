"""Damaged npz files: archive structure, array headers, array values."""

from __future__ import annotations

import io
import itertools
import pickle
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
from corpus_kind import (
    TERABYTE,
    Damage,
    Kind,
    changed,
    content,
    cut_before,
    cut_to,
    done,
    file_kinds,
    renamed,
    swapped,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

N, SIDE = 14, 6

LOCAL, DIRECTORY, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
"""Signatures of zip records."""

Members = dict[str, bytes]


def arrays() -> dict[str, np.ndarray]:
    images = np.random.default_rng(0).integers(0, 256, (N, SIDE, SIDE), np.uint8)
    codes = np.arange(N, dtype=np.uint8)
    return {"images": images, "labels": codes % 7, "usage": codes % 3}


def npz_file(directory: Path) -> Path:
    path = directory / "faces.npz"
    np.savez(path, **arrays())
    return path


def packed_npz_file(directory: Path) -> Path:
    path = directory / "faces.npz"
    np.savez_compressed(path, **arrays())
    return path


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def npy_of(header: str, data: bytes = b"", magic: bytes = b"\x93NUMPY\x01\x00") -> bytes:
    """Return an npy file with an arbitrary header."""
    text = f"{header:<117}\n".encode("latin-1")
    return magic + struct.pack("<H", len(text)) + text + data


def header(shape: str, dtype: str = "'|u1'", order: str = "False") -> str:
    return f"{{'descr': {dtype}, 'fortran_order': {order}, 'shape': {shape}, }}"


def with_arrays(**others: np.ndarray | None) -> Damage:
    """Replace arrays of the file; None removes one."""
    made = {name: array for name, array in (arrays() | others).items() if array is not None}
    return lambda path: done(np.savez(path, **made))


def with_members(
    change: Callable[[Members], Mapping[str, bytes]], method: int = zipfile.ZIP_STORED
) -> Damage:
    """Replace members of the archive, with correct checksums and sizes."""

    def damage(path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, data in change(members).items():
                archive.writestr(zipfile.ZipInfo(name), data, method)

    return damage


def with_images(data: bytes, method: int = zipfile.ZIP_STORED) -> Damage:
    return with_members(lambda members: members | {"images.npy": data}, method)


def in_directory(offset: int, form: str, value: int) -> Damage:
    """Set a number in the first member's record in the central directory and in its local header.

    Args:
        offset: position in the central record; in the local header it is two bytes less.
        form: format in the notation of ``struct``.
        value: new value.
    """

    def change(data: bytes) -> bytes:
        whole = bytearray(data)
        struct.pack_into(form, whole, data.index(DIRECTORY) + offset, value)
        struct.pack_into(form, whole, data.index(LOCAL) + offset - 2, value)
        return bytes(whole)

    return changed(change)


def in_end(offset: int, form: str, value: int) -> Damage:
    """Set a number in the end record of the archive."""

    def change(data: bytes) -> bytes:
        whole = bytearray(data)
        struct.pack_into(form, whole, data.rindex(END) + offset, value)
        return bytes(whole)

    return changed(change)


def _prefixed(prefix: str) -> Damage:
    return with_members(lambda members: {f"{prefix}{name}": data for name, data in members.items()})


def _twice(path: Path) -> None:
    import warnings

    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")  # zipfile warns about duplicate names
        archive.writestr("images.npy", npy(255 - arrays()["images"]))


def _overlapping(path: Path) -> None:
    """Write an archive in which the labels member lies within the data of the images member."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("labels.npy", npy(arrays()["labels"]))
    record = inner.getvalue()
    record = record[: record.index(DIRECTORY)]
    pixels = record.ljust(N * SIDE * SIDE, b"\0")
    images = np.frombuffer(pixels, np.uint8).reshape(N, SIDE, SIDE)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", npy(images))
        place = path.read_bytes().index(b"labels.npy") - 30 if path.stat().st_size else 0
        labels = zipfile.ZipInfo("labels.npy")
        labels.compress_size = labels.file_size = len(npy(arrays()["labels"]))
        labels.CRC = zipfile.crc32(npy(arrays()["labels"]))
        archive.fp.flush()
        labels.header_offset = place or archive_data(path).index(b"labels.npy") - 30
        archive.filelist.append(labels)
        archive.NameToInfo["labels.npy"] = labels
        archive._didModify = True


def archive_data(path: Path) -> bytes:
    return path.read_bytes()


def _many_members(path: Path) -> None:
    """Write a central directory of 200,000 empty members, without the members."""
    record = struct.pack("<4s4B4HL2L5H2L", DIRECTORY, 20, 3, 20, 0, *[0] * 7, 8, *[0] * 6)
    directory = b"".join(record + b"%08d" % number for number in range(200_000))
    end = struct.pack("<4s4H2LH", END, 0, 0, 0xFFFF, 0xFFFF, len(directory), 0, 0)
    path.write_bytes(directory + end)


def _bomb(method: int) -> Damage:
    """Write 256 MiB of black images, compressed to 256 kB or less."""

    def damage(path: Path) -> None:
        n = (1 << 28) // (64 * 64)
        with zipfile.ZipFile(path, "w", method) as archive:
            with archive.open("images.npy", "w") as file:
                file.write(npy_of(header(f"({n}, 64, 64)")))
                for _ in range(64):
                    file.write(bytes(1 << 22))
            archive.writestr("labels.npy", npy(np.zeros(n, np.uint8)))

    return damage


def _deflated(**members: Iterable[bytes]) -> Damage:
    return _written(zipfile.ZIP_DEFLATED, **members)


def _written(method: int, **members: Iterable[bytes]) -> Damage:
    """Write arrays piece by piece, so that they are never completely in memory."""

    def damage(path: Path) -> None:
        with zipfile.ZipFile(path, "w", method, compresslevel=1) as archive:
            for name, pieces in members.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    for piece in pieces:
                        file.write(piece)

    return damage


def _zeros(size: int) -> Iterable[bytes]:
    return itertools.repeat(bytes(1 << 20), size >> 20)


def _large_images_and_a_wrong_label() -> Damage:
    """Write 384 MiB of images in 6 MiB, the tightest packing that is accepted, and a label 9."""
    piece = bytes(63 << 16) + np.random.default_rng(0).bytes(1 << 16)
    n = 96 * len(piece) // 64**2
    images = itertools.chain([npy_of(header(f"({n}, 64, 64)"))], itertools.repeat(piece, 96))
    return _deflated(images=images, labels=[npy(np.append(np.zeros(n - 1, np.uint8), 9))])


def _tiny_images(n: int, method: int = zipfile.ZIP_DEFLATED, **types: str) -> Damage:
    """Write images of one pixel, labels and usages, all of them 0."""
    return _written(
        method,
        images=itertools.chain([npy_of(header(f"({n}, 1, 1)"))], _zeros(n)),
        **{
            name: itertools.chain(
                [npy_of(header(f"({n},)", repr(dtype)))], _zeros(n * np.dtype(dtype).itemsize)
            )
            for name, dtype in types.items()
        },
    )


def _long_header() -> Damage:
    size = 320 << 20
    magic = b"\x93NUMPY\x02\x00" + struct.pack("<L", size)
    spaces = itertools.repeat(b" " * (1 << 20), size >> 20)
    return _deflated(images=itertools.chain([magic], spaces), labels=[npy(arrays()["labels"])])


def _short_labels(path: Path) -> None:
    """Write fewer labels than header and directory state, with a checksum of the short data."""
    labels = npy(arrays()["labels"])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", npy(arrays()["images"]))
        archive.writestr("labels.npy", labels[:-3])
        archive.getinfo("labels.npy").file_size = len(labels)


def _terabyte(path: Path) -> None:
    """Write a complete terabyte of zero images as a sparse file, which takes no disk space."""
    n = TERABYTE >> 12
    array = npy_of(header(f"({n}, 64, 64)"))
    size = len(array) + n * 64 * 64
    extra = struct.pack("<2H2Q", 1, 16, size, size)
    local = struct.pack("<4s5H3L2H", LOCAL, 45, 0, 0, 0, 33, 0, 0xFFFFFFFF, 0xFFFFFFFF, 10, 20)
    central = struct.pack(
        "<4s6H3L5H2L",
        DIRECTORY,
        45,
        45,
        0,
        0,
        0,
        33,
        0,
        0xFFFFFFFF,
        0xFFFFFFFF,
        10,
        20,
        0,
        0,
        0,
        0,
        0,
    )
    labels = npy(np.zeros(1, np.uint8))
    with path.open("wb") as file:
        file.write(local + b"images.npy" + extra + array)
        file.seek(n * 64 * 64, 1)
        second = file.tell()
        plain = (len(labels),) * 2
        file.write(struct.pack("<4s5H3L2H", LOCAL, 20, 0, 0, 0, 33, 0, *plain, 10, 0))
        file.write(b"labels.npy" + labels)
        directory = central + b"images.npy" + extra
        directory += struct.pack(
            "<4s6H3L5H2L", DIRECTORY, 45, 20, 0, 0, 0, 33, 0, *plain, 10, 12, 0, 0, 0, 0, 0xFFFFFFFF
        )
        directory += b"labels.npy" + struct.pack("<2HQ", 1, 8, second)
        start = file.tell()
        file.write(directory)
        end = file.tell()
        file.write(
            struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 2, 2, len(directory), start)
        )
        file.write(struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1))
        file.write(struct.pack("<4s4H2LH", END, 0, 0, 2, 2, len(directory), 0xFFFFFFFF, 0))


class Trap:
    """Object that creates a file when it is unpickled."""

    def __reduce__(self) -> Any:
        return open, ("unpickled", "w")


def _kind(name: str, damage: Damage, *expected: str, sound=npz_file) -> Kind:
    return Kind(f"npz: {name}", "data", sound, damage, expected)


def _cuts() -> list[Kind]:
    return [
        _kind("empty", cut_to(0)),
        _kind("cut off in the first member's record", cut_to(10)),
        _kind("cut off behind the first member's record", cut_to(30 + 10)),
        _kind("cut off in an array's header", cut_to(100)),
        _kind("cut off in the first member's data", cut_to(400)),
        _kind("cut off before the second member", cut_before(b"labels.npy", -30)),
        _kind("cut off before the directory", changed(lambda data: data[: data.index(DIRECTORY)])),
        _kind("cut off in the directory", cut_before(DIRECTORY, 20)),
        _kind("cut off before the end record", cut_before(END)),
        _kind("cut off in the end record", cut_before(END, 12)),
        _kind("cut off by one byte", cut_to(-1)),
        _kind("the beginning cut off", changed(lambda data: data[50:])),
        _kind("only an end record", changed(lambda data: data[data.rindex(END) :])),
        _kind("an archive of nothing", with_members(lambda members: {}), "'images'", "nothing"),
        *(
            _kind(f"an array cut off {where}", with_images(npy(arrays()["images"])[:size]))
            for where, size in {
                "before its first byte": 0,
                "in its magic": 4,
                "in its version": 7,
                "in its header's length": 9,
                "in its header": 60,
                "behind its header": 128,
                "in its data": 200,
                "by one byte": -1,
            }.items()
        ),
    ]


def _archives() -> list[Kind]:
    stored_crc = changed(lambda data: data[:300] + bytes([data[300] ^ 1]) + data[301:])
    return [
        _kind("a flipped bit in the data", stored_crc),
        _kind("a flipped bit in packed data", stored_crc, sound=packed_npz_file),
        _kind("an encrypted member", in_directory(8, "<H", 1), "encrypted"),
        _kind("a strongly encrypted member", in_directory(8, "<H", 0x41)),
        _kind("a patched member", in_directory(8, "<H", 0x20)),
        _kind("an unknown compression", in_directory(10, "<H", 99)),
        _kind("Deflate64", in_directory(10, "<H", 9)),
        _kind("data that are not packed as they say", in_directory(10, "<H", 8)),
        _kind("data that are no bz2", in_directory(10, "<H", 12)),
        _kind("data that are no LZMA", in_directory(10, "<H", 14)),
        _kind("a version of the far future", in_directory(6, "<H", 99)),
        _kind("a member of 4 GB, it says", in_directory(24, "<L", 0xFFFFFFFE), "'images'"),
        _kind("a packed member of 4 GB, it says", in_directory(20, "<L", 0xFFFFFFFE)),
        _kind("another name in the member's own record", swapped(b"images.npy", b"imagez.npy")),
        _kind("a directory beyond the end", in_end(16, "<L", 0x7FFFFFFF)),
        _kind("a directory of 2 GB, it says", in_end(12, "<L", 0x7FFFFFFF)),
        _kind("many members", _many_members),
        _kind("a member twice", _twice, "'images.npy'", "twice"),
        _kind("overlapping members", _overlapping, "'labels.npy'"),
        _kind(
            "an archive in the archive",
            with_members(lambda members: {"faces.npz": b"PK"}),
            "'images'",
            "'faces.npz'",
        ),
        _kind("an archive instead of an array", with_images(b"PK\x03\x04" + bytes(200))),
        _kind("names that climb out", _prefixed("../../"), "'images'", "../../images.npy"),
        _kind("absolute names", _prefixed("/tmp/"), "'images'", "/tmp/images.npy"),
        _kind("names of another system that climb out", _prefixed("..\\"), "'images'"),
        _kind("names in a directory", _prefixed("data/"), "'images'", "data/images.npy"),
        _kind(
            "names in capitals",
            with_members(lambda members: {name.upper(): x for name, x in members.items()}),
            "'images'",
            "IMAGES.NPY",
        ),
        _kind("names with line ends and escapes", _prefixed("\n\x1b[31m\u202e"), "\\x1b"),
        _kind("very long names", _prefixed("n" * 60_000), "'images'"),
        _kind(
            "a directory instead of an array",
            with_members(lambda members: {"images.npy/": b"", "labels.npy": npy(np.zeros(1))}),
            "'images'",
        ),
        _kind("256 MiB in 256 kB", _bomb(zipfile.ZIP_DEFLATED), "'images'"),
        _kind("256 MiB in a kilobyte", _bomb(zipfile.ZIP_BZIP2), "'images'"),
        _kind("384 MiB of images and a wrong label", _large_images_and_a_wrong_label(), "has 9"),
        _kind("48 MiB three times in 150 kB", _tiny_images(48 << 20, labels="|u1", usage="|u1")),
        _kind("24 million images of one pixel", _tiny_images(24 << 20, labels="|u1"), "memory"),
        _kind(
            "4 million images of one pixel, not packed",
            _tiny_images(4 << 20, zipfile.ZIP_STORED, labels="|u1"),
            "4,194,304 images",
            "at least 10 pixels",
        ),
        _kind("labels larger than images", _tiny_images(4 << 20, labels="<i8"), "memory"),
        _kind("an array with a header of 320 MiB", _long_header()),
        _kind("labels that end early", _short_labels),
        _kind("a terabyte", _terabyte),
    ]


def _headers() -> list[Kind]:
    u1 = arrays()["images"].tobytes()
    shape = f"({N}, {SIDE}, {SIDE})"
    headers = {
        "a shape of a petabyte": header("(1000000000000, 48, 48)"),
        "a shape beyond 64 bits": header("(4294967296, 4294967296, 4294967296)"),
        "a shape of 4000 digits": header(f"({'9' * 4000}, 6, 6)"),
        "a negative shape": header("(-14, 6, -6)"),
        "a shape with decimals": header("(14.0, 6, 6)"),
        "a shape that is a list": header("[14, 6, 6]"),
        "a shape that is a number": header("504"),
        "a type nobody knows": header(shape, "'|u9'"),
        "a type of objects": header(shape, "'|O'"),
        "a type of nested records": header(shape, "[('a', [('b', '|O')])]"),
        "a type that is code": header(shape, "__import__('os').system('true')"),
        "no type": f"{{'fortran_order': False, 'shape': {shape}, }}",
        "a key too many": header(shape).replace("}", "'more': 1}"),
        "no dictionary": "42",
        "keys of two types": header(shape).replace("'shape'", "b'shape'"),
        "the numbers of Python 2, and too few images": header(f"(13L, {SIDE}L, {SIDE}L)"),
        "an open bracket": header(shape)[:-4],
        "a null character": header(shape).replace("14", "1\x004"),
        "brackets nested deeply": f"{'(' * 4000}{')' * 4000}",
        "signs nested deeply": f"{'-' * 9000}1",
    }
    images = {name: npy_of(text, u1) for name, text in headers.items()} | {
        "a version nobody knows": npy_of(header(shape), u1, b"\x93NUMPY\x09\x00"),
        "no magic": npy_of(header(shape), u1, b"\x93NUMPI\x01\x00"),
        "a header of 64 kB": npy_of(header(shape) + " " * 65_000, u1),
        "a pickle": pickle.dumps(Trap()),
    }
    return [_kind(f"an array with {name}", with_images(data)) for name, data in images.items()]


def _values() -> list[Kind]:
    images, labels = arrays()["images"], arrays()["labels"].astype(np.int64)

    def with_label(value: Any, dtype: Any = np.int64) -> Damage:
        other = labels.astype(dtype)
        other[5] = value
        return with_arrays(labels=other)

    return [
        _kind("no images", with_arrays(images=None), "'images'", "labels.npy"),
        _kind("no labels", with_arrays(labels=None), "'labels'"),
        _kind("images as floats", with_arrays(images=images / 255), "images are float64"),
        _kind("images of 16 bits", with_arrays(images=images.astype(np.uint16)), "uint16"),
        _kind("images with sign", with_arrays(images=images.astype(np.int8)), "int8"),
        _kind("images as truth", with_arrays(images=images > 9), "bool"),
        _kind("images with a channel", with_arrays(images=images[..., None]), "(14, 6, 6, 1)"),
        _kind("images in rows", with_arrays(images=images.reshape(N, -1)), "(14, 36)"),
        _kind("an image alone", with_arrays(images=images[0]), "(6, 6)"),
        _kind("a number for images", with_arrays(images=np.uint8(3)), "()"),
        _kind("zero images", with_arrays(images=images[:0]), "(0, 6, 6)"),
        _kind("images without height", with_arrays(images=images[:, :0]), "(14, 0, 6)"),
        _kind("records", with_arrays(images=np.zeros(N, [("image", "u1", (6, 6))])), "images"),
        _kind("images as objects", with_arrays(images=images.astype(object)), "pickled"),
        _kind("a trap in the labels", with_arrays(labels=np.array([Trap()] * N)), "pickled"),
        _kind("a trap in the usage", with_arrays(usage=np.array([Trap()] * N)), "pickled"),
        _kind("labels as floats", with_arrays(labels=labels / 1), "labels are float64"),
        _kind("labels as words", with_arrays(labels=labels.astype(str)), "labels are <U"),
        _kind("labels as dates", with_arrays(labels=labels.astype("M8[s]")), "labels"),
        _kind("labels one-hot", with_arrays(labels=np.eye(7)[labels]), "(14, 7)"),
        _kind("a label too few", with_arrays(labels=labels[:-1]), "(13,)"),
        _kind("label 7", with_label(7), "image 5"),
        _kind("label -1", with_label(-1), "image 5"),
        _kind("label 2**63 - 1", with_label(2**63 - 1), "image 5"),
        _kind("label 2**64 - 1", with_label(2**64 - 1, np.uint64), "image 5"),
        _kind("usage 3", with_arrays(usage=np.full(N, 3)), "image 0"),
        _kind("a usage too many", with_arrays(usage=np.zeros(N + 1, int)), "(15,)"),
    ]


def _others() -> list[Kind]:
    return [
        _kind("an array alone", content(npy(arrays()["images"]))),
        _kind("a pickle", content(pickle.dumps(Trap()))),
        _kind("a csv file", content("emotion,pixels\n")),
        _kind("named .npy", renamed("faces.npy"), "'.npy'"),
        _kind("named .pkl", renamed("faces.pkl"), "'.pkl'"),
        _kind("named without suffix", renamed("faces"), "''"),
    ]


KINDS = [*_cuts(), *_archives(), *_headers(), *_values(), *_others()]
KINDS += [kind for kind in file_kinds("run", "npz", npz_file) if "terabyte" not in kind.name]
KINDS.append(Kind("npz: one class", "run", npz_file, with_arrays(labels=np.full(N, 3)), ("Happy",)))
