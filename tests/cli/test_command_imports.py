"""Libraries that stay unloaded while commands work that need none of them."""

import json
import os
import subprocess
import sys

import pytest
from made_archives import mini, run_of, write_stored
from made_audits import audited

from fer_bench.data.formats.npz_files import pack_npz
from fer_bench.results import KEY

pytestmark = pytest.mark.smoke

NETWORKS = {"tensorflow", "keras", "jax", "torch"}
AT_ALL = {"tensorflow", "keras", "deepface", "sklearn", "pandas", "h5py", "numpy"}
# In this order in one process: what one loads is there for the later ones.
COMMANDS = {
    "import": ([], AT_ALL),
    "help": (["--help"], AT_ALL),
    "help of export": (["export", "-h"], AT_ALL),
    "help of export-backbone": (["export-backbone", "-h"], AT_ALL),
    "help of cache clear": (["cache", "clear", "-h"], AT_ALL),
    "help of compare": (["compare", "-h"], AT_ALL),
    "help of predict": (["predict", "-h"], {*AT_ALL, "onnxruntime", "PIL", "cv2"}),
    "help of merge": (["merge", "-h"], AT_ALL),
    "help of weights": (["weights", "-h"], AT_ALL),
    "compare": (["compare", "RESULTS", "RESULTS"], {*NETWORKS, "sklearn", "matplotlib"}),
    "backbones": (["backbones"], {"tensorflow", "keras", "deepface", "h5py"}),
    "weights list": (["weights", "list"], {"tensorflow", "keras", "deepface", "h5py"}),
    "weights where": (["weights", "where"], {"tensorflow", "keras", "deepface", "h5py"}),
    "data audit": (["data", "audit", "FACES", "--split=kaggle"], {*NETWORKS, "matplotlib"}),
    "report": (["report", "RESULTS", "--report-dir=report"], {*NETWORKS, "sklearn"}),
    "report with history": (
        ["report", "RESULTS", "--history=kept", "--report-dir=trend"],
        {*NETWORKS, "sklearn"},
    ),
}
# The last line lists the modules loaded after each command.
CODE = """
import json, sys
from fer_bench.cli import main
found = {}
for name, arguments in json.loads(sys.argv[1]).items():
    if arguments:
        main(arguments, standalone_mode=False)
    found[name] = sorted({module.partition(".")[0] for module in sys.modules})
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """Return the packages that are loaded after each command."""
    directory = tmp_path_factory.mktemp("commands")
    *_, newest = write_stored(directory / "kept", [run_of(mini(share)) for share in (0.4, 0.3)])
    assert KEY in newest.read_text()
    (directory / "faces.npz").write_bytes(pack_npz(audited().dataset))
    places = {"RESULTS": str(newest), "FACES": "faces.npz"}
    commands = {
        name: [places.get(one, one) for one in arguments]
        for name, (arguments, _) in COMMANDS.items()
    }
    homes = ("FER_BENCH_CACHE", "KERAS_HOME", "DEEPFACE_HOME")
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(commands)],
        cwd=directory,
        env={
            **{name: value for name, value in os.environ.items() if name != "FER_BENCH_WEIGHTS"},
            **{name: str(directory / name) for name in homes},
            "FER_BENCH_OFFLINE": "1",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    for name in ("report", "trend"):
        assert (directory / name / "index.html").exists()
    return {name: set(found) for name, found in json.loads(done.stdout.splitlines()[-1]).items()}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_loads_no_more_than_it_needs(loaded, command):
    _, unneeded = COMMANDS[command]
    assert unneeded & loaded[command] == set()
