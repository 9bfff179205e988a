"""Folders that are there whole or not at all."""

import errno
import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.runtime.sealed_directories import (
    Damaged,
    StoreError,
    discard_damaged,
    facts_of,
    sealed,
    store_errors,
    verified_paths,
)


def make(target, text="content", facts=None):
    with sealed(target, facts or {}) as directory:
        (directory / "result.json").write_text(text)
        (directory / "logits.npz").write_bytes(b"\0" * 10)


def test_what_is_sealed_is_proven(tmp_path):
    make(tmp_path / "new" / "part", facts={"cell": "mini-random"})
    path, other = verified_paths(tmp_path / "new" / "part", "result.json", "logits.npz")
    assert path.read_text() == "content"
    assert other.read_bytes() == b"\0" * 10
    assert facts_of(tmp_path / "new" / "part") == {"cell": "mini-random"}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["part"]


def test_a_newer_one_takes_the_place(tmp_path):
    make(tmp_path / "part", "old")
    make(tmp_path / "part", "new")
    assert verified_paths(tmp_path / "part", "result.json")[0].read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["part"]


def test_what_fails_leaves_the_older_one(tmp_path):
    make(tmp_path / "part", "old")

    def fail():
        with sealed(tmp_path / "part", {}) as directory:
            (directory / "result.json").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert verified_paths(tmp_path / "part", "result.json")[0].read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["part"]


def test_leftovers_of_killed_writers_are_removed_and_no_others(tmp_path):
    others = {".partial.0123abcd", ".part.notes", ".part.0123abcd.old.zip"}
    for name in (".part.0123abcd", ".part.0123abcd.old", *others):
        (tmp_path / name).mkdir()
    make(tmp_path / "part")
    assert {path.name for path in tmp_path.iterdir()} == {"part", *others}


@given(
    name=st.sampled_from(["result.json", "logits.npz"]),
    position=st.integers(0, 6),
    bit=st.integers(0, 7),
)
def test_any_flipped_bit_is_found(tmp_path_factory, name, position, bit):
    target = tmp_path_factory.mktemp("flip") / "part"
    make(target)
    data = bytearray((target / name).read_bytes())
    data[position] ^= 1 << bit
    (target / name).write_bytes(data)
    with pytest.raises(Damaged, match=f"{re.escape(name)} has changed"):
        verified_paths(target, name)


@pytest.mark.parametrize("keep", range(0, 196, 9))
def test_a_cut_index_is_found(tmp_path, keep):
    make(tmp_path / "part")
    index = tmp_path / "part" / "index.json"
    assert keep < len(index.read_bytes())
    index.write_bytes(index.read_bytes()[:keep])
    with pytest.raises(Damaged, match=r"index\.json is not "):
        verified_paths(tmp_path / "part", "result.json")


def test_a_missing_file_and_a_missing_directory_are_found(tmp_path):
    make(tmp_path / "part")
    (tmp_path / "part" / "result.json").unlink()
    with pytest.raises(Damaged, match=r"result\.json is missing"):
        verified_paths(tmp_path / "part", "result.json")
    with pytest.raises(Damaged, match=r"index\.json is missing"):
        verified_paths(tmp_path / "none", "result.json")


def test_a_file_that_was_not_sealed_is_refused(tmp_path):
    make(tmp_path / "part")
    (tmp_path / "part" / "suffix.npz").write_text("came later")
    with pytest.raises(Damaged, match=r"suffix\.npz is missing"):
        verified_paths(tmp_path / "part", "suffix.npz")


def test_what_is_thrown_away_is_reported(tmp_path, caplog):
    make(tmp_path / "part")
    with caplog.at_level(logging.WARNING, "fer_bench"):
        discard_damaged(tmp_path / "part", Damaged("result.json has changed"), "made again")
    assert not (tmp_path / "part").exists()
    assert f"{tmp_path / 'part'} is damaged: result.json " in caplog.text
    assert "and made again" in caplog.text


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "free space .*resumes"),
        (errno.EACCES, "accepted: a readable .*--store"),
    ],
)
def test_errors_of_the_file_system_become_one_line(tmp_path, number, words):
    with pytest.raises(StoreError, match=words) as caught, store_errors(tmp_path):
        raise OSError(number, "what the system says")
    assert "\n" not in str(caught.value)
