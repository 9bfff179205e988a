"""Summary of a run in a few plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.pairwise_tests import against, between, p_text
from fer_bench.analysis.seed_groups import groups
from fer_bench.analysis.subsets import (
    baseline,
    label_agreement,
    leakage,
    parts,
    voted,
    voted_baseline,
)
from fer_bench.metrics import majority_class_accuracy, sampling_interval
from fer_bench.results.timers import speed_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.pairwise_tests import Pair
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import CellResult, DatasetSummary, Run

_NAMED = 3
"""Number of names to list; if more than one further name remains, the rest is only counted."""


def headline(run: Run, pairs: tuple[Pair, ...]) -> tuple[str, ...]:
    """Summarise which network is best, by how much, how fast it is, and what is missing.

    Args:
        run: the results.
        pairs: result of ``fer_bench.analysis.pairwise_tests.pairs`` for this run.

    Returns:
        One to six sentences, the first one short; sentences without content are omitted.
    """
    known = sorted(
        (group for group in groups(run) if group.trained),
        key=lambda group: -(group.test_accuracy or 0),
    )
    told = (
        [
            _best(run, known, pairs),
            _sureness(run, known[0]),
            _lead(known, pairs),
            _best_of_clean(run.dataset, known),
            "" if speed_unit(run) else _speed(known),
        ]
        if known
        else ["No network was trained, so there is nothing to compare."]
    )
    return tuple(sentence for sentence in (*told, _missing(run)) if sentence)


def _best(run: Run, known: Sequence[Group], pairs: tuple[Pair, ...]) -> str:
    """Name the best network, in a sentence short enough for large type."""
    best, *others = known
    name, accuracy, found = _name(best), f"{best.test_accuracy:.3f}", beside(best, run.dataset)
    beside_it = f"; {', '.join(found)}" if found else ""
    if not others:
        return f"{name} reaches a test accuracy of {accuracy} on {run.dataset.name}{beside_it}."
    compared = [_pair(pairs, best, group) for group in others]
    unsure = any(pair is None or not pair.differ for pair in compared)
    lead = ", without a significant lead" if unsure else ""
    return (
        f"{name} has the highest test accuracy on {run.dataset.name}, {accuracy}{lead}{beside_it}."
    )


def beside(best: Group, data: DatasetSummary) -> list[str]:
    """List a group's accuracy on the deduplicated test images and against FER+, as far as known."""
    told = []
    leaked, found = leakage(best, data), voted(best, data)
    if leaked is not None and leaked.twinned is None:
        told.append(f"none of the {data.test:,} test images has a duplicate in training")
    elif leaked is not None and leaked.clean is None:
        told.append(f"each of the {data.test:,} test images has a duplicate in training")
    elif leaked is not None and leaked.clean is not None:
        told.append(
            f"deduplicated {leaked.clean.accuracy:.3f} ({leaked.clean.images:,} of "
            f"{data.test:,} images)"
        )
    if found is not None:
        told.append(f"against FER+ {found.votes.accuracy:.3f}")
    return told


def _best_of_clean(data: DatasetSummary, known: Sequence[Group]) -> str:
    """Name the best network on the deduplicated test images, if it is a different one."""
    found = parts(data)
    right = [group.correct(data.labels) for group in known]
    if found is None or not found.clean.any():
        return ""
    scores = [float(one[:, found.clean].mean()) for one in right if one is not None]
    # A network without stored predictions could be the best one.
    if len(scores) < len(known) or max(scores) == scores[0]:
        return ""
    place = scores.index(max(scores))
    highest, others = known[place], [*known[:place], *known[place + 1 :]]
    compared = against(highest, others, data.labels, found.clean)
    lead = "" if all(pair.differ for pair in compared) else ", without a significant lead"
    return (
        f"{_name(highest)} has the highest deduplicated accuracy, {scores[place]:.3f}{lead} "
        f"(difference from {_name(known[0])} {_shown(compared[0])})."
    )


