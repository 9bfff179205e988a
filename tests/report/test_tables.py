from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from made_runs import made_settings

from fer_bench.analysis.run_analysis import analyse
from fer_bench.analysis.training_time import training_seconds
from fer_bench.report import Column, Row, Table, tables

if TYPE_CHECKING:
    from fer_bench.report.table import Entry
    from fer_bench.results.records import Run

KEYS = [
    "table-1",
    "table-2",
    "table-3",
    "table-4",
    "table-5",
    "initial",
    "final",
    "metrics",
    "recall",
    "classes",
    "uncertainty",
    "pairs",
    "recommendation",
    "papers-recommendation",
    "calibration",
    "learning-speed",
    "speed",
    "parts",
    "cells",
    "weights",
    "protocol",
    "environment",
    "claims",
]
WITH_A_ROW_FOR_EACH_CELL = [
    key
    for key in KEYS[1:19]
    if key
    not in (
        "classes",
        "pairs",
        "recommendation",
        "papers-recommendation",
        "uncertainty",
        "calibration",
    )
]


def table(run: Run, key: str) -> Table:
    (found,) = (one for one in tables(analyse(run)) if one.key == key)
    return found


def entries(found: Table, label: str) -> dict[str, Entry]:
    (row,) = (row for row in found.rows if row.label == label)
    names = [" ".join(one.keys or (one.group, one.name)).strip() for one in found.columns]
    assert len(set(names)) == len(names)
    return dict(zip(names, row.entries, strict=True))


def test_all_tables_in_order(run: Run) -> None:
    assert [one.key for one in tables(analyse(run))] == KEYS


@pytest.mark.parametrize("key", WITH_A_ROW_FOR_EACH_CELL)
def test_every_cell_has_a_row_and_a_missing_one_its_reason(run: Run, key: str) -> None:
    rows = table(run, key).rows
    assert [row.label for row in rows] == [cell.label for cell in run.cells]
    for row, cell in zip(rows, run.cells, strict=True):
        assert row.reason == ("" if cell.status == "ok" else f"{cell.status}: {cell.reason}")


def test_class_counts_in_the_papers_order(run: Run) -> None:
    found = table(run, "table-1")
    assert [column.name for column in found.columns] == [
        *("Angry", "Surprise", "Disgust", "Neutral", "Happy", "Fear", "Sad", "Total")
    ]
    counts = (4953, 4002, 547, 6198, 8989, 5121, 6077, 35887)
    assert found.rows == (Row("fer2013", counts), Row("paper", counts))
    assert "25,121 / 3,589 / 7,177; the paper states 25,121 / 3,589 / 7,177" in found.notes[0]


def test_class_counts_of_other_classes(run: Run) -> None:
    data = dataclasses.replace(
        run.dataset,
        name="mine",
        counts=(("Contempt", 7), ("Happy", 5)),
        train=8,
        validation=1,
        test=3,
    )
    found = table(dataclasses.replace(run, dataset=data, cells=()), "table-1")
    assert entries(found, "mine") == {"Contempt": 7, "Happy": 5, "Total": 12}
    # The paper has no counts of other data, and nothing is subtracted from its own.
    assert len(found.rows) == 1
    assert not any(column.compared for column in found.columns)
    assert found.notes[0].endswith("8 / 1 / 3.")


def test_initial_figures(run: Run) -> None:
    assert entries(table(run, "initial"), "MobileNet pretrained") == {
        "training accuracy untrained": 0.14,
        "training accuracy epoch 1": pytest.approx(0.19),
        "validation accuracy untrained": 0.14,
        "validation accuracy epoch 1": pytest.approx(0.16),
        "training loss untrained": 1.95,
        "training loss epoch 1": pytest.approx(1.86),
        "validation loss untrained": 1.96,
        "validation loss epoch 1": pytest.approx(1.94),
    }


def test_initial_quotes_the_protocol(run: Run) -> None:
    assert any(
        "after epoch 1" in note and "on validation data" in note
        for note in table(run, "initial").notes
    )


