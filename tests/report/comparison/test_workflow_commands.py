"""Comparisons as GitHub's workflow commands."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_outcomes import (
    EVERYTHING,
    FASTER,
    GONE,
    HOSTILE,
    PROCESSOR,
    SAME,
    SLOWER_P99,
    UNDECIDED,
    UNKNOWN_LOSS,
    WORSE,
    dataclasses,
    made_outcome,
    outcomes,
)

from fer_bench.report.comparison import terminal_text, workflow_commands
from fer_bench.runtime.escapes import displayed, in_data, in_property


def parsed(line):
    """Kind, title and message of a command, as GitHub's runner reads them."""
    found = re.fullmatch(r"::([a-z]+) title=(.*?)::(.*)", line)
    kind, title, message = found.groups()
    return kind, unescaped(title), unescaped(message)


def unescaped(text):
    # The percent sign last: a name may hold "%0A" itself.
    for escape, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escape, char)
    return text


def told(*changes, **other):
    return [parsed(line) for line in workflow_commands(made_outcome(*changes, **other))]


@given(st.text() | HOSTILE)
def test_escaping_can_be_undone_and_leaves_one_line(text):
    for escape in (in_data, in_property):
        assert unescaped(escape(text)) == text
        assert not re.search("[\r\n]", escape(text))
    assert not re.search("[:,]", in_property(text))


def test_each_kind_of_command(snapshot):
    assert workflow_commands(made_outcome(WORSE, FASTER, UNDECIDED)) == snapshot


def test_warnings_with_the_most_important_first(snapshot):
    lost = dataclasses.replace(GONE, regression=False)
    incomparable = dataclasses.replace(GONE, verdict="not comparable", regression=False)
    found = told(SLOWER_P99, incomparable, lost, UNDECIDED, differences=(PROCESSOR,))
    assert {kind for kind, _, _ in found} == {"warning"}
    assert [title for _, title, _ in found] == snapshot(name="titles")
    assert found[3][2] == snapshot(name="surroundings")


def test_what_tells_nothing_new_is_not_annotated():
    assert (
        told(SAME, UNKNOWN_LOSS, dataclasses.replace(GONE, verdict="new", regression=False)) == []
    )


def test_errors_with_whole_cells_first_and_then_the_largest_change():
    smaller = dataclasses.replace(WORSE, cell="a", change=-0.01)
    slower = dataclasses.replace(FASTER, verdict="worse", change=-0.9, regression=True)
    titles = [tuple(title.split(": ")) for _, title, _ in told(slower, smaller, WORSE, GONE)]
    assert titles == [
        ("Mini random", "complete cell GONE"),
        ("Mini pretrained", "accuracy WORSE"),
        ("a", "accuracy WORSE"),
        ("Mini pretrained", "training.speed (images/s) WORSE"),
    ]


@pytest.mark.parametrize("count", [10, 11, 25])
def test_of_more_than_github_shows_the_last_one_tells_how_many_more(count):
    worse = [
        dataclasses.replace(WORSE, cell=f"cell{number}", change=-1 + number / 100)
        for number in range(count)
    ]
    found = told(*worse, FASTER)
    assert len(found) == 11
    errors = [one for one in found if one[0] == "error"]
    shown = [title for _, title, _ in errors]
    if count == 10:
        assert shown[-1] == "cell9: accuracy WORSE"
    else:
        assert shown[:9] == [f"cell{number}: accuracy WORSE" for number in range(9)]
        assert shown[9] == f"{count - 9} more"
        assert errors[9][2].split("; ") == [
            f"cell{number}: accuracy WORSE" for number in range(9, count)
        ]


def runner(text):
    """Return the commands that GitHub's runner finds: at line starts, or old ones anywhere."""
    found, ends_at = [], None
    for line in re.split("\r\n|\r|\n", text):
        stripped = line.lstrip()
        if ends_at is not None:
            ends_at = None if stripped == f"::{ends_at}::" else ends_at
        elif stripped.startswith("::stop-commands::"):
            ends_at = stripped.removeprefix("::stop-commands::")
        elif stripped.startswith("::") or "##[" in line:
            found.append(line)
    assert ends_at is None
    return found


@given(
    outcomes(),
    st.sampled_from(["::error::x", "##[error]x", "::stop-commands::y", "\n::add-mask::z"]),
)
def test_no_name_is_a_command_or_makes_one_of_its_own(outcome, name):
    for line in workflow_commands(outcome):
        assert re.match("::(error|warning|notice) title=[^:,]*::.", line)
        assert line.isprintable()
    changes = [dataclasses.replace(change, cell=name, why=name) for change in outcome.changes]
    made = dataclasses.replace(
        outcome, changes=tuple(changes), base=name, notes=(name,), names={name: name}
    )
    assert runner(displayed(terminal_text(made, 80))) == []


def test_everything_at_once():
    kinds = [kind for kind, _, _ in map(parsed, workflow_commands(EVERYTHING))]
    assert kinds == ["error", "error", "warning", "warning", "warning", "notice"]
