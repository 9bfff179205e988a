"""Runs on image folders of other sets: classes that are empty, and one that FER2013 has not."""

from importlib.util import find_spec

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from fer_bench import cli
from fer_bench.results import load_run

# Looked for, not imported: TensorFlow cannot be loaded twice in one process.
needs_keras = pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed")

NUMBERS = (1, 2, 3, 5, 6, 7)
"""The original numbers of CK+, without 0 for neutral and 4 for fear."""


@pytest.fixture
def faces(tmp_path):
    """Twenty images of each class, in colour and of two sizes."""
    random = np.random.default_rng(0)
    for number in NUMBERS:
        directory = tmp_path / "faces" / str(number)
        directory.mkdir(parents=True)
        for image in range(20):
            pixels = random.integers(0, 60, (48, 48 + image % 2, 3), np.uint8) + 25 * number
            Image.fromarray(pixels.astype(np.uint8)).save(directory / f"{image:02d}.jpg")
    return tmp_path / "faces"


@needs_keras
@pytest.mark.network
def test_empty_and_further_classes_from_end_to_end(bench, pytester, faces, small):
    options = (f"--dataset={faces}", "--epochs=1", "--no-timing", "--init=random", small)
    result = bench(*options, "--class-map=ckplus", "--limit=100", "-vv")
    assert result.ret == 0
    run = load_run(pytester.path / "report" / "results.json")
    counts = dict(run.dataset.counts)
    assert [name for name, count in counts.items() if count == 0] == ["Fear", "Neutral"]
    assert list(counts)[-1] == "Contempt"
    (cell,) = run.cells
    recall = dict(zip(counts, cell.quality.recall, strict=True))
    assert [name for name, value in recall.items() if value is None] == ["Fear", "Neutral"]
    lines = [line.split() for line in result.stdout.lines]
    (ours,) = (words for words in lines if words[:1] == ["faces"])
    assert ours[-1] == "100"
    assert ours.count("0") == 2
    assert (pytester.path / "report" / "index.html").exists()


def test_a_table_must_be_asked_for(bench, pytester, faces):
    result = bench(f"--dataset={faces}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = (line for line in result.stderr.lines if line.startswith("ERROR: "))
    for fact in ("(1, 2, 3, 5, 6, 7)", "--class-map=NAME", "rafdb"):
        assert fact in line
    assert not (pytester.path / "report").exists()


@pytest.mark.parametrize("value", ["", "rafbd"])
def test_a_class_map_that_is_none(bench, faces, value):
    result = bench(f"--dataset={faces}", f"--class-map={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = (line for line in result.stderr.lines if line.startswith("ERROR: "))
    assert ("--class-map is empty" if not value else "rafbd' is neither") in line


def test_data_commands(faces, tmp_path, monkeypatch):
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "map.csv").write_text("name,class\n1,Angry\n2,-\n3,Fear\n5,Happy\n6,Sad\n7,Awe\n")

    def data(*arguments):
        return CliRunner().invoke(cli.main, ["data", *map(str, arguments)])

    done = data("info", faces, "--class-map", tmp_path / "map.csv")
    assert (done.exit_code, done.stderr) == (0, "")
    words = " ".join(done.stdout.split())
    assert "layout directory of image" in words
    assert "without a usage" in words
    assert "images 100 of 48x48 pixels" in words
    assert "2 sizes, " in words
    assert "from 48 to 49; 50 of 100 " in words
    assert " to 48x48, antial" in words
    assert "stored in colour 100 of 100, " in words
    assert "ITU-R 601 luma" in words
    assert "left out 20: " in words
    assert " leaves out '2'" in words
    classes = ["Angry", "Surprise", "Disgust", "Neutral", "Happy", "Fear", "Sad", "Awe"]
    assert f"{' '.join(classes)} Total" in words
    assert "faces 20 0 0 0 20 20 20 20 100" in words
    done = data("audit", faces, "--class-map=ckplus", "--report-dir", tmp_path / "report")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Contempt 20 16.7" in " ".join(done.stdout.split())
    card = " ".join((tmp_path / "report" / "audit-card.md").read_text().split())
    assert "stored in colour | 120 of 120, " in card
    assert "(ITU-R 601 luma) |" in card
    assert f"fer-bench data audit {faces} --class-map=ckplus " in card
    assert "=ckplus --split=paper" in card
    done = data("info", faces)
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
