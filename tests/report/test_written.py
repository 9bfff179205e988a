"""A report removes and replaces what a report wrote there, and nothing else."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from made_audits import audited

from fer_bench.report import Report, output_files, write_page, write_tables
from fer_bench.report.output_files import MANIFEST, remove_files, write_files
from fer_bench.report.plots import figures
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fer_bench.results.records import Run


@pytest.fixture(scope="module", autouse=True)
def _drawn_once() -> Iterator[None]:
    drawn = cache(figures)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fer_bench.report.plots.figures", lambda run: list(drawn(run)))
        yield


def remove_all(directory: Path) -> None:
    remove_files(directory, lambda name: True)


def texts(directory: Path) -> dict[str, str]:
    return {
        path.relative_to(directory).as_posix(): path.read_text()
        for path in directory.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }


def test_what_was_written_is_replaced_and_removed(tmp_path: Path) -> None:
    files = {"a.md": "one", "figures/b.svg": b"two"}
    assert write_files(tmp_path, files) == [tmp_path / "a.md", tmp_path / "figures" / "b.svg"]
    write_files(tmp_path, {"a.md": "three"})
    assert texts(tmp_path) == {"a.md": "three", "figures/b.svg": "two"}
    remove_files(tmp_path, lambda name: name.startswith("figures/"))
    assert texts(tmp_path) == {"a.md": "three"}
    remove_files(tmp_path, lambda name: True, [tmp_path / "a.md"])
    assert texts(tmp_path) == {"a.md": "three"}
    remove_all(tmp_path)
    assert texts(tmp_path) == {}
    remove_all(tmp_path / "nowhere")


def test_directories_that_removal_empties_are_removed(tmp_path: Path) -> None:
    write_files(tmp_path, {"figures/a.svg": "", "data-sheets/a.png": "", "data-sheets/b.png": ""})
    (tmp_path / "figures" / "own.svg").touch()
    remove_files(tmp_path, lambda name: True, [tmp_path / "data-sheets" / "b.png"])
    assert (tmp_path / "data-sheets").is_dir()
    remove_all(tmp_path)
    assert not (tmp_path / "data-sheets").exists()
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["figures"]


def test_what_was_changed_since_is_kept_and_named(tmp_path: Path, caplog) -> None:
    write_files(tmp_path, {"a.md": "one", "b.md": "two"})
    mine = "one, with notes of mine"
    (tmp_path / "a.md").write_text(mine)
    remove_all(tmp_path)
    assert texts(tmp_path) == {"a.md": mine}
    assert f"{tmp_path / 'a.md'} was kept: " in caplog.text
    assert "has changed since" in caplog.text
    write_files(tmp_path, {"a.md": "three"})
    assert texts(tmp_path) == {"a.md": "three", "a.md.kept-1": mine}
    (tmp_path / "a.md").write_text("again")
    write_files(tmp_path, {"a.md": "four"})
    assert texts(tmp_path)["a.md.kept-2"] == "again"
    assert str(tmp_path / "a.md.kept-2") in caplog.text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("index.html", "<title>Our fer_bench results</title>"),
        ("index.html", "<title>fer_bench on a data set</title>"),
        ("audit.html", "<title>Audit of our records</title>"),
        ("comparison.md", "<!-- fer_bench comparison -->\n# By hand"),
        ("comparison.json", '{"format": "fer_bench comparison"}'),
        ("data-card.md", "# Data card: by hand"),
        ("results.json", '{"fer_bench": {}}'),
        ("tables.md", "# Tables of fer_bench"),
        ("figures/x.png", "fer_bench"),
    ],
)
@pytest.mark.parametrize("manifest", [None, "{", "another file's"])
def test_a_file_of_somebody_else_is_kept_and_named(
    tmp_path: Path, name: str, text: str, manifest: str | None, caplog
) -> None:
    if manifest == "another file's":
        write_files(tmp_path, {"a.md": "ours"})
    elif manifest is not None:
        (tmp_path / MANIFEST).write_text(manifest)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    remove_all(tmp_path)
    assert texts(tmp_path) == {name: text}
    write_files(tmp_path, {name: "ours"})
    assert texts(tmp_path) == {name: "ours", f"{name}.kept-1": text}
    assert f"{tmp_path / name}.kept-1" in caplog.text


def test_what_is_there_already_needs_no_copy(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.md": "one", "b.md": "two"})
    (tmp_path / MANIFEST).unlink()
    (tmp_path / "b.md").write_text("two, with notes of mine")
    for _ in range(2):
        write_files(tmp_path, {"a.md": "one", "b.md": "two"})
        kept = {"b.md.kept-1": "two, with notes of mine"}
        assert texts(tmp_path) == {"a.md": "one", "b.md": "two", **kept}


def test_links_and_pipes_are_set_aside_and_not_followed(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("precious")
    directory = tmp_path / "report"
    directory.mkdir()
    (directory / "a.md").symlink_to(mine)
    (directory / "b.md").symlink_to(directory / "b.md")
    os.mkfifo(directory / "c.md")
    os.mkfifo(directory / MANIFEST)
    write_files(directory, dict.fromkeys(("a.md", "b.md", "c.md"), "ours"))
    assert mine.read_text() == "precious"
    assert [(directory / f"{name}.md").read_text() for name in "abc"] == ["ours"] * 3
    (directory / "a.md").unlink()
    (directory / "a.md").symlink_to(mine)
    remove_all(directory)
    assert (directory / "a.md").is_symlink()


def test_without_a_list_what_was_written_is_kept_once(tmp_path: Path, run: Run) -> None:
    made = {path: path.read_bytes() for path in write_tables(tmp_path, Report.of(run))}
    (tmp_path / MANIFEST).unlink()
    for _ in range(2):
        again = write_tables(tmp_path, Report.of(dataclasses.replace(run, cells=run.cells[2:])))
        changed = [path for path in again if path.read_bytes() != made[path]]
        kept = [path.with_name(f"{path.name}.kept-1") for path in changed]
        assert kept
        there = {path for path in tmp_path.rglob("*") if path.is_file()}
        assert there == {*made, *kept, tmp_path / MANIFEST}


def test_images_of_ones_own_stay(tmp_path: Path, run: Run, caplog) -> None:
    report, audit = Report.of(run), audited().prepared()
    write_page(tmp_path, report, audit)
    mine = {
        "data-sheets/near.png": "mine, in the place of a sheet",
        "data-sheets/own.png": "mine",
        "figures/figure-5-mobilenet.png": "mine, in the place of a figure",
    }
    for name, text in mine.items():
        (tmp_path / name).write_text(text)
    copy = tmp_path / "figures" / "for-the-talk.svg"
    shutil.copy(tmp_path / "figures" / "figure-5-mobilenet.svg", copy)
    write_page(tmp_path, Report.of(dataclasses.replace(run, cells=run.cells[2:])))
    assert {name: (tmp_path / name).read_text() for name in mine} == mine
    assert copy.exists()
    assert not (tmp_path / "figures" / "figure-5-mobilenet.svg").exists()
    assert sum("was kept" in line for line in caplog.messages) == 2


@given(
    st.text()
    | st.recursive(
        st.none() | st.text() | st.sampled_from(["fer_bench report files 1", "../mine", "a.md"]),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["format", "files", "../mine", "/mine", "a/../../mine", "a.md"]),
                inner,
            )
        ),
    ).map(json.dumps)
)
def test_no_list_reaches_beyond_its_directory(tmp_path_factory, content: str) -> None:
    root = tmp_path_factory.mktemp("forged")
    (root / "mine").write_text("")
    directory = root / "report"
    directory.mkdir()
    (directory / MANIFEST).write_text(content)
    remove_all(directory)
    write_files(directory, {"a.md": "ours"})
    assert (root / "mine").exists()
    assert (directory / "a.md").read_text() == "ours"


@given(st.dictionaries(st.text(max_size=400), st.text()))
@example({"\ud800": "", "figures/\udcff": "", "a" * 300: "", "a.md/b": "", "a.md\0": ""})
def test_any_names_may_stand_in_a_list(tmp_path_factory, names: dict[str, str]) -> None:
    directory = tmp_path_factory.mktemp("listed")
    write_files(directory, {"a.md": "ours"})
    noted = json.loads((directory / MANIFEST).read_text())
    noted["files"] = {**names, **noted["files"]}
    (directory / MANIFEST).write_text(json.dumps(noted))
    write_files(directory, {"a.md": "again"})
    assert texts(directory) == {"a.md": "again"}
    remove_all(directory)
    assert texts(directory) == {}
    assert json.loads((directory / MANIFEST).read_text())["files"].keys().isdisjoint(["a.md"])


@pytest.mark.parametrize("name", ["../mine", "/mine", "..", "figures/../../mine"])
def test_a_forged_list_reaches_not_beyond_its_directory(tmp_path: Path, name: str) -> None:
    directory = tmp_path / "report"
    write_files(directory, {"a.md": "ours"})
    (tmp_path / "mine").write_text("ours")
    noted = json.loads((directory / MANIFEST).read_text())
    target = str(tmp_path / "mine") if name == "/mine" else name
    noted["files"][target] = noted["files"]["a.md"]
    (directory / MANIFEST).write_text(json.dumps(noted))
    remove_all(directory)
    assert (tmp_path / "mine").exists()
    assert not (directory / "a.md").exists()


def test_files_of_a_process_that_was_killed_are_known(tmp_path: Path, monkeypatch) -> None:
    report = tmp_path / "report"
    write_files(report, {"a.md": "one", "b.md": "one"})
    states = []

    def write(path: Path, content: str | bytes) -> None:
        write_atomically(path, content)
        states.append(tmp_path / f"killed-{len(states)}")
        shutil.copytree(report, states[-1])

    monkeypatch.setattr(output_files, "write_atomically", write)
    write_files(report, {"a.md": "two", "b.md": "two", "c.md": "two"})
    monkeypatch.undo()
    assert len(states) == 5
    for directory in states:
        write_files(directory, {"a.md": "three", "b.md": "three"})
        left = {"c.md": "two"} if (directory / "c.md").exists() else {}
        assert texts(directory) == {"a.md": "three", "b.md": "three", **left}
        remove_all(directory)
        assert texts(directory) == {}


def test_what_was_replaced_is_known_no_longer(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.md": "one"})
    write_files(tmp_path, {"a.md": "two"})
    (tmp_path / "a.md").write_text("one")
    write_files(tmp_path, {"a.md": "three"})
    assert texts(tmp_path) == {"a.md": "three", "a.md.kept-1": "one"}


def test_without_room_for_the_list_the_files_are_written(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).mkdir()
    with pytest.raises(FerBenchError, match=re.escape(MANIFEST)):
        write_files(tmp_path, {"a.md": "one"})
    assert texts(tmp_path) == {"a.md": "one"}


def test_a_write_that_fails_half_way_notes_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "b.md").mkdir()
    with pytest.raises(FerBenchError, match=r"cannot write .*b\.md"):
        write_files(tmp_path, {"a.md": "one", "b.md": "two"})
    remove_all(tmp_path)
    assert texts(tmp_path) == {}
    assert (tmp_path / "b.md").is_dir()
