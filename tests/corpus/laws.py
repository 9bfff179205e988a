"""What holds for every kind of bad input, and how it is found out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from doors import DOORS, Job, Outcome, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corpus_kind import Kind

MOST_MEMORY = 192 << 20
LONGEST_LINE = 1500


class Place(NamedTuple):
    """Where a bad input was written.

    Attributes:
        folder: of this input alone.
        path: what was passed to the commands.
        before: what lay in the folder before they ran.
    """

    folder: Path
    path: Path
    before: list[Path]


class Outcomes(NamedTuple):
    """How the commands ended: places by the kind's name, outcomes by that of the job."""

    places: dict[str, Place]
    found: dict[str, Outcome]


def written_and_run(
    kinds: Sequence[Kind], sounds: Sequence[Kind], base: Path, scratch: Path
) -> Outcomes:
    """Writes inputs and gives them to their commands, what is sound first.

    Args:
        kinds: what is written bad.
        sounds: what is written without the damage.
        base: a folder for the inputs.
        scratch: an empty folder.
    """
    places, jobs = {}, []
    for number, kind in enumerate(sounds):
        folder = base / f"sound-{number}"
        folder.mkdir()
        call = DOORS[kind.door].accepts(kind.sound(folder))
        jobs.append(Job(f"sound {kind.name}", call, str(folder)))
    for number, kind in enumerate(kinds):
        folder = base / f"{number:03}"
        folder.mkdir()
        path = kind.write(folder)
        places[kind.name] = Place(folder, path, _listing(folder))
        jobs += [
            Job(f"{place} {kind.name}", call, str(folder), kind.unprivileged)
            for place, call in enumerate(DOORS[kind.door].calls(path))
        ]
    return Outcomes(places, run(jobs, scratch))


def hold(kind: Kind, outcomes: Outcomes) -> None:
    """Fails where a law does not hold for a kind."""
    folder, path, before = outcomes.places[kind.name]
    for number, call in enumerate(DOORS[kind.door].calls(path)):
        outcome = outcomes.found[f"{number} {kind.name}"]
        assert outcome.status is not None, f"{call} had to be ended: {outcome.err}"
        assert "Traceback" not in outcome.out + outcome.err, outcome.out + outcome.err
        assert outcome.status in (1, 2, 4), outcome
        line, *others = filter(None, outcome.err.splitlines())  # pytest adds an empty one
        assert not others, outcome.err
        assert line.startswith(("Error: ", "ERROR: "))
        assert line.isprintable(), repr(line)
        assert _shown(path) in line or repr(path.name) in line
        for word in kind.told:
            assert word in line
        assert len(line) < LONGEST_LINE + 3 * len(_shown(path))
        assert call[0] == "pytest" or not outcome.out
        assert outcome.grown < MOST_MEMORY
    assert _listing(folder) == before


def id_of(kind: Kind) -> str:
    """The name of a kind, for pytest."""
    return kind.name.encode("ascii", "backslashreplace").decode()


def _listing(folder: Path) -> list[Path]:
    """All that lies in a folder and below it, without a look behind links.

    The folder that pytest-benchmark makes for itself in every run does not count.
    """
    return sorted(
        Path(place, name)
        for place, folders, files in os.walk(folder)
        for name in [*folders, *files]
        if name != ".benchmarks"
    )


def _shown(path: Path) -> str:
    """A path as it stands in a line: what does not print is escaped."""
    return repr(str(path))[1:-1]
