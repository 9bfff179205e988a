"""Damaged csv files in FER2013's layout."""

from __future__ import annotations

import gzip
import io
import re
from typing import TYPE_CHECKING

from corpus_kind import (
    TERABYTE,
    Damage,
    Kind,
    as_large_as,
    both,
    changed,
    content,
    cut_to,
    file_kinds,
    recoded,
    swapped,
)

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "emotion,pixels,Usage"
PIXELS = " ".join(str(number % 200 + 10) for number in range(48 * 48))
N_ROWS = 3


def csv_file(directory: Path) -> Path:
    """Write a csv of three rows; the first pixel of each is 10, the second 11."""
    rows = [f"{code},{PIXELS},Training\n" for code in (0, 3, 6)]
    path = directory / "faces.csv"
    path.write_text("".join([f"{HEADER}\n", *rows]))
    return path


def quoted_csv_file(directory: Path) -> Path:
    rows = [f'"{code}","{PIXELS}","Training"\n' for code in (0, 3, 6)]
    path = directory / "faces.csv"
    path.write_text("".join([f"{HEADER}\n", *rows]))
    return path


def csv_file_with_notes(directory: Path) -> Path:
    rows = [f"{code},{PIXELS},note\n" for code in (0, 3, 6)]
    path = directory / "faces.csv"
    path.write_text("".join(["emotion,pixels,note\n", *rows]))
    return path


def in_line(number: int, old: str | bytes, new: str | bytes) -> Damage:
    """Replace the first ``old`` in a line, counted from 1, by ``new``."""
    old, new = (text.encode() if isinstance(text, str) else text for text in (old, new))

    def change(data: bytes) -> bytes:
        lines = data.split(b"\n")
        lines[number - 1] = lines[number - 1].replace(old, new, 1)
        return b"\n".join(lines)

    return changed(change)


def cut_in_line(number: int, column: int) -> Damage:
    """Cut the file off within a line; a negative column counts from the line's end."""

    def change(data: bytes) -> bytes:
        lines = data.split(b"\n")
        return b"\n".join([*lines[: number - 1], lines[number - 1][:column]])

    return changed(change)


def many_columns(number: int) -> Damage:
    """Add ten million columns to a line."""
    return in_line(number, "n", "n" + "," * 10_000_000)


def _kind(name: str, damage: Damage, *expected: str, sound=csv_file) -> Kind:
    return Kind(f"csv: {name}", "data", sound, damage, expected)


def _png(path: Path) -> None:
    from PIL import Image

    file = io.BytesIO()
    Image.new("L", (48, 48)).save(file, "PNG")
    path.write_bytes(file.getvalue())


def _values() -> list[Kind]:
    """Return the kinds with an invalid value in the third line."""
    emotions = {
        "emotion 7": "7",
        "a negative emotion": "-1",
        "an emotion with decimals": "3.0",
        "a word as emotion": "Joyful",
        "no emotion": "",
        "an emotion of 5000 digits": "3" * 5000,
        "an emotion in wide digits": "\N{FULLWIDTH DIGIT THREE}",
        "an emotion with escapes": "\x1b[2J\x1b]0;title\x07",
        "an emotion with bidirectional marks": "\u202e3\u2066",
    }
    pixels = {
        "pixel 256": "256",
        "a negative pixel": "-1",
        "a pixel with decimals": "1.5",
        "a pixel with an exponent": "1e2",
        "a hexadecimal pixel": "0x10",
        "a pixel that is no number": "nan",
        "a pixel of 5000 digits": "9" * 5000,
        "a pixel with an underscore": "1_0",
        "a null character among the pixels": "1\0",
        "an escape among the pixels": "1\x1b[31m",
        "a quote among the pixels": '1"0',
    }
    usages = {
        "an unknown usage": "Validation",
        "no usage": "",
        "a usage with a separator of lines": "Train\u2028ing",
    }
    return [
        *(_kind(name, in_line(3, "3,", f"{text},"), "line 3") for name, text in emotions.items()),
        *(_kind(name, in_line(3, ",10 ", f",{text} "), "line 3") for name, text in pixels.items()),
        *(_kind(name, in_line(3, "Training", text), "line 3") for name, text in usages.items()),
        _kind("a row of 2303 pixels", in_line(3, " 11", ""), "line 3", "2303 pixels"),
        _kind("a row of 2305 pixels", in_line(3, " 11", " 11 11"), "line 3", "2305 pixels"),
        _kind("a row without pixels", in_line(3, PIXELS, ""), "line 3", "0 pixels"),
        _kind("a million pixels", in_line(3, " 11", " 11" * 10**6), "line 3", "longer"),
        _kind("a column too few", in_line(3, ",Training", ""), "line 3", "2 columns"),
        _kind("a column too many", in_line(3, "Training", "Training,x"), "line 3", "4 columns"),
        _kind("a row with semicolons", in_line(3, ",", ";"), "line 3"),
        _kind("the header once more", in_line(3, "3,", f"{HEADER}\n3,"), "line 3"),
        _kind(
            "a field of 200 kB",
            in_line(3, "note", "x" * 200_000),
            "line 3",
            sound=csv_file_with_notes,
        ),
        _kind("10 million columns in a row", many_columns(3), "line 3"),
    ]


