"""Splits of a data set into training, validation and test parts."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.dataset import USAGES, by_content
from fer_bench.data.sampling import ALWAYS_ENOUGH, check_seed, stratified_draw
from fer_bench.protocol.data_spec import DEDUPES, ROW_ORDERS, SPLITS, WITHOUT_TEST, DataSpec
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data.dataset import Dataset
    from fer_bench.protocol.data_spec import Dedupe, RowOrder, SplitName

PARTS: tuple[str, ...] = ("train", "validation", "test")

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.1


def parts_of(name: str) -> tuple[str, ...]:
    """Return the names of the parts that the split ``name`` has."""
    return PARTS[:2] if name in WITHOUT_TEST else PARTS


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of three disjoint parts of a data set.

    Attributes:
        name: one of ``SPLITS``.
        train: int64, shape (k,), in the order of training without shuffling.
        validation: int64, shape (l,).
        test: int64, shape (m,); empty if the split has no test part.
    """

    name: str
    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]

    def counts(self, dataset: Dataset) -> dict[str, int]:
        """Return the number of images of each class over all parts, in the order of classes."""
        rows = np.concatenate([self.train, self.validation, self.test])
        found = np.bincount(dataset.labels[rows], minlength=len(dataset.classes))
        return dict(zip(dataset.classes, found.tolist(), strict=True))

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts that the split has."""
        return parts_of(self.name)

    def at(self, rows: NDArray[np.int64]) -> Split:
        """Return the split with each row number replaced by that in ``rows``, shape (n,)."""
        return Split(self.name, *(rows[getattr(self, part)] for part in PARTS))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the name and the three parts in their order."""
        digest = hashlib.sha256(repr(("fer_bench split 1", self.name)).encode())
        for part in PARTS:
            rows = getattr(self, part)
            digest.update(f"{part} {len(rows)} ".encode())
            digest.update(np.ascontiguousarray(rows, "<i8").tobytes())
        return digest.hexdigest()


