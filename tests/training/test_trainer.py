"""The order of the images, and figures of a trainer that can be worked out otherwise."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

keras = pytest.importorskip("keras")

from fer_bench.protocol.settings import Protocol  # noqa: E402
from fer_bench.results.quality import History  # noqa: E402
from fer_bench.runtime.errors import FerBenchError  # noqa: E402
from fer_bench.training import compiled_suffix  # noqa: E402
from fer_bench.training import trainer as training  # noqa: E402
from fer_bench.training.compiled_suffix import CompiledSuffix, copy_variables  # noqa: E402
from fer_bench.training.objective import balanced_weights  # noqa: E402
from fer_bench.training.trainer import Trainer, best_epoch, epoch_order  # noqa: E402
from fer_bench.training.views import ViewedTensor, epoch_views  # noqa: E402

pytestmark = pytest.mark.network

FEATURES, CLASSES, IMAGES = 6, 3, 50


@given(st.integers(0, 2**32 - 1), st.integers(1, 10**4), st.integers(0, 300))
def test_each_order_is_a_permutation(seed, epoch, images):
    assert sorted(epoch_order(seed, epoch, images)) == list(range(images))


def test_every_epoch_and_every_seed_has_its_own_order():
    orders = {tuple(epoch_order(seed, epoch, 100)) for seed in (0, 1) for epoch in range(1, 21)}
    assert len(orders) == 40
    assert tuple(epoch_order(1, 3, 100)) in orders


def suffix():
    keras.utils.set_random_seed(5)
    features = keras.Input((FEATURES,))
    return keras.Model([features], keras.layers.Dense(CLASSES)(features))


def trainer(model=None, **changes):
    random = np.random.default_rng(1)
    tensor = random.normal(size=(IMAGES, FEATURES)).astype(np.float32)
    labels = random.integers(0, CLASSES, IMAGES).astype(np.uint8)
    protocol = Protocol(**{"epochs": 3, "batch_size": 4, **changes})
    is_compiled = isinstance(model, CompiledSuffix)
    rows = np.arange(10, IMAGES)
    counts = np.bincount(labels[rows], minlength=CLASSES).tolist()
    used = model if is_compiled else CompiledSuffix(model or suffix(), protocol, counts)
    return Trainer(used, protocol, 9, [tensor], labels, rows)


def compile_suffix(model):
    return CompiledSuffix(model, Protocol())


@pytest.fixture(scope="module")
def plain():
    """Train a trainer; return its metrics before, its history, and the time it took."""
    watched = trainer()
    before = watched.evaluate(np.arange(10))
    return (before, *watched.train(np.arange(10)))


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (keras.optimizers.Adam, {"weight_decay": 0.3, "label_smoothing": 0.2}),
        (keras.optimizers.SGD, {"class_weight": "balanced", "schedule": "cosine"}),
        (keras.optimizers.RMSprop, {}),
    ],
)
def test_each_optimizer_trains_as_in_plain_keras(kind, changes):
    watched = trainer(optimizer=kind.__name__.lower(), learning_rate=0.02, **changes)
    plain, rows = suffix(), np.arange(10, IMAGES)
    # Three epochs of 40 images in batches of 4.
    has_schedule = "schedule" in changes
    rate = keras.optimizers.schedules.CosineDecay(0.02, 30) if has_schedule else 0.02
    smoothing = changes.get("label_smoothing", 0.0)
    plain.compile(
        kind(rate, weight_decay=changes.get("weight_decay")),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing),
        metrics=[keras.metrics.CategoricalCrossentropy("plain", from_logits=True)],
    )
    targets = keras.utils.to_categorical(watched._labels, CLASSES)
    weights = None
    if "class_weight" in changes:
        found = compute_class_weight("balanced", classes=np.arange(3), y=watched._labels[rows])
        weights = dict(enumerate(found.tolist()))
    for number in (1, 2, 3):
        order = rows[epoch_order(9, number, len(rows))]
        history = plain.fit(
            watched.tensors[0][order],
            targets[order],
            batch_size=4,
            class_weight=weights,
            shuffle=False,
            verbose=0,
        )
        assert watched.epoch(number)[1] == pytest.approx(history.history["plain"][0], rel=1e-5)
    for one, expected in zip(watched.suffix.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, expected, rtol=1e-5, atol=1e-7)


def test_class_weights_are_those_of_scikit_learn():
    for counts in ([3, 1, 9], [5, 0, 2]):
        labels = np.repeat([0, 1, 2], counts)
        known = compute_class_weight("balanced", classes=np.unique(labels), y=labels)
        found = balanced_weights(counts)
        assert [one for one in found if one] == pytest.approx(known.tolist())


class Recorder(keras.layers.Layer):
    """Passes its input on and keeps what it saw in training, batch by batch."""

    seen: list

    def call(self, inputs, training=False):
        if training:
            self.seen.append(np.asarray(inputs))
        return inputs


def test_the_network_sees_every_training_image_once_an_epoch_in_fresh_order():
    recorder = Recorder()
    recorder.seen = []
    features = keras.Input((FEATURES,))
    model = keras.Model([features], keras.layers.Dense(CLASSES)(recorder(features)))
    recorder.seen.clear()
    watched = trainer(model)
    model.run_eagerly = True
    model.steps_per_execution = 1
    epochs = []
    for number in (1, 2, 3):
        recorder.seen.clear()
        watched.epoch(number)
        epochs.append(np.concatenate(recorder.seen))
    for seen in epochs:
        assert len(seen) == IMAGES - 10
        np.testing.assert_array_equal(
            np.sort(seen, axis=0), np.sort(watched.tensors[0][10:], axis=0)
        )
    assert not np.array_equal(epochs[0], epochs[1])
    assert not np.array_equal(epochs[1], epochs[2])


def test_each_epoch_trains_on_one_view_of_each_image_and_evaluates_the_first():
    recorder = Recorder()
    recorder.seen = []
    features = keras.Input((FEATURES,))
    watched = trainer(keras.Model([features], keras.layers.Dense(CLASSES)(recorder(features))))
    watched.suffix.run_eagerly = True
    watched.suffix.steps_per_execution = 1
    (first,) = watched.tensors
    watched.tensors, watched._views = [ViewedTensor([first, first + 100])], 2
    recorder.seen.clear()
    watched.epoch(1)
    order = np.arange(10, IMAGES)[epoch_order(9, 1, 40)]
    views = epoch_views(9, 1, 40, 2)
    assert 10 < views.sum() < 30
    expected = np.where(views[:, None], first[order] + 100, first[order])
    np.testing.assert_array_equal(np.concatenate(recorder.seen), expected)
    watched.suffix.set_weights(suffix().get_weights())
    expected = trainer().evaluate(np.arange(10))
    assert watched.evaluate(np.arange(10)) == pytest.approx(expected, rel=1e-6)


def test_blocks_change_nothing(plain, monkeypatch):
    _, whole, _ = plain
    monkeypatch.setattr(training, "BLOCK_BYTES", 3 * 4 * FEATURES * 4)
    blocks = trainer()
    assert len(list(blocks._blocks(np.arange(40)))) == 4
    np.testing.assert_allclose(
        blocks.train(np.arange(10))[0].running_loss, whole.running_loss, rtol=1e-6
    )


def test_evaluation_by_hand():
    watched = trainer()
    rows = np.array([3, 1, 4])
    kernel, bias = (np.asarray(w, dtype=float) for w in watched.suffix.get_weights())
    logits = watched.tensors[0][rows] @ kernel + bias
    labels = watched._labels[rows]
    odds = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    accuracy, loss = watched.evaluate(rows)
    assert accuracy == pytest.approx(np.mean(odds.argmax(axis=1) == labels))
    assert loss == pytest.approx(-np.log(odds[np.arange(3), labels]).mean(), rel=1e-5)


def test_untrained_figures_come_first(plain):
    before, history, seconds = plain
    assert seconds.training > 0
    assert seconds.evaluation > 0
    assert (history.validation_accuracy[0], history.validation_loss[0]) == before
    assert history.epochs == 3
    assert len(history.train_loss) == len(history.validation_loss) == 4


def test_a_loss_that_is_no_number_is_reported():
    diverging = trainer()
    evaluate = diverging.evaluate
    diverging.tensors[0][20] = np.nan
    diverging.evaluate = lambda rows: evaluate(np.arange(10))
    with pytest.raises(FerBenchError, match="training loss of epoch 1 ") as caught:
        diverging.train(np.arange(10))
    assert "diverged" in caught.value.problem
    assert "not finite" in caught.value.problem


def test_an_output_that_is_no_number_is_reported():
    diverging = trainer()
    diverging.tensors[0][3] = np.inf
    with pytest.raises(FerBenchError, match="output of the network") as caught:
        diverging.evaluate(np.arange(10))
    assert "diverged" in caught.value.problem
    assert "not finite" in caught.value.problem


def random_suffix(seed=5):
    """One that draws random numbers in training and has moving averages."""
    keras.utils.set_random_seed(seed)
    features = keras.Input((FEATURES,))
    hidden = keras.layers.Dropout(0.5)(keras.layers.BatchNormalization()(features))
    return keras.Model([features], keras.layers.Dense(CLASSES)(hidden))


@pytest.fixture(scope="module")
def undisturbed():
    """Return history, final variables and state after each epoch of a random suffix."""
    kept = []

    def keep(state):
        kept.append(dataclasses.replace(state, variables=[np.copy(v) for v in state.variables]))

    watched = trainer(random_suffix())
    history, _ = watched.train(np.arange(10), keep=keep)
    return history, [np.copy(value) for value in watched._variables()], kept


def values(model):
    return [np.copy(variable) for variable in model.variables]


@pytest.fixture(params=["float32", "mixed_float16"])
def policy(request):
    """With the second one, the optimiser scales losses, and has variables for that."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield
    keras.config.set_dtype_policy(before)


