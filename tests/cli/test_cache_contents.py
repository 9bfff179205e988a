"""Entries of the cache directory outside the store, and their removal."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner
from made_caches import fill, keep, remember, write_and_die

from fer_bench import cli
from fer_bench.data import array_cache, fer2013
from fer_bench.models.builders import structure_files
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import write_atomically
from fer_bench.training.store import inventory
from fer_bench.training.store.inventory import BROUGHT, CACHED, Entry, remove

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ALL = (*CACHED, *BROUGHT)


def entries(cache: Path, kinds: Iterable[str] = ALL) -> list[Entry]:
    return inventory.entries(cache / "store", cache, tuple(kinds))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def filled(tmp_path: Path, cache: Path) -> dict[str, Path]:
    return fill(tmp_path, cache)


def test_no_directory_is_empty(cache: Path) -> None:
    assert entries(cache, ALL) == []
    assert not cache.exists()


def test_what_runs_write_is_found_and_of_use(cache: Path, filled: dict[str, Path]) -> None:
    found = entries(cache, ALL)
    assert {entry.kind: entry.path for entry in found} == {
        **{kind: filled[kind] for kind in CACHED},
        **{kind: cache / kind for kind in BROUGHT},
    }
    for entry in found:
        assert entry.size == filled[entry.kind].stat().st_size > 0
        assert (entry.useless, entry.unfinished) == ("", False)


def test_runs_look_for_the_files_there(
    cache: Path, filled: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in (fer2013.DATA_VARIABLE, structure_files.STRUCTURES_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    assert fer2013.find_fer2013(cache)[0] == filled["datasets"]
    assert structure_files.find("openface", ("deepface",)) == filled["structures"]


def test_an_image_folder_is_looked_into(cache: Path) -> None:
    image = cache / "datasets" / "train" / "happy" / "a.png"
    image.parent.mkdir(parents=True)
    image.write_bytes(b"12345")
    image.with_name("b.png").symlink_to("a.png")
    (found,) = entries(cache, ["datasets"])
    assert found.size == 5 + len("a.png")


def test_what_others_put_there_is_not_ours(cache: Path, filled: dict[str, Path]) -> None:
    for kind in CACHED:
        (cache / kind / "face.npz").touch()
        (cache / kind / "fer2013.csv").touch()
        (cache / kind / f"{0:064}.npz").mkdir()
        (cache / kind / f"{1:064}.npz").symlink_to(filled[kind])
    assert {entry.path for entry in entries(cache, CACHED)} == {filled[kind] for kind in CACHED}


@pytest.mark.parametrize("kind", CACHED)
@pytest.mark.parametrize("name", [f"{0:064}.npz", f"{0:024}.npz", "thesis.txt"])
@pytest.mark.parametrize("command", ["prune", "clear"])
def test_what_does_not_begin_as_ours_is_kept_and_named(
    cache: Path, kind: str, name: str, command: str
) -> None:
    mine = cache / kind / name
    mine.parent.mkdir(parents=True)
    np.savez(mine.with_name("x.npz"), images=np.zeros(3))
    mine.with_name("x.npz").replace(mine)
    before = mine.read_bytes()
    done = CliRunner().invoke(cli.main, ["cache", command])
    assert done.exit_code == 0
    assert "kept 1 path that " in done.stderr
    assert f"did not write: {str(mine)!r}" in done.stderr
    assert mine.read_bytes() == before


@pytest.mark.parametrize("kind", CACHED)
@pytest.mark.parametrize("what", ["pipe", "link", "loop", "directory", "file"])
def test_something_else_in_the_place_of_an_entry_is_kept_and_not_waited_for(
    tmp_path: Path, cache: Path, kind: str, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    entry = fill(tmp_path, cache)[kind]
    entry.unlink()
    mine = tmp_path / "mine"
    mine.write_text("precious")
    match what:
        case "pipe":
            os.mkfifo(entry)
        case "directory":
            entry.mkdir()
        case "file":
            entry.write_text("precious")
        case _:
            entry.symlink_to(mine if what == "link" else entry)
    for command in ("list", "prune", "clear"):
        done = CliRunner().invoke(cli.main, ["cache", command])
        assert done.exit_code == 0
    assert os.path.lexists(entry)
    remember(tmp_path, cache)
    assert [found.useless for found in entries(cache, [kind])] == [""]
    assert os.path.lexists(entry.with_name(f"{entry.name}.kept-1"))
    assert mine.read_text() == "precious"
    assert "not written by fer_bench" in caplog.text
    assert f"{entry.name}.kept-1" in caplog.text


def test_entries_under_a_former_name_are_of_no_use(cache: Path, filled: dict[str, Path]) -> None:
    (cache / "duplicates").rename(cache / "twins")
    (found,) = entries(cache, ["duplicates"])
    assert found.path.parent == cache / "twins"
    assert "another version" in found.useless
    assert remove([found]).removed == [found]


def test_an_entry_of_another_version_is_of_no_use(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(array_cache, "_FORMAT", "fer_bench arrays 0")
        old = keep(tmp_path / "old.csv", cache)
    new = keep(tmp_path / "new.csv", cache)
    found = {entry.path: entry.useless for entry in entries(cache, CACHED)}
    assert found.keys() == {old, new}
    assert "another version" in found[old]
    assert found[new] == ""


@pytest.mark.parametrize("kind", CACHED)
def test_an_entry_that_is_not_whole_is_of_no_use(
    cache: Path, filled: dict[str, Path], kind: str
) -> None:
    os.truncate(filled[kind], filled[kind].stat().st_size // 2)
    found = {entry.kind: entry.useless for entry in entries(cache, CACHED)}
    assert found == {**dict.fromkeys(CACHED, ""), kind: "incomplete"}


def test_what_this_user_may_not_read_is_not_called_useless(
    cache: Path, filled: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("fer_bench.data.formats.npz_arrays.open_regular", refuse)
    assert [entry.useless for entry in entries(cache, CACHED)] == [""] * 3


def test_what_a_killed_process_left_goes_after_a_day(cache: Path, filled: dict[str, Path]) -> None:
    left = write_and_die(filled["draws"])
    (found,) = (entry for entry in entries(cache, CACHED) if entry.path == left)
    assert (found.useless, found.unfinished) == ("", True)
    assert remove([found]) == ([], [found], [])
    os.utime(left, (0, time.time() - 25 * 60 * 60))
    (found,) = (entry for entry in entries(cache, CACHED) if entry.path == left)
    assert "killed" in found.useless
    assert remove([found]) == ([found], [], [])
    assert not left.exists()


def test_a_file_that_is_being_written_stays_and_is_finished(
    cache: Path, filled: dict[str, Path]
) -> None:
    def write(file) -> None:
        done = remove(entries(cache, CACHED))
        assert {entry.path for entry in done.removed} == {filled[kind] for kind in CACHED}
        assert [entry.unfinished for entry in done.in_use] == [True]
        file.write(b"whole")

    write_atomically(filled["duplicates"], write)
    assert filled["duplicates"].read_bytes() == b"whole"


def test_files_may_vanish_while_they_are_looked_at(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [keep(tmp_path / f"{n}.csv", cache) for n in range(3)]

    def look(path: Path) -> str:
        for other in kept:
            other.unlink()
        return useless(path)

    useless = array_cache.useless
    monkeypatch.setattr(array_cache, "useless", look)
    found = entries(cache, CACHED)
    assert [entry.path for entry in found] == [min(kept)]
    assert found[0].useless == ""
    assert remove(found) == ([], [], [])


def test_a_file_in_a_directorys_place_is_one_line(cache: Path) -> None:
    cache.mkdir()
    (cache / "draws").touch()
    with pytest.raises(FerBenchError) as raised:
        entries(cache, CACHED)
    assert raised.value.path == cache / "draws"
    assert "(Not a directory)" in raised.value.problem
    assert raised.value.accepted


def test_a_directory_that_may_not_be_written_to_is_one_line(
    cache: Path, filled: dict[str, Path], read_only
) -> None:
    read_only(cache / "parsed")
    with pytest.raises(FerBenchError, match=re.escape(str(cache / "parsed"))) as raised:
        remove(entries(cache, ["parsed"]))
    assert raised.value.hint.endswith("FER_BENCH_CACHE")
    assert filled["parsed"].exists()
