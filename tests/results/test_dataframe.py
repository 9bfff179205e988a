"""Pandas tables of a run, against metrics worked out by hand."""

import dataclasses

import numpy as np
import pytest
from made_runs import made_cell, made_run

from fer_bench.results.cross_test import CrossTest
from fer_bench.results.dataframe import DRAW_COLUMNS
from fer_bench.results.few_shot import FewShot

N_CLASSES = 7


def run_of(cell, labels, duplicates):
    made = made_run(cell)
    data = dataclasses.replace(
        made.dataset, test_labels=bytes(labels), test_twins=bytes(duplicates), test=len(labels)
    )
    return dataclasses.replace(made, dataset=data)


def test_deduplicated_and_cross_test_accuracies():
    counts = np.zeros((N_CLASSES, N_CLASSES), int)
    counts[3, 3], counts[3, 4], counts[4, 3] = 6, 1, 1
    matrix = tuple(tuple(map(int, row)) for row in counts)
    other = CrossTest("kdef", "ab" * 32, False, matrix, matrix)
    made = made_cell("mini", "random", cross_test=other)
    labels = made_run(made).dataset.labels
    right = made.quality.predictions.predicted == labels
    duplicates = np.zeros(len(labels), np.uint8)
    duplicates[np.flatnonzero(~right)[:5]] = 2
    table = run_of(made, labels.tobytes(), duplicates.tobytes()).to_frame()
    assert table["cross_test_accuracy"][0] == 6 / 8
    expected = np.count_nonzero(right) / (len(labels) - 5)
    assert table["deduplicated_accuracy"][0] == pytest.approx(expected)
    unknown = run_of(made_cell("mini", "random"), labels.tobytes(), b"").to_frame()
    assert unknown["deduplicated_accuracy"].isna().all()
    assert unknown["cross_test_accuracy"].isna().all()


def test_a_table_of_draws():
    labels = [0, 1, 2, 3]
    own = FewShot(16, False, 100, (bytes([0, 1, 2, 0]), bytes([1, 0, 2, 3])), (0, 0))
    mieb = FewShot(16, True, 100, (bytes([0, 1]),), (0,), bytes([0, 0]), bytes([1, 0]))
    cell = made_cell("mini", "random", few_shot=(own, mieb))
    table = run_of(cell, labels, [0, 0, 0, 1]).to_frame(by="draw")
    assert table.dtypes.astype(str).to_dict() == DRAW_COLUMNS
    columns = ["shots", "mieb", "draw", "accuracy", "deduplicated_accuracy"]
    assert table[columns].values.tolist() == [
        [16, False, 0, 3 / 4, 1.0],
        [16, False, 1, 2 / 4, pytest.approx(1 / 3)],
        [16, True, 0, 1 / 2, 0.0],
    ]
    assert set(table["cell"]) == {cell.id}


def test_a_run_without_draws():
    table = made_run(made_cell("mini", "random")).to_frame(by="draw")
    assert table.dtypes.astype(str).to_dict() == DRAW_COLUMNS
    assert table.empty
