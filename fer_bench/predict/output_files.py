"""Files of predictions: csv, JSON Lines and parquet, chosen by suffix."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, astuple
from typing import TYPE_CHECKING, Any

from fer_bench.predict.predictions import columns, flat_row
from fer_bench.runtime.errors import FerBenchError, shown
from fer_bench.runtime.escapes import in_csv, printable
from fer_bench.runtime.files import cause_of, write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.predict.predictions import Predictions

_DIGITS = 6


def check_suffix(path: Path) -> None:
    """Check that predictions can be written to a file, before they are made.

    Raises:
        FerBenchError: its suffix is unknown, or pandas cannot write parquet here.
    """
    if path.suffix == ".parquet":
        try:
            import pyarrow  # noqa: F401
        except ImportError as error:
            raise FerBenchError(
                f"parquet files need pyarrow: {cause_of(error)}",
                hint="install it with pip install pyarrow, or write a .csv or .jsonl file",
                path=path,
            ) from error
    elif path.suffix not in _WRITERS:
        suffixes = ", ".join([*_WRITERS, ".parquet"])
        raise FerBenchError(f"unknown suffix {shown(path.suffix)}", suffixes, path=path)


def write_predictions(path: Path, predictions: Predictions) -> None:
    """Write predictions to a file, replacing it if it exists.

    Args:
        path: file with the suffix ``.csv``, ``.jsonl`` or ``.parquet``.
        predictions: the predictions.

    Raises:
        FerBenchError: as for ``check_suffix``, or the file cannot be written.
    """
    check_suffix(path)
    if path.suffix == ".parquet":
        frame = predictions.to_frame()
        # Names of files need not be text.
        frame["file"] = frame["file"].map(printable)
        write_atomically(path, lambda file: frame.to_parquet(file, index=False))
    else:
        write_atomically(path, _WRITERS[path.suffix](predictions))


def _csv(predictions: Predictions) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(in_csv, columns(predictions.classes)))
    for row in predictions:
        writer.writerow(map(_field, flat_row(row, predictions.classes).values()))
    return text.getvalue()


def _field(value: Any) -> Any:
    if isinstance(value, str):
        return in_csv(value)
    return round(value, _DIGITS) if isinstance(value, float) else value


def _json_lines(predictions: Predictions) -> str:
    lines = []
    for row in predictions:
        document = asdict(row) | {
            "box": row.box and astuple(row.box),
            "probabilities": dict(zip(predictions.classes, row.probabilities, strict=False)),
        }
        lines.append(json.dumps(document, allow_nan=False) + "\n")
    return "".join(lines)


_WRITERS = {".csv": _csv, ".jsonl": _json_lines}
