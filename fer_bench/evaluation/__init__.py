"""How well predictions meet their labels: pure functions on arrays."""

from fer_bench.evaluation.scores import accuracy, confusion, cross_entropy, recall, softmax

__all__ = [
    "accuracy",
    "confusion",
    "cross_entropy",
    "recall",
    "softmax",
]
