"""Conversion of parsed JSON to dataclasses, with errors that users can act on."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import types
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from fer_bench.runtime.errors import FerBenchError, shown

T = TypeVar("T")

_ACCEPTED = {
    int: "an integer",
    float: "a finite number",
    str: "a string",
    bool: "true or false",
    bytes: "a base64 string",
}


class Mismatch(FerBenchError):  # noqa: N818 - a finding that the caller turns into its own error
    """Invalid content, whose place in the file ``problem`` begins with: ``.cells[2].seed is 'x'``.

    Readers catch it and add the file.
    """


def convert(value: Any, kind: type[T], where: str = "") -> T:
    """Convert parsed JSON to a type.

    Nothing but integers to floats is coerced. Keys that a dataclass does not have are ignored, and
    it must have all others, even those of fields with a default.

    Args:
        value: parsed JSON.
        kind: a dataclass or a tuple of them, of tuples, ``Literal``, numbers, strings and bytes.
        where: place of the value in the file, for the error.

    Raises:
        Mismatch: a key is missing, or a value has another type or is not finite.
    """
    import msgspec

    try:
        try:
            found = msgspec.convert(value, kind)
        except UnicodeEncodeError:
            # A lone surrogate in base64 or a choice, where its replacement is as invalid.
            clean = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
            found = msgspec.convert(json.loads(clean), kind)
    except msgspec.ValidationError as error:
        text = str(error) if " - at `$" in str(error) else f"{error} - at `$`"
        # The last one, as the problem may quote a value that contains anything.
        problem, _, path = text.removesuffix("`").rpartition(" - at `$")
        raise _mismatch(problem, value, kind, where, path) from None
    _check(value, found, where)
    return found


def _mismatch(problem: str, value: Any, kind: Any, where: str, path: str) -> Mismatch:
    """Return the error for the value at a path, in which msgspec found a problem."""
    for key, index in re.findall(r"\.(\w+)|\[([0-9]+)\]", path):
        kind = _without_none(kind)
        kind = get_type_hints(kind)[key] if key else get_args(kind)[0]
        value = value[key or int(index)]
    place = f"{where}{path}"
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", problem):
        return Mismatch(f"{place}.{missing[1]} is missing")
    if isinstance(value, dict) and dataclasses.is_dataclass(_without_none(kind)):
        return Mismatch(f"{place}: {problem}")  # raised by the class itself
    return Mismatch(f"{place or 'the document'} is {shown(value)}", _accepted(kind))


def _accepted(kind: Any) -> str:
    if (known := _without_none(kind)) is not kind:
        return f"{_accepted(known)}, or null"
    if get_origin(kind) is Literal:
        return ", ".join(map(repr, get_args(kind)))
    return "a list" if get_origin(kind) is tuple else _ACCEPTED.get(kind, "an object")


def _without_none(kind: Any) -> Any:
    """Return the type itself, or of ``X | None`` the type X."""
    if get_origin(kind) not in (Union, types.UnionType):
        return kind
    return next(choice for choice in get_args(kind) if choice is not types.NoneType)


def _check(value: Any, found: Any, where: str) -> None:
    """Check what msgspec does not: that no key is missing and every number is finite."""
    if dataclasses.is_dataclass(found):
        for item in dataclasses.fields(found):
            if item.name not in value:
                raise Mismatch(f"{where}.{item.name} is missing")
            _check(value[item.name], getattr(found, item.name), f"{where}.{item.name}")
    elif isinstance(found, tuple):
        for index, (entry, inner) in enumerate(zip(value, found, strict=True)):
            _check(entry, inner, f"{where}[{index}]")
    elif isinstance(found, float) and not math.isfinite(found):
        raise Mismatch(f"{where} is {found!r}", _ACCEPTED[float])
