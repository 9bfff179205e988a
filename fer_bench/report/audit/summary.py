"""Summary of an audit in a few sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_bench.data.audit import Audit


def summary(found: Audit) -> list[str]:
    """Return the caveats for metrics measured on the data set, most important first."""
    identical, _, near = found.copies
    told = [
        _leaked(found),
        f"{identical.surplus:,} of {found.images:,} images are copies of others, "
        f"{near.surplus:,} with those that are mirrored or nearly the same. Pictures that are "
        f"there with several labels: {len(identical.conflicts):,}, and {len(near.conflicts):,} "
        "with those.",
    ]
    if found.blanks.constant or found.blanks.nearly:
        told.append(
            f"Empty images: {len(found.blanks.constant):,}, nearly empty ones: "
            f"{len(found.blanks.nearly):,}."
        )
    if found.agreement is not None:
        whole = found.agreement.whole
        told.append(
            f"Labels that are likely wrong by the votes: {whole.likely_wrong:,} "
            f"({whole.likely_wrong / whole.images:.1%}). Images that more than half of the taggers "
            f"call no face: {whole.no_face:,}."
        )
    return told


def _leaked(found: Audit) -> str:
    split = found.split
    if found.not_split:
        return f"There is no split {split!r} of it: the table of images in two parts tells why."
    leaks = {(leak.likeness, leak.source, leak.target): leak for leak in found.leaks}
    identical, near = leaks["identical", "train", "test"], leaks["near", "train", "test"]
    if not near.images:
        return f"No test image of the split {split!r} is also among the training images."
    return (
        f"{identical.images:,} of {identical.total:,} test images ({identical.share:.1%}) of the "
        f"split {split!r} are also among the training images, {near.images:,} ({near.share:.1%}) "
        "with those that are mirrored or nearly the same."
    )
