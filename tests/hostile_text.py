"""Text that nobody should see as it is, and a reader that obeys some of it."""

from __future__ import annotations

import re

from hypothesis import strategies as st

NAME = (
    "\x1b]0;t\x07\x1b[31m\u202e\u200b\n::error::x\r  ::set-output name=a::b\x85##[error]y\u2028"
    "\xe9\udcff"
)
"""A name of a file, a reason or a fact: it sets titles and colours, turns around, ends lines."""

_PIECES = ["::error::", "##[", "##vso[", "::", "#", ":", " ", "\n", "\r", "\x1b[31m", "\x9b"]
_PIECES += ["\u202e", "\u200b", "\ufe0f", "\u3164", "\u2028", "\xa0", "\udcff", "\u2013"]
_PIECES += ["\xd7", "\xe9", "\u2026", "\u2500", "\u6f22", "a"]
TEXTS = st.lists(st.sampled_from(_PIECES) | st.characters(exclude_categories=()), max_size=12).map(
    "".join
)
"""Any text, of surrogates and control characters too."""

UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]")


def obeyed(log: str) -> list[str]:
    """Lines of a log that a runner of GitHub, Azure or TeamCity may take for its commands."""
    return [
        line
        for line in re.split("\r\n|\r|\n", log)
        if line.lstrip().startswith("::") or re.search(r"##\w*\[", line)
    ]


def is_safe(text: str) -> bool:
    """Tell whether a text is only shown: line ends are all that it commands."""
    seen = text.replace("\n", "")
    return seen.isprintable() and not UNSEEN.search(seen) and obeyed(text) == []
