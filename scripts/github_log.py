"""What GitHub's runner is told in a workflow's log, and what it must not take for that.

The commands and their escapes are those of GitHub's documentation, *Workflow commands for GitHub
Actions*, and of its toolkit.
"""

from __future__ import annotations

import secrets
from typing import Literal

_ESCAPES = {"%": "%25", "\r": "%0D", "\n": "%0A"}


def annotation(kind: Literal["error", "notice"], title: str, message: str) -> str:
    """A command that shows a message beside the workflow's run: one line, without its end.

    Args:
        kind: how grave it is.
        title: letters and spaces.
        message: any text.
    """
    return f"::{kind} title={title}::{''.join(_ESCAPES.get(char, char) for char in message)}"


def fenced(text: str) -> str:
    """A text in which GitHub looks for no commands, whatever lines stand in it.

    Args:
        text: ending in a line end.
    """
    # Nobody can guess the word that ends it.
    token = secrets.token_hex(16)
    return f"::stop-commands::{token}\n{text}::{token}::\n"
