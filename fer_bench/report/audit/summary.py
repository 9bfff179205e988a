"""Summary of an audit in a few sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.results.records import NO_TEST

if TYPE_CHECKING:
    from fer_bench.data.audit import Audit


def summary(found: Audit) -> list[str]:
    """Return the caveats for metrics measured on the data set, most important first."""
    identical, _, near = found.copies
    sentences = [
        _leakage(found),
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


def _leakage(found: Audit) -> str:
    split = found.split
    if found.not_split:
        return f"The split {split!r} is impossible; the table of duplicates across parts says why."
    leaks = {(leak.likeness, leak.source, leak.target): leak for leak in found.leaks}
    part = found.parts[-1]
    identical, near = leaks["identical", "train", part], leaks["near", "train", part]
    if not near.images:
        return f"No {part} image of the split {split!r} has a duplicate in training."
    return (
        f"{identical.images:,} of {identical.total:,} {part} images ({identical.share:.1%}) of the "
        f"split {split!r} have an identical duplicate in training, {near.images:,} "
        f"({near.share:.1%}) including mirrored and near-duplicates."
    )
