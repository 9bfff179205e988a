"""Numbers of examples for properties that take long to try."""

from hypothesis import settings

SOAK = 10
"""A soak run tries so many times as many examples as an everyday one."""


def examples(everyday: int) -> int:
    """The number of examples of an everyday run, or of a soak run if that is the loaded profile."""
    return everyday * (SOAK if settings.get_current_profile_name() == "soak" else 1)
