"""Damaged files of fer_bench itself: results, histories, locks, structures, thresholds."""

from __future__ import annotations

import gzip
import json
import os
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from corpus_kind import (
    Damage,
    Kind,
    changed,
    content,
    cut_to,
    done,
    file_kinds,
    swapped,
)
from made_runs import document, made_cell, made_run

from fer_bench.results import KEY

if TYPE_CHECKING:
    from pathlib import Path

GOOD, OTHER = "good.json", "other.json"
"""Valid results, in the same directory as the damaged ones."""

Change = Callable[[Any], Any]

TIME = "2026-01-31T12:00:00+00:00"


def results_file(directory: Path) -> Path:
    """Write results of one cell, next to valid results of another cell."""
    for name, init in ((GOOD, "pretrained"), ("results.json", "random")):
        made = document(made_run(made_cell("mini", init, 0.5, speed=100.0)))
        (directory / name).write_text(json.dumps(made | {"datetime": TIME}))
    return directory / "results.json"


def history_directory(directory: Path) -> Path:
    """Write the results into a directory of their own."""
    path = results_file(directory)
    history = directory / "history"
    history.mkdir()
    path.rename(history / path.name)
    return history


def rules_file(directory: Path) -> Path:
    """Write thresholds next to two results of one cell."""
    text = json.dumps(document(made_run(made_cell("mini", "random", 0.5))))
    for name in (GOOD, OTHER):
        (directory / name).write_text(text)
    path = directory / "pyproject.toml"
    path.write_text("[tool.fer_bench.compare]\nfail_on = ['accuracy: 1pp']\n")
    return path


def lock_file(directory: Path) -> Path:
    path = directory / "fer-bench.lock"
    entry = {"files": ["ab" * 32], "values": "cd" * 32}
    path.write_text(json.dumps({"version": 1, "weights": {"mini": entry}}, indent=2))
    return path


def structure_file(directory: Path) -> Path:
    """Write a network of one layer as a ``.keras`` file."""
    layer = {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": {"units": 1},
        "registered_name": None,
        "name": "dense",
    }
    config = {
        "module": "keras",
        "class_name": "Functional",
        "registered_name": "Functional",
        "config": {"layers": [layer]},
    }
    path = directory / "openface.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", "{}")
    return path


def edited(change: Change) -> Damage:
    """Change the content of the JSON file."""

    def damage(path: Path) -> None:
        made = json.loads(path.read_text())
        change(made)
        path.write_text(json.dumps(made))

    return damage


def put(value: Any, *keys: Any) -> Damage:
    """Set the value at a place in the JSON file."""

    def change(made: Any) -> None:
        for key in keys[:-1]:
            made = made[key]
        made[keys[-1]] = value

    return edited(change)


def without(*keys: Any) -> Damage:
    """Remove a key from the JSON file."""

    def change(made: Any) -> None:
        for key in keys[:-1]:
            made = made[key]
        del made[keys[-1]]

    return edited(change)


MEASURE = ("benchmarks", 0, "extra_info", KEY)
DATASET, CELL = (KEY, "dataset"), (KEY, "cells", 0)


