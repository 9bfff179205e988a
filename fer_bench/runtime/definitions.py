"""Functions told apart by their definition, so that a module may be loaded again."""

from __future__ import annotations

import functools
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    Seen = dict[tuple[int, int], tuple[object, object]]


def same_origin(one: object, other: object) -> bool:
    """Tell if two functions are one and the same, perhaps of a module that was loaded again.

    They are if they have one name and one code and hold the same values: of a closure, defaults,
    arguments of ``functools.partial``, attributes of an object that is called. What they call of
    their own module is compared as well, if the module was loaded into a new namespace. Other
    globals are not. Of what cannot be compared the answer is no.
    """
    try:
        return _same(one, other, {})
    # Values of others compare in any way they like.
    except Exception:
        return False


def _same(one: object, other: object, seen: Seen) -> bool:
    pair = id(one), id(other)
    if one is other or pair in seen:
        return True
    # Whatever is met again inside itself is the same if all else is. Kept, it keeps its id.
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
    """Check if ``==`` compares more than identity."""
    whole = (type, types.FunctionType, types.MethodType, types.CodeType, tuple, list, dict)
    return type(value).__eq__ is not object.__eq__ and not isinstance(value, whole)


def _equal(one: Any, other: Any) -> bool:
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(one, numpy.ndarray):
        return one.dtype == other.dtype and bool(numpy.array_equal(one, other))
    return bool(one == other)


def _parts(value: Any) -> Iterator[object]:
    """Parts of an object; two with the same parts are the same."""
    kind: Any = type(value)
    if isinstance(value, types.FunctionType):
        yield from (value.__module__, value.__qualname__, value.__code__)
        yield from (value.__defaults__, value.__kwdefaults__)
        yield [cell.cell_contents for cell in value.__closure__ or () if cell != types.CellType()]
        yield _called(value)
    elif isinstance(value, types.CodeType):
        # Lines and files are left out: what stands above a function does not change it.
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
        # Its class and attributes. Fails if it holds more than Python sees.
        yield from value.__reduce_ex__(2)
    else:
        yield from (kind, id(value))


def _called(function: types.FunctionType) -> dict[str, object]:
    """The functions and classes of its own module that a function names."""
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
    """Methods and attributes of a class, without what Python notes of every one."""
    return {
        name: value
        for name, value in vars(kind).items()
        if name != "_abc_impl"
        and not isinstance(value, (types.MemberDescriptorType, types.GetSetDescriptorType))
        and (not name.startswith("__") or isinstance(value, types.FunctionType))
    }
