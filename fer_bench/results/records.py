"""Typed results of a run and its cells.

They are stored in ``results.json``, a pytest-benchmark file. In addition to the keys of
pytest-benchmark it contains:

* at top level ``fer_bench``: a ``RunRecord`` (schema, protocol, data, environment, and one
  ``CellRecord`` for every requested cell, including skipped and failed ones);
* in each benchmark's ``extra_info["fer_bench"]``: a ``MeasureRecord``, the values that this
  benchmark measured. They are stored there so that the files that pytest-benchmark itself saves
  contain them too.

Every number is finite or null, never NaN. Accuracies and recalls are fractions (0 to 1), losses are
mean categorical cross-entropies in nats, times are in seconds.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from fer_bench.protocol.cell import Cell, Init, display_name, group_id
from fer_bench.protocol.head import LINEAR, short_form
from fer_bench.results.cross_test import CrossTest  # noqa: TC001 - msgspec needs it at run time
from fer_bench.results.few_shot import FewShot  # noqa: TC001 - msgspec needs it at run time
from fer_bench.results.quality import Quality  # noqa: TC001 - likewise
from fer_bench.results.speeds import (  # noqa: TC001 - likewise
    InferenceSpeed,
    NetworkTrainingSpeed,
    TrainingSpeed,
)
from fer_bench.results.trials import Trial  # noqa: TC001 - likewise

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from fer_bench.protocol.declared_settings import Setting

SCHEMA = 2
"""Schema version of results files, incremented by every change that breaks older readers."""

TWIN_CODES = 4
"""Number of duplicate codes in ``DatasetSummary.test_twins``; all codes are below it."""

NO_VOTE = 255
"""Code in ``DatasetSummary.test_votes`` for an image without a single class with most votes."""

NO_TEST = "no test part"
"""Text in reports in place of a metric on the test images if the split has none."""

SAMPLED, COPIES = "not in the sample", "copies of other images"
"""Two reasons in ``DatasetSummary.left_out``; the others are reasons for a missing label."""

FROZEN_FEATURES = "frozen features"
"""Name of the part of a cell's time that is one pass of all images through its frozen layers."""

EARLY_STOPPING = "early stopping"
"""Name of the part of a cell's time that is spent on epochs after the best one."""

Status = Literal["ok", "skipped", "failed"]
Source = Literal["trained", "store"]


@dataclass(frozen=True)
class Parameters:
    """Parameter counts of a cell's network.

    Attributes:
        backbone: parameters of the backbone, excluding its last layer, including moving averages.
        trainable: parameters of the complete network that are updated by gradient descent.
        head: parameters of the head; 0 if it is not a function of a fixed number of them, such as
            neighbours or trees.
    """

    backbone: int
    trainable: int
    head: int

    @property
    def total(self) -> int:
        """Parameters of the complete network."""
        return self.backbone + self.head


@dataclass(frozen=True)
class CellResult:
    """Complete results of one cell in one run.

    Attributes:
        backbone: name in the registry.
        title: name of the backbone in tables, as the paper spells it.
        init: ``"pretrained"`` or ``"random"``.
        dataset: name of the data set.
        seed: seed of the cell.
        status: ``"ok"``, ``"skipped"`` or ``"failed"``.
        reason: reason for being skipped or failed, one line; empty if the status is ``"ok"``.
        fingerprint: digest of everything that determines the quality; empty if nothing was trained.
        source: ``"trained"`` if the quality was trained in this run, ``"store"`` if it was loaded.
        weights: source of the backbone's weights, one line.
        parameters: parameter counts, or None.
        quality: quality metrics; None if they were not measured.
        training: training speed; None if it was not measured.
        inference: inference speed, one entry for each measured batch size.
        parts: name and seconds of each part of the work in the run that trained the cell.
        computed_on: name and value of each fact about the hardware that computed the quality; empty
            in older files.
        network_training: training speed of the complete network, one entry for each measured input
            size, the network's own first; empty if it was not measured, as in older files.
        head: canonical name of the head, as in ``fer_bench.protocol.head``.
        head_value: value of the parameter that the head was fitted with, chosen from the grid of
            its kind on the validation images; None for heads that are not fitted.
        trials: trials of a sweep, one of them chosen; empty if the cell was not swept.
        few_shot: results of the head fitted on a few images of each class; empty without
            ``--shots``.
        cross_test: test on another data set; None if there was none, as in older files.
    """

    backbone: str
    title: str
    init: Init
    dataset: str
    seed: int
    status: Status
    reason: str = ""
    fingerprint: str = ""
    source: Source | None = None
    weights: str = ""
    parameters: Parameters | None = None
    quality: Quality | None = None
    training: TrainingSpeed | None = None
    inference: tuple[InferenceSpeed, ...] = ()
    parts: tuple[tuple[str, float], ...] = ()
    computed_on: tuple[tuple[str, str], ...] = ()
    network_training: tuple[NetworkTrainingSpeed, ...] = ()
    head: str = LINEAR
    head_value: float | None = None
    trials: tuple[Trial, ...] = ()
    few_shot: tuple[FewShot, ...] = ()
    cross_test: CrossTest | None = None

    @property
    def is_timed(self) -> bool:
        """True if any speed was measured."""
        return bool(self.training or self.inference or self.network_training)

    @property
    def chosen(self) -> Trial | None:
        """The chosen trial; None if the cell was not swept."""
        return next((trial for trial in self.trials if trial.chosen), None)

    def without_speed(self) -> CellResult:
        """Return the cell without its speeds."""
        return dataclasses.replace(self, training=None, inference=(), network_training=())

    @property
    def id(self) -> str:
        """Short name, unique within a run."""
        return Cell(self.backbone, self.init, self.dataset, self.seed, self.head).id

    @property
    def group_id(self) -> str:
        """Short name of the cells that differ only in their seed: ``mobilenet-random``."""
        return group_id(self.backbone, self.init, self.head)

    @property
    def label(self) -> str:
        """Display name without the seed: ``MobileNet random``."""
        return display_name(self.title, self.init, head=self.head)

    @property
    def name(self) -> str:
        """Display name with the seed: ``MobileNet random, seed 42``."""
        return display_name(self.title, self.init, self.seed, self.head)

    @property
    def row_key(self) -> str:
        """Name of the row in ``tables.csv``: ``MobileNet_random``, ``MobileNet_random_knn``."""
        head = "" if self.head == LINEAR else f"_{short_form(self.head)}"
        return f"{self.title}_{self.init}{head}"


