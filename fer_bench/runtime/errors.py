"""Base exception for user errors, and formatting of values in its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fer_bench.runtime.escapes import inert, printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


INSTALL = "pip install -e '.[cpu]' in a clone of fer_bench"
"""Install command for the deep-learning libraries; this package is not on PyPI."""


_FIELDS = ("problem", "accepted", "hint", "path", "line")


class FerBenchError(Exception):
    """Mistake that the user can correct.

    ``str()`` is one line: the cause with the offending value, what is accepted, and the next step.
    The plugin and the command line print it without a traceback and exit with a non-zero status.
    Control characters and workflow commands in the text are escaped.

    Args:
        problem: the cause, with the offending value.
        accepted: accepted values; empty if the problem or the hint states them.
        hint: the next step.
        path: the file or directory with the mistake, if it is in one.
        line: 1-based line number, None for the whole file.

    Attributes:
        problem, accepted, hint, path, line: as given, not escaped.
    """

    def __init__(
        self,
        problem: str,
        accepted: str = "",
        hint: str = "",
        *,
        path: Path | None = None,
        line: int | None = None,
    ) -> None:
        super().__init__(problem, accepted, hint)
        self.problem = problem
        self.accepted = accepted
        self.hint = hint
        self.path = path
        self.line = line

    def __str__(self) -> str:
        cause = self.problem
        if self.path is not None:
            line = "" if self.line is None else f", line {self.line}"
            cause = f"{str(self.path)!r}{line}: {cause}"
        accepted = self.accepted and f"accepted: {self.accepted}"
        return inert(printable("; ".join(filter(None, (cause, accepted, self.hint)))))

    def revised(self, **changed: Any) -> FerBenchError:
        """Return a plain ``FerBenchError`` with these fields changed and the others kept."""
        fields = {name: getattr(self, name) for name in _FIELDS}
        return FerBenchError(**{**fields, **changed})


def shown(value: object, most: int = 60) -> str:
    """Return ``repr(value)``, truncated to ``most`` characters (plus quotes for a string)."""
    return repr(cut(value, most)) if isinstance(value, str) else cut(repr(value), most)


def cut(text: str, most: int) -> str:
    """Truncate a text to at most ``most`` characters."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def listed(words: Sequence[str], most: int) -> str:
    """Join the first ``most`` words with commas, followed by ``...`` if there are more."""
    return ", ".join([*words[:most], *(["..."] if len(words) > most else [])])


def bytes_shown(count: int) -> str:
    """Format a number of bytes in the largest binary unit in which it is at least 1."""
    for exponent, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
        if count >= 1 << exponent:
            return f"{count / (1 << exponent):,.1f} {unit}"
    return f"{count} B"
