"""Names of environment facts that several modules write or look up."""

NUMERIC_SETTINGS = "numeric settings"
"""Environment fact: settings that affect numerical results and differ from their defaults."""

OF_FEATURES = " of the frozen features"
"""Suffix of a condition's name if the stored features were computed under a different one."""

OF_SPEEDS = " of the speeds"
"""Suffix of a fact in a merged run whose speeds were measured under one of its values."""
