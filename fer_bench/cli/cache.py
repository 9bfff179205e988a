"""``fer-bench cache``: show the content of the cache directory, and free it."""

from __future__ import annotations

import shutil
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from fer_bench.cli.click_types import NonEmptyPath
from fer_bench.runtime.cache_directory import cache_root
from fer_bench.runtime.errors import FerBenchError, bytes_shown, listed
from fer_bench.runtime.terminal import echo, echo_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from fer_bench.cli import cache_files
    from fer_bench.training.store import inventory

_STORE = click.option(
    "--store",
    type=NonEmptyPath(file_okay=False),
    metavar="DIR",
    help="Directory of the store, as the benchmark's option --store; nothing else is included. "
    "Default: 'store' in the cache directory, and the rest of the cache directory.",
)


@click.group("cache", short_help="Show and remove what earlier runs stored.")
def command() -> None:
    """Show and remove what earlier runs stored.

    The store, which --store names, holds frozen features, checkpoints, results, and predictions for
    other data sets (cross-tests). By default it is in the cache directory, which FER_BENCH_CACHE
    names. The cache directory also holds:

    \b
    parsed      data sets as read from csv files, archives and directories
    draws       splits and samples
    duplicates  groups of duplicate images, in the directory 'twins'
    datasets    FER2013, put there or downloaded
    structures  networks that 'fer-bench export-backbone' wrote

    The first three serve runs with any store, and runs recreate them if they are missing. The last
    two are shown but never removed, because recreating them needs a download or another machine, or
    they are your own: delete them yourself. Downloaded weights are elsewhere: 'fer-bench weights
    where' lists the places.

    With --store, each command applies to that store only.
    """  # noqa: D301 - click's mark to keep the lines of the table


@command.command("list", short_help="Show what is stored, largest first.")
@_STORE
def show(store: Path | None) -> None:
    """Show what is stored, largest first, and the rest of the cache directory.

    'fer-bench cache prune' removes what is unusable.
    """
    directory = _store_directory(store)
    found = _show_store(directory)
    where = next(place for place in (directory, *directory.parents) if place.exists())
    free = bytes_shown(shutil.disk_usage(where).free)
    echo(f"{_total(found)} in {directory}; {free} free on its disk")
    if store is None:
        _show_outside_store()


@command.command(short_help="Remove what no run can use again.")
@_STORE
def prune(store: Path | None) -> None:
    """Remove what no run can use again.

    In the store: what was made with other versions of the libraries, left behind by killed
    processes, is incomplete, or is a checkpoint of a finished cell.

    In the rest of the cache directory: what another version of fer_bench wrote, what is incomplete,
    and what killed processes left behind at least a day ago. Entries do not name the data that they
    belong to, so those of data that has changed or is gone stay; 'fer-bench cache clear' removes
    them.

    Content is not verified: damaged content is found when a run uses it.
    """
    from fer_bench.cli import cache_files
    from fer_bench.training.store import inventory

    directory = _store_directory(store)
    _remove(directory, [entry for entry in inventory.entries(directory) if entry.useless])
    if store is None:
        found = _outside_store(cache_files.MADE)
        _remove_outside_store([entry for entry in found if entry.useless], cache_files.MADE)


@command.command(short_help="Remove everything, or all of some kinds.")
@click.argument("kinds", nargs=-1, metavar="[KIND]...")
@_STORE
def clear(kinds: tuple[str, ...], store: Path | None) -> None:
    """Remove everything that later runs can recreate, or all of the KINDs named.

    A KIND is 'features', 'checkpoints', 'results' or 'cross-tests', which are in the store, or
    'parsed', 'draws' or 'duplicates', which are next to it. The directories 'datasets' and
    'structures' always stay.
    """
    from fer_bench.cli import cache_files
    from fer_bench.training.store import inventory

    kinds = tuple(cache_files.FORMER_NAMES.get(kind, kind) for kind in kinds)
    accepted = (*inventory.KINDS, *(cache_files.MADE if store is None else ()))
    for kind in kinds:
        if kind not in accepted:
            raise click.UsageError(str(_unknown_kind(kind, accepted)))
    directory = _store_directory(store)
    if not kinds or any(kind in inventory.KINDS for kind in kinds):
        found = inventory.entries(directory)
        _remove(directory, [entry for entry in found if not kinds or entry.kind in kinds])
    outside = [kind for kind in cache_files.MADE if not kinds or kind in kinds]
    if outside and store is None:
        _remove_outside_store(_outside_store(outside), outside)


