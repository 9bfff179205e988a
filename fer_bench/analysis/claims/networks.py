"""C4 to C8, C10 and C12: networks compared by accuracy, rates, size and speed."""

from __future__ import annotations

import dataclasses
import statistics
from typing import TYPE_CHECKING

from fer_bench.analysis.claims.differences import part_of
from fer_bench.analysis.claims.measures import (
    accuracy_contrast,
    accuracy_difference,
    list_missing,
    list_missing_tests,
    parameter_count,
    rate_differences,
    validation_accuracies,
    validation_difference,
)
from fer_bench.analysis.claims.values import (
    MOBILENET,
    NETWORKS,
    NOT_MEASURED,
    NOT_RUN,
    OPENFACE,
    PRETRAINED,
    RESNET50,
    VGGFACE,
    Basis,
    EpochRange,
    Missing,
    Network,
    Part,
)
from fer_bench.analysis.number_text import percent, points
from fer_bench.protocol import published

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fer_bench.analysis.claims.values import Evidence, Finding, Metric, State

EQUAL = 0.02
"""Accuracies are equal if their difference lies within this distance of 0."""

SPEED_NOISE = 0.10
"""Speeds that differ by a smaller share cannot be distinguished, as machine speed varies."""

ROUNDS = 3
"""Minimum number of timed rounds; fewer do not show how much a machine's speed varies."""

FIRST_WINDOW = EpochRange(*published.WINDOWS[0])
FACE, IMAGENET = (VGGFACE, OPENFACE), (RESNET50, MOBILENET)
"""Networks trained to recognise faces, and networks trained on ImageNet."""


def vggface_is_most_accurate(evidence: Evidence) -> Iterator[Finding]:
    """Judge C4: pretrained VGG-Face has the best initial and final validation accuracy."""
    rivals = [network for network in NETWORKS if network != VGGFACE]
    yield from list_missing(evidence, VGGFACE, *rivals)
    for name, epoch in (("initial", 1), ("final", -1)):
        accuracies = validation_accuracies(evidence, VGGFACE, epoch)
        parts = []
        for rival in rivals:
            lead = validation_difference(evidence, VGGFACE, rival, epoch)
            if lead is None:
                continue
            mean = sum(accuracies[seed] for seed in lead.by_seed) / len(lead.by_seed)
            label = f"{name} {percent(mean)}, {VGGFACE.label} minus {rival.label}"
            basis = Basis.of_lead(VGGFACE, rival, "validation accuracy")
            parts.append(part_of(label, [lead], basis, tests=2 * len(rivals)))
        yield parts


def vggface_converges_slowest(evidence: Evidence) -> Iterator[Finding]:
    """Judge C5: pretrained VGG-Face has the lowest accuracy MCR of the pretrained networks.

    Random networks are excluded: the claim is about the network that C4 calls the best, and in the
    paper's Table 2 random VGG-Face is even slower.
    """
    rivals = [network for network in PRETRAINED if network != VGGFACE]
    epochs = EpochRange(1, evidence.epochs)
    yield from list_missing(evidence, VGGFACE, *rivals, epochs=2)
    yield _rank_by_rate(evidence, VGGFACE, rivals, epochs, len(rivals), lowest=True)


def openface_changes_fastest(evidence: Evidence) -> Iterator[Finding]:
    """Judge C8: pretrained OpenFace has the highest accuracy MCR and MOFR of the pretrained ones.

    Both are computed in the first window, where OpenFace has the highest MCR in the paper's Table
    2. Over all 20 epochs of that table it has the second highest, below ResNet-50, and in the first
    window its random network is behind random ResNet-50 and MobileNet.
    """
    rivals = [network for network in PRETRAINED if network != OPENFACE]
    tests = 2 * len(rivals)
    yield from list_missing(evidence, OPENFACE, *rivals, epochs=FIRST_WINDOW.last)
    yield _rank_by_rate(evidence, OPENFACE, rivals, FIRST_WINDOW, tests)
    yield _rank_by_rate(evidence, OPENFACE, rivals, FIRST_WINDOW, tests, overfitting=True)


