"""Numbers of Hypothesis examples for property tests."""

from hypothesis import settings

EXAMPLES = {"dev": 50, "everyday": 25, "soak": 500}
"""Number of examples by Hypothesis profile, for fast properties."""

_SOAK = 10


def examples(everyday: int) -> int:
    """Return the number of examples for a slow property.

    Args:
        everyday: number in an everyday run; a soak run has ten times as many.
    """
    return everyday * (_SOAK if settings.default.max_examples == EXAMPLES["soak"] else 1)
