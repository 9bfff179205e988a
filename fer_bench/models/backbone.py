"""Backbone and the source of its pretrained weights, as values."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fer_bench.models.keras_backend import check_image_data_format
from fer_bench.runtime.errors import INSTALL, FerBenchError

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

    from fer_bench.models.network_files.network_file import NetworkFile
    from fer_bench.protocol.settings import Protocol


@dataclass(frozen=True)
class InstalledPackage:
    """Directory of weight files in an installed package, which is not imported.

    Attributes:
        name: name that pip installs, for example ``"face-recognition-models"``.
        module: name of its top-level module.
        directory: path of the directory in that module.
    """

    name: str
    module: str
    directory: str

    def path(self) -> Path | None:
        """Return the path of the directory, or None if the package is not installed."""
        found = importlib.util.find_spec(self.module)
        if found is None or not found.submodule_search_locations:
            return None
        return Path(next(iter(found.submodule_search_locations))) / self.directory


@dataclass(frozen=True)
class WeightsSource:
    """Source of a backbone's pretrained weights, and their expected digest.

    Attributes:
        file: upstream's file name.
        cache: ``"keras"`` or ``"deepface"`` for that library's own cache, a directory, a package
            whose files are used if it is installed, or None.
        urls: http(s) URLs of the file, tried in this order; downloads are stored in the cache.
        digest: expected digest, or None if upstream does not publish one: ``"md5:..."`` or
            ``"sha256:..."`` of the file's bytes, or ``"values:..."``, the SHA-256 of its tensors
            (``WeightsRecord.values_digest``), which does not change if the file is rebuilt.
        last_layer: shapes of the tensors of the excluded last layer, if upstream's file contains
            it; a file without this layer is accepted too.
        excluded_layers: names of layers in upstream's file that the network does not have; a file
            without them is accepted too.
        licence: licence of the weights as stated by upstream, or None if it states none.

    Raises:
        FerBenchError: a field is invalid.
    """

    file: str
    cache: Literal["keras", "deepface"] | Path | InstalledPackage | None = None
    urls: tuple[str, ...] = ()
    digest: str | None = None
    last_layer: tuple[tuple[int, ...], ...] = ()
    excluded_layers: tuple[str, ...] = ()
    licence: str | None = None

    def __post_init__(self) -> None:
        if self.digest is not None and not re.fullmatch(
            "md5:[0-9a-f]{32}|(sha256|values):[0-9a-f]{64}", self.digest
        ):
            raise FerBenchError(
                f"weights {self.file!r}: digest {self.digest!r} is invalid",
                "'md5:', 'sha256:' or 'values:', followed by lower-case hexadecimal digits",
            )
        for url in self.urls:
            if not url.startswith(("https://", "http://")):
                raise FerBenchError(
                    f"weights {self.file!r}: URL {url!r} is invalid", "https:// or http://"
                )
        if self.urls and (self.cache is None or isinstance(self.cache, InstalledPackage)):
            raise FerBenchError(
                f"weights {self.file!r} have URLs but no cache",
                "'keras', 'deepface' or the path of a directory",
                "set cache to the directory to download to",
            )


@dataclass(frozen=True)
class Backbone:
    """Description of a backbone network.

    Attributes:
        name: identifier on the command line, for example ``"mobilenet"``.
        title: name in tables, for example ``"MobileNet"``.
        input_size: side length of the square input, in pixels.
        scale: factor for the grey levels (0 to 255), or one for each channel.
        offset: value added to each channel after scaling; one for each channel of the input,
            usually three.
        builder: function that builds the network with random weights, or its import path
            ``"module:function"``, imported when the network is built. The network is a functional
            ``keras.Model`` or a ``keras.Sequential`` with one input and one output; it takes float
            images of shape (n, input_size, input_size, channels) and has no classification layer.
        structure: name and version of the structure, part of the fingerprints; change it whenever
            the network changes, also if only code or files used by the builder do.
        weights: source of the pretrained weights, or None if there are none.
        parameters: exact number of parameters without the classification layer, or None to skip
            the check.
        from_deepface: True if deepface builds the network, or an exported structure file if
            deepface is not installed.
        licence: licence of the network's code as stated by upstream, or None if it states none.
            ``WeightsSource.licence`` is the licence of the weights.
        built_size: side length of the input that the builder builds for, or None if that is
            ``input_size``.
        file: the file with the network and its pretrained weights, if the user named one by its
            path; ``weights`` is None then.

    Raises:
        FerBenchError: the name or the input size is invalid.
    """

    name: str
    title: str
    input_size: int
    scale: float | tuple[float, ...]
    offset: tuple[float, ...]
    builder: str | Callable[[], keras.Model]
    structure: str
    weights: WeightsSource | None = None
    parameters: int | None = None
    from_deepface: bool = False
    licence: str | None = None
    built_size: int | None = None
    file: NetworkFile | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_-]*", self.name) or self.name == "all":
            raise FerBenchError(
                f"backbone name {self.name!r} is invalid",
                "a lower-case letter, then lower-case letters, digits, '_' or '-'; not 'all'",
            )
        if self.input_size < 1:
            raise FerBenchError(
                f"backbone {self.name!r}: input size {self.input_size!r} is too small",
                "1 pixel or more",
            )

    @property
    def is_built_in(self) -> bool:
        """True if the network comes from this package, which draws its weights from the seed."""
        return isinstance(self.builder, str) and self.builder.startswith("fer_bench.models.")

    @property
    def is_frozen(self) -> bool:
        """True if none of its layers can be trained or drawn from a seed, as in an ONNX file."""
        return self.file is not None and self.file.is_frozen

    def adapted(self, protocol: Protocol) -> Backbone:
        """Return the backbone with the input size and preprocessing of a protocol."""
        adapted = self
        if protocol.input_size != "own":
            adapted = self.resized(protocol.input_size)
        if protocol.preprocessing == "unit":
            adapted = dataclasses.replace(adapted, scale=1 / 255, offset=(0.0,) * len(self.offset))
        return adapted

    def resized(self, input_size: int) -> Backbone:
        """Return the backbone for another side length of the input, in pixels."""
        built_size = self.built_size or self.input_size
        return dataclasses.replace(
            self,
            input_size=input_size,
            built_size=None if input_size == built_size else built_size,
        )

    def build(self) -> keras.Model:
        """Build the network with the weights its builder assigns.

        The builders of this package draw the weights from Keras' current seed. Other builders may
        not; ``random_weights.seeded`` enforces it.

        Returns:
            A functional model from float images (n, input_size, input_size, channels) to features,
            without classification layer. A ``Sequential`` is converted.

        Raises:
            FerBenchError: Keras, TensorFlow or deepface is missing, Keras' image data format is not
                supported, the network is not a graph of layers, it does not match this entry, or it
                does not accept the input size.
        """
        build = self._builder()
        check_image_data_format()
        from fer_bench.models.functional_model import as_graph, resized

        size = self.built_size or self.input_size
        model = as_graph(build(), self.name, (None, size, size, len(self.offset)))
        count = model.count_params()
        if self.parameters is not None and count != self.parameters:
            raise FerBenchError(
                f"backbone {self.name!r} has {count:,} parameters, but {self.parameters:,} are "
                "registered",
                hint="correct the registered number or the builder",
            )
        return model if size == self.input_size else resized(model, self.name, self.input_size)

    def _builder(self) -> Callable[[], Any]:
        if callable(self.builder):
            return self.builder
        module, _, function = self.builder.partition(":")
        try:
            found: Callable[[], Any] = getattr(importlib.import_module(module), function)
        except (ImportError, AttributeError) as error:
            raise FerBenchError(
                f"backbone {self.name!r}: builder {self.builder!r} cannot be imported: "
                f"{str(error).splitlines()[0]}",
                hint=f"install Keras and its backend with {INSTALL} (or [gpu] or [jax])",
            ) from error
        return found
