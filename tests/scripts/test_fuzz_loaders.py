"""Initial inputs of a fuzzer: they make valid files, for which a law holds."""

import importlib.util
import subprocess
import sys

import fuzz_loaders
import pytest
from made_project import SCRIPTS

from fer_bench.runtime.errors import FerBenchError


@pytest.mark.parametrize("kind", fuzz_loaders.KINDS)
def test_seeds_make_files_that_load(kind, tmp_path):
    content, seeds = fuzz_loaders.KINDS[kind]
    load, sound = fuzz_loaders.loader(kind), 0
    for number, seed in enumerate(seeds()):
        path = tmp_path / f"{number}.{'npz' if kind == 'npz' else 'csv'}"
        path.write_bytes(content(seed))
        fuzz_loaders.check(load, path)
        try:
            load(path)
            sound += 1
        except FerBenchError:
            pass
    assert sound >= 2


def test_an_error_that_does_not_name_its_file_is_a_finding(tmp_path):
    def load(path):
        raise FerBenchError("something is wrong")

    with pytest.raises(AssertionError, match="something is wrong"):
        fuzz_loaders.check(load, tmp_path / "x.csv")


def run(*arguments):
    script = [sys.executable, str(SCRIPTS / "fuzz_loaders.py"), *arguments]
    return subprocess.run(script, capture_output=True, text=True)


def test_the_file_of_an_input(tmp_path):
    (tmp_path / "input").write_bytes(b"emotion,pixels\n3,\1\n")
    file = tmp_path / "faces.csv"
    assert run("csv", f"--write={file}", str(tmp_path / "input")).returncode == 0
    assert len(fuzz_loaders.loader("csv")(file)) == 1


@pytest.mark.skipif(importlib.util.find_spec("atheris") is not None, reason="atheris is installed")
def test_without_atheris(snapshot):
    ended = run("npz")
    assert ended.returncode == 1
    assert ended.stderr == snapshot
