from __future__ import annotations

import base64
import dataclasses
import gzip
import hashlib
import io
import json
import re
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import numpy as np
import pytest
from eight_cells import make_run, without_figures
from made_audits import audited
from page_parts import CLAIMS, KEYS, Node, figure, page_of, read, report_of, with_predictions
from PIL import Image

from fer_bench.analysis.example_images import choose
from fer_bench.analysis.experiments import Experiment
from fer_bench.analysis.run_analysis import analyse
from fer_bench.analysis.summary import Summary
from fer_bench.report import Column, Row, Table, tables
from fer_bench.report.audit import audit_tables, summary
from fer_bench.report.audit.contact_sheets import sheets as sheets_of
from fer_bench.report.audit.files import OF_BENCHMARK
from fer_bench.report.audit.page import audit_section
from fer_bench.report.audit.sentences import implications
from fer_bench.report.commands import reproduction
from fer_bench.report.convergence_tables import rate_tables
from fer_bench.report.example_predictions import MISTAKE
from fer_bench.report.page.assets import chart_library, page_script
from fer_bench.report.page.table_view import grid, short_title
from fer_bench.report.page.texts import PAPER
from fer_bench.report.plots.example_images import example_figures
from fer_bench.report.table_rendering import DASH, body
from fer_bench.report.time_tables import speed_table
from fer_bench.results.quality import Predictions

if TYPE_CHECKING:
    from made_audits import Audited
    from syrupy.assertion import SnapshotAssertion

    from fer_bench.results.records import Run

SECTIONS = [
    *("answer", "cost", "curves", "recall", "pairs"),
    *("pictures", "data", "paper", "setup"),
]
WITH_AND_WITHOUT = ("claims", "claims-without-evidence")
HOSTILE = [
    "<script>alert(1)</script>",
    "{{ 7*7 }}",
    "x" * 300,
    "\N{HEBREW LETTER ALEF}\N{RIGHT-TO-LEFT OVERRIDE}abc",
    "\"'><img src=x onerror=alert(1)>",
    "a\x00\ud800\x1b[2J\nb",
]


@pytest.fixture(scope="module")
def tree() -> Node:
    return read(page_of())


def test_sections_stand_in_order_and_in_the_navigation(tree: Node) -> None:
    assert [node.attributes["id"] for node in tree.all("section")] == SECTIONS
    (nav,) = tree.all("nav")
    assert [node.attributes["href"] for node in nav.all("a")] == [f"#{name}" for name in SECTIONS]


