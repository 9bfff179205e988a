"""Short names of our options, for which nobody else has to make room.

pytest's parser takes each name once, and ends every run in an environment where two parties define
the same one. So it is told only the names that begin with ``--fer-``. A short name is replaced by
the long one on the command line, once all plugins and conftest.py have defined theirs and none of
them knows it.
"""

from __future__ import annotations

import copy
import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fer_bench.plugin.options import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LONG = {option.short: option.flag for option in OPTIONS if option.short}
_WITH_VALUE = {option.short for option in OPTIONS if option.short and option.metavar}


def declared_at_once(parser: pytest.Parser, manager: pytest.PytestPluginManager) -> list[str]:
    """The short names to declare if a conftest.py asked for this plugin, otherwise none.

    What replaces them on the command line is not called any more by then.
    """
    names = [name for name, _ in manager.list_name_plugin()]
    if not any(name.endswith("conftest.py") for name in names):
        return []
    return [name for name in _LONG if not _is_defined(parser, name)]


def expect_values(config: pytest.Config, parser: pytest.Parser, args: Sequence[str]) -> None:
    """Keeps values of short names from being taken for the only paths of tests.

    pytest loads the conftest.py of these before all options are known.
    """
    unknown = _unknown(config, parser, args)
    values = {
        value
        for name, value in itertools.pairwise(_read(args))
        if name in _WITH_VALUE and name in unknown
    }
    if not values:
        return
    known, here = config.known_args_namespace, config.invocation_params.dir
    # Of paths that stand apart, pytest 8 takes all but the first for unknown options here.
    paths = [*known.file_or_dir, *(arg for arg in unknown if not arg.startswith("-"))]
    if values.issuperset(paths):
        paths += (here == config.rootpath and config.getini("testpaths")) or [str(here)]
    known.file_or_dir = paths


def lengthen(config: pytest.Config, parser: pytest.Parser, args: list[str]) -> None:
    """Replaces each short name on the command line that nobody else has defined."""
    unknown = _unknown(config, parser, args)
    args[:] = [_long(arg) if arg in unknown else arg for arg in _read(args)]


def _long(arg: str) -> str:
    name, *value = arg.split("=", 1)
    return "=".join([_LONG.get(name, name), *value])


def _unknown(config: pytest.Config, parser: pytest.Parser, args: Sequence[str]) -> list[str]:
    """What looks like an option and is nobody's so far."""
    return parser.parse_known_and_unknown_args(args, copy.copy(config.option))[1]


def _is_defined(parser: pytest.Parser, name: str) -> bool:
    try:
        return name not in parser.parse_known_and_unknown_args([name])[1]
    except pytest.UsageError:
        # It wants a value.
        return True


def _read(args: Sequence[str]) -> Iterator[str]:
    """The arguments, with those of files that are given as ``@FILE``."""
    for arg in args:
        if arg.startswith("@"):
            text = Path(arg[1:]).read_text(sys.getfilesystemencoding())
            yield from _read(text.splitlines())
        else:
            yield arg
