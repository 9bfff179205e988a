"""Recommendation of a run as a paragraph and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.number_text import ci_text, listed, percent, points
from fer_bench.analysis.recommendation import SIMILAR
from fer_bench.analysis.timing_noise import is_unreliable, noise_text
from fer_bench.protocol import published
from fer_bench.report.summary_table import count_text
from fer_bench.report.table import Column, Row, Table, bracketed
from fer_bench.results.speed_units import speed_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fer_bench.analysis.recommendation import (
        Candidate,
        Limit,
        Recommendation,
        Requirements,
    )
    from fer_bench.report.table import Entry

NAMES = {
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "uar": "UAR",
    "deduplicated": "deduplicated accuracy",
}
"""Names of the metrics in texts."""

_CHEAPEST = {"speed": "fastest", "parameters": "smallest"}

_TRADEOFFS = 3
"""Maximum number of trade-offs with a clause; the table shows all."""


def paragraph(found: Recommendation | None) -> str:
    """State which network to choose, why, how certain that is, and what the others cost.

    Empty if no network was tested.
    """
    if found is None:
        return ""
    noise = [noise_text(found.noise)] if found.depends_on_speed else []
    caution = noise if is_unreliable(found.noise) else []
    if found.chosen is None:
        return " ".join([*_nothing_fits(found), *caution])
    return " ".join([*_choice(found), *_certainty(found), *_alternatives(found), *caution])


def recommendation_tables(found: Recommendation | None) -> list[Table]:
    """Return the table of the networks, and that of the paper's if the run can be next to it.

    None if no network was tested.
    """
    if found is None:
        return []
    why_not = _why_not_the_papers(found)
    made = [_networks(found, why_not)]
    return made if why_not else [*made, _papers(found)]


def _why_not_the_papers(found: Recommendation) -> str:
    """Return why the paper's recommendation is not shown, as a sentence; empty if it is."""
    if found.data != published.DATASET:
        return f"The paper's recommendation is for {published.DATASET} and is not shown here."
    if all(one.found is None for one in found.papers):
        labels = listed([one.label for one in found.papers])
        return f"The paper's recommendation is not shown: {labels} are not in this run."
    return ""


def _networks(found: Recommendation, why_not_the_papers: str) -> Table:
    """Return one row for each network, best first, with its costs and the verdict on it."""
    asked = found.requirements
    value = f"{NAMES[asked.metric]}, %"
    columns = (
        Column(value, decimals=1, style="percent", limits=True, keys=("", value)),
        Column("img/s", style="speed"),
        Column("size", shown_only=True),
        Column("parameters", hidden=True),
        Column("Pareto", kind="word"),
        Column("verdict", kind="text"),
    )
    rows = [_row(one, found) for one in found.candidates]
    notes = (
        f"In brackets: 95 % CI over images and seeds. img/s: inference, "
        f"{_batches(asked.batch_size)}. size: parameters. Pareto: no network that fits is both "
        "better and faster (speed), or smaller (size). tie: not significantly below the best.",
        why_not_the_papers,
    )
    title = f"Recommendation by {NAMES[asked.metric]}"
    return Table("recommendation", title, "network", columns, rows, notes)


def _papers(found: Recommendation) -> Table:
    """Return the paper's recommendations next to what the run measured."""
    columns = (
        Column("the paper recommends", kind="word", published=True),
        Column("which in this run", kind="text"),
        Column("first in this run", kind="text"),
    )
    rows = []
    for one in found.papers:
        result, first = "not run", "none can be recommended"
        if one.found is not None and one.found.group.trained:
            fault = f"; {one.found.fault}" if one.found.fault else ""
            result = f"{_in_figures(one.found, found, interval=False)}{fault}"
        elif one.found is not None:
            result = f"not run ({one.found.fault})"
        if one.measured is not None:
            first = f"{one.measured.label}: {_in_figures(one.measured, found, interval=False)}"
        rows.append(Row(one.aim, (one.label, result, first)))
    note = (
        "The paper recommends OpenFace if speed matters and training data are plentiful, "
        "VGG-Face if quality matters and a complete network cannot be trained. First: without "
        "limits, among the networks that can be recommended."
    )
    title = "The paper's recommendation, next to this run"
    return Table("papers-recommendation", title, "if it matters", columns, rows, [note])


def _choice(found: Recommendation) -> Iterator[str]:
    """Yield which network is recommended, and why."""
    chosen, ties = found.chosen, found.ties
    if chosen is None or found.best is None:
        return
    name = NAMES[found.requirements.metric]
    yield (
        f"Recommended on {found.data}{_limits(found.requirements)}: {chosen.label}, "
        f"{_in_figures(chosen, found)}."
    )
    if ties:
        tied = [one.label for one in (found.best, *ties) if one is not chosen]
        verb = "does" if len(tied) == 1 else "do"
        which = "the best" if found.chosen_by is None else f"the {_CHEAPEST[found.chosen_by]}"
        margin = f" to within {100 * (SIMILAR - 1):.0f} %" if found.chosen_by else ""
        below = f", {points(chosen.behind or 0.0)} below the best" if chosen.behind else ""
        than = "it" if chosen is found.best else "the best"
        yield (
            f"In {name}, {listed(tied)} {verb} not differ significantly from {than}; of these ties "
            f"it is {which}{margin}{below}."
        )
    if found.runner_up is not None:
        best = "It" if found.best is chosen else found.best.label
        yield (
            f"{best} is ahead of {found.runner_up.label} by "
            f"{points(found.runner_up.behind or 0.0)} ({found.lead})."
        )
    if ties or found.runner_up is not None:
        return
    if found.not_compared:
        yield "The others could not be compared with it."
    elif len(found.candidates) == 1:
        yield "It is the only network that was run."
    else:
        able = sum(not one.fault for one in found.candidates)
        which = "can be recommended" if able == 1 else "meets the limits"
        yield f"It is the only network that {which}: the verdicts say why."


