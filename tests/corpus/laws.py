"""Properties that hold for every kind of bad input."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from doors import DOORS, Job

if TYPE_CHECKING:
    from corpus_kind import Kind
    from doors import Commands, Outcome

MOST_MEMORY = 192 << 20
LONGEST_LINE = 1500


def accepted(kind: Kind, commands: Commands, directory: Path) -> Outcome:
    """Run the accepting command on the undamaged input of a kind.

    Args:
        kind: the kind of input.
        commands: runner of the command.
        directory: an empty directory.
    """
    call = DOORS[kind.door].accepts(kind.sound(directory))
    return commands.run(Job(call, str(directory)))


def hold(kind: Kind, commands: Commands, directory: Path) -> None:
    """Assert that all properties hold for a kind.

    Args:
        kind: the kind of bad input.
        commands: runner of the commands.
        directory: an empty directory.
    """
    sound, bad = directory / "sound", directory / "bad"
    sound.mkdir()
    bad.mkdir()
    door = DOORS[kind.door]
    if not commands.is_warm(kind.door):
        commands.warm_up(kind.door, Job(door.accepts(kind.sound(sound)), str(sound)))
    path = kind.write(bad)
    before = _listing(bad)
    for call in door.calls(path):
        outcome = commands.run(Job(call, str(bad), kind.unprivileged))
        assert outcome.status is not None, f"{call} had to be ended: {outcome.err}"
        assert "Traceback" not in outcome.out + outcome.err, outcome.out + outcome.err
        assert outcome.status in (1, 2, 4), outcome
        line, *others = filter(None, outcome.err.splitlines())  # pytest adds an empty one
        assert not others, outcome.err
        assert line.startswith(("Error: ", "ERROR: "))
        assert line.isprintable(), repr(line)
        assert _shown(path) in line or repr(path.name) in line
        for word in kind.expected:
            assert word in line
        assert len(line) < LONGEST_LINE + 3 * len(_shown(path))
        assert call[0] == "pytest" or not outcome.out
        assert outcome.grown < MOST_MEMORY
    assert _listing(bad) == before


def id_of(kind: Kind) -> str:
    """Return the name of a kind as an ASCII test id."""
    return kind.name.encode("ascii", "backslashreplace").decode()


def _listing(directory: Path) -> list[Path]:
    """Return all paths below a directory, without following links.

    The directory that pytest-benchmark creates in every run is ignored.
    """
    return sorted(
        Path(place, name)
        for place, directories, files in os.walk(directory)
        for name in [*directories, *files]
        if name != ".benchmarks"
    )


def _shown(path: Path) -> str:
    """Return a path as error messages show it: characters that do not print are escaped."""
    return repr(str(path))[1:-1]
