"""Standard metrics of tested cells: values, intervals, and their record in results files."""

import dataclasses
import json

import numpy as np
import pytest
from made_runs import LABELS, NAMES, document, made_cell, made_run
from sklearn import metrics as sklearn

from fer_bench.analysis.seed_groups import group_cells
from fer_bench.results import KEY, read_run, run_record
from fer_bench.results.metric_estimates import OVERALL, estimate_metrics
from fer_bench.results.quality import Predictions
from fer_bench.runtime.errors import FerBenchError

SHARES = dict(zip(NAMES, [0.5, 0.1, 0.3, 0.8, 0.4, 0.6, 0.5], strict=True))


def made_tested(logits, seed=42):
    """Return a cell with the predictions of these logits."""
    predicted = logits.argmax(axis=1).astype(np.uint8)
    cell = made_cell("mobilenet", "random", predicted=predicted, seed=seed)
    quality = dataclasses.replace(cell.quality, predictions=Predictions.of(logits))
    return dataclasses.replace(cell, quality=quality)


def made_logits(seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(len(LABELS), 7)) + 1.5 * np.eye(7)[LABELS]


def estimates(*cells):
    run = made_run(*cells)
    return estimate_metrics(tuple(cell.quality for cell in run.cells), run.dataset)


def test_values_are_scikit_learns():
    logits = made_logits()
    found, predicted = estimates(made_tested(logits)), logits.argmax(axis=1)
    assert found.accuracy.value == pytest.approx(sklearn.accuracy_score(LABELS, predicted))
    assert found.top_2.value == pytest.approx(sklearn.top_k_accuracy_score(LABELS, logits, k=2))
    assert found.kappa.value == pytest.approx(sklearn.cohen_kappa_score(LABELS, predicted))
    assert found.mcc.value == pytest.approx(sklearn.matthews_corrcoef(LABELS, predicted))
    by_class = sklearn.precision_recall_fscore_support(LABELS, predicted)
    for values, name in zip(by_class, ("precision", "recall", "f1", "images"), strict=True):
        ours = [getattr(one, name) for one in found.classes]
        ours = [getattr(one, "value", one) for one in ours]
        assert ours == pytest.approx(values.tolist()), name


def test_the_calibration_error_by_hand():
    """All images have the confidence 1/2, and so the error is that of a single bin."""
    cell = made_cell("mobilenet", "random", SHARES)
    found = estimates(cell)
    assert found.ece.value == pytest.approx(abs(cell.quality.test_accuracy - 0.5), abs=1e-4)
    assert found.ece.low is None
    assert found.top_2.value is None, "these predictions lack second classes"


def test_intervals_contain_their_values():
    found = estimates(made_tested(made_logits()), made_tested(made_logits(1), seed=43))
    of_classes = [getattr(one, name) for one in found.classes for name in ("precision", "f1")]
    for one in [*(getattr(found, name) for name in OVERALL if name != "ece"), *of_classes]:
        assert one.low < one.value < one.high


def test_accuracy_has_the_interval_of_every_other_table():
    cells = [made_tested(made_logits()), made_tested(made_logits(1), seed=43)]
    for chosen in (cells[:1], cells):
        (group,) = group_cells(made_run(*chosen))
        found = estimates(*chosen).accuracy
        assert (found.low, found.high) == (group.score.interval.low, group.score.interval.high)
        assert found.value == pytest.approx(group.score.accuracy)


def test_a_constant_prediction_has_no_interval_where_all_resamples_agree():
    found = estimates(made_cell("mobilenet", "random", predicted=np.full_like(LABELS, 3, np.uint8)))
    assert found.balanced_accuracy.value == pytest.approx(1 / 7)
    assert found.balanced_accuracy.low is None
    assert found.macro_f1.low < found.macro_f1.value < found.macro_f1.high
    assert [one.precision.value is None for one in found.classes] == [True] * 3 + [False] + [
        True
    ] * 3
    happy = found.classes[3].recall
    assert (happy.value, happy.high) == (1.0, 1.0)
    assert 0.99 < happy.low < 1.0, "Wilson's, of all images of the class"


def without_predictions(cell):
    return dataclasses.replace(cell, quality=dataclasses.replace(cell.quality, predictions=None))


def test_without_predictions_the_confusion_matrix_of_one_seed_has_all_but_two():
    cell = made_cell("mobilenet", "random", SHARES)
    known, found = estimates(cell), estimates(without_predictions(cell))
    assert found == dataclasses.replace(known, ece=found.ece)
    assert found.ece.value is None
    several = estimates(*(without_predictions(made_cell("mini", "random", seed=n)) for n in (1, 2)))
    assert several.macro_f1.value is not None
    assert several.macro_f1.low is several.classes[0].recall.low is None


def test_equal_predictions_have_the_top_2_accuracy_of_their_own_second_classes():
    cell = made_cell("mobilenet", "random", SHARES)
    third = (LABELS + 2) % 7
    expected = (([], None), (LABELS.tolist(), 1.0), (third.tolist(), cell.quality.test_accuracy))
    cells = [
        (dataclasses.replace(cell, quality=with_second(cell.quality, second)), top_2)
        for second, top_2 in expected
    ]
    assert len({one.quality for one, _ in cells}) == 1
    for one, top_2 in cells:
        assert estimates(one).top_2.value == pytest.approx(top_2)


def with_second(quality, second):
    predictions = dataclasses.replace(quality.predictions, second_classes=bytes(second))
    return dataclasses.replace(quality, predictions=predictions)


def test_without_a_test_part_there_are_none():
    run = made_run(made_cell("mobilenet", "random"))
    data = dataclasses.replace(run.dataset, test=0)
    assert estimate_metrics((run.cells[0].quality,), data) is None


RUN = made_run(made_cell("mobilenet", "random", SHARES))


def recorded():
    made = document(RUN)
    made[KEY] = json.loads(json.dumps(run_record(RUN, with_metrics=True)))
    return made


def test_a_results_file_holds_the_metrics_of_each_tested_cell():
    (found,) = recorded()[KEY]["metrics"]
    assert found["cell"] == RUN.cells[0].id
    known = estimates(*RUN.cells)
    assert found["macro_f1"] == dataclasses.asdict(known.macro_f1)
    assert [one["name"] for one in found["classes"]] == list(NAMES)
    assert read_run(recorded()) == RUN
    old = recorded()
    del old[KEY]["metrics"]
    assert read_run(old) == RUN


@pytest.mark.parametrize(
    ("forge", "problem"),
    [
        (lambda found: found.update(cell="mini-random-1"), "metrics[0].cell is 'mini-random-1'"),
        (lambda found: found["kappa"].update(value=0.9), "metrics[0].kappa.value is 0.9"),
        (lambda found: found["kappa"].update(value=None), "metrics[0].kappa.value is None"),
        (lambda found: found.pop("mcc"), "metrics[0].mcc is missing"),
        (lambda found: found["classes"].pop(), "metrics[0].classes are of other classes"),
        (
            lambda found: found["classes"][2]["f1"].update(value=0.0),
            "metrics[0].classes[2].f1.value is 0.0",
        ),
    ],
)
def test_metrics_that_do_not_follow_from_the_confusion_matrix_are_refused(forge, problem):
    made = recorded()
    forge(made[KEY]["metrics"][0])
    with pytest.raises(FerBenchError) as caught:
        read_run(made)
    assert problem in caught.value.problem
