"""Escaping of untrusted text for terminals, logs and each file format.

Names of files, classes and backbones, reasons and facts come from other people's files and may
contain anything: terminal escape sequences, bidirectional overrides, invisible characters, and
lines that a GitHub runner takes for workflow commands. Plain text is left unchanged, and all
functions are idempotent except those that quote: ``in_markdown``, ``in_latex``, ``in_data`` and
``in_property``.
"""

from __future__ import annotations

import re

# ``str.isprintable`` accepts these although they are invisible: default-ignorable characters and
# Hangul fillers.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# ``::`` is a command at the start of a line, possibly indented; ``##[`` and ``##name[`` (older
# GitHub commands, Azure, TeamCity) are commands anywhere.
_COMMAND = re.compile(r"(?m)^( *:)(?=:)|##(?=\w*\[)")
_SUBSTITUTES = {
    **dict.fromkeys(map(chr, range(0x2500, 0x2580)), "+"),
    **dict.fromkeys("\u2500\u2501\u2550", "-"),
    **dict.fromkeys("\u2502\u2503\u2551", "|"),
    **dict.fromkeys("\N{HYPHEN}\N{FIGURE DASH}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}", "-"),
    **dict.fromkeys("\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}", "'"),
    **dict.fromkeys("\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}", '"'),
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{PLUS-MINUS SIGN}": "+/-",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{HORIZONTAL ELLIPSIS}": "...",
}
"""ASCII replacements for box-drawing characters and the symbols that fer_bench prints."""

_IN_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTIES = {**_IN_DATA, **str.maketrans({":": "%3A", ",": "%2C"})}
_IN_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "\N{GREATER-THAN OR EQUAL TO}": r"\ensuremath{\geq}",
        # After ``\\`` at the end of a row, a bracket or a star would be parsed as its argument.
        "[": "{[}",
        "]": "{]}",
        "*": "{*}",
    }
)


def printable(text: str) -> str:
    """Return the text as one line, with non-printable and invisible characters escaped."""
    if text.isprintable() and not _UNSEEN.search(text):
        return text
    return "".join(
        char if char.isprintable() and not _UNSEEN.match(char) else _written(char) for char in text
    )


def clean(text: str) -> str:
    """Collapse each run of whitespace to one space, then escape as ``printable`` does."""
    return printable(" ".join(text.split()))


def inert(text: str) -> str:
    """Break up everything in printable lines that GitHub, Azure or TeamCity takes for a command."""
    return _COMMAND.sub(lambda found: f"{found[1]} " if found[1] else "# #", text)


def encodable(text: str, encoding: str | None) -> str:
    """Replace characters that an encoding lacks by an ASCII substitute or their Python escape.

    An encoding of None has all characters.
    """
    if encoding is None or _fits(text, encoding):
        return text
    return "".join(
        char if _fits(char, encoding) else _SUBSTITUTES.get(char) or _written(char) for char in text
    )


def displayed(text: str, encoding: str | None = None) -> str:
    """Make laid-out lines safe for a terminal or a log with this encoding, as for ``encodable``.

    Line breaks are kept, so names in the text must not contain any.
    """
    lines = "\n".join(map(printable, text.split("\n")))
    return encodable(inert(lines), encoding)


def in_markdown(text: str) -> str:
    """Escape cleaned text for GitHub Markdown, at the start of a paragraph or in a table cell.

    The result contains no markup, no HTML and no cell separator. GitHub does not link users,
    issues or URLs in it, so nobody is notified.
    """
    made = clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    made = re.sub(r"([\\`*\[\]|~$#!])", r"\\\1", made)
    # An underscore inside a word is not markup; leaving it alone keeps identifiers readable.
    made = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", made)
    # At the start of a paragraph these would begin a list or a thematic break.
    made = re.sub(r"^(\d*)(?=[-+.)]( |$)|--[- ]*$)", r"\1\\", made)
    # GitHub autolinks on the rendered text, in which backslash escapes are gone.
    return re.sub(
        r"(?i)(?<=@)(?=\w|\\_)|(?<=\\#)(?=\d)|(?<=GH)(?=-\d)|(?<=://)|(?<=www)(?=\.)",
        "<!-- -->",
        made,
    )


def in_latex(text: str) -> str:
    """Escape cleaned text for LaTeX."""
    # Two of these in a row would form a ligature: a longer dash or a quotation mark.
    return re.sub(r"(?<=[-'`,!?])(?=[-'`,])", "{}", clean(text).translate(_IN_LATEX))


def in_csv(text: str) -> str:
    """Clean a text and quote it if a spreadsheet would take it for a formula."""
    made = clean(text)
    return f"'{made}" if made.startswith(("=", "+", "-", "@")) else made


def in_data(text: str) -> str:
    """Escape a text for the message of a GitHub workflow command."""
    return text.translate(_IN_DATA)


def in_property(text: str) -> str:
    """Escape a text for a property of a GitHub workflow command, such as its title."""
    return text.translate(_IN_PROPERTIES)


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _written(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
