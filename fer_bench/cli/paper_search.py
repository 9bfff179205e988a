"""``fer-bench paper search``: search for the settings that made the paper's tables."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_bench.cli.click_types import NonEmptyPath
from fer_bench.cli.project_conftest import with_conftest
from fer_bench.cli.weights import weights_dir_option
from fer_bench.protocol import published
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.terminal import echo, echo_lines, terminal_width

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_bench.protocol.cell import Init
    from fer_bench.report.table import Table

_EPOCHS = click.IntRange(published.WINDOWS[0][1] + 1)
"""Numbers of epochs with at least the first window: its last difference needs one more epoch."""

_ROWS = "mobilenet:random,mobilenet:pretrained,resnet50:random,openface:random"


@click.command(
    "search", short_help="Train settings and compare their rates with the published ones."
)
@click.option(
    "--dataset",
    default="fer2013",
    show_default=True,
    metavar="NAME|PATH",
    help="Data set, as described by 'fer-bench data --help'; split 80/20.",
)
@click.option("--limit", type=int, metavar="N", help="Take a stratified sample of N images.")
@click.option(
    "--rows",
    default=_ROWS,
    metavar="BACKBONE:INIT,...",
    help=f"Rows of the paper's tables. Default: {_ROWS.replace(',', ', ')}.",
)
@click.option(
    "--vary",
    "axes",
    multiple=True,
    metavar="NAME=VALUE,...",
    help="Setting to vary, named as the option of pytest, and its values; may be repeated. "
    "Default: trainable-layers, optimizer, batch-size, input-size, preprocessing, batchnorm and "
    "pooling, with two or three values each.",
)
@click.option(
    "--changes",
    type=click.IntRange(0),
    metavar="N",
    help="Largest number of settings that differ from the defaults at once. Default: 1, or no "
    "limit with --vary.",
)
@click.option(
    "--coarse-epochs",
    type=_EPOCHS,
    metavar="N",
    help="First train all combinations for N epochs with one seed, then the nearest completely. "
    "The first window needs 6 epochs.",
)
@click.option(
    "--keep",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    metavar="K",
    help="Number of nearest combinations to train completely after the first pass.",
)
@click.option(
    "--epochs",
    type=_EPOCHS,
    default=20,
    show_default=True,
    metavar="N",
    help="Number of training epochs.",
)
@click.option("--seed", type=int, default=42, show_default=True, metavar="N", help="First seed.")
@click.option(
    "--seeds", type=int, default=3, show_default=True, metavar="N", help="Number of seeds."
)
@weights_dir_option
@click.option(
    "--store",
    type=NonEmptyPath(file_okay=False),
    metavar="DIR",
    help="Directory of features, checkpoints and results, shared with the benchmark. Default: "
    "store in the cache directory.",
)
@click.option(
    "--report-dir",
    type=NonEmptyPath(file_okay=False),
    default=Path("paper-search"),
    show_default=True,
    metavar="DIR",
    help="Directory of paper-search.md and paper-search.csv, written after each trial.",
)
@with_conftest
def command(
    dataset: str,
    limit: int | None,
    rows: str,
    axes: tuple[str, ...],
    changes: int | None,
    coarse_epochs: int | None,
    keep: int,
    epochs: int,
    seed: int,
    seeds: int,
    weights_dir: Path | None,
    store: Path | None,
    report_dir: Path,
) -> None:
    """Train settings and compare their rates with the published ones.

    For each row of the paper's tables, combinations of settings that the paper leaves open are
    trained and ranked by the distance of their rates from those of Tables 2 to 4. A combination is
    excluded if it is farther away than the spread over seeds allows. Each one is a cell of the
    store: a search that was interrupted resumes, and a larger one reuses what is there.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from fer_bench.analysis.paper_search import AXES, grid
    from fer_bench.cli.search_trials import Search
    from fer_bench.data.prepare import load_data
    from fer_bench.models.keras_backend import check_keras
    from fer_bench.protocol.data_spec import RATES_SPLIT, DataSpec
    from fer_bench.protocol.settings import Protocol
    from fer_bench.report.output_files import write_files
    from fer_bench.report.paper_tables import progress_line, search_summary, search_table
    from fer_bench.report.table_rendering import markdown, terminal, tidy_csv
    from fer_bench.runtime.cache_directory import cache_root
    from fer_bench.runtime.files import check_writable
    from fer_bench.runtime.progress_bar import ProgressBar

    def showing(subject: str) -> contextlib.closing[ProgressBar]:
        return contextlib.closing(ProgressBar(subject))

    wanted = [_row(text) for text in rows.split(",")]
    chosen = dict(map(_axis, axes)) or dict(AXES)
    most = 1 if changes is None and not axes else changes
    protocols = grid(Protocol(epochs=epochs, seed=seed, seeds=seeds), chosen, most)
    if not protocols:
        raise FerBenchError(
            f"no combination of these settings has at most {most} changes",
            hint="raise --changes, or vary with the defaults among the values",
        )
    spec = DataSpec(dataset, split=RATES_SPLIT, limit=limit)
    check_keras()
    directory = store or cache_root() / "store"
    check_writable("--report-dir", report_dir)
    check_writable("--store", directory)
    with showing(dataset) as progress:
        data = load_data(spec, progress=progress)
    done: dict[str, Table] = {}
    summaries: list[Table] = []
    failed: list[bool] = []
    for backbone, init in wanted:
        row = Search(
            backbone, init, protocols, data, directory, weights_dir, coarse_epochs, keep, showing
        )
        for ranking in row.rankings():
            done[f"{backbone}:{init}"] = search_table(ranking, spec)
            tables = list(done.values())
            files = {
                "paper-search.md": "\n".join(map(markdown, tables)),
                "paper-search.csv": tidy_csv(tables),
            }
            written = write_files(report_dir, files)
            echo(progress_line(ranking))
        summaries.append(search_summary(ranking, spec))
        failed += [bool(one.trial.failure) for one in ranking.trials]
    width = terminal_width()
    echo()
    echo_lines(terminal(summaries, width) + "\n")
    echo(f"report: {written[0]}")
    if all(failed):
        raise FerBenchError(f"no settings could be trained: all {len(failed)} trials failed")


