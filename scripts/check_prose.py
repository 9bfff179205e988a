"""Check docstrings, comments, runtime strings and templates for words that the project avoids.

    python scripts/check_prose.py fer_bench scripts --strings fer_bench/report

Docstrings of click commands are help texts and are checked like other docstrings. Names in code
quotes and the names of ``Args`` entries are skipped. Strings are checked if they have at least
three words; regular expressions are skipped. In templates, text and comments are checked; style
sheets and scripts of the page are checked completely. In Markdown, code and addresses of links are
skipped.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

QUESTION = re.compile(r"(What|Whether|How|Which|Where|Who|Whoever|Whatever)\b")
AVOIDED = {
    r"tells?|told|telling": "report, show, state, give",
    r"anew": "again",
    r"beside": "next to, in addition to",
    r"twins?": "duplicate",
    r"mend(s|ed|ing)?": "fix",
    r"likeness(es)?": "similarity",
}
AVOIDED_IN_STRINGS = {
    **AVOIDED,
    r"naming (the largest|happy)": "majority-class baseline, always predicting",
    r"is no (folder|file|directory)": "is not a",
    r"(?<!image )folders?": "directory",
}
CODE = r"``.*?``|`.*?`|'\w+'"
QUOTED = re.compile(rf"{CODE}|^\s*\w+(, \w+)*(:|  )", re.DOTALL | re.MULTILINE)
QUOTED_IN_STRINGS = re.compile(CODE)
LEAST_WORDS = 3
KEYS = ("with a twin", "fer_bench twins 5")
"""Strings that files hold as keys, and that therefore stay."""
TEMPLATE_CODE = re.compile(r"\{[%{].*?[%}]\}|<[^>]*>")
MARKDOWN_CODE = re.compile(r"```[\s\S]*?```|^ {4,}.*|`[^`]*`|\]\([^)]*\)", re.MULTILINE)
CHECKED_FILES = (".py", ".j2", ".css", ".js", ".md")


def texts(source: str) -> Iterator[tuple[int, str, bool]]:
    """Yield line, text and True for a docstring's, False for a comment's, of each text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and (text := _text(node.value)):
            yield node.lineno, text, True
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string, False


def strings(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of each runtime string, with ``{}`` for the values in an f-string."""
    pending: list[ast.AST] = [ast.parse(source)]
    while pending:
        node = pending.pop()
        if (isinstance(node, ast.Expr) and _text(node.value)) or _is_pattern(node):
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(_text(part) or "{}" for part in node.values)
            pending += [part for part in node.values if isinstance(part, ast.FormattedValue)]
        else:
            text = _text(node)
            pending += ast.iter_child_nodes(node)
        if len(re.findall(r"[^\W\d_]{2,}|\{\}", text)) >= LEAST_WORDS and text not in KEYS:
            yield getattr(node, "lineno", 0), text


def findings(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and complaint of each finding in a docstring or comment."""
    for line, text, is_docstring in texts(source):
        if is_docstring and (question := QUESTION.match(text)):
            yield line, f"begins with {question[0]!r}; use an imperative verb or a noun phrase"
        yield from _avoided(line, QUOTED.sub("", text), AVOIDED)


def string_findings(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and complaint of each finding in a runtime string."""
    for line, text in sorted(strings(source)):
        yield from _avoided(line, QUOTED_IN_STRINGS.sub("", text), AVOIDED_IN_STRINGS)


def template_findings(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and complaint of each finding in a template, style sheet or script."""
    for line, text in enumerate(source.splitlines(), start=1):
        yield from _avoided(line, TEMPLATE_CODE.sub(" ", text), AVOIDED_IN_STRINGS)


def markdown_findings(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and complaint of each finding in the text of a Markdown file."""
    text = MARKDOWN_CODE.sub(lambda code: "\n" * code[0].count("\n"), source)
    for line, prose in enumerate(text.splitlines(), start=1):
        yield from _avoided(line, prose, AVOIDED_IN_STRINGS)


def _avoided(line: int, prose: str, avoided: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    for words, instead in avoided.items():
        for found in re.finditer(rf"\b({words})\b", prose, re.IGNORECASE):
            yield line, f"{found[0]!r}; use {instead}"


def _is_pattern(node: ast.AST) -> bool:
    """Check for a call of a function of ``re``."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
    )


def _text(node: ast.AST) -> str:
    """Return the value of a string constant; empty if the node is something else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ""


def _files(roots: Sequence[str]) -> Iterator[Path]:
    for root in map(Path, roots):
        found = [root] if root.is_file() else sorted(root.rglob("*"))
        yield from (path for path in found if path.suffix in CHECKED_FILES)


def main(arguments: Sequence[str]) -> int:
    """Print all findings below the directories; return 1 if there are any."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directories", nargs="+")
    parser.add_argument("--strings", nargs="+", default=[], metavar="PATH")
    options = parser.parse_args(arguments)
    paths = [(path, findings) for path in _files(options.directories) if path.suffix == ".py"]
    by_suffix = {".py": string_findings, ".md": markdown_findings}
    paths += [
        (path, by_suffix.get(path.suffix, template_findings)) for path in _files(options.strings)
    ]
    lines = [
        f"{path}:{line}: {complaint}"
        for path, check in paths
        for line, complaint in check(path.read_text("utf-8"))
    ]
    print(*lines, sep="\n", end="\n" if lines else "")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
