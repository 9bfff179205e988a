"""Short option names that give way to other plugins' options.

pytest's parser accepts each name once, and fails every run in an environment in which two plugins
define the same one. So only the names that begin with ``--fer-`` are registered. A short name is
replaced by the long one on the command line after all plugins and conftest.py files have defined
their options, if none of them defines it.
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
_WITH_VALUE = {name for one in OPTIONS if one.takes_next for name in (one.flag, one.short) if name}
_BARE = {one.flag: f"{one.flag}={one.bare}" for one in OPTIONS if one.bare}


def declared_at_once(parser: pytest.Parser, manager: pytest.PytestPluginManager) -> list[str]:
    """Return the short names to register if a conftest.py loads this plugin, otherwise none.

    The hook that expands short names on the command line is no longer called by then.
    """
    names = [name for name, _ in manager.list_name_plugin()]
    if not any(name.endswith("conftest.py") for name in names):
        return []
    defined = _defined(parser)
    return [name for name in _LONG if name not in defined]


def expect_values(config: pytest.Config, parser: pytest.Parser, args: Sequence[str]) -> None:
    """Keep short options and their values from being taken for the only test paths.

    pytest loads the conftest.py files of these paths before all options are known.
    """
    words = list(_read(args))
    free = _free(parser, words)
    # argparse takes an unknown option that contains a space for a path.
    ours = {word for word in words if " " in word and _name(word) in free}
    ours |= {word for name, word in itertools.pairwise(words) if name in _WITH_VALUE & free}
    if not ours:
        return
    known, here = config.known_args_namespace, config.invocation_params.dir
    unknown = parser.parse_known_and_unknown_args(words, copy.copy(config.option))[1]
    # pytest 8 returns all but the first of several separate path groups as unknown options.
    paths = [*known.file_or_dir, *(word for word in unknown if not word.startswith("-"))]
    if ours.issuperset(paths):
        paths += (here == config.rootpath and config.getini("testpaths")) or [str(here)]
    known.file_or_dir = paths


def lengthen(parser: pytest.Parser, args: list[str]) -> None:
    """Replace each short name on the command line that no other plugin defines.

    Options that need no value get their own, since argparse would give them the path that follows.
    """
    words = list(_read(args))
    free = _free(parser, words)
    long = [
        _LONG[_name(word)] + word.removeprefix(_name(word))
        if _name(word) in free and before not in _WITH_VALUE
        else word
        for before, word in itertools.pairwise(["", *words])
    ]
    args[:] = [_BARE.get(word, word) for word in long]


def _name(word: str) -> str:
    return word.partition("=")[0]


def _free(parser: pytest.Parser, words: Iterable[str]) -> set[str]:
    """Return the short names among these words that are not defined so far."""
    return (_LONG.keys() & set(map(_name, words))) - _defined(parser)


def _defined(parser: pytest.Parser) -> set[str]:
    # pytest 8 does not include the anonymous group in ``_groups``.
    groups = (parser._anonymous, *parser._groups)
    return {name for group in groups for option in group.options for name in option.names()}


def _read(args: Sequence[str]) -> Iterator[str]:
    """Yield the arguments, with those from files given as ``@FILE``."""
    for arg in args:
        if arg.startswith("@"):
            text = Path(arg[1:]).read_text(sys.getfilesystemencoding())
            yield from _read(text.splitlines())
        else:
            yield arg
