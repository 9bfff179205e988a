"""Network in a file that the user names by its path."""

from __future__ import annotations

import abc
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from fer_bench.models.weights.search_path import BY_PATH
from fer_bench.models.weights.verification import WeightsRecord

if TYPE_CHECKING:
    from pathlib import Path

    import keras

    from fer_bench.models.backbone import Backbone
    from fer_bench.models.network_files.onnx_extractor import OnnxExtractor

FREE_SIDE = 48
"""Side length of the input in pixels of networks that accept any: that of FER2013."""


@dataclass(frozen=True)
class NetworkFile(abc.ABC):
    """Network in a file, with its weights.

    Attributes:
        path: path of the file.
        notes: how the network is used, as far as it is not obvious: preprocessing, layers that are
            left out; each a few words.
    """

    path: Path
    notes: tuple[str, ...]

    is_frozen: ClassVar[bool] = False
    """True if none of its layers can be trained or drawn from a seed."""

    def extractor(self, entry: Backbone) -> OnnxExtractor | None:
        """Return the extractor of a frozen network, None if it is a network of Keras layers.

        Args:
            entry: the backbone, with the input size and preprocessing to use.

        Raises:
            FerBenchError: the file is invalid or cannot be computed.
        """
        return None

    @abc.abstractmethod
    def facts(self) -> dict[str, Any]:
        """Return what determines its features besides the file, input size and preprocessing."""

    @abc.abstractmethod
    def load(self, entry: Backbone, model: keras.Model | None = None) -> WeightsRecord:
        """Verify the file, and load its weights into a network.

        Args:
            entry: the backbone.
            model: its network; None to verify only.

        Raises:
            FerBenchError: the file cannot be read or does not fit.
        """

    def record(self, sha256: str, tensors: int, parameters: int) -> WeightsRecord:
        """Return the record of the verified file.

        Raises:
            FerBenchError: the file cannot be read.
        """
        return WeightsRecord(
            path=self.path,
            size=self.path.stat().st_size,
            sha256=sha256,
            values_digest=sha256,
            tensors=tensors,
            parameters=parameters,
            provenance=BY_PATH,
            verification="; ".join((f"SHA-256 {sha256[:12]}", *self.notes)),
        )


def backbone_name(kind: str, path: Path) -> str:
    """Return the name of the backbone in a file, as ``onnx-model`` for ``Model.onnx``."""
    stem = re.sub(r"[^a-z0-9_]+", "-", path.stem.lower()).strip("-")
    return f"{kind}-{stem or 'network'}"


def range_shown(scale: float | tuple[float, ...], offset: tuple[float, ...]) -> str:
    """Describe the preprocessing of grey levels by the values that 0 and 255 become."""
    scales = scale if isinstance(scale, tuple) else (scale,) * len(offset)
    ends = {
        f"{shift:.4g} to {255 * factor + shift:.4g}"
        for factor, shift in zip(scales, offset, strict=True)
    }
    return f"grey levels as {', '.join(sorted(ends))}"