def _json_kinds(door: str, what: str, sound: Callable[[Path], Path]) -> list[Kind]:
    """Return the kinds of damage that apply to any JSON file."""
    damages: dict[str, Damage] = {
        "empty": cut_to(0),
        "cut off in the middle": changed(lambda data: data[: len(data) // 2]),
        "cut off by one byte": cut_to(-1),
        "something behind it": changed(lambda data: data + b"}"),
        "two of them": changed(lambda data: data + data),
        "only blanks": content(" \n"),
        "nested a hundred thousand times": content("[" * 100_000),
        "nested in objects": content('{"a":' * 100_000),
        "a list": content("[]"),
        "a number": content("7"),
        "nothing": content("null"),
        "a text": content('"results"'),
        "an empty object": content("{}"),
        "a byte that is not UTF-8": changed(lambda data: data.replace(b'"', b'"\xff', 1)),
        "null characters from the middle on": changed(
            lambda data: data[: len(data) // 2].ljust(len(data), b"\0")
        ),
        "comments": changed(lambda data: b"// hello\n" + data),
        "single quotes": changed(lambda data: data.replace(b'"', b"'")),
        "a number of a million digits": content("1" * 10**6),
        "compressed": changed(gzip.compress),
        "returns and escapes": content("\r\x1b[2J\x1b[31m\u202e"),
    }
    return [Kind(f"{what}: {name}", door, sound, damage) for name, damage in damages.items()]


def _results() -> list[Kind]:
    damages: dict[str, tuple[Damage, str]] = {
        "of the future": (put(99, KEY, "schema"), "schema"),
        "of schema 0": (put(0, KEY, "schema"), "schema"),
        "of schema true": (put(True, KEY, "schema"), "schema"),
        "a schema of a thousand digits": (put(10**1000, KEY, "schema"), "schema"),
        "a record that is a list": (put([], KEY), "schema"),
        "no benchmarks": (without("benchmarks"), "benchmarks"),
        "benchmarks that are an object": (put({}, "benchmarks"), "benchmarks"),
        "a benchmark that is a number": (put([3], "benchmarks"), ".benchmarks[0]"),
        "a measure of another kind": (put("speed", *MEASURE, "kind"), "kind"),
        "a measure of an unknown cell": (put("no", *MEASURE, "cell"), ".benchmarks[0]"),
        "a measure twice": (
            edited(lambda made: made["benchmarks"].append(made["benchmarks"][0])),
            "again",
        ),
        "a cell twice": (
            edited(lambda made: made[KEY]["cells"].append(made[KEY]["cells"][0])),
            "twice",
        ),
        "a cell without id": (without(*CELL, "id"), "id"),
        "a cell with another's id": (put("x-random-1", *CELL, "id"), "x-random-1"),
        "a seed that is a text": (put("42", *CELL, "seed"), "seed"),
        "a status nobody knows": (put("perfect", *CELL, "status"), "status"),
        "a status that is a list": (put([], *CELL, "status"), "status"),
        "cells that are a text": (put("none", KEY, "cells"), "cells"),
        "a loss that is no number": (put(float("nan"), *MEASURE, "test_loss"), "test_loss"),
        "a loss without bound": (put(float("inf"), *MEASURE, "test_loss"), "test_loss"),
        "a loss of a thousand digits": (put(10**1000, *MEASURE, "test_loss"), "test_loss"),
        "an accuracy of two": (put(2.0, *MEASURE, "test_accuracy"), "accuracy"),
        "an accuracy that is true": (put(True, *MEASURE, "test_accuracy"), "accuracy"),
        "a history too short": (put([0.1], *MEASURE, "history", "train_loss"), "train_loss"),
        "a confusion of no classes": (put([], *MEASURE, "confusion"), "confusion"),
        "a negative confusion": (edited(lambda made: _negative(made)), "mini-random-42"),
        "a confusion of texts": (put([["1"]], *MEASURE, "confusion"), "confusion"),
        "predictions that are not base64": (
            put("%%%", *MEASURE, "predictions", "classes"),
            "base64",
        ),
        "predictions of another number": (
            put("AAAA", *MEASURE, "predictions", "classes"),
            "predictions",
        ),
        "labels beyond the classes": (put("/" * 4784, *DATASET, "test_labels"), "test_labels"),
        "a negative number of test images": (put(-1, *DATASET, "test"), "test"),
        "9 followed by 30 zeros test images": (put(9 * 10**30, *DATASET, "test"), "test"),
        "a class of a negative number": (put(-1, *DATASET, "classes", 0, "images"), "Angry"),
        "no classes": (put([], *DATASET, "classes"), ""),
        "a split nobody knows": (put(3, *DATASET, "split"), "split"),
        "a protocol without epochs": (put([], KEY, "protocol"), "epochs"),
        "a speed of no seconds": (
            put([], "benchmarks", 1, "extra_info", KEY, "seconds"),
            "mini-random-42",
        ),
        "a speed of negative seconds": (
            put([-1.0], "benchmarks", 1, "extra_info", KEY, "seconds"),
            "mini-random-42",
        ),
        "escapes in a status": (put("\x1b[2J\u202e\n", *CELL, "status"), "\\x1b[2J"),
        "escapes in an id": (put("\x1b[2J\u202e\n", *CELL, "id"), "\\x1b[2J"),
    }
    return [
        Kind(f"results: {name}", "results", results_file, damage, (expected,) if expected else ())
        for name, (damage, expected) in damages.items()
    ]


def _negative(made: Any) -> None:
    confusion = made["benchmarks"][0]["extra_info"][KEY]["confusion"]
    confusion[0][0] -= 1000
    confusion[0][1] += 1000


def _history() -> list[Kind]:
    def inside(damage: Damage) -> Damage:
        return lambda directory: done(damage(directory / "results.json"))

    damages = {
        "a file cut off": inside(cut_to(-9)),
        "a file without a time": inside(without("datetime")),
        "a time that is none": inside(put("yesterday", "datetime")),
        "a time of the year 0": inside(put("0000-01-01T00:00:00", "datetime")),
        "a time before all time": inside(put("0001-01-01T00:00:00+23:59", "datetime")),
        "a file that links to itself": inside(
            lambda path: done((path.unlink(), path.symlink_to(path.name)))
        ),
        "a pipe": inside(lambda path: done((path.unlink(), os.mkfifo(path)))),
    }
    kinds = [
        Kind(f"history: {name}", "history", history_directory, damage, ("results.json",))
        for name, damage in damages.items()
    ]
    return [
        *kinds,
        Kind(
            "history: empty",
            "history",
            history_directory,
            lambda directory: done((directory / "results.json").unlink()),
        ),
        Kind(
            "history: not there",
            "history",
            history_directory,
            lambda directory: directory.parent / "none",
        ),
        Kind(
            "history: closed to this user",
            "history",
            history_directory,
            lambda directory: directory.chmod(0),
            ("Permission denied",),
            unprivileged=True,
        ),
    ]


def _rules() -> list[Kind]:
    ours = "[tool.fer_bench.compare]\nfail_on = "
    damages: dict[str, Damage] = {
        "cut off": cut_to(-5),
        "an open bracket": content("[tool.fer_bench.compare"),
        "JSON": content('{"tool": {}}'),
        "a key twice": content(f"{ours}[]\nfail_on = []\n"),
        "UTF-16": changed(lambda data: data.decode().encode("utf-16")),
        "a byte order mark": changed(lambda data: b"\xef\xbb\xbf" + data),
        "Latin-1": changed(lambda data: data + b"# \xe9\n"),
        "null characters": changed(lambda data: data + bytes(100)),
        "escapes": content("\x1b[2J\u202e = 1\n"),
        "tool is a number": content("tool = 3\n"),
        "ours is a list": content("[tool]\nfer_bench = []\n"),
        "a key nobody knows": content("[tool.fer_bench]\ncomparison = 3\n"),
        "a key of escapes": content('[tool.fer_bench]\n"\\u001b[2J\\n" = 3\n'),
        "a number for rules": content(f"{ours}3\n"),
        "numbers for rules": content(f"{ours}[3]\n"),
        "a text for rules": content(f"{ours}'accuracy: 1pp'\n"),
        "a figure nobody knows": content(f"{ours}['beauty: 1pp']\n"),
        "a rule without an amount": content(f"{ours}['accuracy']\n"),
        "a negative amount": content(f"{ours}['accuracy: -1pp']\n"),
        "an amount of a thousand digits": content(f"{ours}['accuracy: {'9' * 1000}pp']\n"),
        "a rule with a line end and escapes": content(f'{ours}["acc\\n\\u001b[2J\\u202e: 1pp"]\n'),
        "nested ten thousand times": content(f"{ours}{'[' * 10_000}\n"),
        "a number of a million digits": content(f"{ours}{'9' * 10**6}\n"),
    }
    files = [
        kind
        for kind in file_kinds("rules", "rules", rules_file)
        if kind.name in ("rules: a terabyte", "rules: closed to this user")
    ]
    kinds = [
        Kind(f"rules: {name}", "rules", rules_file, damage) for name, damage in damages.items()
    ]
    return [*kinds, *files]


def _locks() -> list[Kind]:
    damages: dict[str, Damage] = {
        "of the future": put(2, "version"),
        "a version that is true": put(True, "version"),
        "a version that is a text": put("1", "version"),
        "no weights": without("weights"),
        "weights that are a list": put([], "weights"),
        "a key too many": put(1, "more"),
        "an entry that is a text": put("ab" * 32, "weights", "mini"),
        "no files": put([], "weights", "mini", "files"),
        "a digest too short": put("cd" * 31, "weights", "mini", "values"),
        "a digest in capitals": put("CD" * 32, "weights", "mini", "values"),
        "a digest with a line end": put("cd" * 32 + "\n", "weights", "mini", "values"),
        "a digest of escapes": put("\x1b[2J\u202e" * 16, "weights", "mini", "values"),
        "a digest that is a number": put([7], "weights", "mini", "files"),
        "a name given twice": swapped('"mini"', '"mini": {}, "mini"'),
        "an escape in a name given twice": swapped(
            '"mini"', '"\\u001b[2J": {}, "\\u001b[2J": {}, "mini"'
        ),
        "a merge that was not finished": changed(lambda data: b"<<<<<<< ours\n" + data),
    }
    harmless = ("lock: not there", "lock: a link to nothing")
    return [
        *(Kind(f"lock: {name}", "lock", lock_file, damage) for name, damage in damages.items()),
        *(kind for kind in file_kinds("lock", "lock", lock_file) if kind.name not in harmless),
    ]


def _structures() -> list[Kind]:
    def config(text: str | bytes, method: int = zipfile.ZIP_DEFLATED) -> Damage:
        def damage(path: Path) -> None:
            with zipfile.ZipFile(path, "w", method) as archive:
                archive.writestr("config.json", text)

        return damage

    def asking(**asked: Any) -> Damage:
        return config(
            json.dumps(
                {
                    "class_name": "Functional",
                    "module": "keras",
                    "registered_name": "Functional",
                    "config": asked,
                }
            )
        )

    damages: dict[str, Damage] = {
        "empty": cut_to(0),
        "cut off": cut_to(-30),
        "no archive": content(b"\x89HDF\r\n\x1a\n" + bytes(100)),
        "no config": lambda path: done(zipfile.ZipFile(path, "w").close()),
        "a config that is no JSON": config("{"),
        "a config that is a list": config("[]"),
        "a config in Latin-1": config(b'{"a": "\xe9"}'),
        "a config nested deeply": config("[" * 100_000),
        "a config nested in objects": config('{"a":' * 100_000),
        "a config of 256 MiB": lambda path: config(b" " * (1 << 28))(path),
        "a config of 256 MiB in a few bytes": lambda path: config(
            b" " * (1 << 28), zipfile.ZIP_BZIP2
        )(path),
        "a Lambda layer": asking(class_name="Lambda", module="keras.layers"),
        "a class of another module": asking(class_name="system", module="os"),
        "a class name of escapes": asking(class_name="\x1b[2J\u202e\n", module="keras.layers"),
        "a class name of 100 kB": asking(class_name="x" * 100_000, module="keras.layers"),
        "a class name that is a list": asking(class_name=["Dense"], module="keras.layers"),
        "a module that is an object": asking(class_name="Dense", module={}),
        "a flipped bit": changed(lambda data: data[:60] + bytes([data[60] ^ 4]) + data[61:]),
    }
    return [
        *(
            Kind(f"structure: {name}", "structure", structure_file, damage)
            for name, damage in damages.items()
        ),
        *file_kinds("structure", "structure", structure_file),
    ]


KINDS = [
    *_json_kinds("results", "results", results_file),
    *_results(),
    *file_kinds("results", "results", results_file),
    *_history(),
    *_rules(),
    *_json_kinds("lock", "lock", lock_file),
    *_locks(),
    *_structures(),
]
