"""``fer-bench weights``: origin and verification of pretrained weights."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_bench.cli.click_types import NonEmptyPath
from fer_bench.cli.project_conftest import with_conftest
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.escapes import printable
from fer_bench.runtime.terminal import echo, echo_lines, terminal_width

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fer_bench.models import Backbone, Located, SearchLocation, SearchPath, WeightsSource

weights_dir_option = click.option(
    "--weights-dir",
    type=NonEmptyPath(file_okay=False),
    metavar="DIR",
    help="Directory to search first for pretrained weights.",
)


def _selection(function: Callable[..., None]) -> Callable[..., None]:
    """Add the arguments that select backbones and the first directory to search for weights."""
    names = click.argument("names", nargs=-1, metavar="[BACKBONE]...")
    return names(weights_dir_option(function))


@click.group("weights", short_help="Show and verify pretrained weights.")
def command() -> None:
    """Show where pretrained weights come from, and verify those on this machine.

    BACKBONEs are names, patterns such as 'keras:MobileNet*', or 'all' for the paper's four; the
    default is every registered backbone. These commands download nothing; a run does if no location
    has the file.
    """


@command.command("list", short_help="Show files, origins and licences.")
@_selection
@with_conftest
def show(names: tuple[str, ...], weights_dir: Path | None) -> None:
    """Show each backbone's weight file with its origin, its licences and the file on this machine.

    A file may have Keras' legacy HDF5 layout, the layout of '.weights.h5' or '.keras', or be an npz
    file of arrays or a network of dlib; the content determines the layout, not the name.
    """
    from fer_bench.models import SearchPath

    for entry in _entries(names):
        rows = [("file", _without_source(entry))]
        if entry.weights is not None:
            rows = _origin(entry.weights)
        rows.append(("licence of the network", entry.licence or _NOT_STATED))
        if entry.weights is not None:
            rows += _local_file(entry, SearchPath.of(entry.weights, weights_dir).find())
        _show(entry, rows)
    _show_unlisted(names)


@command.command(short_help="Show the locations that are searched.")
@_selection
@with_conftest
def where(names: tuple[str, ...], weights_dir: Path | None) -> None:
    """Show the locations that a run searches, in order, and what is found there."""
    from fer_bench.models import SearchPath

    for entry in _entries(names):
        rows = [("file", _without_source(entry))]
        if entry.weights is not None:
            search = SearchPath.of(entry.weights, weights_dir)
            found = search.find()
            rows = [("file", entry.weights.file)]
            rows += [(location.name, _state(location, found)) for location in search.locations]
            rows.append(("download", _download(search, found)))
        _show(entry, rows)
    _show_unlisted(names)


@command.command(short_help="Verify the files on this machine, and lock them.")
@_selection
@click.option(
    "--weights-lock",
    type=NonEmptyPath(),
    metavar="FILE",
    help="Lock file to check them against. Default: fer-bench.lock in the current directory.",
)
@click.option("--update-lock", is_flag=True, help="Replace differing entries of the lock file.")
@with_conftest
def verify(
    names: tuple[str, ...],
    weights_dir: Path | None,
    weights_lock: Path | None,
    update_lock: bool,
) -> None:
    """Verify each weight file on this machine, as a run does before its first cell.

    A file must contain exactly the tensors of the network, with matching shapes and finite values;
    it must match the published digest, if there is one, and the lock file. Files of backbones that
    are not in the lock file yet are added to it.

    Exit status: 1 if a file is invalid or differs from the locked one, or if a named backbone has
    no file.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from fer_bench.models import SearchPath, locate
    from fer_bench.models.weights import lock_file

    lock = weights_lock or Path.cwd() / lock_file.FILE
    lock_file.read(lock)
    failed = False
    for entry in _entries(names):
        source = entry.weights
        try:
            found = None if source is None else SearchPath.of(source, weights_dir).find()
            if entry.file is not None:
                found = locate(entry)
            if found is None:
                rows = [("not verified", _NO_WEIGHTS if source is None else _missing(entry))]
                failed = failed or bool(names)
            else:
                rows = _verified(entry, found, lock, update_lock, weights_lock is not None)
        except FerBenchError as error:
            echo(f"Error: {error}", err=True)
            failed = True
        else:
            _show(entry, rows)
    if failed:
        click.get_current_context().exit(1)


_NO_WEIGHTS = "no pretrained weights"
_NO_DOWNLOAD = "not available"
_NOT_STATED = "not stated upstream"


def _without_source(entry: Backbone) -> str:
    return _NO_WEIGHTS if entry.file is None else f"{entry.file.path}, with its own weights"


