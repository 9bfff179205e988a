"""Functions told apart by their definition, so that a module may be loaded again."""

from __future__ import annotations

import functools
import inspect
import types
from typing import Any


def origin(function: Any) -> Any:
    """A value that is equal for a function and the same one of a module that was loaded again.

    It holds what the function was made with: arguments of ``functools.partial``, values of a
    closure, defaults. Callables of other kinds are equal to themselves alone.
    """
    function = inspect.unwrap(function)
    if isinstance(function, functools.partial):
        return origin(function.func), function.args, function.keywords
    if not isinstance(function, types.FunctionType):
        return function
    # Functions without a name are told apart by what they do.
    code = function.__code__ if "<lambda>" in function.__qualname__ else None
    made_with = function.__closure__, function.__defaults__, function.__kwdefaults__
    return function.__module__, function.__qualname__, code, made_with
