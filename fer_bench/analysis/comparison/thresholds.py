"""Thresholds for how much worse a metric may get: syntax, defaults, lookup, a project's own."""

from __future__ import annotations

import difflib
import os
import re
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from fer_bench.analysis.comparison.compared_metrics import METRICS
from fer_bench.runtime.errors import FerBenchError, shown
from fer_bench.runtime.files import cause_of, read_regular

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from fer_bench.analysis.comparison.compared_metrics import Metric

GONE = "gone"
"""Threshold name for a cell, or a metric of it, that the base has and the head lacks."""

DETERMINISM = "determinism"
"""Threshold name for results that differ although everything that determines them is the same."""

DEFAULTS = (
    "accuracy: 0.5pp",
    "validation.accuracy: 0.5pp",
    "training.speed: 5%",
    "inference.median: 5%",
    f"{GONE}: on",
    f"{DETERMINISM}: on",
)
"""Thresholds that apply unless another one overrides them."""

_SWITCHES = (GONE, DETERMINISM)
_AMOUNT = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,9})?) ?(?P<unit>%|pp|ms|s|)", re.ASCII)
_SCALES = {"pp": 0.01, "ms": 0.001, "s": 1.0, "": 1.0}
_FITTING = {"pp": ("share", "share per epoch"), "ms": ("s",), "s": ("s",)}

_FILE = "pyproject.toml"

_LARGEST = 1 << 24
"""Maximum size of the file in bytes."""


@dataclass(frozen=True)
class Threshold:
    """Amount by which a metric may get worse.

    Attributes:
        amount: a share of the base's value if relative, otherwise in the metric's unit.
        relative: True if ``amount`` is a share of the base's value.
        text: as written by the user: ``"0.5pp"``.
    """

    amount: float
    relative: bool
    text: str

    def distance(self, base: float) -> float:
        """Return the allowed distance from the base's value, in the metric's unit."""
        return self.amount * abs(base) if self.relative else self.amount


@dataclass(frozen=True)
class ScopedThreshold:
    """Threshold for the cells and metrics that match two patterns.

    Attributes:
        cells: pattern of backbone and init: ``"vggface*"``; ``"*"`` for all.
        metric: pattern of a metric's name, with or without class or batch size:
            ``"inference.p99"``, ``"inference.p99@32"``, ``"recall.*"``; or ``"gone"`` or
            ``"determinism"``.
        threshold: None if the metric never makes a comparison fail.
        text: as written by the user.
    """

    cells: str
    metric: str
    threshold: Threshold | None
    text: str

    def applies(self, cell: str, names: Iterable[str]) -> bool:
        """Return True if it applies to a metric of a cell, as ``Thresholds.of``."""
        # A pattern such as "*" matches metrics only, never "gone" or "determinism".
        return fnmatchcase(cell, self.cells) and any(
            name == self.metric if name in _SWITCHES else fnmatchcase(name, self.metric)
            for name in names
        )


@dataclass(frozen=True)
class Thresholds:
    """Thresholds in order; the last one that applies takes effect."""

    entries: tuple[ScopedThreshold, ...]

    def of(self, cell: str, *names: str) -> Threshold | None:
        """Return the threshold of a metric of a cell; None if it never makes a comparison fail.

        Args:
            cell: backbone and init.
            names: names of the metric, without and with class or batch size; or ``GONE`` or
                ``DETERMINISM``.
        """
        found = None
        for entry in self.entries:
            if entry.applies(cell, names):
                found = entry.threshold
        return found

    def __add__(self, other: Thresholds) -> Thresholds:
        """Append other thresholds, which take precedence."""
        return Thresholds((*self.entries, *other.entries))


def parse(texts: Iterable[str], source: str) -> Thresholds:
    """Parse thresholds.

    Each is ``METRIC: AMOUNT`` or ``CELLS: METRIC: AMOUNT``. ``AMOUNT`` is a share of the
    base's value (``10%``), percentage points of a share (``0.5pp``), a time (``2ms``), a plain
    number in the metric's own unit, or ``off``; for ``gone`` and ``determinism`` it is ``on`` or
    ``off``.

    Args:
        texts: one or more thresholds each, separated by commas or line breaks.
        source: origin of the texts, for errors: ``"--fail-on"``.

    Raises:
        FerBenchError: a threshold has invalid syntax, names an unknown metric, or has an amount
            that does not fit the metric.
    """
    pieces = [piece.strip() for text in texts for piece in re.split(r"[,\n]", text)]
    return Thresholds(tuple(_parse_entry(piece, source) for piece in pieces if piece))


