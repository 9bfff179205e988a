"""``fer-bench backbones``: the networks that can be run, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fer_bench.cli.project_conftest import with_conftest
from fer_bench.cli.weights import weights_dir_option
from fer_bench.runtime.terminal import echo_lines, terminal_width

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.models import Backbone

_HEADINGS = ("name", "parameters", "input", "weights", "origin", "licence")


@click.command("backbones", short_help="List all backbones.")
@click.argument("names", nargs=-1, metavar="[BACKBONE]...")
@weights_dir_option
@with_conftest
def command(names: tuple[str, ...], weights_dir: Path | None) -> None:
    """List all registered backbones, Keras' applications, and deepface's and dlib's networks.

    BACKBONEs are names, patterns such as 'keras:MobileNet*', or paths of .keras and .onnx files;
    the default is all names.

    Parameters are those without a classification layer. The input is the side length of the images
    in pixels. Weights are those found on this machine; 'fer-bench weights list' shows files,
    digests, sources and the origin of the licences, also of networks whose weights are not here.
    """
    from fer_bench import models
    from fer_bench.cli.printed_table import table_text
    from fer_bench.report.table_rendering import wrapped

    entries = models.select(",".join(names or (*models.names(), *models.adapted_names())))
    rows = [_row(entry, weights_dir) for entry in entries]
    right, text = ("parameters", "input"), _HEADINGS[-1:]
    echo_lines(table_text(_HEADINGS, rows, right=right, wrapped=text) + "\n")
    if not names:
        width = terminal_width()
        for name, reason in models.unavailable().items():
            lines = wrapped(f"{name} cannot be built: {reason}", width)
            echo_lines("\n".join(lines) + "\n")


def _row(entry: Backbone, weights_dir: Path | None) -> tuple[str, ...]:
    from fer_bench import models

    source = entry.weights
    if entry.file is not None:
        found, licence = "here", entry.licence or "not stated"
    elif source is None:
        found, licence = "none", ""
    else:
        is_here = models.SearchPath.of(source, weights_dir).find() is not None
        found, licence = "here" if is_here else "not here", source.licence or "not stated upstream"
        licence = licence.partition(" (")[0]
    parameters = "" if entry.parameters is None else f"{entry.parameters:,}"
    return (
        models.selection_name(entry),
        parameters,
        str(entry.input_size),
        found,
        models.origin(entry),
        licence,
    )
