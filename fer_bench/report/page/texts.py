"""Sentences and facts of the page: its subject, the setup, duplicates and label noise."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from fer_bench.analysis.group_comparisons import compare_on_subset
from fer_bench.analysis.number_text import percent
from fer_bench.analysis.standings import accuracies_on
from fer_bench.analysis.summary import why_shifted
from fer_bench.report.convergence_tables import can_stop_early, setting
from fer_bench.report.further_tests import left_out, mapped
from fer_bench.results.records import NO_TEST
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from fer_bench.analysis.experiments import Experiment
    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.standings import Standing
    from fer_bench.results.records import Run

PAPER = "https://ceur-ws.org/Vol-3171/"
"""Proceedings with the paper."""

_VERSIONS = ("fer_bench", "python", "backend", "keras", "numpy", "processor", "devices", "commit")
"""Environment facts to show; the table of the environment has all."""


def page_name(runs: Iterable[Run]) -> str:
    """Return the name of a page on the data sets of these runs."""
    names = (
        f"{name} (drawn by code, not photographs)" if name == "sketch" else clean(name)
        for name in dict.fromkeys(run.dataset.name for run in runs)
    )
    return f"fer_bench on {' and '.join(names)}"


def subject(analysis: Analysis) -> list[str]:
    """Return sentences on the networks, the data and the deviations from the paper."""
    run, data = analysis.run, analysis.dataset
    titles = list(dict.fromkeys(clean(cell.title) for cell in run.cells))
    inits = list(dict.fromkeys(cell.init for cell in run.cells))
    # Not the recorded total: older records also count duplicates that are in none of the parts.
    images = data.train + data.validation + data.test
    seeds = max((len(group.cells) for group in analysis.groups), default=0)
    each = "each " if len(titles) > 1 else ""
    sentences = [
        f"{_listed(titles)}, {each}{_listed(inits)}, trained for "
        f"{'up to ' if can_stop_early(run) else ''}{setting(run, 'epochs')} epochs"
        + (f" with up to {seeds} seeds." if seeds > 1 else "."),
        f"{clean(data.name)}: {images:,} images of {len(data.counts)} classes, "
        f"{data.train:,} for training, {data.validation:,} for validation and "
        + (f"{data.test:,} for testing." if data.has_test else f"{NO_TEST}."),
    ]
    if data.left_out:
        sentences.append(clean(left_out(data)))
    if data.class_map:
        sentences.append(clean(mapped(data)))
    if away := analysis.deviations:
        sentences.append(f"Not directly comparable with the paper: {clean('; '.join(away))}.")
    return sentences


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def data_findings(analysis: Analysis) -> str:
    """State the shares of test images with a duplicate in training and of disputed labels."""
    subsets, agreement = analysis.subsets, analysis.label_agreement
    if subsets is None and agreement is None:
        return (
            "Duplicates and label noise of the test images are not audited: run the command below."
            if analysis.dataset.has_test
            else ""
        )
    clauses = []
    if subsets is not None:
        images, total = int(subsets.duplicated.sum()), len(subsets.duplicated)
        clauses.append(
            f"{images / total:.0%} of the test images ({images:,} of {total:,}) have a duplicate "
            "in training".replace("%", " %")
        )
    if agreement is not None:
        clauses.append(f"{100 * agreement.accuracy:.0f} % of labels agree with the FER+ majority")
        always, ranked = analysis.vote_baseline, analysis.standings
        if always and ranked and (scores := ranked[0].group.vote_scores):
            clauses.append(
                f"against that majority, {ranked[0].group.label} scores "
                f"{percent(scores.by_votes.accuracy)}, always predicting {always.name} "
                f"{percent(always.scores.by_votes.accuracy)}"
            )
    return f"{'; '.join(clauses)}."


def effect_of_duplicates(analysis: Analysis) -> str:
    """Compare the lead of the best network with that on the deduplicated test images.

    Empty if predictions or duplicates are unknown.
    """
    ranked, baseline, subsets = analysis.standings, analysis.baseline, analysis.subsets
    if not ranked or subsets is None or not subsets.duplicated.any() or baseline is None:
        return ""
    kept, everything = baseline.leakage.deduplicated, baseline.leakage.all_images
    scores = accuracies_on(ranked, subsets.deduplicated)
    if kept is None or scores is None:
        return ""
    return (
        f"On the deduplicated test images {_order(ranked, scores, subsets.deduplicated)}"
        f"{ranked[0].group.label} scores {percent(scores[0])} instead of "
        f"{percent(ranked[0].accuracy)}, always predicting {baseline.name} "
        f"{percent(kept.accuracy)} instead of {percent(everything.accuracy)}"
        f"{why_shifted(baseline)}."
    )


def _order(ranked: Sequence[Standing], scores: Sequence[float], kept: NDArray[np.bool_]) -> str:
    if len(ranked) == 1:
        return ""
    place = scores.index(max(scores))
    if place:
        return f"{ranked[place].group.label} has the highest accuracy; "
    (pair,) = compare_on_subset(ranked[0].group, [ranked[1].group], kept)
    doubt = "" if pair.differ else " (not significant)"
    return (
        f"the lead over {ranked[1].group.label} is {100 * (scores[0] - scores[1]):.1f} points"
        f"{doubt} instead of {100 * (ranked[0].accuracy - ranked[1].accuracy):.1f}; "
    )


def setup_facts(experiments: Sequence[Experiment]) -> list[tuple[str, str]]:
    """Return name and value of each fact; names include the experiment's if there are several."""
    return [
        (f"{name} ({clean(experiment.name)})" if experiment.name else name, clean(value))
        for experiment in experiments
        for name, value in _facts(experiment)
    ]


def _facts(experiment: Experiment) -> Iterator[tuple[str, str]]:
    dates = sorted({f"{time:%Y-%m-%d %H:%M} UTC" for time in experiment.times})
    if dates:
        yield "measured", " and ".join(dates)
    seconds = sum(seconds for cell in experiment.run.cells for _, seconds in cell.parts)
    if seconds:
        yield "all cells, evaluation included", _duration(seconds)
    environment = dict(experiment.run.environment)
    for name in _VERSIONS:
        if name in environment:
            yield name, environment[name]


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    shown = [(hours, "h"), (minutes, "min"), (rest, "s")]
    first = next((place for place, (count, _) in enumerate(shown) if count), 2)
    return " ".join(f"{count} {unit}" for count, unit in shown[first : first + 2])


def links() -> list[tuple[str, str]]:
    """Return title and address of the paper, and of the project if the package records it."""
    found = [("The paper, in the proceedings of COLINS 2022", PAPER)]
    try:
        urls = metadata.metadata("fer-bench").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        urls = []
    for line in urls:
        title, _, address = (part.strip() for part in line.partition(","))
        if address.startswith("https://"):
            found.append((f"fer_bench: {title}", address))
    return found
