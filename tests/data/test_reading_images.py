from __future__ import annotations

import struct
import warnings
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_folders import write_image
from PIL import Image, ImageOps

from fer_bench.data.formats.image_folders import image_files
from fer_bench.data.formats.image_folders.image_files import read_images, square_side
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path


def write_png(path: Path, header: bytes, data: bytes) -> Path:
    chunks = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    return path


def error_of(path: Path, *before: Path) -> FerBenchError:
    with pytest.raises(FerBenchError) as raised:
        read_images([*before, path])
    assert raised.value.path == path
    return raised.value


def test_one_size_is_kept_up_to_the_largest_input(tmp_path: Path) -> None:
    paths = [write_image(tmp_path / f"{n}.png", n, (224, 10)) for n in range(3)]
    found = read_images(paths)
    assert (found.pixels.shape, found.squared) == ((3, 10, 224), False)
    assert found.pixels[:, 0, 0].tolist() == [0, 1, 2]


def test_beyond_it_all_become_squares(tmp_path: Path) -> None:
    paths = [write_image(tmp_path / f"{n}.png", n, (225, 10)) for n in range(3)]
    found = read_images(paths)
    assert (found.pixels.shape, found.squared) == ((3, 224, 224), True)
    assert found.pixels[:, 0, 0].tolist() == [0, 1, 2]


def test_several_sizes(tmp_path: Path) -> None:
    sizes = [(30, 40), (50, 20), (60, 60), (10, 10)]
    paths = [write_image(tmp_path / f"{n}.png", n, size) for n, size in enumerate(sizes)]
    found = read_images(paths)
    # Longer sides are 10, 40, 50, 60: the lower one of the two in the middle.
    assert found.pixels.shape == (4, 40, 40)
    assert found.sizes == tuple(sizes)
    assert (found.pixels == np.arange(4)[:, None, None]).all()


@given(st.lists(st.tuples(st.integers(1, 3000), st.integers(1, 3000)), min_size=1))
def test_the_side_is_the_median_of_the_longer_sides(sizes: list[tuple[int, int]]) -> None:
    side = square_side(sizes)
    longer = [max(size) for size in sizes]
    assert side <= 224
    assert side == 224 or side in longer
    if side < 224:
        assert 2 * sum(one <= side for one in longer) >= len(longer)
        assert 2 * sum(one < side for one in longer) < len(longer)
    else:
        assert 2 * sum(one < 224 for one in longer) < len(longer)


def test_the_larger_is_reduced_with_antialiasing(tmp_path: Path) -> None:
    """Lines of one pixel become grey; without antialiasing, each pixel would be black or white."""
    lines = np.zeros((448, 448), np.uint8)
    lines[:, ::2] = 255
    Image.fromarray(lines).save(tmp_path / "a.png")
    found = read_images([tmp_path / "a.png"]).pixels[0]
    assert found.shape == (224, 224)
    # Over the four pixels around, a triangle weighs 1, 3, 3, 1 eighths: half of them are white.
    assert set(np.unique(found[:, 2:-2]).tolist()) <= {127, 128}


def test_nothing_is_cropped(tmp_path: Path) -> None:
    image = np.zeros((600, 300), np.uint8)
    image[:300] = 200
    image[:, :2] = 255
    Image.fromarray(image).save(tmp_path / "a.png")
    found = read_images([tmp_path / "a.png"]).pixels[0]
    assert found.shape == (224, 224)
    assert found[10, 10] == 200
    assert found[-10, -10] == 0
    assert found[10, 0] > 220


@pytest.mark.parametrize(
    ("mode", "value", "grey", "colour"),
    [
        # 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2
        ("RGB", (200, 100, 50), 124, True),
        ("RGBA", (200, 100, 50, 255), 124, True),
        ("L", 77, 77, False),
        ("LA", (77, 255), 77, False),
        ("1", 1, 255, False),
    ],
)
def test_colour_becomes_luma_and_is_counted(
    tmp_path: Path, mode: str, value: object, grey: int, colour: bool
) -> None:
    Image.new(mode, (5, 5), value).save(tmp_path / "a.png")
    found = read_images([tmp_path / "a.png"] * 2)
    assert (found.pixels == grey).all()
    assert found.colour == 2 * colour


