"""Network of one cell, cut and ready to be trained on frozen features."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.data.augmented_images import AugmentedImages
from fer_bench.metrics import softmax
from fer_bench.models import load, numerical_environment
from fer_bench.models.keras_backend import load_keras
from fer_bench.models.mixed_precision import mixed_precision, output_dtype
from fer_bench.protocol import augmentation
from fer_bench.protocol.augmentation import views
from fer_bench.protocol.head import Head, is_fitted
from fer_bench.runtime import allocator
from fer_bench.runtime.errors import FerBenchError
from fer_bench.training import fingerprint
from fer_bench.training.store.features import FeatureStore
from fer_bench.training.store.shard_files import FeatureSpec
from fer_bench.training.views import ViewedTensor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from fer_bench.data.images import Images
    from fer_bench.models import Backbone, Located
    from fer_bench.models.transfer import Extractor, Network
    from fer_bench.protocol.augmentation import View
    from fer_bench.protocol.cell import Cell
    from fer_bench.runtime.progress import Progress
    from fer_bench.training.compiled_suffix import CompiledSuffix
    from fer_bench.training.fitted_head import FittedHead
    from fer_bench.training.run_context import RunContext
    from fer_bench.training.store.features import Extraction, StoredTensor
    from fer_bench.training.trainer import Trainer

    Tensors: TypeAlias = Sequence[Images | AugmentedImages | StoredTensor | ViewedTensor]
    """Inputs of a suffix for all images: stored features, or the images if nothing is frozen."""

SHARD_PIXELS = 128 * 96 * 96
"""Input pixels in one pass through a frozen prefix; bounds memory for every input size."""

FEATURES_AT_ONCE = 512
"""Images whose features are read at a time for a fitted head."""

LARGEST_TIMED_BATCH = 32
"""Largest batch of the benchmarks of inference speed, which is one pass for every input size."""


@dataclass(eq=False)
class CellNetwork:
    """Network and trainer of one cell, built when they are first needed.

    Attributes:
        context: data, protocol and store.
        entry: the cell's backbone, with the protocol's input size and preprocessing.
        located: the file of its pretrained weights, None if they are random.
        weights: origin of the backbone's weights, one line.
        seconds: duration of each step so far, by name.
        discards_features: if True, stored features are computed again.
        extraction: the frozen features, None until the trainer is built and if nothing is frozen.
        fitted_head: the head, if it is of a kind that is fitted and has been fitted.
    """

    context: RunContext
    entry: Backbone
    cell: Cell
    located: Located | None
    progress: Progress
    weights: str = field(init=False)
    seconds: dict[str, float] = field(default_factory=dict, init=False)
    discards_features: bool = field(init=False)
    extraction: Extraction | None = field(default=None, init=False)
    fitted_head: FittedHead | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.weights = f"random, seed {self.cell.seed}"
        self.discards_features = self.context.fresh

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of the data set's images, in pixels."""
        _, height, width = self.context.dataset.images.shape
        return height, width

    @property
    def images_per_pass(self) -> int:
        """Largest number of images to classify at once."""
        return max(LARGEST_TIMED_BATCH, shard_images(self.entry.input_size))

    @cached_property
    def network(self) -> Network:
        """Network with the weights that training starts from."""
        load_keras()
        started = perf_counter()
        file = self.entry.file
        extractor = None if file is None else file.extractor(self.entry)
        with mixed_precision(self.context.protocol.mixed_precision, self.entry):
            network = self._of_layers() if extractor is None else self._around(extractor)
        self.seconds["building the network"] = perf_counter() - started
        return network

    def _around(self, extractor: Extractor) -> Network:
        """Return the network of a frozen extractor, with the head drawn from the seed."""
        import keras

        from fer_bench.models.transfer import attach_extractor

        self.weights = str(extractor.record)
        keras.utils.set_random_seed(self.cell.seed)
        classes, pooling = len(self.context.dataset.classes), self.context.protocol.pooling
        return attach_extractor(extractor, classes, pooling, Head.parse(self.cell.head))

    def _of_layers(self) -> Network:
        from fer_bench.models.random_weights import seeded
        from fer_bench.models.transfer import transfer

        dataset, protocol = self.context.dataset, self.context.protocol
        is_random = self.located is None
        backbone = seeded(self.entry, self.cell.seed, is_random=is_random)
        if self.located is not None:
            self.weights = str(load(self.located, self.entry, backbone))
        head = Head.parse(self.cell.head)
        layers = protocol.trainable_layers.of(self.cell.init)
        return transfer(
            self.entry,
            backbone,
            0 if head.is_fitted else layers,
            self.image_shape,
            len(dataset.classes),
            protocol.batch_normalization,
            protocol.pooling,
            head,
            output_dtype(protocol.mixed_precision),
        )

    @cached_property
    def trainer(self) -> Trainer:
        """Trainer of the suffix, or of a kept compiled one of the same structure.

        Raises:
            FerBenchError: the head is fitted in one step, and has no epochs.
        """
        if is_fitted(self.cell.head):
            raise FerBenchError(
                f"head {self.cell.head!r} is fitted in one step, so there are no epochs to train",
                "linear or mlp:256",
                "mark a test that trains epochs with fer_epochs",
            )
        load_keras()
        from fer_bench.training import compiled_suffix

        self.make_room()
        context, network = self.context, self.network
        suffix = compiled_suffix.take(self.structure())
        if suffix is None:
            suffix = compiled_suffix.CompiledSuffix(
                network.suffix, context.protocol, context.training_counts
            )
        else:
            suffix.start_from(network.suffix)
        return self.trainer_of(suffix)

    def trainer_of(self, suffix: CompiledSuffix) -> Trainer:
        """Return a trainer of a suffix on the network's boundary, in the cell's image order.

        Frozen features that are not stored are computed.
        """
        from fer_bench.training.trainer import Trainer

        context = self.context
        return Trainer(
            suffix,
            context.protocol,
            self.cell.seed,
            self._tensors(context.protocol.augment),
            context.dataset.labels,
            context.split.train,
            len(views(context.protocol.augment)),
        )

    @cached_property
    def _boundary(self) -> Tensors:
        # Fitted heads get the images as they are.
        return self._tensors(augmentation.NONE)

    def features(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the input of a fitted head for the images at ``rows``, shape (len(rows), d)."""
        import keras

        boundary, suffix = self._boundary, self.network.suffix
        starts = range(FEATURES_AT_ONCE, len(rows), FEATURES_AT_ONCE)
        parts = (
            suffix([tensor[part] for tensor in boundary], training=False)
            for part in np.split(rows, starts)
        )
        return np.concatenate(
            [np.asarray(keras.ops.convert_to_numpy(part), np.float32) for part in parts]
        )

    def classify(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return probabilities of the classes for a few images, shape (n, classes)."""
        import keras

        from fer_bench.models.data_parallel import divided

        network = self.network.whole
        outputs = keras.ops.convert_to_numpy(network.predict_on_batch(divided(images)))
        if self.fitted_head is not None:
            outputs = softmax(self.fitted_head.logits(np.asarray(outputs, np.float32)))
        return np.asarray(outputs, np.float32)

    def close(self) -> None:
        """Release the network; keep its compiled suffix for the next cell of the same structure.

        If the network is used again, it is built again.
        """
        trainer = vars(self).get("trainer")
        self.discard()
        if trainer is not None:
            from fer_bench.training import compiled_suffix

            compiled_suffix.keep(self.structure(), trainer.compiled)

    def discard(self) -> None:
        """Drop the network, its trainer and the open files of its features."""
        vars(self).pop("trainer", None)
        vars(self).pop("network", None)
        vars(self).pop("_boundary", None)
        self.fitted_head = None
        self.extraction = None

    def make_room(self) -> None:
        """Free the memory of a compiled suffix of another structure before a trainer is built."""
        from fer_bench.training import compiled_suffix

        compiled_suffix.keep_only(self.structure())

    def structure(self) -> tuple[Any, ...]:
        """Return everything that determines the compiled suffix but its weights and states."""
        import keras

        context = self.context
        return (
            self.entry,
            self.cell.init,
            self.cell.head,
            context.protocol,
            self.image_shape,
            context.training_counts,
            keras.config.dtype_policy().name,
        )

    def _tensors(self, augment: str) -> Tensors:
        """Return the suffix's inputs; with augmentation, each holds all views of the images.

        Frozen features that are not stored are computed.
        """
        self.extraction = None
        each = [self._view_tensors(view) for view in views(augment)]
        if self.network.prefix is not None:
            # Features stored from now on were computed by this process.
            self.discards_features = False
        if len(each) == 1:
            return each[0]
        return [ViewedTensor(tensors) for tensors in zip(*each, strict=True)]

    def _view_tensors(self, view: View) -> Tensors:
        """Return the suffix's inputs for one view of the images."""
        images: Images | AugmentedImages = self.context.dataset.images
        if view.facts():
            images = AugmentedImages(self.context.dataset.images, view)
        network, prefix = self.network, self.network.prefix
        if prefix is None:
            return (images,)
        import keras

        from fer_bench.models.data_parallel import divided

        def extract(rows: slice) -> Sequence[Any]:
            values = keras.tree.flatten(prefix.predict_on_batch(divided(images[rows])))
            return [keras.ops.convert_to_numpy(value) for value in values]

        store = FeatureStore(self.context.store)
        key = fingerprint.features_key(
            self.entry,
            fingerprint.weights_facts(self.entry, self.cell, self.located),
            self.context.dataset,
            network.boundary,
            view,
            self.context.protocol.mixed_precision,
        )
        if self.discards_features:
            store.discard(key)
        wanted = FeatureSpec(
            images=len(images),
            shapes=network.feature_shapes,
            shard=shard_images(self.entry.input_size),
            facts={
                "backbone": self.entry.name,
                "weights": self.cell.init
                if self.located is not None
                else f"random, seed {self.cell.seed}",
                "dataset": self.cell.dataset,
                **({"view": view.facts()} if view.facts() else {}),
                "versions": fingerprint.features_versions(),
            },
            conditions=numerical_environment.conditions(),
        )
        extraction = store.extract(key, wanted, extract, self.progress)
        self.extraction = _together(self.extraction, extraction)
        # The suffix needs far less memory than the prefix.
        allocator.return_freed_memory()
        return extraction.tensors


def _together(before: Extraction | None, extraction: Extraction) -> Extraction:
    """Return the cost and conditions of several views; the tensors are those of the last."""
    if before is None:
        return extraction
    return dataclasses.replace(
        extraction,
        computed=before.computed + extraction.computed,
        seconds=before.seconds + extraction.seconds,
        conditions=tuple(dict.fromkeys((*before.conditions, *extraction.conditions))),
    )


def shard_images(input_size: int) -> int:
    """Return the number of images per pass through a prefix, for an input side in pixels."""
    return max(8, min(512, SHARD_PIXELS // input_size**2))