def test_cells(run: Run) -> None:
    found = table(run, "cells")
    assert entries(found, "MobileNet pretrained") == {
        "status": "ok",
        "quality": "trained",
        "parameters backbone": 3_228_864,
        "parameters paper": 3_228_864,
        "parameters trainable": 1_058_823,
        "chosen head": None,
    }
    skipped = entries(found, "OpenFace pretrained")
    assert skipped["status"] == "skipped"
    assert skipped["parameters paper"] == 3_743_280
    assert entries(found, "VGG-Face random")["parameters paper"] is None


def test_final_figures(run: Run) -> None:
    found = table(run, "final")
    assert "fer2013" in found.title
    quality = run.cells[0].quality
    assert quality is not None
    assert entries(found, "MobileNet pretrained") == {
        "accuracy running": quality.history.running_accuracy[-1],
        "accuracy training": quality.history.train_accuracy[-1],
        "accuracy validation": pytest.approx(0.54),
        "accuracy test": 0.3541,
        "loss running": quality.history.running_loss[-1],
        "loss training": quality.history.train_loss[-1],
        "loss validation": pytest.approx(1.56),
        "loss test": 1.6789,
    }
    assert entries(found, "OpenFace pretrained")["accuracy test"] is None


def test_seconds_of_the_parts(run: Run) -> None:
    timed = dataclasses.replace(run.cells[0], parts=(("frozen features", 2.5), ("training", 9.0)))
    found = table(dataclasses.replace(run, cells=(timed,)), "parts")
    assert entries(found, "MobileNet pretrained") == {
        "building the network": None,
        "frozen features": 2.5,
        "compiling": None,
        "training": 9.0,
        "evaluation": None,
    }


def test_epochs_after_the_best_one_are_a_part_of_their_own(run: Run) -> None:
    parts = (("training", 9.0), ("early stopping", 4.0), ("evaluation", 2.0))
    timed = dataclasses.replace(run.cells[0], parts=parts)
    found = table(dataclasses.replace(run, cells=(timed,)), "parts")
    values = entries(found, "MobileNet pretrained")
    assert [*values][-3:] == ["training", "early stopping", "evaluation"]
    assert (values["training"], values["early stopping"]) == (9.0, 4.0)
    assert training_seconds(timed, [timed]) == 13.0


def test_a_result_from_the_store_is_distinguished(run: Run) -> None:
    stored = dataclasses.replace(run.cells[0], source="store")
    found = table(dataclasses.replace(run, cells=(stored,)), "cells")
    assert entries(found, "MobileNet pretrained")["quality"] == "store"


def test_recall_has_the_classes_of_the_data_and_the_size_of_the_test(run: Run) -> None:
    found = table(run, "recall")
    assert entries(found, "MobileNet random") == {
        "Angry": 0.25,
        "Disgust": 0.0,
        "Fear": 0.125,
        "Happy": 0.7,
        "Sad": 0.3,
        "Surprise": 0.5,
        "Neutral": 0.4,
    }
    what, _, counts = found.notes[-1].partition(": ")
    assert what == "Test images"
    assert counts.rstrip(".").split(", ") == [
        *("Angry 10", "Disgust 20", "Fear 30", "Happy 40", "Sad 50", "Surprise 60", "Neutral 70")
    ]


def test_speed(run: Run) -> None:
    assert entries(table(run, "speed"), "MobileNet random") == {
        "training images/s": 10_048.4,
        "training epoch, s": 2.5,
        "training rounds": 3,
        "batch 1 median, ms": 4.0,
        "batch 1 p99, ms": 7.2,
        "batch 1 images/s": 250.0,
        "batch 32 median, ms": 20.0,
        "batch 32 p99, ms": None,
        "batch 32 images/s": 1600.0,
    }


