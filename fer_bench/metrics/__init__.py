"""Quality metrics of predictions and their uncertainty: pure functions on arrays."""

from fer_bench.metrics.calibration import (
    Bin,
    expected_calibration_error,
    fit_temperature,
    log_probabilities,
    reliability,
)
from fer_bench.metrics.intervals import (
    Interval,
    Spread,
    newcombe_interval,
    over_seeds,
    sampling_interval,
    wilson_interval,
)
from fer_bench.metrics.paired_tests import Comparison, compare, holm
from fer_bench.metrics.scores import (
    accuracy,
    confusion,
    cross_entropy,
    majority_class_accuracy,
    recall,
    softmax,
)

__all__ = [
    "Bin",
    "Comparison",
    "Interval",
    "Spread",
    "accuracy",
    "compare",
    "confusion",
    "cross_entropy",
    "expected_calibration_error",
    "fit_temperature",
    "holm",
    "log_probabilities",
    "majority_class_accuracy",
    "newcombe_interval",
    "over_seeds",
    "recall",
    "reliability",
    "sampling_interval",
    "softmax",
    "wilson_interval",
]
