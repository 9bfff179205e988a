"""One process at a time."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from fer_bench.runtime import locks
from fer_bench.runtime.locks import LOCKS, lock_if_free, locked
from fer_bench.runtime.sealed_directories import StoreError

fcntl = pytest.importorskip("fcntl", reason="locks as POSIX has them")

HOLD = """
import fcntl, os, sys, time
from pathlib import Path
from fer_bench.runtime import locks as locking

if sys.argv[2] != "flock":
    def refuse(*_):
        raise OSError(int(sys.argv[2]), "no locks")
    fcntl.flock = refuse
locking.BEAT_S = 0.1
with locking.locked(Path(sys.argv[1]), "cell", "key"):
    print("held", flush=True)
    time.sleep(60)
"""

WITHOUT = [errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK]
"""Raise the system's error for a file system without locks."""


@pytest.fixture(params=["flock", *WITHOUT])
def kind(request, monkeypatch):
    """Provide a file system with locks, or without."""
    if request.param != "flock":

        def refuse(*_):
            raise OSError(request.param, "no locks")

        monkeypatch.setattr(fcntl, "flock", refuse)
    return request.param


@pytest.fixture
def quick(monkeypatch):
    """Nobody waits long."""
    monkeypatch.setattr(locks, "REPORT_AFTER_S", 0.1)
    monkeypatch.setattr(locks, "LIMIT_S", 0.5)


@pytest.fixture
def holder(tmp_path, kind):
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLD, str(tmp_path), str(kind)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "held\n"
    yield child
    child.kill()
    child.wait()
    child.stdout.close()


def is_free(store, key="key"):
    with lock_if_free(store, "cell", key) as held:
        return held


def names(store):
    return {path.name for path in (store / LOCKS).iterdir()}


def test_a_lock_is_seen_and_ends_with_its_block(tmp_path, kind):
    assert is_free(tmp_path)
    with locked(tmp_path, "cell", "key"):
        assert not is_free(tmp_path)
        assert is_free(tmp_path, "other")
        assert "cell-key.holder" in names(tmp_path)
    assert is_free(tmp_path)
    with lock_if_free(tmp_path, "cell", "key"):
        assert not is_free(tmp_path)
    # Files that the system locks stay, and no others.
    assert {name.rpartition(".")[2] for name in names(tmp_path)} <= {"lock", "probe"}


def test_a_second_holder_at_the_same_time_is_reported(tmp_path, kind, caplog):
    note = b'{"pid": 1, "host": "other", "since": "now"}'
    holder = tmp_path / LOCKS / "cell-key.holder"
    with locked(tmp_path, "cell", "key"):
        pass
    assert not caplog.records
    with locked(tmp_path, "cell", "key"):
        holder.write_bytes(note)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert str(tmp_path / LOCKS / "cell-key") in record.getMessage()
    assert holder.read_bytes() == note  # the other one still holds it
    caplog.clear()
    with locked(tmp_path, "cell", "key"):
        holder.unlink()
    assert [one.levelname for one in caplog.records] == ["WARNING"]
    assert is_free(tmp_path)


def test_the_lock_of_a_killed_process_is_free_and_waiting_is_reported(tmp_path, holder):
    stages = []

    def progress(stage, done, total):
        stages.append(stage)
        holder.kill()
        holder.wait()

    with locked(tmp_path, "cell", "key", progress):
        (stage,) = stages
        assert stage.startswith("waiting for another process")
        assert stage.endswith("cell")
        note = json.loads((tmp_path / LOCKS / "cell-key.holder").read_text())
        assert note["pid"] == os.getpid()


