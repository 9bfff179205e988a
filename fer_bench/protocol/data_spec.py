"""Data of a run: which images, with which labels, in which parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from fer_bench.protocol.declared_settings import (
    check_settings,
    chosen,
    setting_rows,
    settled,
    stated,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fer_bench.protocol.declared_settings import Setting

SplitName = Literal["paper", "80-20", "80-20-ordered", "kaggle", "grouped"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)
WITHOUT_TEST: tuple[SplitName, ...] = ("80-20", "80-20-ordered")
"""Splits without a test part."""

RATES_SPLIT: SplitName = "80-20"
"""Split that the paper's Tables 2 to 5 were made on, by their printed digits."""

RowOrder = Literal["content", "given"]
ROW_ORDERS: tuple[RowOrder, ...] = get_args(RowOrder)
Dedupe = Literal["none", "train", "all"]
DEDUPES: tuple[Dedupe, ...] = get_args(Dedupe)
Labels = Literal["fer2013", "ferplus"]
LABELS: tuple[Labels, ...] = get_args(Labels)


@dataclass(frozen=True)
class DataSpec:
    """Data of a run, as its command line names it.

    ``fer_bench.data.prepare.load_data`` reads and prepares it.

    Attributes:
        dataset: registered name or path.
        class_map: name or path of the class map, None for the default.
        votes: path of FER+'s votes, or None.
        limit: size of a stratified sample, None for all images.
        split, split_seed, row_order, dedupe, labels: settings of the protocol, see ``settings``.

    Raises:
        FerBenchError: ``split``, ``row_order``, ``dedupe`` or ``labels`` is unknown.
    """

    dataset: str = "sketch"
    class_map: str | None = None
    split: SplitName = stated(
        "paper",
        "70/10/20, stratified, random_state 42; sizes 25,121 / 3,589 / 7,177 on FER2013; by their "
        "digits, the published rates were made on '80-20', 28,710 / 7,177 and no test part",
        accepted=SPLITS,
    )
    split_seed: int = settled("stated", 42, "random_state of both calls of train_test_split")
    row_order: RowOrder = chosen(
        "content",
        "the paper does not state the order of its images; 'content' draws in the order of the "
        "images' digests, so that the same images give the same split from a csv file, an npz file "
        "and image folders; 'given' draws in the order of the source, as train_test_split does",
        accepted=ROW_ORDERS,
    )
    dedupe: Dedupe = chosen(
        "none",
        "the paper does not mention duplicates; 'train' removes from training the duplicates of "
        "validation and test images and of other training images, 'all' keeps one image of each "
        "group of duplicates in the three parts together; the first in this order is kept, with "
        "its label",
        accepted=DEDUPES,
    )
    labels: Labels = chosen(
        "fer2013",
        "the data set's own; 'ferplus' uses the class with the most FER+ votes, even if fewer than "
        "half, and excludes images if several classes share the most votes or none has them",
        accepted=LABELS,
    )
    votes: Path | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        check_settings(self)

    def settings(self) -> list[Setting]:
        """Return the protocol's settings of the data, in order of declaration."""
        return setting_rows(self)

    def options(self) -> list[str]:
        """Return the command-line options for these values, all but the data set."""
        return data_options(vars(self))


def data_options(values: Mapping[str, object]) -> list[str]:
    """Return command-line options of ``pytest benchmarks`` and ``fer-bench data audit``.

    ``values`` are those of a ``DataSpec`` by name. The split is always among the options, others
    only if their value is not the default.
    """
    names = ("class_map", "split", "row_order", "dedupe", "labels", "votes", "limit")
    given = {name: values.get(name, getattr(DataSpec, name)) for name in names}
    return [
        f"--{name.replace('_', '-')}={value}"
        for name, value in given.items()
        if name == "split" or value != getattr(DataSpec, name)
    ]
