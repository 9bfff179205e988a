"""Thresholds that a project sets in its ``pyproject.toml``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from fer_bench.analysis.comparison.thresholds import Thresholds, parse
from fer_bench.runtime.errors import FerBenchError, shown
from fer_bench.runtime.files import cause_of, read_regular

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "pyproject.toml"

_LARGEST = 1 << 24
"""Maximum size of the file in bytes."""


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
    for place in (folder, *folder.parents):
        path = place / _FILE
        # Path.is_file raises if a directory may not be entered.
        if os.path.isfile(path):  # noqa: PTH113
            return _thresholds(path)
    return Thresholds(())


def _thresholds(path: Path) -> Thresholds:
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
