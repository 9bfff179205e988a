"""Conversion of foreign values in a pytest-benchmark document to valid JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fer_bench.results.schema import KEY

if TYPE_CHECKING:
    from collections.abc import Mapping


def with_plain_values(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Replace foreign values that JSON cannot represent; fer_bench records are left unchanged.

    As in the files of pytest-benchmark, an object that cannot be serialised becomes a string. A
    number that is not finite becomes null.

    Args:
        document: the document that pytest-benchmark creates for a session.

    Returns:
        The document, and one message for each value with a number that is not finite.
    """
    messages: list[str] = []

    def plain(values: Mapping[Any, Any], owner: str) -> dict[str, Any]:
        return {
            str(name): value if name == KEY else _plain(value, f"{owner}{name}", messages)
            for name, value in values.items()
        }

    benchmarks = []
    for one in document["benchmarks"]:
        name = f"{one['name']}: "
        others = {key: value for key, value in one.items() if key != "extra_info"}
        benchmarks.append({**plain(others, name), "extra_info": plain(one["extra_info"], name)})
    others = {key: value for key, value in document.items() if key != "benchmarks"}
    return {**plain(others, ""), "benchmarks": benchmarks}, messages


def _plain(value: Any, name: str, messages: list[str]) -> Any:
    not_finite: list[str] = []
    try:
        text = json.dumps(value, default=lambda one: f"UNSERIALIZABLE[{one!r}]")
        plain = json.loads(text, parse_constant=not_finite.append)
    except (TypeError, ValueError, RecursionError):  # unsupported keys, circular references
        return f"UNSERIALIZABLE[{type(value).__name__}]"
    if not_finite:
        messages.append(f"{name} contains {not_finite[0]}, which results.json stores as null")
    return plain
