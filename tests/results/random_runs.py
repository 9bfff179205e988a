"""Hypothesis strategies for runs of every kind that a reader accepts."""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from fer_bench.metrics import confusion, recall
from fer_bench.protocol.declared_settings import Setting
from fer_bench.results.cross_test import CrossTest, UntrainedClass
from fer_bench.results.few_shot import FewShot
from fer_bench.results.quality import History, Predictions, Quality
from fer_bench.results.records import CellResult, DatasetSummary, Example, Parameters, Run
from fer_bench.results.speeds import InferenceSpeed, Reference, TrainingSpeed
from fer_bench.results.trials import Trial, TrialSetting

counts = st.integers(0, 10**9)
words = st.text(max_size=12)
EPOCHS = 3
CLASSES = 2
TEST = 4


def some(value: st.SearchStrategy[Any], n: int) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(value, min_size=n, max_size=n).map(tuple)


def many(value: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(value, max_size=3).map(tuple)


shares = st.floats(0, 1)
losses = st.floats(0, allow_nan=False, allow_infinity=False)
times = st.floats(0, exclude_min=True, allow_nan=False, allow_infinity=False)
some_times = st.lists(times, min_size=1, max_size=3).map(tuple)
references = st.none() | st.builds(Reference, some_times, some_times)


@st.composite
def histories(draw: st.DrawFn) -> History:
    batch = draw(st.sampled_from([0, EPOCHS + 1]))
    lengths = [EPOCHS, EPOCHS + 1, EPOCHS + 1, batch]
    return History(*(draw(some(kind, length)) for length in lengths for kind in (shares, losses)))


codes = some(st.integers(0, CLASSES - 1), TEST).map(bytes)


@st.composite
def qualities(draw: st.DrawFn, labels: bytes) -> Quality:
    """Draw metrics consistent with the labels, with or without their predictions."""
    said = draw(codes)
    counts = confusion(list(labels), list(said), CLASSES)
    confidences = draw(some(st.integers(65535 // CLASSES, 65535), TEST))
    second = bytes((code + 1) % CLASSES for code in said)
    packed = b"".join(value.to_bytes(2, "little") for value in confidences)
    return Quality(
        history=draw(histories()),
        test_accuracy=sum(map(int.__eq__, labels, said)) / TEST,
        test_loss=draw(losses),
        recall=recall(counts),
        confusion=tuple(tuple(map(int, row)) for row in counts),
        predictions=Predictions(said, packed, draw(st.sampled_from([b"", second])))
        if draw(st.booleans())
        else None,
    )


examples = st.builds(
    lambda position, why, pixels: Example(position, why, 2, 3, pixels),
    st.integers(0, TEST - 1),
    words,
    st.binary(min_size=6, max_size=6),
)


trial_settings = st.lists(
    st.builds(TrialSetting, words.map("x{}".format), words),
    max_size=3,
    unique_by=lambda one: one.name,
).map(tuple)


@st.composite
def trials(draw: st.DrawFn) -> tuple[Trial, ...]:
    """Draw no trials, or the chosen one among others, some of which diverged."""
    measured = st.builds(Trial, trial_settings, shares, losses, shares, counts)
    diverged = st.builds(Trial, trial_settings, *[st.none()] * 3, counts, reason=words)
    found = draw(st.lists(measured | diverged, max_size=3))
    known = [place for place, one in enumerate(found) if one.validation_accuracy is not None]
    if not known:
        return ()
    place = draw(st.sampled_from(known))
    found[place] = dataclasses.replace(found[place], chosen=True)
    return tuple(found)


@st.composite
def few_shot_results(draw: st.DrawFn) -> tuple[FewShot, ...]:
    """Draw evaluations, at most one for each number of images of each kind."""
    kinds = draw(st.lists(st.tuples(st.integers(1, 99), st.booleans()), max_size=3, unique=True))
    found = []
    for shots, mieb in kinds:
        draws = draw(st.integers(1, 3))
        own = (draw(codes), draw(some(st.integers(0, 3), TEST).map(bytes))) if mieb else (b"", b"")
        predictions = draw(some(codes, draws))
        seen = draw(some(st.integers(0, TEST), draws))
        found.append(FewShot(shots, mieb, draw(st.integers(1, 10**9)), predictions, seen, *own))
    return tuple(found)


@st.composite
def cross_tests(draw: st.DrawFn) -> CrossTest:
    """Draw confusion matrices of which the second counts no other images than the first."""
    new, others = (draw(some(some(counts, CLASSES), CLASSES)) for _ in range(2))
    both = tuple(tuple(map(int.__add__, *rows)) for rows in zip(new, others, strict=True))
    assume(any(map(any, both)))
    untrained = many(st.builds(UntrainedClass, words, st.integers(1, 10**9)))
    texts = (words, words)
    return CrossTest(
        *(draw(one) for one in texts),
        draw(st.booleans()),
        both,
        new,
        draw(untrained),
        *map(draw, texts),
    )


def cells(labels: bytes) -> st.SearchStrategy[CellResult]:
    return st.builds(
        CellResult,
        backbone=words,
        title=words,
        init=st.sampled_from(["pretrained", "random"]),
        dataset=words,
        seed=counts,
        status=st.sampled_from(["ok", "skipped", "failed"]),
        reason=words,
        fingerprint=words,
        source=st.sampled_from([None, "trained", "store"]),
        weights=words,
        parameters=st.none() | st.builds(Parameters, counts, counts, counts),
        quality=st.none() | qualities(labels),
        training=st.none()
        | st.builds(TrainingSpeed, st.integers(1, 10**9), some_times, times, references),
        inference=st.lists(
            st.builds(
                InferenceSpeed,
                *(st.integers(1, 999), some_times, times, st.none() | times, times, references),
            ),
            max_size=3,
            unique_by=lambda speed: speed.batch_size,
        ).map(tuple),
        parts=many(st.tuples(words, losses)),
        computed_on=many(st.tuples(words, words)),
        head=st.sampled_from(["linear", "mlp:8", "mlp:16x8d0.3"]),
        trials=trials(),
        few_shot=few_shot_results(),
        cross_test=st.none() | cross_tests(),
    )


other_settings = st.builds(
    Setting, words.map("x{}".format), words, st.sampled_from(["stated", "chosen", "changed"]), words
)
left_out = st.lists(st.tuples(words, counts), max_size=3, unique_by=lambda one: one[0]).map(tuple)
NEEDED = (
    Setting("epochs", str(EPOCHS), "changed", "default 20"),
    Setting("window", "5", "stated", "stated"),
    Setting("initial", "untrained", "chosen", "chosen"),
)


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """Draw runs whose parts are consistent, as far as a reader checks it."""
    labels = draw(codes)
    others = st.lists(other_settings, max_size=3, unique_by=lambda setting: setting.name)
    names = draw(st.lists(words, min_size=CLASSES, max_size=CLASSES, unique=True))
    found = draw(st.lists(cells(labels), max_size=4, unique_by=lambda cell: cell.id))
    # Files from before the labels were recorded have no few-shot results.
    known = [labels] if any(cell.few_shot for cell in found) else [b"", labels]
    return Run(
        protocol=(*NEEDED, *draw(others)),
        dataset=DatasetSummary(
            name=draw(words),
            digest=draw(words),
            counts=tuple((name, draw(counts)) for name in names),
            split=draw(words),
            train=draw(st.integers(1, 10**9)),
            validation=draw(st.integers(1, 10**9)),
            test=TEST,
            split_digest=draw(words),
            test_labels=draw(st.sampled_from(known)),
            test_twins=draw(st.just(b"") | some(st.integers(0, 3), TEST).map(bytes)),
            test_votes=draw(
                st.just(b"") | some(st.sampled_from([*range(CLASSES), 255]), TEST).map(bytes)
            ),
            left_out=draw(left_out),
            class_map=draw(words),
        ),
        environment=draw(many(st.tuples(words, words))),
        cells=tuple(found),
        examples=draw(many(examples)),
    )
