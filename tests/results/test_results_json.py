from __future__ import annotations

import copy
import dataclasses
import json
import math
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest
from budget import examples
from hypothesis import given, settings
from made_runs import as_schema_1, document
from random_runs import EPOCHS, NEEDED, runs

from fer_bench.protocol.settings import Protocol, Setting
from fer_bench.results import (
    KEY,
    inference_record,
    quality_record,
    read_run,
    run_record,
    training_record,
    write_json,
)
from fer_bench.results import schema as schema_module
from fer_bench.results.records import (
    SCHEMA,
    CellResult,
    DatasetSummary,
    Example,
    History,
    InferenceSpeed,
    Parameters,
    Predictions,
    Quality,
    Reference,
    Run,
    TrainingSpeed,
)
from fer_bench.results.type_checks import Mismatch, checked
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
# -- runs of every kind


@given(runs())
def test_a_run_comes_back_from_json_as_it_was(run: Run) -> None:
    assert read_run(json.loads(json.dumps(document(run), allow_nan=False))) == run


@given(runs())
@settings(max_examples=examples(10))
def test_sorted_keys_change_nothing(run: Run) -> None:
    assert read_run(json.loads(json.dumps(document(run), sort_keys=True))) == run


# -- one run by hand

HISTORY = History(
    running_accuracy=(0.2, 0.3, 0.4),
    running_loss=(1.9, 1.8, 1.7),
    train_accuracy=(0.1, 0.25, 0.35, 0.45),
    train_loss=(2.0, 1.85, 1.75, 1.65),
    validation_accuracy=(0.1, 0.2, 0.25, 0.3),
    validation_loss=(2.0, 1.9, 1.85, 1.8),
)
PREDICTIONS = Predictions(bytes([0, 1, 0, 0]), bytes([255, 255, 0, 128, 0, 192, 0, 144]))
QUALITY = Quality(HISTORY, 0.75, 1.5, (0.75, None), ((3, 1), (0, 0)), PREDICTIONS)
CLASS_COUNTS = (("Happy", 30), ("Sad", 10))
REFERENCE = Reference((0.004, 0.005), (0.003, 0.002))
RUN = Run(
    protocol=NEEDED,
    dataset=DatasetSummary(
        "sketch",
        "abc",
        (("Happy", 30), ("Sad", 10)),
        "paper",
        28,
        4,
        4,
        "d",
        bytes(4),
        test_twins=bytes([0, 3, 1, 2]),
        test_votes=bytes([0, 1, 255, 0]),
        left_out=(("copies of other images", 5),),
        class_map="rafdb",
    ),
    environment=(("python", "3.11"), ("keras", "3.15")),
    cells=(
        CellResult(
            "mini",
            "mini",
            "random",
            "sketch",
            42,
            "ok",
            fingerprint="f",
            source="trained",
            weights="drawn",
            parameters=Parameters(10, 5, 3),
            quality=QUALITY,
            training=TrainingSpeed(28, (0.5, 0.25, 0.75), 56.0, REFERENCE),
            inference=(
                InferenceSpeed(1, (0.01, 0.02), 0.015, None, 66.7, REFERENCE),
                InferenceSpeed(32, (0.1,), 0.1, 0.1, 320.0),
            ),
            parts=(("prefix", 1.5),),
            computed_on=(("cpu cores available", "2"),),
        ),
        CellResult("vggface", "VGG-Face", "pretrained", "sketch", 42, "skipped", "no weights"),
    ),
    examples=(Example(3, "the only one", 1, 2, bytes([7, 8])),),
)


def test_figures_stand_in_the_benchmarks_and_nowhere_else() -> None:
    made = document(RUN)
    assert "0.45" not in json.dumps(made[KEY])
    assert set(made[KEY]["cells"][0]) == set(get_type_hints(schema_module.CellRecord))
    assert [item["extra_info"][KEY]["kind"] for item in made["benchmarks"]] == [
        "quality",
        "training",
        "inference",
        "inference",
    ]


def test_quality_that_no_benchmark_measured_stands_in_the_run() -> None:
    made = document(RUN)
    del made["benchmarks"][0]
    without = read_run(made)
    assert without.cells[0].quality is None
    made[KEY] = json.loads(json.dumps(run_record(RUN, measured=())))
    assert read_run(made) == RUN
    # Older files lack it, and none has it twice.
    assert run_record(RUN, measured={"mini-random-42"})["quality"] == []
    del made[KEY]["quality"]
    assert read_run(made) == without
    twice = document(RUN)
    twice[KEY] = run_record(RUN, measured=())
    with pytest.raises(FerBenchError, match="measures 'mini-random-42' again"):
        read_run(twice)


