"""Workflow commands in GitHub's log, and protection of other output from being parsed as commands.

The commands and their escapes are those of GitHub's documentation, *Workflow commands for GitHub
Actions*, and of its toolkit.
"""

from __future__ import annotations

import secrets
from typing import Literal

_ESCAPES = {"%": "%25", "\r": "%0D", "\n": "%0A"}


def annotation(kind: Literal["error", "notice"], title: str, message: str) -> str:
    """Return a command that annotates the workflow run with a message: one line, without newline.

    Args:
        kind: severity.
        title: letters and spaces.
        message: any text.
    """
    return f"::{kind} title={title}::{''.join(_ESCAPES.get(char, char) for char in message)}"


def fenced(text: str) -> str:
    """Return a text wrapped so that GitHub ignores any commands in it.

    Args:
        text: ends with a newline.
    """
    # A random token, so that the text cannot contain the command that ends the fence.
    token = secrets.token_hex(16)
    return f"::stop-commands::{token}\n{text}::{token}::\n"
