"""``fer-bench cache``: what lies in the store, and how to free it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.store.contents import Entry

_STORE = click.option(
    "--store",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the store, as the benchmark's option --store; by default 'store' in the cache "
    "folder.",
)


@click.group("cache", short_help="Show and free what earlier runs stored.")
def command() -> None:
    """Show and free what earlier runs stored: frozen features, checkpoints and results."""


@command.command("list", short_help="Show what is stored, the largest first.")
@_STORE
def show(store: Path | None) -> None:
    """Show what is stored, the largest first."""
    import shutil
    from datetime import datetime, timezone

    from tabulate import tabulate

    from fer_bench.store import contents

    folder = _folder(store)
    found = contents.entries(folder)
    if found:
        rows = [
            (
                entry.kind,
                entry.what,
                f"no use: {entry.useless}" if entry.useless else entry.state,
                _size(entry.size),
                datetime.fromtimestamp(entry.written, timezone.utc).astimezone().strftime("%F %R"),
            )
            for entry in found
        ]
        headers = ("kind", "what", "state", "size", "written")
        align = ("left", "left", "left", "right", "left")
        click.echo(tabulate(rows, headers, "simple", disable_numparse=True, colalign=align))
        click.echo()
    where = next(place for place in (folder, *folder.parents) if place.exists())
    free = _size(shutil.disk_usage(where).free)
    click.echo(f"{_total(found)} in {folder}; {free} free on its disk")


@command.command(short_help="Remove what no run can use again.")
@_STORE
def prune(store: Path | None) -> None:
    """Remove what no run can use again.

    That is: what was made with other versions of the libraries, what killed processes left behind,
    what lacks a part, and checkpoints of finished cells. Content is not read: damage within it is
    found when a run uses it.
    """
    from fer_bench.store import contents

    folder = _folder(store)
    _remove(folder, [entry for entry in contents.entries(folder) if entry.useless])


@command.command(short_help="Remove everything, or all of some kinds.")
@click.argument("kinds", nargs=-1, metavar="[features|checkpoints|results]...")
@_STORE
def clear(kinds: tuple[str, ...], store: Path | None) -> None:
    """Remove everything that is stored, or all of the KINDS named.

    Later runs compute again what they need of it.
    """
    from fer_bench.store import contents

    unknown = [kind for kind in kinds if kind not in contents.KINDS]
    if unknown:
        raise click.UsageError(f"{unknown[0]!r} is unknown; accepted: {', '.join(contents.KINDS)}")
    folder = _folder(store)
    _remove(
        folder, [entry for entry in contents.entries(folder) if not kinds or entry.kind in kinds]
    )


def _folder(store: Path | None) -> Path:
    from fer_bench.cache import cache_root

    return store if store is not None else cache_root() / "store"


def _remove(folder: Path, chosen: Sequence[Entry]) -> None:
    from fer_bench.store import contents

    removed, in_use = contents.remove(folder, chosen) if chosen else ([], [])
    for entry in removed:
        why = f": {entry.useless}" if entry.useless else ""
        click.echo(f"removed {entry.kind} {entry.what} ({_size(entry.size)}){why}")
    for entry in in_use:
        click.echo(f"kept {entry.kind} {entry.what}: a process works on it", err=True)
    click.echo(f"removed {_total(removed)} from {folder}")


def _total(entries: Sequence[Entry]) -> str:
    parts = "1 part" if len(entries) == 1 else f"{len(entries)} parts"
    return f"{parts}, {_size(sum(entry.size for entry in entries))}"


def _size(count: int) -> str:
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} B"
