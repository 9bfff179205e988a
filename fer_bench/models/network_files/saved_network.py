"""Networks in ``.keras`` files, with pretrained or random weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fer_bench.models.backbone import Backbone
from fer_bench.models.network_files import keras_archive
from fer_bench.models.network_files.input_settings import read_settings, settings_path
from fer_bench.models.network_files.network_file import (
    FREE_SIDE,
    NetworkFile,
    backbone_name,
    range_shown,
)
from fer_bench.models.weights.verification import identity
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path

    import keras

    from fer_bench.models.network_files.input_settings import Classifier
    from fer_bench.models.weights.verification import WeightsRecord

KIND = "saved"
SUFFIX = ".keras"


@dataclass(frozen=True)
class SavedStructure:
    """Builder of the network in a file, its weights drawn by its own initialisers.

    Statistics of adapted ``Normalization`` layers are preprocessing and always those of the file.

    Attributes:
        path: path of the file.
        digest: digest of its configuration, which must not change while it is in use.
        side: side length of the input that is built, in pixels.
        classifier: what to do with a classifier at the end; None to exclude it if it is evident by
            its softmax.
    """

    path: Path
    digest: str
    side: int
    classifier: Classifier | None

    def __call__(self, *, with_weights: bool = False) -> keras.Model:
        """Build the network without its classifier, with random or with its own weights.

        Raises:
            FerBenchError: the file is invalid or was changed, or Keras cannot build it.
        """
        from fer_bench.models.network_files.keras_loading import built

        config = keras_archive.read_config(self.path)
        if keras_archive.config_digest(config) != self.digest:
            raise FerBenchError(
                "saved network changed while it was in use", hint="run it again", path=self.path
            )
        return built(self.path, config, self.side, self.classifier, with_weights=with_weights)


@dataclass(frozen=True)
class SavedNetwork(NetworkFile):
    """Network in a ``.keras`` file.

    Attributes:
        structure: builder of the network.
        is_adapted: True if its preprocessing has statistics in the weights, which random networks
            have as well.
    """

    structure: SavedStructure
    is_adapted: bool

    def facts(self) -> dict[str, Any]:
        """Return what determines its features besides the file, input size and preprocessing."""
        facts: dict[str, Any] = {"classifier": self.structure.classifier}
        return {**facts, "statistics": identity(self.path)} if self.is_adapted else facts

    def load(self, entry: Backbone, model: keras.Model | None = None) -> WeightsRecord:
        """Verify the file, and load its weights into the network built from its structure."""
        from fer_bench.models.network_files.keras_loading import load

        sha256, tensors, parameters = load(self.path, self.structure, model)
        return self.record(sha256, tensors, parameters)


def backbone(path: Path) -> Backbone:
    """Return the backbone in a ``.keras`` file. Keras is not imported.

    Raises:
        FerBenchError: the file is invalid, or its input is not one of square images.
    """
    config = keras_archive.read_config(path)
    settings = read_settings(path)
    channels, fixed = _image(path, keras_archive.input_shape(path, config))
    side = fixed or settings.input_size or FREE_SIDE
    scaling = keras_archive.scaling_layer(config)
    scale, offset = settings.affine(channels, (0.0, 255.0) if scaling else (0.0, 1.0))
    if settings.pixel_range is not None:
        why = f"by {settings.origin}"
    elif scaling:
        why = f"scaled by its own {scaling!r}"
    else:
        statement = settings_path(path).name
        why = f"the default, as no first layer scales them; {statement!r} may state others"
    classifier = settings.classifier
    if classifier is None and keras_archive.is_classifier_by_loss(config):
        classifier = "exclude"
    structure = SavedStructure(path, keras_archive.config_digest(config), side, classifier)
    file = SavedNetwork(
        path=path,
        notes=(f"input {side} x {side} x {channels}", f"{range_shown(scale, offset)} ({why})"),
        structure=structure,
        is_adapted=keras_archive.has_adapted_statistics(config),
    )
    return Backbone(
        name=backbone_name(KIND, path),
        title=path.name,
        input_size=side,
        scale=scale,
        offset=offset,
        builder=structure,
        structure=f"saved network {structure.digest}",
        file=file,
    )


def _image(path: Path, shape: tuple[int | None, ...]) -> tuple[int, int | None]:
    """Return channels and side length of the images, None if the network accepts any."""
    if len(shape) != 4 or shape[3] not in (1, 3, None) or shape[1] != shape[2]:
        raise FerBenchError(
            f"network has input shape {shape}",
            "(None, side, side, channels): square images with 1 or 3 channels, channels last",
            path=path,
        )
    return shape[3] or 3, shape[1]