def test_a_trend_has_a_section_of_its_own_and_none_where_there_is_none(tree: Node) -> None:
    made = Table("trend", "Moves", "", (Column("verdict", kind="word"),), (Row("a", ("worse",)),))
    drawn = [figure("trend"), figure("trend-others"), figure("tradeoffs")]
    shown = read(page_of(tables=[made], figures=drawn))
    sections = [*SECTIONS[:-1], "trend", SECTIONS[-1]]
    assert [node.attributes["id"] for node in shown.all("section")] == sections
    (nav,) = shown.all("nav")
    assert [node.attributes["href"] for node in nav.all("a")] == [f"#{name}" for name in sections]
    within = shown.by_id("trend")
    plots = [node.attributes["id"] for node in within.all("figure")]
    assert plots == ["plot-of-trend", "plot-of-trend-others"]
    assert within.by_id("table-of-trend").rows() == [["a", "worse"]]
    assert [node.text() for node in within.all("span", class_="bad")] == ["worse"]
    # Each stands once, and what is no trend stays where it was.
    ids = [node.attributes["id"] for node in shown if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    assert shown.by_id("cost").all("figure", id="plot-of-tradeoffs")
    assert "Trend" not in tree.text()


@pytest.fixture(scope="module")
def made() -> Audited:
    return audited()


@pytest.fixture(scope="module")
def whole(made: Audited) -> Node:
    return read(page_of(audit=audit_section(made.prepared(), OF_BENCHMARK)))


@pytest.fixture(scope="module")
def shown(whole: Node) -> Node:
    return whole.by_id("data")


class TestData:
    def test_it_shows_the_summary_and_every_table(self, made: Audited, shown: Node) -> None:
        text = shown.text()
        for sentence in [*summary(made.found), *implications(made.found)]:
            assert sentence in text
        for table in audit_tables(made.found):
            assert shown.by_id(f"table-of-{table.key}").rows() == [
                [label, *cells]
                for label, cells in zip(body(table).labels, body(table).cells, strict=True)
            ]

    def test_images_are_in_it_and_link_to_their_files(self, made: Audited, shown: Node) -> None:
        figures = shown.all("figure")
        sheets = sheets_of(made.found, made.dataset)
        assert [one.attributes["id"] for one in figures] == [f"sheet-of-{s.key}" for s in sheets]
        for one, sheet in zip(figures, sheets, strict=True):
            images = one.all("img")
            assert len(images) == sum(len(tile.rows) for tile in sheet.tiles)
            assert all(
                image.attributes["src"].startswith("data:image/png;base64,") for image in images
            )
            assert all(image.attributes["alt"] for image in images)
            (caption,) = one.all("figcaption")
            assert sheet.title in caption.text()
            assert sheet.caption in caption.text()
            buttons = one.all("button")
            assert {button.attributes["data-sheet"] for button in buttons} == {one.attributes["id"]}
        # All of them at once would be long: one is open.
        folds = [one for figure in figures for one in figure.all("details")]
        assert ["open" in one.attributes for one in folds] == [
            True,
            *[False] * (len(sheets) - 1),
        ]

    def test_ids_and_links_of_the_whole_page_are_sound(self, whole: Node) -> None:
        ids = [node.attributes["id"] for node in whole if "id" in node.attributes]
        assert len(ids) == len(set(ids))
        links = [node.attributes["href"] or "" for node in whole.all("a")]
        assert {link[1:] for link in links if link.startswith("#")} <= set(ids)

    def test_without_an_audit_it_says_what_makes_one(self, tree: Node) -> None:
        section = tree.by_id("data")
        assert "contain the audit" in section.text()
        assert section.all("code")[0].text().split(" ") == [
            *("fer-bench", "data", "audit", "fer2013"),
            *(f"--split={make_run().dataset.split}", "--report-dir=report"),
        ]
        assert not section.all("figure")
        assert "if the run had" in section.text()
        assert "--class-map" in section.text()

    def test_findings_of_the_record_come_first_and_the_command_last(self) -> None:
        run = with_predictions(make_run())
        codes = bytes([1, *[0] * (len(run.dataset.labels) - 1)])
        votes = run.dataset.labels.tobytes()
        known = dataclasses.replace(run.dataset, test_twins=codes, test_votes=votes)
        section = read(page_of(dataclasses.replace(run, dataset=known))).by_id("data")
        first, *_, last = section.all("p")
        assert first.text() == (
            "14 % of the test images (1 of 7) have a duplicate in training; 100 % of labels agree "
            "with the FER+ majority; against that majority, MobileNet pretrained scores 100.0 %, "
            "always predicting Angry 14.3 %."
        )
        effect = next(one.text() for one in section.all("p", class_="intro"))
        assert effect.startswith("On the deduplicated test images the lead over ")
        assert " (not significant) instead of " in effect
        assert last.all("code")

    def test_without_findings_it_says_that_none_were_looked_for(self, tree: Node) -> None:
        assert "not audited: run" in tree.by_id("data").all("p", class_="lead")[0].text()

    def test_a_class_map_that_is_known_is_no_question(self) -> None:
        run = make_run()
        known = dataclasses.replace(run.dataset, class_map="rafdb")
        shown = read(page_of(dataclasses.replace(run, dataset=known))).by_id("data")
        assert "--class-map=MAP" in shown.all("code")[0].text()
        assert "MAP: name or file of the class map: rafdb" in shown.text()
        assert "if the run had" not in shown.text()

    def test_names_in_it_are_no_markup(self) -> None:
        made = audited(name=HOSTILE[0])
        data = made.prepared(HOSTILE[0])
        source = dataclasses.replace(made.dataset, classes=(*HOSTILE, "usual"))
        data = dataclasses.replace(data, source=source)
        vars(data)["audit"] = made.found
        text = page_of(audit=audit_section(data, OF_BENCHMARK))
        assert HOSTILE[0] not in text
        assert "{{ 7*7 }}" in text
        assert HOSTILE[4] not in text
        read(text)


def test_every_link_leads_into_the_page_or_to_an_absolute_address(whole: Node) -> None:
    ids = [node.attributes["id"] for node in whole if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    links = [node.attributes["href"] or "" for node in whole if "href" in node.attributes]
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    others = [link for link in links if not link.startswith(("#", "data:"))]
    assert all(link.startswith("https://") for link in others)
    assert PAPER in others


def test_a_speed_table_without_any_value_is_one_line() -> None:
    run = make_run()
    made = speed_table(analyse(run))
    assert grid(made).unmeasured == ""
    run = dataclasses.replace(run, cells=tuple(cell.without_speed() for cell in run.cells))
    unmeasured = "Speed was not measured: run without --no-timing."
    assert grid(speed_table(analyse(run))).unmeasured == unmeasured
    shown = read(page_of(run)).by_id("table-of-speed")
    assert unmeasured in shown.text()
    assert not shown.all("table")


def test_files_are_embedded_for_the_page_alone() -> None:
    files = {"tables.csv": "a,b\n", "data-card.md": "# Card\n"}
    shown = read(page_of(files=files))
    embedded = unpacked(shown)
    assert {name: embedded[name] for name in files} == files
    drawn = {"figure-11.svg", "mistakes.svg", "confusion.svg"}
    assert embedded.keys() == {*files, *drawn}
    assert embedded["confusion.svg"] == figure("confusion").svg
    buttons = shown.all("button")
    assert {one.attributes["data-file"] for one in buttons if "data-file" in one.attributes} == {
        *files
    }
    keys = {one.attributes["data-figure"] for one in buttons if "data-figure" in one.attributes}
    assert keys == set(KEYS)
    # Only the script can save them, so that it also shows the buttons.
    assert all("hidden" in one.attributes for one in shown.all("p", class_="files"))


def test_images_of_examples_are_embedded_once() -> None:
    run = with_predictions(make_run())
    drawn = [one for one in example_figures(analyse(run)) if one.svg.count("<image ")]
    shown = read(page_of(run, figures=drawn))
    references = [
        found
        for text in unpacked(shown).values()
        for found in re.findall(r'<image xlink:href="([^"]*)"', text)
    ]
    assert sorted(references) == ["image:0", "image:1"]
    assert len(shown.all("li", class_="example")) == 2


def unpacked(shown: Node) -> dict[str, str]:
    packed = base64.b64decode(shown.by_id("files").text())
    found: dict[str, str] = json.loads(gzip.decompress(packed))
    return found


def test_notes_and_long_tables_are_folded(tree: Node) -> None:
    folds = [one for one in tree.all("details") if "open" not in one.attributes]
    folded = {node.text() for one in folds for node in one.all("p", class_="note")}
    below_ranking = {node.text() for node in tree.by_id("ranking-1").all("p", class_="note")}
    for table in report_of().tables:
        assert folded >= set(table.notes) - below_ranking
    for key, count in (("protocol", 1), ("recall", 0)):
        assert len(tree.by_id(f"table-of-{key}").all("details", class_="fold")) == count


def test_the_setup_has_command_date_duration_and_versions() -> None:
    run = make_run()
    cells = [dataclasses.replace(cell, parts=(("training", 1800.0),)) for cell in run.cells[:3]]
    run = dataclasses.replace(
        run, cells=tuple(cells), environment=(("fer_bench", "1.2"), ("threads", "2"))
    )
    time = datetime(2026, 1, 31, 12, 30, tzinfo=timezone.utc)
    shown = read(page_of(run, experiments=[Experiment(run, times=(time,))])).by_id("setup")
    names, values = ([node.text() for node in shown.all(tag)] for tag in ("dt", "dd"))
    assert dict(zip(names, values, strict=True)) == {
        "measured": "2026-01-31 12:30 UTC",
        "all cells, evaluation included": "1 h 30 min",
        "fer_bench": "1.2",
    }
    (command,) = shown.all("pre")
    assert command.text() == " ".join(reproduction(run).lines)
    (button,) = [one for one in shown.all("button") if "data-copy" in one.attributes]
    assert button.attributes["data-copy"] == command.attributes["id"]
    assert "without one" not in shown.text()


def test_a_session_in_a_clone_names_its_command_and_the_one_without_a_clone(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["pytest", "benchmarks"])
    shown = read(page_of(run)).by_id("setup")
    (command,) = shown.all("pre")
    assert command.text().splitlines()[-1].startswith("pytest benchmarks --backbone=")
    assert "without one, fer-bench run instead of pytest benchmarks." in shown.text()


def test_the_level_of_the_accuracies_is_explained_below_the_ranking(
    tree: Node, snapshot: SnapshotAssertion
) -> None:
    shown = tree.by_id("answer").by_id("low-accuracy")
    assert [node.text() for node in shown.all("p")] == snapshot
    assert all((node.attributes["href"] or "").startswith("https://") for node in shown.all("a"))


def test_every_table_row_and_reason_is_there(tree: Node) -> None:
    for table in report_of().tables:
        shown, made = tree.by_id(f"table-of-{table.key}"), body(table.visible)
        assert shown.rows() == [
            [label, *cells] for label, cells in zip(made.labels, made.cells, strict=True)
        ]
        reasons = [node.text() for one in shown.all("ol") for node in one.all("li")]
        assert reasons == [
            f"{': '.join(reason.split(': ')[:2])} (details)"
            if reason.startswith(("skipped: ", "failed: "))
            else reason
            for reason in made.reasons
        ]
        for note in table.notes:
            assert note in shown.text()


def test_the_location_of_missing_weights_is_shown_once() -> None:
    run = make_run()
    reason = "pretrained weights of VGG-Face: 'vgg.h5' not found in /home/me"
    skipped = without_figures("vggface", "pretrained", "skipped", reason)
    run = dataclasses.replace(run, cells=(run.cells[0], skipped))
    shown = read(page_of(run, tables=tables(analyse(run))))
    assert shown.text().count("/home/me") == 1
    (details, *_) = [one for one in shown.all("a") if one.text() == "details"]
    assert details.attributes["href"] == "#not-measured"
    assert reason in shown.by_id("not-measured").text()


def test_tables_are_sorted_by_values_with_full_precision(tree: Node) -> None:
    shown = tree.by_id("table-of-table-2")
    orders = [node.attributes.get("data-order") for node in shown.all("tr")[2].all("td")]
    assert orders == [
        "" if entry is None else repr(entry)
        for entry in tables(analyse(make_run()))[1].rows[0].entries
    ]


def test_the_distance_is_ours_less_the_papers(tree: Node) -> None:
    shown = tree.by_id("table-of-table-2").all("tbody")[0].all("tr")
    # On the split that the paper states, which is not that of its rates.
    assert not any(row.all("small") for row in shown)
    assert [node.text() for node in tree.by_id("table-of-cells").all("small")][:2] == ["0", "0"]
    # Table 1 has the paper's values in a row.
    counts = tree.by_id("table-of-table-1").all("tbody")[0].all("tr")
    assert [node.text() for node in counts[0].all("small")] == ["0"] * 8
    assert counts[1].all("small") == []


def test_rates_on_the_papers_split_are_compared_with_its_own() -> None:
    run = make_run()
    data = dataclasses.replace(
        run.dataset, split="80-20", train=28710, validation=7177, test=0, test_labels=b""
    )
    table = next(one for one in rate_tables(analyse(dataclasses.replace(run, dataset=data))))
    (*_, pretrained), _, (*_, untrained), *_ = grid(table).lines
    # Running accuracy gains 0.04 in each epoch. The paper has 0.039937, 0.02512 and 0.019603, and
    # three differences in its last window instead of four.
    assert [entry.distance for entry in pretrained] == [
        *("+0.00006", "", "+0.01488", "", "+0.02040", "", "", ""),
        *[""] * 4,
    ]
    # A cell that was not trained has none, though the paper has a value.
    assert not any(entry.distance for entry in untrained)


def test_only_compared_columns_and_the_papers_of_their_group_are_compared() -> None:
    columns = (
        Column("ours", "a", decimals=2, compared=True),
        Column("ours", "b", decimals=2, compared=True),
        Column("ours too", "b", decimals=2),
        Column("paper", "b", published=True),
        Column("else", "b", decimals=2, compared=True),
        Column("paper", "c", published=True),
    )
    entries = (1.0, 1.0, 1.0, 3.5, 1.0, 2.0)
    ((*_, shown),) = grid(Table("t", "T", "", columns, (Row("r", entries),))).lines
    assert [entry.distance for entry in shown] == ["", "-2.50", "", "", "", ""]


def test_short_titles() -> None:
    titles = {
        "Table 2. Mean rate": "Table 2",
        "Calibration: confidence": "Calibration",
        "Recall, by class": "Recall",
        "No. 3": "No. 3",
    }
    assert {title: short_title(title) for title in titles} == titles


def test_the_answer_comes_first_with_the_ranking() -> None:
    run = make_run()
    answer = read(page_of(run)).by_id("answer")
    assert [node.text() for node in answer.all("h1")] == ["Pretraining is worth it."]
    (box,) = answer.all("div", role="note")
    assert box.attributes["aria-label"] == "Caution"
    assert [node.text() for node in box.all("p", class_="caution")] == ["One seed."]
    rows = [node.text() for node in answer.all("tbody")[0].all("th")]
    assert rows[0] == "MobileNet pretrained"
    assert any(row.startswith("always ") for row in rows)
    # Each backbone and init has a row, trained or not.
    assert len(rows) == len(run.cells) + 1


def test_only_several_networks_have_something_each() -> None:
    run = make_run()
    assert ", each pretrained and random, " in read(page_of(run)).text()
    alone = dataclasses.replace(run, cells=run.cells[:2])
    shown = read(page_of(alone)).by_id("answer")
    (said,) = (one.text() for one in shown.all("p") if "for 20 epochs." in one.text())
    assert said.startswith("MobileNet, pretrained and ")
    assert said.endswith(" and random, trained for 20 epochs.")
    assert "each" not in said


def test_seeds_are_distinguished() -> None:
    run = make_run()
    cell = run.cells[1]
    quality = dataclasses.replace(cell.quality, test_accuracy=0.5) if cell.quality else None
    again = dataclasses.replace(cell, seed=43, quality=quality)
    run = with_predictions(dataclasses.replace(run, cells=(*run.cells, again)))
    text = page_of(run)
    shown = read(text)
    assert "±sd" in shown.by_id("answer").text()
    (first, second) = shown.all("li", class_="example")
    networks = [node.text() for node in first.all("span", class_="network")]
    assert len(networks) == 5
    # The seed that came last takes image 1 for another class; the first one's answer is shown.
    predictions = [node.text() for node in second.all("ul")[0].all("li")]
    assert predictions[1] == "✓correct MobileNet random Disgust 1.00 1 of 2 seeds correct"
    assert predictions[0] == "✓correct MobileNet pretrained Disgust 1.00"
    assert "over 2 seeds" in shown.by_id("confusion").text()


def test_figures_stand_in_the_page_with_their_words(tree: Node) -> None:
    shown = {node.attributes["id"]: node for node in tree.all("figure")}
    drawn = ["figure-5-mobilenet", "calibration", "unheard-of"]
    # A chart has no drawing.
    shown.pop("learning-curves")
    assert list(shown) == [f"plot-of-{key}" for key in drawn]
    for key in drawn:
        one = shown[f"plot-of-{key}"]
        assert one.all("div", role="img")[0].attributes["aria-label"] == f"Alt of {key}."
        assert f"Caption of {key}." in one.all("figcaption")[0].text()
        assert len(one.all("svg")) == 1
        assert "a < b" in one.text()
    assert tree.by_id("curves").all("figure", id="plot-of-figure-5-mobilenet")
    assert tree.by_id("figures").all("a", href="#plot-of-figure-5-mobilenet")


def test_images_show_what_each_network_says(tree: Node) -> None:
    first, second = tree.all("li", class_="example")
    (image,) = first.all("img")
    source = image.attributes["src"] or ""
    assert source.startswith("data:image/png;base64,")
    picture = Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))
    assert np.asarray(picture).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert image.attributes["alt"] == "Test image 0: Angry"
    assert first.all("h3")[0].text() == "Angry"
    assert "Rule 0" in first.text()
    predictions = [node.text() for node in second.all("ul")[0].all("li")]
    assert len(predictions) == 5
    assert predictions[0] == "✓correct MobileNet pretrained Disgust 1.00"
    assert predictions[-1] == "✗incorrect VGG-Face random Angry 0.50"


