"""How many examples a property is tried on that takes long to try."""

from hypothesis import settings


def examples(everyday: int) -> int:
    """The number in an everyday run, or twenty times as many in a soak run."""
    return everyday if settings.default.max_examples < 1000 else 20 * everyday
