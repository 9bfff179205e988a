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
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from fer_bench.training.store import inventory

_STORE = click.option(
    "--store",
    type=NonEmptyPath(file_okay=False),
    metavar="DIR",
    help="Directory of the store, as the benchmark's option --store; nothing else is included. "
    "Default: the cache directory with the store in it.",
)


@click.group("cache", short_help="Show and remove what earlier runs stored.")
def command() -> None:
    """Show and remove what earlier runs stored.

    The cache directory, which FER_BENCH_CACHE names, holds:

    \b
    features     outputs of frozen layers
    checkpoints  unfinished training
    results      finished cells
    cross-tests  predictions for other data sets
    parsed       data sets as read from csv files, archives and directories
    draws        splits and samples
    duplicates   groups of duplicate images
    datasets     FER2013, put there or downloaded
    structures   networks that 'fer-bench export-backbone' wrote

    The first four are the store, which --store may name elsewhere; with it, each command applies
    to that store only. Runs recreate all but the last two if they are missing. These are shown but
    never removed, because recreating them needs a download or another machine, or they are your
    own: delete them yourself. Downloaded weights are elsewhere: 'fer-bench weights where' lists the
    places.
    """  # noqa: D301 - click's mark to keep the lines of the table


@command.command("list", short_help="Show what is stored, largest first.")
@_STORE
def show(store: Path | None) -> None:
    """Show what is stored, largest first.

    'fer-bench cache prune' removes what is unusable.
    """
    from fer_bench.cli.printed_table import table_text
    from fer_bench.training.store import inventory

    found = inventory.entries(*_places(store))
    rows = [
        (kind, what, state, bytes_shown(_bytes(alike)), _written(alike))
        for (kind, what, state), alike in _alike(found).items()
    ]
    if rows:
        headings = ("kind", "what", "state", "size", "written")
        text = table_text(headings, rows, right=("size",), wrapped=("what", "state"))
        echo_lines(f"{text}\n")
    directory = store or cache_root()
    existing = next(place for place in (directory, *directory.parents) if place.exists())
    free = bytes_shown(shutil.disk_usage(existing).free)
    total = f"{_total(found)} in" if found else "nothing is stored in"
    echo(f"{total} {directory}; {free} free on its disk")


@command.command(short_help="Remove what no run can use again.")
@_STORE
def prune(store: Path | None) -> None:
    """Remove what no run can use again.

    That is what other versions of the libraries or of fer_bench made, what is incomplete, the
    checkpoints of finished cells, and what killed processes left behind: in the store at once,
    elsewhere after a day.

    Cached data does not name its source, so that of sources that have changed or are gone stays;
    'fer-bench cache clear' removes it. Content is not verified: damaged content is found when a run
    uses it.
    """
    from fer_bench.training.store import inventory

    _remove(store, [entry for entry in inventory.entries(*_places(store)) if entry.useless])


@command.command(short_help="Remove everything, or all of some kinds.")
@click.argument("kinds", nargs=-1, metavar="[KIND]...")
@_STORE
def clear(kinds: tuple[str, ...], store: Path | None) -> None:
    """Remove everything that later runs can recreate, or all of the KINDs named.

    A KIND is 'features', 'checkpoints', 'results' or 'cross-tests', which are in the store, or
    'parsed', 'draws' or 'duplicates', which are next to it. The directories 'datasets' and
    'structures' always stay.
    """
    from fer_bench.training.store import inventory

    accepted = (*inventory.KINDS, *(inventory.CACHED if store is None else ()))
    kinds = tuple(inventory.FORMER_NAMES.get(kind, kind) for kind in kinds) or accepted
    for kind in kinds:
        if kind not in accepted:
            raise click.UsageError(str(_unknown_kind(kind, accepted)))
    _remove(store, inventory.entries(*_places(store), kinds), kinds)


def _unknown_kind(kind: str, accepted: Collection[str]) -> FerBenchError:
    from fer_bench.training.store import inventory

    problem, hint = f"{kind!r} is unknown", ""
    if kind in inventory.CACHED:
        problem, hint = f"{kind!r} is not in the store", "or leave out --store"
    elif kind in inventory.BROUGHT:
        directory = cache_root() / kind
        problem, hint = f"{kind!r} is never removed", f"delete {str(directory)!r} yourself"
    return FerBenchError(problem, ", ".join(accepted), hint)


def _places(store: Path | None) -> tuple[Path, Path | None]:
    """Return the directories of the store and of the cache, None if the store alone is meant."""
    return (cache_root() / "store", cache_root()) if store is None else (store, None)


def _alike(entries: Sequence[inventory.Entry]) -> dict[tuple[str, str, str], list[inventory.Entry]]:
    """Return entries by kind, description with their number, and state, the largest first."""
    groups: dict[tuple[str, str, str], list[inventory.Entry]] = {}
    for entry in entries:
        state = f"unusable: {entry.useless}" if entry.useless else entry.state
        groups.setdefault((entry.kind, entry.what, state), []).append(entry)
    return {
        (kind, f"{what}, {len(alike):,} entries" if len(alike) > 1 else what, state): alike
        for (kind, what, state), alike in sorted(groups.items(), key=lambda item: -_bytes(item[1]))
    }


def _written(entries: Sequence[inventory.Entry]) -> str:
    """Format the last file time, which may be out of range, in the local time zone."""
    time = max(entry.written for entry in entries)
    if not time:
        return "unknown"
    try:
        return datetime.fromtimestamp(time, timezone.utc).astimezone().strftime("%F %R")
    except (ValueError, OverflowError, OSError):
        return "unknown"


def _remove(
    store: Path | None, chosen: Sequence[inventory.Entry], kinds: Collection[str] = ()
) -> None:
    from fer_bench.training.store import inventory

    others = inventory.foreign_paths(*_places(store), kinds)
    done = inventory.remove(chosen)
    for (kind, what, _), alike in _alike(done.removed).items():
        useless = alike[0].useless
        why = f": {useless}" if useless else ""
        echo(f"removed {kind}: {what} ({bytes_shown(_bytes(alike))}){why}")
    for entry in done.in_use:
        echo(f"kept {entry.kind}: {entry.what} (a process is using it)", err=True)
    for path in done.kept:
        echo(f"kept {str(path)!r}: it contains files that fer_bench did not write", err=True)
    if others:
        names = listed([repr(str(path)) for path in others], 5)
        paths = "path" if len(others) == 1 else "paths"
        echo(f"kept {len(others):,} {paths} that fer_bench did not write: {names}", err=True)
    total = f"removed {_total(done.removed)} from" if done.removed else "nothing to remove in"
    echo(f"{total} {store or cache_root()}")


def _total(entries: Sequence[inventory.Entry]) -> str:
    noun = "entry" if len(entries) == 1 else "entries"
    return f"{len(entries):,} {noun}, {bytes_shown(_bytes(entries))}"


def _bytes(entries: Sequence[inventory.Entry]) -> int:
    return sum(entry.size for entry in entries)
