"""Table of few-shot evaluation: test accuracy with a few training images of each class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.few_shot import few_shot_scores
from fer_bench.protocol import published
from fer_bench.protocol.few_shot import MIEB_PUBLISHED, MIEB_TEST
from fer_bench.report.cell_rows import cell_row
from fer_bench.report.duplicate_definition import SAME_PICTURE
from fer_bench.report.table import Column, Row, Table, bracketed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fer_bench.analysis.few_shot import FewShotScore
    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.report.table import Entry


def few_shot_tables(analysis: Analysis) -> list[Table]:
    """Return the table of few-shot evaluation, with the key ``few-shot``; none without it."""
    found = [(group, few_shot_scores(group)) for group in analysis.groups]
    known = [one for _, scores in found for one in scores]
    if not known:
        return []
    rows = [row for group, scores in found if scores for row in _rows(group, scores)]
    columns = (
        *(
            Column(name, decimals=1, style="percent", limits=True)
            for name in ("accuracy", "deduplicated", "macro F1")
        ),
        Column("training", "duplicates", decimals=1, style="percent"),
        Column("drawn", "duplicates", decimals=2, style="percent"),
        Column("test images", hidden=True),
        Column("draws", hidden=True),
    )
    has_published = analysis.dataset.name == published.DATASET and any(
        one.mieb and one.images == MIEB_TEST for one in known
    )
    if has_published:
        rows += _published()
    return [
        Table(
            key="few-shot",
            title="Few-shot test accuracy",
            head="Model, images per class",
            columns=columns,
            rows=tuple(rows),
            notes=tuple(_notes(known, analysis.dataset.split, has_published=has_published)),
        )
    ]


def _rows(group: Group, scores: Sequence[FewShotScore]) -> Iterator[Row]:
    for one in scores:
        entries: tuple[Entry, ...] = (
            *(
                None if found is None else bracketed(found.value, found)
                for found in (one.accuracy, one.deduplicated, one.macro_f1)
            ),
            None if one.leaked is None else one.leaked / one.images,
            one.seen / one.images,
            one.images,
            one.draws,
        )
        yield cell_row(group.mean, entries, part=f", {'MIEB' if one.mieb else one.shots}")


def _published() -> Iterator[Row]:
    for name, (accuracy, macro_f1) in MIEB_PUBLISHED.items():
        entries = (bracketed(accuracy), None, bracketed(macro_f1), None, None, MIEB_TEST, 5)
        yield Row(f"{name}, published by MIEB", entries)


def _notes(known: Sequence[FewShotScore], split: str, *, has_published: bool) -> Iterator[str]:
    draws = sorted({one.draws for one in known})
    yield (
        f"In %, means over {' or '.join(map(str, draws))} draws of so many training images of each "
        "class. The head has the weakest regularisation of its grid: nothing is chosen, and no "
        "other label is used. Features are standardised on all training images. Brackets: 95 % "
        "bootstrap interval over the test images, widened by Student's t over the draws, or, for "
        "random weights with several seeds, over the seeds."
    )
    yield (
        "duplicates: test images with a duplicate among the training images that are drawn from, "
        "which deduplicated leaves out; drawn: with a duplicate in a draw, mean over the draws."
    )
    for one in {found.mieb: found for found in known if found.leaked is not None}.values():
        yield (
            f"{'MIEB' if one.mieb else f'Split {split!r}'}: {one.leaked:,} of {one.images:,} test "
            f"images have a duplicate among the {one.drawn_from:,} training images."
        )
    yield SAME_PICTURE
    if any(one.mieb for one in known):
        yield (
            "MIEB: as in the Massive Image Embedding Benchmark (arXiv 2504.10471), 16 images of "
            "each class of Kaggle's Training, scikit-learn's LogisticRegression(max_iter=100) on "
            "features as they are, tested on PublicTest and PrivateTest together. It draws other "
            "images and counts no duplicates."
        )
    if has_published:
        yield (
            "published by MIEB: FER2013.json of openai__clip-vit-base-patch32 and "
            "facebook__dinov2-base in github.com/embeddings-benchmark/results, mteb 1.14.15."
        )