def test_a_mistake_is_shown_by_the_most_confident_incorrect_seed_and_no_class_comes_twice() -> None:
    run = make_run()
    run = with_predictions(
        dataclasses.replace(run, cells=(*run.cells, dataclasses.replace(run.cells[1])))
    )
    why = ("Angry: most cells recognise it (6 of 6)", "a most confident mistake (0.500)")
    examples = tuple(
        dataclasses.replace(one, why=text) for one, text in zip(run.examples, why, strict=True)
    )
    shown = read(page_of(dataclasses.replace(run, examples=examples)))
    first, second = shown.all("li", class_="example")
    assert first.all("p", class_="why")[0].text() == why[0].removeprefix("Angry: ").capitalize()
    predictions = [node.text() for node in second.all("ul")[0].all("li")]
    assert predictions[1] == "✗incorrect MobileNet random Angry 0.50 1 of 2 seeds correct"


def test_the_rule_for_mistakes_is_known_by_its_words() -> None:
    labels = np.zeros(9, np.uint8)
    logits = np.tile([0.0, 3.0], (9, 1))
    chosen = choose(labels, ["Angry", "Sad"], [Predictions.of(logits)])
    assert len(chosen) > 1
    assert all(MISTAKE in one.why for one in chosen[1:])


def test_many_networks_are_folded_below_an_image() -> None:
    run = with_predictions(make_run())
    cell = run.cells[0]
    cells = tuple(dataclasses.replace(cell, backbone=f"b{number}") for number in range(13))
    for count, folded in ((12, 0), (13, 1)):
        some = dataclasses.replace(run, cells=cells[:count])
        (first, _) = read(page_of(some)).all("li", class_="example")
        assert len(first.all("details")) == folded
        assert len(first.all("ul")[0].all("li")) == count