@pytest.mark.parametrize(
    ("timer", "mark", "is_marked"),
    [
        ("perf_counter", "", False),
        ("process_time", "CPU ", True),
        ("perf_counter; process_time", "", True),
    ],
)
def test_cpu_seconds_are_called_so(run: Run, timer: str, mark: str, is_marked: bool) -> None:
    timed = dataclasses.replace(run, environment=(*run.environment, ("timer", timer)))
    found = table(timed, "speed")
    assert entries(found, "MobileNet random")[f"training epoch, {mark}s"] == 2.5
    assert entries(found, "MobileNet random")[f"batch 1 median, {mark}ms"] == 4.0
    assert entries(found, "MobileNet random")[f"batch 1 images/{mark}s"] == 250.0
    assert any("CPU seconds" in note for note in found.notes) == is_marked


def test_speed_with_other_batch_sizes_in_each_cell(run: Run) -> None:
    first = dataclasses.replace(run.cells[0], inference=run.cells[0].inference[1:])
    second = dataclasses.replace(run.cells[1], inference=run.cells[1].inference[:1], training=None)
    found = table(dataclasses.replace(run, cells=(first, second)), "speed")
    assert entries(found, "MobileNet pretrained")["batch 1 median, ms"] is None
    assert entries(found, "MobileNet pretrained")["batch 32 median, ms"] == 20.0
    assert entries(found, "MobileNet random")["batch 1 median, ms"] == 4.0
    assert entries(found, "MobileNet random")["training rounds"] is None
    (reason,) = {row.reason for row in found.rows}
    assert reason.startswith("not measured")


def test_weights_say_where_they_come_from(run: Run) -> None:
    found = table(run, "weights")
    assert entries(found, "MobileNet pretrained") == {
        "from": "weights/file.h5",
        "fingerprint": "0123456789ab",
    }
    assert entries(found, "OpenFace pretrained") == {"from": None, "fingerprint": None}


def test_the_protocol_is_complete(run: Run) -> None:
    changed = made_settings(epochs=20, batch_size=64)
    found = table(dataclasses.replace(run, protocol=changed), "protocol")
    assert len(found.rows) == len(changed)
    assert entries(found, "epochs") == {"value": "20", "origin": "stated", "why": "stated as 20"}
    assert entries(found, "optimizer")["origin"] == "chosen"
    changed_row = entries(found, "batch size")
    why = str(changed_row.pop("why"))
    assert changed_row == {"value": "64", "origin": "changed"}
    assert why.startswith("default 32 (chosen: ")
    assert "Keras" in why
    assert "batch size 64 instead of 32" in found.notes[-1]


def test_the_environment_and_the_digest_of_the_data(run: Run) -> None:
    found = table(run, "environment")
    assert entries(found, "keras") == {"value": "3.15.0"}
    assert run.dataset.digest in found.notes[0]


def test_results_that_were_computed_elsewhere_are_named(run: Run) -> None:
    around = (("cpu cores available", "4; 8"), ("threads", "not limited"))
    here, there = (
        (("cpu cores available", cores), ("threads", "not limited"), ("devices", "cpu:0"))
        for cores in "82"
    )
    first, second, *others = run.cells
    cells = (
        dataclasses.replace(first, computed_on=here),
        dataclasses.replace(second, computed_on=there),
        *others,
    )
    notes = table(dataclasses.replace(run, environment=around, cells=cells), "environment").notes
    (note,) = notes[1:]
    assert "(cpu cores available 2)" in note
    assert note.endswith(f": {second.label}.")


def test_a_run_without_cells_has_tables_without_rows(run: Run) -> None:
    empty = dataclasses.replace(run, cells=())
    for key in WITH_A_ROW_FOR_EACH_CELL:
        assert table(empty, key).rows == ()


def test_a_run_in_which_all_cells_were_skipped(run: Run) -> None:
    skipped = tuple(cell for cell in run.cells if cell.status == "skipped")
    made = dataclasses.replace(run, cells=skipped)
    assert len(table(made, "recall").notes) == 1
    assert [column.group for column in table(made, "speed").columns] == ["training"] * 3


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^k: row 'a' has 1 .*: 2$"):
        Table("k", "t", "Model", (Column("x"), Column("y")), (Row("a", (1,)),))
