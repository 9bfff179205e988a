"""Names and sentences that the figures share."""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from typing import TYPE_CHECKING

from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import CellResult

ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
MOST = 8
"""Networks that one figure shows: the paper's four with both inits."""
ALT = 300
"""Characters of an alternative text, about: a screen reader cannot skip within it."""
_TOLD = 24.0
"""Longest name in running text, in ems."""
_SLUG = 40
_WIDTHS = {
    **dict.fromkeys("ijl.,:;'|! ", 0.32),
    **dict.fromkeys("frtI()[]{}/\\-", 0.4),
    **dict.fromkeys("csvxyz_", 0.56),
    **dict.fromkeys("mwMW@%", 1.0),
}
"""Of what is far from the mean, in ems."""


def ems(text: str) -> float:
    """About how wide a text is in a sans-serif typeface, in its font size."""
    return sum(map(_ems, text))


def _ems(char: str) -> float:
    if unicodedata.combining(char):
        return 0.0
    if unicodedata.east_asian_width(char) in "WF":
        return 1.2
    return _WIDTHS.get(char, 0.75 if char.isupper() else 0.64)


def short(text: str, most: float) -> str:
    """The text on one line of at most ``most`` ems, an ellipsis where it was cut."""
    line = clean(text)
    if ems(line) <= most:
        return line
    widths = itertools.accumulate(map(_ems, line), initial=1.0)
    kept = sum(width <= most for width in widths) - 1
    return line[: max(kept, 0)].rstrip() + ELLIPSIS


def short_name(group: Group, most: float = 16.0) -> str:
    """A group's label of at most ``most`` ems: where it is cut, its init is kept."""
    ending = f"_{group.init}"
    return short(group.cells[0].title, most - ems(ending)) + ending


def name(group: Group) -> str:
    """A group's label in running text, on one line."""
    return short_name(group, _TOLD)


def file_stem(text: str) -> str:
    """The text as part of a file's name; a digest keeps apart what cannot be kept as it is."""
    if re.fullmatch(rf"[a-z0-9_-]{{1,{_SLUG}}}", text):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    slug = re.sub("[^a-z0-9_-]+", "-", text.lower())[:_SLUG].strip("-")
    return f"{slug}-{digest}".lstrip("-")


def not_shown(
    groups: Iterable[Group],
    shown: Callable[[CellResult], bool],
    why: str = "not measured",
) -> list[str]:
    """A sentence that names the cells which are not shown, by network; none if all are.

    Args:
        groups: whose cells belong into the figure.
        shown: whether the figure shows a cell.
        why: what is said of cells that neither failed nor were skipped.
    """
    told = []
    for group in groups:
        seeds: dict[str, list[int]] = {}
        for cell in group.cells:
            if not shown(cell):
                seeds.setdefault(why if cell.status == "ok" else cell.status, []).append(cell.seed)
        for ending, ours in seeds.items():
            which = ""
            if len(ours) < len(group.cells):
                which = f" seed{'s' * (len(ours) > 1)} {', '.join(map(str, ours))}"
            told.append(f"{short_name(group, _TOLD)}{which} ({ending})")
    if not told:
        return []
    more = [f"{len(told) - MOST} more"] if len(told) > MOST else []
    return [f"Not shown: {', '.join(told[:MOST] + more)}; the table of cells says why."]


def seeds_note(groups: Iterable[Group], what: str) -> list[str]:
    """The sentence ``what`` where any group has several trained cells."""
    return [what] if any(len(group.trained) > 1 for group in groups) else []


def most_accurate(groups: Sequence[Group], most: int = MOST) -> list[Group]:
    """Those of the highest mean test accuracy, at most so many, in the order of the run.

    Args:
        groups: with trained cells.
        most: how many.
    """
    ranked = sorted(range(len(groups)), key=lambda index: -(groups[index].test_accuracy or 0.0))
    return [groups[index] for index in sorted(ranked[:most])]


def left_out(total: int, most: int = MOST) -> list[str]:
    """A sentence on networks that a figure has no room for; none if all fit."""
    if total <= most:
        return []
    return [f"The {most} of {total} networks of highest test accuracy; the tables hold all."]


def briefly(lead: str, items: Sequence[str], rest: str = "the tables") -> str:
    """An alternative text: the lead and as many of the items as its length allows.

    Args:
        lead: what the figure is, and what the items are.
        items: the main numbers, the first ones most important.
        rest: where the others stand.

    Returns:
        At most ``ALT`` characters, if the lead and the first item are no longer.
    """
    made, number = lead + items[0], 1
    ending = f" more stand in {rest}."
    while number < len(items) and len(made) + len(items[number]) + len(ending) + 4 < ALT:
        made += f"; {items[number]}"
        number += 1
    left = len(items) - number
    return f"{made}; {left}{ending}" if left else f"{made}."