def test_the_quality_record_key_by_key() -> None:
    assert quality_record("mini-random-42", QUALITY) == {
        "schema": SCHEMA,
        "kind": "quality",
        "cell": "mini-random-42",
        "history": {
            "running_accuracy": [0.2, 0.3, 0.4],
            "running_loss": [1.9, 1.8, 1.7],
            "train_accuracy": [0.1, 0.25, 0.35, 0.45],
            "train_loss": [2.0, 1.85, 1.75, 1.65],
            "validation_accuracy": [0.1, 0.2, 0.25, 0.3],
            "validation_loss": [2.0, 1.9, 1.85, 1.8],
            "batch_validation_accuracy": [],
            "batch_validation_loss": [],
        },
        "test_accuracy": 0.75,
        "test_loss": 1.5,
        "recall": [0.75, None],
        "confusion": [[3, 1], [0, 0]],
        "predictions": {"classes": "AAEAAA==", "confidences": "//8AgADAAJA="},
    }


def test_the_speed_records_key_by_key() -> None:
    assert training_record("a", TrainingSpeed(28, (0.5,), 56.0, REFERENCE)) == {
        "schema": SCHEMA,
        "kind": "training",
        "cell": "a",
        "images": 28,
        "seconds": [0.5],
        "images_per_second": 56.0,
        "reference": {"matrix_product": [0.004, 0.005], "convolution": [0.003, 0.002]},
    }
    assert inference_record("a", InferenceSpeed(1, (0.5,), 0.5, None, 2.0)) == {
        "schema": SCHEMA,
        "kind": "inference",
        "cell": "a",
        "batch_size": 1,
        "seconds": [0.5],
        "median": 0.5,
        "p99": None,
        "images_per_second": 2.0,
        "reference": None,
    }


@pytest.mark.parametrize(
    ("record", "result", "own", "left_out"),
    [
        ("SettingRecord", Setting, set(), set()),
        ("DatasetRecord", DatasetSummary, {"classes"}, {"counts"}),
        ("ParametersRecord", Parameters, set(), set()),
        ("CellRecord", CellResult, {"id"}, {"quality", "training", "inference"}),
        ("HistoryRecord", History, set(), set()),
        ("RunRecord", Run, {"schema", "quality"}, set()),
        ("QualityRecord", Quality, {"schema", "kind", "cell"}, set()),
        ("ReferenceRecord", Reference, set(), set()),
        ("TrainingRecord", TrainingSpeed, {"schema", "kind", "cell"}, set()),
        ("InferenceRecord", InferenceSpeed, {"schema", "kind", "cell"}, set()),
    ],
)
def test_the_schema_names_every_field_and_documents_every_key(
    record: str, result: type, own: set[str], left_out: set[str]
) -> None:
    typed = getattr(schema_module, record)
    fields = {item.name for item in dataclasses.fields(result)}
    assert set(get_type_hints(typed)) == (fields - left_out) | own
    for key in get_type_hints(typed):
        assert f"\n        {key}: " in typed.__doc__


def test_the_whole_default_protocol_comes_back() -> None:
    protocol = tuple(Protocol(epochs=EPOCHS).settings())
    run = dataclasses.replace(RUN, protocol=protocol)
    assert read_run(document(run)) == run


def test_keys_that_a_later_version_of_this_schema_may_add_are_ignored() -> None:
    made = document(RUN)
    made[KEY]["later"] = 1
    made[KEY]["cells"][0]["later"] = {}
    made["benchmarks"][0]["extra_info"][KEY]["later"] = []
    assert read_run(made) == RUN


def test_benchmarks_of_others_are_ignored() -> None:
    made = document(RUN)
    made["benchmarks"].insert(0, {"name": "other", "extra_info": {}})
    made["benchmarks"].insert(2, {"name": "other", "extra_info": {"commit": "abc"}})
    assert read_run(made) == RUN


# -- a file of pytest-benchmark itself

