"""``fer-bench weights``: reports on weight files, and verification."""

import dataclasses
import hashlib
import itertools
import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from saved_weights import save

from fer_bench import models
from fer_bench.cli import main
from fer_bench.models import WeightsSource, registry
from fer_bench.models.weights.lock_file import Lock, read

MINI = Path(registry.__file__).parent / "data" / "mini.weights.npz"
MINI_SHA256 = hashlib.sha256(MINI.read_bytes()).hexdigest()
MINI_VALUES = "def240875a4e8a2517f52de7b3e24184ae701c14f1633e58179aad514587f6c8"
MOBILENET = "mobilenet_1_0_224_tf_no_top.h5"


@pytest.fixture(autouse=True)
def project(request, tmp_path, monkeypatch):
    """Return the current directory; no weights are found but those that a test puts somewhere."""
    monkeypatch.delenv("FER_BENCH_WEIGHTS", raising=False)
    monkeypatch.setenv("FER_BENCH_OFFLINE", "1")
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path / "cache"))
    if request.node.get_closest_marker("network") is None:
        monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
        monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path / "deepface"))
    directory = tmp_path / "project"
    directory.mkdir()
    monkeypatch.chdir(directory)
    return directory


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return a backbone of the user's with mini's network, whose upstream publishes no digest."""
    mini = models.get("mini")
    source = WeightsSource("own.h5", cache=tmp_path / "own")
    entry = dataclasses.replace(mini, name="own", title="Own", weights=source, licence=None)
    monkeypatch.setattr(registry, "_registered", {**registry._registered, "own": entry})
    (tmp_path / "own").mkdir()
    return entry


def weights(*arguments):
    return CliRunner().invoke(main, ["weights", *map(str, arguments)])


def facts(text):
    """Return the facts of each block, by the backbone's name."""
    blocks = {}
    for line in text.replace("\n    ", " ").splitlines():
        if not line.startswith(" "):
            rows = blocks.setdefault(line.rpartition("(")[2].rstrip(")"), [])
        else:
            name, _, value = line.strip().partition(": ")
            rows.append((name, value))
    return blocks


def test_each_backbone_is_listed_with_origin_and_licences():
    done = weights("list")
    assert (done.exit_code, done.stderr) == (0, "")
    listed = {name: dict(rows) for name, rows in facts(done.stdout).items()}
    *named, note = listed
    assert named == list(models.names())
    assert note.endswith("'keras:*' 'deepface:*' 'dlib:*'")
    for name in models.PAPER:
        assert listed[name]["on this machine"].startswith("not found; ")
        assert "SHA-256" not in listed[name]
        assert listed[name]["download"].startswith("https://")
    assert "non-commercial research only" in listed["vggface"]["licence of the weights"]
    assert listed["openface"]["licence of the weights"].startswith("Apache-2.0")
    assert listed["resnet50"]["licence of the weights"].startswith("MIT")
    assert listed["mobilenet"]["licence of the weights"].startswith("Apache-2.0")
    assert listed["mini"]["licence of the weights"] == "MIT (fer_bench)"
    assert listed["vggface"]["licence of the network"] == "MIT (deepface)"
    assert listed["resnet50"]["licence of the network"] == "Apache-2.0 (Keras)"
    assert listed["vggface"]["published digest"] == "none"
    assert listed["mini"]["published digest"] == f"values:{MINI_VALUES}"
    assert "last layer" in listed["vggface"]["file"]
    assert listed["mini"]["on this machine"] == f"{MINI}, from its own directory"
    assert listed["mini"]["size"] == f"{MINI.stat().st_size:,} bytes"
    assert listed["mini"]["SHA-256"] == MINI_SHA256