def test_confusion_with_recall() -> None:
    run = make_run()
    cell = run.cells[0]
    assert cell.quality is not None
    # Of class 0 one in four is recognised; class 6 has no test images.
    counts = np.diag([1, 2, 3, 4, 5, 6, 0])
    counts[0, 3] = 3
    confusion = tuple(map(tuple, counts.tolist()))
    quality = dataclasses.replace(cell.quality, confusion=confusion)
    run = dataclasses.replace(run, cells=(dataclasses.replace(cell, quality=quality),))
    (shown,) = read(page_of(run)).by_id("confusion").all("details", class_="map")
    assert "open" in shown.attributes
    rows = shown.rows()
    assert rows[0] == ["Angry", "25.0", "0.0", "0.0", "75.0", *["0.0"] * 3, "25.0", "4"]
    assert rows[6] == ["Neutral", *[DASH] * 8, "0"]
    entries = shown.all("tbody")[0].all("td")
    assert [one.attributes["class"] for one in entries[:4]] == [
        "heat-2 right",
        "heat-0",
        "heat-0",
        "heat-8",
    ]
    assert "accuracy 87.5 %" in shown.text()  # 21 of 24


def test_skipped_and_failed_cells_are_named_with_their_reasons(tree: Node) -> None:
    (listed,) = tree.by_id("setup").all("ul", class_="ended")
    texts = [node.text() for node in listed.all("li")]
    for cell in make_run().cells:
        if cell.status != "ok":
            assert any(cell.label in text and cell.reason in text for text in texts)
    assert len(texts) == 3


