"""Table of the time to accuracy."""

from __future__ import annotations

import dataclasses

import pytest

from fer_bench.analysis.run_analysis import analyse
from fer_bench.report.time_tables import time_to_accuracy_table


def test_epochs_and_seconds_to_the_target(one_seed) -> None:
    table = time_to_accuracy_table(analyse(one_seed))
    rows = {row.label: row for row in table.rows}
    # Largest class 160 / 910 = 0.1758, best 0.742: target 0.4589. Pretrained has 0.15, 0.298,
    # 0.446, 0.594 after 20, 30, 40, 50 seconds; random ends at 0.342.
    assert rows["Mini pretrained"].entries == (3, 50.0, pytest.approx(0.742))
    assert rows["Mini random"].entries == ("never", "never", pytest.approx(0.342))
    assert "validation accuracy 45.9 %" in table.notes[0]
    assert "halfway" in table.notes[0]
    skipped = rows["OpenFace pretrained"]
    assert skipped.entries == (None, None, None)
    assert skipped.missing == "skipped"


def test_every_network_has_a_row(make) -> None:
    run = make([(f"net{n}", f"Net{n}") for n in range(10)])
    assert len(time_to_accuracy_table(analyse(run)).rows) == 20


def test_untimed_training_has_no_target(one_seed) -> None:
    cells = tuple(dataclasses.replace(cell, parts=()) for cell in one_seed.cells)
    table = time_to_accuracy_table(analyse(dataclasses.replace(one_seed, cells=cells)))
    assert {row.entries for row in table.rows} == {(None, None, None)}
    assert table.notes == ("No training was timed.",)
