"""``fer-bench predict``: emotions of the faces in photos, by an exported model."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from fer_bench.cli.click_types import NonEmptyPath, PositiveNumber
from fer_bench.cli.printed_table import table_text
from fer_bench.runtime.escapes import clean
from fer_bench.runtime.terminal import echo, echo_lines, terminal_width

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.predict import Prediction, Predictions
    from fer_bench.predict.evaluation import CountedShare, Evaluation
    from fer_bench.results.model_metadata import ModelMetadata

_MOST_ROWS = 20
_LEAST_PATH = 16


@click.command("predict", short_help="Recognise the emotions of the faces in photos.")
@click.argument("model", type=NonEmptyPath())
@click.argument("inputs", nargs=-1, metavar="PHOTO|DIRECTORY|VIDEO|-...")
@click.option(
    "-o",
    "--output",
    type=NonEmptyPath(dir_okay=False),
    metavar="FILE",
    help="Write all rows to a .csv, .jsonl or .parquet file.",
)
@click.option(
    "--detector",
    metavar="NAME",
    default="mtcnn",
    show_default=True,
    help="mtcnn, none (each image is a face crop), yunet:PATH or deepface:NAME.",
)
@click.option(
    "--annotate",
    type=NonEmptyPath(file_okay=False),
    metavar="DIR",
    help="Write copies of the photos with boxes and labels to this directory.",
)
@click.option(
    "--evaluate",
    is_flag=True,
    help="Photos are in directories of classes: report detection rate and accuracy, too.",
)
@click.option(
    "--every",
    type=PositiveNumber(),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="Interval between the frames of a video or camera.",
)
@click.option(
    "--camera",
    type=click.IntRange(min=0),
    metavar="NUMBER",
    help="Predict for a camera, usually 0, until Ctrl-C.",
)
def command(
    model: Path,
    inputs: tuple[str, ...],
    output: Path | None,
    detector: str,
    annotate: Path | None,
    evaluate: bool,
    every: float,
    camera: int | None,
) -> None:
    """Detect the faces in photos, and classify their emotions by MODEL, a file that 'fer-bench
    export' wrote.

    '-' reads paths from standard input, one on each line. Directories are searched recursively.

    A photo without a face and one that cannot be read are rows, too. A face whose crop has fewer
    pixels than the network sees is marked small. Boxes are in pixels of the upright photo: its EXIF
    orientation is applied.

    Exit status: 0 if any photo could be read, 1 otherwise or if a path in the arguments does not
    exist.
    """  # noqa: D205 - click joins the lines
    from fer_bench.predict import Predictor
    from fer_bench.predict.annotation import copy_paths, write_annotated
    from fer_bench.predict.evaluation import check_labels
    from fer_bench.predict.evaluation import evaluate as evaluated
    from fer_bench.predict.inputs import Inputs, find_inputs
    from fer_bench.predict.output_files import check_suffix, write_predictions
    from fer_bench.predict.video import camera_frames
    from fer_bench.runtime.files import check_writable
    from fer_bench.runtime.progress_bar import ProgressBar

    if (camera is None) == (not inputs):
        raise click.UsageError("give photos, directories or videos, or --camera")
    if output is not None:
        check_suffix(output)
        check_writable("--output", output.parent)
    if annotate is not None:
        check_writable("--annotate", annotate)
    found = Inputs((camera_frames(camera, every),)) if camera is not None else None
    if found is None:
        found = find_inputs(_paths(inputs), every)
    if annotate is not None and not found.total:
        raise click.UsageError("--annotate is for photos, not for videos and cameras")
    if evaluate and camera is not None:
        raise click.UsageError("--evaluate is for photos, not for cameras")
    missing = [name for name in inputs if name != "-" and not os.path.lexists(name)]
    copies = {} if annotate is None else copy_paths(found.photos, annotate)
    predictor = Predictor(model, detector=detector)
    metadata = predictor.model.metadata
    if evaluate and found.total:
        check_labels((photo.file for photo in found.photos), metadata.classes)
    for line in _model(model, metadata):
        echo(line)
    bar = ProgressBar("predict")
    try:
        predictions = predictor.predict_sources(found, found.total, bar)
    finally:
        bar.close()
    echo_lines(_table(predictions))
    echo(_summary(predictions))
    if output is not None:
        write_predictions(output, predictions)
        echo(f"rows: {output}")
    if annotate is not None:
        number = write_annotated(copies, predictions)
        echo(f"annotated photos: {annotate} ({number:,})")
    if evaluate:
        for line in _evaluation(evaluated(predictions)):
            echo(line)
    for name in missing:
        echo(f"WARNING: {clean(name)} does not exist", err=True)
    if missing or predictions.count("unreadable") == predictions.photos:
        raise click.exceptions.Exit(1)


def _paths(inputs: tuple[str, ...]) -> list[str]:
    paths: list[str] = []
    for name in inputs:
        if name == "-":
            # Names of files need not be text.
            lines = map(os.fsdecode, sys.stdin.buffer)
            paths += [line.rstrip("\r\n") for line in lines if line.strip()]
        else:
            paths.append(name)
    return paths


def _model(path: Path, metadata: ModelMetadata) -> list[str]:
    accuracy = metadata.accuracy
    lines = [
        f"{path.name}: {clean(metadata.title)}, trained on {clean(metadata.dataset)}, "
        f"test accuracy {100 * accuracy.value:.1f} % (95 % CI {100 * accuracy.low:.1f} to "
        f"{100 * accuracy.high:.1f}), crops of {metadata.input.height} pixels"
    ]
    if metadata.dataset == "sketch":
        lines.append("NOTE: sketch is drawn by code: not a model for real faces")
    return lines


def _table(predictions: Predictions) -> str:
    shown = predictions.rows[:_MOST_ROWS]
    headings = ["file", "face", "emotion", "p", "margin", "box"]
    rows = [_texts(row) for row in shown]
    if all(row.face in (None, 1) for row in shown):
        headings.remove("face")
        rows = [[file, *others] for file, _, *others in rows]
    columns = zip(headings[1:], *(others for _, *others in rows), strict=True)
    room = terminal_width() - sum(2 + max(map(len, column)) for column in columns)
    rows = [[_shortened(file, room), *others] for file, *others in rows]
    text = table_text(headings, rows, right=("face", "p", "margin"))
    for row in shown:
        if row.reason:
            text += f"{clean(row.file)}: {clean(row.reason)}\n"
    left_out = len(predictions) - len(shown)
    return text + (f"... and {left_out:,} rows more; -o FILE writes all\n" if left_out else "")


def _texts(row: Prediction) -> list[str]:
    file = clean(row.file) if row.second is None else f"{clean(row.file)} {row.second:.1f} s"
    if row.box is None or row.margin is None:
        return [file, "", row.status, *[""] * 3]
    box = row.box
    small = " (small)" if row.status == "small face" else ""
    return [
        file,
        str(row.face),
        f"{clean(row.emotion or '')}{small}",
        f"{max(row.probabilities):.2f}",
        f"{row.margin:.2f}",
        f"{box.left:.0f},{box.top:.0f} {box.width:.0f}x{box.height:.0f}",
    ]


def _shortened(file: str, room: int) -> str:
    """Return a path without its first directories, or the end of a longer name."""
    parts = file.split("/")
    while len(file) > room and len(parts) > 1:
        del parts[0]
        file = "/".join(["\N{HORIZONTAL ELLIPSIS}", *parts])
    room = max(room, _LEAST_PATH)
    return file if len(file) <= room else f"\N{HORIZONTAL ELLIPSIS}{file[1 - room :]}"


def _summary(predictions: Predictions) -> str:
    faces, small = predictions.count("face", "small face"), predictions.count("small face")
    photos = predictions.photos
    return (
        f"{_counted(photos, 'photo')} in {predictions.seconds:.1f} s "
        f"({photos / predictions.seconds:,.1f}/s): {_counted(faces, 'face')} ({small:,} small), "
        f"{predictions.count('no face'):,} without a face, "
        f"{predictions.count('unreadable'):,} unreadable"
    )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _evaluation(found: Evaluation) -> list[str]:
    lines = [
        _share("detection rate", found.detection_rate),
        _share("accuracy, undetected faces are errors", found.accuracy),
    ]
    if found.accuracy_of_detected is not None:
        lines.append(_share("accuracy on detected faces", found.accuracy_of_detected))
    if found.unlabelled:
        lines.append(f"not in a directory of a class: {_counted(found.unlabelled, 'photo')}")
    return lines


def _share(name: str, share: CountedShare) -> str:
    ends = share.interval
    return (
        f"{name}: {100 * share.value:.1f} % (95 % CI {100 * ends.low:.1f} to "
        f"{100 * ends.high:.1f}; {share.hits:,} of {share.photos:,} photos)"
    )