def test_cells_that_were_not_measured_have_their_seeds() -> None:
    run = make_run()
    again = [dataclasses.replace(run.cells[0], seed=seed) for seed in (42, 43, 44, 45)]
    lost = [
        dataclasses.replace(one, status="failed", reason="no memory", quality=None)
        for one in again[1:]
    ]
    other = without_figures("vggface", "random", "failed", "no memory")
    run = dataclasses.replace(run, cells=(again[0], *lost[:2], other))
    (listed,) = read(page_of(run, figures=[])).all("ul", class_="ended")
    assert re.split(r", (?=\D)", listed.all("strong")[0].text()) == [
        "MobileNet pretrained (seeds 43, 44)",
        "VGG-Face random",
    ]


def test_figures_of_other_backbones_are_called_that() -> None:
    curves = [figure("curves-other"), figure("figure-9-initial-accuracy")]
    run = make_run()
    foreign = tuple(dataclasses.replace(cell, backbone="other") for cell in run.cells[:1])
    for made, title in (
        (run, "Figures"),
        (dataclasses.replace(run, cells=foreign), "Figures of other backbones"),
    ):
        shown = read(page_of(made, figures=curves))
        assert shown.by_id("figures").all("h3")[0].text() == title
        assert shown.by_id("figures").all("figure", id="plot-of-figure-9-initial-accuracy")
        assert shown.by_id("curves").all("figure", id="plot-of-curves-other")


