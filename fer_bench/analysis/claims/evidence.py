"""Evidence for the claims: results of the paper's cells in a run, and what is missing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from fer_bench.analysis.batch_norm_gap import explanation
from fer_bench.analysis.claims.differences import Gap, gap
from fer_bench.analysis.deviations import changed_settings
from fer_bench.analysis.pairwise_tests import between
from fer_bench.analysis.seed_groups import groups
from fer_bench.metrics.convergence import mean_convergence_rate, mean_overfitting_rate
from fer_bench.protocol import published
from fer_bench.protocol.cells import INITS
from fer_bench.results.timers import on_the_wall_clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fer_bench.analysis.pairwise_tests import Pair
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.metrics.convergence import Convention
    from fer_bench.protocol.cells import Init
    from fer_bench.results.records import Run

TITLES = {
    "mobilenet": "MobileNet",
    "openface": "OpenFace",
    "resnet50": "ResNet-50",
    "vggface": "VGG-Face",
}


class Key(NamedTuple):
    """One of the paper's eight networks."""

    backbone: str
    init: Init

    @property
    def label(self) -> str:
        """Name in the paper's tables."""
        return f"{TITLES[self.backbone]}_{self.init}"


EVERY = tuple(Key(backbone, init) for backbone in published.BACKBONES for init in INITS)
"""All eight networks, in the order of the paper's tables."""


class Span(NamedTuple):
    """Range of epochs from ``first`` to ``last``, inclusive."""

    first: int
    last: int


