"""Escapes that make text of unknown origin fit for terminals, logs and each kind of file.

Names of files, classes and backbones, reasons and facts come from other people's files, and may
hold anything: what commands a terminal, what reverses the order of what follows, what is not
seen, and lines that a runner of GitHub takes for commands of its own. What is plain text stays as
it is, and no function changes its own result again, but for those that quote: ``in_markdown``,
``in_latex``, ``in_data`` and ``in_property``.
"""

from __future__ import annotations

import re

# These print, but nobody sees them: Unicode calls them ignorable, or fills syllables with them.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# At the start of a line, also behind blanks; the others anywhere, as the older commands of GitHub
# and those of Azure and TeamCity.
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
"""Stand-ins for our own signs, and for lines of tables, that cannot be encoded."""

_IN_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTIES = {**_IN_DATA, ":": "%3A", ",": "%2C"}
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
        # After the end of a row, a bracket or a star would belong to that end.
        "[": "{[}",
        "]": "{]}",
        "*": "{*}",
    }
)


def printable(text: str) -> str:
    """The text on one line; what does not print, or is not seen, is as Python writes it."""
    if text.isprintable() and not _UNSEEN.search(text):
        return text
    return "".join(
        char if char.isprintable() and not _UNSEEN.match(char) else _written(char) for char in text
    )


def clean(text: str) -> str:
    """The text as ``printable`` makes it, with one blank for each stretch of blanks and lines."""
    return printable(" ".join(text.split()))


def inert(text: str) -> str:
    """The text without a line that a runner of GitHub, Azure or TeamCity takes for a command.

    Args:
        text: lines that print, as of ``printable``.
    """
    return _COMMAND.sub(lambda found: f"{found[1]} " if found[1] else "# #", text)


def encodable(text: str, encoding: str | None) -> str:
    """The text in characters that an encoding has.

    Args:
        text: any text.
        encoding: its name; None has all of them.

    Returns:
        Characters that it has as they are, what is like our own signs in ASCII for these, and all
        others as Python writes them.
    """
    if encoding is None or _fits(text, encoding):
        return text
    return "".join(
        char if _fits(char, encoding) else _SUBSTITUTES.get(char) or _written(char) for char in text
    )


def displayed(text: str, encoding: str | None = None) -> str:
    """Lines laid out by us for a terminal or a log, whatever stands in them.

    Args:
        text: its line ends stay, so that no name in it may have any.
        encoding: of the terminal; None if it has all characters.
    """
    lines = "\n".join(map(printable, text.split("\n")))
    return encodable(inert(lines), encoding)


def in_markdown(text: str) -> str:
    """The clean text for GitHub's Markdown, at the start of a paragraph or within a table.

    Nothing in it is markup, HTML or the end of a cell. GitHub links no person, issue or address
    that it names, and so calls nobody.
    """
    made = clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    made = re.sub(r"([\\`*\[\]|~$#!])", r"\\\1", made)
    # An underscore inside a word is no markup, and most of ours are.
    made = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", made)
    # At its start they would make a list or a rule.
    made = re.sub(r"^(\d*)(?=[-+.)]( |$)|--[- ]*$)", r"\1\\", made)
    # GitHub looks for these in the text that it shows, which has no backslash left.
    return re.sub(
        r"(?i)(?<=@)(?=\w|\\_)|(?<=\\#)(?=\d)|(?<=GH)(?=-\d)|(?<=://)|(?<=www)(?=\.)",
        "<!-- -->",
        made,
    )


def in_latex(text: str) -> str:
    """The clean text for LaTeX, whatever characters it holds."""
    # Two of these in a row would be drawn as one longer dash, or as a quotation mark.
    return re.sub(r"(?<=[-'`,!?])(?=[-'`,])", "{}", clean(text).translate(_IN_LATEX))


def in_csv(text: str) -> str:
    """The clean text, which no spreadsheet takes for a formula."""
    made = clean(text)
    return f"'{made}" if made.startswith(("=", "+", "-", "@")) else made


def in_data(text: str) -> str:
    """A text as the message of one of GitHub's workflow commands."""
    return "".join(_IN_DATA.get(char, char) for char in text)


def in_property(text: str) -> str:
    """A text as a property of a workflow command, such as its title."""
    return "".join(_IN_PROPERTIES.get(char, char) for char in text)


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _written(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