@pytest.mark.parametrize(
    ("mode", "value", "options", "grey"),
    [
        ("RGBA", (200, 100, 50, 51), {}, 25),  # 124.2 * 51 / 255 = 24.8
        ("RGBA", (255, 255, 255, 0), {}, 0),
        ("LA", (100, 153), {}, 60),
        ("P", 1, {"transparency": bytes([255, 51])}, 20),  # colour 1 of the palette has grey 100
        ("L", 77, {"transparency": 77}, 0),
        ("RGB", (9, 8, 7), {"transparency": (9, 8, 7)}, 0),
    ],
)
def test_what_is_transparent_lies_on_black(
    tmp_path: Path, mode: str, value: object, options: dict, grey: int
) -> None:
    image = Image.new(mode, (5, 5), value)
    if mode == "P":
        image.putpalette([0, 0, 0, 100, 100, 100])
    image.save(tmp_path / "a.png", **options)
    opaque = write_image(tmp_path / "b.png", 9, (5, 5))
    found = read_images([tmp_path / "a.png", opaque])
    assert found.transparent == 1
    assert set(np.unique(found.pixels[0]).tolist()) == {grey}


def test_more_than_8_bits_under_a_mode_of_8(tmp_path: Path) -> None:
    """PNG's colour types 2, 4 and 6 with 16 bits, which Pillow opens as 8 without a word."""
    for kind, channels in ((2, 3), (4, 2), (6, 4)):
        header = struct.pack(">IIBBBBB", 1, 1, 16, kind, 0, 0, 0)
        data = zlib.compress(bytes(1 + 2 * channels))
        path = write_png(tmp_path / f"{kind}.png", header, data)
        error = error_of(path)
        assert "16 bits" in error.problem
        assert error.accepted.startswith("8 bits")


@pytest.mark.parametrize("largest", [256, 65535])
@pytest.mark.parametrize(
    ("kind", "words"), [("P6", bytes(24)), ("P3", b"1 " * 12)], ids=["P6", "P3"]
)
def test_more_than_8_bits_of_colour_in_a_netpbm(
    tmp_path: Path, kind: str, words: bytes, largest: int
) -> None:
    path = tmp_path / "a.pgm"
    path.write_bytes(f"{kind}\n2 2\n{largest}\n".encode() + words)
    error = error_of(path)
    assert "16 bits" in error.problem
    assert error.accepted.startswith("8 bits")


@pytest.mark.parametrize("kind", ["P5", "P6"])
@pytest.mark.parametrize("largest", [100, 255])
def test_a_netpbm_of_up_to_8_bits_is_read(tmp_path: Path, kind: str, largest: int) -> None:
    path = tmp_path / "a.pgm"
    values = [0, 0, 0, 0, 0, 0, *[largest] * 6] if kind == "P6" else [0, 0, largest, largest]
    path.write_bytes(f"{kind}\n2 2\n{largest}\n".encode() + bytes(values))
    assert read_images([path]).pixels.tolist() == [[[0, 0], [255, 255]]]


@pytest.mark.parametrize("suffix", ["pbm", "pgm"])
def test_a_bitmap_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"P1\n2 2\n1 0 0 1\n")
    assert read_images([path]).pixels.tolist() == [[[0, 255], [255, 0]]]


@pytest.mark.parametrize(("order", "mode"), [(">u2", "I;16B"), ("<u2", "I;16")])
def test_grey_of_16_bits_in_either_order(tmp_path: Path, order: str, mode: str) -> None:
    path = tmp_path / "a.tif"
    pixels = np.full((2, 3), 40_000, order)
    mark, tag = (b"MM\0*", ">HHLHH") if order[0] == ">" else (b"II*\0", "<HHLHH")
    word = tag[0] + "L"
    facts = {256: 3, 257: 2, 258: 16, 259: 1, 262: 1, 273: 200, 277: 1, 278: 2, 279: 12}
    entries = b"".join(struct.pack(tag, name, 3, 1, value, 0) for name, value in facts.items())
    start = mark + struct.pack(word, 8) + struct.pack(tag[:2], len(facts)) + entries + bytes(4)
    path.write_bytes(start.ljust(200, b"\0") + pixels.tobytes())
    error = error_of(path)
    assert f"mode '{mode}'" in error.problem
    assert error.accepted.startswith("8 bits")


