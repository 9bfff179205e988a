from __future__ import annotations

import csv
import dataclasses
import io
from functools import cache

import numpy as np
import pytest
from made_runs import LABELS, NAMES, audited, made_cell, made_missing, made_run
from page_parts import page_of, read

from fer_bench.analysis.run_analysis import analyse
from fer_bench.metrics import sampling_interval
from fer_bench.report import Report, tables, terminal_text
from fer_bench.report.page.texts import subject
from fer_bench.results.records import NO_VOTE


@cache
def by_key(run):
    return {one.key: one for one in tables(analyse(run))}


def entries(found, label):
    (row,) = (row for row in found.rows if row.label == label)
    recorded = [
        (f"{group} {name}".strip(), value)
        for one, entry in zip(found.columns, row.entries, strict=True)
        for group, name, value in one.recorded(entry)
    ]
    assert len(dict(recorded)) == len(recorded)
    return dict(recorded)


def with_data(run, **changes):
    return dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, **changes))


@pytest.fixture(scope="module")
def run():
    return audited(
        made_run(
            made_cell("mobilenet", "random", 0.5, seed=1),
            made_cell("mobilenet", "random", 0.4, seed=2),
            made_missing("vggface", "pretrained"),
        )
    )


def right(run):
    return [cell.quality.predictions.predicted == LABELS for cell in run.cells[:2]]


def test_a_run_that_knows_neither_has_no_table_and_no_column(run):
    bare = with_data(run, test_twins=b"", test_votes=b"", left_out=())
    found = by_key(bare)
    assert not {"clean", "votes"} & set(found)
    assert "deduplicated" not in [column.name for column in found["final"].columns]
    assert len(found["table-1"].notes) == 1
    text = " ".join([*Report.of(bare).summary.sentences, *subject(analyse(bare))])
    assert not any(word in text for word in ("FER+", "duplicate", "Excluded"))


def test_each_is_shown_without_the_other(run):
    assert "votes" not in by_key(with_data(run, test_votes=b""))
    assert "clean" in by_key(with_data(run, test_votes=b""))
    assert "clean" not in by_key(with_data(run, test_twins=b""))
    assert "votes" in by_key(with_data(run, test_twins=b""))


def test_accuracy_without_duplicates(run):
    found = by_key(run)["clean"]
    twins = run.dataset.twins
    clean = [one[twins == 0] for one in right(run)]
    row = entries(found, "MobileNet random")
    # Of 3,585 images 326 each have an identical, a mirrored and a near-duplicate.
    assert row["all (3,585) accuracy"] == pytest.approx(sum(map(sum, right(run))) / 2 / 3585)
    assert row["clean (2,607) accuracy"] == pytest.approx(sum(map(sum, clean)) / 2 / 2607)
    interval = sampling_interval(clean)
    assert (row["clean (2,607) low"], row["clean (2,607) high"]) == (interval.low, interval.high)
    assert row["all less clean difference"] == pytest.approx(
        row["all (3,585) accuracy"] - row["clean (2,607) accuracy"]
    )
    assert row["all less clean low"] < row["all less clean difference"] < row["all less clean high"]
    assert row["not identical (3,259) accuracy"] is not None
    assert row["with a twin (978) accuracy"] is not None
    missing = found.rows[2]
    assert set(missing.entries) == {None}
    assert (missing.reason, missing.missing) == ("skipped: no weights", "skipped")
    assert any("split 'paper'" in note for note in found.notes)
    assert any("at least 0.92" in note for note in found.notes)
    assert any("duplicates of each other" in note and "too narrow" in note for note in found.notes)
    # Duplicates form groups, which reach further than any two images of them.
    assert any("a chain of such images" in note for note in found.notes)
    assert found.notes[-1] == "Mean over 2 seeds (1, 2)."


def test_networks_are_held_against_the_largest_class_on_each_part(run):
    found = by_key(run)["clean"]
    assert found.rows[0].label == "always Happy"
    happy, clean = NAMES.index("Happy") == LABELS, run.dataset.twins == 0
    row = entries(found, "always Happy")
    assert row["all (3,585) accuracy"] == pytest.approx(happy.mean())
    assert row["clean (2,607) accuracy"] == pytest.approx(happy[clean].mean())
    assert row["all less clean difference"] == pytest.approx(happy.mean() - happy[clean].mean())
    assert row["with a twin (978) accuracy"] == pytest.approx(happy[~clean].mean())
    unlabelled = by_key(with_data(run, test_labels=b""))["clean"]
    assert [one.label for one in unlabelled.rows] == ["MobileNet random", "VGG-Face pretrained"]


