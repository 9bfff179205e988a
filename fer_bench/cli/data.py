"""``fer-bench data``: describe a data set and audit it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from fer_bench.cli.click_types import NonEmptyPath
from fer_bench.cli.data_options import class_map_option, data_options
from fer_bench.cli.project_conftest import with_conftest
from fer_bench.runtime.cache_directory import cache_root
from fer_bench.runtime.escapes import clean
from fer_bench.runtime.terminal import echo, echo_lines, terminal_width

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fer_bench.protocol.data_spec import DataSpec
    from fer_bench.report import Table


@click.group("data", short_help="Show what a data set contains, and check it for errors.")
def command() -> None:
    """Show what a data set contains, and check it for errors.

    DATASET is what the benchmark's option --dataset takes: sketch, fer2013, or the path of

    \b
    - a .csv file with the columns emotion, pixels and, if known, Usage, such as
      fer2013.csv and icml_face_data.csv; emotions are Kaggle's numbers or names
    - an .npz file with the arrays images, labels and, if known, usage
    - a directory with one of these, or with one for each part: train.csv,
      val.csv and test.csv
    - a directory of images: in classes, in train/ and test/, with a csv of
      labels, as FER+'s script writes them, or named as in JAFFE and KDEF
    """  # noqa: D301 - click's mark to keep the lines of the list


@command.command("list", short_help="List the names of data sets.")
@with_conftest
def show_names() -> None:
    """List the data sets that have a name; all others are named by their path."""
    from fer_bench.cli.printed_table import table_text
    from fer_bench.data import dataset_names, dataset_origin

    rows = [(name, dataset_origin(name)) for name in dataset_names()]
    echo_lines(table_text(("name", "origin"), rows) + "\n")


@command.command(short_help="Show layout, size, classes and digest.")
@click.argument("dataset")
@class_map_option
@with_conftest
def info(dataset: str, class_map: str | None) -> None:
    """Show layout, size, classes by part, digest and memory of DATASET."""
    from fer_bench.data.info import load_info
    from fer_bench.report.dataset_tables import dataset_tables

    found = load_info(dataset, cache_dir=cache_root(), class_map=class_map)
    echo_lines(_text(dataset_tables(found)))


@command.command(short_help="Find duplicates, leakage, blank images and label issues.")
@click.argument("dataset")
@data_options
@click.option(
    "--json",
    "record",
    type=NonEmptyPath(dir_okay=False),
    metavar="FILE",
    help="Write all findings, row by row, as described in fer_bench/data/audit/json_record.py.",
)
@click.option(
    "--report-dir",
    type=NonEmptyPath(file_okay=False),
    metavar="DIR",
    help="Write audit.html, audit-card.md and, in audit-sheets/, contact sheets; nothing else "
    "there is touched.",
)
@with_conftest
def audit(spec: DataSpec, record: Path | None, report_dir: Path | None) -> None:
    """Check DATASET for errors before you trust metrics measured on it.

    Reports duplicate images, images in two parts of the split, blank images, class sizes and, with
    --votes, label issues. With the class map, split, dedupe, votes, labels and limit of a benchmark
    run it audits the data of that run. If DATASET cannot be split that way, it reports the reason
    and everything else.

    Rows count from 0, in the order of a csv or npz file: row N of a csv is on line N + 2, blank
    lines not counted. For an image in a directory the report adds its relative path, and if the
    class map drops rows, the row in the file; the file of --json has both for every row.
    """
    from fer_bench.data.audit import audit_record
    from fer_bench.data.prepare import load_data
    from fer_bench.report.audit import audit_tables, scope_sentences, summary, write_audit
    from fer_bench.report.table_rendering import wrapped
    from fer_bench.results import write_json
    from fer_bench.runtime.progress_bar import ProgressBar

    with contextlib.closing(ProgressBar(spec.dataset)) as bar:
        data = load_data(spec, progress=bar, must_split=False)
    found = data.audit
    echo_lines(_text(audit_tables(found)) + "\n")
    for sentence in [*summary(found), *scope_sentences(data)]:
        echo_lines("\n".join([*wrapped(clean(sentence), terminal_width()), ""]))
    if record is not None:
        write_json(record, audit_record(found))
        echo(f"json: {record}")
    if report_dir is not None:
        echo(f"report: {write_audit(report_dir, data)[0]}")


@command.command(short_help="Cut the faces out of photos, to train on them.")
@click.argument("directory", type=NonEmptyPath())
@click.option(
    "-o",
    "--output",
    type=NonEmptyPath(file_okay=False),
    metavar="DIR",
    required=True,
    help="Directory to create.",
)
@click.option(
    "--detector",
    metavar="NAME",
    default="mtcnn",
    show_default=True,
    help="As for 'fer-bench predict'.",
)
@click.option(
    "--size",
    type=click.IntRange(8, 224),
    default=48,
    show_default=True,
    metavar="PIXELS",
    help="Height and width of the crops.",
)
def crop(directory: Path, output: Path, detector: str, size: int) -> None:
    """Cut the largest face out of each photo in DIRECTORY, as 'fer-bench predict' does.

    Directories of classes, and of parts such as train/ and test/, are kept: if the photos are a
    data set, --dataset takes the crops. crops.txt, a CSV table, has a row for each photo, also if
    it has no face or cannot be read.
    """
    from fer_bench.predict.crop_dataset import crop_directory
    from fer_bench.predict.detectors import detector as detector_of
    from fer_bench.runtime.progress_bar import ProgressBar

    with contextlib.closing(ProgressBar("crop")) as bar:
        found = crop_directory(directory, output, detector_of(detector), size, bar)
    echo(
        f"{output}: {found.cropped:,} faces ({found.small:,} small) of {found.photos:,} photos, "
        f"{found.without_face:,} without a face, {found.unreadable:,} unreadable"
    )


def _text(tables: Sequence[Table]) -> str:
    from fer_bench.report.table_rendering import terminal

    return terminal(tables, terminal_width())
