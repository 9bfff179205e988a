from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fer_bench.runtime.files import cause_of, expand_user, state_of, write_atomically

if TYPE_CHECKING:
    import pytest

KILLED = """
import os, pathlib, signal, sys
from fer_bench.runtime.files import write_atomically
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
write_atomically(pathlib.Path(sys.argv[1]), "cut off")
"""


def test_what_a_killed_write_left_is_removed_after_a_day(tmp_path: Path) -> None:
    path, other = tmp_path / "a.json", tmp_path / "b.json"
    for target in (path, other, path):
        done = subprocess.run([sys.executable, "-c", KILLED, str(target)], check=False)
        assert done.returncode == -signal.SIGKILL
    left = sorted(tmp_path.iterdir())
    assert len(left) == 3
    write_atomically(path, "x")
    assert set(left) < set(tmp_path.iterdir())  # another process may be at it
    for part in left:
        os.utime(part, (0, time.time() - 25 * 60 * 60))
    write_atomically(path, "y")
    (still,) = set(tmp_path.iterdir()) - {path}
    write_atomically(other, "z")
    assert sorted(tmp_path.iterdir()) == [path, other]
    assert still in left
    assert path.read_text() == "y"


def test_the_longest_name_that_there_may_be(tmp_path: Path) -> None:
    path = tmp_path / ("ä" * 127)
    write_atomically(path, "x")
    assert path.read_text() == "x"


def test_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("USERPROFILE", "/home/me")
    assert expand_user("~/a.csv") == Path("/home/me/a.csv")
    for path in ("a/~/b", "~nobody-of-this-name/a.csv", "~a\0b/c", ""):
        assert expand_user(path) == Path(path)


def test_states(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("1")
    before = path.stat()
    assert state_of(path.stat()) == state_of(before)
    path.write_text("2")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert state_of(path.stat()) != state_of(before)


def test_causes() -> None:
    assert cause_of(PermissionError(13, "Permission denied", "a.csv")) == "Permission denied"
    assert cause_of(OSError("Invalid\n data")) == "Invalid data"
    assert cause_of(EOFError()) == "EOFError"
    assert cause_of(ValueError("x" * 999)) == "x" * 200
