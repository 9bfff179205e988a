from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_folders import write_image
from PIL import Image

from fer_bench.datasets.folders import reading
from fer_bench.datasets.folders.reading import read_images, square_side
from fer_bench.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path


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
        ("RGBA", (200, 100, 50, 7), 124, True),
        ("L", 77, 77, False),
        ("LA", (77, 3), 77, False),
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

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 10_000, 10_000, 8, 0, 0, 0, 0)
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b""))
    small = write_image(tmp_path / "b.png", 1)
    with pytest.raises(FerBenchError) as raised:
        read_images([small, path])
    wanted = f"{str(path)!r}: the image has 10000x10000 pixels; accepted: at most 67,108,864"
    assert str(raised.value).startswith(wanted)


def test_no_file_is_decoded_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [write_image(tmp_path / f"{n}.png", n % 256, (20 + n % 5, 20)) for n in range(300)]
    decoded = []
    read = reading._read_image
    monkeypatch.setattr(
        reading, "_read_image", lambda path, size: decoded.append(path) or read(path, size)
    )
    found = read_images(paths)
    assert sorted(decoded) == sorted(paths)
    assert found.pixels[:, 0, 0].tolist() == [n % 256 for n in range(300)]
