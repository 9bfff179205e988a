"""Predictor: a row for each face and for each photo without one."""

import subprocess
import sys

import numpy as np
import pytest
from made_models import hopper, two_faces
from PIL import Image

import fer_bench
from fer_bench.predict.predictions import columns
from fer_bench.runtime.errors import FerBenchError

pytestmark = pytest.mark.network


@pytest.fixture
def photos(tmp_path):
    """Return a directory with two faces, none, a small and a rotated one, and a broken file."""
    directory = tmp_path / "photos"
    directory.mkdir()
    two_faces().save(directory / "a.png")
    Image.new("RGB", (300, 200), "navy").save(directory / "b.jpg")
    (directory / "c.jpg").write_bytes(b"\xff\xd8 broken")
    hopper().resize((90, 105)).save(directory / "d.png")
    exif = Image.Exif()
    exif[0x112] = 6
    hopper().transpose(Image.Transpose.ROTATE_90).save(directory / "e.png", exif=exif)
    return directory


def test_a_directory_of_all_kinds(predictor, photos):
    stages = []
    found = predictor.predict(photos, progress=lambda *step: stages.append(step))
    assert [(row.file[-5:], row.face, row.status) for row in found] == [
        ("a.png", 1, "face"),
        ("a.png", 2, "face"),
        ("b.jpg", None, "no face"),
        ("c.jpg", None, "unreadable"),
        ("d.png", 1, "small face"),
        ("e.png", 1, "face"),
    ]
    assert (found.photos, found.count("face", "small face"), found.classes) == (
        5,
        4,
        ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"),
    )
    assert stages[-1] == ("photos", 5, 5)
    broken = found[3]
    assert broken.reason
    assert str(photos) not in broken.reason
    # The photo stored rotated has the boxes of the upright one.
    upright = predictor.predict_sources(list(_sources(hopper())))
    assert found[5].box == upright[0].box
    for row in found:
        if row.box is not None:
            top = sorted(row.probabilities)
            assert sum(row.probabilities) == pytest.approx(1)
            assert row.margin == pytest.approx(top[-1] - top[-2])
            assert row.emotion == found.classes[int(np.argmax(row.probabilities))]


def _sources(image):
    from fer_bench.predict.photos import Photo, Source

    yield Source("given", lambda: Photo(image, image.size))


def test_a_large_photo_has_boxes_in_its_own_pixels(predictor, tmp_path):
    large = Image.new("RGB", (4000, 3000), "#556677")
    large.paste(hopper().resize((1024, 1200)), (700, 900))
    large.save(tmp_path / "large.jpg")
    (row,) = predictor.predict(tmp_path / "large.jpg")
    found = np.array([row.box.left, row.box.top, row.box.width, row.box.height])
    small = predictor.predict_sources(_sources(hopper()))[0].box
    expected = 2 * np.array([small.left, small.top, small.width, small.height])
    assert found - [700, 900, 0, 0] == pytest.approx(expected, abs=45)


def test_ready_crops_are_classified_as_they_are(of_crops, tmp_path):
    paths = []
    for level in (0, 60, 200):
        paths.append(tmp_path / f"{level}.png")
        Image.new("L", (48, 48), level).save(paths[-1])
    found = of_crops.predict(paths)
    assert [(row.file, row.status, row.confidence) for row in found] == [
        (str(path), "face", None) for path in paths
    ]
    assert found[0].probabilities == pytest.approx([1 / 7] * 7)
    logits = np.arange(1, 8) * 0.6
    expected = np.exp(logits) / np.exp(logits).sum()
    assert found[1].probabilities == pytest.approx(expected, rel=1e-4)
    assert found[2].emotion == "Neutral"


def test_many_faces_are_classified_in_several_batches(of_crops, tmp_path):
    for number in range(150):
        Image.new("L", (48, 48), number).save(tmp_path / f"{number:03}.png")
    found = of_crops.predict(tmp_path)
    assert [row.face for row in found] == [1] * 150
    best = [row.probabilities[-1] for row in found]
    assert best == sorted(best)
    assert best[0] < best[-1]


def test_the_frame_is_typed(of_crops, tmp_path):
    Image.new("L", (48, 48), 9).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"")
    frame = of_crops.predict([tmp_path, "missing.jpg"]).to_frame()
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == columns(
        of_crops.model.metadata.classes
    )
    assert frame["status"].tolist() == ["face", "unreadable", "unreadable"]
    assert frame["face"].isna().tolist() == [False, True, True]


def test_a_model_of_nothing_is_an_error(tmp_path):
    with pytest.raises(FerBenchError) as caught:
        fer_bench.Predictor(tmp_path / "model.onnx")
    assert caught.value.path == tmp_path / "model.onnx"


def test_neither_tensorflow_nor_pandas_is_loaded(model, photo):
    code = (
        "import sys, fer_bench; fer_bench.Predictor(sys.argv[1]).predict(sys.argv[2]);"
        "print({'tensorflow', 'keras', 'jax', 'torch', 'deepface', 'pandas', 'cv2', 'sklearn',"
        " 'matplotlib'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code, str(model), str(photo)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
