"""Choice of the cell to export from the results of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.runtime.errors import FerBenchError, listed

if TYPE_CHECKING:
    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.standings import Standing
    from fer_bench.results.records import CellResult


def named_cell(analysis: Analysis, name: str) -> CellResult:
    """Return the cell with this id, or the only one of this backbone, init and head.

    Args:
        analysis: the run.
        name: ``mini-pretrained-42``, or ``mini-pretrained`` if there is one seed.

    Raises:
        FerBenchError: there is no such cell, there are several, or it was not trained.
    """
    cells = analysis.run.cells
    found = [cell for cell in cells if name == cell.id]
    found = found or [cell for cell in cells if name == cell.group_id]
    if len(found) != 1:
        problem = "is unknown" if not found else f"has {len(found)} seeds"
        known = [cell.id for cell in found or cells]
        raise FerBenchError(f"cell {name!r} {problem}", listed(known, 20), "or use --best")
    (cell,) = found
    if cell.quality is None:
        raise FerBenchError(f"cell {name!r} was {cell.status}: {cell.reason}", "a trained cell")
    return cell


def best_cell(analysis: Analysis) -> tuple[CellResult, list[str]]:
    """Return the cell of the network with the highest mean test accuracy, and notes on the choice.

    Networks whose evaluated accuracy is distorted by batch normalisation are left out. Of several
    seeds, the one with the highest final validation accuracy is taken: the test images measure the
    exported model, so they must not choose it among equal ones.

    Raises:
        FerBenchError: no network was trained, or all are distorted.
    """
    standings = analysis.standings
    if not standings:
        raise FerBenchError("no cell was trained", "results with a trained cell")
    sound = [one for one in standings if not one.group.is_distorted]
    if not sound:
        raise FerBenchError(
            "batch normalisation distorts the accuracy of every trained cell",
            "a cell whose accuracy is no artefact",
            "name a cell, or train with --batchnorm=frozen",
        )
    best = sound[0]
    cell = max(best.group.trained, key=_validation_accuracy)
    return cell, _notes(best, sound, standings)


def _notes(best: Standing, sound: list[Standing], standings: tuple[Standing, ...]) -> list[str]:
    notes = []
    distorted = [one.group.label for one in standings if one not in sound]
    if distorted:
        notes.append(
            f"Left out, as batch normalisation distorts their accuracy: {', '.join(distorted)}."
        )
    tied = [one.group.label for one in sound[1:] if one.ties_best]
    if tied and best is standings[0]:
        notes.append(f"Not significantly less accurate: {', '.join(tied)}.")
    if len(best.group.trained) > 1:
        notes.append(
            f"Of {len(best.group.trained)} seeds, the one with the highest validation accuracy."
        )
    if not best.exceeds_baseline:
        notes.append("It is not shown to be better than always predicting the largest class.")
    return notes


def _validation_accuracy(cell: CellResult) -> float:
    return 0.0 if cell.quality is None else cell.quality.history.validation_accuracy[-1]