def test_the_deduplicated_accuracy_is_next_to_that_on_all(run):
    found = by_key(run)
    final = found["final"]
    names = [(column.group, column.name) for column in final.columns]
    assert names[names.index(("accuracy", "test")) + 1] == ("accuracy", "deduplicated")
    assert ("loss", "deduplicated") not in names
    shown = entries(final, "MobileNet random")
    clean = entries(found["clean"], "MobileNet random")
    assert shown["accuracy clean"] == clean["clean (2,607) accuracy"]
    assert entries(final, "VGG-Face pretrained")["accuracy clean"] is None
    assert any("the 2,607 of the 3,585" in note for note in final.notes)


def test_where_each_image_has_a_duplicate_there_is_no_deduplicated_accuracy(run):
    found = by_key(with_data(run, test_twins=bytes([3]) * 3585))
    groups = list(dict.fromkeys(column.group for column in found["clean"].columns))
    assert groups == ["all (3,585)", "with duplicate (3,585)"]
    assert "deduplicated" not in [column.name for column in found["final"].columns]
    assert None not in found["clean"].rows[1].entries
    near_alone = by_key(with_data(run, test_twins=bytes([1]) * 3585))["clean"]
    groups = list(dict.fromkeys(column.group for column in near_alone.columns))
    assert groups == ["all (3,585)", "without identical (3,585)", "with duplicate (3,585)"]


def test_where_no_image_has_a_duplicate_the_final_figures_say_so_alone(run, snapshot):
    found = by_key(with_data(run, test_twins=bytes(3585)))
    assert "clean" not in found
    final = entries(found["final"], "MobileNet random")
    assert final["accuracy clean"] == pytest.approx(final["accuracy test"])
    (note,) = (note for note in found["final"].notes if note.startswith("deduplicated: "))
    assert note.partition(". ")[0] == snapshot
    assert "correlate by at least 0.92" in note


def test_accuracy_by_votes(run):
    found = by_key(run)["votes"]
    votes = run.dataset.votes
    named = votes != NO_VOTE
    (labels, largest, network, missing) = found.rows
    assert labels.label == "data set's labels"
    assert labels.entries[0].value == pytest.approx((votes == LABELS)[named].mean())
    assert labels.entries[1] is None
    most = np.bincount(votes[named]).argmax()
    assert largest.label == f"always {NAMES[most]}"
    assert largest.entries[0].value == pytest.approx((votes == most)[named].mean())
    assert largest.entries[1].value == pytest.approx((most == LABELS)[named].mean())
    said = [cell.quality.predictions.predicted for cell in run.cells[:2]]
    both = sum((one == votes)[named].mean() for one in said) / 2
    assert network.entries[0].value == pytest.approx(both)
    assert network.entries[1].value == pytest.approx(
        sum(one[named].mean() for one in right(run)) / 2
    )
    assert (missing.reason, missing.missing) == ("skipped: no weights", "skipped")
    assert "513 of the 3,585" in found.notes[0]
    assert "excluded" in found.notes[0]


def test_votes_that_name_no_class_give_no_figure(run):
    found = by_key(with_data(run, test_votes=bytes([NO_VOTE]) * 3585))["votes"]
    assert [row.label for row in found.rows] == ["MobileNet random", "VGG-Face pretrained"]
    assert {entry for row in found.rows for entry in row.entries} == {None}
    assert "3,585 of the 3,585" in found.notes[0]


def test_what_was_left_out_stands_below_the_class_counts_and_on_the_page(run, snapshot):
    sentence = by_key(run)["table-1"].notes[1]
    assert sentence == snapshot
    assert sentence in subject(analyse(run))


def test_the_class_map_stands_there_too(run):
    assert not any(
        "Class map" in note for note in (*by_key(run)["table-1"].notes, *subject(analyse(run)))
    )
    known = with_data(run, class_map="rafdb")
    assert by_key(known)["table-1"].notes[2] == "Class map: rafdb."
    assert "Class map: rafdb." in subject(analyse(known))
    assert "Class map: rafdb." in Report.of(known).files["tables.md"]


def test_every_form_of_the_report_shows_it(run):
    report = Report.of(run)
    files = report.files
    assert f"## {by_key(run)['clean'].title}\n" in files["tables.md"]
    assert r"\label{tab:fer-bench-clean}" in files["tables/clean.tex"]
    rows = list(csv.DictReader(io.StringIO(files["tables.csv"])))
    shares = {(row["table"], row["row"], row["group"], row["column"]): row for row in rows}
    share = shares["clean", "MobileNet_random", "clean (2,607)", "accuracy"]["value"]
    assert (
        float(share) == entries(by_key(run)["clean"], "MobileNet random")["clean (2,607) accuracy"]
    )
    text = terminal_text(report, verbosity=2)
    assert (
        text.index("Final accuracy")
        < text.index("Deduplicated test accuracy")
        < text.index("Recall")
    )


def test_the_page_shows_both_tables_with_the_data_warnings(run):
    report = Report.of(run)
    shown = read(page_of(run, tables=report.tables)).by_id("data")
    tables = [node.attributes["id"] for node in shown.all("article", class_="table")]
    assert tables == ["table-of-clean", "table-of-votes"]
