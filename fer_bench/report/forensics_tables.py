"""Tables and sentences on how the paper's rates were made, by their printed digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.claims.values import Network
from fer_bench.analysis.paper_forensics import DIFFERENCES, SEARCHED, TRAIN, VALIDATION
from fer_bench.protocol import published
from fer_bench.report.table import Column, Row, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.paper_forensics import Forensics, Gains, Score


def forensics_tables(forensics: Forensics) -> list[Table]:
    """Return the table of hypotheses and the tables of exact gains."""
    return [
        _hypotheses(forensics),
        _gains(
            "paper-training-gains",
            "Images gained in training accuracy, from Table 2",
            forensics.training_gains,
        ),
        _gains(
            "paper-validation-gains",
            "Images gained in validation accuracy, from Tables 2 and 4",
            forensics.validation_gains,
            "The source of the published numbers contains two rows of Table 4 and none of Table 5.",
        ),
    ]


def forensics_sentences(forensics: Forensics) -> list[str]:
    """State the conclusion, the arithmetic that shows it, and what remains an inference."""
    found, stated, *_, rival = forensics.training
    last, validation = forensics.last_window[0], forensics.validation[0]
    windows = ", ".join(map(str, DIFFERENCES[:-1]))
    first, final = SEARCHED[0], SEARCHED[-1]
    return [
        f"The paper's rates come from an 80/20 split of all {published.TOTAL:,} images, not from "
        "the stated 70/10/20.",
        f"Arithmetic: the training accuracies of Table 2 are shares of {TRAIN:,} images, in "
        f"windows of {windows} and {DIFFERENCES[-1]} differences ({found.hits + last.hits} of "
        f"{found.tests + last.tests} rates fit); the stated {stated.images:,} images "
        f"fit {stated.hits} of {stated.tests}, and no other number from {first:,} to {final:,} "
        f"fits more than {rival.hits} of them. The validation accuracies in Table 4 are shares of "
        f"{VALIDATION:,} images ({validation.hits} of {validation.tests} rates fit). "
        f"{TRAIN:,} + {VALIDATION:,} = {published.TOTAL:,}, all images.",
        "Inference: 5 + 5 + 5 + 3 differences are 18 of the 19 between 20 epochs. Most likely they "
        "run from epoch 1 to 6, 11, 16 and 19, without a value before epoch 1. The digits do not "
        "show which epochs these are, how the images were drawn, or what the stated test images "
        "were used for.",
    ]


def _hypotheses(forensics: Forensics) -> Table:
    convergence = (*forensics.training, *forensics.first_window, *forensics.last_window)
    columns = (
        Column("images"),
        Column("rates", kind="word"),
        Column("diffs", kind="word"),
        Column("fit", kind="word"),
        Column("chance", decimals=1),
        Column("p", kind="word"),
    )
    rows = (
        *(_row(score, 2) for score in convergence),
        *(_row(score, 4) for score in forensics.validation),
    )
    notes = (
        "rates: table and windows; diffs: differences in each of these windows.",
        "fit: rates that are, as printed, a whole number of images divided by images x diffs "
        "(GRIM test); chance: number of unrelated rates expected to fit; p: probability of at "
        "least as many by chance, not corrected for the number of hypotheses.",
        "Table 2 without VGG-Face random, whose rates are 0 and fit everything. Losses are not "
        "counts: Tables 3 and 5 cannot be tested.",
    )
    title = "Numbers of images and differences that the printed digits allow"
    return Table("paper-digits", title, "Hypothesis", columns, rows, notes)


def _row(score: Score, table: int) -> Row:
    last = score.window + len(score.differences) - 1
    windows = f"{score.window}-{last}" if last > score.window else str(last)
    return Row(
        score.origin,
        (
            score.images,
            f"Table {table}, {windows}",
            "-".join(map(str, score.differences)),
            f"{score.hits} of {score.tests}",
            score.expected,
            f"{score.p:.0e}" if score.p < 0.001 else f"{score.p:.3f}",
        ),
    )


def _gains(key: str, title: str, gains: Sequence[Gains], *notes: str) -> Table:
    windows = [f"{first}-{last}" for first, last in published.WINDOWS]
    columns = (
        *(Column(name, "epochs") for name in windows),
        Column("sum"),
        Column("share", decimals=4),
    )
    rows = [
        Row(Network(one.backbone, one.init).label, (*one.windows, one.total, one.share))
        for one in gains
    ]
    return Table(key, f"{title} ({gains[0].images:,} images)", "Model", columns, rows, notes)
