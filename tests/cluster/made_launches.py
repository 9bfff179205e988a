"""Planned runs whose jobs are a small program in place of the benchmarks."""

import dataclasses

from made_runs import made_cell

from fer_bench.cluster.plan import CellList, Plan, PlannedCell
from fer_bench.cluster.run_directory import RunDirectory
from fer_bench.protocol.cell import Cell

PROGRAM = """
import json, os, pathlib, signal, sys, time

place = pathlib.Path(sys.argv[1])
options = dict(word.split("=", 1) for word in sys.argv[2:] if "=" in word)
cells = options["--fer-cells"].split(",")
with (place / "started").open("a") as file:
    file.write(options["--fer-cells"] + "\\n")
print("log of", *cells, flush=True)
report = pathlib.Path(options["--fer-report-dir"])
todo = place / cells[0]
for word in todo.read_text().split() if todo.exists() else ():
    if word.startswith("sleep"):
        time.sleep(float(word[5:]))
    elif word == "killed-once":
        todo.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "terminated":
        os.kill(os.getpid(), signal.SIGTERM)
    elif word == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif word.startswith("exit"):
        print("cause of the failure", flush=True)
        sys.exit(int(word[4:]))
timed = "--fer-no-timing" not in sys.argv
made = json.loads((place / ("timed.json" if timed else "untimed.json")).read_text())
made["fer_bench"]["cells"] = [one for one in made["fer_bench"]["cells"] if one["id"] in cells]
made["benchmarks"] = [
    one for one in made["benchmarks"] if one["extra_info"]["fer_bench"]["cell"] in cells
]
(report / "results.json").write_text(json.dumps(made))
sys.exit(any(one["status"] == "failed" for one in made["fer_bench"]["cells"]))
"""


@dataclasses.dataclass
class Launched:
    """A planned run and the place where its program finds what to do.

    Attributes:
        run: directory of the run.
        place: directory with a file for each cell that is not simply done, and ``started``.
        plan: the plan.
        complete: the run of all cells in one process.
    """

    run: RunDirectory
    place: object
    plan: Plan
    complete: object

    def let(self, cell, words):
        """Let the job that begins with this cell do something first."""
        (self.place / cell).write_text(words)

    def started(self):
        """Return the cells of each started job, in the order of their start."""
        path = self.place / "started"
        return path.read_text().splitlines() if path.exists() else []

    def job(self, cell):
        """Return the job that has a cell."""
        return next(job for job in self.plan.jobs if cell in job.cells)


def planned(run, settings=None, is_timed=True):
    """Return the list of a run's cells."""
    cells = [Cell(one.backbone, one.init, one.dataset, one.seed, one.head) for one in run.cells]
    pairs = zip(cells, run.cells, strict=True)
    values = {one.name: one.value for one in run.protocol} if settings is None else settings
    return CellList(
        tuple(PlannedCell(cell, one.title) for cell, one in pairs), values, "store", is_timed
    )


CELLS = [
    made_cell("mini", init, 0.3 + seed / 1000, seed=seed, speed=100.0, fingerprint=f"{init}{seed}")
    for init in ("pretrained", "random")
    for seed in (42, 43)
]

IDS = ["mini-pretrained-42", "mini-random-42", "mini-pretrained-43", "mini-random-43"]
"""Ids of these cells, in the order of their jobs."""
