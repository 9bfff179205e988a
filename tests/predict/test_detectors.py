"""Detectors: faces found in real photos, and names that are none."""

import importlib.util

import numpy as np
import pytest
from made_models import hopper, two_faces
from PIL import Image

from fer_bench.predict.detectors import detector, mtcnn_networks
from fer_bench.predict.detectors.mtcnn import Mtcnn, patches, scales
from fer_bench.runtime.errors import FerBenchError


@pytest.fixture(scope="module")
def mtcnn():
    return Mtcnn()


def overlap(one, other):
    """Return the intersection over union of two boxes (left, top, width, height)."""
    ends = [min(one[at] + one[at + 2], other[at] + other[at + 2]) for at in (0, 1)]
    wide, high = (max(0.0, end - max(one[at], other[at])) for at, end in enumerate(ends))
    return wide * high / (one[2] * one[3] + other[2] * other[3] - wide * high)


def places(faces):
    boxes = sorted((face.box for face in faces), key=lambda box: box.left)
    return [(box.left, box.top, box.width, box.height) for box in boxes]


@pytest.mark.network
def test_the_face_of_a_photo_is_found(mtcnn):
    (face,) = mtcnn.detect(np.asarray(hopper()))
    assert overlap(*places([face]), (178, 110, 173, 220)) > 0.85
    assert face.confidence > 0.95
    # By eye, in the picture.
    assert np.array(face.eyes) == pytest.approx(np.array([[221, 190], [308, 187]]), abs=8)


@pytest.mark.network
def test_two_faces_and_none(mtcnn):
    left, right = places(mtcnn.detect(np.asarray(two_faces())))
    assert overlap(left, (178, 110, 173, 220)) > 0.8
    assert overlap(right, (673, 110, 173, 220)) > 0.8
    assert mtcnn.detect(np.zeros((300, 400, 3), np.uint8)) == []
    noise = np.asarray(Image.effect_noise((400, 300), 60).convert("RGB"))
    assert mtcnn.detect(noise) == []


@pytest.mark.network
@pytest.mark.parametrize("shape", [(1, 1), (11, 500), (12, 12), (30, 3000)])
def test_photos_of_any_shape(mtcnn, shape):
    assert mtcnn.detect(np.full((*shape, 3), 120, np.uint8)) == []


@pytest.mark.network
def test_the_networks_are_those_of_the_package(mtcnn):
    """Compare all three networks with the package's own, on TensorFlow."""
    tensorflow = pytest.importorskip("tensorflow")
    from mtcnn.stages import StageONet, StagePNet, StageRNet

    def package(stage, images):
        return [one.numpy() for one in stage()._model(tensorflow.constant(images))]

    rng = np.random.default_rng(0)
    ours = mtcnn._networks
    image = rng.uniform(-1, 1, (1, 47, 62, 3)).astype(np.float32)
    score, box = ours.propose(image[0])
    their_box, their_score = package(StagePNet, image)
    assert score == pytest.approx(their_score[0, ..., 1], abs=1e-5)
    assert box == pytest.approx(their_box[0], abs=1e-5)
    small = rng.uniform(-1, 1, (5, 24, 24, 3)).astype(np.float32)
    their_box, their_score = package(StageRNet, small)
    score, box = ours.refine(small)
    assert score == pytest.approx(their_score[:, 1], abs=1e-5)
    assert box == pytest.approx(their_box, abs=1e-5)
    large = rng.uniform(-1, 1, (5, 48, 48, 3)).astype(np.float32)
    their_box, their_points, their_score = package(StageONet, large)
    score, box, points = ours.finish(large)
    assert score == pytest.approx(their_score[:, 1], abs=1e-5)
    assert box == pytest.approx(their_box, abs=1e-5)
    assert points == pytest.approx(their_points, abs=1e-5)


@pytest.mark.network
def test_patches_are_sampled_as_by_tensorflow():
    tensorflow = pytest.importorskip("tensorflow")
    pixels = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    boxes = np.array([[1, 1, 59, 39], [5.5, 3.25, 30, 27.75], [-9, -4, 20, 25], [50, 30, 70, 50]])
    normal = (pixels[None].astype(np.float32) - 127.5) / 128
    relative = boxes[:, [1, 0, 3, 2]] / [40, 60, 40, 60]
    expected = tensorflow.image.crop_and_resize(normal, relative, [0] * 4, (24, 24)).numpy()
    found = patches(pixels, boxes.astype(np.float32), 24)
    assert found == pytest.approx(expected, abs=1e-4)


def test_the_pyramid_ends_at_a_cell():
    found = scales(480, 640)
    assert found[0] == pytest.approx(0.6)
    assert found[1:] / found[:-1] == pytest.approx(np.full(len(found) - 1, 0.709), rel=1e-5)
    assert found[-1] * 480 >= 12
    assert len(scales(5, 900)) == 0


def test_other_weights_are_not_loaded(tmp_path, monkeypatch):
    (tmp_path / "pnet.lz4").write_bytes(b"other weights")
    monkeypatch.setattr(mtcnn_networks, "_weights_directory", lambda: tmp_path)
    if importlib.util.find_spec("lz4") is None:
        pytest.skip("lz4 is not installed")
    with pytest.raises(FerBenchError) as caught:
        detector("mtcnn")
    assert caught.value.path == tmp_path / "pnet.lz4"


def test_none_takes_the_complete_image():
    (face,) = detector("none").detect(np.zeros((30, 40, 3), np.uint8))
    assert places([face]) == [(0, 0, 40, 30)]
    assert (face.is_crop, face.confidence) == (True, None)


@pytest.mark.parametrize("name", ["", "yolo", "yunet", "yunet:", "deepface:", "deepface:yolov8n"])
def test_an_unknown_detector_is_an_error(name):
    with pytest.raises(FerBenchError) as caught:
        detector(name)
    assert caught.value.accepted


def test_missing_weights_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    with pytest.raises(FerBenchError) as caught:
        detector("deepface:yunet")
    name = "face_detection_yunet_2023mar.onnx"
    assert caught.value.path == tmp_path / ".deepface" / "weights" / name
    with pytest.raises(FerBenchError) as caught:
        detector(f"yunet:{tmp_path / name}")
    assert caught.value.path == tmp_path / name


@pytest.mark.network
def test_a_file_that_is_not_yunet_is_an_error(tmp_path):
    pytest.importorskip("cv2")
    (tmp_path / "other.onnx").write_bytes(b"\x08\x08")
    with pytest.raises(FerBenchError) as caught:
        detector(f"yunet:{tmp_path / 'other.onnx'}")
    assert caught.value.path == tmp_path / "other.onnx"