@pytest.mark.parametrize("columns", [80, 120])
def test_the_list_fits_the_terminal_without_a_broken_digest(columns, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(registry, "_registered", {n: models.get(n) for n in models.PAPER})
    monkeypatch.setenv("KERAS_HOME", "/home/user/.keras")
    monkeypatch.setenv("DEEPFACE_HOME", "/home/user")
    done = weights("list")
    assert max(map(len, done.stdout.splitlines())) in range(columns - 12, columns + 1)
    assert models.get("mobilenet").weights.digest in done.stdout.split()


def test_networks_of_a_library_are_listed_by_their_pattern():
    listed = facts(weights("list", "dlib:*").stdout)
    assert list(listed) == ["dlib-resnet", "dlib-resnet-pool256"]


def test_every_registered_entry_states_both_licences():
    for name in models.names():
        entry = models.get(name)
        assert entry.licence
        assert entry.weights.licence


def test_what_nobody_states_is_not_made_up(own):
    (rows,) = facts(weights("list", "own").stdout).values()
    listed = dict(rows)
    assert listed["licence of the weights"] == "not stated upstream"
    assert listed["licence of the network"] == "not stated upstream"
    assert listed["download"] == "not available"


def test_a_backbone_without_weights_is_listed(own, monkeypatch):
    bare = dataclasses.replace(own, weights=None)
    monkeypatch.setitem(registry._registered, "own", bare)
    assert "no pretrained weights" in weights("list", "own").stdout
    assert "no pretrained weights" in weights("where", "own").stdout


@pytest.mark.parametrize("command", ["list", "where", "verify"])
def test_names_choose_and_an_unknown_one_is_suggested(command):
    result = weights(command, "mobilnet")
    assert result.exit_code == 1
    assert "did you mean 'mobilenet'?" in result.stderr
    assert list(facts(weights("list", "openface", "mini").stdout)) == ["openface", "mini"]
    assert list(facts(weights("list", "all").stdout)) == list(models.PAPER)


@pytest.mark.parametrize("command", ["list", "where", "verify"])
def test_a_directory_that_is_none_is_one_line(command, tmp_path):
    result = weights(command, "mini", "--weights-dir", tmp_path / "nowhere")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: --weights-dir '")
    assert result.stderr.count("\n") == 1
    assert weights(command, "--weights-dir=").exit_code == 2


@pytest.mark.parametrize("held", list(itertools.product([False, True], repeat=3)))
def test_where_shows_the_chain_that_a_run_walks(held, tmp_path, monkeypatch):
    directories = [tmp_path / "given", tmp_path / "named", tmp_path / "keras" / "models"]
    for directory, has_file in zip(directories, held, strict=True):
        directory.mkdir(parents=True)
        if has_file:
            (directory / MOBILENET).touch()
    monkeypatch.setenv("FER_BENCH_WEIGHTS", str(directories[1]))
    done = weights("where", "mobilenet", "--weights-dir", directories[0])
    assert (done.exit_code, done.stderr) == (0, "")
    (rows,) = facts(done.stdout).values()
    assert rows.pop(0) == ("file", MOBILENET)
    assert [name for name, _ in rows] == [
        "--weights-dir",
        "FER_BENCH_WEIGHTS",
        "Keras' cache",
        "download",
    ]
    states = [value for _, value in rows]
    for state, has_file, directory in zip(states, held, directories, strict=False):
        assert state.startswith(f"found in {directory}" if has_file else f"not in {directory}")
        assert state.endswith((str(directory), ", not used: found earlier"))
    if any(held):
        used = held.index(True)
        located = models.locate(models.get("mobilenet"), directories[0])
        assert (located.provenance, located.path.parent) == (rows[used][0], directories[used])
        assert [state.endswith("earlier") for state in states].count(False) == 5 - sum(held)
        assert states[3] == "not needed"
    else:
        assert states[3].startswith("disabled by ")


def test_where_shows_what_is_not_set_and_what_is_not_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_BENCH_OFFLINE", "0")
    (tmp_path / "given" / MOBILENET).mkdir(parents=True)
    done = weights("where", "mobilenet", "mini", "--weights-dir", tmp_path / "given")
    found = {name: dict(rows) for name, rows in facts(done.stdout).items()}
    locations = found["mobilenet"]
    assert locations["--weights-dir"] == f"not a file in {tmp_path / 'given'}"
    assert locations["FER_BENCH_WEIGHTS"] == "not set"
    cache = tmp_path / "keras" / "models"
    assert locations["Keras' cache"] == f"no directory {cache}"
    assert locations["download"] == "not needed"
    (rows,) = facts(weights("where", "mobilenet").stdout).values()
    url = models.get("mobilenet").weights.urls[0]
    assert dict(rows)["download"] == f"a run downloads {url} to {cache}"
    assert found["mini"]["its own directory"] == f"found in {MINI.parent}"
    assert found["mini"]["download"] == "not available"
    assert not cache.exists()


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_not_a_file_is_listed_and_not_proven(make, tmp_path):
    (tmp_path / "given").mkdir()
    path = tmp_path / "given" / MOBILENET
    make(path)
    done = weights("list", "mobilenet", "mini", "--weights-dir", path.parent)
    found = {name: dict(rows) for name, rows in facts(done.stdout).items()}
    assert f"'{path}': weight file cannot be read" in found["mobilenet"]["on this machine"]
    assert found["mini"]["SHA-256"] == MINI_SHA256
    result = weights("verify", "mobilenet", "--weights-dir", path.parent)
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"Error: '{path}': weight file cannot be read")