def _unknown_kind(kind: str, accepted: Collection[str]) -> FerBenchError:
    from fer_bench.cli import cache_files

    problem, hint = f"{kind!r} is unknown", ""
    if kind in cache_files.MADE:
        problem, hint = f"{kind!r} is not in the store", "or leave out --store"
    elif kind in cache_files.BROUGHT:
        problem, hint = (
            f"{kind!r} is never removed",
            f"delete {str(cache_root() / kind)!r} yourself",
        )
    return FerBenchError(problem, ", ".join(accepted), hint)


def _store_directory(store: Path | None) -> Path:

    return store if store is not None else cache_root() / "store"


def _show_store(directory: Path) -> list[inventory.Entry]:
    from fer_bench.training.store import inventory

    found = inventory.entries(directory)
    rows = [
        (
            entry.kind,
            entry.what,
            f"unusable: {entry.useless}" if entry.useless else entry.state,
            bytes_shown(entry.size),
            _written(entry.written),
        )
        for entry in found
    ]
    _show(("kind", "what", "state", "size", "written"), rows, ("size",))
    return found


def _written(time: float) -> str:
    """Format a file time, which may be out of range, in the local time zone."""
    try:
        return datetime.fromtimestamp(time, timezone.utc).astimezone().strftime("%F %R")
    except (ValueError, OverflowError, OSError):
        return "unknown"


def _outside_store(kinds: Iterable[str]) -> list[cache_files.Entry]:
    from fer_bench.cli import cache_files

    return cache_files.entries(cache_root(), kinds)


def _show_outside_store() -> None:
    from fer_bench.cli import cache_files

    purposes = {**cache_files.MADE, **cache_files.BROUGHT}
    found = _outside_store(purposes)
    by_kind = {kind: [entry for entry in found if entry.kind == kind] for kind in purposes}
    rows = [
        (
            kind,
            purposes[kind],
            str(len(of_kind)),
            str(sum(bool(entry.useless) for entry in of_kind) or ""),
            bytes_shown(_bytes(of_kind)),
        )
        for kind, of_kind in sorted(by_kind.items(), key=lambda item: -_bytes(item[1]))
        if of_kind
    ]
    echo()
    _show(("kind", "what", "files", "unusable", "size"), rows, ("files", "unusable", "size"))
    echo(f"{_total(found, 'file')} outside the store in {cache_root()}")


def _show(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[str]) -> None:
    from fer_bench.cli.printed_table import table_text

    if rows:
        echo_lines(table_text(headings, rows, right=right, wrapped=("what", "state")) + "\n")


def _remove(directory: Path, chosen: Sequence[inventory.Entry]) -> None:
    from fer_bench.training.store import inventory

    others = inventory.foreign_paths(directory)
    done = inventory.remove(directory, chosen)
    for entry in done.removed:
        why = f": {entry.useless}" if entry.useless else ""
        echo(f"removed {entry.kind} {entry.what} ({bytes_shown(entry.size)}){why}")
    for entry in done.in_use:
        echo(f"kept {entry.kind} {entry.what}: a process is using it", err=True)
    for path in done.kept:
        echo(f"kept {str(path)!r}: it contains files that fer_bench did not write", err=True)
    _show_kept(others)
    echo(f"removed {_total(done.removed)} from {directory}")


def _show_kept(others: Sequence[Path]) -> None:
    if others:
        names = listed([repr(str(path)) for path in others], 5)
        paths = "path" if len(others) == 1 else "paths"
        echo(f"kept {len(others):,} {paths} that fer_bench did not write: {names}", err=True)


def _remove_outside_store(chosen: Sequence[cache_files.Entry], kinds: Collection[str]) -> None:
    from fer_bench.cli import cache_files

    others = cache_files.foreign_paths(cache_root(), kinds)
    removed, stays = cache_files.remove(cache_root(), chosen)
    for kind, useless in dict.fromkeys((entry.kind, entry.useless) for entry in removed):
        alike = [entry for entry in removed if (entry.kind, entry.useless) == (kind, useless)]
        why = f": {useless}" if useless else ""
        echo(f"removed {kind} ({_total(alike, 'file')}){why}")
    for entry in stays:
        why = "a process may be writing it" if entry.unfinished else "it has just been written"
        echo(f"kept {entry.kind} {entry.path.name}: {why}", err=True)
    _show_kept(others)
    echo(f"removed {_total(removed, 'file')} outside the store in {cache_root()}")


def _total(entries: Sequence[inventory.Entry | cache_files.Entry], one: str = "part") -> str:
    counted = f"{len(entries):,} {one}{'' if len(entries) == 1 else 's'}"
    return f"{counted}, {bytes_shown(_bytes(entries))}"


def _bytes(entries: Iterable[inventory.Entry | cache_files.Entry]) -> int:
    return sum(entry.size for entry in entries)