def test_tables_with_text_show_their_columns_next_to_each_value(tree: Node) -> None:
    claims = tree.by_id("table-of-claims")
    assert claims.all("table", class_="stacked")
    assert [one.attributes["data-label"] for one in claims.all("td")[:2]] == ["verdict", "because"]
    assert not tree.by_id("table-of-table-2").all("table", class_="stacked")


def test_the_badge_of_an_outcome_leaves_its_cause_to_wrap() -> None:
    rows = (Row("C7", ("undecided: one seed", "0.3 above")), Row("C10", ("supported", "exact")))
    made = dataclasses.replace(CLAIMS, rows=rows)
    shown = read(page_of(tables=[made])).by_id("table-of-claims")
    assert [one.text() for one in shown.all("span", class_="badge")] == ["undecided", "supported"]
    assert shown.all("td")[0].text() == "undecided one seed"


def test_two_rows_are_not_sorted_and_many_have_a_box_of_their_own() -> None:
    found = {}
    for count in (2, 3, 30, 31):
        rows = tuple(Row(str(number), (1,)) for number in range(count))
        made = Table("table-2", "T", "", (Column("n"),), rows)
        shown = read(page_of(tables=[made])).by_id("table-of-table-2")
        found[count] = (
            len(shown.all("table", class_="sortable")),
            len(shown.all("div", class_="tall")),
        )
    assert found == {2: (0, 0), 3: (1, 0), 30: (1, 0), 31: (1, 1)}


