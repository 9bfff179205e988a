"""Write the table of all options and environment variables in ``docs/options.md``.

    python scripts/options_page.py

Texts come from the options themselves, so that the page says what ``--help`` says.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_bench.cli import main as program
from fer_bench.plugin.options import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "options.md"
MARK = "<!-- written by scripts/options_page.py -->"
VARIABLES = {
    "FER_BENCH_DATA": "File or directory of FER2013, for `--dataset=fer2013`.",
    "FER_BENCH_WEIGHTS": "Directory searched for pretrained weights after `--weights-dir`.",
    "FER_BENCH_STRUCTURES": "Directory of networks that `fer-bench export-backbone` wrote, "
    "searched before the cache directory.",
    "FER_BENCH_CACHE": "Cache directory, also of the default store. Default: `fer_bench` in the "
    "user's cache directory.",
    "FER_BENCH_OFFLINE": "Any value but 0: download no weights.",
    "KERAS_BACKEND": "Keras' backend, tensorflow or jax.",
    "KERAS_HOME": "Directory of Keras' settings and cached weights. Default: `~/.keras`.",
    "DEEPFACE_HOME": "Directory that holds `.deepface/weights`. Default: the home directory.",
    "MALLOC_": "With any value of a variable that begins so (`MALLOC_ARENA_MAX=8`), fer_bench "
    "leaves glibc's `malloc` as it is.",
    "GLIBC_TUNABLES": "Likewise, if it sets a `glibc.malloc` tunable.",
    "TF_CPP_MIN_LOG_LEVEL": "TensorFlow's log level. Default: 3, errors that end the process.",
    "NO_COLOR": "Any value: plain text in the terminal.",
}
"""Meaning of each environment variable that the package reads."""


def table() -> str:
    """Return the table, in Markdown."""
    rows = [
        *_pytest_rows(),
        *_command_rows(),
        *(
            (name if name[-1] != "_" else f"{name}*", "environment", text)
            for name, text in VARIABLES.items()
        ),
    ]
    lines = ["| name | used by | meaning |", "|---|---|---|"]
    lines += [f"| `{_cell(name)}` | {where} | {_cell(text)} |" for name, where, text in rows]
    return "\n".join(lines)


def page() -> str:
    """Return the text of the page with a current table."""
    before, _, _ = PAGE.read_text("utf-8").partition(MARK)
    return f"{before}{MARK}\n\n{table()}\n"


def _pytest_rows() -> Iterator[tuple[str, str, str]]:
    for option in OPTIONS:
        yield f"{option.short or option.flag}{option.shown_value}", "pytest", option.help


def _command_rows() -> Iterator[tuple[str, str, str]]:
    """Yield one row for the options of one name and text, with all commands that have it."""
    found: dict[tuple[str, str], list[str]] = {}
    for path, command in _commands(program):
        for option in command.params:
            if isinstance(option, click.Option):
                text = option.help or ""
                if isinstance(option.type, click.Choice):
                    text += f" One of: {', '.join(map(str, option.type.choices))}."
                if option.show_default and option.default is not None:
                    text += f" Default: {option.default}."
                found.setdefault((_named(option), text), []).append(path)
    for (name, text), commands in sorted(found.items()):
        yield name, ", ".join(f"`fer-bench {path}`" for path in commands), text


def _commands(command: click.Command, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield the path and the command of each command below this one."""
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _commands(inner, f"{path} {name}".strip())
    else:
        yield path, command


def _named(option: click.Option) -> str:
    """Return the option's names with its value."""
    names = ", ".join(sorted(option.opts, key=len))
    if option.is_flag or option.count:
        return names
    return f"{names}={option.metavar or max(option.opts, key=len)[2:].upper()}"


def _cell(text: str) -> str:
    """Return a text for a cell of a table: one line, with escaped bars."""
    return re.sub(r"\s+", " ", text).replace("|", r"\|").replace("*", r"\*")


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
