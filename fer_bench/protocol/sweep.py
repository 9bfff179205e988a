"""Sweeps: grids of settings from which each cell's own are chosen on the validation images."""

from __future__ import annotations

import contextlib
import difflib
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fer_bench.protocol.head import Head

Value = float | str
"""Value of a swept setting; ``"all"`` is a number of layers."""

DEFAULT = "default"
"""Name of the grid of a sweep that names no axes."""

_NONE = "none"
_TRIALS = "trials"
_DECIMALS = 6
"""Decimals of a dropout, as in the names of heads."""


class Axis(NamedTuple):
    """Setting that can be swept.

    Attributes:
        values: values of its default grid.
        accepted: values that it may have, in words.
        fits: True for such a value.
        is_rate: True if its values are spread over orders of magnitude.
    """

    values: tuple[Value, ...]
    accepted: str
    fits: Callable[[Value], bool]
    is_rate: bool = False


def _is_between(low: float, high: float, *, with_low: bool = True) -> Callable[[Value], bool]:
    return lambda value: (
        not isinstance(value, str) and low <= value < high and (with_low or value > low)
    )


AXES: Mapping[str, Axis] = {
    "learning-rate": Axis(
        (1e-5, 1e-4, 1e-3, 1e-2, 1e-1),
        "numbers above 0",
        _is_between(0, float("inf"), with_low=False),
        is_rate=True,
    ),
    "weight-decay": Axis(
        (0.0, 0.01, 0.1, 1.0), "0, and numbers above it", _is_between(0, float("inf")), is_rate=True
    ),
    "dropout": Axis((0.0, 0.2, 0.5), "0 to below 1", _is_between(0, 1)),
    "trainable-layers": Axis(
        (0.0, 2.0, 4.0, 8.0),
        "whole numbers from 0, and all",
        lambda value: (
            value == "all" or (not isinstance(value, str) and value >= 0 and value % 1 == 0)
        ),
    ),
}
"""Settings that can be swept, by the name of their option."""

DEFAULT_AXES = ("learning-rate", "weight-decay")
"""Axes of the default grid."""


@dataclass(frozen=True)
class Sweep:
    """Grid of settings; one without axes sweeps nothing.

    Attributes:
        axes: name and values of each axis, in the order given.
        trials: number of trials that Optuna draws for heads whose training is not cheap; None to
            train the complete grid.
    """

    axes: tuple[tuple[str, tuple[Value, ...]], ...] = ()
    trials: int | None = None

    @classmethod
    def parse(cls, text: str) -> Sweep:
        """Parse ``none``, ``default``, or axes: ``learning-rate=1e-4,1e-3,weight-decay,trials=9``.

        An axis without values has those of its default grid.

        Raises:
            FerBenchError: an axis is unknown or named twice, or a value is not accepted.
        """
        words = [word.strip() for word in text.split(",")]
        if words == [_NONE]:
            return cls()
        axes: dict[str, list[Value]] = {}
        trials: int | None = None
        for word in words:
            name, equals, given = (part.strip() for part in word.partition("="))
            if name == _TRIALS and equals:
                if not re.fullmatch("[1-9][0-9]{0,5}", given):
                    raise FerBenchError(
                        f"sweep {text!r}: {_TRIALS} {given!r} is invalid", "a whole number from 1"
                    )
                trials = int(given)
            elif name in AXES and name not in axes:
                axes[name] = [_value(text, name, given)] if equals else []
            elif word == DEFAULT and not axes:
                axes = {one: [] for one in DEFAULT_AXES}
            elif any(axes.values()) and not equals and re.match("[-+.]?[0-9]|all$", word):
                # Continues the values of the axis before it.
                last = next(reversed(axes))
                axes[last].append(_value(text, last, word))
            else:
                raise _unknown(text, name)
        axes = axes or {one: [] for one in DEFAULT_AXES}
        for name, values in axes.items():
            for value in values:
                if values.count(value) > 1:
                    raise FerBenchError(
                        f"sweep {text!r}: {name} has {value_text(value)} twice", "each value once"
                    )
        found = ((name, tuple(values) or AXES[name].values) for name, values in axes.items())
        return cls(tuple(found), trials)

    def __bool__(self) -> bool:
        """Return True if anything is swept."""
        return bool(self.axes)

    def check(self, heads: Iterable[Head]) -> None:
        """Check that the dropout, if it is swept, follows a layer of any head.

        Raises:
            FerBenchError: it does not.
        """
        if "dropout" in dict(self.axes) and not any(sweeps_dropout(head) for head in heads):
            raise FerBenchError(
                f"sweep {str(self)!r}: dropout has no layer to follow",
                "a head with hidden layers and without a dropout of its own",
                "add --head=mlp:256 or omit the axis",
            )

    def __str__(self) -> str:
        """Return the text that ``parse`` reads, with all values."""
        words = [f"{name}={','.join(map(value_text, values))}" for name, values in self.axes]
        return ",".join([*words, *([f"{_TRIALS}={self.trials}"] if self.trials else [])]) or _NONE


def sweeps_dropout(head: Head) -> bool:
    """Return True if a swept dropout applies to a head."""
    return bool(head.widths) and not head.dropout


Settings = tuple[tuple[str, Value], ...]
"""Name and value of each setting of one trial."""


def grid(axes: tuple[tuple[str, tuple[Value, ...]], ...]) -> list[Settings]:
    """Return every combination of the values of axes, those of the last axis next to each other."""
    names = [name for name, _ in axes]
    return [
        tuple(zip(names, values, strict=True))
        for values in itertools.product(*(values for _, values in axes))
    ]


def value_text(value: Value) -> str:
    """Return a value in few characters that are read as the same value."""
    short = value if isinstance(value, str) else f"{value:g}"
    return short if short == value or float(short) == value else repr(value)


def read_value(name: str, text: str) -> Value:
    """Return the value of a setting from its text.

    Raises:
        FerBenchError: the axis does not have such a value.
    """
    value: Value = text
    with contextlib.suppress(ValueError):
        value = float(text)
    if name == "dropout" and isinstance(value, float):
        value = round(value, _DECIMALS)
    if not AXES[name].fits(value):
        raise FerBenchError(f"{name} {text!r} is out of range", AXES[name].accepted)
    return value


def _value(sweep: str, name: str, text: str) -> Value:
    try:
        return read_value(name, text)
    except FerBenchError as error:
        raise error.revised(problem=f"sweep {sweep!r}: {error.problem}") from None


def _unknown(sweep: str, word: str) -> FerBenchError:
    near = difflib.get_close_matches(word, AXES, 1)
    problem = f"{word!r} is " + ("named twice" if word in AXES else "no axis")
    return FerBenchError(
        f"sweep {sweep!r}: {problem}",
        f"{DEFAULT}, {_NONE}, or {', '.join(AXES)}, each with or without =VALUE,VALUE; {_TRIALS}=N",
        f"did you mean {near[0]!r}?" if near and near[0] != word else "",
    )
