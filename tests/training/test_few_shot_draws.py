"""Few-shot evaluation: draws, and heads fitted on them."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.data import Dataset, Split
from fer_bench.protocol.cell import Cell
from fer_bench.protocol.few_shot import Shots
from fer_bench.protocol.head import Heads
from fer_bench.protocol.settings import Protocol
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.progress import silent
from fer_bench.training.few_shot import check_shots, draw, evaluate_few_shot, mieb_parts
from fer_bench.training.fitted_head import Scaling, fit_head

RANDOM = np.random.default_rng(1)
IMAGES, CLASSES = 200, 3
LABELS = RANDOM.integers(0, CLASSES, IMAGES).astype(np.uint8)
FEATURES = (RANDOM.normal(size=(IMAGES, 5)) + 2 * np.eye(5)[LABELS]).astype(np.float32)
# Image n and image n + 100 are duplicates.
GROUPS = np.arange(IMAGES) % 100
ROWS = np.arange(IMAGES)
SPLIT = Split("paper", ROWS[:100][::-1], ROWS[100:130], ROWS[130:])
DATA = Dataset(
    np.zeros((IMAGES, 2, 2), np.uint8),
    LABELS,
    ("a", "b", "c"),
    "tiny",
    np.repeat([0, 1, 2], [120, 40, 40]).astype(np.uint8),
)


def codes(rows, among):
    return np.isin(GROUPS[rows], GROUPS[among]).astype(np.uint8)


def evaluate(head, shots, draws=2, seed=7):
    context = SimpleNamespace(
        dataset=DATA,
        split=SPLIT,
        protocol=Protocol(head=Heads((head,)), shots=Shots.parse(shots), draws=draws),
        data=SimpleNamespace(duplicate_codes=codes),
    )
    parts = FEATURES[SPLIT.train], FEATURES[SPLIT.test]
    cell = Cell("mini", "random", "tiny", seed, head)
    return evaluate_few_shot(context, cell, parts, FEATURES.__getitem__, silent)


def prepared(dataset, split, labels="fer2013"):
    return SimpleNamespace(dataset=dataset, split=split, spec=SimpleNamespace(labels=labels))


def unpacked(few_shot):
    return [np.frombuffer(one, np.uint8) for one in few_shot.predictions]


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=60),
    st.integers(1, 4),
    st.integers(0, 2**32 - 1),
    st.integers(0, 9),
)
def test_a_draw_has_the_same_number_of_each_class(labels, shots, seed, number):
    labels = np.array(labels, np.uint8)
    drawn = draw(labels, shots, seed, number)
    assert len({*drawn.tolist()}) == len(drawn)
    present, counts = np.unique(labels, return_counts=True)
    found = np.bincount(labels[drawn], minlength=5)[present]
    assert found.tolist() == np.minimum(counts, shots).tolist()
    assert {*drawn.tolist()} <= {*draw(labels, shots + 1, seed, number).tolist()}
    np.testing.assert_array_equal(drawn, draw(labels, shots, seed, number))


def test_every_image_of_a_class_is_drawn_equally_often():
    labels = np.array([0] * 4 + [1] * 2, np.uint8)
    found = np.bincount(np.concatenate([draw(labels, 1, 3, number) for number in range(4000)]))
    # Four standard deviations.
    assert found == pytest.approx([1000] * 4 + [2000] * 2, abs=130)


def test_draws_of_other_numbers_and_seeds_differ():
    drawn = [draw(LABELS, 4, *key).tolist() for key in [(1, 0), (1, 1), (2, 0)]]
    assert len({tuple(one) for one in drawn}) == 3


@pytest.mark.parametrize("head", ["prototype", "knn", "svm"])
def test_a_head_is_fitted_on_each_draw(head):
    few, more = evaluate(head, "1,8")
    assert [(one.shots, one.mieb, one.drawn_from) for one in (few, more)] == [
        (1, False, 100), (8, False, 100)
    ]  # fmt: skip
    assert (few.labels, few.duplicates) == (b"", b"")
    assert len({*few.predictions}) == 2
    truth = LABELS[SPLIT.test]
    assert (more.predicted == truth).mean() > max(0.7, (few.predicted == truth).mean())
    drawn = draw(LABELS[SPLIT.train], 8, 7, 1)
    rows = SPLIT.train[drawn]
    value = {"prototype": 0.001, "knn": 1, "svm": 0.1}[head]
    scaling = Scaling.of(FEATURES[SPLIT.train])
    fitted = fit_head(head, value, (FEATURES[rows], LABELS[rows]), CLASSES, 7, scaling)
    expected = fitted.logits(FEATURES[SPLIT.test]).argmax(axis=1)
    np.testing.assert_array_equal(unpacked(more)[1], expected)
    assert more.seen[1] == sum(row % 100 in rows % 100 for row in SPLIT.test)


def test_miebs_evaluation_is_its_classifier_on_kaggles_parts():
    from sklearn.linear_model import LogisticRegression

    split, mieb = evaluate("logreg", "2,mieb", draws=1)
    assert len(split.predictions) == 1
    assert (mieb.shots, mieb.mieb, mieb.drawn_from, len(mieb.predictions)) == (16, True, 120, 5)
    assert mieb.labels == LABELS[120:].tobytes()
    # Images 120 to 199 are duplicates of 20 to 99.
    assert mieb.duplicates == bytes([1] * 80)
    for number, predicted in enumerate(unpacked(mieb)):
        drawn = draw(LABELS[:120], 16, 7, number)
        estimator = LogisticRegression(max_iter=100).fit(FEATURES[drawn], LABELS[drawn])
        np.testing.assert_array_equal(predicted, estimator.predict(FEATURES[120:]))
        assert mieb.seen[number] == np.isin(np.arange(20, 100), drawn).sum()


def test_other_heads_have_no_row_of_mieb():
    assert [one.mieb for one in evaluate("knn", "1")] == [False]
    context = Protocol(head=Heads(("knn", "logreg")), shots=Shots.parse("mieb"))
    assert not context.shots.of("knn")


def test_data_without_kaggles_parts_have_no_images_for_mieb():
    train, test = mieb_parts(Dataset(DATA.images, LABELS, DATA.classes, "tiny"))
    assert (len(train), len(test)) == (0, 0)


@pytest.mark.parametrize(
    ("shots", "changes", "labels", "problem"),
    [
        ("101", {}, "fer2013", "class 'a' has"),
        ("1", {"test": ROWS[:0]}, "fer2013", "split 'paper' has no test part"),
        ("mieb", {"usage": None}, "fer2013", "needs Kaggle's parts"),
        ("mieb", {"usage": np.ones(IMAGES, np.uint8)}, "fer2013", "needs Kaggle's parts"),
        ("mieb", {}, "ferplus", "labels 'ferplus'"),
        ("mieb", {"usage": (ROWS > 20).astype(np.uint8)}, "fer2013", "to draw 16 from"),
    ],
)
def test_images_that_are_missing_are_an_error(shots, changes, labels, problem):
    usage = changes.get("usage", DATA.usage)
    dataset = Dataset(DATA.images, LABELS, DATA.classes, "tiny", usage)
    split = Split("paper", SPLIT.train, SPLIT.validation, changes.get("test", SPLIT.test))
    with pytest.raises(FerBenchError) as raised:
        check_shots(Shots.parse(shots), prepared(dataset, split, labels))
    assert "--shots" in raised.value.problem
    assert problem in raised.value.problem
    assert raised.value.accepted or raised.value.hint
    check_shots(Shots.parse("8,mieb"), prepared(DATA, SPLIT))


def test_classes_without_any_image_are_not_missed():
    dataset = Dataset(DATA.images, LABELS, ("a", "b", "c", "d"), "tiny")
    check_shots(Shots.parse("4"), prepared(dataset, SPLIT))
