"""Summary of a run in a few plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.group_comparisons import compare_on_subset, find_pair, p_text
from fer_bench.metrics import majority_class_accuracy
from fer_bench.results.timers import speed_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.group_comparisons import Pair
    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import Run

_NAMED = 3
"""Number of names to list; if more than one further name remains, the rest is only counted."""


def headline(analysis: Analysis) -> tuple[str, ...]:
    """Summarise which network is best, by how much, how fast it is, and what is missing.

    Returns:
        One to six sentences, the first one short; sentences without content are omitted.
    """
    run = analysis.run
    ranked = sorted(analysis.trained, key=lambda group: -(group.test_accuracy or 0))
    sentences = (
        [
            _best(analysis, ranked),
            _uncertainty(analysis, ranked[0]),
            _lead(analysis, ranked),
            _best_deduplicated(analysis, ranked),
            "" if speed_unit(run) else _speed(ranked),
        ]
        if ranked
        else ["No network was trained, so there is nothing to compare."]
    )
    return tuple(sentence for sentence in (*sentences, _incomplete(run)) if sentence)


def _best(analysis: Analysis, ranked: Sequence[Group]) -> str:
    """Name the best network, in a sentence short enough for large type."""
    best, *others = ranked
    name, accuracy, data = _name(best), f"{best.test_accuracy:.3f}", analysis.dataset.name
    accuracies = ", ".join(additional_accuracies(best))
    more = f"; {accuracies}" if accuracies else ""
    if not others:
        return f"{name} reaches a test accuracy of {accuracy} on {data}{more}."
    pairs = [_pair(analysis, best, group) for group in others]
    unsure = any(pair is None or not pair.differ for pair in pairs)
    lead = ", without a significant lead" if unsure else ""
    return f"{name} has the highest test accuracy on {data}, {accuracy}{lead}{more}."


def additional_accuracies(group: Group) -> list[str]:
    """List a group's accuracy on the deduplicated test images and against FER+, as far as known."""
    found, test_images = [], group.dataset.test
    leakage, vote_scores = group.leakage, group.vote_scores
    if leakage is not None:
        score = leakage.deduplicated
        if leakage.duplicated is None:
            found.append(f"none of the {test_images:,} test images has a duplicate in training")
        elif score is None:
            found.append(f"each of the {test_images:,} test images has a duplicate in training")
        else:
            share = f"{score.images:,} of {test_images:,} images"
            found.append(f"deduplicated {score.accuracy:.3f} ({share})")
    if vote_scores is not None:
        found.append(f"against FER+ {vote_scores.by_votes.accuracy:.3f}")
    return found


def _best_deduplicated(analysis: Analysis, ranked: Sequence[Group]) -> str:
    """Name the best network on the deduplicated test images, if it is a different one."""
    subsets = analysis.subsets
    if subsets is None or not subsets.deduplicated.any():
        return ""
    scores = [
        float(group.correct[:, subsets.deduplicated].mean())
        for group in ranked
        if group.correct is not None
    ]
    # A network without stored predictions could be the best one.
    if len(scores) < len(ranked) or max(scores) == scores[0]:
        return ""
    place = scores.index(max(scores))
    highest, others = ranked[place], [*ranked[:place], *ranked[place + 1 :]]
    pairs = compare_on_subset(highest, others, subsets.deduplicated)
    lead = "" if all(pair.differ for pair in pairs) else ", without a significant lead"
    return (
        f"{_name(highest)} has the highest deduplicated accuracy, {scores[place]:.3f}{lead} "
        f"(difference from {_name(ranked[0])} {_describe(pairs[0])})."
    )


def _uncertainty(analysis: Analysis, best: Group) -> str:
    """State the uncertainty of the best accuracy, and the baselines to compare it with."""
    clauses, unlearned = [], ""
    baseline_accuracy = majority_class_accuracy(best.qualities[0].confusion)
    if best.score is not None:
        interval = best.score.interval
        if interval.low <= baseline_accuracy:
            unlearned = " It is not significantly better than the majority-class baseline."
        clauses.append(
            f"95 % CI {interval.low:.3f} to {interval.high:.3f} (sampling of the "
            f"{analysis.dataset.test:,} test images)"
        )
    accuracies = [one.test_accuracy for one in best.qualities]
    if len(accuracies) == 1:
        clauses.append("one seed")
    else:
        clauses.append(
            f"mean of {len(accuracies)} seeds ({min(accuracies):.3f} to {max(accuracies):.3f})"
        )
    clauses.append(f"majority-class baseline {baseline_accuracy:.3f}")
    leakage = None if analysis.baseline is None else analysis.baseline.leakage
    if leakage is not None and leakage.deduplicated is not None and leakage.excess is not None:
        clauses[-1] += f" (deduplicated {leakage.deduplicated.accuracy:.3f})"
    agreement, baseline = analysis.label_agreement, analysis.vote_baseline
    if agreement is not None and baseline is not None:
        clauses.append(
            f"against FER+, always predicting {baseline.name} scores "
            f"{baseline.scores.by_votes.accuracy:.3f} and the data set's labels "
            f"{agreement.accuracy:.3f}"
        )
    return f"Test accuracy: {'; '.join(clauses)}.{unlearned}"


