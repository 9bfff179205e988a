"""Image folders with a damaged file, directory or name."""

from __future__ import annotations

import functools
import io
import os
import shutil
import struct
import zlib
from typing import TYPE_CHECKING

from corpus_kind import (
    TERABYTE,
    Damage,
    Kind,
    a_directory,
    a_link,
    a_link_to_itself,
    a_pipe,
    a_socket,
    as_large_as,
    both,
    closed,
    content,
    done,
    in_root,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PIL.Image import Image

PLACE = "train/happy/b"
PNG_START = b"\x89PNG\r\n\x1a\n"


def picture(seed: int = 0, mode: str = "L") -> Image:
    """Return an image of noise, 24x24 pixels."""
    import numpy as np
    from PIL import Image

    shape = (24, 24) if mode == "L" else (24, 24, 4)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    return (
        Image.fromarray(pixels, mode=None)
        if mode == "L"
        else Image.frombytes(mode, (24, 24), pixels[..., : len(mode)].tobytes())
    )


def bytes_of(image: Image, form: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    """Return a PNG chunk with its length and checksum."""
    whole = name + data
    return struct.pack(">L", len(data)) + whole + struct.pack(">L", zlib.crc32(whole))


def png_of(width: int, height: int, bits: int = 1, *others: bytes) -> bytes:
    """Return a PNG that declares any size but holds only some zero pixels."""
    header = struct.pack(">2L5B", width, height, bits, 0, 0, 0, 0)
    return b"".join(
        [
            PNG_START,
            chunk(b"IHDR", header),
            *others,
            chunk(b"IDAT", zlib.compress(bytes(1000))),
            chunk(b"IEND", b""),
        ]
    )


def _packed() -> bytes:
    return zlib.compress(bytes(1 << 28), 1)


@functools.cache
def directory_of(suffix: str) -> Callable[[Path], Path]:
    """Return a writer of five images, one of which, ``train/happy/b``, has that suffix."""

    def sound(directory: Path) -> Path:
        root = directory / "faces"
        places = (
            "train/angry/a.png",
            "train/happy/a.png",
            f"{PLACE}{suffix}",
            "train/sad/a.png",
            "test/sad/a.png",
        )
        for seed, name in enumerate(places):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            picture(seed).save(path)
        return root

    return sound


def _image(name: str, data: Callable[[bytes], bytes], suffix: str = ".png", *expected: str) -> Kind:
    """Return a kind that changes the bytes of the image with the suffix."""

    def damage(path: Path) -> None:
        path.write_bytes(data(path.read_bytes()))

    return Kind(
        f"image: {name}",
        "data",
        directory_of(suffix),
        in_root(f"{PLACE}{suffix}", damage),
        (f"{PLACE}{suffix}", *expected),
    )


def _first_image(name: str, data: bytes, *expected: str) -> Kind:
    """Return a kind that replaces the first image, with whose size the others are compared."""
    place = "train/angry/a.png"
    return Kind(
        f"image: {name}",
        "data",
        directory_of(".png"),
        in_root(place, content(data)),
        (place, *expected),
    )


def _entry(
    name: str, place: str, damage: Damage, *expected: str, unprivileged: bool = False
) -> Kind:
    return Kind(
        f"folder: {name}",
        "data",
        directory_of(".png"),
        in_root(place, damage),
        expected,
        unprivileged=unprivileged,
    )


def _png_kinds() -> list[Kind]:
    whole = bytes_of(picture(2))
    data = whole.index(b"IDAT")
    flipped = bytearray(whole)
    flipped[data + 100] ^= 1
    cuts = {
        "in its signature": 5,
        "behind its signature": 8,
        "in its first chunk": 20,
        "behind its first chunk": 33,
        "in the length of its data": data - 2,
        "before its data": data + 4,
        "in its data": data + 100,
        "before the checksum of its data": len(whole) - 16,
        "before its last chunk": len(whole) - 12,
        "in its last chunk": len(whole) - 3,
    }
    header = struct.pack(">2L5B", 24, 24, 8, 0, 0, 0, 0)
    return [
        *(_image(f"a PNG cut off {where}", lambda _, n=n: whole[:n]) for where, n in cuts.items()),
        _image("a PNG with a flipped bit in its data", lambda _: bytes(flipped)),
        _image(
            "a PNG with a wrong checksum in front",
            lambda data: data.replace(data[29:33], b"abcd", 1),
        ),
        _image(
            "a PNG without data", lambda _: PNG_START + chunk(b"IHDR", header) + chunk(b"IEND", b"")
        ),
        _image("a PNG of no width", lambda _: png_of(0, 24)),
        _image("a PNG of negative size", lambda _: png_of(0x80000001, 24)),
        _image("a PNG of 3 bits a pixel", lambda _: png_of(24, 24, 3)),
        _image(
            "a PNG with a text that unpacks to 256 MiB",
            lambda _: png_of(24, 24, 8, chunk(b"zTXt", b"Title\0\0" + _packed())),
        ),
        _image(
            "a PNG with a colour profile that unpacks to 256 MiB",
            lambda _: png_of(24, 24, 8, chunk(b"iCCP", b"icc\0\0" + _packed())),
        ),
        _image(
            "a PNG of 16 bits",
            lambda _: bytes_of(picture().convert("I").convert("I;16")),
            ".png",
            "I;16",
        ),
        _image(
            "an animated PNG",
            lambda _: bytes_of(picture(), save_all=True, append_images=[picture(1)]),
            ".png",
            "2 frames",
        ),
    ]


def _jpeg_kinds() -> list[Kind]:
    whole = bytes_of(picture(2), "JPEG")
    marks = {
        "in its first segment": 10,
        "before its tables": whole.index(b"\xff\xdb"),
        "before its frame": whole.index(b"\xff\xc0"),
        "in its frame": whole.index(b"\xff\xc0") + 6,
        "before its Huffman tables": whole.index(b"\xff\xc4"),
        "before its scan": whole.index(b"\xff\xda"),
        "in its scan": whole.index(b"\xff\xda") + 60,
        "before its last marker": len(whole) - 2,
    }
    size = whole.index(b"\xff\xc0") + 5
    cmyk = bytes_of(picture(2, "CMYK"), "JPEG")
    return [
        *(
            _image(f"a JPEG cut off {where}", lambda _, n=n: whole[:n], ".jpg")
            for where, n in marks.items()
        ),
        _image("a JPEG in four colours, cut off", lambda _: cmyk[:-200], ".jpg"),
        _image(
            "a JPEG of no height", lambda data: data[:size] + b"\0\0" + data[size + 2 :], ".jpg"
        ),
        _image(
            "a JPEG of 65500x65500 pixels, it says",
            lambda data: data[:size] + b"\xff\xdc" * 2 + data[size + 4 :],
            ".jpg",
        ),
        _image("a JPEG of 12 bits", lambda data: data[: size - 1] + b"\x0c" + data[size:], ".jpg"),
    ]


def _other_formats() -> list[Kind]:
    two = {"save_all": True, "append_images": [picture(1)]}
    webp = bytes_of(picture(2), "WEBP", lossless=True)
    tiff = bytes_of(picture(2), "TIFF")
    bmp = bytes_of(picture(2), "BMP")
    return [
        _image("0 bytes", lambda _: b""),
        _image("0 bytes as JPEG", lambda _: b"", ".jpg"),
        _image("zero bytes only", lambda data: bytes(len(data))),
        _image("no image", lambda _: b"no image at all"),
        _image("a web page", lambda _: b"<!DOCTYPE html><html>404</html>", ".jpg"),
        _image("a drawing", lambda _: b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        _image("PostScript", lambda _: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 24 24\n"),
        _image("an animated GIF", lambda _: bytes_of(picture(), "GIF", **two)),
        _image(
            "an animated WebP", lambda _: bytes_of(picture(), "WEBP", **two), ".webp", "2 frames"
        ),
        _image("a WebP cut off", lambda _: webp[:-60], ".webp"),
        _image("a WebP cut off in its header", lambda _: webp[:18], ".webp"),
        _image(
            "a TIFF of two pages", lambda _: bytes_of(picture(), "TIFF", **two), ".tif", "2 frames"
        ),
        _image("a TIFF cut off", lambda _: tiff[:-200], ".tif"),
        _image(
            "a TIFF of floating-point numbers",
            lambda _: bytes_of(picture().convert("F"), "TIFF"),
            ".tif",
            "'F'",
        ),
        _image(
            "a TIFF of 32 bits", lambda _: bytes_of(picture().convert("I"), "TIFF"), ".tif", "'I'"
        ),
        _image(
            "a TIFF whose directory points to itself",
            lambda _: (
                tiff[:4]
                + struct.pack("<L", len(tiff))
                + tiff[8:]
                + b"\1\0"
                + bytes(12)
                + struct.pack("<L", len(tiff))
            ),
            ".tif",
        ),
        _image("a BMP cut off", lambda _: bmp[:-100], ".bmp"),
        _image(
            "a BMP of 2 GB, it says",
            lambda _: bmp[:18] + struct.pack("<2L", 40_000, 50_000) + bmp[26:],
            ".bmp",
        ),
        _image("a PGM of letters", lambda _: b"P2 24 24 255\n" + b"x " * 576, ".pgm"),
        _image("a PGM cut off", lambda _: b"P5 24 24 255\n" + bytes(500), ".pgm"),
        _image("a PGM of 16 bits", lambda _: b"P5 24 24 65535\n" + bytes(1152), ".pgm"),
        _image("a PPM of 16 bits", lambda _: b"P6 24 24 65535\n" + bytes(3456), ".pgm"),
        _image(
            "a PGM of a size of 4000 digits", lambda _: b"P5 " + b"9" * 4000 + b" 24 255\n", ".pgm"
        ),
        _first_image(
            "the first of 13000x13000 pixels",
            png_of(13_000, 13_000),
            "13000x13000 pixels",
        ),
        _first_image("the first of 60000x60000 pixels", png_of(60_000, 60_000)),
        _first_image("the first of 4 000 000 000 pixels in a row", png_of(0x7FFFFFFF, 2)),
    ]


def _moved(old: str, new: str) -> Damage:
    return lambda root: done((root / old).rename(root / new))


def _made(name: str | bytes, data: bytes = b"") -> Damage:
    """Add a file, and its directory if missing."""

    def damage(root: Path) -> None:
        path = root / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    return damage


def _link(name: str, target: str) -> Damage:
    return lambda root: done((root / name).symlink_to(target))


def _one_deeper(root: Path) -> None:
    (root / "data").mkdir()
    for part in ("train", "test"):
        (root / part).rename(root / "data" / part)


def _packed_up(root: Path) -> None:
    shutil.rmtree(root)
    _made("faces.zip")(root)


def _emptied(path: Path) -> None:
    for file in path.iterdir():
        file.unlink()


def _link_outside(path: Path) -> None:
    outside = path.parents[3] / "outside.png"
    path.rename(outside)
    path.symlink_to(outside)


def _entries() -> list[Kind]:
    image = f"{PLACE}.png"
    good = bytes_of(picture())
    return [
        _entry("no train", "", _moved("train", ".train"), "'train'"),
        _entry("no test", "", _moved("test", ".test"), "'test'"),
        _entry(
            "test is a file",
            "",
            both(_moved("test", ".test"), _made("test")),
            "'test'",
        ),
        _entry("all of it in another one", "", _one_deeper, "faces/data' instead"),
        _entry("an archive alone", "", _packed_up, "unpack 'faces.zip'"),
        _entry("an unknown part", "", _moved("test", "holdout"), "holdout"),
        _entry("an unknown class", "train", _moved("sad", "tired"), "train/tired"),
        _entry("a class in two folders", "", _made("train/sadness/a.png", good), "train/sad"),
        _entry("a class in two cases", "", _made("train/HAPPY/a.png", good), "train/"),
        _entry("a part in two cases", "", _made("TRAIN/happy/a.png", good), "stands for the same"),
        _entry("an empty class", "train/happy", _emptied, "train/happy", "empty"),
        _entry("an image among the classes", "", _made("train/a.png", good), "train/a.png"),
        _entry("a text among the images", "", _made("train/happy/notes.txt"), "happy/notes.txt"),
        _entry("a GIF among the images", "", _made("train/happy/c.gif"), "happy/c.gif"),
        _entry("a directory among the images", "", _made("train/happy/more/c.png"), "happy/more"),
        _entry("a directory named like an image", image, a_directory, image),
        _entry("a class that is a file", "", _made("train/fear"), "train/fear"),
        _entry("a pipe among the images", image, a_pipe, image),
        _entry(
            "a pipe among the classes",
            "",
            lambda root: done(os.mkfifo(root / "train/fear")),
            "train/fear",
        ),
        _entry("a socket among the images", image, a_socket, image),
        _entry("a link to an endless device", image, a_link("/dev/zero"), image),
        _entry("a link that leads out", image, _link_outside, image),
        _entry("a link that climbs out", image, a_link("../../../../etc/passwd"), image),
        _entry("an image that links to itself", image, a_link_to_itself, image),
        _entry("a link to nothing", image, a_link("nothing.png"), image),
        _entry(
            "a class that links to itself",
            "",
            _link("train/fear", "fear"),
            "train/fear",
        ),
        _entry(
            "two classes that link to each other",
            "",
            both(_link("train/fear", "disgust"), _link("train/disgust", "fear")),
            "train/",
        ),
        _entry(
            "a directory that links to the one above",
            "",
            _link("train/happy/up", ".."),
            "train/happy/up",
        ),
        _entry("a terabyte of zero bytes", image, both(content(b""), as_large_as(TERABYTE)), image),
        _entry(
            "a name with a line end and escapes",
            "",
            _made("train/happy/bad\n\x1b[31m\u202e\u2066.png"),
            "bad\\n\\x1b[31m\\u202e\\u2066",
        ),
        _entry("a name that is not UTF-8", "", _made(b"train/happy/bad\xff.png"), "bad\\udcff"),
        _entry("a very long name", "", _made(f"train/happy/{'n' * 240}.png"), "n" * 240),
        _entry(
            "a class with an escape in its name", "", _made("train/\x1b[31m/a.png"), "\\x1b[31m"
        ),
        _entry("an image closed to this user", image, closed, image, unprivileged=True),
        _entry(
            "a class closed to this user", "train/happy", closed, "train/happy", unprivileged=True
        ),
    ]


KINDS = [*_png_kinds(), *_jpeg_kinds(), *_other_formats(), *_entries()]
