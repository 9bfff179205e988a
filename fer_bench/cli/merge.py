"""``fer-bench merge``: merge results files, such as those of a run's shards, into one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_bench.cli.click_types import NonEmptyPath
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.escapes import clean
from fer_bench.runtime.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fer_bench.results import Merged


@click.command("merge", short_help="Merge the results files of a run's shards into one.")
@click.argument("results", nargs=-1, required=True, metavar="RESULTS.json...", type=NonEmptyPath())
@click.option(
    "--output",
    type=NonEmptyPath(dir_okay=False),
    default=Path("merged.json"),
    metavar="FILE",
    show_default=True,
    help="File to write; replaced if it exists.",
)
def command(results: tuple[Path, ...], output: Path) -> None:
    """Merge the results files of a run's shards (--shard=K/N) into one results file.

    The files must share the same protocol (only seeds may differ), images and commit; they are not
    changed. A cell in several files counts once, and must have identical results in them.
    pytest-benchmark's facts about machine and time come from the first file. Cells that no file
    completed are listed, and are not an error.

    Exit status: 0 merged, 2 cannot be merged.
    """
    from fer_bench.results import load_document, merge_documents, write_json
    from fer_bench.results.fact_names import NOT_TIMED, SPEED

    if os.path.realpath(output) in map(os.path.realpath, results):
        raise FerBenchError(
            f"--output {str(output)!r} is one of the files to merge", "another file"
        )
    names = [str(path) for path in results]
    merged = merge_documents([(name, load_document(name)) for name in names])
    try:
        write_json(output, merged.document)
    except ValueError as error:
        raise FerBenchError(
            f"a benchmark contains a number that JSON cannot represent ({error})", "finite numbers"
        ) from error
    for line in _summary(names, output, merged):
        echo(line)
    for fact, note in merged.run.environment:
        if fact == SPEED and note != NOT_TIMED:
            echo(f"WARNING: speed {note}", err=True, colour="yellow")


def _summary(names: Sequence[str], output: Path, merged: Merged) -> Iterator[str]:
    """Yield the merged cells of each file, cells in several files, and missing cells."""
    cells = merged.run.cells
    shown = {cell.id: cell.name for cell in cells}
    missing = [cell for cell in cells if cell.status != "ok"]
    yield f"{output}: {len(cells) - len(missing)} of {len(cells)} cells completed"
    for name in dict.fromkeys(names):
        own = [shown[cell] for cell, files in merged.files.items() if name in files]
        yield f"{name}: {'; '.join(own) or 'no cell'}"
    for cell, files in merged.files.items():
        if len(files) > 1:
            yield f"counts once: {shown[cell]}, which was measured in {' and '.join(files)}"
    for one in missing:
        yield f"still missing: {one.name} ({one.status}: {clean(one.reason)})"
