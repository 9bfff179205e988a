"""Sources of pretrained weights: local directories, caches and downloads.

A file is searched for in the directory of ``--weights-dir``, in that of ``FER_BENCH_WEIGHTS`` and
in the upstream library's own cache; otherwise it is downloaded from upstream into that cache. The
first file found is used and checked: an invalid one is an error, and the search does not continue.
"""

from __future__ import annotations

import functools
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fer_bench.models.weights import weight_files
from fer_bench.models.weights.download import DownloadFailed, download
from fer_bench.models.weights.stored_weights import UnsoundFile
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import file_digest

if TYPE_CHECKING:
    from fer_bench.models.registry import Backbone

FOLDER_VARIABLE = "FER_BENCH_WEIGHTS"
"""Environment variable with the path of a directory of weight files."""

OFFLINE_VARIABLE = "FER_BENCH_OFFLINE"
"""Environment variable that disables downloads, unless it is empty or 0."""


class WeightsMissing(FerBenchError):  # noqa: N818 - the name states what happened, as the reason of a skip
    """Pretrained weights were not found: the cell is skipped, unless weights are required."""


@dataclass(frozen=True)
class WeightsSource:
    """Source of a backbone's pretrained weights, and their expected digest.

    Attributes:
        file: upstream's file name.
        cache: ``"keras"`` or ``"deepface"`` for that library's own cache, a directory, or None.
        urls: http(s) URLs of the file, tried in this order; downloads are stored in the cache.
        digest: expected digest, or None if upstream does not publish one: ``"md5:..."`` or
            ``"sha256:..."`` of the file's bytes, or ``"values:..."``, the SHA-256 of its tensors
            (``WeightsRecord.values_digest``), which does not change if the file is rebuilt.
        last_layer: shapes of the tensors of the excluded last layer, if upstream's file contains
            it; a file without this layer is accepted too.
        licence: licence of the weights as stated by upstream, or None if it states none.

    Raises:
        FerBenchError: a field is invalid.
    """

    file: str
    cache: Literal["keras", "deepface"] | Path | None = None
    urls: tuple[str, ...] = ()
    digest: str | None = None
    last_layer: tuple[tuple[int, ...], ...] = ()
    licence: str | None = None

    def __post_init__(self) -> None:
        if self.digest is not None and not re.fullmatch(
            "md5:[0-9a-f]{32}|(sha256|values):[0-9a-f]{64}", self.digest
        ):
            raise FerBenchError(
                f"weights {self.file!r}: digest {self.digest!r} is malformed",
                "'md5:', 'sha256:' or 'values:' followed by small hexadecimal digits",
            )
        for url in self.urls:
            if not url.startswith(("https://", "http://")):
                raise FerBenchError(
                    f"weights {self.file!r}: address {url!r} is not usable",
                    "https, http",
                )
        if self.urls and self.cache is None:
            raise FerBenchError(
                f"weights {self.file!r}: urls without a cache; name the folder to download to"
            )

    def cache_folder(self) -> Path | None:
        """Return the directory of the cache, which may not exist, or None without a cache."""
        if self.cache == "keras":
            home = os.environ.get("KERAS_HOME")
            return (Path(home) if home is not None else Path.home() / ".keras") / "models"
        if self.cache == "deepface":
            return Path(os.environ.get("DEEPFACE_HOME", Path.home())) / ".deepface" / "weights"
        return self.cache

    def cache_name(self) -> str:
        """Return the name of the cache in messages."""
        return _CACHE_NAMES.get(str(self.cache), "its own folder")


_CACHE_NAMES = {"keras": "Keras' cache", "deepface": "deepface's cache"}


@dataclass(frozen=True)
class Located:
    """A weight file that was found but not yet checked.

    Attributes:
        path: path of the file.
        provenance: location of the file, for example ``"--weights-dir"``.
    """

    path: Path
    provenance: str


@dataclass(frozen=True)
class SearchLocation:
    """A location that is searched for a weight file.

    Attributes:
        name: name in messages, for example ``"--weights-dir"``.
        path: path of the file at this location, or None if the location is not set.
    """

    name: str
    path: Path | None

    def __str__(self) -> str:
        return f"{self.name} ({self.path.parent if self.path is not None else 'not set'})"


@dataclass(frozen=True)
class Download:
    """A possible download of a weight file.

    Attributes:
        urls: URLs of the file, tried in this order.
        target: path of the downloaded file.
        barred: reason why the download is not tried, or None.
    """

    urls: tuple[str, ...]
    target: Path
    barred: str | None


