"""``fer-bench data``: describe a data set and audit it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fer_bench.cli.params import GivenPath
from fer_bench.cli.run_data import class_map_option, run_data
from fer_bench.protocol.settings import Protocol
from fer_bench.runtime.escapes import clean
from fer_bench.runtime.terminal import echo, echo_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fer_bench.protocol.settings import Dedupe, Labels, SplitName
    from fer_bench.report import Table


@click.group("data", short_help="Tell what a data set is, and look for mistakes in it.")
def command() -> None:
    r"""Tell what a data set is, and look for mistakes in it.

    DATASET is what the benchmark's option --dataset takes: sketch, fer2013, or the path of

    \b
    - a .csv file with the columns emotion, pixels and, where known, Usage, such as fer2013.csv and
      icml_face_data.csv; emotions are Kaggle's numbers or names
    - an .npz file with the arrays images, labels and, where known, usage
    - a directory of one of these, or of one for each part: train.csv, val.csv and test.csv
    - a directory of images: in classes, in train/ and test/, with a csv of labels, as FER+'s script
      writes them, or named as in JAFFE and KDEF
    """


@command.command(short_help="Tell layout, size, classes and digest.")
@click.argument("dataset")
@class_map_option
def info(dataset: str, class_map: str | None) -> None:
    """Tell layout, size, classes by part, digest and memory of DATASET."""
    from fer_bench.data.info import load_info
    from fer_bench.report.dataset_tables import dataset_tables
    from fer_bench.runtime.cache_directory import cache_root

    found = load_info(dataset, cache_dir=cache_root(), class_map=class_map)
    echo_lines(_text(dataset_tables(found)))


@command.command(short_help="Look for copies, leaks, empty images and doubtful labels.")
@click.argument("dataset")
@run_data
@click.option(
    "--json",
    "record",
    type=GivenPath(dir_okay=False),
    metavar="FILE",
    help="Write all findings, row by row, as described in fer_bench/data/audit/schema.py.",
)
@click.option(
    "--report-dir",
    type=GivenPath(file_okay=False),
    metavar="DIR",
    help="Write audit.html, audit-card.md and, in audit-sheets/, contact sheets; nothing else "
    "there is touched.",
)
def audit(
    dataset: str,
    class_map: str | None,
    split: SplitName,
    dedupe: Dedupe,
    votes: Path | None,
    labels: Labels,
    limit: int | None,
    record: Path | None,
    report_dir: Path | None,
) -> None:
    """Look for mistakes in DATASET before figures measured on it are believed.

    Pictures that occur more than once, images that stand in two parts of the split, empty images,
    sizes of the classes and, with --votes, labels that other people doubt. With the class map,
    split, dedupe, votes, labels and limit of a benchmark's run it audits what that ran on.
    Where DATASET cannot be split so, it tells why, and all else.

    Rows count from 0, in a csv or npz file in its order: row N of a csv is on line N + 2, blank
    lines aside. Of images of a folder the path from there stands beside the row, and where the
    class map leaves out some of a file, the row that they have in it; the file of --json has those
    of all.
    """
    from fer_bench.data import load_dataset
    from fer_bench.data.audit import audit_record, load_votes
    from fer_bench.data.prepare import prepare_data
    from fer_bench.report.audit import AuditedData, audit_tables, summary, write_audit
    from fer_bench.report.render import wrapped
    from fer_bench.results import write_json
    from fer_bench.runtime.cache_directory import cache_root
    from fer_bench.runtime.progress_bar import ProgressBar

    data = load_dataset(dataset, class_map=class_map)
    known = None if votes is None else load_votes(votes)
    protocol = Protocol(split=split, dedupe=dedupe, labels=labels)
    bar = ProgressBar(data.name)
    try:
        prepared = prepare_data(
            data,
            protocol,
            limit=limit,
            votes=known,
            cache_dir=cache_root(),
            progress=bar,
            must_split=False,
        )
    finally:
        bar.close()
    told = AuditedData.of(
        prepared, protocol, dataset, class_map=class_map, votes=votes, limit=limit
    )
    echo_lines(_text(audit_tables(told.found)) + "\n")
    for sentence in [*summary(told.found), *told.taken.sentences]:
        echo_lines("\n".join([*wrapped(clean(sentence), _width()), ""]))
    if record is not None:
        write_json(record, audit_record(told.found))
        echo(f"json: {record}")
    if report_dir is not None:
        echo(f"report: {write_audit(report_dir, told)[0]}")


def _text(tables: Sequence[Table]) -> str:
    from fer_bench.report.render import terminal

    return terminal(tables, _width())


def _width() -> int:
    import shutil

    return shutil.get_terminal_size((120, 24)).columns
