"""Verification of a weight file: structure, values and digest."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.models.weights import matching, weight_reader
from fer_bench.models.weights.weight_types import WeightFileError
from fer_bench.runtime.files import cause_of, file_digest, state_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import keras

    from fer_bench.models.backbone import Backbone
    from fer_bench.models.weights.search_path import Located


@dataclass(frozen=True)
class WeightsRecord:
    """A verified weight file.

    Attributes:
        path: path of the file.
        size: size of the file in bytes.
        sha256: SHA-256 of the file's bytes.
        values_digest: SHA-256 of the tensors, independent of the file's layout: sorted by name, for
            each tensor ``<layer>/<variable>``, a zero byte, its dimensions in decimal separated by
            commas, a zero byte, its values as little-endian float32 in C order. A layer without an
            explicit name is called ``<class>[k]``, for the k-th such layer with weights.
        tensors: number of the network's tensors that were matched to the file's.
        parameters: total number of values in these tensors, all of them finite.
        provenance: location of the file.
        verification: comparison with upstream's digest, one line.
    """

    path: Path
    size: int
    sha256: str
    values_digest: str
    tensors: int
    parameters: int
    provenance: str
    verification: str

    def __str__(self) -> str:
        return f"{self.path.name} from {self.provenance}, {self.verification}"


def identity(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, cached as long as the file is unchanged.

    Raises:
        FerBenchError: the file cannot be read.
    """
    try:
        return _sha256(path, state_of(path.stat()))
    except OSError as error:
        raise WeightFileError(path, f"cannot be read: {cause_of(error)}") from error


@functools.lru_cache(maxsize=64)
def _sha256(path: Path, _state: str) -> str:
    return file_digest(path, "sha256")


def verify(located: Located, backbone: Backbone, build: Callable[[], keras.Model]) -> WeightsRecord:
    """Verify a weight file against the network and against the digest of its source.

    Every tensor of the network must be in the file with the expected name and shape, all values
    must be finite, and the file may not contain other tensors except the last layer and the
    excluded layers described by the backbone's source. Only one tensor is in memory at a time.

    Args:
        located: the file, in Keras' legacy HDF5 layout, that of ``.weights.h5`` or ``.keras``, an
            ``.npz`` with keys ``<layer>/<variable>``, or a network serialised by dlib; the layout
            is detected from the content.
        backbone: the backbone that the weights belong to.
        build: function that builds the network, whose weights are not used. It is slow, so it is
            called only after the file was opened successfully.

    Raises:
        FerBenchError: the file is unreadable or invalid, or belongs to another network.
    """
    if backbone.file is not None:
        return backbone.file.load(backbone)
    return _check(located, backbone, build, assign=False)


def load(located: Located, backbone: Backbone, model: keras.Model) -> WeightsRecord:
    """Verify a weight file like ``verify`` and load its values into the network.

    Args:
        located: the file.
        backbone: the backbone that the weights belong to.
        model: the backbone's network; its weights are unchanged if the verification fails.

    Raises:
        FerBenchError: the file is unreadable or invalid, or belongs to another network.
    """
    if backbone.file is not None:
        return backbone.file.load(backbone, model)
    return _check(located, backbone, lambda: model, assign=True)


def _check(
    located: Located, backbone: Backbone, build: Callable[[], keras.Model], *, assign: bool
) -> WeightsRecord:
    path, source = located.path, backbone.weights
    sha256 = identity(path)
    with weight_reader.opened(path) as stored:
        model = build()
        pairs = matching.matched(
            stored,
            model,
            backbone.title,
            source.last_layer if source else (),
            source.excluded_layers if source else (),
        )
        values_digest = matching.values_digest(pairs)
        verification = _compare_digest(
            path, source.digest if source else None, sha256, values_digest
        )
        if identity(path) != sha256:
            raise WeightFileError(path, "changed while it was read", hint="run the command again")
        if assign:
            matching.assign(pairs, model)
    own = [pair.variable for pair in pairs if pair.variable is not None]
    return WeightsRecord(
        path=path,
        size=path.stat().st_size,
        sha256=sha256,
        values_digest=values_digest,
        tensors=len(own),
        parameters=sum(math.prod(variable.shape) for variable in own),
        provenance=located.provenance,
        verification=verification,
    )


def _compare_digest(path: Path, digest: str | None, sha256: str, values_digest: str) -> str:
    """Compare the file or its values with upstream's digest; return the result in words."""
    if digest is None:
        return "names, shapes and finite values checked (no digest is published)"
    kind, _, expected = digest.partition(":")
    if kind == "values":
        found, what = values_digest, "values"
    else:
        found, what = (sha256 if kind == "sha256" else file_digest(path, kind)), "file"
    if found != expected:
        raise WeightFileError(
            path,
            f"matches the network but is not upstream's: the digest of its {what} is "
            f"{kind}:{found}",
            digest,
            "use upstream's file",
        )
    return f"{kind} digest matches upstream's"
