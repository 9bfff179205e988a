"""Validation of parsed JSON against type hints."""

from __future__ import annotations

import functools
import math
import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from fer_bench.runtime.errors import shown

_hints = functools.cache(get_type_hints)
"""Cached, as a results file contains the same few types many times."""


class Mismatch(Exception):  # noqa: N818 - a finding that the caller turns into its own error
    """Error with location and cause of a type mismatch: ``.cells[2].status is 'done'; ...``."""


def checked(value: Any, kind: Any, where: str = "") -> Any:
    """Return a value that matches its type, without keys that the type does not have.

    Args:
        value: parsed JSON.
        kind: a ``TypedDict``, ``list[...]``, ``Literal[...]`` of strings, ``float`` (any finite
            number), ``int``, ``str``, ``bool``, or one of these ``| None``.
        where: location of the value, for the error.

    Returns:
        The value, with integers converted to floats if the type is float.

    Raises:
        Mismatch: a key is missing, or a value has another type or is not finite.
    """
    if is_typeddict(kind):
        return _checked_keys(value, kind, where)
    origin = get_origin(kind)
    if origin is list:
        if not isinstance(value, list):
            raise Mismatch(f"{where} is {shown(value)}; accepted: a list")
        (item,) = get_args(kind)
        return [checked(entry, item, f"{where}[{index}]") for index, entry in enumerate(value)]
    if origin in (Union, types.UnionType):
        (other,) = (choice for choice in get_args(kind) if choice is not types.NoneType)
        return None if value is None else checked(value, other, where)
    if origin is Literal:
        if not isinstance(value, str) or value not in get_args(kind):
            accepted = ", ".join(repr(choice) for choice in get_args(kind))
            raise Mismatch(f"{where} is {shown(value)}; accepted: {accepted}")
        return value
    if kind is float:
        return _checked_float(value, where)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        accepted = {int: "a whole number", str: "a text", bool: "true or false"}[kind]
        raise Mismatch(f"{where} is {shown(value)}; accepted: {accepted}")
    return value


def _checked_keys(value: Any, kind: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Mismatch(f"{where or 'the whole'} is {shown(value)}; accepted: an object")
    found = {}
    for key, hint in _hints(kind).items():
        if key not in value:
            raise Mismatch(f"{where}.{key} is missing")
        found[key] = checked(value[key], hint, f"{where}.{key}")
    return found


def _checked_float(value: Any, where: str) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise Mismatch(f"{where} is {shown(value)}; accepted: a finite number")