def _entries(names: Sequence[str]) -> tuple[Backbone, ...]:
    from fer_bench import models

    return models.select(",".join(names or models.names()))


def _show_unlisted(names: Sequence[str]) -> None:
    """Print how to list the networks of libraries, unless backbones were named."""
    from fer_bench import models

    if not names:
        prefixes = dict.fromkeys(name.partition(":")[0] for name in models.adapted_names())
        patterns = " ".join(f"'{prefix}:*'" for prefix in prefixes)
        text = f"Networks of libraries are listed if they are named, also by patterns: {patterns}"
        echo_lines("\n".join([*textwrap.wrap(text, terminal_width()), ""]))


def _missing(entry: Backbone) -> str:
    return f"not found; 'fer-bench weights where {entry.name}' shows the searched locations"


def _origin(source: WeightsSource) -> list[tuple[str, str]]:
    """Return the known facts about a weight file, which need not be present."""
    from fer_bench.models.weights.search_path import cache_directory, cache_name

    layer = ", with or without its last layer" if source.last_layer else ""
    # Without the file name, most URLs fit on a line.
    urls = [url.removesuffix(source.file) for url in source.urls] or [_NO_DOWNLOAD]
    rows = [("file", source.file + layer), *(("download", url) for url in urls)]
    if source.cache is not None:
        rows.append(
            ("cache", f"{cache_name(source)}, {cache_directory(source) or 'not installed'}")
        )
    rows.append(("published digest", source.digest or "none"))
    rows.append(("licence of the weights", source.licence or _NOT_STATED))
    return rows


def _local_file(entry: Backbone, found: Located | None) -> list[tuple[str, str]]:
    from fer_bench.models import identity

    if found is None:
        return [("on this machine", _missing(entry))]
    try:
        sha256 = identity(found.path)
    except FerBenchError as error:
        return [("on this machine", str(error))]
    return [
        ("on this machine", f"{found.path}, from {found.provenance}"),
        ("size", f"{found.path.stat().st_size:,} bytes"),
        ("SHA-256", sha256),
    ]


def _state(location: SearchLocation, found: Located | None) -> str:
    path = location.path
    if path is None:
        return location.absence
    directory = path.parent
    if path.is_file():
        is_used = found is not None and found.provenance == location.name
        return f"found in {directory}" + ("" if is_used else ", not used: found earlier")
    if os.path.lexists(path):
        return f"not a file in {directory}"
    return f"not in {directory}" if directory.is_dir() else f"no directory {directory}"


def _download(search: SearchPath, found: Located | None) -> str:
    if search.download is None:
        return _NO_DOWNLOAD
    if found is not None:
        return "not needed"
    if search.download.disabled is not None:
        return search.download.disabled.removeprefix("download ")
    urls = " or ".join(search.download.urls)
    return f"a run downloads {urls} to {search.download.target.parent}"


def _verified(
    entry: Backbone, found: Located, lock: Path, update_lock: bool, must_lock: bool
) -> list[tuple[str, str]]:
    """Verify a weight file, record it in the lock file, and return the facts to show.

    The file of a backbone that is named by its path is not locked.
    """
    from fer_bench.models.weights import lock_file
    from fer_bench.training.cell_runner import check_weights

    weights = check_weights(entry, found)
    counts = f"{weights.tensors:,} tensors, {weights.parameters:,} parameters"
    facts = [
        ("file", f"{weights.path}, from {weights.provenance}, {weights.size:,} bytes"),
        ("verified", f"{counts}; {weights.verification}"),
        ("SHA-256 of the file", weights.sha256),
        ("SHA-256 of the values", weights.values_digest),
    ]
    if entry.file is not None:
        return facts
    try:
        was_written = lock_file.record(lock, {entry.name: weights}, replace=update_lock)
        state = f"{'recorded in' if was_written else 'matches'} {lock}"
    except lock_file.NotRecorded as error:
        if must_lock or update_lock:
            raise
        state = f"not recorded: {error}"
    return [*facts, ("lock", state)]


def _show(entry: Backbone, rows: Sequence[tuple[str, str]]) -> None:
    """Print a backbone's title and facts, wrapped at spaces to the width of the terminal.

    URLs, paths and digests are never broken, so that they can be copied.
    """
    wrapper = textwrap.TextWrapper(
        terminal_width(),
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    lines = [printable(f"{entry.title} ({entry.name})")]
    for label, value in rows:
        lines += wrapper.wrap(printable(f"{label}: {value}"))
    echo_lines("\n".join([*lines, ""]))