def make_split(
    dataset: Dataset,
    name: SplitName,
    seed: int = 42,
    cache_dir: Path | None = None,
    *,
    groups: NDArray[np.int64] | None = None,
    dedupe: Dedupe = "none",
    row_order: RowOrder = DataSpec.row_order,
) -> Split:
    """Split a data set into training, validation and, if the split has one, test parts.

    70/10/20 percent of n images are a test part of round(0.2 n), 7,177 of FER2013's 35,887, a
    validation part of round(0.1 n), 3,589, and the rest. sklearn's ``train_test_split`` separates
    first the test part, then the validation part, both times stratified by label, with ``seed`` as
    ``random_state``.

    Args:
        dataset: data set to split.
        name: ``"paper"``: 70/10/20 percent of the images. ``"grouped"``: the same of duplicate
            groups, drawn by the label of their first image, with all images of a group in one
            part; exact for groups, for images as close as the group sizes allow. ``"kaggle"``:
            Kaggle's own parts. ``"80-20"``: int(0.2 n) validation images and all others for
            training, drawn likewise; ``"80-20-ordered"``: parts of these sizes in the order of the
            rows, the validation part last.
        seed: 0 to 2**32 - 1, of random splits; ``"kaggle"`` and ``"80-20-ordered"`` are not random.
        cache_dir: cache directory, in which draws are cached; None disables caching.
        groups: int64, shape (n,): duplicate group of each image, as found by
            ``data.audit.duplicates``; required by ``"grouped"`` and to leave out duplicates.
        dedupe: duplicates to leave out. ``"none"``: none of them. ``"train"``: those in the
            training part, of its own images and of images in the other parts. ``"all"``: all but
            one image of each group. If the parts are drawn, the first image of the group stays;
            with Kaggle's parts, the first one of the test part, else of the validation part, else
            of the training part.
        row_order: order in which images are drawn, and of the rows in each part: ``"content"``, as
            ``by_content`` orders them, or ``"given"``, that of the data set.

    Returns:
        The split, as row numbers of ``dataset``: drawn parts in the order in which sklearn returns
        images or groups, images of a group by row.

    Raises:
        FerBenchError: there are too few images, in total or of one class, for each part to contain
            each class; the data set does not have Kaggle's parts; the seed is out of range; or
            ``name``, ``dedupe`` or ``row_order`` is unknown.
        ValueError: ``groups`` is required but missing.
    """
    for what, value, accepted in (
        ("split", name, SPLITS),
        ("dedupe", dedupe, DEDUPES),
        ("row order", row_order, ROW_ORDERS),
    ):
        if value not in accepted:
            raise FerBenchError(f"{what} {value!r} is unknown", ", ".join(accepted))
    if groups is None and (name == "grouped" or dedupe != "none"):
        raise ValueError(f"split {name!r} with dedupe {dedupe!r} needs the duplicate groups")
    order = by_content(dataset) if row_order == "content" else np.arange(len(dataset))
    ordered = dataset.take(order)
    drawn_groups = None if groups is None else groups[order]
    if name == "kaggle":
        split = _kaggle_split(dataset.name, ordered.usage)
    elif drawn_groups is not None and (name == "grouped" or dedupe == "all"):
        split = _draw_groups(name, ordered, drawn_groups, seed, cache_dir)
    else:
        split = _draw(name, "images", ordered.labels, dataset.classes, seed, cache_dir)
    if drawn_groups is not None and dedupe != "none":
        removed = deduplicate if dedupe == "all" else deduplicate_training
        split = removed(split, drawn_groups)
    split = split.at(order)
    missing = _missing_class(split, dataset.labels)
    if missing is not None:
        part, label = missing
        without = "" if dedupe == "none" else f" without the duplicates of dedupe {dedupe!r}"
        raise FerBenchError(
            f"split {name!r}{without}: the {part} part has no image of class "
            f"{dataset.classes[label]!r}",
            "each class in each part",
            "add images or use the split 'paper'" if name == "kaggle" else "add images",
        )
    return split


def _draw_groups(
    name: SplitName,
    dataset: Dataset,
    groups: NDArray[np.int64],
    seed: int,
    cache_dir: Path | None,
) -> Split:
    first = np.sort(np.unique(groups, return_index=True)[1])
    labels, classes = dataset.labels[first], dataset.classes
    drawn = _draw(name, "distinct images", labels, classes, seed, cache_dir)
    # Rows of each group, with the groups in the order of their first images.
    place_of = {group: place for place, group in enumerate(groups[first].tolist())}
    places = np.array([place_of[group] for group in groups.tolist()], np.int64)
    rows = np.argsort(places, kind="stable")
    rows_of = np.split(rows, np.cumsum(np.bincount(places, minlength=len(first)))[:-1])
    empty = np.empty(0, np.int64)
    parts = [
        np.concatenate([empty, *(rows_of[place] for place in getattr(drawn, part))])
        for part in PARTS
    ]
    return Split(name, *parts)