def default_thresholds() -> Thresholds:
    """Return the thresholds that apply unless another one overrides them."""
    return parse(DEFAULTS, "the defaults")


def _parse_entry(text: str, source: str) -> ScopedThreshold:
    parts = [part.strip() for part in text.split(":")]
    if len(parts) not in (2, 3) or not all(parts):
        raise FerBenchError(
            f"{source}: {shown(text)} is not a threshold",
            "METRIC: AMOUNT or CELLS: METRIC: AMOUNT, "
            "as in 'accuracy: 0.5pp' or 'vggface*: training.speed: 20%'",
        )
    cells, metric, amount = ["*", *parts][-3:]
    if metric in _SWITCHES:
        if amount not in ("on", "off"):
            raise FerBenchError(
                f"{source}: {shown(text)} has the amount {shown(amount)}", "on, off"
            )
        threshold = Threshold(0.0, False, "on") if amount == "on" else None
        return ScopedThreshold(cells, metric, threshold, text)
    metrics = _find_metrics(metric, text, source)
    threshold = None if amount == "off" else _parse_amount(amount, metrics, text, source)
    return ScopedThreshold(cells, metric, threshold, text)


def _find_metrics(pattern: str, text: str, source: str) -> list[Metric]:
    """Return the metrics that a pattern may refer to."""
    # Classes and batch sizes are known only from the files, so only the prefix is checked.
    known = [
        metric
        for metric in METRICS
        if fnmatchcase(metric.name, pattern)
        or (metric.mark and pattern.startswith(metric.name + metric.mark))
    ]
    if known:
        return known
    names = [*(metric.name for metric in METRICS), *_SWITCHES]
    near = difflib.get_close_matches(pattern, names, 1, 0.4)
    raise FerBenchError(
        f"{source}: {shown(text)} has the unknown metric {shown(pattern)}",
        ", ".join(names),
        f"did you mean {near[0]!r}?" if near else "",
    )


def _parse_amount(amount: str, metrics: list[Metric], text: str, source: str) -> Threshold:
    found = _AMOUNT.fullmatch(amount)
    if found is None:
        raise FerBenchError(
            f"{source}: {shown(text)} has the amount {shown(amount)}",
            "a number from 0 with the unit %, pp, ms, s or none, or off",
        )
    unit, number = found["unit"], float(found["number"])
    if unit == "%":
        return Threshold(number / 100, True, amount)
    unfit = [metric for metric in metrics if unit and metric.unit not in _FITTING[unit]]
    if unfit:
        name, own = unfit[0].name, unfit[0].unit
        units = ", ".join(["%", *(one for one, kinds in _FITTING.items() if own in kinds)])
        raise FerBenchError(
            f"{source}: {shown(text)} has an amount in {unit}, but {name} is in {own}",
            f"{units}, or a plain number in {own}",
        )
    return Threshold(number * _SCALES[unit], False, amount)


def project_thresholds(folder: Path) -> Thresholds:
    """Return the thresholds under ``[tool.fer_bench.compare]`` of the nearest ``pyproject.toml``.

    Args:
        folder: absolute path of the directory to search first; its parents are searched next.

    Returns:
        No thresholds if there is no such file, or if it has no section for fer_bench.

    Raises:
        FerBenchError: the file cannot be read, is not valid TOML, or contains invalid entries
            there.
    """
    paths = (place / _FILE for place in (folder, *folder.parents))
    # Path.is_file raises if a directory may not be entered.
    path = next((one for one in paths if os.path.isfile(one)), None)  # noqa: PTH113
    if path is None:
        return Thresholds(())
    try:
        document: dict[str, Any] = tomllib.loads(read_regular(path, _LARGEST).decode("utf-8"))
    except OSError as error:
        raise FerBenchError(cause_of(error), "a readable file", path=path) from error
    except (ValueError, RecursionError) as error:
        raise FerBenchError(f"not valid TOML: {cause_of(error)}", path=path) from error
    table, where = document, ""
    for name, accepted in (("tool", ""), ("fer_bench", "compare"), ("compare", "fail_on")):
        table, where = table.get(name, {}), f"{where}.{name}".removeprefix(".")
        if not isinstance(table, dict):
            raise FerBenchError(f"{where} is {shown(table)}", "a table", path=path)
        for key in table if accepted else ():
            if key != accepted:
                raise FerBenchError(f"{where} has the unknown key {key!r}", accepted, path=path)
    texts = table.get("fail_on", [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise FerBenchError(
            f"{where}.fail_on is {shown(texts)}",
            "a list of strings, as in fail_on = ['accuracy: 0.5pp']",
            path=path,
        )
    return parse(texts, f"{path}: {where}.fail_on")
