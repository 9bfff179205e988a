"""How well each cell recognises emotions."""

import pytest


def test_quality(trained, split, benchmark, measured):
    """Accuracy, loss and recall; what is timed is the scoring of the test images."""
    benchmark.group = "quality"
    accuracy, loss = benchmark.pedantic(trained.score_test, rounds=3, warmup_rounds=1)
    quality = trained.result.quality
    # A result from the store must be that of the network that stands here, but for a few ties.
    assert accuracy == pytest.approx(quality.test_accuracy, abs=max(1e-3, 2 / len(split.test)))
    assert loss == pytest.approx(quality.test_loss, rel=1e-2)
    measured.quality(quality)