def _sureness(run: Run, best: Group) -> str:
    """State the uncertainty of the best accuracy, and the baselines to compare it with."""
    told = []
    chance = majority_class_accuracy(best.qualities[0].confusion)
    correct, unlearned = best.correct(run.dataset.labels), ""
    if correct is not None:
        interval = sampling_interval(correct)
        if interval.low <= chance:
            unlearned = " It is not significantly better than the majority-class baseline."
        told.append(
            f"95 % CI {interval.low:.3f} to {interval.high:.3f} (sampling of the "
            f"{run.dataset.test:,} test images)"
        )
    figures = [one.test_accuracy for one in best.qualities]
    if len(figures) == 1:
        told.append("one seed")
    else:
        told.append(f"mean of {len(figures)} seeds ({min(figures):.3f} to {max(figures):.3f})")
    told.append(f"majority-class baseline {chance:.3f}")
    base = baseline(run.dataset)
    if base is not None and base.leakage.clean is not None and base.leakage.excess is not None:
        told[-1] += f" (deduplicated {base.leakage.clean.accuracy:.3f})"
    agreement, named = label_agreement(run.dataset), voted_baseline(run.dataset)
    if agreement is not None and named is not None:
        told.append(
            f"against FER+, always predicting {named.name} scores "
            f"{named.voted.votes.accuracy:.3f} and the data set's labels {agreement.accuracy:.3f}"
        )
    return f"Test accuracy: {'; '.join(told)}.{unlearned}"


def _lead(known: Sequence[Group], pairs: tuple[Pair, ...]) -> str:
    """State how significant the lead of the first network over the others is."""
    best, *others = known
    if not others:
        return ""
    compared = [(group, _pair(pairs, best, group)) for group in others]
    level = [(group, pair) for group, pair in compared if pair is not None and not pair.differ]
    unknown = [group for group, pair in compared if pair is None]
    told = []
    if level:
        shown = [f"{_name(group)} ({_shown(pair)})" for group, pair in level]
        told.append(f"It does not differ significantly from {_listed(shown)}")
    ahead = [(group, pair) for group, pair in compared if pair is not None and pair.differ]
    if ahead:
        group, pair = ahead[0]
        start = "it" if told else "It"
        told.append(f"{start} is significantly better than {_name(group)} ({_shown(pair)})")
    if unknown:
        start = "it was not" if told else "It was not"
        told.append(
            f"{start} compared with {_listed([_name(group) for group in unknown])}: predictions "
            "are missing"
        )
    known_pairs = [pair for _, pair in compared if pair is not None]
    if any(len(pair.first.seeds) == len(pair.second.seeds) == 1 for pair in known_pairs):
        told.append("one seed: the variation between training runs is not included")
    elif any(pair.seeds == 1 for pair in known_pairs):
        told.append("for a network with one seed, the other's variation over seeds is used")
    return "; ".join(told) + "."


def _speed(known: Sequence[Group]) -> str:
    best = known[0]
    told = []
    timed = next((cell.training for cell in best.cells if cell.training is not None), None)
    if timed is not None:
        told.append(f"trains at {timed.images_per_second:,.0f} images/s")
    speeds = _inference(best)
    if speeds:
        size = max(speeds)
        told.append(f"predicts at {speeds[size]:,.0f} images/s in batches of {size}")
        others = [(group, _inference(group).get(size, 0.0)) for group in known[1:]]
        fastest, speed = max(others, key=lambda one: one[1], default=(best, 0.0))
        if speed > speeds[size]:
            told[-1] += f" (fastest: {_name(fastest)} at {speed:,.0f} images/s)"
    return f"{_name(best)} {' and '.join(told)}." if told else ""


def _inference(group: Group) -> dict[int, float]:
    """Return images per second by batch size, from the first cell that was timed."""
    timed: Sequence[CellResult] = [cell for cell in group.cells if cell.inference]
    found = timed[0].inference if timed else ()
    return {speed.batch_size: speed.images_per_second for speed in found}


def _missing(run: Run) -> str:
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


def _pair(pairs: tuple[Pair, ...], first: Group, second: Group) -> Pair | None:
    return between(pairs, (first.backbone, first.init), (second.backbone, second.init))


def _shown(pair: Pair) -> str:
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
