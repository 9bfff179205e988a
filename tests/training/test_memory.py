"""Memory of a process that trains one cell after the other."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.network, pytest.mark.soak]

CELLS, SETTLED = 24, 4
GROWTH = 4 * 2**20
"""Bytes that a cell may leave behind. Compiled again, mini's suffix left 25 to 45 MB."""

CHILD = """
import gc, re, sys
from pathlib import Path
from fer_bench.models import get
from fer_bench.training.cell_runner import run_cell
from fer_bench.training.run_context import RunContext
from fer_bench.data.prepare import load_data
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.settings import Protocol

data = load_data(DataSpec(limit=300))
experiment = RunContext(data, Protocol(epochs=1), Path(sys.argv[1]))
for seed in range(int(sys.argv[2])):
    run_cell(experiment, get("mini"), "random", seed=seed).close()
    gc.collect()
    status = Path("/proc/self/status").read_text()
    # Anonymous memory, in RAM or not: mapped files and what others press out do not count.
    print(sum(int(kb) for kb in re.findall(r"(?:RssAnon|VmSwap):\\s*(\\d+)", status)) * 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_memory_does_not_grow_with_the_cells(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), str(CELLS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    sizes = [int(line) for line in ran.stdout.split()]
    assert len(sizes) == CELLS
    assert sizes[-1] - sizes[SETTLED] < GROWTH * (CELLS - SETTLED), sizes
