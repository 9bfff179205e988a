"""``fer-bench report --runtimes``: speeds of exported cells in the report."""

import dataclasses
import json

import pytest
from click.testing import CliRunner
from made_runs import document, made_cell, made_run

from fer_bench import cli
from fer_bench.results.runtime_speeds import FileSpeed, RuntimeSpeeds
from fer_bench.results.speeds import InferenceSpeed


def file_speed(runtime, seconds):
    speeds = (InferenceSpeed.of(1, [seconds] * 3),)
    return FileSpeed(
        f"model.{runtime}", "ab" * 32, runtime, "1.0", (48, 48, 1), "uint8", "f", speeds
    )


MEASURED = RuntimeSpeeds(
    1, "0.1.0", 2, "", (file_speed("onnxruntime", 0.25), file_speed("Keras", 2.5))
)


@pytest.mark.usefixtures("drawn_once")
def test_the_report_shows_the_runtimes_of_its_cells(tmp_path):
    run = made_run(made_cell("mobilenet", "pretrained", fingerprint="f"))
    results, speeds = tmp_path / "results.json", tmp_path / "speeds.json"
    results.write_text(json.dumps(document(run)))
    speeds.write_text(MEASURED.to_json())
    command = ["report", str(results), "--runtimes", str(speeds), "--report-dir"]
    done = CliRunner().invoke(cli.main, [*command, str(tmp_path / "new")])
    assert done.exit_code == 0, done.output
    assert (
        "runtimes-1,onnxruntime model.onnxruntime,batch 1,speed-up,10.0,"
        in (tmp_path / "new" / "tables.csv").read_text()
    )
    assert "Inference by runtime" in (tmp_path / "new" / "index.html").read_text()
    speeds.write_text(dataclasses.replace(MEASURED, files=()).to_json())
    done = CliRunner().invoke(cli.main, [*command, str(tmp_path / "other")])
    assert done.exit_code == 1
    assert "none of its files is an exported cell of these results" in done.stderr
    assert not (tmp_path / "other").exists()
