"""Annotations and fences, compared with those of ``fer-bench compare``."""

import re

import pytest
from github_log import annotation, fenced
from hypothesis import given
from hypothesis import strategies as st
from made_project import workflow_commands

from fer_bench.runtime.escapes import in_data

texts = st.text(st.sampled_from("ab%\r\n:,'0D5A é"), max_size=20)
lines = st.lists(st.sampled_from(["::error::x", "::stop-commands::x", "::x::", "##[error]x", "x"]))


def read(data):
    """Return the message of a command as decoded by GitHub's toolkit."""
    return data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


@given(texts)
def test_an_annotation_is_one_line_that_holds_the_whole_message(message):
    line = annotation("error", "A title", message)
    start = "::error title=A title::"
    assert line == start + in_data(message)
    assert not set("\r\n") & set(line)
    assert read(line.removeprefix(start)) == message


def test_an_annotation_by_hand():
    line = annotation("notice", "No comment", "5% of\r\nit: %0A")
    assert line == "::notice title=No comment::5%25 of%0D%0Ait: %250A"


@given(lines)
def test_no_command_is_found_within_a_fence(inside):
    text = "".join(f"{line}\n" for line in inside)
    made = fenced(text)
    assert workflow_commands(f"{made}::notice::after\n") == ["::notice::after"]
    first, *shown, last = made.splitlines()
    assert shown == inside
    token = re.fullmatch("::stop-commands::([0-9a-f]{32})", first)[1]
    assert last == f"::{token}::"


@pytest.mark.parametrize("text", ["", "a\n"])
def test_no_two_fences_end_alike(text):
    assert fenced(text) != fenced(text)
