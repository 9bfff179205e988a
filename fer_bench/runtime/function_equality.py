"""Comparison of functions by definition, so that reloaded modules compare equal."""

from __future__ import annotations

import functools
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    Seen = dict[tuple[int, int], tuple[object, object]]


def same_definition(one: object, other: object) -> bool:
    """Return True if two callables have the same definition, even after a module reload.

    They are the same if name and bytecode match and they hold equal values: closure cells,
    defaults, arguments of ``functools.partial``, attributes of a callable object. Functions and
    classes of their own module that they refer to are compared as well, in case the module was
    loaded into a new namespace; other globals are not. Values that cannot be compared count as
    different.
    """
    try:
        return _same(one, other, {})
    # ``__eq__`` of foreign values may raise anything.
    except Exception:
        return False


def _same(one: object, other: object, seen: Seen) -> bool:
    pair = id(one), id(other)
    if one is other or pair in seen:
        return True
    # A pair reached again through a cycle is equal if everything else is. Keeping a reference
    # prevents its ids from being reused.
    seen[pair] = one, other
    if not _same(type(one), type(other), seen):
        return False
    if type(one) is type(other) and _is_value(one):
        return _equal(one, other)
    parts, others = list(_parts(one)), list(_parts(other))
    return len(parts) == len(others) and all(
        _same(part, counterpart, seen) for part, counterpart in zip(parts, others, strict=True)
    )


def _is_value(value: object) -> bool:
    """Check if an object is a leaf that ``==`` compares by value."""
    by_parts = (type, types.FunctionType, types.MethodType, types.CodeType, tuple, list, dict)
    return type(value).__eq__ is not object.__eq__ and not isinstance(value, by_parts)


def _equal(one: Any, other: Any) -> bool:
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(one, numpy.ndarray):
        return one.dtype == other.dtype and bool(numpy.array_equal(one, other))
    return bool(one == other)


def _parts(value: Any) -> Iterator[object]:
    """Yield the parts that define an object; two objects with equal parts are the same."""
    kind: Any = type(value)
    if isinstance(value, types.FunctionType):
        yield from (value.__module__, value.__qualname__, value.__code__)
        yield from (value.__defaults__, value.__kwdefaults__)
        yield [cell.cell_contents for cell in value.__closure__ or () if cell != types.CellType()]
        yield _called(value)
    elif isinstance(value, types.CodeType):
        # File name and line numbers are left out: edits above a function do not change it.
        yield from (value.co_code, value.co_consts, value.co_names, value.co_flags)
        yield from (value.co_argcount, value.co_posonlyargcount, value.co_kwonlyargcount)
    elif isinstance(value, functools.partial):
        yield from (value.func, value.args, value.keywords)
    elif isinstance(value, functools._lru_cache_wrapper):
        yield from (value.__wrapped__, value.cache_parameters())
    elif isinstance(value, types.MethodType):
        yield from (value.__func__, value.__self__)
    elif isinstance(value, (classmethod, staticmethod)):
        yield value.__func__
    elif isinstance(value, property):
        yield from (value.fget, value.fset, value.fdel)
    elif isinstance(value, type):
        yield from (value.__module__, value.__qualname__, value.__bases__, _members(value))
    elif isinstance(value, (tuple, list)):
        yield from value
    elif isinstance(value, dict):
        yield from (list(value), list(value.values()))
    elif kind.__reduce__ is object.__reduce__:
        # Yields class and attributes; raises if the object has state that is hidden from Python.
        yield from value.__reduce_ex__(2)
    else:
        yield from (kind, id(value))


def _called(function: types.FunctionType) -> dict[str, object]:
    """Return the functions and classes of its own module that a function refers to."""
    codes, names = [function.__code__], set()
    for code in codes:
        names |= {*code.co_names}
        codes += [const for const in code.co_consts if isinstance(const, types.CodeType)]
    found = {name: function.__globals__.get(name) for name in sorted(names)}
    return {
        name: value
        for name, value in found.items()
        if isinstance(value, (types.FunctionType, type)) and value.__module__ == function.__module__
    }


def _members(kind: type) -> dict[str, object]:
    """Return methods and attributes of a class without those that Python adds to every class."""
    return {
        name: value
        for name, value in vars(kind).items()
        if name != "_abc_impl"
        and not isinstance(value, (types.MemberDescriptorType, types.GetSetDescriptorType))
        and (not name.startswith("__") or isinstance(value, types.FunctionType))
    }
