"""Options that select the data of a benchmark's run."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

from fer_bench.cli.click_types import NonEmptyPath, not_empty
from fer_bench.protocol.data_spec import DEDUPES, LABELS, ROW_ORDERS, SPLITS, DataSpec
from fer_bench.protocol.label_codes import NUMBERED

if TYPE_CHECKING:
    from collections.abc import Callable

class_map_option = click.option(
    "--class-map",
    callback=not_empty,
    metavar="NAME|FILE",
    help=f"Meaning of class numbers: {', '.join(NUMBERED)}, or a csv file with the columns name "
    "and class, which may name other classes too.",
)

_OPTIONS = (
    class_map_option,
    click.option(
        "--split",
        type=click.Choice(SPLITS),
        default=DataSpec.split,
        show_default=True,
        help="70/10/20, 80/20 without a test part (stratified, or in order), Kaggle's own three "
        "parts, or 70/10/20 without duplicates in two parts.",
    ),
    click.option(
        "--row-order",
        type=click.Choice(ROW_ORDERS),
        default=DataSpec.row_order,
        show_default=True,
        help="Draw in the order of the images' digests or in that of the source.",
    ),
    click.option(
        "--dedupe",
        type=click.Choice(DEDUPES),
        default=DataSpec.dedupe,
        show_default=True,
        help="Parts from which duplicates are left out.",
    ),
    click.option(
        "--votes",
        type=NonEmptyPath(),
        metavar="FILE",
        help="FER+'s fer2013new.csv: votes of ten taggers on each image, in the same order.",
    ),
    click.option(
        "--labels",
        type=click.Choice(LABELS),
        default=DataSpec.labels,
        show_default=True,
        help="The data set's own, or the class with the most of --votes.",
    ),
    click.option("--limit", type=int, metavar="N", help="Take a stratified sample of N images."),
)


def data_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of the data; the command gets them, with ``dataset``, as ``spec``."""

    @functools.wraps(command)
    def with_spec(dataset: str, **values: Any) -> None:
        names = ("class_map", "split", "row_order", "dedupe", "votes", "labels", "limit")
        spec = DataSpec(dataset, **{name: values.pop(name) for name in names})
        command(spec, **values)

    for option in reversed(_OPTIONS):
        with_spec = option(with_spec)
    return with_spec
