"""Detection rate, and accuracy with undetected faces as errors."""

import pytest

from fer_bench.data import EMOTIONS
from fer_bench.metrics.intervals import wilson_interval
from fer_bench.predict.evaluation import evaluate, label_of
from fer_bench.predict.faces import Box
from fer_bench.predict.predictions import Prediction, Predictions
from fer_bench.runtime.errors import FerBenchError


def face(file, emotion, side=100, number=1):
    box = Box(0, 0, side, side)
    return Prediction(file, None, "face", "", number, box, 0.9, emotion, (0.9,), 0.8)


def found(*rows):
    return Predictions(rows, EMOTIONS, "mini", "ab", "mtcnn", 1.0)


def test_known_answer():
    result = evaluate(
        found(
            face("set/happy/1.jpg", "Happy"),
            face("set/happy/2.jpg", "Sad"),
            face("set/sad/3.jpg", "Happy", side=50),
            face("set/sad/3.jpg", "Sad", side=90, number=2),  # the largest face counts
            Prediction("set/sad/4.jpg", None, "no face"),
            Prediction("set/fear/5.jpg", None, "unreadable", "broken"),
            face("set/6.jpg", "Happy"),
        )
    )
    counts = [
        (share.hits, share.photos)
        for share in (result.detection_rate, result.accuracy, result.accuracy_of_detected)
    ]
    assert counts == [(3, 5), (2, 5), (2, 3)]
    assert result.unlabelled == 1
    assert result.accuracy.value == pytest.approx(0.4)
    assert result.accuracy.interval == wilson_interval(2, 5)


def test_nothing_detected():
    result = evaluate(found(Prediction("happy/1.jpg", None, "no face")))
    assert (result.accuracy.value, result.accuracy_of_detected) == (0, None)


def test_photos_without_labels_are_an_error():
    with pytest.raises(FerBenchError):
        evaluate(found(face("photos/1.jpg", "Happy")))


@pytest.mark.parametrize(
    ("file", "label"),
    [
        ("a/Happy/1.jpg", "Happy"),
        ("a/HAPPINESS/1.jpg", "Happy"),
        ("happy/sad/1.jpg", "Sad"),
        ("sad/part1/1.jpg", "Sad"),
        ("contempt/1.jpg", None),
        ("happy.jpg", None),
    ],
)
def test_the_nearest_directory_is_the_label(file, label):
    assert label_of(file, EMOTIONS) == label