def test_a_broken_lock_file_ends_verification_before_it_begins(project):
    (project / "fer-bench.lock").write_text("<<<<<<< HEAD")
    result = weights("verify", "mini")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: '{project / 'fer-bench.lock'}': lock file ")
    assert result.stderr.count("\n") == 1


def test_a_backbone_that_was_named_must_have_its_file(project):
    result = weights("verify", "mobilenet")
    assert result.exit_code == 1
    (rows,) = facts(result.stdout).values()
    assert dict(rows)["not verified"].startswith("not found; ")
    assert " weights where mobilenet'" in dict(rows)["not verified"]
    assert not list(project.iterdir())


@pytest.mark.network
def test_what_is_proven_is_reported_and_locked(project):
    pytest.importorskip("keras")
    done = weights("verify", "mini")
    assert (done.exit_code, done.stderr) == (0, "")
    (rows,) = facts(done.stdout).values()
    listed = dict(rows)
    # conv1 and its normalisation have 5 tensors, each of the 13 blocks 10.
    assert listed["verified"].startswith("135 tensors, 218,544 parameters; ")
    assert listed["verified"].endswith(" matches upstream's")
    assert listed["SHA-256 of the file"] == MINI_SHA256
    assert listed["SHA-256 of the values"] == MINI_VALUES
    lock = project / "fer-bench.lock"
    assert listed["lock"] == f"recorded in {lock}"
    assert read(lock) == {"mini": Lock(MINI_VALUES, frozenset({MINI_SHA256}))}
    before = lock.stat().st_mtime_ns
    (rows,) = facts(weights("verify", "mini").stdout).values()
    assert dict(rows)["lock"] == f"matches {lock}"
    assert lock.stat().st_mtime_ns == before


@pytest.mark.network
def test_without_names_those_that_are_here_are_proven(project, tmp_path, monkeypatch):
    pytest.importorskip("keras")
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path / "deepface"))
    kept = {name: models.get(name) for name in ("vggface", "openface", "mini")}
    monkeypatch.setattr(registry, "_registered", kept)
    done = weights("verify")
    assert (done.exit_code, done.stderr) == (0, "")
    assert list(facts(done.stdout)) == ["vggface", "openface", "mini"]
    assert done.stdout.count("not verified") == 2
    assert list(read(project / "fer-bench.lock")) == ["mini"]


@pytest.fixture(scope="module")
def network():
    """Mini's network, and the values that were drawn for it."""
    pytest.importorskip("keras")
    model = models.get("mini").build()
    return model, [values.copy() for values in model.get_weights()]