@pytest.mark.usefixtures("policy")
def test_a_suffix_compiled_for_another_seed_learns_to_the_last_bit_as_its_own():
    undisturbed = trainer(random_suffix())
    expected, _ = undisturbed.train(np.arange(10))
    used = compile_suffix(random_suffix(seed=6))
    other, _ = trainer(used).train(np.arange(10))
    model = random_suffix()
    used.start_from(model)
    again = trainer(used)
    again.warm_up()
    history, _ = again.train(np.arange(10))
    assert history == expected != other
    for one, value in zip(again._variables(), undisturbed._variables(), strict=True):
        np.testing.assert_array_equal(one, value)
    copy_variables(used.model, model)
    for one, expected in zip(values(model), values(used.model), strict=True):
        np.testing.assert_array_equal(one, expected)


@pytest.mark.parametrize("batch_size", [3, 40, 64])
def test_a_warm_up_compiles_all_that_an_epoch_runs_and_changes_nothing(batch_size, monkeypatch):
    model = random_suffix()
    watched = trainer(model, batch_size=batch_size)
    before = [np.copy(value) for value in watched._variables()]
    sizes, fit = [], model.fit

    def recorded(tensors, labels, batch_size, **rest):
        sizes.append(
            {
                len(tensors[0][start : start + batch_size])
                for start in range(0, len(tensors[0]), batch_size)
            }
        )
        return fit(tensors, labels, batch_size=batch_size, **rest)

    monkeypatch.setattr(model, "fit", recorded)
    monkeypatch.setattr(watched.compiled, "training_loop", None)
    assert watched.warm_up() > 0
    for one, expected in zip(watched._variables(), before, strict=True):
        np.testing.assert_array_equal(one, expected)
    watched.epoch(1)
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("batch_size", [4, 7, 64])
def test_a_warm_up_compiles_the_loop_of_an_epoch(batch_size):
    watched = trainer(random_suffix(), batch_size=batch_size)
    loop = watched.compiled.training_loop
    if loop is None:
        pytest.skip("only TensorFlow on the CPU compiles loops")
    before = [np.copy(value) for value in watched._variables()]
    watched.warm_up()
    for one, expected in zip(watched._variables(), before, strict=True):
        np.testing.assert_array_equal(one, expected)
    traces = loop._train.experimental_get_tracing_count()
    watched.epoch(1)
    assert loop._train.experimental_get_tracing_count() == traces == 1 + (batch_size == 7)


