"""Text that must be escaped, and checks of what a terminal or CI runner would obey."""

from __future__ import annotations

import re

from hypothesis import strategies as st

NAME = (
    "\x1b]0;t\x07\x1b[31m\u202e\u200b\n::error::x\r  ::set-output name=a::b\x85##[error]y\u2028"
    "\xe9\udcff"
)
"""Name with escapes that set titles and colours, reverse text, end lines and issue CI commands."""

_PIECES = ["::error::", "##[", "##vso[", "::", "#", ":", " ", "\n", "\r", "\x1b[31m", "\x9b"]
_PIECES += ["\u202e", "\u200b", "\ufe0f", "\u3164", "\u2028", "\xa0", "\udcff", "\u2013"]
_PIECES += ["\xd7", "\xe9", "\u2026", "\u2500", "\u6f22", "a"]
TEXTS = st.lists(st.sampled_from(_PIECES) | st.characters(exclude_categories=()), max_size=12).map(
    "".join
)
"""Any text, including surrogates and control characters."""

UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]")


def obeyed(log: str) -> list[str]:
    """Return the lines of a log that GitHub, Azure or TeamCity may interpret as commands."""
    return [
        line
        for line in re.split("\r\n|\r|\n", log)
        if line.lstrip().startswith("::") or re.search(r"##\w*\[", line)
    ]


def is_safe(text: str) -> bool:
    """Return True if a text prints harmlessly; line ends are the only control characters."""
    seen = text.replace("\n", "")
    return seen.isprintable() and not UNSEEN.search(seen) and obeyed(text) == []