def _lead(analysis: Analysis, ranked: Sequence[Group]) -> str:
    """State how significant the lead of the first network over the others is."""
    best, *others = ranked
    if not others:
        return ""
    compared = [(group, _pair(analysis, best, group)) for group in others]
    level = [(group, pair) for group, pair in compared if pair is not None and not pair.differ]
    behind = [(group, pair) for group, pair in compared if pair is not None and pair.differ]
    unknown = [_name(group) for group, pair in compared if pair is None]
    clauses = []
    if level:
        names = _listed([f"{_name(group)} ({_describe(pair)})" for group, pair in level])
        clauses.append(f"it does not differ significantly from {names}")
    if behind:
        group, pair = behind[0]
        clauses.append(f"it is significantly better than {_name(group)} ({_describe(pair)})")
    if unknown:
        clauses.append(f"it was not compared with {_listed(unknown)}: predictions are missing")
    pairs = [pair for _, pair in compared if pair is not None]
    if any(len(pair.first.seeds) == len(pair.second.seeds) == 1 for pair in pairs):
        clauses.append("one seed: the variation between training runs is not included")
    elif any(pair.seeds == 1 for pair in pairs):
        clauses.append("for a network with one seed, the other's variation over seeds is used")
    text = "; ".join(clauses)
    return f"{text[0].upper()}{text[1:]}."


def _speed(ranked: Sequence[Group]) -> str:
    best, *others = ranked
    clauses = []
    timed = next((cell.training for cell in best.cells if cell.training is not None), None)
    if timed is not None:
        clauses.append(f"trains at {timed.images_per_second:,.0f} images/s")
    speeds = _inference(best)
    if speeds:
        size = max(speeds)
        clauses.append(f"predicts at {speeds[size]:,.0f} images/s in batches of {size}")
        rivals = [(group, _inference(group).get(size, 0.0)) for group in others]
        fastest, speed = max(rivals, key=lambda one: one[1], default=(best, 0.0))
        if speed > speeds[size]:
            clauses[-1] += f" (fastest: {_name(fastest)} at {speed:,.0f} images/s)"
    return f"{_name(best)} {' and '.join(clauses)}." if clauses else ""


def _inference(group: Group) -> dict[int, float]:
    """Return images per second by batch size, from the first cell that was timed."""
    found = next((cell.inference for cell in group.cells if cell.inference), ())
    return {speed.batch_size: speed.images_per_second for speed in found}


def _incomplete(run: Run) -> str:
    several = len({cell.seed for cell in run.cells}) > 1
    shown = []
    for cell in run.cells:
        if cell.status != "ok" or cell.quality is None:
            why = "not trained" if cell.status == "ok" else cell.status
            seed = f", seed {cell.seed}" if several else ""
            shown.append(f"{cell.title} {cell.init} ({why}{seed})")
    if not shown:
        return ""
    verb = "is" if len(shown) == 1 else "are"
    kind = "cells (one per seed)" if several else "cells"
    return f"{len(shown)} of {len(run.cells)} {kind} {verb} incomplete: {_listed(shown)}."


def _pair(analysis: Analysis, first: Group, second: Group) -> Pair | None:
    names = ((group.backbone, group.init) for group in (first, second))
    return find_pair(analysis.pairs, *names)


def _describe(pair: Pair) -> str:
    found = pair.comparison
    return (
        f"{found.difference:+.3f}, 95 % CI {found.interval.low:+.3f} to "
        f"{found.interval.high:+.3f}, {p_text(pair.corrected)}"
    )


def _name(group: Group) -> str:
    return f"{group.cells[0].title} {group.init}"


def _listed(names: Sequence[str]) -> str:
    if len(names) > _NAMED + 1:
        names = [*names[:_NAMED], f"{len(names) - _NAMED} others"]
    return " and ".join([*([", ".join(names[:-1])] if names[:-1] else []), names[-1]])
