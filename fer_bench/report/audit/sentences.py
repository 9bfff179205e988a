"""Scope and summary of an audit, and its implications for metrics, as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.number_text import counted
from fer_bench.results.records import NO_TEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fer_bench.data.audit import Audit
    from fer_bench.data.audit.duplicate_groups import Leak
    from fer_bench.data.prepare import PreparedData
    from fer_bench.protocol.data_spec import Labels

DEDUPED = {
    "none": "none: duplicates stay in the parts that they were drawn into",
    "train": "train: no training image has a duplicate in any part",
    "all": "all: no image of the three parts has a duplicate in them",
}
"""Description of each ``dedupe`` setting."""

LABELLED = {
    "fer2013": "the data set's own",
    "ferplus": "the class with the most of FER+'s ten votes, not the data set's own",
}
"""Description of each ``labels`` setting."""


def summary(found: Audit) -> list[str]:
    """Return the caveats for metrics measured on the data set, most important first."""
    identical, _, near = found.copies
    sentences = [
        _duplicates(found),
        f"{identical.surplus:,} of {found.images:,} images are identical duplicates of others, "
        f"{near.surplus:,} including mirrored and near-duplicates. Groups of duplicates with "
        f"conflicting labels: {len(identical.conflicts):,} and {len(near.conflicts):,}.",
    ]
    if found.blanks.constant or found.blanks.nearly:
        sentences.append(
            f"Blank images: {len(found.blanks.constant):,}; nearly blank: "
            f"{len(found.blanks.nearly):,}."
        )
    if found.agreement is not None:
        whole = found.agreement.whole
        sentences.append(
            f"Labels that are likely wrong according to the votes: {whole.likely_wrong:,} "
            f"({whole.likely_wrong / whole.images:.1%}). Images without a face according to more "
            f"than half of the taggers: {whole.no_face:,}."
        )
    if "test" not in found.parts:
        sentences.append(f"The split {found.split!r} has {NO_TEST}.")
    return sentences


def _duplicates(found: Audit) -> str:
    split, part = found.split, found.parts[-1]
    if found.not_split:
        return f"The split {split!r} is impossible; the table of duplicates across parts says why."
    near = _leak(found, "near")
    if not near.images:
        return f"No {part} image of the split {split!r} has a duplicate in training."
    identical = _leak(found, "identical")
    return (
        f"{identical.images:,} of {identical.total:,} {part} images ({identical.share:.1%}) of the "
        f"split {split!r} have an identical duplicate in training, {near.images:,} "
        f"({near.share:.1%}) including mirrored and near-duplicates."
    )


def _leak(found: Audit, likeness: str) -> Leak:
    """Return the leak of such duplicates from training to the last part."""
    ends = "train", found.parts[-1]
    return next(
        one for one in found.leaks if one.likeness == likeness and (one.source, one.target) == ends
    )


def scope_sentences(data: PreparedData) -> list[str]:
    """Return a sentence on every deviation from the data set as loaded."""
    spec, sentences = data.spec, []
    if data.loaded.usage is not None and spec.split != "kaggle":
        sentences.append(
            "The data set has its own parts, which this split ignores; --split=kaggle uses them."
        )
    if spec.labels != "fer2013":
        sentences.append(
            f"The label of each image is {LABELLED[spec.labels]}. Labels with at most half of the "
            f"votes: {data.no_majority:,}."
        )
    if data.unused:
        counts = ", ".join(f"{why} ({images:,})" for why, images in data.unused)
        sentences.append(f"Images left out of the audit: {counts}.")
    if spec.dedupe != "none" and data.split_error is None:
        sentences.append(
            "Audited images that are in no part because they are duplicates: "
            f"{data.removed_duplicates:,}."
        )
    return sentences


def implications(found: Audit, labels: Labels = "fer2013") -> list[str]:
    """Return the implications of the findings as sentences; ``labels`` as in ``DataSpec``."""
    flaws = found.test_flaws
    test_images = counted(flaws.images, "test image")
    sentences = [_leakage(found)]
    if flaws.contradictory:
        sentences.append(
            "Some identical test images have different labels. A network predicts the same class "
            f"for each of them, so it is wrong on at least {flaws.contradictory:,} of "
            f"{test_images}."
        )
    sentences += _class_imbalance(found)
    if flaws.empty:
        sentences.append(
            f"{flaws.empty:,} of {test_images} {'is' if flaws.empty == 1 else 'are'} blank or "
            "nearly blank: a network can only guess or memorise the label."
        )
    return [*sentences, *_label_issues(found, labels)]


def _leakage(found: Audit) -> str:
    if found.not_split:
        return f"The split {found.split!r} is impossible: no metric can be measured with it."
    part, leak = found.parts[-1], _leak(found, "near")
    if not leak.images:
        return f"No {part} image has a detectable duplicate in training."
    if leak.images == leak.total:
        return (
            f"Every {part} image has a duplicate in training: {part} accuracy says nothing about "
            "new images."
        )
    share = leak.share
    return (
        f"{leak.images:,} of {leak.total:,} {part} images ({share:.1%}) can be memorised, "
        f"{leak.same_label:,} of them with the same label as in training. If the {part} accuracy "
        f"of a network is A, its accuracy on the other {part} images lies between "
        f"(A - {share:.3f}) / {1 - share:.3f} and A / {1 - share:.3f}."
    )


def _class_imbalance(found: Audit) -> Iterator[str]:
    part = found.parts[-1]
    sizes = {one.name: getattr(one, part) for one in found.classes if getattr(one, part)}
    if not sizes:
        return
    total = sum(sizes.values())
    largest, smallest = max(sizes, key=sizes.__getitem__), min(sizes, key=sizes.__getitem__)
    yield (
        f"Always predicting {largest} scores an accuracy of {sizes[largest] / total:.1%} on the "
        f"{part} images: this is the baseline, not 0."
    )
    least = sizes[smallest]
    if least < sizes[largest]:
        # No sentence starts with a class name, which could be parsed as a list marker.
        yield (
            f"The {part} part has {counted(least, 'image')} of class {smallest}: a single "
            f"prediction changes its recall by {100 / least:.1f} percentage points and the "
            f"accuracy by {100 / total:.2f}."
        )


def _label_issues(found: Audit, labels: Labels) -> Iterator[str]:
    if labels == "ferplus":
        yield (
            "FER+'s votes cannot be used to check the labels, which are made from them. Metrics "
            "are not comparable with those on the data set's own labels."
        )
        return
    if found.agreement is None:
        yield "The labels were not checked: no votes on them were given."
        return
    flaws = found.test_flaws
    if flaws.images and flaws.likely_wrong is not None:
        yield (
            "If nearly unanimous taggers are right, a perfect network would count as wrong on "
            f"{flaws.likely_wrong:,} of {counted(flaws.images, 'test image')} "
            f"({flaws.likely_wrong / flaws.images:.1%})."
        )
    worst = max(
        (one for one in found.agreement.classes if one.images),
        key=lambda one: one.likely_wrong / one.images,
    )
    if worst.likely_wrong:
        voted, images = worst.instead[0]
        yield (
            f"Label issues are most frequent in class {worst.name}: "
            f"{worst.likely_wrong / worst.images:.1%} of its {counted(worst.images, 'label')} are "
            f"likely wrong, most often with votes for {voted} ({images:,})."
        )
