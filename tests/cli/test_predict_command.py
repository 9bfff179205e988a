"""``fer-bench predict`` and ``fer-bench data crop`` from photos to rows."""

import json
import os

import numpy as np
import pytest
from click.testing import CliRunner
from made_models import hopper, model_file, two_faces
from PIL import Image

from fer_bench.cli import main


def run(*arguments, text=None):
    return CliRunner().invoke(main, [*map(str, arguments)], input=text)


@pytest.fixture
def model(tmp_path):
    return model_file(tmp_path)


@pytest.fixture
def photos(tmp_path):
    """Return a directory of a face, a broken file and ready crops, in classes."""
    for name in ("happy", "neutral"):
        (tmp_path / "photos" / name).mkdir(parents=True)
    hopper().save(tmp_path / "photos" / "neutral" / "hopper.png")
    (tmp_path / "photos" / "happy" / "broken.jpg").write_bytes(b"")
    return tmp_path / "photos"


@pytest.mark.network
def test_rows_copies_and_both_accuracies(model, photos, tmp_path):
    output, copies = tmp_path / "out.jsonl", tmp_path / "copies"
    result = run("predict", model, photos, "-o", output, "--annotate", copies, "--evaluate")
    assert result.exit_code == 0, result.stderr
    broken, face = map(json.loads, output.read_text().splitlines())
    assert (broken["status"], face["status"], face["emotion"]) == ("unreadable", "face", "Neutral")
    assert [path.name for path in copies.rglob("*.png")] == ["hopper.png"]
    lines = result.stdout.splitlines()
    assert "detection rate: 50.0 % (95 % CI 9.5 to 90.5; 1 of 2 photos)" in lines
    assert sum(line.startswith("accuracy") for line in lines) == 2


@pytest.mark.network
def test_paths_from_standard_input(model, photos):
    text = os.fsencode(f"{photos / 'neutral'}\n\n{photos / 'missing'}") + b"-\xff.jpg\n"
    output = photos.parent / "out.csv"
    result = run("predict", model, "-", "--detector=none", "-o", output, text=text)
    assert result.exit_code == 0, result.stderr
    assert "missing-" in output.read_text(encoding="utf-8")
    assert "2 photos in" in result.stdout
    assert "1 unreadable" in result.stdout


@pytest.mark.network
def test_nothing_readable_is_status_1(model, photos):
    result = run("predict", model, photos / "happy")
    assert result.exit_code == 1
    assert "1 unreadable" in result.stdout


@pytest.mark.network
def test_a_missing_argument_is_a_row_and_status_1(model, photos):
    result = run("predict", model, photos, "missing.jpg", "--detector=none")
    assert result.exit_code == 1
    assert "3 photos in" in result.stdout
    assert "WARNING: missing.jpg does not exist" in result.stderr


@pytest.mark.network
def test_evaluation_without_labels_ends_before_any_work(model, photos):
    photo = photos / "hopper.png"
    hopper().save(photo)
    result = run("predict", model, photo, "--detector=none", "--evaluate")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: no photo is in a directory with the name of a class")


