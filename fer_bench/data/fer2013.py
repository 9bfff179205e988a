"""FER2013 by name: found on this machine, or downloaded from Kaggle.

The search covers the path in ``FER_BENCH_DATA``, the directory ``fer2013`` in the current
directory, then the cache. The directory ``fer2013`` is used as it is, as if its path were given;
data in the other places must be FER2013.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fer_bench.data.formats.detection import enough_memory, is_fer2013, load_path
from fer_bench.data.formats.fer2013_csv import load_csv
from fer_bench.data.formats.image_folders.layouts import holds_data
from fer_bench.data.formats.npz_files import pack_npz
from fer_bench.protocol import published
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of, expand_user, file_digest, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fer_bench.data.dataset import Dataset

log = logging.getLogger("fer_bench.data")

DATA_VARIABLE = "FER_BENCH_DATA"
"""Environment variable with the path of FER2013's file or of a directory that contains it."""

FOLDER = "datasets"
"""Subdirectory of the cache directory for FER2013."""

FILE_NAMES: tuple[str, ...] = ("fer2013.csv", "icml_face_data.csv", "fer2013.npz")
"""Names of FER2013's file searched for in a directory, in this order, before ``train``."""

KAGGLE_HANDLE = "deadskull7/fer2013"
"""Kaggle data set with the original csv; it requires no acceptance of competition rules."""

CSV_MD5 = "f8428a1edbd21e88f42c73edd2a14f95"
"""MD5 of Kaggle's ``fer2013.csv``."""


def load_fer2013(cache_dir: Path) -> Dataset:
    """Load FER2013 from ``FER_BENCH_DATA``, the directory ``fer2013`` here, the cache, or Kaggle.

    ``FER_BENCH_DATA`` (if it names a directory) and the directory ``datasets`` of the cache may
    contain it as one of ``FILE_NAMES`` or as ``train`` and ``test``. A download is stored in the
    cache as ``fer2013.npz`` if the cache is writable.

    Raises:
        FerBenchError: FER2013 is not found and cannot be downloaded, or the data found is not
            FER2013; the message says where to put the file.
    """
    source, is_here = find_fer2013(cache_dir)
    if source is not None and is_here:
        dataset = load_path(source, cache_dir)
        level, images = (
            (logging.INFO, "FER2013") if is_fer2013(dataset) else (logging.WARNING, "not FER2013")
        )
        log.log(level, "data set 'fer2013' is read from %r, which is %s", str(source), images)
        return dataset
    if source is not None:
        return _check_identity(load_path(source, cache_dir), source)
    home = cache_dir / FOLDER
    csv = _download(home)
    with enough_memory(str(csv)):
        dataset = load_csv(csv).renamed(published.DATASET)
    with contextlib.suppress(FerBenchError):
        write_atomically(home / "fer2013.npz", pack_npz(dataset))
    return dataset


def find_fer2013(cache_dir: Path) -> tuple[Path | None, bool]:
    """Return the path of FER2013 on this machine, or None if it would have to be downloaded.

    The second value is True for the directory ``fer2013`` of the current one.

    Raises:
        FerBenchError: ``FER_BENCH_DATA`` names something that does not contain it.
    """
    if named := _in_variable():
        return named, False
    here = _here()
    return (here, True) if here else (_in_directory(cache_dir / FOLDER), False)


def _here() -> Path | None:
    """Return the directory ``fer2013`` of the current one if it holds a data set, valid or not."""
    try:
        path = Path.cwd() / published.DATASET
    except OSError:  # the current directory was removed
        return None
    return path if os.path.isdir(path) and holds_data(path) else None  # noqa: PTH112


def _in_variable() -> Path | None:
    text = os.environ.get(DATA_VARIABLE)
    if not text:
        return None
    path = expand_user(text)
    try:
        is_directory = stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError) as error:
        problem = f"{DATA_VARIABLE}={text!r} cannot be opened: {cause_of(error)}"
    else:
        source = _in_directory(path) if is_directory else path
        if source is not None:
            return source
        problem = f"{DATA_VARIABLE}={text!r} does not contain FER2013"
    raise FerBenchError(
        problem,
        f"FER2013's file, or a directory with {', '.join(FILE_NAMES)} or train/ and test/",
        f"correct or unset {DATA_VARIABLE}",
    )


def _in_directory(directory: Path) -> Path | None:
    # Path.is_file and Path.is_dir raise if a directory may not be entered.
    for name in FILE_NAMES:
        if os.path.isfile(directory / name):  # noqa: PTH113
            return directory / name
    return directory if os.path.isdir(directory / "train") else None  # noqa: PTH112


def _check_identity(dataset: Dataset, source: Path) -> Dataset:
    if dataset.counts == published.COUNTS and not is_fer2013(dataset):
        raise FerBenchError(
            "not FER2013, although the class sizes are the same: some images or labels differ, as "
            f"after saving as JPEG (digest {dataset.digest})",
            f"FER2013, digest {published.DIGEST}",
            "to use it as it is, give its path to --dataset",
            path=source,
        )
    if not is_fer2013(dataset):
        found = ", ".join(f"{name} {count}" for name, count in dataset.counts.items())
        wanted = ", ".join(f"{name} {published.COUNTS[name]}" for name in dataset.classes)
        raise FerBenchError(
            f"not the complete FER2013: {len(dataset)} images ({found})",
            f"{published.TOTAL} images ({wanted})",
            "to use it as it is, give its path to --dataset",
            path=source,
        )
    return dataset


def _download(home: Path) -> Path:
    """Download Kaggle's csv into kagglehub's own cache."""
    searched = f"in {DATA_VARIABLE}, the directory {published.DATASET!r} here or {str(home)!r}"
    advice = (
        f"put {FILE_NAMES[0]} into {str(home)!r}, or give its path to {DATA_VARIABLE} or --dataset"
    )
    try:
        import kagglehub

        with _quiet():
            directory = Path(kagglehub.dataset_download(KAGGLE_HANDLE))
    except Exception as error:  # requests, zip, file and kagglehub's own errors
        raise FerBenchError(
            f"data set 'fer2013' is not {searched}, and the download of {KAGGLE_HANDLE} from "
            f"Kaggle failed ({type(error).__name__}: {cause_of(error)})",
            hint=advice,
        ) from error
    csv = directory / FILE_NAMES[0]
    if not csv.is_file():
        raise FerBenchError(
            f"data set 'fer2013' is not {searched}, and {KAGGLE_HANDLE} from Kaggle has no "
            f"{csv.name}",
            hint=advice,
        )
    md5 = file_digest(csv, "md5")
    if md5 != CSV_MD5:
        raise FerBenchError(
            f"the download from Kaggle has the MD5 {md5}",
            f"MD5 {CSV_MD5}",
            f"remove it and start again, or {advice}",
            path=csv,
        )
    return csv


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep kagglehub's messages off the terminal, and its progress bar out of files."""
    logger = logging.getLogger("kagglehub")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            if not sys.stderr.isatty():
                stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
            yield
    finally:
        logger.setLevel(level)
