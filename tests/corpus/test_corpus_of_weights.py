"""The laws of ``test_corpus.py`` for files of weights, which take a network to be proven."""

import sys
from importlib.util import find_spec

import bad_weights
import pytest
from doors import Job
from laws import accepted, hold, id_of

KINDS = bad_weights.KINDS
SOUND = {kind.sound: kind for kind in KINDS}
UNREADABLE, MISFIT = (
    next(kind for kind in KINDS if kind.name == f"weights as npz: {name}")
    for name in ("cut off in the middle", "a tensor of another shape")
)

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(sys.platform != "linux", reason="limits and pipes are Linux'"),
    # Looked for, not imported: it is the commands that load it.
    pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed"),
]


@pytest.fixture
def with_kept_network(keras_commands, tmp_path_factory):
    """Run commands that verify weights, all with the same network: none changes it."""
    directory = str(tmp_path_factory.mktemp("kept"))

    def run_job(call):
        outcome = keras_commands.run(Job(["call", f"kept_network:{call}", directory], directory))
        assert outcome.status == 0, outcome.err

    run_job("keep")
    yield keras_commands
    run_job("release")


@pytest.mark.parametrize("kind", KINDS, ids=id_of)
def test_one_line_and_nothing_else(kind, with_kept_network, tmp_path):
    hold(kind, with_kept_network, tmp_path)


@pytest.mark.parametrize("kind", [UNREADABLE, MISFIT], ids=id_of)
def test_one_line_and_nothing_else_where_the_network_is_built(kind, keras_commands, tmp_path):
    hold(kind, keras_commands, tmp_path)


@pytest.mark.parametrize("sound", SOUND.values(), ids=lambda kind: kind.sound.__name__)
def test_the_same_before_the_damage_is_accepted(sound, keras_commands, tmp_path):
    outcome = accepted(sound, keras_commands, tmp_path)
    assert outcome.status == 0, outcome.err
