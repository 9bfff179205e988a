"""``fer-bench benchmark``: inference speed of exported files by runtime."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from fer_bench.cli.click_types import NonEmptyPath
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.terminal import echo_lines, terminal_width

if TYPE_CHECKING:
    from pathlib import Path


@click.command("benchmark", short_help="Time exported files in their runtimes.")
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=NonEmptyPath(dir_okay=False)
)
@click.option(
    "--threads",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Number of threads of each runtime. Default: one for each available core.",
)
@click.option(
    "-o",
    "--output",
    type=NonEmptyPath(dir_okay=False),
    metavar="JSON",
    help="File of the measurements, replaced if it exists, for 'fer-bench report --runtimes'.",
)
def command(files: tuple[Path, ...], threads: int | None, output: Path | None) -> None:
    """Time the inference of networks at batch 1 and 32, on the CPU.

    FILE is a network with one input of images: .onnx (run by onnxruntime), .keras (Keras on
    TensorFlow) or .tflite (LiteRT, if ai-edge-litert is installed). Several files are timed in
    turn, each in a process of its own; with a .keras file among those of a network, the table has
    the ratio to it. Images are random: a speed does not depend on them.
    """
    from fer_bench.models.numerical_environment import cores
    from fer_bench.report.table_rendering import terminal
    from fer_bench.report.time_tables import runtime_table
    from fer_bench.runtime.files import write_atomically
    from fer_bench.training.file_timing import time_files

    # The processes that measure inherit it.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    known: set[str] = set()
    for path in files:
        if os.path.realpath(path) in known:
            raise FerBenchError("is given twice", "each file once", path=path)
        known.add(os.path.realpath(path))
    if output is not None and os.path.realpath(output) in known:
        raise FerBenchError("-o is one of the files to time", "another file", path=output)
    found = time_files(files, threads or cores())
    echo_lines(terminal([runtime_table(found)], terminal_width()))
    if output is not None:
        write_atomically(output, found.to_json())