def test_only_foreign_text_chooses_its_direction(tree: Node) -> None:
    free = [node for node in tree if node.attributes.get("dir") == "auto"]
    reasons = {cell.reason for cell in make_run().cells} | {row.reason for row in CLAIMS.rows}
    assert free
    assert all(node.text().endswith(tuple(reasons - {""})) for node in free)


def test_tables_and_figures_have_names_and_drawings_are_read_once(tree: Node) -> None:
    for node in tree.all("table"):
        assert node.attributes.get("aria-label") or node.attributes.get("aria-labelledby")
    for node in tree.all("figure"):
        name = tree.by_id(node.attributes["aria-labelledby"] or "")
        assert name.tag == "h3"
    assert all(node.attributes.get("aria-hidden") == "true" for node in tree.all("svg"))
    for node in tree.all("th", scope="row"):
        if node.all("sup"):
            assert node.text("sup").endswith("\N{NO-BREAK SPACE}")


def test_claims_without_evidence_are_folded_below_the_counts() -> None:
    run = with_predictions(make_run())
    run = dataclasses.replace(run, cells=run.cells[:2])
    analysis = analyse(run)
    shown = read(page_of(run, tables=tables(analysis))).by_id("claims")
    assert " of 17 claims testable here: " in shown.all("p", class_="intro")[0].text()
    folded = shown.by_id("table-of-claims-without-evidence")
    assert folded.all("details", class_="fold")
    assert not shown.by_id("table-of-claims").all("details", class_="fold")
    rows = [len(shown.by_id(f"table-of-{key}").rows()) for key in WITH_AND_WITHOUT]
    assert sum(rows) == len(analysis.verdicts)


def test_verdicts(tree: Node) -> None:
    shown = tree.by_id("claims")
    assert shown.rows() == [
        ["pretrained is better", "supported", "0.3 above"],
        ["random is worse", "undecided", DASH],
    ]
    assert [node.text() for node in shown.all("span", class_="good")] == ["supported"]


def test_sections_without_content_say_so() -> None:
    shown = read(page_of(make_run(), tables=[], figures=[], summary=Summary(())))
    assert [node.attributes["id"] for node in shown.all("section")] == SECTIONS
    for name in ("claims", "tables", "figures", "pictures"):
        assert "This report has no" in shown.by_id(name).text()
    assert [node.text() for node in shown.all("h1")] == ["fer_bench on fer2013"]


