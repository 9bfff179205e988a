"""``fer-bench export-backbone`` from names to files."""

import pytest
from click.testing import CliRunner

from fer_bench.cli import main


def export(*arguments):
    return CliRunner().invoke(main, ["export-backbone", *map(str, arguments)])


def test_an_unknown_name_is_suggested_and_nothing_written(tmp_path):
    result = export("opnface", "--output", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: backbone 'opnface' ")
    assert "did you mean 'openface'" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_file_is_not_a_directory(tmp_path):
    (tmp_path / "out").touch()
    result = export("mini", "--output", tmp_path / "out")
    assert result.exit_code == 2
    assert "is a file" in result.stderr


@pytest.mark.network
def test_each_name_becomes_a_file_that_keras_loads(tmp_path, monkeypatch):
    keras = pytest.importorskip("keras")
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path))
    result = export("mini,mobilenet")
    assert result.exit_code == 0
    mini, mobilenet = (tmp_path / "structures" / f"{name}.keras" for name in ("mini", "mobilenet"))
    assert result.stdout.splitlines() == [
        f"{mini}: 218,544 parameters",
        f"{mobilenet}: 3,228,864 parameters",
    ]
    assert keras.saving.load_model(mini, safe_mode=True).count_params() == 218_544
    assert mobilenet.stat().st_size < 200_000


@pytest.mark.network
def test_a_face_network_is_exported_to_the_named_directory(tmp_path, needs_structure):
    keras = pytest.importorskip("keras")
    needs_structure("openface")
    result = export("openface", "--output", tmp_path / "out")
    assert result.exit_code == 0
    model = keras.saving.load_model(tmp_path / "out" / "openface.keras", safe_mode=True)
    assert model.count_params() == 3_743_280


@pytest.mark.network
def test_a_directory_that_cannot_be_made_is_one_line(tmp_path):
    pytest.importorskip("keras")
    (tmp_path / "file").touch()
    result = export("mini", "--output", tmp_path / "file" / "out")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: cannot write")
    assert result.stderr.count("\n") == 1
