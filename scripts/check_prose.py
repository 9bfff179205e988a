"""Check docstrings and comments for words that the style of the project avoids.

    python scripts/check_prose.py fer_bench

Docstrings of click commands are help texts, and are checked like the others. Names in code quotes
and the entries of ``Args`` are left out.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

QUESTION = re.compile(r"(What|Whether|How|Which|Where|Who|Whoever|Whatever)\b")
AVOIDED = {
    r"tells?|told|telling": "report, show, state, give",
    r"anew": "again",
    r"beside": "next to, in addition to",
    r"twins?": "duplicate",
    r"mend(s|ed|ing)?": "fix",
    r"likeness(es)?": "similarity",
}
QUOTED = re.compile(r"``.*?``|`.*?`|'\w+'|^\s*\w+(, \w+)*(:|  )", re.DOTALL | re.MULTILINE)


def texts(source: str) -> Iterator[tuple[int, str, bool]]:
    """Yield line, text and True for a docstring's, False for a comment's, of each text."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.lineno, node.value.value, True
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string, False


def findings(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and complaint of each finding."""
    for line, text, is_docstring in texts(source):
        if is_docstring and (question := QUESTION.match(text)):
            yield line, f"begins with {question[0]!r}; use an imperative verb or a noun phrase"
        prose = QUOTED.sub("", text)
        for words, instead in AVOIDED.items():
            for found in re.finditer(rf"\b({words})\b", prose, re.IGNORECASE):
                yield line, f"{found[0]!r}; use {instead}"


def main(folders: list[str]) -> int:
    """Print all findings below the directories; return 1 if there are any."""
    lines = [
        f"{path}:{line}: {complaint}"
        for folder in folders
        for path in sorted(Path(folder).rglob("*.py"))
        for line, complaint in findings(path.read_text("utf-8"))
    ]
    print(*lines, sep="\n", end="\n" if lines else "")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