def _headers() -> list[Kind]:
    return [
        _kind("no header", swapped(f"{HEADER}\n", ""), "line 1", "'emotion'"),
        _kind("no column pixels", swapped("pixels", "picture"), "line 1", "'pixels'"),
        _kind("a column twice", swapped("Usage", "Emotion"), "line 1", "twice"),
        _kind("semicolons", changed(lambda data: data.replace(b",", b";")), "line 1"),
        _kind("tabs", changed(lambda data: data.replace(b",", b"\t")), "line 1"),
        _kind("a header with an open quote", swapped("emotion", '"emotion'), "line 1"),
        _kind("10 million columns", many_columns(1), "line 1", "longer"),
        _kind(
            "escapes in the header, and a column too few in a row",
            both(swapped("note", "n\x1b[31m\x7f\u202eote"), in_line(3, ",note", "")),
            "line 3",
            "\\x1b",
            "\\u202e",
            sound=csv_file_with_notes,
        ),
    ]


def _cuts() -> list[Kind]:
    return [
        _kind("empty", cut_to(0), "empty"),
        _kind("cut off in the header", cut_in_line(1, 11), "line 1"),
        _kind("cut off behind the header", cut_in_line(2, 0), "no row"),
        _kind("cut off behind an emotion", cut_in_line(4, 1), "line 4"),
        _kind("cut off behind a comma", cut_in_line(4, 2), "line 4"),
        _kind("cut off among the pixels", cut_in_line(4, 3000), "line 4"),
        _kind("cut off behind the pixels", cut_in_line(4, -9), "line 4"),
        _kind("cut off in the usage", cut_in_line(4, -3), "line 4"),
        _kind("cut off in a quoted field", cut_in_line(4, 3000), "line 4", sound=quoted_csv_file),
        _kind(
            "cut off before a closing quote", cut_in_line(4, -1), "line 4", sound=quoted_csv_file
        ),
        _kind("a byte behind the last line", changed(lambda data: data + b"\x1a"), "line 5"),
        _kind("only blank lines", content(f"{HEADER}\n\n \n\r\n"), "no row"),
        _kind("only a byte order mark", content(b"\xef\xbb\xbf"), "line 1"),
    ]


def _encodings() -> list[Kind]:
    return [
        _kind("UTF-16", recoded("utf-16"), "line 1"),
        _kind("UTF-16 without a mark", recoded("utf-16-be"), "line 1"),
        _kind("UTF-32", recoded("utf-32"), "line 1"),
        _kind("UTF-7's byte order mark", changed(lambda data: b"+/v8-" + data), "line 1"),
        _kind(
            "the mark of UTF-16 before UTF-8", changed(lambda data: b"\xff\xfe" + data), "line 1"
        ),
        _kind("two byte order marks", changed(lambda data: b"\xef\xbb\xbf" * 2 + data), "line 1"),
        _kind("a header in Latin-1", swapped("emotion", b"\xe9motion"), "line 1"),
        _kind("a usage in Latin-1", in_line(3, "Training", b"Tr\xe4ning"), "line 3"),
        _kind("returns as line ends", changed(lambda data: data.replace(b"\n", b"\r")), "line 1"),
        _kind(
            "one line ended by a return",
            changed(lambda data: data.replace(b"\n3", b"\r3")),
            "line 2",
        ),
        _kind(
            "null characters from the middle on",
            changed(lambda data: data[:15_000].ljust(len(data), b"\0")),
            "line 3",
        ),
    ]


def _others() -> list[Kind]:
    return [
        _kind("a web page", content("<!DOCTYPE html>\n<html>Sign in, please</html>\n"), "line 1"),
        _kind(
            "a pointer to large files", content("version https://git-lfs.example/v1\n"), "line 1"
        ),
        _kind("compressed", changed(gzip.compress), "line 1"),
        _kind("a picture", _png, "line 1"),
        _kind("a pickle", content(b"\x80\x04cos\nsystem\n(S'true'\ntR."), "line 1"),
        _kind("a terabyte of zero bytes", as_large_as(TERABYTE)),
    ]


KINDS = [*_headers(), *_values(), *_cuts(), *_encodings(), *_others()]
KINDS += [kind for kind in file_kinds("run", "csv", csv_file) if "terabyte" not in kind.name]
KINDS.append(
    Kind(
        "csv: one class",
        "run",
        csv_file,
        changed(lambda data: re.sub(rb"(?m)^[0-6],", b"4,", data)),
        ("all ", "'Sad'"),
    )
)
