"""Note about training times that count no pass for frozen features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.training_time import lacks_features

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.seed_groups import Group


def unrecorded_features(groups: Sequence[Group]) -> str:
    """Return a sentence with a space before it; empty if every training time counts its pass."""
    names = [group.label for group in groups if lacks_features(group.trained)]
    return f" No time recorded for frozen features: {', '.join(names)}." if names else ""
