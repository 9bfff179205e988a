"""Photos: found in order, read upright."""

import io

import numpy as np
import pytest
from PIL import Image

from fer_bench.predict.inputs import find_inputs
from fer_bench.predict.photos import LONGEST_SIDE, photos_of, read_photo
from fer_bench.runtime.errors import FerBenchError

UPRIGHT = np.zeros((40, 60, 3), np.uint8)
UPRIGHT[:20, :30] = (200, 0, 0)
UPRIGHT[:20, 30:] = (0, 200, 0)
UPRIGHT[20:, :30] = (0, 0, 200)
# How a camera stores an upright photo so that a viewer with this orientation shows it upright.
STORED = {
    1: lambda image: image,
    2: lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
    4: lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
    7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
    8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
}


@pytest.mark.parametrize("orientation", STORED)
def test_a_photo_is_upright(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x112] = orientation
    STORED[orientation](Image.fromarray(UPRIGHT)).save(tmp_path / "photo.png", exif=exif)
    photo = read_photo(tmp_path / "photo.png")
    assert photo.size == (60, 40)
    assert np.array_equal(np.asarray(photo.image), UPRIGHT)


def test_a_large_jpeg_is_decoded_smaller_and_says_its_size(tmp_path):
    exif = Image.Exif()
    exif[0x112] = 6
    Image.new("RGB", (4000, 3000)).save(tmp_path / "photo.jpg", exif=exif)
    photo = read_photo(tmp_path / "photo.jpg")
    assert photo.size == (3000, 4000)
    assert photo.image.size == (1500, 2000)
    assert min(photo.image.size) >= LONGEST_SIDE


def test_a_square_photo_that_is_rotated_keeps_its_size(tmp_path):
    exif = Image.Exif()
    exif[0x112] = 6
    Image.new("RGB", (50, 50)).save(tmp_path / "photo.png", exif=exif)
    assert read_photo(tmp_path / "photo.png").size == (50, 50)


def test_transparent_areas_are_black(tmp_path):
    Image.new("RGBA", (8, 8), (255, 255, 255, 0)).save(tmp_path / "clear.png")
    assert not np.asarray(read_photo(tmp_path / "clear.png").image).any()


def test_the_first_image_of_a_phone_is_taken(tmp_path):
    main, depth = Image.new("RGB", (64, 48), "red"), Image.new("RGB", (32, 24), "blue")
    main.save(tmp_path / "phone.jpg", format="MPO", save_all=True, append_images=[depth])
    photo = read_photo(tmp_path / "phone.jpg")
    assert (photo.size, photo.image.getpixel((0, 0))[0] > 200) == ((64, 48), True)


def encoded(image, **how):
    content = io.BytesIO()
    image.save(content, **how)
    return content.getvalue()


GREY = Image.new("L", (32, 32), 99)
UNREADABLE = {
    "empty.jpg": b"",
    "text.png": b"no image",
    "cut.jpg": encoded(Image.effect_noise((64, 64), 50), format="JPEG")[:900],
    "cut.png": encoded(Image.effect_noise((64, 64), 50), format="PNG")[:-20],
    "moving.png": encoded(
        GREY, format="PNG", save_all=True, append_images=[Image.new("L", (32, 32))]
    ),
    "moving.gif": encoded(
        GREY, format="GIF", save_all=True, append_images=[Image.new("L", (32, 32))]
    ),
    "deep.png": encoded(Image.new("I;16", (8, 8), 999), format="PNG"),
    "bomb.png": encoded(Image.new("1", (20000, 20000)), format="PNG"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_says_why(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(UNREADABLE[name])
    with pytest.raises(FerBenchError) as caught:
        read_photo(path)
    assert caught.value.path == path


def test_photos_are_found_in_order_without_hidden_ones_and_loops(tmp_path):
    for place in ("b/2.JPG", "b/1.png", "a.heic", ".hidden/x.jpg", "b/.y.jpg", "notes.txt"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).touch()
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    found = photos_of(tmp_path)
    names = [source.file[len(str(tmp_path)) + 1 :] for source in found]
    assert names == ["a.heic", "b/1.png", "b/2.JPG"]
    assert {source.root for source in found} == {tmp_path}


def test_an_empty_directory_is_an_error(tmp_path):
    with pytest.raises(FerBenchError) as caught:
        photos_of(tmp_path)
    assert caught.value.path == tmp_path


def test_a_video_makes_the_number_unknown(tmp_path):
    (tmp_path / "a.jpg").touch()
    inputs = find_inputs([tmp_path, "clip.MP4", "b.jpg"], 1.0)
    assert ([source.file[-5:] for source in inputs.photos], inputs.total) == (
        ["a.jpg", "b.jpg"],
        0,
    )
    assert find_inputs([tmp_path, "b.jpg"], 1.0).total == 2
