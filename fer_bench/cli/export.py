"""``fer-bench export``: a trained cell as one file for other programs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_bench.cli.click_types import NonEmptyPath, not_empty
from fer_bench.cli.data_options import class_map_option
from fer_bench.cli.weights import weights_dir_option
from fer_bench.runtime.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.export import Exported, ExportRequest
    from fer_bench.results.records import CellResult, Run


@click.command("export", short_help="Write a trained cell as an ONNX, Keras or LiteRT model.")
@click.argument("cell", required=False, callback=not_empty, metavar="[CELL]")
@click.option(
    "-o",
    "--output",
    required=True,
    type=NonEmptyPath(dir_okay=False),
    metavar="FILE",
    help="File to write; its model card is FILE.md.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["onnx", "keras", "litert"]),
    help="Format. Default: that of FILE's ending, .onnx, .keras or .tflite.",
)
@click.option("--best", is_flag=True, help="Take the network with the highest test accuracy.")
@click.option(
    "--results",
    type=NonEmptyPath(dir_okay=False),
    default=Path("report/results.json"),
    metavar="FILE",
    show_default=True,
    help="Results file that lists the cell.",
)
@click.option(
    "--for",
    "target",
    type=click.Choice(["deepface"]),
    help="Write the file that DeepFace.analyze(actions=['emotion']) uses.",
)
@click.option(
    "--dataset",
    callback=not_empty,
    metavar="NAME|PATH",
    help="Data set that the cell was trained on, if its recorded name is not enough to find it.",
)
@class_map_option
@click.option(
    "--votes", type=NonEmptyPath(), metavar="FILE", help="FER+'s votes, if they are the labels."
)
@weights_dir_option
@click.option(
    "--store",
    type=NonEmptyPath(file_okay=False),
    metavar="DIR",
    help="Store that holds the cell. Default: 'store' in the cache directory.",
)
def command(
    cell: str | None,
    output: Path,
    kind: str | None,
    best: bool,
    results: Path,
    target: str | None,
    dataset: str | None,
    class_map: str | None,
    votes: Path | None,
    weights_dir: Path | None,
    store: Path | None,
) -> None:
    """Write a trained cell as one file, with preprocessing and softmax inside.

    CELL is an id of the results file, as mini-pretrained-42, or the first 8 or more digits of a
    fingerprint in the store. The network comes from the store of the machine that trained it and is
    not trained again.

    The model takes grey or colour images, uint8, of shape (n, height, width, 1 or 3), and gives the
    probabilities of the classes. It is computed for all test images, and not written unless its
    probabilities are the cell's, within 1e-4. Classes, metrics with intervals, calibration and
    licences are in the file and its model card.

    The structures of untrained backbones are written by 'fer-bench export-backbone'.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if (cell is None) is not best:
        raise click.UsageError("name one CELL, or use --best")
    from fer_bench.export import ExportRequest, export_cell
    from fer_bench.export.formats import SUFFIXES
    from fer_bench.export.stored_cell import DataPaths, restore_cell
    from fer_bench.runtime.cache_directory import cache_root
    from fer_bench.runtime.progress_bar import ProgressBar

    by_suffix = {suffix: name for name, suffix in SUFFIXES.items()}
    chosen = kind or by_suffix.get(output.suffix, "onnx")
    request = ExportRequest(output, chosen, "any" if target is None else "deepface")  # type: ignore[arg-type]
    directory = store or cache_root() / "store"
    run, chosen_cell, notes = _choice(cell, results, directory)
    bar = ProgressBar(chosen_cell.id)
    try:
        paths = DataPaths(dataset, class_map, votes)
        stored = restore_cell(run, chosen_cell, paths, directory, weights_dir, bar)
        exported = export_cell(stored, request, bar)
    finally:
        bar.close()
    _show(request, exported, notes)


def _choice(cell: str | None, results: Path, store: Path) -> tuple[Run, CellResult, Sequence[str]]:
    """Return the run, the cell of it to export, and notes on the choice."""
    from fer_bench.analysis.run_analysis import analyse
    from fer_bench.export.cell_choice import best_cell, named_cell
    from fer_bench.export.stored_cell import is_fingerprint, stored_run
    from fer_bench.results import load_run

    if cell is not None and is_fingerprint(cell):
        run = stored_run(store, cell)
        return run, named_cell(analyse(run), run.cells[0].id), ()
    run = load_run(results)
    if cell is not None:
        return run, named_cell(analyse(run), cell), ()
    return run, *best_cell(analyse(run))


def _show(request: ExportRequest, exported: Exported, notes: Sequence[str]) -> None:
    """Print what was written and measured."""
    from fer_bench.runtime.errors import bytes_shown

    metadata = exported.metadata
    accuracy, parity = metadata.accuracy, metadata.parity
    echo(f"{request.path}: {metadata.title} on {metadata.dataset}, {bytes_shown(exported.size)}")
    shown = f"{100 * accuracy.value:.1f} % (95 % CI {100 * accuracy.low:.1f} to "
    shown += f"{100 * accuracy.high:.1f}, {accuracy.images:,} images)"
    if metadata.deduplicated is not None:
        shown += f", without duplicates {100 * metadata.deduplicated.value:.1f} %"
    baseline = f"{100 * metadata.majority_baseline:.1f} %"
    echo(f"test accuracy: {shown}; always the largest class: {baseline}")
    echo(
        f"checked: of {parity.images:,} test images, {parity.runtime} predicts "
        f"{parity.differing_predictions:,} differently; probabilities within "
        f"{parity.largest_difference:.1g}"
    )
    for note in notes:
        echo(f"NOTE: {note}")
    echo(f"model card: {request.card}")
    if request.target == "deepface":
        echo("deepface uses it as ~/.deepface/weights/facial_expression_model_weights.onnx")