CONFTEST = """
import json
from pathlib import Path

records = json.loads(Path(__file__).with_name("records.json").read_text())

def pytest_benchmark_update_json(config, benchmarks, output_json):
    output_json["fer_bench"] = records["fer_bench"]
"""
BENCHMARKS = """
import pytest
from conftest import records

@pytest.mark.parametrize("record", records["benchmarks"])
def test_measure(benchmark, record):
    benchmark.extra_info.update(record["extra_info"])
    benchmark.pedantic(lambda: None)

def test_other(benchmark):
    benchmark.pedantic(lambda: None)
"""


def test_a_file_that_pytest_benchmark_wrote_is_read(pytester: pytest.Pytester) -> None:
    pytest.importorskip("pytest_benchmark")
    write_json(pytester.path / "records.json", document(RUN))
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_measure=BENCHMARKS)
    pytester.makeini("[pytest]")
    words = ["-p", "no:cacheprovider", "-p", "no:fer_bench", "--benchmark-json=results.json"]
    assert pytester.runpytest_inprocess(*words).ret == 0
    written = json.loads((pytester.path / "results.json").read_text())
    assert len(written["benchmarks"]) == 5
    timer = ("timer", "perf_counter")
    assert read_run(written) == dataclasses.replace(RUN, environment=(*RUN.environment, timer))


# -- bad documents


