"""Implications of an audit for metrics measured on the data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.number_text import counted

if TYPE_CHECKING:
    from fer_bench.data.audit import Audit
    from fer_bench.protocol.data_spec import Labels


def implications(found: Audit, labels: Labels = "fer2013") -> list[str]:
    """Return the implications of the findings as sentences.

    Args:
        found: the audit.
        labels: source of the audited labels, as in ``fer_bench.protocol.data_spec.DataSpec``.
    """
    sentences = [*_leakage(found), *_conflicting_labels(found), *_class_imbalance(found)]
    flaws = found.test_flaws
    if flaws.empty:
        sentences.append(
            f"{flaws.empty:,} of {counted(flaws.images, 'test image')} "
            f"{'is' if flaws.empty == 1 else 'are'} blank or nearly blank: a network can only "
            "guess or memorise the label."
        )
    return [*sentences, *_label_issues(found, labels)]


def _leakage(found: Audit) -> list[str]:
    if found.not_split:
        return [f"The split {found.split!r} is impossible: no metric can be measured with it."]
    part = found.parts[-1]
    (leak,) = (
        one
        for one in found.leaks
        if (one.likeness, one.source, one.target) == ("near", "train", part)
    )
    if not leak.images:
        return [f"No {part} image has a detectable duplicate in training."]
    if leak.images == leak.total:
        return [
            f"Every {part} image has a duplicate in training: {part} accuracy says nothing about "
            "new images."
        ]
    share = leak.share
    return [
        f"{leak.images:,} of {leak.total:,} {part} images ({share:.1%}) can be memorised, "
        f"{leak.same_label:,} of them with the same label as in training. If the {part} accuracy "
        f"of a network is A, its accuracy on the other {part} images lies between "
        f"(A - {share:.3f}) / {1 - share:.3f} and A / {1 - share:.3f}."
    ]


def _conflicting_labels(found: Audit) -> list[str]:
    flaws = found.test_flaws
    if not flaws.contradictory:
        return []
    return [
        "Some identical test images have different labels. A network predicts the same class for "
        f"each of them, so it is wrong on at least {flaws.contradictory:,} of "
        f"{counted(flaws.images, 'test image')}."
    ]


def _class_imbalance(found: Audit) -> list[str]:
    part = found.parts[-1]
    sizes = {one.name: getattr(one, part) for one in found.classes if getattr(one, part)}
    if not sizes:
        return []
    total = sum(sizes.values())
    largest, smallest = max(sizes, key=sizes.__getitem__), min(sizes, key=sizes.__getitem__)
    sentences = [
        f"Always predicting {largest} scores an accuracy of {sizes[largest] / total:.1%} on the "
        f"{part} images: this is the baseline, not 0."
    ]
    least = sizes[smallest]
    if least < sizes[largest]:
        sentences.append(
            # No sentence starts with a class name, which could be parsed as a list marker.
            f"The {part} part has {counted(least, 'image')} of class {smallest}: a single "
            f"prediction changes its recall by {100 / least:.1f} percentage points and the "
            f"accuracy by {100 / total:.2f}."
        )
    return sentences


def _label_issues(found: Audit, labels: Labels) -> list[str]:
    if labels == "ferplus":
        return [
            "FER+'s votes cannot be used to check the labels, which are made from them. Metrics "
            "are not comparable with those on the data set's own labels."
        ]
    if found.agreement is None:
        return ["The labels were not checked: no votes on them were given."]
    sentences, flaws = list[str](), found.test_flaws
    if flaws.images and flaws.likely_wrong is not None:
        sentences.append(
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
        sentences.append(
            f"Label issues are most frequent in class {worst.name}: "
            f"{worst.likely_wrong / worst.images:.1%} of its {counted(worst.images, 'label')} are "
            f"likely wrong, most often with votes for {voted} ({images:,})."
        )
    return sentences
