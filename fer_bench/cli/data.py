"""``fer-bench data``: what a data set is, and what is wrong with it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from fer_bench.protocol import SPLITS, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.protocol import SplitName
    from fer_bench.reporting import Table


_class_map = click.option(
    "--class-map",
    metavar="NAME|FILE",
    help="What the numbers of classes mean: fer2013, rafdb, affectnet, ckplus, ckextended, or a "
    "csv file with the columns name and class, which may name other classes too.",
)


@click.group("data", short_help="Tell what a data set is, and look for mistakes in it.")
def command() -> None:
    """Tell what a data set is, and look for mistakes in it.

    DATASET is what the benchmark's option --dataset takes: sketch, fer2013, or the path of a
    fer2013.csv, an icml_face_data.csv, an .npz, or a folder of images: in classes, in train/ and
    test/, with a csv of labels, or named as in JAFFE and KDEF.
    """


@command.command(short_help="Tell layout, size, classes and digest.")
@click.argument("dataset")
@_class_map
def info(dataset: str, class_map: str | None) -> None:
    """Tell layout, size, classes by part, digest and memory of DATASET."""
    from fer_bench.cache import cache_root
    from fer_bench.datasets.info import load_info
    from fer_bench.reporting.dataset_tables import dataset_tables

    found = load_info(dataset, cache_dir=cache_root(), class_map=class_map)
    click.echo(_text(dataset_tables(found)), nl=False)


@command.command(short_help="Look for copies, leaks, empty images and doubtful labels.")
@click.argument("dataset")
@_class_map
@click.option(
    "--votes",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="FER+'s fer2013new.csv: what ten taggers see in each image, in the same order.",
)
@click.option(
    "--split", type=click.Choice(SPLITS), default="paper", show_default=True, help="As pytest's."
)
@click.option("--limit", type=int, metavar="N", help="Audit a stratified sample of N images.")
@click.option(
    "--json",
    "record",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write all findings, row by row, as described in fer_bench/audit/schema.py.",
)
@click.option(
    "--report-dir",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write audit.html, audit-card.md and, in audit-sheets/, contact sheets; nothing else "
    "there is touched.",
)
def audit(
    dataset: str,
    class_map: str | None,
    votes: Path | None,
    split: str,
    limit: int | None,
    record: Path | None,
    report_dir: Path | None,
) -> None:
    """Look for mistakes in DATASET before figures measured on it are believed.

    Pictures that occur more than once, images that stand in two parts of the split, empty images,
    sizes of the classes and, with --votes, labels that other people doubt. Rows count from 0 in the
    order of DATASET.
    """
    from fer_bench.audit import audit_record, load_votes
    from fer_bench.cache import cache_root
    from fer_bench.datasets import load_dataset
    from fer_bench.datasets.info import info_of
    from fer_bench.prepared import prepare_data
    from fer_bench.progress_bar import ProgressBar
    from fer_bench.reporting.audit import AuditedData, audit_tables, summary, write_audit
    from fer_bench.reporting.render import clean, wrapped
    from fer_bench.results_json import write_json

    data = load_dataset(dataset, class_map=class_map)
    known = None if votes is None else load_votes(votes)
    bar = ProgressBar(data.name)
    try:
        prepared = prepare_data(
            data,
            Protocol(split=cast("SplitName", split)),
            limit=limit,
            votes=known,
            cache_dir=cache_root(),
            progress=bar,
        )
    finally:
        bar.close()
    found = prepared.audited
    click.echo(_text(audit_tables(found)))
    for sentence in summary(found):
        click.echo("\n".join(wrapped(clean(sentence), _width())))
    if record is not None:
        write_json(record, audit_record(found))
        click.echo(f"json: {record}")
    if report_dir is not None:
        page = write_audit(
            report_dir,
            AuditedData(
                found,
                prepared.source,
                info_of(data, dataset),
                _command(dataset, class_map, votes, split, limit),
                prepared.facts.left_out,
            ),
        )[0]
        click.echo(f"report: {page}")


def _command(
    dataset: str, class_map: str | None, votes: Path | None, split: str, limit: int | None
) -> str:
    """What was asked for, without the name of the folder that it goes to."""
    words = ["fer-bench", "data", "audit", dataset]
    words += [] if class_map is None else [f"--class-map={class_map}"]
    words += [] if votes is None else [f"--votes={votes}"]
    words.append(f"--split={split}")
    words += [] if limit is None else [f"--limit={limit}"]
    return shlex.join([*words, "--report-dir=report"])


def _text(tables: Sequence[Table]) -> str:
    from fer_bench.reporting.render import terminal

    return terminal(tables, _width())


def _width() -> int:
    import shutil

    return shutil.get_terminal_size((120, 24)).columns
