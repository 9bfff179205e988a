"""Names and sentences shared by the figures."""

from __future__ import annotations

import bisect
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
"""Maximum number of networks in one figure: the paper's four with both inits."""
ALT = 300
"""Maximum length of an alternative text in characters: a screen reader cannot skip within it."""
_NAME = 32
"""Maximum length of a name in running text."""
_END = 6
"""Number of characters at the end of brackets that are never cut."""
_SLUG = 40
_TITLE = 4
"""Columns of a title that are left if the rest of a name is long."""


def short(text: str, most: int) -> str:
    """Return the text on one line of at most ``most`` columns, with an ellipsis if it was cut.

    East Asian characters and the widest Latin letters are two columns wide.
    """
    line = clean(text)
    ends = list(itertools.accumulate(map(_columns, line)))
    if not ends or ends[-1] <= most:
        return line
    return line[: bisect.bisect_right(ends, most - 1)].rstrip() + ELLIPSIS


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if char in "mwMW@%" or unicodedata.east_asian_width(char) in "WF" else 1


def short_label(label: str, most: int = 25) -> str:
    """Return the label of a network in at most ``most`` columns.

    Its init and head are never cut, nor the end of brackets that distinguish it from other
    networks.
    """
    title, _, init = label.partition(" + ")[0].rpartition(" ")
    init += label[len(title) + 1 + len(init) :]
    end = title[-_END:] if title.endswith(")") else ""
    title = title.removesuffix(end)
    return f"{short(title, max(_TITLE, most - len(init) - len(end) - 1))}{end} {init}"


def name(group: Group) -> str:
    """Return a group's label for running text, on one line."""
    return short_label(group.label, _NAME)


def file_stem(text: str) -> str:
    """Return the text as part of a file name; texts that must be changed get a digest."""
    if re.fullmatch(rf"[a-z0-9_-]{{1,{_SLUG}}}", text):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    slug = re.sub("[^a-z0-9_-]+", "-", text.lower())[:_SLUG].strip("-")
    return f"{slug}-{digest}".lstrip("-")


def has_metrics(cell: CellResult) -> bool:
    """Check if the cell was trained."""
    return cell.quality is not None


def has_predictions(cell: CellResult) -> bool:
    """Check if the cell's predictions of the test images are known."""
    return cell.quality is not None and cell.quality.predictions is not None


def not_shown(
    groups: Iterable[Group],
    shown: Callable[[CellResult], bool] = has_metrics,
    why: str = "not measured",
) -> list[str]:
    """Return a sentence that lists the cells not shown, by network; empty if all are shown.

    Args:
        groups: networks whose cells belong in the figure.
        shown: predicate, true of a cell that the figure shows.
        why: reason given for cells that neither failed nor were skipped.
    """
    missing = []
    for group in groups:
        seeds: dict[str, list[int]] = {}
        for cell in group.cells:
            if not shown(cell):
                seeds.setdefault(why if cell.status == "ok" else cell.status, []).append(cell.seed)
        for ending, missing_seeds in seeds.items():
            which = ""
            if len(missing_seeds) < len(group.cells):
                listed = ", ".join(map(str, missing_seeds))
                which = f" seed{'s' * (len(missing_seeds) > 1)} {listed}"
            missing.append(f"{name(group)}{which} ({ending})")
    if not missing:
        return []
    more = [f"{len(missing) - MOST} more"] if len(missing) > MOST else []
    return [f"Not shown: {', '.join(missing[:MOST] + more)}; see the table of cells."]


def seeds_note(groups: Iterable[Group], what: str) -> list[str]:
    """Return the sentence ``what`` if any group has several trained cells, else nothing."""
    return [what] if any(len(group.trained) > 1 for group in groups) else []


def most_accurate(groups: Sequence[Group], most: int = MOST) -> list[Group]:
    """Return at most so many trained groups of highest mean accuracy, in the order of the run."""
    ranked = sorted(range(len(groups)), key=lambda index: -(groups[index].accuracy or 0.0))
    return [groups[index] for index in sorted(ranked[:most])]


def left_out(total: int, most: int = MOST, what: str = "test accuracy") -> list[str]:
    """Return a sentence on the networks that a figure has no room for; empty if all fit."""
    if total <= most:
        return []
    return [f"Only the {most} of {total} networks with the highest {what}; see the tables."]


def briefly(lead: str, items: Sequence[str], rest: str = "the tables") -> str:
    """Return an alternative text: the lead and as many of the items as its length allows.

    Args:
        lead: introduction of the figure and of the items.
        items: the main numbers, the most important first.
        rest: place in which a reader finds the others.

    Returns:
        At most ``ALT`` characters, if the lead and the first item are no longer.
    """
    made, number = lead + items[0], 1
    ending = f" more in {rest}."
    while number < len(items) and len(made) + len(items[number]) + len(ending) + 4 < ALT:
        made += f"; {items[number]}"
        number += 1
    left = len(items) - number
    return f"{made}; {left}{ending}" if left else f"{made}."
