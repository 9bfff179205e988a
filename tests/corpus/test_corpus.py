"""Bad input of every kind ends in one line, with no time, no memory and no file lost to it.

``bad_*.py`` list the kinds, ``doors.py`` the commands that they are given to, ``laws.py`` the laws.
"""

import sys

import bad_csv
import bad_images
import bad_labels
import bad_npz
import bad_parts
import bad_records
import bad_votes
import bad_weights
import odd_input
import pytest
from doors import DOORS
from laws import accepted, hold, id_of

KINDS = [
    kind
    for module in (bad_csv, bad_npz, bad_images, bad_labels, bad_parts, bad_votes, bad_records)
    for kind in module.KINDS
]
SOUND = {(kind.door, kind.sound): kind for kind in [*KINDS, *odd_input.KINDS]}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and pipes are Linux'")


def test_there_are_many_kinds_each_with_a_name_of_its_own():
    kinds = [*KINDS, *bad_weights.KINDS]
    assert len({kind.name for kind in kinds}) == len(kinds)
    assert len(kinds) >= 600
    assert {kind.door for kind in [*kinds, *odd_input.KINDS]} == set(DOORS)


@pytest.mark.parametrize("kind", KINDS, ids=id_of)
def test_one_line_and_nothing_else(kind, commands, tmp_path):
    hold(kind, commands, tmp_path)


@pytest.mark.parametrize(
    "sound", SOUND.values(), ids=lambda kind: f"{kind.sound.__name__}, for {id_of(kind)}"
)
def test_the_same_before_the_damage_is_accepted(sound, commands, tmp_path):
    outcome = accepted(sound, commands, tmp_path)
    assert outcome.status == 0, outcome.err
    assert not outcome.err
