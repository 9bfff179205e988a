"""``fer-bench weights``: origin and verification of pretrained weights."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_bench.cli.params import NonEmptyPath
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.escapes import printable
from fer_bench.runtime.terminal import echo, echo_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fer_bench.models import (
        Backbone,
        Located,
        SearchLocation,
        SearchPath,
        WeightsRecord,
        WeightsSource,
    )


def _looks(function: Callable[..., None]) -> Callable[..., None]:
    """Add the arguments that select backbones and the first directory to search for weights."""
    names = click.argument("names", nargs=-1, metavar="[BACKBONE]...")
    folder = click.option(
        "--weights-dir",
        type=NonEmptyPath(),
        metavar="DIR",
        help="Directory to search first, as the benchmark's option --weights-dir.",
    )
    return names(folder(function))


@click.group("weights", short_help="Show and verify pretrained weights.")
def command() -> None:
    """Show where pretrained weights come from, and verify those on this machine.

    BACKBONEs are names, or 'all' for the paper's four; by default all registered ones. These
    commands download nothing; a run does, if no place has the file.
    """


@command.command("list", short_help="Show files, origin and licences.")
@_looks
def show(names: tuple[str, ...], weights_dir: Path | None) -> None:
    """Show each backbone's weight file, its origin and licences, and if it is on this machine.

    A file may have Keras' legacy HDF5 layout, the layout of '.weights.h5' or '.keras', or be an npz
    of arrays: the content decides, not the name.
    """
    from fer_bench.models import SearchPath

    blocks = []
    for entry in _entries(names):
        source, network = entry.weights, ("licence of the network", entry.licence or _NOT_STATED)
        if source is None:
            rows = [("file", "it has no pretrained weights"), network]
        else:
            found = SearchPath.of(source, weights_dir).find()
            rows = [*_origin(source), network, *_here(entry, found)]
        blocks.append(_block(entry, rows))
    echo_lines("".join(blocks))


@command.command(short_help="Show each place that is searched.")
@_looks
def where(names: tuple[str, ...], weights_dir: Path | None) -> None:
    """Show every place that a run searches, in order, and what is found there."""
    from fer_bench.models import SearchPath

    blocks = []
    for entry in _entries(names):
        if entry.weights is None:
            rows = [("nowhere", "it has no pretrained weights")]
        else:
            search = SearchPath.of(entry.weights, weights_dir)
            found = search.find()
            rows = [(place.name, _found_in(place, found)) for place in search.locations]
            rows.append(("download", _download(search, found)))
        blocks.append(_block(entry, rows))
    echo_lines("".join(blocks))


@command.command(short_help="Verify the files on this machine, and lock them.")
@_looks
@click.option(
    "--weights-lock",
    type=NonEmptyPath(),
    metavar="FILE",
    help="Lock file to check them against; default: fer-bench.lock in this directory.",
)
@click.option("--update-lock", is_flag=True, help="Lock these files, whatever was locked before.")
def verify(
    names: tuple[str, ...],
    weights_dir: Path | None,
    weights_lock: Path | None,
    update_lock: bool,
) -> None:
    """Verify each weight file on this machine, as a run does before its first cell.

    It must hold exactly the tensors of the network, with their shapes and finite values, have the
    published digest if there is one, and hold the values that the lock file records. Files that the
    lock file does not know yet are added to it.

    Exit status: 1 if a file is invalid or differs from the locked one, or if a named backbone has
    no file.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from fer_bench.models.weights import lock_file

    lock = weights_lock or Path.cwd() / lock_file.FILE
    lock_file.read(lock)
    files = [(entry, _found(entry, weights_dir)) for entry in _entries(names)]
    failed = False
    for entry, found in files:
        try:
            if found is None:
                rows = [("nothing proven", _missing(entry))]
                failed = failed or bool(names)
            else:
                rows = _proven(entry, found, lock, update_lock, weights_lock is not None)
        except FerBenchError as error:
            echo(f"Error: {error}", err=True)
            failed = True
        else:
            echo_lines(_block(entry, rows))
    if failed:
        click.get_current_context().exit(1)


_NOT_STATED = "not stated upstream"
_NO_DOWNLOAD = "there is no download of it"