def _row(text: str) -> tuple[str, Init]:
    """Parse a row of the paper's tables."""
    known = {f"{backbone}:{init}": (backbone, init) for backbone, init in published.table(2)}
    if text.strip() not in known:
        raise FerBenchError(f"--rows {text!r} is not a row of the paper's tables", ", ".join(known))
    return known[text.strip()]


def _axis(text: str) -> tuple[str, tuple[Any, ...]]:
    """Parse a setting to vary: its field of the protocol and its values."""
    from fer_bench.analysis.paper_search import AXES
    from fer_bench.protocol.trainable_layers import TrainableLayers

    option, _, values = text.partition("=")
    name = {"batchnorm": "batch_normalization"}.get(option, option.replace("-", "_"))
    parsers: dict[str, Callable[[str], Any]] = {
        "trainable_layers": TrainableLayers.parse,
        "batch_size": int,
        "learning_rate": float,
        "input_size": lambda word: word if word == "own" else int(word),
    }
    if name not in (*AXES, "learning_rate") or not values:
        names = ["batchnorm" if one == "batch_normalization" else one for one in AXES]
        accepted = ", ".join(one.replace("_", "-") for one in [*names, "learning_rate"])
        raise FerBenchError(
            f"--vary {text!r} is invalid", f"NAME=VALUE,... with NAME of {accepted}"
        )
    parse = parsers.get(name, str)
    try:
        return name, tuple(parse(word.strip()) for word in values.split(","))
    except ValueError as error:
        raise FerBenchError(
            f"--vary {text!r}: {error}", hint="give values as the option of pytest takes them"
        ) from error