@pytest.fixture
def saved(own, network):
    """Save mini's network, with its values changed by a factor, as the file of ``own``."""
    model, drawn = network

    def write(factor=1.0, layout="legacy"):
        model.set_weights([values * factor for values in drawn])
        path = save(model, own.weights.cache / "w", layout)
        return path.replace(own.weights.cache / own.weights.file)

    return write


def damaged(result, lock):
    """Return the line on an invalid file; nothing is locked."""
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert not lock.exists()
    return line


@pytest.mark.network
@pytest.mark.parametrize("keep", [0, 100, 5000, -1])
def test_a_truncated_file_is_not_sound(saved, project, keep):
    path = saved()
    path.write_bytes(path.read_bytes()[:keep])
    line = damaged(weights("verify", "own"), project / "fer-bench.lock")
    assert line.startswith(f"Error: '{path}': ")


@pytest.mark.network
def test_a_corrupt_file_is_not_sound_and_does_not_keep_others_from_proof(saved, project):
    h5py = pytest.importorskip("h5py")
    path = saved()
    with h5py.File(path, "a") as file:
        file["conv1/conv1/kernel"][0, 0, 0, 0] = np.nan
    result = weights("verify", "own", "mini")
    assert result.exit_code == 1
    assert "'conv1/kernel' has 1 NaN" in result.stderr
    assert "218,544 parameters" in result.stdout
    assert list(read(project / "fer-bench.lock")) == ["mini"]


@pytest.mark.network
def test_a_file_that_changed_after_it_was_locked_is_refused_until_it_is_accepted(saved, project):
    lock = project / "fer-bench.lock"
    saved()
    assert weights("verify", "own").exit_code == 0
    locked, before = read(lock)["own"], lock.read_bytes()

    path = saved(factor=1.5)
    result = weights("verify", "own")
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert f"'{path}'" in line
    assert f"'{lock}'" in line
    assert locked.values in line
    assert " verify own --update-lock" in line
    assert lock.read_bytes() == before

    accepted = weights("verify", "own", "--update-lock")
    assert accepted.exit_code == 0
    (rows,) = facts(accepted.stdout).values()
    assert dict(rows)["lock"] == f"recorded in {lock}"
    now = read(lock)["own"]
    assert now.values in line
    assert now.files == {hashlib.sha256(path.read_bytes()).hexdigest()}
    assert weights("verify", "own").exit_code == 0


@pytest.mark.network
def test_a_file_that_was_saved_again_is_the_same(saved, project):
    shas = set()
    for layout in ("legacy", "keras3", "npz"):
        path = saved(layout=layout)
        assert weights("verify", "own").exit_code == 0
        shas.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(shas) == 3
    assert read(project / "fer-bench.lock")["own"].files == shas


@pytest.mark.network
def test_another_lock_file_can_be_named(project, tmp_path, monkeypatch):
    pytest.importorskip("keras")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert weights("verify", "mini", "--weights-lock", "~/locks/a.lock").exit_code == 0
    assert list(read(tmp_path / "locks" / "a.lock")) == ["mini"]
    assert not list(project.iterdir())
    assert weights("verify", "mini", "--weights-lock=").exit_code == 2


@pytest.mark.network
def test_a_read_only_directory_keeps_no_file_from_proof(project, read_only):
    pytest.importorskip("keras")
    read_only(project)
    done = weights("verify", "mini")
    assert (done.exit_code, done.stderr) == (0, "")
    (rows,) = facts(done.stdout).values()
    assert dict(rows)["lock"].startswith("not recorded: cannot write")
    for asked in (["--update-lock"], ["--weights-lock", project / "fer-bench.lock"]):
        result = weights("verify", "mini", *asked)
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: cannot write")
        assert result.stderr.count("\n") == 1


def test_the_tests_see_no_weights_of_this_machine():
    assert os.environ["FER_BENCH_OFFLINE"] == "1"
    assert "found in" not in weights("where", "all").stdout
