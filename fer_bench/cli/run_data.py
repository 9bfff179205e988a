"""Options that select the images and labels of a benchmark's run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from fer_bench.cli.params import NonEmptyPath, not_empty
from fer_bench.protocol.label_codes import NUMBERED
from fer_bench.protocol.settings import DEDUPES, LABELS, SPLITS

if TYPE_CHECKING:
    from collections.abc import Callable

_Command = TypeVar("_Command", bound="Callable[..., Any]")

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
        default="paper",
        show_default=True,
        help="70/10/20, Kaggle's own three parts, or 70/10/20 without duplicates in "
        "two parts; as pytest's.",
    ),
    click.option(
        "--dedupe",
        type=click.Choice(DEDUPES),
        default="none",
        show_default=True,
        help="Parts from which duplicates are left out; as pytest's.",
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
        default="fer2013",
        show_default=True,
        help="The data set's own, or the class with the most of --votes; as pytest's.",
    ),
    click.option("--limit", type=int, metavar="N", help="Take a stratified sample of N images."),
)


def run_data(command: _Command) -> _Command:
    """Add the options ``class_map``, ``split``, ``dedupe``, ``votes``, ``labels``, ``limit``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