def test_bilinear_does_not_overshoot(tmp_path: Path) -> None:
    """Next to an edge between 100 and 150, a cubic curve would go beyond both."""
    edge = np.full((20, 20), 100, np.uint8)
    edge[:, 10:] = 150
    for name, image in (("a", edge), ("b", np.zeros((40, 40))), ("c", np.zeros((40, 40)))):
        Image.fromarray(image.astype(np.uint8)).save(tmp_path / f"{name}.png")
    found = read_images([tmp_path / f"{name}.png" for name in "abc"]).pixels[0]
    assert found.shape == (40, 40)
    # Twice as large: between two pixels, their mean in quarters.
    assert found[5, 17:23].tolist() == [100, 100, 100 + 13, 150 - 12, 150, 150]


def test_as_many_pixels_as_there_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_image(tmp_path / "a.png", 1, (6, 4))
    monkeypatch.setattr(image_files, "_LARGEST", 24)
    assert read_images([path]).sizes == ((6, 4),)
    monkeypatch.setattr(image_files, "_LARGEST", 23)
    error = error_of(path)
    assert "6x4 pixels" in error.problem
    assert error.accepted == "at most 23"


def test_want_of_memory_is_no_fault_of_the_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_image(tmp_path / "a.png", 1)

    def no_memory(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(ImageOps, "exif_transpose", no_memory)
    with pytest.raises(MemoryError):
        read_images([path])


def test_turned_images_have_the_size_that_they_are_turned_to(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("L", (48, 24), 90).save(tmp_path / "a.jpg", exif=exif)
    found = read_images([tmp_path / "a.jpg"])
    assert (found.pixels.shape, found.sizes) == ((1, 48, 24), ((24, 48),))


def test_pillows_warnings_are_not_shown(tmp_path: Path) -> None:
    """Errors without a name; that of an EXIF entry is raised by its first broken one."""
    Image.new("L", (8, 8), 90).save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\x09\0abc")
    with pytest.warns(UserWarning, match="Corrupt EXIF"), Image.open(tmp_path / "a.jpg") as image:
        image.getexif()
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        assert read_images([tmp_path / "a.jpg"]).pixels[0, 0, 0] == 90
    assert shown == []


def test_some_turned_and_some_not(tmp_path: Path) -> None:
    """As stored all are 16x8; one is to be turned, so that no size is common."""
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, options in (("a.jpg", {}), ("b.jpg", {"exif": exif})):
        Image.new("L", (16, 8), 90).save(tmp_path / name, **options)
    found = read_images([tmp_path / "a.jpg", tmp_path / "b.jpg"])
    assert (found.pixels.shape, found.squared) == ((2, 16, 16), True)
    assert (found.pixels == 90).all()


def test_more_pixels_than_there_may_be(tmp_path: Path) -> None:
    """A file of a few bytes that claims the size beyond which Pillow warns."""
    header = struct.pack(">IIBBBBB", 10_000, 10_000, 8, 0, 0, 0, 0)
    path = write_png(tmp_path / "a.png", header, b"")
    small = write_image(tmp_path / "b.png", 1)
    error = error_of(path, small)
    assert "10000x10000 pixels" in error.problem
    assert error.accepted == "at most 67,108,864"


def test_no_file_is_decoded_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [write_image(tmp_path / f"{n}.png", n % 256, (20 + n % 5, 20)) for n in range(300)]
    decoded = []
    read = image_files._read_image
    monkeypatch.setattr(
        image_files, "_read_image", lambda path, size: decoded.append(path) or read(path, size)
    )
    found = read_images(paths)
    assert sorted(decoded) == sorted(paths)
    assert found.pixels[:, 0, 0].tolist() == [n % 256 for n in range(300)]
