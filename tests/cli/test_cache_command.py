"""``fer-bench cache``: what lies in the cache folder, and what of it goes."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from made_caches import SAMPLE, fill, keep, write_and_die
from made_images import dataset_of, patterns

from fer_bench import cli
from fer_bench.data import array_cache, stratified_rows
from fer_bench.runtime.sealed_directories import sealed
from fer_bench.training.store import inventory
from fer_bench.training.store.inventory import BROUGHT, CACHED

DIGEST = "0" * 64

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def filled(tmp_path, cache) -> dict[str, Path]:
    """Files of each kind outside the store, and a result of an older run in it."""
    with sealed(cache / "store" / "results" / DIGEST, {}) as directory:
        (directory / "result.json").write_text("{}")
    return {**fill(tmp_path, cache), "results": cache / "store" / "results" / DIGEST}


def run(*arguments):
    return CliRunner().invoke(cli.main, ["cache", *map(str, arguments)])


def left(filled):
    return {kind for kind, path in filled.items() if path.exists()}


def row(output, kind):
    """Return the words of the one line of a kind."""
    (line,) = (line for line in output.splitlines() if line.startswith(f"{kind} "))
    return line.split()


class TestList:
    def test_nothing_is_there_and_nothing_made(self, cache):
        done = run("list")
        assert (done.exit_code, done.stderr) == (0, "")
        assert done.stdout.startswith(f"nothing is stored in {cache}; ")
        assert done.stdout.count("\n") == 1
        assert not cache.exists()

    @pytest.mark.usefixtures("filled")
    def test_the_tables_fit_a_narrow_terminal(self, monkeypatch):
        monkeypatch.setenv("COLUMNS", "80")
        tables = [line for line in run("list").stdout.splitlines() if "  " in line]
        assert len(tables) > 6
        assert max(map(len, tables)) <= 80

    def test_each_kind_has_its_line(self, cache, filled):
        done = run("list")
        assert (done.exit_code, done.stderr) == (0, "")
        for kind, what in {**CACHED, **BROUGHT}.items():
            size = filled[kind].stat().st_size
            shown = f"{size / 1024:.1f} KiB" if size >= 1024 else f"{size} B"
            state = "complete" if kind in CACHED else "never removed"
            words = row(done.stdout, kind)
            assert words[1:-2] == [*what.split(), *state.split(), *shown.split()]
        assert done.stdout.splitlines()[-1].startswith("6 entries, ")
        assert f" in {cache}; " in done.stdout
        # The largest first.
        kinds = [line.partition(" ")[0] for line in done.stdout.splitlines()]
        sizes = [filled[kind].stat().st_size for kind in kinds if kind in (*CACHED, *BROUGHT)]
        assert len(sizes) == 5
        assert sizes == sorted(sizes, reverse=True)

    def test_alike_entries_are_counted(self, tmp_path, cache, filled, monkeypatch):
        keep(tmp_path / "more.csv", cache)
        with monkeypatch.context() as newer:
            newer.setattr(array_cache, "_FORMAT", "fer_bench arrays 0")
            keep(tmp_path / "new.csv", cache)
            lines = run("list").stdout.splitlines()
        parsed = [line for line in lines if line.startswith("parsed ")]
        assert len(parsed) == 2
        assert sum(", 2 entries" in line and "unusable" in line for line in parsed) == 1

    def test_a_store_alone(self, tmp_path, filled):
        done = run("list", "--store", tmp_path / "other")
        assert done.stdout.startswith(f"nothing is stored in {tmp_path / 'other'}; ")
        assert done.stdout.count("\n") == 1

    def test_a_cache_that_cannot_be_read_is_one_line(self, cache):
        cache.mkdir()
        (cache / "twins").touch()
        done = run("list")
        assert done.exit_code == 1
        assert done.stderr.startswith(f"Error: {str(cache / 'twins')!r}: ")
        assert "Not a directory" in done.stderr
        assert done.stderr.count("\n") == 1


class TestClear:
    def test_all_that_runs_make_again(self, cache, filled):
        done = run("clear")
        assert (done.exit_code, done.stderr) == (0, "")
        assert left(filled) == {*BROUGHT, "locks"}
        assert f"removed parsed: {CACHED['parsed']} (" in done.stdout
        last = done.stdout.splitlines()[-1]
        assert last.startswith("removed 4 entries, ")
        assert last.endswith(f" from {cache}")

    @pytest.mark.parametrize(
        "kinds", [["parsed"], ["draws"], ["duplicates"], ["duplicates", "parsed"]]
    )
    def test_kinds_next_to_the_store(self, cache, filled, kinds):
        done = run("clear", *kinds)
        assert done.exit_code == 0
        assert left(filled) == filled.keys() - set(kinds)
        assert str(cache / "store") not in done.stdout

    def test_a_kind_by_its_former_name(self, filled):
        done = run("clear", "twins")
        assert done.exit_code == 0
        assert done.stdout.startswith("removed duplicates: ")
        assert left(filled) == filled.keys() - {"duplicates"}

    def test_kinds_of_the_store(self, filled):
        done = run("clear", "results")
        assert done.exit_code == 0
        assert left(filled) == filled.keys() - {"results"}

    def test_kinds_of_both(self, filled):
        run("clear", "results", "draws")
        assert left(filled) == filled.keys() - {"results", "draws"}

    def test_a_run_makes_it_again(self, cache, filled):
        run("clear", "draws")
        stratified_rows(dataset_of(patterns(28)), SAMPLE, 42, cache)
        assert filled["draws"].exists()

    def test_a_store_alone(self, tmp_path, filled):
        other = tmp_path / "other"
        with sealed(other / "results" / DIGEST, {}):
            pass
        done = run("clear", "--store", other)
        assert done.exit_code == 0
        assert inventory.entries(other) == []
        assert left(filled) == set(filled)

    def test_what_may_be_being_written_stays_and_is_named(self, filled, snapshot):
        part = write_and_die(filled["duplicates"])
        done = run("clear")
        assert done.exit_code == 0
        assert part.exists()
        assert done.stderr == snapshot

    @pytest.mark.parametrize(
        ("arguments", "facts", "accepted"),
        [
            (["drawn"], ["'drawn' is unknown"], [*inventory.KINDS, *CACHED]),
            (["parsed", "datasets"], ["'datasets' is never"], [*inventory.KINDS, *CACHED]),
            (["structures"], ["'structures' is never"], [*inventory.KINDS, *CACHED]),
            (
                ["parsed", "--store=x"],
                ["'parsed' is not in the store", "; or leave out --store"],
                inventory.KINDS,
            ),
        ],
    )
    def test_other_names_are_refused_and_nothing_goes(self, filled, arguments, facts, accepted):
        done = run("clear", *arguments)
        assert done.exit_code == 2
        for fact in facts:
            assert fact in done.stderr
        text = done.stderr.partition("; accepted: ")[2].partition(";")[0]
        assert text.strip().split(", ") == list(accepted)
        assert left(filled) == set(filled)

    def test_the_place_of_named_data_is_shown(self, cache, filled):
        assert f"; delete {str(cache / 'datasets')!r} yourself" in run("clear", "datasets").stderr


class TestPrune:
    def test_what_a_run_can_use_stays(self, cache, filled):
        done = run("prune")
        assert (done.exit_code, done.stderr) == (0, "")
        assert left(filled) == filled.keys() - {"results"}  # which is of no run's
        last = done.stdout.splitlines()[-1]
        assert last.startswith("removed 1 entry, ")
        assert last.endswith(f" from {cache}")
        assert run("prune").stdout == f"nothing to remove in {cache}\n"

    def test_the_rest_goes_and_is_named(self, tmp_path, cache, filled, monkeypatch, snapshot):
        part = write_and_die(filled["draws"])
        os.utime(part, (0, time.time() - 25 * 60 * 60))
        os.truncate(filled["duplicates"], 100)
        monkeypatch.setattr(array_cache, "_FORMAT", "fer_bench arrays 0")
        new = keep(tmp_path / "new.csv", cache)
        done = run("prune")
        assert done.exit_code == 0
        assert not part.exists()
        assert new.exists()
        assert left(filled) == {"datasets", "structures", "locks"}
        # The size of the older file depends on what compressed it.
        text = re.sub(r"[\d.]+ KiB", "SIZE", done.stdout)
        kinds = ("removed parsed:", "removed draws:", "removed duplicates:")
        assert [line for line in text.splitlines() if line.startswith(kinds)] == snapshot

    def test_a_store_alone(self, tmp_path, filled):
        os.truncate(filled["duplicates"], 100)
        assert run("prune", "--store", tmp_path / "other").exit_code == 0
        assert filled["duplicates"].exists()


def test_the_help_names_each_kind():
    group, clear = run("--help").output, run("clear", "--help").output
    for kind in (*CACHED, *BROUGHT):
        assert f"\n  {kind} " in group
        assert kind in clear
    for kind in inventory.KINDS:
        assert kind in clear
