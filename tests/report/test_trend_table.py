"""The trend as a table, in every form."""

from __future__ import annotations

import csv
import dataclasses
import io
import re

import pytest
from made_archives import (
    START,
    archive_of,
    mini,
    of_accuracies,
    of_speeds,
    run_of,
    trend_of,
)

from fer_bench.analysis.comparison import default_thresholds
from fer_bench.analysis.history.trend import find_trend
from fer_bench.report.table_rendering import body, markdown, terminal, tidy_csv
from fer_bench.report.trend_table import trend_table

SHA = "0123456789abcdef0123456789abcdef0123456"


def rows(found, label):
    return [row.entries for row in trend_table(found).visible.rows if row.label == label]


def test_each_move_is_a_row_that_names_its_run() -> None:
    runs = [
        run_of(mini(share), facts={"commit": f"{number}{SHA}"})
        for number, share in enumerate([0.4] * 3 + [0.3] * 3 + [0.4] * 2)
    ]
    first, second = rows(trend_of(*runs), "mini pretrained accuracy")
    # 1,435 and 1,075 of 3,585 images.
    assert first[:3] == ("worse", "40.0 %", "30.0 %")
    assert first[3] == "4 of 8, 2026-03-04 12:00, 3012345, 0003.json"
    until, why, method, *_ = first[4].split("; ")
    assert until == "until run 7 of 8"
    assert why == "beyond noise and threshold"
    assert method.startswith("McNemar")
    assert second[:3] == ("better", "30.0 %", "40.0 %")
    assert second[3].startswith("7 of 8, 2026-03-07 12:00, 6012345")
    assert second[4].startswith("since then; ")


def test_an_odd_run_and_the_newest_one_are_distinguished() -> None:
    found = of_speeds(1000.0, 1000.0, 700.0, 1000.0, 1000.0, 500.0)
    odd, newest = rows(found, "mini pretrained training.speed (images/s)")
    assert odd[0] == "only in this run"
    assert odd[4].partition("; ")[0].endswith(" is back at the previous level")
    assert newest[0] == "worse"
    assert newest[4].startswith("no run since; ")
    speeds = rows(found, "mini pretrained inference.median@32 (ms)")
    # 32 images at 1,000 and at 500 images per second.
    assert [re.sub(r"\..*", "", entry) for entry in speeds[1][1:3]] in (["31", "63"], ["32", "64"])


def test_a_complete_cell_has_no_values() -> None:
    runs = [run_of(mini(share, fingerprint="a")) for share in (0.4, 0.39)]
    (entries,) = rows(trend_of(*runs), "mini pretrained")
    assert entries[:3] == ("not deterministic", None, None)


def test_the_notes_say_what_was_compared_and_what_was_not(snapshot) -> None:
    def changed(loss):
        cell = mini()
        return dataclasses.replace(cell, quality=dataclasses.replace(cell.quality, test_loss=loss))

    runs = [
        run_of(changed(1.0 + (number > 1)), *([mini(init="random")] if number != 2 else []))
        for number in range(4)
    ]
    archive = dataclasses.replace(
        archive_of(*runs),
        left_out=(("a.json", "protocol: epochs 3 instead of 20"),) * 2,
        duplicates=1,
        others=2,
    )
    notes = trend_table(find_trend(archive, default_thresholds())).notes
    assert notes[0] == snapshot(name="moved")
    assert notes[-5:] == snapshot(name="left out")


def test_one_run_has_nothing_to_be_compared_with() -> None:
    table = trend_table(of_accuracies(0.4))
    assert table.rows == ()
    assert table.notes[0].startswith("One stored run, 2026-03-01 12:00, ")
    assert "Metric" in terminal([table])
    assert "Metric" in markdown(table)


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_a_terminal(width) -> None:
    text = terminal([trend_table(of_accuracies(*[0.4] * 3, *[0.3] * 3, *[0.4] * 2))], width)
    assert "  4 of 8" in text
    assert max(map(len, text.splitlines())) <= max(width, 100)


def test_hostile_names_stay_on_their_line() -> None:
    runs = [run_of(dataclasses.replace(mini(share), backbone="a\nb|=c")) for share in (0.4, 0.3)]
    archive = archive_of(*runs)
    hostile = tuple(dataclasses.replace(one, name="x\n\x1b[2J\udcff|<b>") for one in archive.runs)
    table = trend_table(
        find_trend(
            dataclasses.replace(archive, runs=hostile, left_out=(("\ny\n", "z\n"),)),
            default_thresholds(),
        )
    )
    assert "\x1b" not in terminal([table]) + markdown(table) + tidy_csv([table])
    assert len(body(table).labels) == len(table.rows)
    lines = markdown(table).splitlines()
    assert sum(line.startswith("| ") or line.startswith("|:") for line in lines) == 2 + len(
        table.rows
    )
    read = list(csv.reader(io.StringIO(tidy_csv([table]))))
    assert {len(line) for line in read} == {6}


def test_times_are_those_of_the_runs() -> None:
    found = of_accuracies(0.4, 0.3)
    (entries,) = rows(found, "mini pretrained accuracy")
    assert f"{START.replace(day=2):%Y-%m-%d %H:%M}" in entries[3]


def test_files_are_named_by_what_distinguishes_them() -> None:
    def named(*names):
        archive = archive_of(*(run_of(mini(share)) for share in (0.4, 0.3)))
        runs = [
            dataclasses.replace(one, name=name)
            for one, name in zip(archive.runs, names, strict=True)
        ]
        archive = dataclasses.replace(archive, runs=tuple(runs))
        entries = next(
            iter(trend_table(find_trend(archive, default_thresholds())).visible.rows)
        ).entries
        return entries[3].rpartition(", ")[2]

    saved = f"Linux-64bit/0002_{'ab12' * 10}_20260301_120000.json"
    assert named("Linux-64bit/0001.json", saved) == "0002_ab12ab1…_20260301_120000.json"
    assert named("1/results.json", "2/results.json") == "2/results.json"