@pytest.mark.usefixtures("policy")
def test_a_compiled_loop_learns_to_the_last_bit_as_keras_does(monkeypatch):
    assert_loop_learns_as_keras(monkeypatch)


def test_a_compiled_loop_learns_to_the_last_bit_as_keras_does_under_other_settings(monkeypatch):
    assert_loop_learns_as_keras(
        monkeypatch,
        weight_decay=0.01,
        class_weight="balanced",
        label_smoothing=0.1,
        schedule="cosine",
    )


def assert_loop_learns_as_keras(monkeypatch, **changes):
    monkeypatch.setattr(training, "BLOCK_BYTES", 3 * 7 * FEATURES * 4)
    looped, plain = (trainer(random_suffix(), batch_size=7, **changes) for _ in range(2))
    if looped.compiled.training_loop is None:
        pytest.skip("only TensorFlow on the CPU compiles loops")
    plain.compiled.training_loop = plain.compiled.batch_statistics_loop = None
    # 11 images: a batch of six and one of five.
    assert looped.train(np.arange(11))[0] == plain.train(np.arange(11))[0]
    for one, expected in zip(looped._variables(), plain._variables(), strict=True):
        np.testing.assert_array_equal(one, expected)


def test_one_compiled_suffix_is_kept_for_its_structure_alone():
    first, second = (compile_suffix(suffix()) for _ in range(2))
    compiled_suffix.keep("a", first)
    compiled_suffix.keep("b", second)
    assert compiled_suffix.take("b") is second
    assert compiled_suffix.take("b") is None
    compiled_suffix.keep("a", first)
    assert compiled_suffix.take("b") is None
    assert compiled_suffix.take("a") is None


