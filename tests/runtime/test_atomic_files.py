from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from fer_bench.runtime import files
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import read_regular, write_atomically

if TYPE_CHECKING:
    from pathlib import Path


def test_text_is_written_as_utf8_with_its_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "tables.md"
    write_atomically(path, "1\N{EN DASH}5\r\nÄ\n")
    assert path.read_bytes() == b"1\xe2\x80\x935\r\n\xc3\x84\n"


def test_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    write_atomically(path, b"\x00\xff\r\n")
    assert path.read_bytes() == b"\x00\xff\r\n"


def test_pieces_are_written_as_they_come(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old, and longer")

    def write(file) -> None:
        file.write(b"one")
        assert path.read_text() == "old, and longer"
        file.write(b"two")

    write_atomically(path, write)
    assert path.read_text() == "onetwo"
    assert list(tmp_path.iterdir()) == [path]


def test_pieces_that_do_not_all_come_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")

    def write(file) -> None:
        file.write(b"one")
        raise MemoryError

    with pytest.raises(MemoryError):
        write_atomically(path, write)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old, and longer")
    write_atomically(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_missing_directories_are_made(tmp_path: Path) -> None:
    path = tmp_path / "report" / "today" / "tables.csv"
    write_atomically(path, "x")
    assert path.read_text() == "x"


def test_the_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("x")
    write_atomically(tmp_path / "atomic", "x")
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_failing_write_leaves_the_old_file_and_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "disk full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FerBenchError, match="cannot write ") as raised:
        write_atomically(path, "new")
    assert repr(str(path)) in raised.value.problem
    assert raised.value.problem.endswith(": disk full")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_write_leaves_the_old_file_and_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_text("old")

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_text_that_is_not_unicode_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\udc80")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_directory_in_the_way_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "tables.md").mkdir()
    with pytest.raises(FerBenchError, match="cannot write") as raised:
        write_atomically(tmp_path / "tables.md", "x")
    assert "\n" not in str(raised.value)
    assert [entry.name for entry in tmp_path.iterdir()] == ["tables.md"]


def test_a_file_in_place_of_the_directory_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("not a folder")
    with pytest.raises(FerBenchError, match="cannot write") as raised:
        write_atomically(tmp_path / "report" / "tables.md", "x")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("error", "times", "is_read"),
    [
        (errno.ESTALE, 9, True),
        (errno.ESTALE, 10, False),
        (errno.EIO, 1, False),
    ],
)
def test_a_file_that_is_replaced_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch, error: int, times: int, is_read: bool
) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b"{}")
    left = [OSError(error, "replaced")] * times
    really = files.open_regular

    def stale(path: Path):
        if left:
            raise left.pop()
        return really(path)

    monkeypatch.setattr(files, "open_regular", stale)
    if is_read:
        assert read_regular(path, 10) == b"{}"
    else:
        with pytest.raises(OSError, match="replaced") as caught:
            read_regular(path, 10)
        assert caught.value.errno == error
    assert not left