def _entries(names: Sequence[str]) -> tuple[Backbone, ...]:
    from fer_bench import models

    return models.select(",".join(names or models.names()))


def _found(entry: Backbone, weights_dir: Path | None) -> Located | None:
    from fer_bench.models import SearchPath

    return None if entry.weights is None else SearchPath.of(entry.weights, weights_dir).find()


def _missing(entry: Backbone) -> str:
    if entry.weights is None:
        return "it has no pretrained weights"
    return f"{entry.weights.file!r} is not here; 'fer-bench weights where {entry.name}' tells more"


def _origin(source: WeightsSource) -> list[tuple[str, str]]:
    """Return the known facts about a weight file, which need not be present."""
    from fer_bench.models.weights.search_path import cache_directory, cache_name

    layer = ", with its last layer or without" if source.last_layer else ""
    rows = [("file", source.file + layer)]
    rows += [("from", url) for url in source.urls] or [("from", _NO_DOWNLOAD)]
    if source.cache is not None:
        rows.append(("kept in", f"{cache_name(source)}, {cache_directory(source)}"))
    rows.append(("known digest", source.digest or "upstream publishes none"))
    rows.append(("licence of the weights", source.licence or _NOT_STATED))
    return rows


def _here(entry: Backbone, found: Located | None) -> list[tuple[str, str]]:
    from fer_bench.models import identity

    if found is None:
        return [("here", f"no; 'fer-bench weights where {entry.name}' tells where it was sought")]
    try:
        sha256 = identity(found.path)
    except FerBenchError as error:
        return [("here", str(error))]
    return [
        ("here", f"{found.path}, from {found.provenance}"),
        ("size", f"{found.path.stat().st_size:,} bytes"),
        ("sha256", sha256),
    ]


def _found_in(place: SearchLocation, found: Located | None) -> str:
    path = place.path
    if path is None:
        return "not set"
    if path.is_file():
        is_used = found is not None and found.provenance == place.name
        return f"{path}: found" + ("" if is_used else ", not used: an earlier place has it")
    if os.path.lexists(path):
        return f"{path}: is no file"
    return f"{path}: not there" + ("" if path.parent.is_dir() else ", nor is its folder")


def _download(search: SearchPath, found: Located | None) -> str:
    if search.download is None:
        return _NO_DOWNLOAD
    if found is not None:
        return "not needed"
    if search.download.disabled is not None:
        return search.download.disabled
    return f"{search.download.target}: a run gets it from {', else '.join(search.download.urls)}"


def _proven(
    entry: Backbone, found: Located, lock: Path, update_lock: bool, must_lock: bool
) -> list[tuple[str, str]]:
    """Verify a weight file, record it in the lock file, and return the facts to show.

    Raises:
        FerBenchError: it is invalid, or differs from the locked one.
    """
    from fer_bench.models.weights import lock_file
    from fer_bench.training.cell_runner import check_weights

    weights = check_weights(entry, found)
    try:
        was_written = lock_file.record(lock, {entry.name: weights}, replace=update_lock)
        state = f"{'recorded in' if was_written else 'as in'} {lock}"
    except lock_file.NotRecorded as error:
        if must_lock or update_lock:
            raise
        state = f"not locked: {error}"
    return [*_facts(weights), ("lock", state)]


def _facts(weights: WeightsRecord) -> list[tuple[str, str]]:
    return [
        ("file", f"{weights.path}, from {weights.provenance}, {weights.size:,} bytes"),
        (
            "proven",
            f"{weights.tensors:,} tensors, {weights.parameters:,} parameters; {weights.proof}",
        ),
        ("sha256 of the file", weights.sha256),
        ("sha256 of the values", weights.values_digest),
    ]


def _block(entry: Backbone, rows: Sequence[tuple[str, str]]) -> str:
    """Return a backbone's title followed by its facts, indented, one per line."""
    from textwrap import indent

    from tabulate import tabulate

    printed = [[printable(text) for text in row] for row in rows]
    table = tabulate(printed, tablefmt="plain", disable_numparse=True)
    return f"{printable(f'{entry.title} ({entry.name})')}\n{indent(table, '  ')}\n"
