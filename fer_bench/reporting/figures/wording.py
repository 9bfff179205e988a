"""Names and sentences that the figures share."""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from typing import TYPE_CHECKING

from fer_bench.reporting.rates import why_missing
from fer_bench.reporting.render import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fer_bench.groups import Group
    from fer_bench.results import CellResult

ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
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
    """A group's whole label, on one line."""
    return clean(group.label)


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
    why: str = "not measured in this run",
) -> list[str]:
    """A sentence that names the cells which are not shown, and their reasons; none if all are.

    Args:
        groups: whose cells belong into the figure.
        shown: whether the figure shows a cell.
        why: the reason of cells that neither failed nor were skipped.
    """
    found: dict[str, list[str]] = {}
    for group in groups:
        for cell in group.cells:
            if not shown(cell):
                reason = clean(why_missing(cell, False)[0]) if cell.status != "ok" else why
                seed = f" seed {cell.seed}" if len(group.cells) > 1 else ""
                found.setdefault(reason, []).append(clean(cell.label) + seed)
    told = [f"{', '.join(labels)} ({reason})" for reason, labels in found.items()]
    return [f"Not shown: {'; '.join(told)}."] if told else []


def seeds_note(groups: Iterable[Group], what: str) -> list[str]:
    """The sentence ``what`` where any group has several trained cells."""
    return [what] if any(len(group.trained) > 1 for group in groups) else []


def left_out(total: int, most: int, what: str) -> list[str]:
    """A sentence on what is more than a figure has room for; none if all fits."""
    if total <= most:
        return []
    return [f"The first {most} of {total} {what}; the tables hold all of them."]
