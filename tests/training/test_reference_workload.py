"""Speed of the machine, measured by fixed computations."""

from importlib.util import find_spec

import numpy as np
import pytest

from fer_bench.results.speeds import InferenceSpeed, Reference, TrainingSpeed
from fer_bench.training import reference_workload

# Looked for, not imported: most of this file needs no Keras.
needs_keras = pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed")

BEFORE, AFTER = Reference((1.0, 2.0), (3.0, 4.0)), Reference((5.0,), (6.0,))


def test_rounds_before_and_after_stand_together_in_their_order():
    assert BEFORE.joined(AFTER) == Reference((1.0, 2.0, 5.0), (3.0, 4.0, 6.0))


def test_a_speed_carries_its_reference():
    assert TrainingSpeed.of(10, [2.0], BEFORE) == TrainingSpeed(10, (2.0,), 5.0, BEFORE)
    assert InferenceSpeed.of(10, [2.0], BEFORE) == InferenceSpeed(
        10, (2.0,), 2.0, None, 5.0, BEFORE
    )
    assert TrainingSpeed.of(10, [2.0]).reference is None
    assert InferenceSpeed.of(10, [2.0]).reference is None


def test_the_operands_are_the_same_whenever_they_are_drawn():
    for one, again in zip(
        reference_workload.operands(), reference_workload.operands(), strict=True
    ):
        assert one.dtype == np.float32
        np.testing.assert_array_equal(one, again)


def test_the_two_computations_alternate_warmed_up(monkeypatch):
    done = []
    monkeypatch.setattr(reference_workload, "matrix_product", lambda: done.append("product"))
    monkeypatch.setattr(reference_workload, "convolution", lambda: done.append("convolution"))
    found = reference_workload.timed(4)
    assert done == ["product", "convolution"] * (reference_workload.WARM_UP_ROUNDS + 4)
    assert (len(found.matrix_product), len(found.convolution)) == (4, 4)


@needs_keras
@pytest.mark.network
def test_every_round_takes_time():
    found = reference_workload.timed(3)
    assert (len(found.matrix_product), len(found.convolution)) == (3, 3)
    assert min(found.matrix_product + found.convolution) > 0


# Two ways to add up 512 products of single precision; on a GPU the factors may be rounded further.
ROUNDING = 0.5


@needs_keras
@pytest.mark.network
def test_the_matrix_product_is_what_numpy_gives():
    first, second, _, _ = reference_workload.operands()
    found = reference_workload.matrix_product()
    assert (found.shape, found.dtype) == ((512, 512), np.float32)
    np.testing.assert_allclose(found, first.astype(float) @ second, atol=ROUNDING)


@needs_keras
@pytest.mark.network
def test_the_convolution_is_a_sum_over_each_window():
    _, _, images, kernels = reference_workload.operands()
    found = reference_workload.convolution()
    assert (found.shape, found.dtype) == ((8, 48, 48, 32), np.float32)
    inside = np.einsum("rcd,rcdk->k", images[3, 9:12, 19:22], kernels, dtype=float)
    np.testing.assert_allclose(found[3, 10, 20], inside, atol=ROUNDING)
    corner = np.einsum("rcd,rcdk->k", images[7, :2, :2], kernels[1:, 1:], dtype=float)
    np.testing.assert_allclose(found[7, 0, 0], corner, atol=ROUNDING)


@needs_keras
@pytest.mark.network
@pytest.mark.parametrize(
    "compute", [reference_workload.matrix_product, reference_workload.convolution]
)
def test_the_same_is_computed_each_time_also_after_keras_was_cleared(compute):
    import keras

    first = compute()
    keras.utils.clear_session()
    np.testing.assert_allclose(compute(), first, atol=1e-4)
