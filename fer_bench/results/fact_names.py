"""Names of environment facts that several modules write or look up."""

NUMERIC_SETTINGS = "numeric settings"
"""Environment fact: settings that affect numerical results and differ from their defaults."""

OF_FEATURES = " of the frozen features"
"""Suffix of a condition's name if the stored features were computed under a different one."""

OF_SPEEDS = " of the speeds"
"""Suffix of a fact in a merged run whose speeds were measured under one of its values."""

REPEATED = "repeated"
"""Environment fact: list of the measurements that were repeated in a run."""

SPEED = "speed"
"""Environment fact: why speeds are missing from a run, or the runs that those of a merged run come
from."""

NOT_TIMED = "not measured (--no-timing)"
"""Value of ``SPEED`` in a run that was requested not to measure speeds."""
