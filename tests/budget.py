"""Numbers of examples that properties are tried on."""

from hypothesis import settings

EXAMPLES = {"dev": 50, "everyday": 25, "soak": 500}
"""By the profile of hypothesis, for properties that are quick to try."""

_SOAK = 10


def examples(everyday: int) -> int:
    """The number of examples for a property that takes long to try.

    Args:
        everyday: in an everyday run; in a soak run there are ten times as many.
    """
    return everyday * (_SOAK if settings.default.max_examples == EXAMPLES["soak"] else 1)
