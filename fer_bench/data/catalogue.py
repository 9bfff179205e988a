"""Registry of named data sets, and loading by name or path."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import os
import re
from collections.abc import Callable
from pathlib import Path

from fer_bench.data.dataset import Dataset
from fer_bench.data.fer2013 import find_fer2013, load_fer2013
from fer_bench.data.formats.detection import ACCEPTED, load_path, named_by_images
from fer_bench.data.parsed_cache import load_once
from fer_bench.runtime.cache_directory import cache_root
from fer_bench.runtime.errors import FerBenchError, shown
from fer_bench.runtime.files import expand_user, file_digest
from fer_bench.runtime.function_equality import same_definition
from fer_bench.runtime.plugins import Plugin, plugins

GROUP = "fer_bench.datasets"
"""Group of the entry points by which other packages offer data sets, each a loader."""

Loader = Callable[[Path], Dataset]
"""Function that takes the cache directory, in which it may keep files, and returns the data set."""


def _load_sketch(cache_dir: Path) -> Dataset:
    from fer_bench.data import synthetic

    directory = Path(synthetic.__file__).parent
    code = sorted(directory.glob("*.py"))
    state = " ".join(file_digest(file, "sha256") for file in code)
    drawn = load_once(directory, state, lambda _: synthetic.sketch(), cache_dir)
    return dataclasses.replace(drawn, name="sketch")


_LOADERS: dict[str, Loader] = {"sketch": _load_sketch, "fer2013": load_fer2013}


def register_dataset(name: str, loader: Loader) -> None:
    """Register a data set under a name.

    The same loader may be registered again and then replaces the first one, as happens if a
    ``conftest.py`` is loaded a second time in one process.

    Args:
        name: lower-case letters, digits, ``-`` and ``_``, so that no path is mistaken for it.
        loader: called with the cache directory each time the data set is loaded, and free to keep
            files in it.

    Raises:
        FerBenchError: the name has an invalid form or belongs to another loader, or the loader
            cannot be called with one positional argument.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise FerBenchError(
            f"data set name {name!r} is invalid",
            "lower-case letters, digits, - and _, the first a letter or digit",
        )
    if not _takes_one_argument(loader):
        raise FerBenchError(
            f"data set {name!r}: loader {shown(loader)} cannot be called with one argument",
            "a function of the cache directory that returns a Dataset, as in "
            "'def load(cache_dir): ...'",
        )
    if not same_definition(_LOADERS.get(name, loader), loader):
        raise FerBenchError(
            f"data set name {name!r} is already registered",
            f"any name but {', '.join(_LOADERS)}",
        )
    _LOADERS[name] = loader


def _takes_one_argument(loader: object) -> bool:
    try:
        inspect.signature(loader).bind(None)  # type: ignore[arg-type]
    except TypeError:
        return False
    except ValueError:  # a callable written in C, without a signature
        pass
    return True


def dataset_names() -> tuple[str, ...]:
    """Return the names that ``load_dataset`` accepts, in the order of their registration."""
    return tuple(dict.fromkeys((*_LOADERS, *_plugins())))


def dataset_origin(name: str) -> str:
    """Return where a named data set comes from: fer_bench, a package, or a registration."""
    if _LOADERS.get(name) in (_load_sketch, load_fer2013):
        return "fer_bench"
    plugin = _plugins().get(name)
    return "registered" if plugin is None else plugin.package


def _plugins() -> dict[str, Plugin]:
    return plugins("data set", GROUP)


def _loader(name: str) -> Loader | None:
    """Return the loader registered under a name, or that of another package, or None.

    Raises:
        FerBenchError: the package is broken.
    """
    if name not in _LOADERS and (plugin := _plugins().get(name)) is not None:
        loader = plugin.load()
        if not _takes_one_argument(loader):
            raise plugin.error(
                f"is {shown(loader)}", "a function of the cache directory that returns a Dataset"
            )
        register_dataset(name, loader)
    return _LOADERS.get(name)


def load_dataset(
    spec: str | os.PathLike[str],
    *,
    cache_dir: Path | None = None,
    class_map: str | os.PathLike[str] | None = None,
) -> Dataset:
    """Load a data set by name or path.

    Args:
        spec: a registered name, or the path of a csv file, an npz file or an image folder. A file
            with the name of a data set is reached as ``./name``; for a directory ``fer2013`` the
            name is enough.
        cache_dir: cache directory, ``fer_bench.runtime.cache_directory.cache_root()`` by default.
        class_map: meaning of the names and numbers of classes: a name of
            ``protocol.label_codes.NUMBERED``, or the path of a csv file with the columns name and
            class.

    Returns:
        The data set, named ``"fer2013"`` if its labelled images are those of FER2013. Otherwise it
        has the name that the loader gives or the path implies, or ``"not FER2013"`` if that is
        FER2013's name.

    Raises:
        FerBenchError: the name is unknown, the path does not exist, or its layout is not accepted;
            the package that offers the data set is broken; or the class map is invalid, or given
            for a registered name.
    """
    cache = cache_root() if cache_dir is None else cache_dir
    text = os.fspath(spec)
    loader = _loader(spec) if isinstance(spec, str) else None
    if loader is not None:
        if class_map is not None:
            raise FerBenchError(
                f"data set {spec!r} takes no class map, got {os.fspath(class_map)!r}",
                "a class map with the path of a data set",
                "omit it",
            )
        return named_by_images(loader(cache))
    path = expand_user(text)
    looks_like_path = "/" in text or os.sep in text or path.suffix
    # Path.exists raises if the name is too long or a directory may not be entered.
    exists = os.path.exists(path)  # noqa: PTH110
    if text and (not isinstance(spec, str) or looks_like_path or exists):
        return named_by_images(load_path(path, cache, class_map))
    similar = difflib.get_close_matches(text.lower(), dataset_names(), n=2)
    raise FerBenchError(
        f"data set {text!r} is unknown",
        f"{', '.join(dataset_names())}, or the path of {ACCEPTED}",
        f"did you mean {' or '.join(map(repr, similar))}?" if similar else "",
    )


def source_of(spec: str | os.PathLike[str], *, cache_dir: Path | None = None) -> Path | None:
    """Return the file or directory that ``load_dataset`` reads for the same arguments.

    Returns:
        The path, or None if the data set is generated or downloaded by its loader.

    Raises:
        FerBenchError: ``FER_BENCH_DATA`` names something that does not contain FER2013.
    """
    loader = _loader(spec) if isinstance(spec, str) else None
    if loader is not None:
        cache = cache_root() if cache_dir is None else cache_dir
        return find_fer2013(cache)[0] if loader is load_fer2013 else None
    return expand_user(os.fspath(spec))