@pytest.mark.usefixtures("quick")
def test_a_stopped_holder_is_named_once_and_waited_for_no_longer_than_the_limit(
    tmp_path, kind, holder, capsys
):
    holder.send_signal(signal.SIGSTOP)
    with pytest.raises(StoreError) as caught, locked(tmp_path, "cell", "key"):
        pass
    (line,) = capsys.readouterr().err.splitlines()
    name = f"cell-key.{'lock' if kind == 'flock' else 'held'}"
    for text in (str(caught.value), line):
        assert f"process {holder.pid} on " in text
        assert re.search(r"\(since '\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", text)
        assert repr(str(tmp_path / LOCKS / name)) in text
    assert ("remove that file" in str(caught.value)) == (kind != "flock")
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("quick")
def test_a_holder_that_is_alive_is_waited_for_longer(tmp_path, holder, monkeypatch, capsys):
    """Each wait takes nearly the whole limit, by a clock that runs on by that alone."""
    signs, now = [], 0.0

    def sign(place):
        nonlocal now
        found = original(place)
        deadline = time.monotonic() + 60
        while signs and found == signs[-1] and time.monotonic() < deadline:
            time.sleep(0.01)
            found = original(place)
        signs.append(found)
        now += 0.9 * locks.LIMIT_S
        if len(signs) > 5:
            holder.kill()
            holder.wait()
        return found

    original = locks._Place.sign
    monkeypatch.setattr(locks._Place, "sign", sign)
    monkeypatch.setattr(locks, "time", SimpleNamespace(monotonic=lambda: now))
    with locked(tmp_path, "cell", "key"):
        assert len(set(signs)) > 5
    assert len(capsys.readouterr().err.splitlines()) == 1


def held_elsewhere(store):
    """Return the lock of a killed process on another host."""
    directory = store / LOCKS
    directory.mkdir()
    (directory / "cell-key.held").write_text("1\nhost-a\n")
    note = {"host": "host-a", "pid": 1, "since": "2026-11-29T14:02:11+00:00"}
    (directory / "cell-key.holder").write_text(json.dumps(note))
    return directory / "cell-key.held"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", WITHOUT[:1], indirect=True)
def test_a_dead_lock_of_another_host_is_named_and_free_once_it_is_removed(tmp_path, kind):
    held = held_elsewhere(tmp_path)
    with pytest.raises(StoreError) as caught, locked(tmp_path, "cell", "key"):
        pass
    assert "process 1 on 'host-a'" in str(caught.value)
    assert "(since '2026-11-29T14:02:11+00:00')" in str(caught.value)
    assert f"holds the lock {str(held)!r}" in str(caught.value)
    held.unlink()
    with locked(tmp_path, "cell", "key"):
        assert not is_free(tmp_path)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", WITHOUT[:1], indirect=True)
@pytest.mark.parametrize(
    "note",
    [None, "", "[" * 4000, "[]", '{"pid": 1}', "x" * 5000],
)
def test_a_holder_that_says_nothing_is_waited_for_likewise(tmp_path, kind, note):
    holder = held_elsewhere(tmp_path).with_suffix(".holder")
    holder.unlink()
    if note is not None:
        holder.write_text(note)
    with pytest.raises(StoreError, match="unknown process"):
        locked(tmp_path, "cell", "key").__enter__()


@pytest.mark.parametrize("put", [os.mkfifo, os.mkdir, lambda path: path.symlink_to(path)])
@pytest.mark.usefixtures("quick")
def test_something_else_in_the_place_of_the_note_is_in_nobodys_way(tmp_path, kind, put):
    (tmp_path / LOCKS).mkdir()
    put(tmp_path / LOCKS / "cell-key.holder")
    with locked(tmp_path, "cell", "key"):
        assert not is_free(tmp_path)
    assert is_free(tmp_path)


def test_text_that_commands_a_terminal_is_shown_as_python_writes_it(tmp_path):
    place = locks._Place.of(tmp_path, "cell", "key")
    place.holder.write_text(json.dumps({"host": "\x1b[2J", "pid": "\n", "since": ["\u202e"]}))
    assert place.described().isprintable()


def test_a_store_that_cannot_be_locked_for_another_reason_is_reported(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OSError, match="Input/output error"):
        locked(tmp_path, "cell", "key").__enter__()
