"""Comparisons as text: what is shown, in which words, and that nothing breaks out of it."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_outcomes import (
    EVERYTHING,
    FASTER,
    GONE,
    HOSTILE,
    NEW,
    PLAIN,
    SAME,
    SAME_RECALL,
    SLOWER_P99,
    UNDECIDED,
    UNKNOWN_LOSS,
    UNKNOWN_MOFR,
    WORSE,
    made_outcome,
    outcomes,
)

from fer_bench.analysis.comparison import Difference
from fer_bench.analysis.comparison.compared_metrics import (
    INFERENCE_MEDIAN,
    INFERENCE_P99,
    MCR,
    TRAINING_SPEED,
)
from fer_bench.metrics import Interval
from fer_bench.report.comparison import coloured, conclusion, markdown_text, terminal_text
from fer_bench.report.comparison.phrases import (
    change_text,
    counts_text,
    name_text,
    value_text,
    verdict_text,
)
from fer_bench.runtime.escapes import clean, in_markdown

EN = "\N{EN DASH}"

# -- words and numbers


@pytest.mark.parametrize(
    ("change", "name", "base", "changed", "verdict"),
    [
        (WORSE, "accuracy", "51.2 %", "-1.36 points (-2.03 to -0.71)", "WORSE"),
        (SAME, "accuracy", "51.2 %", "-0.04 points (-0.30 to +0.21)", "same within noise"),
        (FASTER, "training.speed (images/s)", "12,346", "+13.4 % (+12.1 to +14.8)", "better"),
        (SLOWER_P99, "inference.p99@32 (ms)", "12.35", "+26.4 % (+20.0 to +33.0)", "worse"),
        (UNKNOWN_LOSS, "loss (nats)", "1.2346", "+0.0154", "not comparable"),
        (UNKNOWN_MOFR, "mofr (per epoch)", "-0.01000", "+0.01000", "not comparable"),
        (GONE, "complete cell", None, None, "GONE"),
        (NEW, "complete cell", None, None, "new"),
        (UNDECIDED, "accuracy", "25.0 %", None, "not comparable"),
    ],
)
def test_a_change_in_words(change, name, base, changed, verdict):
    assert name_text(change) == name
    assert (None if base is None else value_text(change.metric, change.base)) == base
    assert change_text(change) == changed
    assert verdict_text(change) == verdict


@pytest.mark.parametrize(
    ("change", "interval", "verdict"),
    [
        (-0.003, Interval(-0.004, -0.002), "same, within the threshold"),
        (-0.004, Interval(-0.006, -0.002), "same, too noisy for the threshold"),
        (-0.002, Interval(-0.004, 0.0), "same within noise"),
        (0.0, None, "same"),
    ],
)
def test_in_what_way_a_figure_is_the_same(change, interval, verdict):
    assert verdict_text(dataclasses.replace(SAME, change=change, interval=interval)) == verdict


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        (TRAINING_SPEED, 0.0456, "0.04560"),
        (TRAINING_SPEED, 9.9996, "10.000"),
        (TRAINING_SPEED, 123.456, "123.5"),
        (TRAINING_SPEED, 1234567.8, "1,234,568"),
        (INFERENCE_MEDIAN, 0.0009996, "0.9996"),
        (INFERENCE_P99, 1.23456, "1,235"),
        (INFERENCE_P99, 1e-12, "0.000000"),
        (MCR, -0.000001, "0.00000"),
    ],
)
def test_values_have_as_many_digits_as_tell_something(metric, value, text):
    assert value_text(metric, value) == text


def test_a_change_of_nothing_has_no_sign():
    change = dataclasses.replace(SAME, change=-0.0, interval=Interval(-1e-9, 1e-9))
    assert change_text(change) == "0.00 points (0.00 to 0.00)"


# -- the conclusion


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ([SAME, FASTER], "NO REGRESSION"),
        ([SAME, dataclasses.replace(SAME, interval=Interval(-0.02, 0.019))], "NO REGRESSION"),
        ([WORSE, SLOWER_P99, UNDECIDED], "REGRESSION"),
        ([WORSE, WORSE, GONE, NEW], "REGRESSION"),
        ([SAME, UNDECIDED], "NOT DECIDED"),
        ([NEW], "NOT DECIDED"),
    ],
    ids=["better", "too-noisy", "worse", "gone", "not-comparable", "new"],
)
def test_the_conclusion(changes, word, snapshot):
    outcome = made_outcome(*changes)
    concluded, text = conclusion(outcome)
    assert concluded == word
    assert text == snapshot
    assert terminal_text(outcome, 400).splitlines()[0] == f"{word}: {text}"
    assert f"**{word}:** {text}" in markdown_text(outcome).splitlines()
    assert terminal_text(outcome, 400).splitlines()[-1] == snapshot(name=f"counts of {word}")


# -- terminal


def test_terminal_as_it_looks(snapshot):
    assert terminal_text(EVERYTHING, 120).splitlines() == snapshot


def test_same_figures_are_counted_but_for_those_that_are_always_shown():
    text = terminal_text(made_outcome(SAME, SAME_RECALL, FASTER), 120)
    assert "accuracy" in text
    assert "recall.Happy" not in text
    assert "1 metric without a change" in text
    many = [dataclasses.replace(SAME_RECALL, of=str(number)) for number in range(17)]
    text = terminal_text(made_outcome(SAME, *many), 120)
    assert "17 metrics without a change" in text
    assert "Not listed" not in terminal_text(made_outcome(SAME), 120)


def test_reasons_that_figures_share_are_told_once():
    text = terminal_text(made_outcome(UNKNOWN_LOSS, UNKNOWN_MOFR), 200)
    assert text.count("fewer than 3 seeds") == 1
    assert "\nloss, mofr: fewer than 3" in text


@given(outcomes(PLAIN), st.sampled_from([80, 100, 120]))
def test_nothing_is_wider_than_the_terminal(outcome, width):
    for line in terminal_text(outcome, width).splitlines():
        assert len(line) <= width


@pytest.mark.parametrize("width", [80, 100, 120])
def test_real_names_and_facts_fit(width):
    platform = "Linux-5.15.0-1064-azure-x86_64-with-glibc2.35"
    differences = (
        Difference("platform", platform, platform, "another machine " * 8),
        Difference("protocol: batch normalization", "paper", "frozen", "quality is of another"),
    )
    cells = [
        dataclasses.replace(change, cell="mobilenet-pretrained")
        for change in (WORSE, SAME, FASTER, SLOWER_P99, UNKNOWN_LOSS, UNDECIDED)
    ]
    wide = dataclasses.replace(SLOWER_P99, of="1024", base=12.345678, head=9.87)
    outcome = made_outcome(GONE, *cells, wide, differences=differences)
    lines = terminal_text(outcome, width).splitlines()
    assert max(map(len, lines)) <= width


# -- colours


def test_verdicts_are_coloured():
    text = coloured(terminal_text(EVERYTHING, 120))
    for word, code in (("WORSE", "31"), ("better", "32"), ("worse", "33"), ("REGRESSION", "31")):
        assert re.search(rf"\x1b\[{code}m(\x1b\[[01]m|\x1b\[22m)?{word}\x1b\[0m", text), word


# -- Markdown


def test_markdown_as_it_looks(snapshot):
    lines = [" ".join(line.split()) for line in markdown_text(EVERYTHING).splitlines() if line]
    assert [line for line in lines if "---" not in line] == snapshot


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = set()
        self.rows = []
        self.comments = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append(0)
        if tag in ("td", "th"):
            self.rows[-1] += 1

    def handle_comment(self, data):
        self.comments.append(data)


@given(outcomes(HOSTILE))
def test_no_name_is_markup_or_html(outcome):
    markdown_it = pytest.importorskip("markdown_it")
    page = Tags()
    page.feed(markdown_it.MarkdownIt("commonmark").enable("table").render(markdown_text(outcome)))
    tables = {"table", "thead", "tbody", "tr", "th", "td"}
    assert page.tags <= {"h1", "h2", "p", "strong", *tables}
    assert set(page.rows) <= {4, 6}
    first, *others = page.comments
    assert first == " fer_bench comparison "
    assert set(others) <= {" "}


# -- all forms


# One test, as an outcome takes longer to draw than to write.
@given(outcomes())
def test_an_outcome_by_chance_is_told_in_full_and_breaks_nothing(outcome):
    assert sum(map(int, re.findall(r"[0-9]+", counts_text(outcome)))) == len(outcome.changes)
    text = terminal_text(outcome, 120)
    for line in text.split("\n"):
        assert line.isprintable()
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured(text)) == text
    terminal, written = terminal_text(outcome, 10_000), markdown_text(outcome)
    for change in outcome.changes:
        if change.verdict != "same" and change.metric is not None:
            assert clean(name_text(change)) in terminal
            assert in_markdown(name_text(change)) in written
