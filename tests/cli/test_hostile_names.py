"""Each command with names, reasons, facts and paths that command terminals and runners."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil

import pytest
from click.testing import CliRunner
from hostile_text import NAME, is_safe
from made_audits import audited
from made_runs import document, made_cell, made_missing, made_run
from PIL import Image

from fer_bench import models
from fer_bench.cli import cell_profile, main
from fer_bench.data.formats.npz_files import pack_npz
from fer_bench.models import WeightsSource, registry

MARK = "t\\x07\\x1b[31m\\u202e\\u200b"
"""A piece of the name as it is shown."""

ENCODINGS = pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp932"])


@pytest.fixture(autouse=True)
def directory(tmp_path, monkeypatch):
    """Return the current directory, which has a hostile name too."""
    for name in ("FER_BENCH_WEIGHTS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("FER_BENCH_CACHE", "KERAS_HOME", "DEEPFACE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / NAME / name))
    (tmp_path / NAME).mkdir()
    monkeypatch.chdir(tmp_path / NAME)
    return tmp_path / NAME


def run(*arguments, encoding="utf-8"):
    """Run a command on a terminal of an encoding; both streams are safe."""
    words = [os.fspath(word) for word in arguments]
    done = CliRunner(charset=encoding).invoke(main, words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert "Traceback" not in done.stderr
    for shown in (done.stdout_bytes, done.stderr_bytes):
        assert is_safe(shown.decode(encoding))
    return done


def hostile_run(share=0.5, fingerprint="a"):
    """Return a run in which each text that a results file may hold is hostile."""
    cell = dataclasses.replace(
        made_cell("mini", "random", share, fingerprint=fingerprint, speed=100 + share), title=NAME
    )
    missing = made_missing("resnet50", "random", status="failed", reason=NAME)
    made = made_run(cell, missing)
    first, *others = made.dataset.counts
    dataset = dataclasses.replace(
        made.dataset, name=NAME, counts=((NAME, first[1]), *others), left_out=((NAME, 3),)
    )
    facts = (("processor", NAME), ("commit", f"{fingerprint}{NAME}"), (NAME, NAME))
    return dataclasses.replace(made, dataset=dataset, environment=facts)


@pytest.fixture
def results(directory):
    runs = ("base", hostile_run(), 2), ("head", hostile_run(0.4, "b"), 1)
    for name, made, day in runs:
        stored = {**document(made), "datetime": f"2026-03-0{day}T12:00:00+00:00"}
        (directory / f"{name}{NAME}.json").write_text(json.dumps(stored))
    return [directory / f"{name}{NAME}.json" for name in ("base", "head")]


# -- results files


@ENCODINGS
def test_merge(results, directory, encoding):
    done = run("merge", results[0], "--output", f"merged{NAME}.json", encoding=encoding)
    assert done.exit_code == 0
    first, second, last = done.stdout.splitlines()
    assert first.startswith("merged\\x1b]0;")
    assert first.endswith("1 of 2 cells completed")
    assert second.endswith(" random, seed 42")
    assert last.startswith("still missing: ResNet-50 random, seed 42 ")
    assert "(failed: \\x1b]0;" in last
    done = run("merge", *results, encoding=encoding)
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1


@ENCODINGS
@pytest.mark.parametrize("form", ["terminal", "markdown", "json", "github"])
def test_compare(results, form, encoding, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    words = [os.fspath(path) for path in results]
    done = CliRunner(charset=encoding).invoke(main, ["compare", *words, f"--format={form}"])
    assert (done.exit_code, done.stderr) == (1, "")
    shown = done.stdout_bytes.decode(encoding)
    if form == "github":
        shown, commands = re.subn(r"(?m)^::(error|warning|notice) title=[^:,\n]+::.+\n", "", shown)
        assert commands >= 2
        summary = (tmp_path / "summary.md").read_text("utf-8")
        assert all(line.isprintable() for line in summary.split("\n"))
        assert "\\x1b" in summary.replace("\\\\", "\\")
    assert is_safe(shown)
    if form == "json":
        assert NAME in json.loads(shown)["base"]


@ENCODINGS
def test_report(results, directory, encoding):
    done = run("report", results[0], f"--report-dir=out{NAME}", encoding=encoding)
    assert done.exit_code == 0
    lines = done.stdout.split("\n")
    assert lines[-2].startswith("report: out\\x1b]0;")
    assert all(line.isprintable() for line in lines)
    for name in ("index.html", "summary.csv", "tables.md", "tables/cells.tex", "tables.csv"):
        text = (directory / f"out{NAME}" / name).read_text("utf-8")
        assert all(line.isprintable() or name == "index.html" for line in text.split("\n"))
        assert "\x1b" not in text


@ENCODINGS
def test_report_with_history(results, encoding):
    done = run("report", results[0], "--history", ".", encoding=encoding)
    assert (done.exit_code, done.stderr) == (0, "")
    (line,) = (line for line in done.stdout.splitlines() if " random accuracy  " in line)
    assert re.search(r" better +40\.0 % +50\.0 % +2 of 2", line)


# -- cache


@ENCODINGS
@pytest.mark.parametrize("command", ["list", "prune", "clear"])
def test_cache(directory, command, encoding):
    part = directory / "FER_BENCH_CACHE" / "store" / "results" / f"a{'0' * 63}"
    part.mkdir(parents=True)
    facts = {"cell": "mini-random-42", "seed": 42, "dataset": NAME, "images": 7, "split": NAME}
    facts |= {"trainable_layers": 4, "epochs": 1, "versions": {NAME: NAME}}
    (part / "index.json").write_text(json.dumps({"facts": facts, "files": {}}))
    for store in ([], ["--store", directory / "FER_BENCH_CACHE" / "store"]):
        done = run("cache", command, *store, encoding=encoding)
        assert done.exit_code == 0
        if part.exists() or store == []:
            assert MARK in done.stdout
    shutil.rmtree(directory / "FER_BENCH_CACHE")


# -- weights


@ENCODINGS
@pytest.mark.parametrize("command", ["list", "where"])
def test_weights(directory, command, encoding):
    (directory / NAME).mkdir()
    done = run("weights", command, "--weights-dir", directory / NAME, encoding=encoding)
    assert done.exit_code == 0
    assert MARK in done.stdout


def test_weights_of_a_backbone_with_such_names(directory, monkeypatch):
    source = WeightsSource("own.h5", cache=directory, licence=NAME)
    own = dataclasses.replace(
        models.get("mini"), name="own", title=NAME, weights=source, licence=NAME
    )
    monkeypatch.setattr(registry, "_registered", {**registry._registered, "own": own})
    for command in ("list", "where", "verify"):
        done = run("weights", command, "own", encoding="ascii")
        assert done.stdout.startswith("\\x1b]0;")
        assert done.exit_code == (command == "verify")


@pytest.mark.network
def test_weights_are_verified_in_such_a_directory(directory):
    pytest.importorskip("keras")
    source = models.get("mini").weights
    (directory / NAME).mkdir()
    (directory / NAME / source.file).write_bytes(b"no weights")
    done = run("weights", "verify", "mini", "--weights-dir", directory / NAME, encoding="ascii")
    assert done.exit_code == 1
    assert MARK in done.stderr
    assert done.stderr.count("\n") == 1


# -- data


@ENCODINGS
def test_data_info_of_classes_with_such_names(directory, encoding):
    for name in (f"a{NAME}", "b"):
        (directory / "faces" / name).mkdir(parents=True)
        for number in range(4):
            image = Image.new("L", (48, 48), 60 * number + 10 * len(name))
            image.save(directory / "faces" / name / f"{number}{NAME}.png")
    done = run("data", "info", "faces", encoding=encoding)
    assert done.stdout or done.stderr.count("\n") == 1
    done = run("data", "audit", "faces", encoding=encoding)
    assert done.stdout or done.stderr.count("\n") == 1


@ENCODINGS
@pytest.mark.parametrize("command", ["info", "audit"])
def test_data_in_such_a_file(directory, command, encoding):
    path = directory / f"{NAME}.npz"
    path.write_bytes(pack_npz(audited().dataset))
    places = [f"--json={NAME}.json", f"--report-dir=out{NAME}"] if command == "audit" else []
    done = run("data", command, path, *places, encoding=encoding)
    assert (done.exit_code, done.stderr) == (0, "")
    assert MARK in done.stdout


# -- networks


def test_profile(monkeypatch):
    made = cell_profile.Profile(
        NAME, 7, 1, (("features", 1.0),), None, cell_profile.Floor(0.5, 0.5)
    )
    monkeypatch.setattr(cell_profile, "profile", lambda *_, **__: made)
    done = run("profile", encoding="ascii")
    assert done.exit_code == 0
    assert MARK in done.stdout


@pytest.mark.parametrize("command", [["profile", "--backbone"], ["export-backbone"]])
def test_an_unknown_backbone_of_such_a_name(command):
    done = run(*command, NAME, encoding="ascii")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: backbone ")
    assert done.stderr.count("\n") == 1


@pytest.mark.network
def test_export_backbone_to_such_a_directory(directory):
    pytest.importorskip("keras")
    done = run("export-backbone", "mini", f"--output={directory / NAME}", encoding="ascii")
    assert done.exit_code == 0
    assert done.stdout.endswith("mini.keras: 218,544 parameters\n")
    assert done.stdout.count("\n") == 1


# -- mistakes


# pytest reads the arguments of run, in a process that replaces this one.
@pytest.mark.parametrize("name", sorted(set(main.commands) - {"run"}))
@pytest.mark.parametrize("given", [NAME, f"--{NAME}", f"--output={NAME}"])
def test_a_mistake_in_the_arguments(name, given):
    done = run(name, given, encoding="ascii")
    assert done.exit_code in (1, 2)
    assert sum(line.startswith("Error: ") for line in done.stderr.splitlines()) == 1
    assert done.stderr.splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize("name", ["cache", "data", "weights"])
def test_a_group_without_a_command_shows_its_help(name):
    done = run(name)
    assert done.exit_code == 2
    assert len(done.output.splitlines()) > 5


@pytest.mark.parametrize("name", sorted(main.commands))
def test_the_help_is_ascii(name):
    """Click writes it itself, in UTF-8 where standard output takes ASCII."""
    commands = [[name], *([name, one] for one in getattr(main.commands[name], "commands", {}))]
    for words in commands:
        done = run(*words, "--help")
        assert done.stdout.isascii()
        assert done.exit_code == 0