def test_the_diagnosis_is_the_plain_network_in_training_mode_batch_by_batch():
    rows = np.arange(0, IMAGES, 2)
    features = keras.Input((FEATURES,))
    normal = keras.layers.BatchNormalization()(features)
    model = keras.Model([features], keras.layers.Dense(CLASSES)(normal))
    watched = trainer(model)
    found = watched.evaluate_with_batch_statistics(rows)
    order = rows[epoch_order(9, 0, len(rows))]
    # 25 images in batches of 4: seven of three or four.
    batches = [order[start : start + 4] for start in (0, 4, 8, 12)]
    batches += [order[start : start + 3] for start in (16, 19, 22)]
    logits = np.concatenate(
        [np.asarray(model([watched.tensors[0][batch]], training=True)) for batch in batches]
    ).astype(float)
    labels = watched._labels[order]
    odds = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert found[0] == pytest.approx(np.mean(odds.argmax(axis=1) == labels))
    assert found[1] == pytest.approx(-np.log(odds[np.arange(25), labels]).mean(), rel=1e-5)
    assert found[1] != pytest.approx(watched.evaluate(rows)[1], rel=1e-3)


@pytest.mark.parametrize("images", [1, 3, 4, 5, 9, 11, 40])
def test_the_diagnosis_sees_every_image_once_in_even_batches_in_one_order(images, monkeypatch):
    watched, seen = trainer(random_suffix()), []
    outputs = watched._outputs

    def recorded(model, batches):
        seen.append(batches)
        return outputs(model, batches)

    monkeypatch.setattr(watched, "_outputs", recorded)
    monkeypatch.setattr(watched.compiled, "batch_statistics_loop", None)
    rows = np.arange(IMAGES - images, IMAGES)
    for _ in range(2):
        watched.evaluate_with_batch_statistics(rows)
    first, second = (np.concatenate(batches) for batches in seen)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(np.sort(first), rows)
    sizes = {len(batch) for batch in seen[0]}
    assert max(sizes) <= 4
    assert max(sizes) - min(sizes) <= 1
    assert images < 9 or not np.array_equal(first, rows)


