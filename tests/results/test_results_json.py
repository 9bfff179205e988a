from __future__ import annotations

import copy
import dataclasses
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from budget import examples
from hypothesis import given, settings
from made_runs import as_schema_1, document, made_settings
from random_runs import EPOCHS, NEEDED, runs

from fer_bench.protocol.settings import Protocol
from fer_bench.results import (
    KEY,
    json_text,
    measure_record,
    read_run,
    run_record,
    write_json,
)
from fer_bench.results.quality import History, Predictions, Quality
from fer_bench.results.records import SCHEMA, CellResult, DatasetSummary, Example, Parameters, Run
from fer_bench.results.speeds import InferenceSpeed, Reference, TrainingSpeed
from fer_bench.results.type_checks import Mismatch, convert
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Callable

    from syrupy.assertion import SnapshotAssertion

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
    assert measure_record("mini-random-42", QUALITY) == {
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
        "predictions": {"classes": "AAEAAA==", "confidences": "//8AgADAAJA=", "second_classes": ""},
    }


def test_the_speed_records_key_by_key() -> None:
    assert measure_record("a", TrainingSpeed(28, (0.5,), 56.0, REFERENCE)) == {
        "schema": SCHEMA,
        "kind": "training",
        "cell": "a",
        "images": 28,
        "seconds": [0.5],
        "images_per_second": 56.0,
        "reference": {"matrix_product": [0.004, 0.005], "convolution": [0.003, 0.002]},
    }
    assert measure_record("a", InferenceSpeed(1, (0.5,), 0.5, None, 2.0)) == {
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


def test_the_file_of_a_run(snapshot: SnapshotAssertion) -> None:
    assert json_text(document(RUN)) == snapshot


def test_a_result_of_numpy_is_written_as_a_number_of_python() -> None:
    quality = dataclasses.replace(QUALITY, test_loss=np.float64(1.5))
    record = measure_record("a", quality)
    assert type(record["test_loss"]) is float
    assert record == measure_record("a", QUALITY)


def test_the_complete_default_protocol_comes_back() -> None:
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
    """Set the value at a path such as ``fer_bench.protocol.cell.0.seed``."""
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


def refusal(made: dict[str, Any]) -> FerBenchError:
    with pytest.raises(FerBenchError) as raised:
        read_run(made, "old/results.json")
    assert raised.value.path == Path("old/results.json")
    assert "\n" not in str(raised.value)
    return raised.value


def refused(damage: Callable[[dict[str, Any]], None], problem: str, accepted: str = "") -> None:
    made = copy.deepcopy(document(RUN))
    damage(made)
    error = refusal(made)
    assert problem in error.problem
    assert accepted in error.accepted


CELL, DATASET = "fer_bench.cells.0", "fer_bench.dataset"


@pytest.mark.parametrize(
    ("damage", "problem", "accepted"),
    [
        (drop("fer_bench"), "no 'fer_bench' at top level", ""),
        (put("fer_bench", []), ".fer_bench.schema is None", f"1 to {SCHEMA}"),
        (put("fer_bench.schema", SCHEMA + 1), f".fer_bench.schema is {SCHEMA + 1}", "1 to"),
        (put("fer_bench.schema", 0), ".fer_bench.schema is 0", "1 to"),
        (put("fer_bench.schema", "1"), ".fer_bench.schema is '1'", "1 to"),
        (put("fer_bench.schema", True), ".fer_bench.schema is True", "1 to"),
        (put("fer_bench.schema", 1.0), ".fer_bench.schema is 1.0", "1 to"),
        (put(f"{EXTRA}.schema", SCHEMA + 1), f"extra_info.fer_bench.schema is {SCHEMA + 1}", ""),
        (drop("fer_bench.cells"), ".fer_bench.cells is missing", ""),
        (drop(f"{CELL}.id"), ".fer_bench.cells[0].id is None", "'mini-random-42'"),
        (drop("fer_bench.cells.1.reason"), ".fer_bench.cells[1].reason is missing", ""),
        (put(f"{CELL}.status", "done"), ".cells[0].status is 'done'", "'ok', 'skipped', 'failed'"),
        (put(f"{CELL}.status", ["ok"]), ".cells[0].status is ['ok']", "'ok'"),
        (put(f"{CELL}.status", None), ".cells[0].status is None", "'ok'"),
        (put(f"{CELL}.status", "x - at `$.y`"), ".cells[0].status is 'x - at `$.y`'", "'ok'"),
        (put(f"{CELL}.status", "\ud800"), ".cells[0].status is '\\ud800'", "'ok'"),
        (put(f"{CELL}.source", "lost"), ".cells[0].source is 'lost'", "'store', or null"),
        (put(f"{CELL}.seed", 1.5), ".cells[0].seed is 1.5", "an integer"),
        (put(f"{CELL}.seed", 42.0), ".cells[0].seed is 42.0", "an integer"),
        (put(f"{CELL}.seed", "42"), ".cells[0].seed is '42'", "an integer"),
        (put(f"{CELL}.seed", True), ".cells[0].seed is True", "an integer"),
        (put(f"{CELL}.title", None), ".cells[0].title is None", "a string"),
        (put(f"{CELL}.parts", {}), ".cells[0].parts is {}", "a list"),
        (put(f"{CELL}.parts.0", ["prefix", 1.5]), ".parts[0] is ['prefix', 1.5]", "an object"),
        (put(f"{CELL}.parts.0.seconds", math.nan), ".parts[0].seconds is nan", "a finite number"),
        (drop(f"{CELL}.parts.0.name"), ".cells[0].parts[0].name is missing", ""),
        (put(f"{CELL}.parameters", 3), ".cells[0].parameters is 3", "an object, or null"),
        (put(f"{CELL}.parameters.head", 3.0), ".parameters.head is 3.0", "an integer"),
        (drop(f"{CELL}.parameters.head"), ".cells[0].parameters.head is missing", ""),
        (
            put("fer_bench.cells.1.id", "vggface-random-42"),
            ".cells[1].id is 'vggface-random-42'",
            "'vggface-pretrained-42'",
        ),
        (put("fer_bench.protocol", []), ".protocol: 'epochs' is None", "an integer from 1"),
        (put("fer_bench.protocol.0.value", "many"), ".protocol: 'epochs' is 'many'", "from 1"),
        (put("fer_bench.protocol.1.value", "0"), ".protocol: 'window' is '0'", "from 1"),
        (put("fer_bench.protocol.1.value", 5), ".protocol[1].value is 5", "a string"),
        (drop("benchmarks"), ".benchmarks is None", "a list"),
        (put("benchmarks", [1]), ".benchmarks[0].extra_info is None", "an object"),
        (put("benchmarks.0.extra_info", None), ".benchmarks[0].extra_info is None", "an object"),
        (put(f"{EXTRA}.kind", "colour"), "kind is 'colour'", "'quality', 'training', 'inference'"),
        (put(f"{EXTRA}.kind", ["quality"]), "kind is ['quality']", "'training'"),
        (
            put(f"{EXTRA}.cell", "mini-pretrained-42"),
            "cell is 'mini-pretrained-42'",
            "mini-random-42, vggface-pretrained-42",
        ),
        (put(f"{EXTRA}.test_loss", math.nan), ".test_loss is nan", "a finite number"),
        (put(f"{EXTRA}.test_loss", 10**400), ".test_loss is 1000", "a finite number"),
        (put(f"{EXTRA}.test_loss", "0.5"), ".test_loss is '0.5'", "a finite number"),
        (put(f"{EXTRA}.test_loss", True), ".test_loss is True", "a finite number"),
        (put(f"{EXTRA}.test_loss", None), ".test_loss is None", "a finite number"),
        (drop(f"{EXTRA}.test_loss"), ".extra_info.fer_bench.test_loss is missing", ""),
        (drop(f"{EXTRA}.predictions"), ".extra_info.fer_bench.predictions is missing", ""),
        (drop(f"{EXTRA}.history.batch_validation_loss"), ".batch_validation_loss is missing", ""),
        (put(f"{EXTRA}.history.train_loss.2", math.inf), ".history.train_loss[2] is inf", "finite"),
        (put(f"{EXTRA}.history.running_loss", [1.0]), "running_loss has 1 values", "3"),
        (put(f"{EXTRA}.history.train_loss", [1.0] * 3), "train_loss has 3 values", "4"),
        (put(f"{EXTRA}.recall", [0.5]), ".recall has 1 values", "2"),
        (put(f"{EXTRA}.recall.1", "0.5"), ".recall[1] is '0.5'", "a finite number, or null"),
        (put(f"{EXTRA}.confusion", [[1, 2], [3]]), ".confusion[1] has 1 values", "2"),
        (put(f"{EXTRA}.confusion", []), ".confusion has 0 values", "2"),
        (put(f"{EXTRA}.confusion.0.0", 1.5), ".confusion[0][0] is 1.5", "an integer"),
        (put(f"{EXTRA}.confusion.0.0", 3.0), ".confusion[0][0] is 3.0", "an integer"),
        (
            put(f"{EXTRA}.history.batch_validation_loss", [1.0]),
            "batch_validation_loss has 1 values",
            "4",
        ),
        (put(f"{EXTRA}.predictions.classes", "AAE"), ".predictions.classes is 'AAE'", "base64"),
        (put(f"{EXTRA}.predictions.classes", "AAEAAA==\n"), ".predictions.classes is", "base64"),
        (put(f"{EXTRA}.predictions.classes", "A\xe9=="), ".predictions.classes is", "base64"),
        (put(f"{EXTRA}.predictions.classes", "\ud800==="), ".predictions.classes is", "base64"),
        (put(f"{EXTRA}.predictions.classes", [0, 1, 0, 0]), ".predictions.classes is [0", "base64"),
        (put(f"{EXTRA}.predictions.classes", "AAE="), ".predictions: 2 predictions need 4 by", ""),
        (
            put(f"{EXTRA}.predictions", {"classes": "AAE=", "confidences": "//8AgA=="}),
            ".predictions.classes has 2 bytes",
            "4",
        ),
        (put(f"{EXTRA}.predictions.classes", "AAECAA=="), "classes contains 2", "0 to 1"),
        (
            put(f"{EXTRA}.predictions", {"classes": "", "confidences": ""}),
            ".predictions.classes has 0 bytes",
            "4",
        ),
        (put(f"{EXTRA}.predictions.confidences", "AAE="), ".predictions: 4 predictions need 8", ""),
        (drop(f"{DATASET}.classes"), ".dataset.classes is missing", ""),
        (drop(f"{DATASET}.test_labels"), ".dataset.test_labels is missing", ""),
        (put(f"{DATASET}.classes.1.images", "10"), ".classes[1].images is '10'", "an integer"),
        (put(f"{DATASET}.test_labels", "AA=="), "test_labels has 1 bytes", "4"),
        (put(f"{DATASET}.test_twins", "AA=="), "test_twins has 1 bytes", "4"),
        (put(f"{DATASET}.test_twins", "BAAAAA=="), "test_twins contains 4", "0 to 3"),
        (put(f"{DATASET}.test_votes", "AAA="), "test_votes has 2 bytes", "4"),
        (put(f"{DATASET}.test_votes", "AgD//w=="), "dataset.test_votes contains 2", "0 to 1, or"),
        (put(f"{DATASET}.test_votes", None), ".test_votes is None", "base64"),
        (put(f"{DATASET}.left_out.0.images", -1), "'copies of other images' is -1", "0 to"),
        (put(f"{DATASET}.left_out", {}), ".left_out is {}", "a list"),
        (
            put(f"{DATASET}.left_out", [{"why": "empty", "images": 1}] * 2),
            "have the name 'empty'",
            "each name once",
        ),
        (put("fer_bench.examples.0.pixels", ""), "[0].pixels has 0 bytes", "2"),
        (put("fer_bench.examples.0.position", 4), "[0].position is 4", "0 to 3"),
        (put("fer_bench.examples.0.height", -1), "[0].height is -1", "1 to"),
        (put("fer_bench.examples.0.width", 10**4000), "[0].width is 1000", "1 to"),
        (put("fer_bench.examples.0.pixels", "AAAA"), "[0].pixels has 3 bytes", "2"),
    ],
)
def test_a_bad_document_is_an_error_of_one_line(
    damage: Callable[[dict[str, Any]], None], problem: str, accepted: str
) -> None:
    refused(damage, problem, accepted)


def test_a_file_of_a_newer_schema_needs_a_newer_fer_bench() -> None:
    made = document(RUN)
    made[KEY]["schema"] = SCHEMA + 1
    assert refusal(made).hint == "update fer_bench"


def test_no_class_and_no_labels() -> None:
    made = document(RUN)
    made[KEY]["dataset"] |= {"classes": [], "test_labels": ""}
    error = refusal(made)
    assert (error.problem, error.accepted) == (
        ".fer_bench.dataset.classes is []",
        "at least one class",
    )


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize(
    ("place", "value", "problem", "accepted"),
    [
        ("", 3, ".reference is 3", "an object, or null"),
        ("", [[1.0], [1.0]], ".reference is [[1.0], [1.0]]", "an object"),
        ("", {"matrix_product": [1.0]}, ".reference.convolution is missing", ""),
        (".matrix_product", 0.004, ".reference.matrix_product is 0.004", "a list"),
        (".matrix_product.1", math.nan, "matrix_product[1] is nan", "a finite number"),
        (".convolution.0", "0.003", "convolution[0] is '0.003'", "a finite number"),
        (".convolution.0", None, "convolution[0] is None", "a finite number"),
        (".matrix_product", [], "'mini-random-42': reference.matrix_product: seconds is []", "one"),
        (".convolution.1", 0, "'mini-random-42': reference.convolution contains 0.0", "above 0"),
    ],
)
def test_a_bad_reference_is_an_error_of_one_line(
    speed: str, place: str, value: Any, problem: str, accepted: str
) -> None:
    refused(put(f"{speed}.reference{place}", value), problem, accepted)


@pytest.mark.parametrize("other", [None, [], 3, "fer_bench", {}, {"benchmarks": []}])
def test_a_document_that_is_not_ours_is_refused(other: object) -> None:
    with pytest.raises(FerBenchError, match="no 'fer_bench' "):
        read_run(other)


def test_a_cell_twice_is_refused() -> None:
    made = document(RUN)
    made[KEY]["cells"].append(made[KEY]["cells"][0])
    with pytest.raises(FerBenchError, match=r"cells\[2\]: 'mini-random-42' is listed twice"):
        read_run(made)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_measure_twice_is_refused(index: int) -> None:
    made = document(RUN)
    made["benchmarks"].append(made["benchmarks"][index])
    with pytest.raises(FerBenchError, match="measures 'mini-random-42' again"):
        read_run(made)


@dataclasses.dataclass(frozen=True)
class Values:
    number: float = 0.0
    flag: bool = False


def test_a_long_bad_value_is_shown_in_short() -> None:
    with pytest.raises(Mismatch) as raised:
        convert({"number": {"a": "x" * 500}, "flag": True}, Values, ".f")
    assert raised.value.problem.startswith(".f.number is {'a': 'xxx")
    assert len(str(raised.value)) < 120


@pytest.mark.parametrize("key", ["number", "flag"])
def test_a_key_may_not_be_missing_even_if_its_field_has_a_default(key: str) -> None:
    value = {"number": 1, "flag": True}
    assert convert(value, Values) == Values(1.0, True)
    del value[key]
    with pytest.raises(Mismatch, match=rf"^\.{key} is missing$"):
        convert(value, Values)


@pytest.mark.parametrize(
    ("key", "value"), [("flag", 1), ("flag", "true"), ("number", True), ("number", "1")]
)
def test_nothing_is_coerced_but_integers_to_floats(key: str, value: object) -> None:
    with pytest.raises(Mismatch, match=rf"^\.f\.{key} is {value!r}; accepted: "):
        convert({"number": 1.0, "flag": True, key: value}, Values, ".f")


# -- figures that must not be written


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_not_finite_is_not_recorded(bad: float) -> None:
    with pytest.raises(ValueError, match=r"\.test_loss is "):
        measure_record("a", dataclasses.replace(QUALITY, test_loss=bad))
    with pytest.raises(ValueError, match=r"\.seconds\[0\] is "):
        measure_record("a", TrainingSpeed(1, (bad,), 1.0))
    with pytest.raises(ValueError, match=r"\.reference\.convolution\[1\] is "):
        measure_record("a", TrainingSpeed(1, (1.0,), 1.0, Reference((1.0,), (1.0, bad))))
    with pytest.raises(ValueError, match=r"\.p99 is "):
        measure_record("a", InferenceSpeed(1, (1.0,), 1.0, bad, 1.0))


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
    """Return a data set's record as written before duplicates and votes were recorded."""
    return dataclasses.replace(data, test_twins=b"", test_votes=b"", left_out=(), class_map="")


def without_references(run: Run) -> Run:
    """Return a run's record as written before references were measured."""

    def bare(cell: CellResult) -> CellResult:
        training = cell.training and dataclasses.replace(cell.training, reference=None)
        calls = tuple(dataclasses.replace(speed, reference=None) for speed in cell.inference)
        return dataclasses.replace(cell, training=training, inference=calls)

    return dataclasses.replace(run, cells=tuple(map(bare, run.cells)))


def without_conditions(run: Run) -> Run:
    """Return a run's record as written before the computing machine was recorded."""
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
def test_an_older_file_shows_its_timer_in_the_part_of_pytest_benchmark(
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


def test_a_file_from_before_duplicates_and_votes_were_known_is_read_without_them() -> None:
    made = document(RUN)
    for key in ("test_twins", "test_votes", "left_out", "class_map"):
        del made[KEY]["dataset"][key]
    read = read_run(made)
    assert read == dataclasses.replace(RUN, dataset=unaudited(RUN.dataset))
    assert not len(read.dataset.twins)
    assert not len(read.dataset.votes)


def test_the_dataset_record_of_duplicates_and_votes() -> None:
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
    ("damage", "problem", "accepted"),
    [
        (put("fer_bench.cells", 3), ".cells is 3", "a list"),
        (put("fer_bench.cells.0", 3), ".cells[0] is 3", "an object"),
        (drop("fer_bench.cells.0.id"), ".cells[0].id is 'None-42'", "'mini-random-42'"),
        (put("fer_bench.dataset", None), ".dataset is None", "an object"),
        (put(f"{EXTRA}.cell", 3), ".cell is 3", "a string"),
        (put(f"{EXTRA}.history", 3), ".history is 3", "an object"),
    ],
)
def test_a_bad_file_of_schema_1_is_an_error_of_one_line(
    damage: Callable[[dict[str, Any]], None], problem: str, accepted: str
) -> None:
    made = as_schema_1(RUN)
    damage(made)
    error = refusal(made)
    assert problem in error.problem
    assert accepted in error.accepted


def test_a_history_is_as_long_as_the_protocol_unless_training_stopped_early() -> None:
    stopping = dataclasses.replace(RUN, protocol=made_settings(epochs=5, early_stopping=2))
    assert read_run(document(stopping)) == stopping
    made = document(stopping)
    made["benchmarks"][0]["extra_info"][KEY]["history"]["train_loss"].append(1.0)
    assert "train_loss has 5 values" in refusal(made).problem
    longer = dataclasses.replace(RUN, protocol=made_settings(epochs=2, early_stopping=2))
    assert "running_accuracy has 3 values" in refusal(document(longer)).problem
    every = dataclasses.replace(RUN, protocol=made_settings(epochs=5))
    assert "running_accuracy has 3 values" in refusal(document(every)).problem


def test_settings_of_a_file_from_before_the_papers_convention_are_those_of_today() -> None:
    run = dataclasses.replace(RUN, protocol=made_settings(epochs=3))
    older = document(run)
    settings = {setting["name"]: setting for setting in older[KEY]["protocol"]}
    settings["metric_0"] |= {"value": "first-epoch and untrained", "why": "undefined"}
    settings["row_order"] |= {"value": "by the digests of the images", "why": "not stated"}
    settings["preprocessing"] |= {"value": "each network's own", "why": "scaling"}
    settings["head"] |= {"value": "flatten, then one softmax layer"}
    settings["input_size"]["value"] = (
        "48 for ResNet-50, MobileNet and mini, 96 for OpenFace, 224 for VGG-Face"
    )
    del settings["vggface_output"], settings["dropout"], settings["pooling"]
    for name in ("weight_decay", "schedule", "class_weight", "label_smoothing", "augment"):
        del settings[name]
    del settings["early_stopping"], settings["recipe"]
    older[KEY]["protocol"] = [*settings.values()]
    assert read_run(older) == run
    # What such a file has in their place is kept.
    settings["metric_0"]["value"] = "zero"
    (found,) = (one for one in read_run(older).protocol if one.name == "metric_0")
    assert (found.value, found.why) == ("zero", "undefined")
