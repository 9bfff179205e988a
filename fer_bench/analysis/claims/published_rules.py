"""The claims' rules applied to the paper's own published tables.

The tables have no intervals, so a difference of any size decides, beyond the rule's margin. The
rate over a range of epochs is the mean of the printed rates of its windows, weighted by their
numbers of differences.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fer_bench.analysis.claims.pretraining import EARLY, LATE, LEVEL_RATE
from fer_bench.analysis.claims.ranks import FIRST_WINDOW
from fer_bench.analysis.claims.values import TITLES, EpochRange, PaperVerdict
from fer_bench.analysis.paper_forensics import DIFFERENCES
from fer_bench.protocol import published

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_bench.analysis.claims.values import PaperOutcome
    from fer_bench.protocol.cell import Init

_ALL_EPOCHS = EpochRange(1, published.EPOCHS)


def not_published(because: str) -> Callable[[], PaperVerdict]:
    """Return a rule for a claim that the paper's tables do not touch."""
    return lambda: PaperVerdict("not published", because)


def rate(number: published.RateTable, backbone: str, init: Init, epochs: EpochRange) -> float:
    """Return the printed rate over a range of epochs; NaN if unknown.

    It is the mean of the windows' rates, weighted by their numbers of differences.

    Args:
        number: number of the table.
        backbone: name of the backbone.
        init: its init.
        epochs: a range that consists of complete windows.
    """
    rates = published.table(number)[backbone, init]
    if rates is None:
        return math.nan
    chosen = [
        (value, steps)
        for value, steps, (first, last) in zip(rates, DIFFERENCES, published.WINDOWS, strict=True)
        if epochs.first <= first and last <= epochs.last
    ]
    return math.fsum(value * steps for value, steps in chosen) / sum(steps for _, steps in chosen)


def converges_faster() -> PaperVerdict:
    """Apply C2's rule to Table 2."""
    early, late = (_gains(2, epochs) for epochs in (EARLY, LATE))
    first, later = (math.fsum(each.values()) / len(each) for each in (early, late))
    exceptions = [TITLES[backbone] for backbone, gain in early.items() if gain <= 0]
    because = f"Table 2, mean of backbones: {first:+.4f} in 1-10, {later:+.4f} in 11-20"
    if exceptions:
        because += f"; the first not for {', '.join(exceptions)}"
    holds = first > 0 and later < LEVEL_RATE
    return PaperVerdict("supported" if holds else "contradicted", because)


def overfits_faster() -> PaperVerdict:
    """Apply C3's rule to Table 4."""
    return _overfitting(1)


def overfits_slower() -> PaperVerdict:
    """Apply C16's rule to Table 4."""
    return _overfitting(-1)


def _overfitting(sign: int) -> PaperVerdict:
    """Judge the known rows of Table 4: pretrained above random (1) or below (-1)."""
    gains = _gains(4, _ALL_EPOCHS)
    known = {name: gain for name, gain in gains.items() if not math.isnan(gain)}
    listed = ", ".join(f"{TITLES[name]} {gain:+.4f}" for name, gain in known.items())
    if any(sign * gain < 0 for gain in known.values()):
        return PaperVerdict("contradicted", f"Table 4, pretrained minus random: {listed}")
    if len(known) == len(gains):
        return PaperVerdict("supported", f"Table 4, pretrained minus random: {listed}")
    because = f"Table 4 for {len(known)} of {len(gains)} backbones in our source: {listed}"
    return PaperVerdict("not published", because)


def vggface_is_slowest() -> PaperVerdict:
    """Apply C5's rule to Table 2."""
    rates = _pretrained(2, _ALL_EPOCHS)
    slowest = min(rates, key=lambda name: rates[name])
    outcome: PaperOutcome = "supported" if slowest == "vggface" else "contradicted"
    return PaperVerdict(outcome, f"Table 2, MCR of pretrained networks: {_ranked(rates)}")


def openface_is_fastest() -> PaperVerdict:
    """Apply C8's rule to Tables 2 and 4."""
    rates = _pretrained(2, FIRST_WINDOW)
    if max(rates, key=lambda name: rates[name]) != "openface":
        return PaperVerdict("contradicted", f"Table 2, epochs 1-5: {_ranked(rates)}")
    overall = sorted(_pretrained(2, _ALL_EPOCHS).items(), key=lambda one: -one[1])
    place = 1 + [name for name, _ in overall].index("openface")
    return PaperVerdict(
        "not published",
        "MOFR of OpenFace not in our source; its MCR is the highest in epochs 1-5 (Table 2), and "
        f"number {place} of {len(overall)} over all epochs",
    )


def _gains(number: published.RateTable, epochs: EpochRange) -> dict[str, float]:
    """Return the rate of the pretrained network minus that of the random one, by backbone."""
    return {
        backbone: rate(number, backbone, "pretrained", epochs)
        - rate(number, backbone, "random", epochs)
        for backbone in published.BACKBONES
    }


def _pretrained(number: published.RateTable, epochs: EpochRange) -> dict[str, float]:
    return {name: rate(number, name, "pretrained", epochs) for name in published.BACKBONES}


def _ranked(rates: dict[str, float]) -> str:
    order = sorted(rates, key=lambda name: -rates[name])
    return ", ".join(f"{TITLES[name]} {rates[name]:.4f}" for name in order)