def test_the_diagnosis_changes_nothing_else(undisturbed, monkeypatch):
    found, variables, _ = undisturbed
    without = trainer(random_suffix())
    monkeypatch.setattr(without, "evaluate_with_batch_statistics", lambda rows: None)
    expected, _ = without.train(np.arange(10))
    assert len(found.batch_validation_accuracy) == len(found.batch_validation_loss) == 4
    assert found.batch_validation_loss != found.validation_loss
    assert (
        dataclasses.replace(found, batch_validation_accuracy=(), batch_validation_loss=())
        == expected
    )
    for one, other in zip(variables, without._variables(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_trained_batch_normalization_there_is_no_diagnosis(plain):
    _, history, _ = plain
    assert trainer().evaluate_with_batch_statistics(np.arange(10)) is None
    assert (history.batch_validation_accuracy, history.batch_validation_loss) == ((), ())


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_training_goes_on_from_any_epoch_as_if_never_interrupted(stop, undisturbed):
    history, variables, kept = undisturbed
    assert [state.history.epochs for state in kept] == [1, 2, 3]
    keras.utils.set_random_seed(77)
    resumed = trainer(random_suffix())
    again, seconds = resumed.train(np.arange(10), start=kept[stop - 1])
    assert again == history
    assert len(again.batch_validation_loss) == 4
    assert seconds.training >= kept[stop - 1].seconds.training
    for one, other in zip(variables, resumed._variables(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_early_stopping_keeps_the_best_epoch_and_resumes():
    used = trainer(random_suffix(), learning_rate=0.3).compiled

    def started(**changes):
        used.start_from(random_suffix())
        return trainer(used, epochs=8, **changes)

    every, weights = started(), []
    history, _ = every.train(np.arange(10), keep=lambda _: weights.append(values(used.model)))
    losses = history.validation_loss
    best = next(epoch for epoch in range(1, 8) if losses[epoch + 1] >= losses[epoch])
    kept = []

    def keep(state):
        kept.append(dataclasses.replace(state, variables=[np.copy(v) for v in state.variables]))

    watched = started(early_stopping=1)
    found, seconds = watched.train(np.arange(10), keep=keep)
    assert len(kept) == best + 1
    assert found.epochs == best
    assert found.running_loss == history.running_loss[:best]
    assert found.validation_loss == history.validation_loss[: best + 1]
    assert found.batch_validation_loss == history.batch_validation_loss[: best + 1]
    assert seconds.training > 0
    assert seconds.after_best > 0
    for number in (-1, -2):
        for one, value in zip(values(used.model), weights[best - 1], strict=True):
            np.testing.assert_array_equal(one, value)
        resumed, state = started(early_stopping=1), kept[number]
        layouts = [(value.shape, value.dtype) for value in state.variables]
        assert tuple(layouts) == resumed.expected.variables
        assert resumed.train(np.arange(10), start=state)[0] == found


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=12),
    st.integers(1, 4),
)
def test_early_stopping_ends_when_that_of_keras_does(losses, patience):
    callback = keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True)
    model = SimpleNamespace(stop_training=False, get_weights=list, set_weights=lambda weights: None)
    callback.set_model(model)
    callback.on_train_begin()
    watched = Trainer.__new__(Trainer)
    watched._protocol = Protocol(early_stopping=patience)
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        seen = tuple(losses[: epoch + 1])
        history = History(seen, seen, (9, *seen), (9, *seen), (9, *seen), (9, *seen))
        assert watched._has_stopped(history) == model.stop_training
        assert best_epoch(history) == callback.best_epoch + 1
        if model.stop_training:
            break


def test_the_room_that_is_needed_covers_two_checkpoints():
    watched = trainer()
    written = sum(value.nbytes for value in watched._variables())
    assert watched.written_bytes >= 2 * written
