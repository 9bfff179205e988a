"""Images of another data set that the networks of a run are tested on, too."""

import numpy as np
import pytest

from fer_bench.data import Dataset
from fer_bench.data.cross_test import prepare_other
from fer_bench.runtime.errors import FerBenchError

CLASSES = ("Angry", "Happy", "Sad", "Neutral")
RANDOM = np.random.default_rng(1)
FACES = RANDOM.integers(0, 256, (12, 16, 16), dtype=np.uint8)
"""Noise, so that no two images are duplicates."""

TRAINING = Dataset(FACES[:6], np.array([0, 0, 1, 1, 2, 2], np.uint8), CLASSES, "own")
"""Without an image of the last class."""


def other(images, labels, classes, usage=None):
    codes = None if usage is None else np.array(usage, np.uint8)
    return Dataset(images, np.array(labels, np.uint8), classes, "other", codes)


def pixels(images):
    return sorted(image.tobytes() for image in images)


def test_classes_are_matched_by_name_in_any_order():
    source = other(FACES[6:10], [0, 0, 1, 1], ("Sad", "Angry"))
    found = prepare_other(source, TRAINING)
    assert found.dataset.classes == CLASSES
    for name, rows in (("Sad", [6, 7]), ("Angry", [8, 9])):
        of_class = found.dataset.labels == CLASSES.index(name)
        assert pixels(found.dataset.images[of_class]) == pixels(FACES[rows])
    assert (found.untrained, found.is_test_part, found.resized_from) == ((), False, "")
    assert found.digest == source.digest


def test_images_of_classes_without_training_images_are_counted_and_left_out():
    source = other(FACES[6:11], [0, 1, 1, 2, 2], ("Angry", "Contempt", "Neutral"))
    found = prepare_other(source, TRAINING)
    assert pixels(found.dataset.images) == pixels(FACES[6:7])
    assert found.untrained == (("Contempt", 2), ("Neutral", 2))


def test_only_the_test_part_is_used_if_there_is_one():
    labels, classes = [0, 0, 0, 1], ("Angry", "Happy")
    found = prepare_other(other(FACES[6:10], labels, classes, [0, 1, 2, 2]), TRAINING)
    assert found.is_test_part
    assert pixels(found.dataset.images) == pixels(FACES[8:10])
    found = prepare_other(other(FACES[6:10], labels, classes, [0, 0, 1, 1]), TRAINING)
    assert (found.is_test_part, len(found.dataset)) == (False, 4)


def test_duplicates_of_training_images_are_found():
    mirrored = FACES[1:2, :, ::-1]
    images = np.concatenate([FACES[:1], mirrored, FACES[6:8]])
    found = prepare_other(other(images, [0, 0, 0, 1], ("Angry", "Happy")), TRAINING)
    again = [
        image for image, known in zip(found.dataset.images, found.duplicated, strict=True) if known
    ]
    assert pixels(again) == pixels(images[:2])


def test_images_of_another_size_are_resized_to_that_of_training():
    grey = np.repeat(np.array([10, 200], np.uint8), 20 * 30).reshape(2, 20, 30)
    found = prepare_other(other(grey, [0, 1], ("Angry", "Happy")), TRAINING)
    assert found.dataset.images.shape == (2, 16, 16)
    assert found.resized_from == "30x20"
    levels = {
        int(label): np.unique(image).tolist()
        for image, label in zip(found.dataset.images, found.dataset.labels, strict=True)
    }
    assert levels == {0: [10], 1: [200]}


def test_the_order_of_the_source_does_not_matter():
    source = other(FACES[6:10], [0, 1, 0, 1], ("Angry", "Happy"))
    turned = prepare_other(source.take(np.array([3, 1, 0, 2])), TRAINING)
    assert turned.dataset.row_digest == prepare_other(source, TRAINING).dataset.row_digest


@pytest.mark.parametrize("classes", [("Contempt", "Awe"), ("angry", "happy")])
def test_a_data_set_without_a_common_class_is_refused(classes):
    with pytest.raises(FerBenchError) as raised:
        prepare_other(other(FACES[6:8], [0, 1], classes), TRAINING)
    assert ", ".join(classes) in raised.value.problem
    assert raised.value.accepted == "images of Angry, Happy, Sad"
    assert "--test-on-class-map" in raised.value.hint