@dataclass(frozen=True)
class Evidence:
    """Groups of the paper's backbones in a run; other backbones are not part of any claim.

    Attributes:
        run: the run.
        groups: requested groups.
        pairs: pairs of groups compared on the test images.
    """

    run: Run
    groups: Mapping[Key, Group]
    pairs: tuple[Pair, ...]

    @classmethod
    def of(cls, run: Run, pairs: tuple[Pair, ...]) -> Evidence:
        """Return the evidence of a run and the pairs of its groups."""
        known = {
            Key(group.backbone, group.init): group
            for group in groups(on_the_wall_clock(run))
            if group.backbone in published.BACKBONES
        }
        return cls(run, known, pairs)

    def convention(self, figures: str) -> str:
        """Describe the metrics that a verdict is based on, and the changed settings."""
        changed = changed_settings(self.run)
        return "; ".join(
            [figures, *([f"changed in this run: {', '.join(changed)}"] if changed else [])]
        )

    def trained(self, key: Key) -> Group | None:
        """Return the group if any of its cells is trained."""
        group = self.groups.get(key)
        return group if group is not None and group.trained else None

    @property
    def epochs(self) -> int:
        """Number of trained epochs, 0 if nothing was trained."""
        found = [one.history.epochs for group in self.groups.values() for one in group.qualities]
        return max(found, default=0)

    def lack(self, first: Key, *others: Key, epochs: int = 1) -> list[str]:
        """List what is missing to compare the first network with each of the others.

        Args:
            first: the first network.
            others: the other networks.
            epochs: minimum number of trained epochs.

        Returns:
            The networks that were not trained, each with the reason; otherwise the missing epochs,
            or the missing common seeds; empty if nothing is missing.
        """
        found = self.untrained(first, *others)
        if found:
            return found
        if self.epochs < epochs:
            return [f"{epochs} epochs or more (this run: {self.epochs})"]
        return [
            f"a common seed of {first.label} and {other.label}"
            for other in others
            if not set(self.groups[first].seeds) & set(self.groups[other].seeds)
        ]

    def untrained(self, *keys: Key) -> list[str]:
        """List the networks that were not trained, each with the reason."""
        return [f"{key.label} ({self._why(key)})" for key in keys if self.trained(key) is None]

    def _why(self, key: Key) -> str:
        if key not in self.groups:
            return "not requested"
        status = self.groups[key].cells[0].status
        return "not trained" if status == "ok" else status

    def unsteady(self, *keys: Key) -> list[str]:
        """List networks whose validation accuracy batch normalisation distorts in any seed."""
        return [
            key.label
            for key in keys
            if (group := self.trained(key)) is not None and any(map(explanation, group.trained))
        ]

    def parameters(self, backbone: str) -> int | None:
        """Return a backbone's number of weights, from any of its cells that records it."""
        for init in INITS:
            group = self.groups.get(Key(backbone, init))
            for cell in () if group is None else group.cells:
                if cell.parameters is not None:
                    return cell.parameters.backbone
        return None

    def pair(self, first: Key, second: Key) -> Pair | None:
        """Return the first network compared with the second, or None if they were not compared."""
        return between(self.pairs, first, second)

    def lack_of_pair(self, first: Key, second: Key) -> list[str]:
        """List why two networks were not compared; empty if they were."""
        if self.pair(first, second) is not None:
            return []
        return self.lack(first, second) or [
            f"predictions of {first.label} and {second.label} on the test images"
        ]

    def validation(self, key: Key, epoch: int) -> dict[int, float]:
        """Return validation accuracy by seed after an epoch (-1: the last); empty if untrained."""
        group = self.trained(key)
        return {
            cell.seed: cell.quality.history.validation_accuracy[epoch]
            for cell in (() if group is None else group.trained)
            if cell.quality is not None
        }

    def validation_gap(self, first: Key, second: Key, epoch: int) -> Gap | None:
        """Return the difference of two networks' validation accuracies, over their common seeds.

        Its error is that of two binomial shares of different images, sqrt(p (1 - p) / n + q (1 - q)
        / n). It is too large rather than too small, since both networks see the same images but
        per-image validation results are not stored.
        """
        ours, theirs = self.validation(first, epoch), self.validation(second, epoch)
        shared = ours.keys() & theirs.keys()
        variance = 0.0
        for figures in (ours, theirs):
            share = math.fsum(figures[seed] for seed in shared) / max(1, len(shared))
            variance += share * (1 - share)
        return gap(
            ours,
            theirs,
            math.sqrt(variance / self.run.dataset.validation),
            unsteady=self.unsteady(first, second),
        )

    def rates(
        self, key: Key, span: Span, convention: Convention, *, overfitting: bool
    ) -> dict[int, float]:
        """Return the rate of accuracy over a span of epochs, by seed.

        Empty if the network was not trained that long, or if the span contains no difference.
        """
        group = self.trained(key)
        found = {}
        first, last = span
        for cell in () if group is None else group.trained:
            if cell.quality is None or cell.quality.history.epochs < last:
                continue
            history = cell.quality.history
            running = (history.train_accuracy[0], *history.running_accuracy)
            validation = history.validation_accuracy
            based = first > 1 or convention == "untrained"
            if last - first + based < 1:
                continue
            if overfitting:
                found[cell.seed] = mean_overfitting_rate(
                    running[first : last + 1],
                    validation[first : last + 1],
                    untrained=(running[first - 1], validation[first - 1]) if based else None,
                )
            else:
                found[cell.seed] = mean_convergence_rate(
                    running[first : last + 1], untrained=running[first - 1] if based else None
                )
        return found

    def rate_gap(
        self,
        first: Key,
        second: Key,
        span: Span,
        convention: Convention,
        *,
        overfitting: bool = False,
    ) -> Gap | None:
        """Return the rate of one network minus that of another.

        A rate over k differences telescopes to (end - start) / k, so two of them depend on four
        accuracies. Each has a sampling variance of at most 0.25 / n, which gives the error sqrt(4 *
        0.25 / n) / k, with n training images; if the rate includes validation accuracies, their 1 /
        n is added under the root.
        """
        data = self.run.dataset
        steps = span.last - span.first + (span.first > 1 or convention == "untrained")
        variance = 1 / data.train + (1 / data.validation if overfitting else 0)
        return gap(
            self.rates(first, span, convention, overfitting=overfitting),
            self.rates(second, span, convention, overfitting=overfitting),
            math.sqrt(variance) / max(steps, 1),
            is_rate=True,
            unsteady=self.unsteady(first, second) if overfitting else (),
        )
