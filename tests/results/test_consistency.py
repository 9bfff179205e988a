"""Consistency of the parts of a run, and ranges of its metrics."""

import dataclasses
import math

import numpy as np
import pytest
from made_runs import LABELS, NAMES, line, made_cell, made_history, made_run

from fer_bench.report import Report
from fer_bench.results.consistency import check_run
from fer_bench.results.quality import Predictions
from fer_bench.results.records import Parameters
from fer_bench.results.speeds import InferenceSpeed, Reference, TrainingSpeed
from fer_bench.results.type_checks import Mismatch

CELL = made_cell("mini", "random", 0.5, speed=100.0, parts=(("training", 1.0),))
RUN = made_run(CELL)
HISTORY = CELL.quality.history
COUNTS = CELL.quality.confusion
MOVED = ((COUNTS[0][0] - 1, COUNTS[0][1] + 1, *COUNTS[0][2:]), *COUNTS[1:])
SAID = CELL.quality.predictions


def with_cell(**changes):
    return dataclasses.replace(RUN, cells=(dataclasses.replace(CELL, **changes),))


def with_quality(**changes):
    return with_cell(quality=dataclasses.replace(CELL.quality, **changes))


def with_history(name, place, value):
    series = list(getattr(HISTORY, name))
    series[place] = value
    return with_quality(history=dataclasses.replace(HISTORY, **{name: tuple(series)}))


def with_data(**changes):
    return dataclasses.replace(RUN, dataset=dataclasses.replace(RUN.dataset, **changes))


def with_speed(**changes):
    return with_cell(training=dataclasses.replace(CELL.training, **changes))


def with_inference(**changes):
    return with_cell(inference=(dataclasses.replace(CELL.inference[0], **changes),))


def with_settings(protocol):
    return dataclasses.replace(RUN, protocol=tuple(protocol))


def test_a_run_that_fits_passes():
    check_run(RUN)


def test_what_an_older_file_does_not_record_is_not_missed():
    check_run(
        dataclasses.replace(
            with_quality(predictions=None),
            dataset=dataclasses.replace(RUN.dataset, test_labels=b"", split_digest=""),
        )
    )


@pytest.mark.parametrize("spare", [5e-10, -5e-10])
def test_running_means_may_miss_their_bounds_by_rounding(spare):
    check_run(with_history("running_accuracy", 0, 1 + spare if spare > 0 else spare))


TIMES = "times and speeds above 0"


