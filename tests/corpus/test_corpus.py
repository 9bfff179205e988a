"""Bad input of every kind ends in one line, with no time, no memory and no file lost to it.

``bad_*.py`` list the kinds, ``doors.py`` the commands that each is given to.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import bad_csv
import bad_images
import bad_labels
import bad_npz
import bad_records
import bad_votes
import pytest
from doors import DOORS, Job, run

KINDS = [
    kind
    for module in (bad_csv, bad_npz, bad_images, bad_labels, bad_votes, bad_records)
    for kind in module.KINDS
]
SOUND = {(kind.door, kind.sound): kind for kind in KINDS if not kind.unprivileged}
MOST_MEMORY = 192 << 20
LONGEST_LINE = 1500

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and pipes are Linux'")


def test_there_are_many_kinds_each_with_a_name_of_its_own():
    names = [kind.name for kind in KINDS]
    assert len(set(names)) == len(names)
    assert len(names) >= 300
    assert {kind.door for kind in KINDS} | {"weights"} == set(DOORS)


@pytest.fixture(scope="module")
def open_folder():
    """A folder that every user may enter, and so all above it."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def outcomes(request, tmp_path_factory, open_folder):
    """How each command ended on each kind that was asked for, and what it left behind."""
    base = tmp_path_factory.mktemp("corpus")
    asked = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    kinds = [params["kind"] for params in asked if "kind" in params]
    sounds = [params["sound"] for params in asked if "sound" in params] or [*SOUND.values()]
    places, jobs = {}, []
    for kind in sounds:
        folder = new_folder(base, len(places))
        places["sound", kind.name] = (folder, path := kind.sound(folder), listing(folder))
        jobs.append(Job(f"sound {kind.name}", DOORS[kind.door].accepts(path), str(folder)))
    for kind in kinds:
        folder = new_folder(open_folder if kind.unprivileged else base, len(places))
        path = kind.write(folder)
        places[kind.name] = (folder, path, listing(folder))
        jobs += [
            Job(f"{number} {kind.name}", call, str(folder), kind.unprivileged)
            for number, call in enumerate(DOORS[kind.door].calls(path))
        ]
    return places, run(jobs, tmp_path_factory.mktemp("scratch"))


def new_folder(base, number):
    """A folder of its own, which whoever may enter ``base`` may write to."""
    folder = base / f"{number:03}"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


def listing(folder):
    """All that lies in a folder and below it, without a look behind links.

    The folder that pytest-benchmark makes for itself in every run does not count.
    """
    return sorted(
        Path(place, name)
        for place, folders, files in os.walk(folder)
        for name in [*folders, *files]
        if name != ".benchmarks"
    )


def id_of(kind):
    return kind.name.encode("ascii", "backslashreplace").decode()


@pytest.mark.parametrize("kind", KINDS, ids=id_of)
def test_one_line_and_nothing_else(kind, outcomes):
    places, found = outcomes
    folder, path, before = places[kind.name]
    for number, call in enumerate(DOORS[kind.door].calls(path)):
        outcome = found[f"{number} {kind.name}"]
        if outcome.why_not:
            pytest.skip(outcome.why_not)
        assert outcome.status is not None, f"{call} had to be ended: {outcome.err}"
        assert "Traceback" not in outcome.out + outcome.err, outcome.out + outcome.err
        assert outcome.status in (1, 2, 4), outcome
        line, *others = filter(None, outcome.err.splitlines())  # pytest adds an empty one
        assert not others, outcome.err
        assert line.startswith(("Error: ", "ERROR: "))
        assert line.isprintable(), repr(line)
        assert shown(path) in line or repr(path.name) in line
        for word in kind.told:
            assert word in line
        assert len(line) < LONGEST_LINE + 3 * len(shown(path))
        assert call[0] == "pytest" or not outcome.out
        assert outcome.grown < MOST_MEMORY
    assert listing(folder) == before


def shown(path):
    """A path as it stands in a line: what does not print is escaped."""
    return repr(str(path))[1:-1]


@pytest.mark.parametrize(
    "sound", SOUND.values(), ids=lambda kind: f"{kind.door} {kind.sound.__name__}"
)
def test_the_same_before_the_damage_is_accepted(sound, outcomes):
    _, found = outcomes
    outcome = found[f"sound {sound.name}"]
    assert outcome.status == 0, outcome.err
    assert not outcome.err
