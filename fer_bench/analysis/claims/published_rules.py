"""The claims' rules applied to the paper's own published tables.

The tables have no intervals, so a difference of any size decides, beyond the rule's margin. The
rate over a range of epochs is the mean of the printed rates of its windows, weighted by their
numbers of differences.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fer_bench.analysis.claims.networks import FIRST_WINDOW
from fer_bench.analysis.claims.pretraining import EARLY, LATE, LEVEL_RATE, PAIRS
from fer_bench.analysis.claims.values import (
    OPENFACE,
    PRETRAINED,
    VGGFACE,
    EpochRange,
    Network,
    PaperVerdict,
)
from fer_bench.analysis.paper_forensics import DIFFERENCES
from fer_bench.protocol import published

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fer_bench.analysis.claims.values import PaperOutcome

_ALL_EPOCHS = EpochRange(1, published.EPOCHS)


def converges_faster() -> PaperVerdict:
    """Apply C2's rule to Table 2."""
    early, late = (_gains(2, epochs) for epochs in (EARLY, LATE))
    first, later = (math.fsum(each.values()) / len(each) for each in (early, late))
    exceptions = [network.title for network, gain in early.items() if gain <= 0]
    because = f"Table 2, mean of backbones: {first:+.4f} in 1-10, {later:+.4f} in 11-20"
    if exceptions:
        because += f"; the first not for {', '.join(exceptions)}"
    holds = first > 0 and later < LEVEL_RATE
    return PaperVerdict(because, "supported" if holds else "contradicted")


def overfits_faster(sign: int) -> PaperVerdict:
    """Apply C3's rule, pretrained above random (1), or C16's, below (-1), to Table 4."""
    gains = _gains(4, _ALL_EPOCHS)
    known = {network: gain for network, gain in gains.items() if not math.isnan(gain)}
    listed = ", ".join(f"{network.title} {gain:+.4f}" for network, gain in known.items())
    if any(sign * gain < 0 for gain in known.values()):
        return PaperVerdict(f"Table 4, pretrained minus random: {listed}", "contradicted")
    if len(known) == len(gains):
        return PaperVerdict(f"Table 4, pretrained minus random: {listed}", "supported")
    because = f"Table 4 for {len(known)} of {len(gains)} backbones in our source: {listed}"
    return PaperVerdict(because)


def vggface_is_slowest() -> PaperVerdict:
    """Apply C5's rule to Table 2."""
    *_, slowest = ranked = _ranked(_ALL_EPOCHS)
    outcome: PaperOutcome = "supported" if slowest == VGGFACE else "contradicted"
    return PaperVerdict(f"Table 2, MCR of pretrained networks: {_listed(ranked)}", outcome)


def openface_is_fastest() -> PaperVerdict:
    """Apply C8's rule to Tables 2 and 4."""
    fastest, *_ = first = _ranked(FIRST_WINDOW)
    if fastest != OPENFACE:
        return PaperVerdict(f"Table 2, epochs 1-5: {_listed(first)}", "contradicted")
    overall = list(_ranked(_ALL_EPOCHS))
    return PaperVerdict(
        "MOFR of OpenFace not in our source; its MCR is the highest in epochs 1-5 (Table 2), and "
        f"number {1 + overall.index(OPENFACE)} of {len(overall)} over all epochs",
    )


def _rate(number: published.RateTable, network: Network, epochs: EpochRange) -> float:
    """Return the printed rate of a table over complete windows of epochs; NaN if unknown."""
    rates = published.table(number)[network]
    if rates is None:
        return math.nan
    chosen = [
        (value, steps)
        for value, steps, (first, last) in zip(rates, DIFFERENCES, published.WINDOWS, strict=True)
        if epochs.first <= first and last <= epochs.last
    ]
    return math.fsum(value * steps for value, steps in chosen) / sum(steps for _, steps in chosen)


def _gains(number: published.RateTable, epochs: EpochRange) -> dict[Network, float]:
    """Return the rate of each pretrained network minus that of the random one."""
    return {
        pretrained: _rate(number, pretrained, epochs) - _rate(number, random, epochs)
        for pretrained, random in PAIRS
    }


def _ranked(epochs: EpochRange) -> dict[Network, float]:
    """Return the rates of the pretrained networks in Table 2, the highest first."""
    rates = {network: _rate(2, network, epochs) for network in PRETRAINED}
    return dict(sorted(rates.items(), key=lambda one: -one[1]))


def _listed(rates: Mapping[Network, float]) -> str:
    return ", ".join(f"{network.title} {rate:.4f}" for network, rate in rates.items())
