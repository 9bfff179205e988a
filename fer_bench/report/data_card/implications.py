"""Implications of an audit for metrics measured on the data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_bench.data.audit import Audit
    from fer_bench.protocol.data_spec import Labels


def meaning(found: Audit, labels: Labels = "fer2013") -> list[str]:
    """Return the implications of the findings as sentences.

    Args:
        found: the audit.
        labels: source of the audited labels, as in ``fer_bench.protocol.data_spec.DataSpec``.
    """
    told = [*_leaked(found), *_contradictory(found), *_unequal(found)]
    flaws = found.test_flaws
    if flaws.empty:
        told.append(
            f"On {flaws.empty:,} of {things(flaws.images, 'test image')} there is nothing, or next "
            "to nothing: their labels cannot be recognised, only guessed or known by heart."
        )
    return [*told, *_doubted(found, labels)]


def _leaked(found: Audit) -> list[str]:
    if found.not_split:
        return [f"None can be measured on it with the split {found.split!r}: it cannot be made."]
    (leak,) = (
        one
        for one in found.leaks
        if (one.likeness, one.source, one.target) == ("near", "train", "test")
    )
    if not leak.images:
        return ["No test image was seen in training, as far as copies can be found."]
    if leak.images == leak.total:
        return ["Every test image is also trained on: a test accuracy says nothing of new faces."]
    share = leak.share
    return [
        f"{leak.images:,} of {leak.total:,} test images ({share:.1%}) can be known by heart, "
        f"{leak.same_label:,} of them with the label that they have in training. Of a network "
        f"whose test accuracy is A, the accuracy on the other test images lies between "
        f"(A - {share:.3f}) / {1 - share:.3f} and A / {1 - share:.3f}."
    ]


def _contradictory(found: Audit) -> list[str]:
    flaws = found.test_flaws
    if not flaws.contradictory:
        return []
    return [
        "Some test images are the same, pixel by pixel, and have different labels. A network gives "
        f"such a picture one answer: it is wrong on at least {flaws.contradictory:,} of "
        f"{things(flaws.images, 'test image')}, whatever it learns."
    ]


def _unequal(found: Audit) -> list[str]:
    tested = [one for one in found.classes if one.test]
    if not tested:
        return []
    total = sum(one.test for one in tested)
    most, least = max(tested, key=lambda one: one.test), min(tested, key=lambda one: one.test)
    told = [
        f"Whoever always answers {most.name} is right on {most.test / total:.1%} of the test "
        "images: an accuracy is to be read from there on, not from 0."
    ]
    if least.test < most.test:
        told.append(
            # No sentence starts with a class name, which could be parsed as a list marker.
            f"Of {least.name} there {'is' if least.test == 1 else 'are'} "
            f"{things(least.test, 'test image')}: one more or less that is recognised moves the "
            f"recall by {100 / least.test:.1f} percentage points, and the accuracy by "
            f"{100 / total:.2f} of one."
        )
    return told


def _doubted(found: Audit, labels: Labels) -> list[str]:
    if labels == "ferplus":
        return [
            "Whether the labels are right cannot be looked into with FER+'s votes: they are made "
            "from them. Figures are not comparable with those by the labels that the data set came "
            "with."
        ]
    if found.agreement is None:
        return ["Whether the labels are right was not looked into: no votes on them were given."]
    told, flaws = list[str](), found.test_flaws
    if flaws.images and flaws.likely_wrong is not None:
        told.append(
            "If the taggers are right where they are nearly of one mind, a network without fault "
            f"would be wrong by the labels on {flaws.likely_wrong:,} of "
            f"{things(flaws.images, 'test image')} ({flaws.likely_wrong / flaws.images:.1%})."
        )
    worst = max(
        (one for one in found.agreement.classes if one.images),
        key=lambda one: one.likely_wrong / one.images,
    )
    if worst.likely_wrong:
        instead, images = worst.instead[0]
        told.append(
            f"The labels of {worst.name} are the most doubtful ones: "
            f"{worst.likely_wrong / worst.images:.1%} of all {worst.images:,} are likely wrong, "
            f"most often because taggers see {instead} ({images:,})."
        )
    return told


def things(number: int, what: str) -> str:
    """Return the number with its noun, in the plural unless it is 1."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
