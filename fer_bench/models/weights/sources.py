"""Pretrained weights: where a file comes from.

A file is looked for in the folder of ``--weights-dir``, in that of ``FER_BENCH_WEIGHTS``, in the
upstream library's own cache, and last it is downloaded from upstream into that cache. The first one
found is taken and checked; a bad one is an error, never a reason to look further.
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
"""Environment variable that names a folder with weight files."""

OFFLINE_VARIABLE = "FER_BENCH_OFFLINE"
"""Environment variable that switches downloads off, unless it is empty or 0."""


class WeightsMissing(FerBenchError):  # noqa: N818 - it tells what is the case, as a skip's reason
    """No place has the pretrained weights: the cell is skipped, unless weights are required."""


@dataclass(frozen=True)
class WeightsSource:
    """Where a backbone's pretrained weights come from, and how they are known.

    Attributes:
        file: upstream's name of the file.
        cache: ``"keras"`` or ``"deepface"`` for that library's own cache, a folder, or None.
        urls: http(s) addresses of the file, tried in this order; a download goes to the cache.
        digest: what the file must match, or None where upstream publishes nothing to match:
            ``"md5:..."`` or ``"sha256:..."`` of the file's bytes, or ``"values:..."``, the SHA-256
            over its tensors (``WeightsRecord.values_digest``), which a rebuilt file keeps.
        last_layer: shapes of the tensors of the excluded last layer, where upstream's file holds
            them; such a file is accepted with them and without.
        licence: of the weights, as upstream states it; None where it states none.

    Raises:
        FerBenchError: a field is malformed.
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
                f"weights {self.file!r}: digest {self.digest!r} is malformed; accepted: 'md5:', "
                "'sha256:' or 'values:' followed by small hexadecimal digits"
            )
        for url in self.urls:
            if not url.startswith(("https://", "http://")):
                raise FerBenchError(
                    f"weights {self.file!r}: address {url!r} is not usable; accepted: https, http"
                )
        if self.urls and self.cache is None:
            raise FerBenchError(
                f"weights {self.file!r}: urls without a cache; name the folder to download to"
            )

    def cache_folder(self) -> Path | None:
        """The cache as a folder, which may not exist, or None."""
        if self.cache == "keras":
            home = os.environ.get("KERAS_HOME")
            return (Path(home) if home is not None else Path.home() / ".keras") / "models"
        if self.cache == "deepface":
            return Path(os.environ.get("DEEPFACE_HOME", Path.home())) / ".deepface" / "weights"
        return self.cache

    def cache_name(self) -> str:
        """What messages call the cache."""
        return _CACHE_NAMES.get(str(self.cache), "its own folder")


_CACHE_NAMES = {"keras": "Keras' cache", "deepface": "deepface's cache"}


@dataclass(frozen=True)
class Located:
    """A weight file that was found and not yet checked.

    Attributes:
        path: of the file.
        provenance: where it was found, for example ``"--weights-dir"``.
    """

    path: Path
    provenance: str


@dataclass(frozen=True)
class Place:
    """A place where a weight file may lie.

    Attributes:
        name: as messages call it, for example ``"--weights-dir"``.
        path: what the file is called there, None where the place is not set.
    """

    name: str
    path: Path | None

    def __str__(self) -> str:
        return f"{self.name} ({self.path.parent if self.path is not None else 'not set'})"


@dataclass(frozen=True)
class Download:
    """The way to a weight file that lies in no place.

    Attributes:
        urls: addresses of the file, tried in this order.
        target: where it goes.
        barred: why it is not tried, None where it is.
    """

    urls: tuple[str, ...]
    target: Path
    barred: str | None


@dataclass(frozen=True)
class Chain:
    """All places of a weight file, in the order in which a run looks into them.

    Attributes:
        places: the first of them that has the file counts.
        download: what is tried where none has it; None where there is no address.
    """

    places: tuple[Place, ...]
    download: Download | None

    def found(self) -> Located | None:
        """The bearer of the file's name in the first place that has it; nothing is downloaded.

        Should it be no file, reading it tells so: it is no reason to look further.
        """
        for place in self.places:
            if place.path is not None and os.path.lexists(place.path):
                return Located(place.path, place.name)
        return None


def locate(backbone: Backbone, weights_dir: Path | None = None) -> Located:
    """Finds the file of a backbone's pretrained weights, downloading it where nothing else helps.

    Args:
        backbone: whose weights are wanted.
        weights_dir: a folder to look in first.

    Raises:
        WeightsMissing: no place has the file.
        FerBenchError: ``weights_dir`` or ``FER_BENCH_WEIGHTS`` is no folder.
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


def chain(source: WeightsSource, weights_dir: Path | None = None) -> Chain:
    """Where the file of pretrained weights is looked for. Nothing is looked for yet.

    Args:
        source: of the weights.
        weights_dir: a folder to look in first.

    Raises:
        FerBenchError: ``weights_dir`` or ``FER_BENCH_WEIGHTS`` is no folder.
    """
    given = os.environ.get(FOLDER_VARIABLE)
    folders = [
        ("--weights-dir", weights_dir),
        (FOLDER_VARIABLE, Path(given).expanduser() if given else None),
    ]
    for name, folder in folders:
        if folder is not None and not folder.is_dir():
            raise FerBenchError(
                f"{name} {str(folder)!r} is no folder; accepted: a folder with weight files"
            )
    cache, download = source.cache_folder(), None
    if cache is not None:
        folders.append((source.cache_name(), cache))
        if source.urls:
            download = Download(source.urls, cache / source.file, _barred(source))
    places = (
        Place(name, None if folder is None else folder / source.file) for name, folder in folders
    )
    return Chain(tuple(places), download)


_failed: dict[tuple[str, ...], str] = {}
"""Reasons of the downloads that failed in this process: they are not tried again."""


def _barred(source: WeightsSource) -> str | None:
    if os.environ.get(OFFLINE_VARIABLE, "0") not in ("", "0"):
        return f"{OFFLINE_VARIABLE} forbids to download it"
    return _failed.get(source.urls)


_LARGEST_UNKNOWN = 4 << 30
"""Bytes of a download for a network of which no number of parameters is stated."""


def _most_bytes(backbone: Backbone, source: WeightsSource) -> int:
    """The limit of the size of a file of weights.

    A third more than its values and two moments of each, as Adam has them, take as float32.
    """
    if backbone.parameters is None:
        return _LARGEST_UNKNOWN
    last_layer = sum(math.prod(shape) for shape in source.last_layer)
    return 16 * (backbone.parameters + last_layer) + (16 << 20)


def _downloaded(source: WeightsSource, way: Download | None, most: int) -> Located:
    """Downloads a file of so many bytes at most into the cache.

    Raises:
        DownloadFailed: the file cannot be had, now or earlier in this process.
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
    """Keeps out of the cache what can be seen to be wrong without building the network."""
    kind, _, expected = (source.digest or "").partition(":")
    if kind in ("md5", "sha256") and file_digest(path, kind) != expected:
        raise DownloadFailed(f"what arrived has another {kind} than {expected}")
    try:
        with weight_files.opened(path):
            pass
    except FerBenchError as error:
        why = error.why if isinstance(error, UnsoundFile) else "is no file of Keras weights"
        raise DownloadFailed(f"what arrived {why}") from error