def _rank_by_rate(
    evidence: Evidence,
    network: Network,
    rivals: Sequence[Network],
    epochs: EpochRange,
    tests: int,
    *,
    lowest: bool = False,
    overfitting: bool = False,
) -> list[Part]:
    """Return the ranking of a network by accuracy MCR, or MOFR, under both conventions.

    It ranks first with the highest rate, or with the lowest. The list is empty if no rival has a
    rate under both conventions.
    """
    metrics: list[Metric] = ["training accuracy"]
    name = "MCR"
    if overfitting:
        metrics.append("validation accuracy")
        name = "MOFR"
    parts = []
    for rival in rivals:
        first, second = (rival, network) if lowest else (network, rival)
        leads = rate_differences(evidence, first, second, epochs, overfitting=overfitting)
        if leads:
            label = f"{name} {first.label} minus {second.label}"
            basis = Basis.of_lead(network, rival, *metrics)
            parts.append(part_of(label, leads, basis, tests=tests))
    return parts


def openface_equals_resnet50(evidence: Evidence) -> Iterator[Finding]:
    """Judge C6: OpenFace is as accurate as ResNet-50, smaller, and trains and predicts faster.

    Only the pretrained networks are judged: in the paper's Table 2 the random ones lie far apart.
    Training is that of the complete network, at each network's own input size and at one that both
    have been timed at; inference is at the largest batch size at which both were timed.
    """
    yield from list_missing_tests(evidence, OPENFACE, RESNET50)
    gap = accuracy_difference(evidence, OPENFACE, RESNET50)
    if gap is not None:
        networks = (OPENFACE, RESNET50)
        winner = OPENFACE if gap.mean > 0 else RESNET50
        basis = Basis(networks, ("test images",), holding=networks, failing=(winner,))
        needs = f"more seeds or images, for a CI entirely within or beyond {points(EQUAL)}"
        part = part_of("OpenFace minus ResNet-50", [gap], basis, above=-EQUAL, below=EQUAL)
        yield dataclasses.replace(part, needs=needs)
    yield from _smaller(evidence, OPENFACE, RESNET50)
    yield from _faster(evidence, OPENFACE, RESNET50)
    yield from _random_pair(evidence, OPENFACE, RESNET50)


def mobilenet_is_smallest(evidence: Evidence) -> Iterator[Finding]:
    """Judge C7: MobileNet has the fewest parameters and is less accurate than OpenFace.

    Fewest means among all four backbones. Only the pretrained networks are judged, as in C6.
    """
    yield from list_missing_tests(evidence, OPENFACE, MOBILENET)
    gain = accuracy_difference(evidence, OPENFACE, MOBILENET)
    if gain is not None:
        basis = Basis.of_lead(OPENFACE, MOBILENET, "test images")
        yield part_of("OpenFace minus MobileNet", [gain], basis)
    yield from _smaller(evidence, *PRETRAINED)
    yield from _random_pair(evidence, OPENFACE, MOBILENET)


def parameters_are_exact(evidence: Evidence) -> Iterator[Finding]:
    """Judge C10: OpenFace, ResNet-50 and MobileNet have exactly the published parameter counts.

    It depends on neither data nor training.
    """
    for backbone, count in published.PARAMETERS.items():
        network = Network(backbone, "pretrained")
        ours = parameter_count(evidence, network)
        if ours is None:
            yield _no_count(evidence, network)
        elif ours == count:
            yield Part("holds", f"{network.title} {ours:,}")
        else:
            text = f"{network.title} {ours:,} instead of {count:,}"
            yield Part("fails", text, float(ours - count))


def face_networks_are_as_good(evidence: Evidence) -> Iterator[Finding]:
    """Judge C12: the face networks' mean accuracy is not below that of the ImageNet networks."""
    networks = (*FACE, *IMAGENET)
    weights = {**dict.fromkeys(FACE, 0.5), **dict.fromkeys(IMAGENET, -0.5)}
    yield from list_missing_tests(evidence, *networks)
    gap = accuracy_contrast(evidence, weights)
    if gap is not None:
        basis = Basis(networks, ("test images",), holding=networks, failing=IMAGENET)
        yield part_of("face minus ImageNet networks", [gap], basis, above=-EQUAL)


