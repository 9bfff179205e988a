"""The ``conftest.py`` of the current directory, for commands that pytest does not run."""

from __future__ import annotations

import functools
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from fer_bench.runtime.errors import FerBenchError, cut

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

_MODULE = "fer_bench_project_conftest"
"""Name of the module; pytest's own is ``conftest``."""


def with_conftest(command: Callable[P, T]) -> Callable[P, T]:
    """Import the ``conftest.py`` before the command runs, so that it knows what that registers."""

    @functools.wraps(command)
    def prepared(*arguments: P.args, **keywords: P.kwargs) -> T:
        load_conftest()
        return command(*arguments, **keywords)

    return prepared


def load_conftest() -> None:
    """Import ``conftest.py`` in the current directory, if there is one, as pytest does.

    Raises:
        FerBenchError: the import fails.
    """
    path = Path.cwd() / "conftest.py"
    if not path.is_file():
        return
    spec = importlib.util.spec_from_file_location(_MODULE, path)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules[_MODULE] = module
    if str(path.parent) not in sys.path:
        # It may import modules next to it.
        sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except FerBenchError as error:
        raise error.revised(path=path) from None
    # A module of the user may raise any exception.
    except Exception as error:
        cause = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise FerBenchError(
            f"cannot be imported: {cut(cause, 200)}",
            hint="fix it, or run the command in another directory",
            path=path,
        ) from error
