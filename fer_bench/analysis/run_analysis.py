"""Analysis of a run: what tables, plots and page show of its results, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fer_bench.analysis.claims import judge
from fer_bench.analysis.deviations import deviations, on_rates_split, other_data
from fer_bench.analysis.group_comparisons import compare_groups
from fer_bench.analysis.recommendation import recommend
from fer_bench.analysis.seed_groups import group_cells, with_unique_titles
from fer_bench.analysis.standings import rank
from fer_bench.analysis.subsets import (
    label_agreement,
    majority_class_baseline,
    majority_vote_baseline,
    subsets_by_duplicates,
)
from fer_bench.analysis.training_time import compare_time_to_accuracy
from fer_bench.protocol.head import LINEAR
from fer_bench.results.speed_units import on_the_wall_clock

if TYPE_CHECKING:
    from fer_bench.analysis.claims import ClaimVerdict
    from fer_bench.analysis.group_comparisons import Pair
    from fer_bench.analysis.recommendation import Recommendation
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.analysis.standings import Standing
    from fer_bench.analysis.subsets import Baseline, Score, Subsets, VoteBaseline
    from fer_bench.analysis.training_time import TimeToAccuracy
    from fer_bench.results.records import CellResult, DatasetSummary, Run


@dataclass(frozen=True)
class Analysis:
    """A run and what follows from its results, each computed when it is first used.

    Attributes:
        run: the results, as of ``analyse``.
    """

    run: Run

    @property
    def dataset(self) -> DatasetSummary:
        """Data set that the run was measured on."""
        return self.run.dataset

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The run's cells grouped by backbone and init, in run order."""
        return group_cells(self.run)

    @cached_property
    def trained(self) -> tuple[Group, ...]:
        """Groups of which any cell is trained."""
        return tuple(group for group in self.groups if group.trained)

    @property
    def of_papers_head(self) -> tuple[Group, ...]:
        """Groups with the paper's head, for the paper's tables; all groups if there are none."""
        return tuple(group for group in self.groups if group.head == LINEAR) or self.groups

    @cached_property
    def wall_clock_groups(self) -> tuple[Group, ...]:
        """The groups, without speeds unless these are in wall-clock time."""
        timed = on_the_wall_clock(self.run)
        return self.groups if timed is self.run else group_cells(timed)

    @cached_property
    def means(self) -> tuple[CellResult, ...]:
        """One cell for each group, with the mean metrics of its seeds."""
        return tuple(group.mean for group in self.groups)

    @property
    def has_seeds(self) -> bool:
        """True if any backbone and init was requested with several seeds."""
        return any(len(group.cells) > 1 for group in self.groups)

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Groups compared on the test images, two at a time."""
        return compare_groups(self.groups)

    @cached_property
    def standings(self) -> tuple[Standing, ...]:
        """Trained groups with accuracy, size and speed, the most accurate first."""
        return rank(self.trained, self.pairs)

    @cached_property
    def recommendation(self) -> Recommendation | None:
        """Network to choose by accuracy, without limits; None if none was tested."""
        return recommend(self) if self.trained and self.dataset.has_test else None

    @cached_property
    def subsets(self) -> Subsets | None:
        """Test images by their duplicates in training; None if these are unknown."""
        return subsets_by_duplicates(self.dataset)

    @cached_property
    def baseline(self) -> Baseline | None:
        """Majority-class baseline per subset; None if labels or duplicates are unknown."""
        return majority_class_baseline(self.dataset)

    @cached_property
    def vote_baseline(self) -> VoteBaseline | None:
        """Majority-class baseline by FER+ votes; None if labels or votes are unknown."""
        return majority_vote_baseline(self.dataset)

    @cached_property
    def label_agreement(self) -> Score | None:
        """Accuracy of the labels by FER+ votes; None if either is unknown."""
        return label_agreement(self.dataset)

    @property
    def majority_share(self) -> float:
        """Share of the majority class among the images of all three parts."""
        counts = [count for _, count in self.dataset.counts]
        return max(counts) / sum(counts)

    @cached_property
    def time_to_accuracy(self) -> TimeToAccuracy | None:
        """Time to accuracy of the groups; None if no training was timed."""
        return compare_time_to_accuracy(self.groups, self.majority_share)

    @property
    def deviations(self) -> list[str]:
        """Deviations from the paper's experiment: the images first, then the settings.

        The split that its rates were made on is none, though the paper states another one.
        """
        return deviations(self.run, split=not self.on_rates_split)

    @property
    def other_data(self) -> str:
        """Difference of the images from the paper's; empty if there is none."""
        return other_data(self.run)

    @property
    def on_rates_split(self) -> bool:
        """True if the published rates were made on the parts that the run was measured on."""
        return on_rates_split(self.run)

    @property
    def rate_deviations(self) -> list[str]:
        """Deviations from how the published rates were made, except that of the split."""
        return deviations(self.run, split=False)

    @cached_property
    def verdicts(self) -> tuple[ClaimVerdict, ...]:
        """Verdict on each claim of the paper."""
        return judge(self.run, self.wall_clock_groups)


def analyse(run: Run) -> Analysis:
    """Return the analysis of a run, with the titles of its backbones made unique."""
    return Analysis(with_unique_titles(run))