@pytest.mark.network
def test_the_model_is_named_and_the_table_fits(model, photos, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    place = photos / ("long" * 30) / "sub"
    place.mkdir(parents=True)
    hopper().save(place / "hopper.png")
    result = run("predict", model, place, "--detector=none")
    lines = result.stdout.splitlines()
    assert lines[0].startswith("model.onnx: mini pretrained, seed 42, trained on sketch, test ")
    assert "50.0 % (95 % CI 40.0 to 60.0), crops of 48 pixels" in lines[0]
    assert "not a model for real faces" in lines[1]
    assert sum("hopper.png" in line for line in lines) == 1
    (row,) = (line for line in lines if "hopper.png" in line)
    assert row.startswith("\N{HORIZONTAL ELLIPSIS}/sub/hopper.png")
    assert len(row) <= 80
    assert "1 photo in" in result.stdout
    assert "1 face (" in result.stdout


@pytest.mark.network
def test_faces_are_numbered_if_a_photo_has_several(model, tmp_path):
    two_faces().save(tmp_path / "two.png")
    hopper().save(tmp_path / "one.png")
    headings = run("predict", model, tmp_path / "one.png").stdout.splitlines()[3].split()
    assert headings == ["file", "emotion", "p", "margin", "box"]
    lines = run("predict", model, tmp_path / "two.png").stdout.splitlines()
    assert lines[3].split()[:2] == ["file", "face"]
    assert [line.split()[1] for line in lines[5:7]] == ["1", "2"]


@pytest.mark.network
def test_frames_of_a_video(model, tmp_path):
    cv2 = pytest.importorskip("cv2")
    path = tmp_path / "clip.avi"
    how = cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (64, 48)
    video = cv2.VideoWriter(str(path), *how)
    for level in range(25):
        video.write(np.full((48, 64, 3), 10 * level, np.uint8))
    video.release()
    output = tmp_path / "out.jsonl"
    result = run("predict", model, path, "--detector=none", "--every=1", "-o", output)
    assert result.exit_code == 0, result.stderr
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [row["second"] for row in rows] == [0.0, 1.0, 2.0]
    assert rows[0]["margin"] < rows[1]["margin"] < rows[2]["margin"]


@pytest.mark.network
def test_a_broken_video_is_a_row_and_a_missing_camera_one_line(model, photos):
    pytest.importorskip("cv2")
    clip = photos / "clip.mp4"
    clip.write_bytes(b"no video")
    output = photos.parent / "out.jsonl"
    photo = photos / "neutral" / "hopper.png"
    result = run("predict", model, clip, photo, "--detector=none", "-o", output)
    assert result.exit_code == 0, result.stderr
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [row["status"] for row in rows] == ["unreadable", "face"]
    assert rows[0]["reason"] == "not a readable video"
    result = run("predict", model, "--camera=99", "--detector=none")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("Error: camera 99 cannot be opened")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([], 2),
        (["photo.jpg", "--camera=0"], 2),
        (["clip.mp4", "--annotate=copies"], 2),
        (["photo.jpg", "--output=out.xlsx"], 1),
        (["--evaluate", "--camera=0"], 2),
        (["photo.jpg", "--every=0"], 2),
        (["photo.jpg", "--every=nan"], 2),
        (["photo.jpg", "--every=inf"], 2),
        (["photo.jpg", "--detector=unknown"], 1),
    ],
)
def test_mistakes_end_before_any_work(tmp_path, monkeypatch, arguments, status):
    monkeypatch.chdir(tmp_path)
    result = run("predict", "model.onnx", *arguments)
    assert result.exit_code == status
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("option", ["--output=file/out.csv", "--annotate=file/copies"])
def test_what_cannot_be_written_is_known_before_any_work(tmp_path, monkeypatch, option):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    result = run("predict", "model.onnx", "photo.jpg", option)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {option.partition('=')[0]} ")


def test_crops_of_a_directory(tmp_path):
    (tmp_path / "in" / "happy").mkdir(parents=True)
    Image.new("L", (96, 96), 77).save(tmp_path / "in" / "happy" / "1.png")
    output = tmp_path / "out"
    result = run("data", "crop", tmp_path / "in", "-o", output, "--detector=none", "--size=32")
    assert result.exit_code == 0, result.stderr
    assert (
        result.stdout
        == f"{output}: 1 faces (0 small) of 1 photos, 0 without a face, 0 unreadable\n"
    )
    with Image.open(output / "happy" / "1.png") as image:
        assert image.size == (32, 32)
    again = run("data", "crop", tmp_path / "in", "-o", output, "--detector=none")
    assert again.exit_code == 1
    assert again.stderr.startswith(f"Error: '{output}': exists already")
