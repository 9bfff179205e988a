from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_images import dataset_of, patterns
from made_votes import unanimous, votes_of

from fer_bench.data import EMOTIONS
from fer_bench.data.audit import MARGIN
from fer_bench.data.audit.label_issues import LabelError, agreement
from fer_bench.data.audit.votes import CATEGORY_OF
from fer_bench.data.formats.ferplus_votes import CATEGORIES, TAGGERS
from fer_bench.runtime.errors import FerBenchError

FEAR, HAPPY = EMOTIONS.index("Fear"), EMOTIONS.index("Happy")


def agreement_of(label: int, **votes: int):
    """Return the agreement of label and votes of one image."""
    return agreement(dataset_of(patterns(1), [label]), votes_of(votes))


@pytest.mark.parametrize(
    ("votes", "where"),
    [
        ({"fear": 10}, {"unanimous", "agreed"}),
        ({"happiness": 10}, {"unanimous", "likely_wrong"}),
        ({"NF": 10}, {"unanimous", "no_face"}),
        ({"NF": 6, "fear": 4}, {"no_face"}),
        ({"NF": 5, "fear": 5}, {"tied", "no_majority"}),
        ({"NF": 5, "fear": 4, "sadness": 1}, {"no_majority"}),
        ({"fear": 9, "anger": 1}, {"agreed"}),
        ({"unknown": 6, "fear": 4}, {"unknown"}),
        ({"contempt": 10}, {"unanimous"}),
        ({"fear": 2, "happiness": 8}, {"likely_wrong"}),
        ({"fear": 2, "happiness": 7, "NF": 1}, set()),
        ({"fear": 0, "happiness": 6, "anger": 4}, {"likely_wrong"}),
        ({"fear": 4, "happiness": 3, "anger": 3}, {"agreed", "no_majority"}),
        ({"fear": 1, "happiness": 4, "anger": 4, "NF": 1}, {"tied", "no_majority"}),
    ],
)
def test_one_image(votes: dict[str, int], where: set[str]) -> None:
    found = agreement_of(FEAR, **votes)
    fear = found.classes[FEAR]
    names = (
        "unanimous",
        "tied",
        "no_majority",
        "no_face",
        "unknown",
        "agreed",
        "likely_wrong",
    )
    assert {name for name in names if getattr(fear, name)} == where
    assert fear.images == 1
    assert len(found.errors) == fear.likely_wrong


def test_known_answers() -> None:
    dataset = dataset_of(patterns(5), [FEAR, FEAR, HAPPY, FEAR, HAPPY])
    votes = votes_of(
        {"anger": 9, "fear": 1},
        {"surprise": 8, "fear": 2},
        {"happiness": 10},
        {"anger": 10},
        {"sadness": 7, "NF": 3},
    )
    found = agreement(dataset, votes)
    assert found.errors == (
        LabelError(0, "Fear", "Angry", 1, 9),
        LabelError(1, "Fear", "Surprise", 2, 8),
        LabelError(3, "Fear", "Angry", 0, 10),
        LabelError(4, "Happy", "Sad", 0, 7),
    )
    assert found.classes[FEAR].instead == (("Angry", 2), ("Surprise", 1))
    assert found.classes[HAPPY].instead == (("Sad", 1),)
    assert found.classes[0].images == 0
    whole = found.whole
    assert (whole.name, whole.images, whole.likely_wrong, whole.agreed) == ("all", 5, 4, 1)
    assert whole.no_majority == 0
    assert whole.instead == (("Angry", 2), ("Sad", 1), ("Surprise", 1))


def test_the_classes_may_be_in_another_order() -> None:
    dataset = dataset_of(patterns(2), [0, 1], classes=("Happy", "Fear"))
    found = agreement(dataset, votes_of({"happiness": 10}, {"fear": 10}))
    assert [one.agreed for one in found.classes] == [1, 1]
    assert found.errors == ()


def test_votes_of_other_images() -> None:
    with pytest.raises(FerBenchError, match="1 rows for 2 images"):
        agreement(dataset_of(patterns(2)), votes_of({"fear": 1}))


@given(st.integers(0, 6), st.lists(st.integers(0, 9), min_size=TAGGERS, max_size=TAGGERS))
def test_a_likely_error_has_the_majority_against_it(label: int, said: list[int]) -> None:
    counts = np.bincount(said, minlength=len(CATEGORIES)).tolist()
    found = agreement_of(label, **dict(zip(CATEGORIES, counts, strict=True)))
    for error in found.errors:
        assert error.votes_for_voted - error.votes_for_label >= MARGIN
        assert error.votes_for_voted > TAGGERS / 2
        assert error.voted != error.label == EMOTIONS[label]
        assert error.votes_for_voted == counts[CATEGORY_OF[error.voted]] == max(counts)


def test_nobody_doubts() -> None:
    labels = np.arange(14) % 7
    found = agreement(dataset_of(patterns(14), labels), unanimous(labels))
    assert (found.errors, found.kappa) == ((), 1.0)
    assert [one.unanimous for one in found.classes] == [2] * 7
