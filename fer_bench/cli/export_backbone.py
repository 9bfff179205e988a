"""``fer-bench export-backbone``: structures for machines without deepface and TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fer_bench.cli.click_types import NonEmptyPath
from fer_bench.cli.project_conftest import with_conftest
from fer_bench.runtime.terminal import echo

if TYPE_CHECKING:
    from pathlib import Path


@click.command("export-backbone", short_help="Write the structures of backbones to .keras files.")
@click.argument("names")
@click.option(
    "--output",
    type=NonEmptyPath(file_okay=False),
    metavar="DIR",
    help="Directory to write to. Default: 'structures' in the cache directory.",
)
@with_conftest
def command(names: str, output: Path | None) -> None:
    """Write the structures of backbones to .keras files.

    NAMES are names separated by commas, or 'all' for the paper's four.

    OpenFace and VGG-Face are built by deepface with TensorFlow. If these are not installed, the
    benchmark builds the two networks from files that this command wrote on another machine. It
    searches the directory that FER_BENCH_STRUCTURES names, then the cache directory. The weights in
    the files are zeros; pretrained weights come from their usual locations.

    Trained networks are written by 'fer-bench export'.
    """
    from fer_bench import models
    from fer_bench.models.builders import structure_files
    from fer_bench.models.keras_backend import load_keras

    entries = models.select(names)
    directory = structure_files.cache_directory() if output is None else output
    load_keras()
    for entry in entries:
        model = entry.build()
        path = directory / structure_files.file_name(entry.name)
        structure_files.write(model, path)
        echo(f"{path}: {model.count_params():,} parameters")
