"""Tables of further tests: on parts of the test images, on another data set, and few-shot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fer_bench.analysis.cross_scores import cross_score
from fer_bench.analysis.few_shot import few_shot_scores
from fer_bench.analysis.subsets import Score
from fer_bench.data.audit import LEAST_CORRELATION, LEAST_SIMILARITY, REACH, SIDE
from fer_bench.protocol import published
from fer_bench.protocol.few_shot import MIEB_PUBLISHED, MIEB_TEST
from fer_bench.report.cell_rows import cell_row
from fer_bench.report.table import Column, Row, Table, bracketed
from fer_bench.results.records import COPIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fer_bench.analysis.few_shot import FewShotScore
    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.subsets import Excess, Leakage, Subsets, VoteScores
    from fer_bench.report.table import Entry
    from fer_bench.results.cross_test import CrossTest
    from fer_bench.results.metric_estimates import Estimate
    from fer_bench.results.records import CellResult, DatasetSummary

SAME_PICTURE = (
    "identical: all pixels are equal. mirrored: identical after one image is mirrored. "
    "near-duplicate: the grey levels correlate by at least "
    f"{LEAST_CORRELATION}, mirrored or not, with one image shifted by up to 1/{REACH} of its side "
    f"({SIDE // REACH} of {SIDE} pixels); or a chain of such images anywhere in the data set links "
    "the two. Only images whose low spatial frequencies have a similarity of at least "
    f"{LEAST_SIMILARITY} are compared. Images of a single grey level have no near-duplicates."
)
"""Note below tables that count duplicates."""

_SCORES = {
    "all_images": ("all", "all"),
    "deduplicated": ("deduplicated", "clean"),
    "excess": ("all minus deduplicated", "all less clean"),
    "without_identical": ("without identical", "not identical"),
    "duplicated": ("with duplicate", "with a twin"),
}
"""Headings of the fields of ``Leakage``, and their names in ``tables.csv``."""

_INTERVALS = (
    "Accuracy: %, with its CI in brackets. CI: 95 % bootstrap interval over the images; if all "
    "resamples have the same accuracy, Wilson's interval or an exact bound; with several seeds "
    "widened by Student's t over the seeds. It treats the images as independent: if several test "
    "images are duplicates of each other it is too narrow, on FER2013 with the paper's split by up "
    "to 4 %."
)


def subset_tables(analysis: Analysis) -> list[Table]:
    """Return the tables that complement the accuracy on all test images.

    Their keys: ``clean`` if test images are known to have duplicates in the training set, and
    ``votes`` if FER+ votes are known.
    """
    known = analysis.subsets
    return [
        *([_clean(analysis, known)] if known is not None and known.duplicated.any() else []),
        *([_votes(analysis)] if len(analysis.dataset.votes) else []),
    ]


def left_out(data: DatasetSummary) -> str:
    """Return sentences on source images in no part of the split; empty if there are none."""
    counts = dict(data.left_out)
    copies = counts.pop(COPIES, 0)
    sentences = []
    if counts:
        listed = ", ".join(f"{why} ({count:,})" for why, count in counts.items())
        sentences.append(f"Excluded images of the source: {listed}.")
    if copies:
        sentences.append(f"Excluded from all parts as duplicates: {copies:,}.")
    return " ".join(sentences)


def mapped(data: DatasetSummary) -> str:
    """Return a sentence on the class map; empty without one."""
    return f"Class map: {data.class_map}." if data.class_map else ""


def deduplicated_note(known: Subsets) -> str:
    """Return the note that defines the deduplicated test images."""
    images = len(known.all_images)
    if known.duplicated.any():
        return (
            f"deduplicated: on the {int(known.deduplicated.sum()):,} of the {images:,} test "
            "images without a duplicate in training."
        )
    return (
        f"deduplicated: none of the {images:,} test images has a duplicate in training. "
        f"{SAME_PICTURE}"
    )


def _clean(analysis: Analysis, known: Subsets) -> Table:
    columns = []
    for name, (heading, key) in _SCORES.items():
        if name != "excess" and (size := int(getattr(known, name).sum())):
            columns.append(_column("accuracy", f"{heading} ({size:,})", f"{key} ({size:,})"))
        # Without a deduplicated image there is nothing to subtract.
        elif name == "excess" and known.deduplicated.any():
            columns.append(_column("difference", heading, key))
    base = analysis.baseline
    rows = [] if base is None else [_baseline(base.name, _leaked(base.leakage))]
    for group in analysis.groups:
        found = group.leakage
        rows.append(cell_row(group.mean, None if found is None else _leaked(found)))
    notes = (
        "deduplicated: test images without a duplicate in training (split "
        f"{analysis.dataset.split!r}). without identical: without an identical one. In "
        "parentheses: number of test images.",
        SAME_PICTURE,
        _INTERVALS,
        "all minus deduplicated: how much the images with a duplicate raise test accuracy. They "
        "may be easier for other reasons too, above all their classes: compare with the first "
        "row. Its CI combines those with and without a duplicate by Zou and Donner's MOVER (2008), "
        "which equals Newcombe's method 10 for Wilson intervals."
        if known.deduplicated.any()
        else "",
        f"always {base.name}: majority-class baseline; the largest class of the test images, whose "
        "share differs between the columns."
        if base is not None
        else "",
    )
    return Table("clean", "Deduplicated test accuracy", "Model", columns, rows, notes)


def _votes(analysis: Analysis) -> Table:
    data, agreement = analysis.dataset, analysis.label_agreement
    named = 0 if agreement is None else agreement.images
    columns = (
        _column("accuracy", f"against FER+ ({named:,})", f"by FER+ ({named:,})"),
        _column("accuracy", f"against the label ({named:,})", f"by the label ({named:,})"),
    )
    rows = []
    if agreement is not None:
        rows = [Row("data set's labels", (_entry(agreement), None), key="the labels")]
    base = analysis.vote_baseline
    if base is not None:
        rows.append(_baseline(base.name, _voted(base.scores)))
    for group in analysis.groups:
        found = group.vote_scores
        rows.append(cell_row(group.mean, None if found is None else _voted(found)))
    notes = (
        "against FER+: the correct class is the one with the most FER+ votes. against the "
        "label: the same images by the data set's label. In parentheses: their number; "
        f"{data.test - named:,} of the {data.test:,} test images are excluded because several "
        "categories share the most votes or none of the classes has them.",
        f"data set's labels: share of {data.name}'s labels that are the class with the most "
        "votes, which is what a network that predicts every label correctly would score. A "
        "network that averages out label errors may score higher.",
        f"always {base.name}: the class that has the most votes for the most images."
        if base is not None
        else "",
        _INTERVALS,
    )
    return Table("votes", "Test accuracy against FER+", "Model", columns, rows, notes)


def _baseline(name: str, entries: Sequence[Entry]) -> Row:
    return Row(f"always {name}", tuple(entries), key=f"naming {name}")


def _column(name: str, group: str, key: str) -> Column:
    return Column(name, group, decimals=1, style="percent", keys=(key, name), limits=True)


def _leaked(found: Leakage) -> list[Entry]:
    scores = (getattr(found, name) for name in _SCORES)
    return [_entry(one) for one in scores if one is not None]


def _voted(found: VoteScores) -> list[Entry]:
    return [_entry(found.by_votes), _entry(found.by_labels)]


def _estimate(found: Estimate | None) -> Entry:
    return None if found is None else bracketed(found.value, found)


def _entry(one: Score | Excess) -> Entry:
    value = one.accuracy if isinstance(one, Score) else one.difference
    return bracketed(value, one.interval, one.spread)


def cross_table(analysis: Analysis) -> Table:
    """Return one row for each cell, with its scores on another data set."""
    columns = [Column("data set", kind="word")]
    for group in ("all tested images", "deduplicated"):
        share = Column("base", group, decimals=1, style="percent")
        scores = [replace(share, name=name, limits=True) for name in ("accuracy", "macro F1")]
        columns += [Column("images", group), *scores, share]
    cells = analysis.run.cells
    notes = [
        "In %. Brackets: 95 % bootstrap intervals over the images. macro F1: of the classes with "
        "images or predictions. base: share of the largest class. deduplicated: without images "
        "that have a duplicate in training."
    ]
    tests = (cell.cross_test for cell in cells if cell.cross_test)
    notes += dict.fromkeys(_cross_note(test, analysis.dataset) for test in tests)
    rows = [_cross_row(cell, several=analysis.has_seeds) for cell in cells]
    return Table("cross", "Test on another data set", "Model", columns, rows, notes)


def _cross_row(cell: CellResult, *, several: bool) -> Row:
    test = cell.cross_test
    if test is None:
        row = cell_row(cell, None, measured=cell.status == "ok", seed=several)
        return row if row.reason else replace(row, reason="not tested on another data set")
    entries: list[Entry] = [test.dataset]
    for confusion in (test.confusion, test.deduplicated):
        found = cross_score(confusion)
        if found is None:
            entries += [0, None, None, None]
            continue
        scores = map(_estimate, (found.accuracy, found.macro_f1))
        entries += [found.images, *scores, found.baseline]
    return cell_row(cell, entries, seed=several)


def _cross_note(test: CrossTest, data: DatasetSummary) -> str:
    """Return sentences on the images of another data set and on classes of one set alone."""
    names = [name for name, _ in data.counts]
    labelled, new = (tuple(map(sum, counts)) for counts in (test.confusion, test.deduplicated))
    images, known = sum(labelled), [name for name, count in data.counts if count]
    part = "its own test part" if test.is_test_part else "all images, as it has no test part"
    absent = [name for name, count in zip(names, labelled, strict=True) if not count]
    absent = [name for name in absent if name in known]
    largest = names[max(range(len(names)), key=labelled.__getitem__)]
    untrained = ", ".join(f"{one.name} ({one.images:,})" for one in test.untrained)
    sentences = (
        f"{test.dataset}: {part}. Of classes of {data.name}, matched by name: {images:,}; with "
        f"a duplicate in training: {images - sum(new):,}. base: always {largest}.",
        f"Not tested, as not trained: {untrained}." if untrained else "",
        f"Classes without images there: {', '.join(absent)}." if absent else "",
        f"Resized from {test.resized_from} pixels." if test.resized_from else "",
        f"Class map: {test.class_map}." if test.class_map else "",
    )
    return " ".join(filter(None, sentences))


def few_shot_tables(analysis: Analysis) -> list[Table]:
    """Return the table of few-shot evaluation, with the key ``few-shot``; none without it."""
    found = [(group, few_shot_scores(group)) for group in analysis.groups]
    known = [one for _, scores in found for one in scores]
    if not known:
        return []
    names = ("accuracy", "deduplicated", "macro F1")
    columns = (
        *(Column(name, decimals=1, style="percent", limits=True) for name in names),
        Column("training", "duplicates", decimals=1, style="percent"),
        Column("drawn", "duplicates", decimals=2, style="percent"),
        Column("test images", hidden=True),
        Column("draws", hidden=True),
    )
    rows = []
    for group, scores in found:
        for one in scores:
            entries: tuple[Entry, ...] = (
                *map(_estimate, (one.accuracy, one.deduplicated, one.macro_f1)),
                None if one.leaked is None else one.leaked / one.images,
                one.seen / one.images,
                one.images,
                one.draws,
            )
            part = f", {'MIEB' if one.mieb else one.shots}"
            rows.append(cell_row(group.mean, entries, part=part))
    has_published = analysis.dataset.name == published.DATASET and any(
        one.mieb and one.images == MIEB_TEST for one in known
    )
    for name, (accuracy, macro_f1) in MIEB_PUBLISHED.items() if has_published else ():
        entries = (bracketed(accuracy), None, bracketed(macro_f1), None, None, MIEB_TEST, 5)
        rows.append(Row(f"{name}, published by MIEB", entries))
    notes = [*_few_shot_notes(known, analysis.dataset.split, has_published=has_published)]
    title, head = "Few-shot test accuracy", "Model, images per class"
    return [Table("few-shot", title, head, columns, rows, notes)]


def _few_shot_notes(
    known: Sequence[FewShotScore], split: str, *, has_published: bool
) -> Iterator[str]:
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
