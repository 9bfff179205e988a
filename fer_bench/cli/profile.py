"""``fer-bench profile``: time profile of one cell."""

from __future__ import annotations

import os
from time import perf_counter
from typing import TYPE_CHECKING

import click

from fer_bench.cli.data_options import data_options
from fer_bench.cli.project_conftest import with_conftest
from fer_bench.cli.weights import weights_dir_option
from fer_bench.runtime.terminal import echo_lines

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.cli.cell_profile import Profile
    from fer_bench.protocol.data_spec import DataSpec

_STARTED = perf_counter()


@click.command("profile", short_help="Show a time profile of one cell.")
@click.option(
    "--backbone",
    default="mini",
    metavar="NAME",
    show_default=True,
    help="Backbone of the cell; 'fer-bench backbones' lists them.",
)
@click.option(
    "--init",
    type=click.Choice(["pretrained", "random"]),
    default="pretrained",
    show_default=True,
    help="Initial weights of the backbone.",
)
@click.option(
    "--dataset",
    default="sketch",
    metavar="NAME|PATH",
    show_default=True,
    help="Data set, as described by 'fer-bench data --help'.",
)
@data_options
@click.option(
    "--epochs",
    type=int,
    default=20,
    metavar="N",
    show_default=True,
    help="Number of training epochs.",
)
@click.option(
    "--trainable-layers",
    default="4",
    metavar="N",
    show_default=True,
    help="Number of last layers to train: a number, 'all', or one per init as in "
    "'pretrained:4,random:all'.",
)
@weights_dir_option
@with_conftest
def command(
    spec: DataSpec,
    backbone: str,
    init: str,
    epochs: int,
    trainable_layers: str,
    weights_dir: Path | None,
) -> None:
    """Show a time profile of one cell, trained with an empty store.

    For comparison, it also times the lower bound in the same process: one pass of all images
    through the frozen layers, and the epochs of the trainable layers on features in memory. The
    store is temporary; data read before comes from the cache. With the class map, split, dedupe,
    votes, labels and limit of a benchmark run it profiles a cell of that run.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from fer_bench import models
    from fer_bench.cli import cell_profile
    from fer_bench.protocol.settings import Protocol
    from fer_bench.protocol.trainable_layers import TrainableLayers
    from fer_bench.runtime.progress_bar import ProgressBar

    layers = TrainableLayers.parse(trainable_layers)
    bar = ProgressBar(backbone)
    try:
        profile = cell_profile.profile(
            models.get(backbone),
            "pretrained" if init == "pretrained" else "random",
            spec,
            Protocol(epochs=epochs, trainable_layers=layers),
            weights_dir=weights_dir,
            started=_STARTED,
            progress=bar,
        )
    finally:
        bar.close()
    echo_lines(_text(profile))


def _text(profile: Profile) -> str:
    from fer_bench.cli.printed_table import table_text

    total, floor = profile.seconds, profile.floor
    rows = [(name, f"{seconds:.2f}", f"{seconds / total:.1%}") for name, seconds in profile.parts]
    rows.append(("total", f"{total:.2f}", ""))
    subject = f"{profile.cell}, {profile.images:,} images, epochs: {profile.epochs}"
    lines = [
        table_text((subject, "s", "share"), rows, right=("s", "share")),
        f"lower bound: {floor.prefix:.2f} s frozen layers + {floor.epochs:.2f} s epochs of the "
        f"trainable layers = {floor.seconds:.2f} s",
        f"total: {total / floor.seconds:.2f} times the lower bound",
    ]
    if profile.memory is not None:
        lines.append(f"peak resident memory: {profile.memory / 2**20:,.0f} MiB")
    return "\n".join([*lines, ""])
