"""Parameter types and callbacks that parse options as the benchmark does."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_bench.runtime.files import expand_user

if TYPE_CHECKING:
    import os


_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}


class NonEmptyPath(click.Path):
    """Type of a non-empty path, in which ``~`` is the home directory.

    Args:
        file_okay: if True, the path may be a file.
        dir_okay: if True, the path may be a directory.
    """

    def __init__(self, *, file_okay: bool = True, dir_okay: bool = True) -> None:
        super().__init__(file_okay=file_okay, dir_okay=dir_okay, path_type=Path)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        """Return the path.

        Raises:
            click.UsageError: it is empty, or of a type that is not allowed.
        """
        if value == "":
            raise _empty(param, ctx)
        return super().convert(expand_user(str(value)), param, ctx)


class PositiveNumber(click.FloatRange):
    """Type of a finite number above 0; ``click.FloatRange`` accepts NaN."""

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number.

        Raises:
            click.UsageError: it is no such number.
        """
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


def parse_count(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> int | None:
    """Return a number of 1 or more that may end with k, M or G; a ``callback`` for options.

    Raises:
        click.UsageError: it is no such number.
    """
    if value is None:
        return None
    found = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)([kMG]?)", value)
    size = 0 if found is None else round(float(found[1]) * _UNITS[found[2]])
    if size < 1:
        raise click.BadParameter(
            f"{value!r} is not a number of 1 or more, as in 300k or 2.5M", context, parameter
        )
    return size


def not_empty(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Return a text unchanged; a ``callback`` for options.

    Raises:
        click.UsageError: it is empty.
    """
    if value == "":
        raise _empty(parameter, context)
    return value


def _empty(parameter: click.Parameter | None, context: click.Context | None) -> click.UsageError:
    name = "a path" if parameter is None else parameter.opts[0]
    return click.UsageError(f"{name} is empty; give it a value or omit it", context)