def _no_count(evidence: Evidence, network: Network) -> Missing:
    requested = any(one.backbone == network.backbone for one in evidence.groups)
    cause = NOT_MEASURED if requested else NOT_RUN
    return Missing(cause, f"parameter count of {network.title}")


def _smaller(evidence: Evidence, *networks: Network) -> Iterator[Finding]:
    """Judge if the first network has fewer parameters than the others."""
    counts = {network: parameter_count(evidence, network) for network in networks}
    yield from (_no_count(evidence, one) for one, count in counts.items() if count is None)
    known = {network: count for network, count in counts.items() if count is not None}
    if len(known) > 1 and networks[0] in known:
        own, *others = known.values()
        listed = ", ".join(f"{network.title} {count:,}" for network, count in known.items())
        yield Part("holds" if own < min(others) else "fails", f"parameters {listed}")


def _faster(evidence: Evidence, first: Network, second: Network) -> Iterator[Finding]:
    """Judge if a network trains and predicts faster than another."""
    training = [_training(evidence, network) for network in (first, second)]
    # Each network's own input size is measured first.
    own = [next(iter(sizes), 0) for sizes in training]
    equal = max(training[0].keys() & training[1].keys(), default=0)
    inference = [_inference(evidence, network) for network in (first, second)]
    batch = max(inference[0].keys() & inference[1].keys(), default=0)
    timings = [
        (
            f"training at own input ({' and '.join(f'{one} px' for one in own)})",
            "training speed of the complete network at its own input size",
            [sizes.get(size) for sizes, size in zip(training, own, strict=True)],
        ),
        (
            f"training at {equal} px",
            "training speed of the complete network at one input size",
            [sizes.get(equal) for sizes in training],
        ),
        (
            f"inference, batch {batch}",
            "speed of inference at a common batch size",
            [sizes.get(batch) for sizes in inference],
        ),
    ]
    for label, what, (one, other) in timings:
        if one is None or other is None:
            yield Missing(NOT_MEASURED, f"{what} for {first.label} and {second.label}")
        else:
            yield _speed_part(label, one, other)


def _speed_part(label: str, one: Sequence[float], other: Sequence[float]) -> Part:
    """Return the part that a network is faster, by seconds per image of each timed round."""
    median, other_median = map(statistics.median, (one, other))
    ratio = other_median / median
    state: State = "open"
    if min(len(one), len(other)) >= ROUNDS:
        (low, _, high), (other_low, _, other_high) = (
            statistics.quantiles(seconds, n=4, method="inclusive") for seconds in (one, other)
        )
        if ratio > 1 + SPEED_NOISE and high < other_low:
            state = "holds"
        elif ratio < 1 / (1 + SPEED_NOISE) and low > other_high:
            state = "fails"
    return Part(
        state,
        f"{label}: {1 / median:,.0f} versus {1 / other_median:,.0f} images/s (ratio {ratio:.2f})",
        needs=f"more timed rounds ({ROUNDS} or more) on an idle machine",
    )


def _training(evidence: Evidence, network: Network) -> Mapping[int, Sequence[float]]:
    """Return seconds per image of each timed round of the complete network, by input size."""
    timed = (cell.network_training for cell in evidence.cells(network) if cell.network_training)
    return {
        speed.input_size: [seconds / speed.images for seconds in speed.seconds]
        for speed in next(timed, ())
    }


def _inference(evidence: Evidence, network: Network) -> Mapping[int, Sequence[float]]:
    """Return seconds per image of each timed call, by batch size."""
    timed = (cell.inference for cell in evidence.cells(network) if cell.inference)
    return {
        speed.batch_size: [seconds / speed.batch_size for seconds in speed.seconds]
        for speed in next(timed, ())
    }


def _random_pair(evidence: Evidence, first: Network, second: Network) -> Iterator[str]:
    pair = (network._replace(init="random") for network in (first, second))
    gap = accuracy_difference(evidence, *pair)
    if gap is not None:
        yield f"random (not judged): {first.title} minus {second.title} {gap.text}"
