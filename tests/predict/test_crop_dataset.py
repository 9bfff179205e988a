"""Training sets of faces cut out of photos."""

import csv

import numpy as np
import pytest
from made_models import hopper, two_faces
from PIL import Image

from fer_bench.data import load_dataset
from fer_bench.predict.crop_dataset import MANIFEST, crop_directory
from fer_bench.predict.detectors import detector
from fer_bench.runtime.errors import FerBenchError


@pytest.fixture
def photos(tmp_path):
    """Return photos in directories of classes, some of them without a face."""
    directory = tmp_path / "photos"
    for name in ("happy", "sad"):
        (directory / name).mkdir(parents=True)
    hopper().save(directory / "happy" / "a.jpg")
    hopper().transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(directory / "happy" / "a.png")
    two_faces().save(directory / "sad" / "two.png")
    Image.new("RGB", (200, 200)).save(directory / "sad" / "none.png")
    (directory / "sad" / "broken.jpg").write_bytes(b"")
    return directory


@pytest.mark.network
def test_crops_are_a_data_set_that_predicts_alike(photos, tmp_path, predictor, of_crops):
    output = tmp_path / "new" / "faces"
    found = crop_directory(photos, output, detector("mtcnn"), 48)
    counts = (found.photos, found.cropped, found.small, found.without_face, found.unreadable)
    assert counts == (5, 3, 0, 1, 1)
    data = load_dataset(str(output))
    assert sorted(data.places) == ["happy/a.png", "happy/a.png.png", "sad/two.png"]
    assert data.images[:].shape == (3, 48, 48)
    names = [data.classes[label] for label in data.labels]
    assert sorted(names) == ["Happy", "Happy", "Sad"]
    with (output / MANIFEST).open(newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    assert rows["sad/none.png"]["status"] == "no face"
    assert rows["sad/broken.jpg"]["status"] == "unreadable"
    assert (rows["sad/two.png"]["faces"], rows["sad/two.png"]["crop"]) == ("2", "sad/two.png")
    # What is trained on is what is predicted on.
    (photo,) = predictor.predict(photos / "happy" / "a.jpg")
    (crop,) = of_crops.predict(output / rows["happy/a.jpg"]["crop"])
    assert crop.probabilities == pytest.approx(photo.probabilities)


def test_nothing_is_left_if_there_is_no_face(tmp_path):
    (tmp_path / "photos" / "happy").mkdir(parents=True)
    (tmp_path / "photos" / "happy" / "broken.png").write_bytes(b"")
    with pytest.raises(FerBenchError) as caught:
        crop_directory(tmp_path / "photos", tmp_path / "faces", detector("none"), 48)
    assert caught.value.path == tmp_path / "photos"
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_an_existing_directory_is_not_touched(tmp_path):
    with pytest.raises(FerBenchError) as caught:
        crop_directory(tmp_path, tmp_path, detector("none"), 48)
    assert caught.value.path == tmp_path


def test_ready_crops_keep_their_parts(tmp_path):
    for place in ("train/happy/1.png", "test/sad/2.png"):
        (tmp_path / "in" / place).parent.mkdir(parents=True)
        Image.new("L", (96, 96), 77).save(tmp_path / "in" / place)
    crop_directory(tmp_path / "in", tmp_path / "out", detector("none"), 48)
    with Image.open(tmp_path / "out" / "train" / "happy" / "1.png") as image:
        assert np.array_equal(np.asarray(image), np.full((48, 48), 77))
    assert (tmp_path / "out" / "test" / "sad" / "2.png").exists()
