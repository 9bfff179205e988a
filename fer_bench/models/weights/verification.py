"""The proof that a weight file is the right one: its structure, its values, its digest."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.models.weights import matching, weight_files
from fer_bench.models.weights.stored_weights import UnsoundFile
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of, file_digest, state_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import keras

    from fer_bench.models.registry import Backbone
    from fer_bench.models.weights.sources import Located


@dataclass(frozen=True)
class WeightsRecord:
    """A weight file that was checked.

    Attributes:
        path: of the file.
        size: of the file in bytes.
        sha256: of the file's bytes.
        values_digest: SHA-256 over its tensors, whatever the file's layout: sorted by name, for
            each one ``<layer>/<variable>``, a zero byte, its sides in decimal between commas, a
            zero byte, its values as little-endian float32 in C order. A layer that was never given
            a name counts as ``<class>[k]``, the k-th such layer with weights.
        tensors: how many of the network's tensors were compared with the file's.
        parameters: how many values they hold together, all of them finite.
        provenance: where the file was found.
        proof: what shows that these are the right values, one line.
    """

    path: Path
    size: int
    sha256: str
    values_digest: str
    tensors: int
    parameters: int
    provenance: str
    proof: str

    def __str__(self) -> str:
        return f"{self.path.name} from {self.provenance}, {self.proof}"


def identity(path: Path) -> str:
    """SHA-256 of a file's bytes, read once for as long as its state stays the same.

    Raises:
        FerBenchError: the file cannot be read.
    """
    try:
        return _sha256(path, state_of(path.stat()))
    except OSError as error:
        raise UnsoundFile(path, f"cannot be read: {cause_of(error)}") from error


@functools.lru_cache(maxsize=64)
def _sha256(path: Path, _state: str) -> str:
    return file_digest(path, "sha256")


def verify(located: Located, backbone: Backbone, build: Callable[[], keras.Model]) -> WeightsRecord:
    """Checks a weight file against the network and against the digest its backbone is known by.

    Every tensor of the network must be in the file, under the right names and in the right shape,
    all values finite, and nothing else may be in it (apart from a last layer that the backbone's
    source names). Holds one tensor in memory at a time.

    Args:
        located: the file: Keras' legacy HDF5 layout, that of ``.weights.h5`` or ``.keras``, or an
            ``.npz`` with keys ``<layer>/<variable>``; told by its content.
        backbone: whose weights it should hold.
        build: makes the backbone's network, whose values do not count; called once the file is
            known to be one of weights, which takes less time.

    Raises:
        FerBenchError: the file is unreadable, of another network, or its values are not sound.
    """
    return _check(located, backbone, build, assign=False)


def load(located: Located, backbone: Backbone, model: keras.Model) -> WeightsRecord:
    """Checks a weight file like ``verify`` and then sets the network's weights to its values.

    Args:
        located: the file.
        backbone: whose weights it should hold.
        model: the backbone's network; it keeps its weights where the file is refused.

    Raises:
        FerBenchError: the file is unreadable, of another network, or its values are not sound.
    """
    return _check(located, backbone, lambda: model, assign=True)


def _check(
    located: Located, backbone: Backbone, build: Callable[[], keras.Model], *, assign: bool
) -> WeightsRecord:
    path, source = located.path, backbone.weights
    sha256 = identity(path)
    with weight_files.opened(path) as stored:
        model = build()
        pairs = matching.matched(stored, model, backbone.title, source.last_layer if source else ())
        values_digest = matching.values_digest(pairs)
        proof = _proof(path, source.digest if source else None, sha256, values_digest)
        if identity(path) != sha256:
            raise UnsoundFile(path, "changed while it was read")
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
        proof=proof,
    )


def _proof(path: Path, digest: str | None, sha256: str, values_digest: str) -> str:
    """Compares with the digest that upstream's file or values are known by."""
    if digest is None:
        return "names, shapes and finite values checked (no digest is published)"
    kind, _, expected = digest.partition(":")
    if kind == "values":
        found, what = values_digest, "values"
    else:
        found, what = (sha256 if kind == "sha256" else file_digest(path, kind)), "file"
    if found != expected:
        raise FerBenchError(
            f"weight file {str(path)!r} fits the network but is not upstream's: the digest of its "
            f"{what} is {kind}:{found}, expected is {digest}; put upstream's file in its place"
        )
    return f"{kind} digest matches upstream's"
