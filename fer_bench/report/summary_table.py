"""Table of the networks of a run, the most accurate first: what the terminal shows."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from fer_bench.analysis.cross_scores import mean_accuracy, other_sets
from fer_bench.analysis.standings import constant_confusion
from fer_bench.analysis.summary import accuracy_text, majority_class
from fer_bench.analysis.timing_noise import noise_text, timing_noise
from fer_bench.analysis.training_time import lacks_features
from fer_bench.metrics.classification import classification_metrics
from fer_bench.report.cell_rows import cell_row
from fer_bench.report.table import Column, Row, Table
from fer_bench.report.table_rendering import terminal
from fer_bench.results.records import NO_TEST
from fer_bench.results.speed_units import speed_text, speed_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.standings import Standing

BEST = "*"
"""Mark of the best network and of those above the baseline that may be as accurate."""

_AT_LEAST = "\N{GREATER-THAN OR EQUAL TO}"
"""Mark of training times without the frozen features."""
_EQUAL = "= base"
"""Entry for a network that always predicts the majority class."""
_TEST, _PARAMETERS, _SPEED, _OTHER = "test", "size", "speed", "accuracy"
_SPEEDS = {"train": "training_seconds", "ms": "latency", "img/s": "throughput"}
"""Columns of speeds, with their fields in ``Standing``."""
_DROPPED = ("all", "UAR", "ms", "F1", "train", "tuned")
"""Columns in the order in which a narrow terminal omits them."""


def summary_table(analysis: Analysis, width: int = 10_000) -> Table:
    """Return one row for each backbone and init, best first, and one for the majority class.

    Columns that do not fit a terminal of ``width`` columns are omitted and named. Columns measured
    for no network are omitted, too.
    """
    table, omitted = _complete(analysis).visible, []
    for name in _DROPPED:
        if _width(table) <= width:
            break
        names = [column.name for column in table.columns]
        if name in names:
            table = table.only([place for place, one in enumerate(names) if one != name])
            omitted.append(name)
    legend = _legend(analysis, [column.name for column in table.columns])
    note = f"Too wide for this terminal: {', '.join(omitted)}." if omitted else ""
    return replace(table, notes=(legend, note))


def _complete(analysis: Analysis) -> Table:
    """Return the table with all columns and without notes."""
    data, standings = analysis.dataset, analysis.standings
    spread = _spread(standings)
    measured_on = _TEST if data.has_test else "validation"
    images = f"{data.test:,} test images"
    if not data.has_test:
        images = f"{data.validation:,} validation images, {NO_TEST}"
    others = other_sets(analysis.run.cells)
    columns = (
        Column(f"accuracy ±{spread}" if spread else "accuracy", measured_on),
        # The accuracy stays: a run without trained networks has only rows with reasons.
        *(Column(name, _TEST, optional=True) for name in ("F1", "UAR")),
        Column("> base", _TEST, kind="word", optional=True),
        *(Column(name, _PARAMETERS, optional=True) for name in ("all", "tuned")),
        *(Column(name, _SPEED, optional=True) for name in _SPEEDS),
        *(Column(f"on {name}", _OTHER, optional=True) for name, _ in others),
    )
    rows = [_row(one, standings[0], spread, others) for one in standings]
    if standings and data.has_test:
        name, share = majority_class(analysis)
        constant = classification_metrics(
            constant_confusion(standings[0].group.qualities[0].confusion)
        )
        shares = (share, float(constant.macro_f1), float(constant.balanced_accuracy))
        entries = (*(_share(one) for one in shares), *[None] * (len(columns) - 3))
        place = sum(one.accuracy >= share for one in standings)
        rows.insert(place, Row(f"always {name}", entries))
    rows += [cell_row(one.mean, None) for one in analysis.groups if not one.trained]
    return Table("summary", f"{data.name}, split {data.split}: {images}", "network", columns, rows)


def _spread(standings: Sequence[Standing]) -> str:
    """Return the kind of spread that is shown; empty if there is none."""
    if any(one.deviation is not None for one in standings):
        return "sd"
    has_test = all(one.group.dataset.has_test for one in standings)
    return "CI" if has_test else ""


def _legend(analysis: Analysis, columns: Sequence[str]) -> str:
    """Return an explanation of the columns with these names."""
    standings = analysis.standings
    if not standings:
        return ""
    has_test, spread = analysis.dataset.has_test, _spread(standings)
    majority = majority_class(analysis)[0] if has_test else ""
    equal = any(one.equals_baseline for one in standings)
    constant = f"; {_EQUAL}: predicts only {majority}" if equal else ""
    deduplicated = _only_with_duplicates(standings)
    lacking = any(lacks_features(one.group.trained) for one in standings)
    images = f"95 % CI over the {analysis.dataset.test:,} test images"
    sizes = sorted({one.batch_size for one in standings if one.batch_size})
    counted = speed_unit(analysis.run)
    speeds = [name for name in _SPEEDS if name in columns]
    meanings = {
        "F1": "F1: macro F1, %.",
        "UAR": "UAR: mean recall, %.",
        "> base": f"> base: significantly above always {majority}{deduplicated}{constant}.",
        "tuned": "size: parameters, all and fine-tuned.",
        "train": "train: frozen features once and all epochs, mean over the seeds."
        + (f" {_AT_LEAST}: no time recorded for frozen features." if lacking else ""),
        "ms": "ms: one image, all layers.",
        "img/s": f"img/s: batches of {sizes[-1]}, all layers." if sizes else "",
    }
    kind = images if spread == "CI" else "standard deviation over the seeds"
    sentences = [
        f"accuracy: %; {BEST} highest, or not significantly below it and > base;"
        if has_test
        else f"accuracy: after the last epoch, %; {BEST} highest;",
        f"±{spread}: {kind}." if spread else "",
        *(text for name, text in meanings.items() if name in columns),
        *(_on_other(analysis, other) for other in other_sets(analysis.run.cells)),
        f"Times are {counted}." if counted else "",
        noise_text(timing_noise((one.group, _alike(one, speeds)) for one in standings)),
    ]
    return " ".join(filter(None, sentences))


def _on_other(analysis: Analysis, other: tuple[str, str]) -> str:
    """Return an explanation of the column of another data set."""
    tests = (cell.cross_test for cell in analysis.run.cells)
    test = next(one for one in tests if one is not None and (one.dataset, one.digest) == other)
    sizes = [sum(row) for row in test.confusion]
    majority = analysis.dataset.counts[sizes.index(max(sizes))][0]
    share = f"always {majority} {100 * max(sizes) / test.images:.1f}"
    return f"on {test.dataset}: accuracy on {test.images:,} images of it, %; {share}."


def _alike(standing: Standing, speeds: Sequence[str]) -> list[float | None]:
    """Return the speeds of these columns, training times with and without features apart."""
    lacking = lacks_features(standing.group.trained)
    time = standing.training_seconds if "train" in speeds else None
    others = [getattr(standing, _SPEEDS[name]) for name in speeds if name != "train"]
    return [None if lacking else time, time if lacking else None, *others]


def _only_with_duplicates(standings: Sequence[Standing]) -> str:
    """Return a clause on the deduplicated test images; empty if all test images are."""
    if all(one.beats_deduplicated_baseline is None for one in standings):
        return ""
    lost = [one for one in standings if one.beats_baseline and not one.exceeds_baseline]
    names = ", ".join(one.group.label for one in lost)
    exceptions = f" (only with duplicates: {names})" if lost else ""
    return f", also deduplicated{exceptions}"


def _row(standing: Standing, best: Standing, spread: str, others: Sequence[tuple[str, str]]) -> Row:
    mark = BEST if standing.contends(best) else ""
    counts, metrics = standing.group.parameters, standing.group.metrics
    words = {True: "yes", False: "no", None: None}
    beats = _EQUAL if standing.equals_baseline else words[standing.exceeds_baseline]
    accuracy = accuracy_text(standing)
    if spread == "sd" and standing.deviation is None:
        accuracy = accuracy.partition(" ")[0]
    return cell_row(
        standing.group.mean,
        (
            mark + accuracy.replace(" %", "").replace(" ", ""),
            None if metrics is None else _share(metrics.macro_f1.value),
            None if metrics is None else _share(metrics.balanced_accuracy.value),
            beats,
            None if counts is None else count_text(counts.total),
            None if counts is None else count_text(counts.trainable),
            _duration(standing),
            None if standing.latency is None else f"{1000 * standing.latency:.3g}",
            None if standing.throughput is None else speed_text(standing.throughput),
            *(_share(mean_accuracy(standing.group.trained, other)) for other in others),
        ),
    )


def _share(share: float | None) -> str | None:
    return None if share is None else f"{100 * share:.1f}"


def _width(table: Table) -> int:
    bare = replace(table, notes=(), rows=[replace(row, reason="") for row in table.rows])
    _title, *lines = terminal([bare], 10_000).splitlines()
    return max(map(len, lines))


def count_text(number: int) -> str:
    """Format a parameter count with three significant digits: ``23.6M``."""
    rounded = float(f"{number:.3g}")
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if rounded >= size:
            return f"{rounded / size:#.3g}".rstrip(".") + unit
    return str(number)


def _duration(standing: Standing) -> str | None:
    """Format the training time, marked as a lower limit if it lacks the frozen features."""
    seconds = standing.training_seconds
    if seconds is None:
        return None
    limits = ((599.5, 1, "s"), (99.5 * 60, 60, "min"), (math.inf, 3600, "h"))
    size, unit = next((size, unit) for limit, size, unit in limits if seconds < limit)
    count = seconds / size
    mark = _AT_LEAST if lacks_features(standing.group.trained) else ""
    return f"{mark}{count:.0f} {unit}" if count >= 9.95 else f"{mark}{count:.1f} {unit}"