def put(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Sets the value at a path such as ``fer_bench.protocol.cells.0.seed``."""
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]

    def damage(made: dict[str, Any]) -> None:
        place: Any = made
        for step in way:
            place = place[step]
        place[last] = value

    return damage


def drop(path: str) -> Callable[[dict[str, Any]], None]:
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]

    def damage(made: dict[str, Any]) -> None:
        place: Any = made
        for step in way:
            place = place[step]
        del place[last]

    return damage


EXTRA = f"benchmarks.0.extra_info.{KEY}"
SPEEDS = [f"benchmarks.{index}.extra_info.{KEY}" for index in (1, 2)]


def refused(damage: Callable[[dict[str, Any]], None], cause: str) -> None:
    made = copy.deepcopy(document(RUN))
    damage(made)
    with pytest.raises(FerBenchError) as raised:
        read_run(made, "old/results.json")
    text = str(raised.value)
    assert cause in text
    assert text.startswith("old/results.json: ")
    assert "\n" not in text


@pytest.mark.parametrize(
    ("damage", "cause"),
    [
        (drop("fer_bench"), "no 'fer_bench' at top level"),
        (put("fer_bench", []), ".fer_bench.schema is None"),
        (put("fer_bench.schema", SCHEMA + 1), f"schema is {SCHEMA + 1}, newer than {SCHEMA}"),
        (put("fer_bench.schema", 0), ".fer_bench.schema is 0"),
        (put("fer_bench.schema", "1"), ".fer_bench.schema is '1'"),
        (put("fer_bench.schema", True), ".fer_bench.schema is True"),
        (put(f"{EXTRA}.schema", SCHEMA + 1), f"extra_info.fer_bench.schema is {SCHEMA + 1}, newer"),
        (drop("fer_bench.cells"), ".fer_bench.cells is missing"),
        (drop("fer_bench.cells.1.reason"), ".fer_bench.cells[1].reason is missing"),
        (put("fer_bench.cells.0.status", "done"), ".cells[0].status is 'done'; accepted: 'ok'"),
        (put("fer_bench.cells.0.status", ["ok"]), ".cells[0].status is ['ok']"),
        (put("fer_bench.cells.0.seed", 1.5), ".cells[0].seed is 1.5; accepted: a whole number"),
        (put("fer_bench.cells.0.seed", True), ".cells[0].seed is True"),
        (put("fer_bench.cells.0.title", None), ".cells[0].title is None; accepted: a text"),
        (put("fer_bench.cells.0.parts", {}), ".cells[0].parts is {}; accepted: a list"),
        (put("fer_bench.cells.0.parameters", 3), ".cells[0].parameters is 3; accepted: an object"),
        (
            put("fer_bench.cells.1.id", "vggface-random-42"),
            "'vggface-random-42' for 'vggface-pretrained-42'",
        ),
        (put("fer_bench.protocol", []), ".protocol says None for 'epochs'"),
        (put("fer_bench.protocol.0.value", "many"), ".protocol says 'many' for 'epochs'"),
        (put("fer_bench.protocol.1.value", "0"), ".protocol says '0' for 'window'"),
        (drop("benchmarks"), "no list 'benchmarks' at top level"),
        (put("benchmarks", [1]), ".benchmarks[0] has no 'extra_info'"),
        (put("benchmarks.0.extra_info", None), ".benchmarks[0] has no 'extra_info'"),
        (put(f"{EXTRA}.kind", "colour"), "kind is 'colour'; accepted: quality, training"),
        (put(f"{EXTRA}.kind", ["quality"]), "kind is ['quality']"),
        (
            put(f"{EXTRA}.cell", "mini-pretrained-42"),
            "cell is 'mini-pretrained-42'; accepted: mini-random-42",
        ),
        (put(f"{EXTRA}.test_loss", math.nan), ".test_loss is nan; accepted: a finite number"),
        (put(f"{EXTRA}.test_loss", 10**400), ".test_loss is 1000"),
        (put(f"{EXTRA}.test_loss", "0.5"), ".test_loss is '0.5'"),
        (put(f"{EXTRA}.test_loss", True), ".test_loss is True"),
        (put(f"{EXTRA}.test_loss", None), ".test_loss is None"),
        (put(f"{EXTRA}.history.train_loss.2", math.inf), ".history.train_loss[2] is inf"),
        (put(f"{EXTRA}.history.running_loss", [1.0]), "running_loss holds 1 figures; accepted: 3"),
        (put(f"{EXTRA}.history.train_loss", [1.0] * 3), "train_loss holds 3 figures; accepted: 4"),
        (put(f"{EXTRA}.recall", [0.5]), "not of 2 classes"),
        (put(f"{EXTRA}.confusion", [[1, 2], [3]]), "not of 2 classes"),
        (put(f"{EXTRA}.confusion.0.0", 1.5), ".confusion[0][0] is 1.5"),
        (
            put(f"{EXTRA}.history.batch_validation_loss", [1.0]),
            "batch_validation_loss holds 1 figures; accepted: 4",
        ),
        (put(f"{EXTRA}.predictions.classes", "AAE"), ".predictions.classes is not base64"),
        (
            put(f"{EXTRA}.predictions.classes", "A\N{LATIN SMALL LETTER E WITH ACUTE}=="),
            "not base64",
        ),
        (put(f"{EXTRA}.predictions.classes", "AAE="), "classes holds 2 bytes; accepted: 4"),
        (put(f"{EXTRA}.predictions.classes", "AAECAA=="), "classes holds 2; accepted: 0 to 1"),
        (put(f"{EXTRA}.predictions.classes", ""), "predictions of 0 of 4 test images"),
        (put(f"{EXTRA}.predictions.confidences", "AAE="), "holds 2 bytes; accepted: 8"),
        (put("fer_bench.dataset.test_labels", "AA=="), "test_labels holds 1 bytes; accepted: 4"),
        (put("fer_bench.dataset.test_twins", "AA=="), "test_twins holds 1 bytes; accepted: 4"),
        (put("fer_bench.dataset.test_twins", "BAAAAA=="), "test_twins holds 4; accepted: 0 to 3"),
        (put("fer_bench.dataset.test_votes", "AAA="), "test_votes holds 2 bytes; accepted: 4"),
        (
            put("fer_bench.dataset.test_votes", "AgD//w=="),
            "dataset.test_votes holds 2; accepted: 0 to 1, or 255",
        ),
        (put("fer_bench.dataset.test_votes", None), ".test_votes is None; accepted: a text"),
        (
            put("fer_bench.dataset.left_out.0.images", -1),
            "'copies of other images' is -1; accepted: 0",
        ),
        (put("fer_bench.dataset.left_out", {}), ".left_out is {}; accepted: a list"),
        (
            put("fer_bench.dataset.left_out", [{"why": "empty", "images": 1}] * 2),
            "have the name 'empty'; accepted: each",
        ),
        (put("fer_bench.examples.0.pixels", ""), "[0].pixels holds 0 bytes; accepted: 2"),
        (put(f"{EXTRA}.predictions.confidences", ""), "confidences of 0 of 4 test images"),
        (put("fer_bench.examples.0.position", 4), "[0].position is 4; accepted: 0 to 3"),
        (put("fer_bench.examples.0.height", -1), "[0] is -1 x 2 pixels"),
        (put("fer_bench.examples.0.pixels", "AAAA"), "[0].pixels holds 3 bytes; accepted: 2"),
    ],
)
def test_a_bad_document_is_an_error_of_one_line(
    damage: Callable[[dict[str, Any]], None], cause: str
) -> None:
    refused(damage, cause)


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize(
    ("place", "value", "cause"),
    [
        ("", 3, ".reference is 3; accepted: an object"),
        ("", [[1.0], [1.0]], ".reference is [[1.0], [1.0]]; accepted: an object"),
        ("", {"matrix_product": [1.0]}, ".reference.convolution is missing"),
        (".matrix_product", 0.004, ".reference.matrix_product is 0.004; accepted: a list"),
        (".matrix_product.1", math.nan, "matrix_product[1] is nan; accepted: a finite number"),
        (".convolution.0", "0.003", "convolution[0] is '0.003'; accepted: a finite number"),
        (".convolution.0", None, "convolution[0] is None; accepted: a finite number"),
        (".matrix_product", [], "'mini-random-42': reference.matrix_product: seconds is []"),
        (".convolution.1", 0, "'mini-random-42': reference.convolution holds 0.0; accepted: times"),
    ],
)
def test_a_bad_reference_is_an_error_of_one_line(
    speed: str, place: str, value: Any, cause: str
) -> None:
    refused(put(f"{speed}.reference{place}", value), cause)


@pytest.mark.parametrize("other", [None, [], 3, "fer_bench", {}, {"benchmarks": []}])
def test_a_document_that_is_not_ours_is_refused(other: object) -> None:
    with pytest.raises(FerBenchError, match="no 'fer_bench' "):
        read_run(other)


def test_a_cell_twice_is_refused() -> None:
    made = document(RUN)
    made[KEY]["cells"].append(made[KEY]["cells"][0])
    with pytest.raises(FerBenchError, match="has 'mini-random-42' twice"):
        read_run(made)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_measure_twice_is_refused(index: int) -> None:
    made = document(RUN)
    made["benchmarks"].append(made["benchmarks"][index])
    with pytest.raises(FerBenchError, match="measures 'mini-random-42' again"):
        read_run(made)


def test_a_long_bad_value_is_shown_in_short() -> None:
    with pytest.raises(Mismatch) as raised:
        checked({"a": "x" * 500}, float, ".f")
    assert len(str(raised.value)) < 120


@pytest.mark.parametrize(("value", "kind"), [(1, bool), ("true", bool), (True, int), (True, float)])
def test_truth_is_no_number(value: object, kind: type) -> None:
    assert checked(True, bool) is True
    with pytest.raises(Mismatch, match="accepted: "):
        checked(value, kind, ".f")


# -- figures that must not be written


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_not_finite_is_not_recorded(bad: float) -> None:
    with pytest.raises(ValueError, match=r"\.test_loss is "):
        quality_record("a", dataclasses.replace(QUALITY, test_loss=bad))
    with pytest.raises(ValueError, match=r"\.seconds\[0\] is "):
        training_record("a", TrainingSpeed(1, (bad,), 1.0))
    with pytest.raises(ValueError, match=r"\.reference\.convolution\[1\] is "):
        training_record("a", TrainingSpeed(1, (1.0,), 1.0, Reference((1.0,), (1.0, bad))))
    with pytest.raises(ValueError, match=r"\.p99 is "):
        inference_record("a", InferenceSpeed(1, (1.0,), 1.0, bad, 1.0))


def test_an_unknown_status_is_not_recorded() -> None:
    cell = dataclasses.replace(RUN.cells[1], status="lost")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"\.cells\[0\]\.status is 'lost'"):
        run_record(dataclasses.replace(RUN, cells=(cell,)))


def test_write_json_writes_what_json_reads(tmp_path: Path) -> None:
    path = tmp_path / "report" / "results.json"
    write_json(path, document(RUN))
    assert read_run(json.loads(path.read_text())) == RUN


def test_write_json_refuses_nan_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "results.json", {"a": math.nan})
    assert list(tmp_path.iterdir()) == []


# -- older files


def unaudited(data: DatasetSummary) -> DatasetSummary:
    """What is left of a data set in a file from before twins and votes were known."""
    return dataclasses.replace(data, test_twins=b"", test_votes=b"", left_out=(), class_map="")


def without_references(run: Run) -> Run:
    """What is left of a run in a file from before references were measured."""

    def bare(cell: CellResult) -> CellResult:
        training = cell.training and dataclasses.replace(cell.training, reference=None)
        calls = tuple(dataclasses.replace(speed, reference=None) for speed in cell.inference)
        return dataclasses.replace(cell, training=training, inference=calls)

    return dataclasses.replace(run, cells=tuple(map(bare, run.cells)))


def without_conditions(run: Run) -> Run:
    """What is left of a run in a file from before it was known what computed a result."""
    cells = (dataclasses.replace(cell, computed_on=()) for cell in run.cells)
    return dataclasses.replace(run, cells=tuple(cells))


def test_a_file_from_before_it_was_known_what_computed_a_result() -> None:
    made = document(RUN)
    for cell in made[KEY]["cells"]:
        del cell["computed_on"]
    assert read_run(made) == without_conditions(RUN)


@pytest.mark.parametrize(
    ("options", "timer"),
    [
        ({"timer": "perf_counter"}, "perf_counter"),
        ({"timer": "time.process_time"}, "process_time"),
        ({"timer": None}, ""),
        ({}, ""),
        ("changed by a conftest.py", ""),
    ],
)
def test_an_older_file_tells_its_timer_in_the_part_of_pytest_benchmark(
    options: Any, timer: str
) -> None:
    made = document(RUN)
    for benchmark in made["benchmarks"]:
        # What scores the test images measures no speed.
        of_speed = benchmark["extra_info"][KEY]["kind"] != "quality"
        benchmark["options"] = options if of_speed else {"timer": "another"}
    facts = (*RUN.environment, ("timer", timer)) if timer else RUN.environment
    assert read_run(made).environment == facts
    made[KEY]["environment"].append({"name": "timer", "value": "monotonic"})
    assert dict(read_run(made).environment)["timer"] == "monotonic"


def test_a_file_from_before_references_were_measured_is_read_without_them() -> None:
    made = document(RUN)
    for benchmark in made["benchmarks"]:
        benchmark["extra_info"][KEY].pop("reference", None)
    assert read_run(made) == without_references(RUN)


def test_a_file_from_before_twins_and_votes_were_known_is_read_without_them() -> None:
    made = document(RUN)
    for key in ("test_twins", "test_votes", "left_out", "class_map"):
        del made[KEY]["dataset"][key]
    read = read_run(made)
    assert read == dataclasses.replace(RUN, dataset=unaudited(RUN.dataset))
    assert not len(read.dataset.twins)
    assert not len(read.dataset.votes)


def test_the_dataset_record_of_twins_and_votes() -> None:
    record = document(RUN)[KEY]["dataset"]
    assert record["test_twins"] == "AAMBAg=="
    assert record["test_votes"] == "AAH/AA=="
    assert record["left_out"] == [{"why": "copies of other images", "images": 5}]
    assert record["class_map"] == "rafdb"
    assert RUN.dataset.twins.tolist() == [0, 3, 1, 2]
    assert RUN.dataset.votes.tolist() == [0, 1, 255, 0]


def test_a_file_of_schema_1_is_read_without_what_it_lacks() -> None:
    read = read_run(as_schema_1(RUN))
    timed, skipped = without_conditions(without_references(RUN)).cells
    assert read == dataclasses.replace(
        RUN,
        dataset=dataclasses.replace(unaudited(RUN.dataset), split_digest="", test_labels=b""),
        examples=(),
        cells=(
            dataclasses.replace(timed, quality=dataclasses.replace(QUALITY, predictions=None)),
            skipped,
        ),
    )


@pytest.mark.parametrize(
    ("damage", "cause"),
    [
        (put("fer_bench.cells", 3), ".cells is 3; accepted: a list"),
        (put("fer_bench.cells.0", 3), ".cells[0] is 3; accepted: an object"),
        (drop("fer_bench.cells.0.id"), "has 'None-42' for 'mini-random-42'"),
        (put("fer_bench.dataset", None), ".dataset is None"),
        (put(f"{EXTRA}.cell", 3), ".cell is 3"),
        (put(f"{EXTRA}.history", 3), ".history is 3"),
    ],
)
def test_a_bad_file_of_schema_1_is_an_error_of_one_line(
    damage: Callable[[dict[str, Any]], None], cause: str
) -> None:
    made = as_schema_1(RUN)
    damage(made)
    with pytest.raises(FerBenchError) as raised:
        read_run(made)
    assert cause in str(raised.value)