def test_a_run_with_nothing_trained_says_so(snapshot: SnapshotAssertion) -> None:
    run = dataclasses.replace(
        make_run(), cells=(without_figures("vggface", "random", "failed", "no memory"),)
    )
    shown = read(page_of(run, figures=[]))
    assert [node.text() for node in shown.all("h1")] == snapshot
    assert "Pretraining is worth it." in shown.by_id("answer").text()
    assert "no memory" in shown.by_id("setup").text()
    assert shown.all("img") == []


def test_images_of_a_run_without_predictions() -> None:
    run = with_predictions(make_run())
    older = dataclasses.replace(
        make_run(), examples=run.examples
    )  # as read from a file of schema 1: no labels, no predictions
    shown = read(page_of(older))
    assert [node.all("h3")[0].text() for node in shown.all("li", class_="example")] == [
        "Unknown class"
    ] * 2
    assert "No predictions." in shown.by_id("pictures").text()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text(name: str, tree: Node) -> None:
    run = make_run()
    cells = [
        dataclasses.replace(cell, title=name, reason=cell.reason and name) for cell in run.cells
    ]
    counts = ((name, 4953), *run.dataset.counts[1:])
    run = with_predictions(
        dataclasses.replace(
            run,
            cells=tuple(cells),
            dataset=dataclasses.replace(run.dataset, name=name, counts=counts),
        )
    )
    run = dataclasses.replace(
        run, examples=tuple(dataclasses.replace(one, why=name) for one in run.examples)
    )
    claims = dataclasses.replace(CLAIMS, rows=(Row(name, (name, name), name, name),), notes=(name,))
    text = page_of(
        run,
        tables=[*tables(analyse(run))[:-1], claims],
        summary=Summary((name,)),
    )
    text.encode("utf-8")
    assert "\x00" not in text
    assert "\x1b" not in text
    shown = read(text)
    _, charts, library, ours = shown.all("script")
    assert [library.text(), ours.text()] == [chart_library(), page_script()]
    if name.isprintable():
        assert json.loads(charts.text())["sets"][0]["classes"][0] == name
    assert len(shown.all("img")) == len(tree.all("img"))
    assert not [node for node in shown for key in node.attributes if key.startswith("on")]
    assert "49" not in shown.all("h1")[0].text()
    if name.isprintable():
        assert shown.all("title")[0].text() == f"fer_bench on {name}"
        assert any(name in node.text() for node in shown.by_id("confusion").all("bdi"))


def test_the_policy_lets_nothing_in_but_our_script(tree: Node) -> None:
    (meta,) = tree.all("meta", **{"http-equiv": "Content-Security-Policy"})
    policy = meta.attributes["content"] or ""
    scripts = [one.text() for one in tree.all("script") if "type" not in one.attributes]
    digests = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts
    ]
    assert policy.split("; ") == [
        "default-src 'none'",
        "img-src data:",
        "style-src 'unsafe-inline'",
        f"script-src 'sha256-{digests[0]}' 'sha256-{digests[1]}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert scripts == [chart_library(), page_script()]
    assert not any("</script" in script or "<!--" in script for script in scripts)


def test_the_page_loads_nothing(tree: Node) -> None:
    for node in tree:
        for key in ("src", "href", "xlink:href", "srcset", "data", "action"):
            value = node.attributes.get(key)
            if node.tag != "a" and value is not None:
                assert value.startswith(("data:", "#"))
    (style,) = tree.all("style")
    assert not re.search(r"@import|url\((?!#)", style.text())


def test_both_themes_have_the_figures_colours(tree: Node) -> None:
    from fer_bench.report.plots import DARK_PALETTE, PALETTE

    text = tree.all("style")[0].text()
    for palette in (PALETTE, DARK_PALETTE):
        for name, colour in palette.items():
            assert f"--{name}: {colour};" in text


def test_two_hundred_cells_make_a_page_of_sensible_size(run: Run) -> None:
    trained = [cell for cell in with_predictions(run).cells if cell.quality is not None]
    cells = tuple(
        dataclasses.replace(trained[number % 5], backbone=f"b{number}", title=f"Backbone{number}")
        for number in range(200)
    )
    text = page_of(dataclasses.replace(with_predictions(run), cells=cells))
    assert len(text.encode()) < 6_000_000
    assert text.count("Backbone199 ") > 10
