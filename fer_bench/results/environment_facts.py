"""Names of facts about a process that results record, and that others look up."""

NUMERIC_SETTINGS = "numeric settings"
"""Fact in the environment of a run: the settings that change numbers and are not the defaults."""

OF_FEATURES = " of the frozen features"
"""Suffix of a condition's name if the stored features were computed under another one."""
