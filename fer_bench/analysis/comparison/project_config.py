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
    section = _table(path, _table(path, document, "tool"), "tool.fer_bench")
    _check_keys(path, section, "tool.fer_bench", "compare")
    compare = _table(path, section, "tool.fer_bench.compare")
    _check_keys(path, compare, "tool.fer_bench.compare", "fail_on")
    texts = compare.get("fail_on", [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise FerBenchError(
            f"tool.fer_bench.compare.fail_on is {shown(texts)}",
            "a list of strings, as in fail_on = ['accuracy: 0.5pp']",
            path=path,
        )
    return parse(texts, f"{path}: tool.fer_bench.compare.fail_on")


def _table(path: Path, parent: dict[str, Any], where: str) -> dict[str, Any]:
    value = parent.get(where.rpartition(".")[2], {})
    if not isinstance(value, dict):
        raise FerBenchError(f"{where} is {shown(value)}", "a table", path=path)
    return value


def _check_keys(path: Path, table: dict[str, Any], where: str, accepted: str) -> None:
    for key in table:
        if key != accepted:
            raise FerBenchError(f"{where} has the unknown key {key!r}", accepted, path=path)