def _certainty(found: Recommendation) -> Iterator[str]:
    """Yield why another run could give another answer; nothing if it is decided."""
    causes = []
    if found.single:
        alone = len(found.single) == sum(one.fits for one in found.candidates)
        who = "one seed" + ("" if alone else f" of {listed(found.single)}")
        causes.append(f"{who} (--seeds=3 measures the noise of training)")
    if found.not_compared:
        causes.append(f"predictions of {listed(found.not_compared)} are missing")
    if causes:
        yield f"Undecided: {' and '.join(causes)}."


def _alternatives(found: Recommendation) -> Iterator[str]:
    """Yield what lower metrics save, and what the limits cost."""
    saved = {"speed": "times the speed", "parameters": "times fewer parameters"}
    clauses = [
        f"{points(one.loss)} less gives {one.factor:.1f} {saved[one.cost]} ({one.label})"
        for one in found.tradeoffs[:_TRADEOFFS]
    ]
    if clauses:
        yield f"Accepting {'; '.join(clauses)}."
    chosen, unlimited = found.chosen, found.unlimited
    if chosen is not None and unlimited is not None:
        more = points((unlimited.value or 0.0) - (chosen.value or 0.0))
        yield f"The limits cost {more}: without them, {unlimited.label} is ahead."


def _nothing_fits(found: Recommendation) -> Iterator[str]:
    """Yield why no network fits, limit by limit, and the nearest one."""
    able = [one for one in found.candidates if not one.fault]
    if not able:
        yield f"No network can be recommended on {found.data}: the verdicts say why."
        return
    yield f"No network on {found.data} fits{_limits(found.requirements)}."
    left_out = len(able) < len(found.candidates)
    limits: tuple[Limit, ...] = ("min_speed", "max_parameters", "device")
    for limit in limits:
        out = [one for one in able if any(each.limit == limit for each in one.unmet)]
        if out:
            names = listed([f"{one.label} ({_missed(one, limit, found)})" for one in out])
            of = f"{len(able)} that can be recommended" if left_out else f"{len(able)}"
            yield f"--{limit.replace('_', '-')} excludes {len(out)} of {of}: {names}."
    if found.nearest is not None:
        yield f"The nearest is {found.nearest.label}: {_in_figures(found.nearest, found)}."


def _missed(one: Candidate, limit: Limit, found: Recommendation) -> str:
    """Return a network's value of a limit that it does not meet."""
    if limit == "device":
        return f"measured on {listed(found.devices)}" if found.devices else "device unknown"
    if limit == "min_speed":
        return "speed not measured" if one.speed is None else f"{speed_text(one.speed)} img/s"
    return "size unknown" if one.parameters is None else f"{count_text(one.parameters)} parameters"


def _limits(asked: Requirements) -> str:
    """Return the limits as a clause; empty without any."""
    clauses = []
    if asked.min_speed is not None:
        clauses.append(f"at least {asked.min_speed:,.12g} img/s, {_batches(asked.batch_size)}")
    if asked.max_parameters is not None:
        clauses.append(f"at most {count_text(asked.max_parameters)} parameters")
    if asked.device is not None:
        clauses.append(f"device {asked.device}")
    return f" with {listed(clauses)}" if clauses else ""


def _batches(size: int) -> str:
    return "single images" if size == 1 else f"batches of {size}"


def _in_figures(one: Candidate, found: Recommendation, *, interval: bool = True) -> str:
    """Return metric, speed and size of a network, as far as they are known."""
    figures = []
    if one.value is not None:
        spread = f" ({ci_text(one.interval)})" if interval and one.interval else ""
        figures.append(f"{NAMES[found.requirements.metric]} {percent(one.value)}{spread}")
    if one.speed is not None:
        figures.append(f"{speed_text(one.speed)} img/s")
    if one.parameters is not None:
        figures.append(f"{count_text(one.parameters)} parameters")
    return ", ".join(figures)


def _row(one: Candidate, found: Recommendation) -> Row:
    words = {"speed": "speed", "parameters": "size"}
    fronts = "both" if len(one.fronts) > 1 else "".join(words[kind] for kind in one.fronts)
    entries: tuple[Entry, ...] = (
        bracketed(one.value, one.interval),
        one.speed,
        None if one.parameters is None else count_text(one.parameters),
        one.parameters,
        fronts or None,
        _verdict(one, found),
    )
    # The verdict says if it was skipped; the table of cells says why.
    return Row(one.label, entries, key=one.group.row_key)


def _verdict(one: Candidate, found: Recommendation) -> str:
    if one.fault:
        return one.fault
    if one.unmet:
        return ", ".join(_missed(one, each.limit, found) for each in one.unmet)
    if found.chosen is not None and one.group.id == found.chosen.group.id:
        return "recommended"
    if one.behind is None:
        return "not compared"
    less = points(one.behind)
    if one.ties:
        return "tie, best" if not one.behind and one is found.best else f"tie, {less} below"
    return f"{less} below"
