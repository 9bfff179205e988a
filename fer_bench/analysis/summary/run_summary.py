"""Summary of a run: what it answers, what changes the reading, and details."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.analysis.summary.answer import best_network, leads, no_deduplicated_advantage
from fer_bench.analysis.summary.cautions import (
    batch_norm_lags,
    best_deduplicated,
    duplicates_raise_accuracy,
    incomplete_cells,
    no_test_part,
    single_seeds,
)
from fer_bench.analysis.summary.details import best_in_detail, label_agreement, speeds
from fer_bench.results.speed_units import speed_unit

if TYPE_CHECKING:
    from fer_bench.analysis.run_analysis import Analysis


@dataclass(frozen=True)
class Summary:
    """A run in sentences.

    Attributes:
        answer: which network is the most accurate, by how much, how it compares with the
            majority-class baseline, and what pretraining changes; the first sentence is short.
        cautions: what changes the reading of the answer; may be empty.
        details: further accuracies and speeds; may be empty.
    """

    answer: tuple[str, ...]
    cautions: tuple[str, ...] = ()
    details: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """All sentences, the most important ones first."""
        return (*self.answer, *self.cautions, *self.details)


def summarise(analysis: Analysis) -> Summary:
    """Summarise which network is best, by how much, how fast it is, and what is missing."""
    ranked, incomplete = analysis.standings, incomplete_cells(analysis.groups)
    if not ranked:
        return Summary(
            ("No network was trained, so there is nothing to compare.",),
            tuple(filter(None, [incomplete])),
        )
    no_advantage = no_deduplicated_advantage(analysis)
    answer = (best_network(analysis), *leads(analysis), no_advantage)
    cautions = (
        incomplete,
        no_test_part(analysis),
        single_seeds(ranked),
        batch_norm_lags(ranked),
        best_deduplicated(analysis)
        or ("" if no_advantage else duplicates_raise_accuracy(analysis)),
    )
    details = (
        best_in_detail(analysis),
        label_agreement(analysis),
        "" if speed_unit(analysis.run) else speeds(ranked),
    )
    return Summary(*(tuple(filter(None, part)) for part in (answer, cautions, details)))
