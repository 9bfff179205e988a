"""Source of a session that measures one cell without training it."""

from pathlib import Path

CONFTEST = f"""
import sys

sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from made_audits import context
from made_runs import made_cell, made_run

from fer_bench.analysis.comparison import load_run_set
from fer_bench.plugin.stash_keys import BASE, EXPERIMENT, RECORD, SETTINGS

CELL = made_cell("mini", "random", 0.5, fingerprint="a")


class Measured:
    def run(self, facts=()):
        return made_run(CELL)


def pytest_collection_finish(session):
    stash = session.config.stash
    stash[RECORD] = Measured()
    stash[EXPERIMENT] = context()
    if stash[SETTINGS].base:
        stash[BASE] = load_run_set(stash[SETTINGS].base, "--fer-compare")
"""
BENCHMARK = """
from conftest import CELL

from fer_bench.results import KEY, measure_record


def test_quality(benchmark):
    benchmark.extra_info[KEY] = measure_record(CELL.id, CELL.quality)
    benchmark.pedantic(lambda: None)
"""
