"""Data and scripts of the page's interactive charts."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from importlib import resources

import pytest
from eight_cells import make_run, without_figures
from page_parts import with_predictions

from fer_bench.analysis.run_analysis import analyse
from fer_bench.report.page.assets import MODULES, chart_library
from fer_bench.report.page.chart_data import Data, chart_data

LOSS = ("loss", "running")
VENDOR = resources.files("fer_bench.report.page") / "vendor"


@pytest.fixture(scope="module")
def made() -> Data:
    return chart_data([analyse(with_predictions(make_run()))])


def test_cells_are_those_of_the_run(made: Data) -> None:
    cells = make_run().cells
    assert [one["label"] for one in made["cells"]] == [cell.label for cell in cells]
    assert [one["series"] for one in made["cells"]] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert [one["init"] for one in made["cells"]] == [cell.init for cell in cells]
    trained = [cell.status == "ok" for cell in cells]
    assert [one["trained"] for one in made["cells"]] == trained
    assert not all(trained)


def test_curves_are_the_histories(made: Data) -> None:
    history = make_run().cells[0].quality.history  # type: ignore[union-attr]
    (only,) = made["sets"]
    curves = {(one["measure"], one["part"]): one for one in only["curves"] if one["cell"] == 0}
    for (measure, part), curve in curves.items():
        values = getattr(history, f"{part}_{measure}")
        assert curve["mean"] == pytest.approx(values, abs=1e-6)
        assert curve["first"] == 21 - len(values)
        assert "low" not in curve
        assert curve["figure"] == "figure-5-mobilenet"
    assert ("accuracy", "validation") in curves
    assert ("loss", "running") in curves


def test_several_seeds_have_a_range() -> None:
    run = make_run()
    cell = run.cells[0]
    assert cell.quality is not None
    quality = dataclasses.replace(cell.quality, test_accuracy=0.4)
    run = dataclasses.replace(
        run, cells=(cell, dataclasses.replace(cell, seed=43, quality=quality))
    )
    (made,) = chart_data([analyse(run)])["sets"]
    (point,) = made["tradeoffs"]["points"]
    assert point["range"] == [0.3541, 0.4]
    assert point["accuracy"] == pytest.approx(0.37705)
    assert all(one["low"] == one["mean"] == one["high"] for one in made["curves"])


def test_costs_and_speeds_are_those_of_the_cells(made: Data) -> None:
    found = made["sets"][0]["tradeoffs"]
    assert [one["name"] for one in found["costs"]] == [
        *("parameters", "training time", "inference time per image, batch of 32")
    ]
    assert found["batch"] == 32
    first = found["points"][0]
    assert first["cell"] == 0
    assert first["accuracy"] == 0.3541
    assert first["costs"] == pytest.approx([3_236_039, 150.0, 0.625])
    assert first["throughput"] == 1600.0
    assert [one["cell"] for one in found["points"]] == [0, 1, 3, 5, 7]


def test_metrics_of_classes_have_intervals_and_images(made: Data) -> None:
    first = made["sets"][0]["class_metrics"][0]
    assert first["cell"] == 0
    # All images are recognised, 10 of the first class, 20 of the second.
    assert [one["images"] for one in first["classes"]] == list(range(10, 80, 10))
    for one in first["classes"]:
        value, low, high = one["recall"]
        assert value == high == 1.0
        assert low == pytest.approx(one["images"] / (one["images"] + 1.959964**2), abs=1e-6)
        assert one["precision"] == one["recall"]
        assert one["f1"][0] == 1.0


def test_a_class_without_test_images_has_no_metrics() -> None:
    run = make_run()
    cell = run.cells[0]
    assert cell.quality is not None
    confusion = ((3, *[0] * 6), *[(0,) * 7] * 6)
    quality = dataclasses.replace(cell.quality, confusion=confusion)
    run = dataclasses.replace(run, cells=(dataclasses.replace(cell, quality=quality),))
    (made,) = chart_data([analyse(run)])["sets"]
    ((first, *others),) = [one["classes"] for one in made["class_metrics"]]
    assert first["recall"] == pytest.approx([1.0, 3 / (3 + 1.959964**2), 1.0], abs=1e-6)
    assert all(one["recall"] == [None] * 3 for one in others)


def test_numbers_that_are_not_finite_are_left_out() -> None:
    run = make_run()
    cell = run.cells[0]
    assert cell.quality is not None
    history = dataclasses.replace(
        cell.quality.history, running_loss=(math.inf, math.nan, *[1.0] * 18)
    )
    quality = dataclasses.replace(cell.quality, history=history)
    run = dataclasses.replace(run, cells=(dataclasses.replace(cell, quality=quality),))
    (made,) = chart_data([analyse(run)])["sets"]
    json.dumps(made, allow_nan=False)
    (curve,) = [one for one in made["curves"] if (one["measure"], one["part"]) == LOSS]
    assert curve["mean"][:3] == [None, None, 1.0]


def test_a_cell_of_two_sets_of_test_images_is_one() -> None:
    first, second = make_run(), make_run()
    second = dataclasses.replace(second, cells=second.cells[1:3])
    made = chart_data([analyse(first), analyse(second)], ["ferplus", "sketch"])
    assert len(made["cells"]) == len(first.cells)
    assert [one["suffix"] for one in made["sets"]] == ["-set-1", "-set-2"]
    assert [one["name"] for one in made["sets"]] == ["ferplus", "sketch"]
    assert {one["cell"] for one in made["sets"][1]["curves"]} == {1}
    assert [one["cell"] for one in made["sets"][1]["tradeoffs"]["points"]] == [1]
    assert made["sets"][1]["curves"][0]["figure"] == "figure-5-mobilenet-set-2"


def test_without_a_trained_cell_there_is_nothing_to_draw() -> None:
    cells = (without_figures("vggface", "random", "failed", "no memory"),)
    assert chart_data([analyse(dataclasses.replace(make_run(), cells=cells))]) == {}


def test_every_module_of_the_script_is_used() -> None:
    modules = (resources.files("fer_bench.report.page") / "javascript").iterdir()
    assert sorted(f"{name}.js" for name in MODULES) == sorted(one.name for one in modules)


def test_the_library_is_the_one_that_is_noted_and_has_its_licence() -> None:
    noted = (VENDOR / "README.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| `(\S+)` \|.*\| (\S+) \| MIT, \[(\S+)\].*`(\w{64})` \|$", noted, re.M)
    name, version, licence, digest = row
    assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest
    assert f"v{version}" in chart_library()[:100]
    assert "Chart.js Contributors" in (VENDOR / licence).read_text(encoding="utf-8")
    assert "sourceMappingURL" not in chart_library()