@dataclass(frozen=True)
class DatasetSummary:
    """Summary of the data set that a run was measured on.

    The per-image attributes have one byte for each test image, in the order of the predictions.

    Attributes:
        name: name of the data set.
        digest: content digest, independent of the order of the images.
        counts: name and number of images of each class in all three parts together, in the order
            of the classes.
        split: name of the split.
        train: number of training images.
        validation: number of validation images.
        test: number of test images, 0 if the split has no test part.
        split_digest: digest of the images in each part; empty in files of schema 1.
        test_labels: class of each test image; empty in files of schema 1.
        test_twins: code for the closest duplicate of each test image in training, by
            ``data.audit.duplicates``: 0 if there is none, 1 for a near-duplicate or an image
            linked to the test image by a chain of near-duplicates in any part, 2 for a mirror
            image, 3 for an identical image; the highest code applies. Empty if unknown.
        test_votes: class with most FER+ votes of each test image; ``NO_VOTE`` if several classes
            share them or they go to none of the classes. Empty without votes.
        left_out: reason why images of the source are not in the data set or its parts, and their
            number.
        class_map: mapping from names and numbers in the source to classes, one line; empty if none
            was requested or it is unknown.
    """

    name: str
    digest: str
    counts: tuple[tuple[str, int], ...]
    split: str
    train: int
    validation: int
    test: int
    split_digest: str = ""
    test_labels: bytes = b""
    test_twins: bytes = b""
    test_votes: bytes = b""
    left_out: tuple[tuple[str, int], ...] = ()
    class_map: str = ""

    @property
    def has_test(self) -> bool:
        """True if the split has a test part."""
        return self.test > 0

    @property
    def labels(self) -> NDArray[np.uint8]:
        """Class of each test image, shape (test,)."""
        return np.frombuffer(self.test_labels, np.uint8)

    @property
    def twins(self) -> NDArray[np.uint8]:
        """Duplicate code of each test image, 0 to 3 as in ``test_twins``, shape (test,)."""
        return np.frombuffer(self.test_twins, np.uint8)

    @property
    def votes(self) -> NDArray[np.uint8]:
        """Class with most votes, or ``NO_VOTE``, for each test image, shape (test,)."""
        return np.frombuffer(self.test_votes, np.uint8)


@dataclass(frozen=True)
class Example:
    """Test image that a report shows with the prediction of each network.

    Attributes:
        position: index in the split's test part, from 0.
        why: criterion by which it was chosen, in a few words.
        height: height in pixels.
        width: width in pixels.
        pixels: grey values, one byte each, row by row.
    """

    position: int
    why: str
    height: int
    width: int
    pixels: bytes


@dataclass(frozen=True)
class Run:
    """Complete run: the input of tables, pages and comparisons.

    Attributes:
        protocol: every setting with its origin and reason.
        dataset: the data set that was measured on.
        environment: name and value of each environment fact: versions, device, threads, and so on.
        cells: one result for every requested cell, in the order of the request.
        examples: test images to show.
    """

    protocol: tuple[Setting, ...]
    dataset: DatasetSummary
    environment: tuple[tuple[str, str], ...]
    cells: tuple[CellResult, ...]
    examples: tuple[Example, ...] = ()

    def to_frame(self, by: Literal["cell", "class", "draw"] = "cell") -> pd.DataFrame:
        """Return a pandas table: see ``fer_bench.results.dataframe``.

        Args:
            by: ``"cell"`` for one row for each cell, ``"class"`` for one row for each class of each
                tested cell, ``"draw"`` for one row for each draw of the few-shot evaluation.

        Raises:
            ValueError: ``by`` has another value.
        """
        from fer_bench.results.dataframe import FRAMES

        if by not in FRAMES:
            raise ValueError(f"by must be one of {', '.join(map(repr, FRAMES))}, got {by!r}")
        return FRAMES[by](self)