@pytest.mark.parametrize(
    ("run", "problem", "accepted"),
    [
        (with_quality(test_accuracy=1.5), "mini-random-42': test_accuracy is 1.5", "0 to 1"),
        (with_quality(test_accuracy=0.6), "test_accuracy is 0.6", f"{CELL.quality.test_accuracy}"),
        (with_quality(test_loss=-1.0), "test_loss is -1.0", "0 or more"),
        (with_history("running_accuracy", 19, 7.0), "running_accuracy[19] is 7.0", "0 to 1"),
        (
            with_history("validation_accuracy", 3, -0.1),
            "history.validation_accuracy[3] is -0.1",
            "",
        ),
        (with_history("train_loss", 0, -0.5), "history.train_loss[0] is -0.5", "0 or more"),
        (
            with_quality(
                history=dataclasses.replace(HISTORY, batch_validation_accuracy=(0.5,) * 21)
            ),
            "one of batch_validation_accuracy and batch_validation_loss",
            "both or neither",
        ),
        (with_quality(confusion=((-1, *COUNTS[0][1:]), *COUNTS[1:])), "in confusion is -1", "0 to"),
        (with_quality(confusion=((0,) * 7,) * 7), "confusion counts 0 images", "3585"),
        (with_quality(confusion=(COUNTS[1], COUNTS[0], *COUNTS[2:])), "confusion", "test labels"),
        (with_quality(recall=(0.9, *CELL.quality.recall[1:])), "recall[0] is 0.9", "0."),
        (with_quality(recall=(None, *CELL.quality.recall[1:])), "recall[0] is None", "0."),
        (
            with_quality(predictions=Predictions(SAID.classes, bytes(2 * len(LABELS)))),
            "confidence of a prediction is 0.00000",
            "1/7 to 1",
        ),
        (
            with_quality(predictions=dataclasses.replace(SAID, second_classes=SAID.classes)),
            "the two most probable classes of an image are the same",
            "two classes",
        ),
        (
            with_quality(predictions=Predictions(SAID.classes[::-1], SAID.confidences)),
            "confusion differs from predictions",
            "",
        ),
        (
            with_quality(
                confusion=MOVED,
                test_accuracy=CELL.quality.test_accuracy - 1 / len(LABELS),
                recall=(MOVED[0][0] / sum(MOVED[0]), *CELL.quality.recall[1:]),
            ),
            "confusion differs from predictions",
            "",
        ),
        (with_data(train=0), "dataset.train is 0", "1 to"),
        (with_data(validation=-5), "dataset.validation is -5", "1 to"),
        (with_data(counts=(("Happy", 1), ("Happy", 2))), "2 classes have the name 'Happy'", "once"),
        (with_data(counts=(("Angry", -1), *RUN.dataset.counts[1:])), "images of 'Angry' is -1", ""),
        (with_settings([*RUN.protocol, RUN.protocol[0]]), "2 settings have the name 'split'", ""),
        (
            with_settings(one for one in RUN.protocol if one.name != "initial"),
            "the protocol has no 'initial'",
            "all its settings",
        ),
        (with_cell(parameters=Parameters(-3, 1, 1)), "parameters.backbone of 'mini-random-42'", ""),
        (with_cell(parameters=Parameters(10**400, 1, 1)), "parameters.backbone of", "0 to"),
        (with_cell(parts=(("training", -1.0),)), "seconds of 'training' of 'mini-random-42'", "0"),
        (with_speed(seconds=()), "training of 'mini-random-42': seconds is []", "at least one"),
        (with_speed(seconds=(1.0, -1.0)), "training of 'mini-random-42' contains -1.0", TIMES),
        (with_speed(images_per_second=0.0), "training of 'mini-random-42' contains 0.0", TIMES),
        (with_speed(images=0), "training of 'mini-random-42': images is 0", "1 to"),
        (
            with_speed(reference=Reference((), (1.0,))),
            "training of 'mini-random-42': reference.matrix_product: seconds is []",
            "at least one",
        ),
        (
            with_speed(reference=Reference((1.0,), (1.0, 0.0))),
            "training of 'mini-random-42': reference.convolution contains 0.0",
            TIMES,
        ),
        (
            with_inference(reference=Reference((1.0,), ())),
            "inference of 'mini-random-42': reference.convolution: seconds is []",
            "at least one",
        ),
        (
            with_inference(reference=Reference((-1.0,), (1.0,))),
            "inference of 'mini-random-42': reference.matrix_product contains -1.0",
            TIMES,
        ),
        (with_inference(batch_size=0), "inference of 'mini-random-42': batch_size is 0", "1 to"),
        (with_inference(seconds=()), "inference of 'mini-random-42': seconds is []", "one"),
        (with_inference(median=0.0), "inference of 'mini-random-42' contains 0.0", TIMES),
        (with_inference(p99=-1.0), "inference of 'mini-random-42' contains -1.0", TIMES),
    ],
)
def test_what_does_not_fit_is_reported(run, problem, accepted):
    with pytest.raises(Mismatch) as raised:
        check_run(run)
    assert problem in raised.value.problem
    assert accepted in raised.value.accepted
    assert "\n" not in str(raised.value)


# -- what is allowed must not trouble the report


def test_a_class_without_test_images():
    kept = LABELS != 1
    labels = LABELS[kept].astype(np.uint8)
    said = SAID.predicted[kept]
    confidences = np.full(len(labels), 40000, "<u2").tobytes()
    counts = tuple((0,) * 7 if label == 1 else row for label, row in enumerate(COUNTS))
    quality = dataclasses.replace(
        CELL.quality,
        confusion=counts,
        recall=(CELL.quality.recall[0], None, *CELL.quality.recall[2:]),
        test_accuracy=float((said == labels).mean()),
        predictions=Predictions(said.tobytes(), confidences),
    )
    data = dataclasses.replace(RUN.dataset, test=len(labels), test_labels=labels.tobytes())
    run = dataclasses.replace(
        RUN,
        dataset=data,
        cells=(
            dataclasses.replace(CELL, quality=quality),
            dataclasses.replace(CELL, init="pretrained", quality=quality),
        ),
    )
    check_run(run)
    assert f"{NAMES[1]} 0" in Report.of(run).files["tables.md"]


def test_one_seed_with_and_one_without_series_by_batch():
    history = made_history(validation=line(0.1, 0.4, 20))
    both = dataclasses.replace(
        history,
        batch_validation_accuracy=history.validation_accuracy,
        batch_validation_loss=(0.0,) * 21,
    )
    run = made_run(
        made_cell("mobilenet", "random", history=both),
        made_cell("mobilenet", "random", seed=43, history=history),
    )
    check_run(run)
    assert "MobileNet random" in Report.of(run).files["tables.md"]


def test_the_smallest_times_and_losses_pass():
    smallest = math.ulp(0.0)
    reference = Reference((smallest,), (smallest,))
    check_run(
        with_cell(
            training=TrainingSpeed(1, (smallest,), smallest, reference),
            inference=(InferenceSpeed(1, (smallest,), smallest, None, smallest, reference),),
        )
    )