@dataclass(frozen=True)
class SearchPath:
    """Search path of a weight file.

    Attributes:
        places: locations in search order; the first one with the file is used.
        download: fallback if no location has the file, or None if there are no URLs.
    """

    places: tuple[SearchLocation, ...]
    download: Download | None

    def found(self) -> Located | None:
        """Return the file at the first location that has it, or None; nothing is downloaded.

        A directory or broken link with this name also ends the search: reading it is then an error.
        """
        for place in self.places:
            if place.path is not None and os.path.lexists(place.path):
                return Located(place.path, place.name)
        return None


def locate(backbone: Backbone, weights_dir: Path | None = None) -> Located:
    """Find the file of a backbone's pretrained weights, or download it as a last resort.

    Args:
        backbone: the backbone.
        weights_dir: directory that is searched first.

    Raises:
        WeightsMissing: the file was neither found nor downloaded.
        FerBenchError: ``weights_dir`` or ``FER_BENCH_WEIGHTS`` is not a directory.
    """
    source = backbone.weights
    if source is None:
        raise WeightsMissing(
            f"backbone {backbone.name!r} has no pretrained weights; run it with --init=random, "
            "or name a file of them with weights=WeightsSource(...) where it is registered"
        )
    way = chain(source, weights_dir)
    found = way.found()
    if found is not None:
        return found
    try:
        return _downloaded(source, way.download, _most_bytes(backbone, source))
    except DownloadFailed as failure:
        get = f"get it from {source.urls[0]} and " if source.urls else ""
        looked = ", ".join(str(place) for place in way.places)
        raise WeightsMissing(
            f"pretrained weights of {backbone.title}: {source.file!r} is in none of {looked}; "
            f"{failure}; {get}name the folder that holds it with --weights-dir"
        ) from failure


def chain(source: WeightsSource, weights_dir: Path | None = None) -> SearchPath:
    """Return the search path of a file of pretrained weights, without searching it.

    Args:
        source: source of the weights.
        weights_dir: directory that is searched first.

    Raises:
        FerBenchError: ``weights_dir`` or ``FER_BENCH_WEIGHTS`` is not a directory.
    """
    given = os.environ.get(FOLDER_VARIABLE)
    folders = [
        ("--weights-dir", weights_dir),
        (FOLDER_VARIABLE, Path(given).expanduser() if given else None),
    ]
    for name, folder in folders:
        if folder is not None and not folder.is_dir():
            raise FerBenchError(
                f"{name} {str(folder)!r} is no folder",
                "a folder with weight files",
            )
    cache, download = source.cache_folder(), None
    if cache is not None:
        folders.append((source.cache_name(), cache))
        if source.urls:
            download = Download(source.urls, cache / source.file, _barred(source))
    places = (
        SearchLocation(name, None if folder is None else folder / source.file)
        for name, folder in folders
    )
    return SearchPath(tuple(places), download)


_failed: dict[tuple[str, ...], str] = {}
"""Reasons of failed downloads by URLs; in the same process, they are not tried again."""


def _barred(source: WeightsSource) -> str | None:
    if os.environ.get(OFFLINE_VARIABLE, "0") not in ("", "0"):
        return f"{OFFLINE_VARIABLE} forbids to download it"
    return _failed.get(source.urls)


_LARGEST_UNKNOWN = 4 << 30
"""Maximum size of a download in bytes, for backbones without a number of parameters."""


def _most_bytes(backbone: Backbone, source: WeightsSource) -> int:
    """Return the maximum size of a weight file in bytes.

    This allows 16 bytes per parameter, a third more than the float32 values with Adam's two
    moments, plus 16 MiB.
    """
    if backbone.parameters is None:
        return _LARGEST_UNKNOWN
    last_layer = sum(math.prod(shape) for shape in source.last_layer)
    return 16 * (backbone.parameters + last_layer) + (16 << 20)


def _downloaded(source: WeightsSource, way: Download | None, most: int) -> Located:
    """Download a file of at most ``most`` bytes into the cache.

    Raises:
        DownloadFailed: the download is not possible, or it fails or failed before in this process.
    """
    if way is None:
        raise DownloadFailed("there is no download of it")
    if way.barred is not None:
        raise DownloadFailed(way.barred)
    try:
        url = download(way.urls, way.target, functools.partial(_check_download, source), most)
    except DownloadFailed as failure:
        _failed[source.urls] = str(failure)
        raise
    return Located(way.target, source.cache_name() if url is None else f"a download from {url}")


def _check_download(source: WeightsSource, path: Path) -> None:
    """Reject an invalid download, as far as detectable without building the network."""
    kind, _, expected = (source.digest or "").partition(":")
    if kind in ("md5", "sha256") and file_digest(path, kind) != expected:
        raise DownloadFailed(f"what arrived has another {kind} than {expected}")
    try:
        with weight_files.opened(path):
            pass
    except FerBenchError as error:
        why = error.why if isinstance(error, UnsoundFile) else "is no file of Keras weights"
        raise DownloadFailed(f"what arrived {why}") from error
