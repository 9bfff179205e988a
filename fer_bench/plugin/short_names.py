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

from fer_bench.plugin.options import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pytest

_LONG = {option.short: option.flag for option in OPTIONS if option.short}
_WITH_VALUE = {name for one in OPTIONS if one.metavar for name in (one.flag, one.short) if name}


def declared_at_once(parser: pytest.Parser, manager: pytest.PytestPluginManager) -> list[str]:
    """The short names to declare if a conftest.py asked for this plugin, otherwise none.

    What replaces them on the command line is not called any more by then.
    """
    names = [name for name, _ in manager.list_name_plugin()]
    if not any(name.endswith("conftest.py") for name in names):
        return []
    defined = _defined(parser)
    return [name for name in _LONG if name not in defined]


def expect_values(config: pytest.Config, parser: pytest.Parser, args: Sequence[str]) -> None:
    """Keeps what belongs to short names from being taken for the only paths of tests.

    pytest loads the conftest.py of these before all options are known.
    """
    words = list(_read(args))
    free = _free(parser, words)
    # What it does not know and has a blank in it, argparse takes for a path.
    ours = {word for word in words if " " in word and _name(word) in free}
    ours |= {word for name, word in itertools.pairwise(words) if name in _WITH_VALUE & free}
    if not ours:
        return
    known, here = config.known_args_namespace, config.invocation_params.dir
    unknown = parser.parse_known_and_unknown_args(words, copy.copy(config.option))[1]
    # Of paths that stand apart, pytest 8 takes all but the first for unknown options here.
    paths = [*known.file_or_dir, *(word for word in unknown if not word.startswith("-"))]
    if ours.issuperset(paths):
        paths += (here == config.rootpath and config.getini("testpaths")) or [str(here)]
    known.file_or_dir = paths


def lengthen(parser: pytest.Parser, args: list[str]) -> None:
    """Replaces each short name on the command line that nobody else has defined."""
    words = list(_read(args))
    free = _free(parser, words)
    args[:] = [
        _LONG[_name(word)] + word.removeprefix(_name(word))
        if _name(word) in free and before not in _WITH_VALUE
        else word
        for before, word in itertools.pairwise(["", *words])
    ]


def _name(word: str) -> str:
    return word.partition("=")[0]


def _free(parser: pytest.Parser, words: Iterable[str]) -> set[str]:
    """The short names among these words that are nobody's so far."""
    return (_LONG.keys() & set(map(_name, words))) - _defined(parser)


def _defined(parser: pytest.Parser) -> set[str]:
    # pytest 8 does not count the first among the groups.
    groups = (parser._anonymous, *parser._groups)
    return {name for group in groups for option in group.options for name in option.names()}


def _read(args: Sequence[str]) -> Iterator[str]:
    """The arguments, with those of files that are given as ``@FILE``."""
    for arg in args:
        if arg.startswith("@"):
            text = Path(arg[1:]).read_text(sys.getfilesystemencoding())
            yield from _read(text.splitlines())
        else:
            yield arg
