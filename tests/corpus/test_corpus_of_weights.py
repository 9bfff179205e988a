"""The laws of ``test_corpus.py`` for files of weights, which take a network to be proven."""

import sys
from importlib.util import find_spec

import bad_weights
import pytest
from laws import accepted, hold, id_of

KINDS = bad_weights.KINDS
SOUND = {kind.sound: kind for kind in KINDS}

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(sys.platform != "linux", reason="limits and pipes are Linux'"),
    # Looked for, not imported: it is the commands that load it.
    pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed"),
]


@pytest.mark.parametrize("kind", KINDS, ids=id_of)
def test_one_line_and_nothing_else(kind, keras_commands, tmp_path):
    hold(kind, keras_commands, tmp_path)


@pytest.mark.parametrize("sound", SOUND.values(), ids=lambda kind: kind.sound.__name__)
def test_the_same_before_the_damage_is_accepted(sound, keras_commands, tmp_path):
    outcome = accepted(sound, keras_commands, tmp_path)
    assert outcome.status == 0, outcome.err
