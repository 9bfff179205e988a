"""Quality metrics of each cell."""

from fer_bench import metrics


def test_quality(trained, benchmark, measured):
    """Record accuracy, loss and recall; only the scoring of the outputs is timed."""
    benchmark.group = "scoring time of the test predictions"

    def score():
        if not len(trained.test_labels):  # the split has no test part
            return [None, None]
        figures = metrics.accuracy, metrics.cross_entropy
        return [figure(trained.logits, trained.test_labels) for figure in figures]

    quality = trained.result.quality
    scored = benchmark.pedantic(score, rounds=3)
    assert scored == [quality.test_accuracy, quality.test_loss]
    measured.quality(quality)