def _draw(
    name: SplitName,
    things: str,
    labels: NDArray[np.uint8],
    classes: Sequence[str],
    seed: int,
    cache_dir: Path | None,
) -> Split:
    """Draw parts of images, or of groups, with these labels."""
    check_seed(seed)
    n = len(labels)
    if name in WITHOUT_TEST:
        n_validation, n_test = int(TEST_SHARE * n), 0
    else:
        n_validation, n_test = round(VALIDATION_SHARE * n), round(TEST_SHARE * n)
    n_train = n - n_test - n_validation
    empty = np.empty(0, np.int64)
    if name == "80-20-ordered":
        # The labels have no influence on the parts, so make_split checks these.
        rows = np.arange(n, dtype=np.int64)
        return Split(name, rows[:n_train], rows[n_train:], empty)

    def too_few(label: int) -> FerBenchError:
        return FerBenchError(
            f"split {name!r}: class {classes[label]!r} has {np.count_nonzero(labels == label)} "
            f"{things}, too few for the parts {', '.join(parts_of(name))}",
            f"{ALWAYS_ENOUGH} or more of each class (fewer may do)",
            "add images",
        )

    present, counts = np.unique(labels, return_counts=True)
    if n == 0 or n_validation < len(present):
        raise FerBenchError(
            f"split {name!r}: {n} {things} of {len(present)} classes are too few, with "
            f"{n_validation} in the validation part",
            f"{ALWAYS_ENOUGH} or more of each class (fewer may do)",
            "add images",
        )
    smallest = int(np.argmin(counts))
    if counts[smallest] < len(parts_of(name)):
        raise too_few(int(present[smallest]))
    rest, test = np.arange(n, dtype=np.int64), empty
    if n_test:
        rest, test = stratified_draw(labels, n - n_test, n_test, seed, cache_dir)
    train, validation = stratified_draw(labels[rest], n_train, n_validation, seed, cache_dir)
    split = Split(name, rest[train], rest[validation], test)
    missing = _missing_class(split, labels)
    if missing is not None:
        raise too_few(missing[1])
    return split


def deduplicate(split: Split, groups: NDArray[np.int64]) -> Split:
    """Return the split with one image of each duplicate group.

    The first image of the test part stays, else of the validation part, else of the training part,
    so that the parts that metrics are measured on lose the fewest images. ``groups`` is the
    duplicate group of each image, int64, shape (n,).
    """
    parts: dict[str, NDArray[np.int64]] = {}
    seen = np.empty(0, np.int64)
    for part in reversed(PARTS):
        parts[part] = _first_of_groups(getattr(split, part), groups, seen)
        seen = np.concatenate([seen, groups[parts[part]]])
    return Split(split.name, **parts)


def deduplicate_training(split: Split, groups: NDArray[np.int64]) -> Split:
    """Return the split without duplicates in its training part.

    The training part keeps one image of each duplicate group, and none of groups that occur in
    another part. The other parts keep all their images, so metrics on them stay comparable.
    ``groups`` is the duplicate group of each image, int64, shape (n,).
    """
    elsewhere = groups[np.concatenate([split.validation, split.test])]
    return dataclasses.replace(split, train=_first_of_groups(split.train, groups, elsewhere))


def _first_of_groups(
    rows: NDArray[np.int64], groups: NDArray[np.int64], without: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the first row of each group not in ``without``, in the order of ``rows``."""
    ordered = np.sort(rows)
    first = ordered[np.unique(groups[ordered], return_index=True)[1]]
    kept = first[~np.isin(groups[first], without)]
    return rows[np.isin(rows, kept)]


def _kaggle_split(dataset_name: str, usage: NDArray[np.uint8] | None) -> Split:
    if usage is None:
        raise FerBenchError(
            f"split 'kaggle': {dataset_name!r} does not assign its images to parts",
            "a csv file with the column Usage, an npz file with the array usage, directories "
            f"train, val and test, or image files named {'_*, '.join(USAGES)}_*",
            "use one of them or the split 'paper'",
        )
    parts = [np.flatnonzero(usage == code) for code in range(len(USAGES))]
    for name, rows in zip(USAGES, parts, strict=True):
        if not len(rows):
            raise FerBenchError(
                f"split 'kaggle': the part {name} has no images",
                f"images in each of {', '.join(USAGES)}",
                "add images or use the split 'paper'",
            )
    return Split("kaggle", *parts)


def _missing_class(split: Split, labels: NDArray[np.uint8]) -> tuple[str, int] | None:
    """Return the first part that lacks a class of ``labels``, with that class, or None."""
    present = np.unique(labels)
    for part in split.parts:
        missing = np.setdiff1d(present, labels[getattr(split, part)])
        if len(missing):
            return part, int(missing[0])
    return None
