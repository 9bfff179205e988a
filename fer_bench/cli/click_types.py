"""Parameter types and callbacks that parse options as the benchmark does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_bench.runtime.files import expand_user

if TYPE_CHECKING:
    import os


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
