"""Records of the speeds of exported files, and the table made of them."""

import dataclasses

import pytest

from fer_bench.report.time_tables import runtime_table
from fer_bench.results.runtime_speeds import FileSpeed, RuntimeSpeeds, read_runtime_speeds
from fer_bench.results.speeds import InferenceSpeed
from fer_bench.runtime.errors import FerBenchError


def file_speed(runtime, seconds, fingerprint="f"):
    return FileSpeed(
        f"model.{runtime.lower()}",
        "ab" * 32,
        runtime,
        "1.0",
        (48, 48, 1),
        "uint8",
        fingerprint,
        (InferenceSpeed.of(1, seconds), InferenceSpeed.of(32, [10 * each for each in seconds])),
    )


ONNX = file_speed("onnxruntime", [0.001, 0.002, 0.003])
KERAS = file_speed("Keras", [0.030, 0.020, 0.010])
MEASURED = RuntimeSpeeds(1, "0.1.0", 2, "some processor", (ONNX, KERAS))


def test_json_is_read_back_equal(tmp_path):
    path = tmp_path / "speeds.json"
    path.write_text(MEASURED.to_json())
    assert read_runtime_speeds(path) == MEASURED


def test_the_speed_up_is_over_the_keras_file_of_the_same_cell():
    assert MEASURED.ratio(ONNX, 1) == pytest.approx(10.0)
    assert MEASURED.ratio(KERAS, 32) == 1.0
    assert MEASURED.ratio(ONNX, 8) is None
    other = dataclasses.replace(KERAS, fingerprint="other")
    assert dataclasses.replace(MEASURED, files=(ONNX, other)).ratio(ONNX, 1) is None
    assert dataclasses.replace(MEASURED, files=(ONNX, KERAS, KERAS)).ratio(ONNX, 1) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not valid JSON"),
        ("[]", "schema is None"),
        ('{"schema": 2}', "schema is 2"),
        ('{"schema": 1}', ".fer_bench is missing"),
        (MEASURED.to_json().replace("0.001", "-0.001"), "is not above 0"),
        (MEASURED.to_json().replace('"onnxruntime"', '"tvm"'), "runtime"),
    ],
)
def test_a_bad_file_is_one_error_with_its_path(tmp_path, text, problem):
    path = tmp_path / "speeds.json"
    path.write_text(text)
    with pytest.raises(FerBenchError) as caught:
        read_runtime_speeds(path)
    assert caught.value.path == path
    assert problem in str(caught.value)


def test_the_table_has_a_row_for_each_file():
    table = runtime_table(MEASURED).visible
    assert [row.label for row in table.rows] == ["model.onnxruntime", "model.keras"]
    runtime, size, first, speed, ratio, *_ = table.rows[0].entries
    assert (runtime, size) == ("onnxruntime", "48x48x1 uint8")
    assert (first.value, first.low, first.high) == pytest.approx((2.0, 1.5, 2.5))
    assert (speed, ratio) == (pytest.approx(500.0), pytest.approx(10.0))


def test_files_of_other_cells_are_named_below_the_table():
    other = dataclasses.replace(KERAS, file="other.keras", fingerprint="other")
    table = runtime_table(dataclasses.replace(MEASURED, files=(ONNX, other)), {"f": "mini, seed 1"})
    assert [row.label for row in table.rows] == ["mini, seed 1"]
    assert table.notes[-1] == "Of no cell of these results: other.keras."
