"""Files of predictions."""

import csv
import json

import pytest

from fer_bench.predict.faces import Box
from fer_bench.predict.output_files import check_suffix, write_predictions
from fer_bench.predict.predictions import Prediction, Predictions, columns
from fer_bench.runtime.errors import FerBenchError

ROWS = (
    Prediction("=a.jpg", None, "face", "", 1, Box(1, 2, 3, 4.5), 0.9, "Sad", (0.25, 0.75), 0.5),
    Prediction("b\n\udcff.jpg", 1.5, "unreadable", "it is empty"),
)
FOUND = Predictions(ROWS, ("Happy", "Sad"), "mini", "ab", "mtcnn", 1.0)


def test_csv(tmp_path):
    write_predictions(tmp_path / "out.csv", FOUND)
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        face, broken = csv.DictReader(file)
    assert [*face] == [*columns(FOUND.classes)]
    # A spreadsheet would take it for a formula.
    assert face["file"] == "'=a.jpg"
    assert [face[name] for name in ("left", "height", "p_Sad", "margin")] == [
        *("1", "4.5", "0.75", "0.5")
    ]
    assert (broken["reason"], broken["second"], broken["p_Sad"]) == ("it is empty", "1.5", "")


def test_json_lines(tmp_path):
    write_predictions(tmp_path / "out.jsonl", FOUND)
    face, broken = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert face["box"] == [1, 2, 3, 4.5]
    assert face["probabilities"] == {"Happy": 0.25, "Sad": 0.75}
    assert (broken["file"], broken["box"], broken["probabilities"]) == (ROWS[1].file, None, {})


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    import pandas as pd

    write_predictions(tmp_path / "out.parquet", FOUND)
    frame = pd.read_parquet(tmp_path / "out.parquet")
    assert frame["emotion"].tolist()[0] == "Sad"
    assert [*frame.columns] == [*columns(FOUND.classes)]


@pytest.mark.parametrize("name", ["out", "out.xlsx", "out.CSV"])
def test_an_unknown_suffix_is_an_error(tmp_path, name):
    with pytest.raises(FerBenchError) as caught:
        check_suffix(tmp_path / name)
    assert ".csv" in caught.value.accepted
