from __future__ import annotations

import dataclasses
import re
from functools import cache
from typing import TYPE_CHECKING

import pytest
from made_archives import of_accuracies
from made_audits import audited

from fer_bench.analysis.run_analysis import analyse
from fer_bench.report import (
    Report,
    tables,
    terminal_text,
    write_page,
    write_report,
    write_tables,
)
from fer_bench.report.audit import write_audit
from fer_bench.report.audit.data_card import data_card
from fer_bench.report.output import EMBEDDED
from fer_bench.report.plots import figures
from fer_bench.report.summary_csv import summary_csv
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fer_bench.data.prepare import PreparedData
    from fer_bench.results.records import Run

MANIFEST = ".fer_bench-files"
NAMES = ["summary.csv", "tables.md", "tables.csv", "tables.tex"]


@pytest.fixture(scope="module", autouse=True)
def _drawn_once() -> Iterator[None]:
    """Draws the figures of equal runs once for all tests here, which ask where the files are."""
    drawn = cache(figures)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fer_bench.report.plots.figures", lambda run: list(drawn(run)))
        yield


@pytest.fixture(scope="module")
def data() -> PreparedData:
    return audited().prepared()


def files_in(directory: Path) -> list[Path]:
    """All files of a report, apart from the list of them."""
    return [path for path in directory.rglob("*") if path.is_file() and path.name != MANIFEST]


def test_files_of_the_report(run: Run) -> None:
    files = Report.of(run).files
    drawn = [f"tables/{table.key}.tex" for table in tables(analyse(run))]
    assert list(files) == [*NAMES[:3], "tables/summary.tex", *drawn, "tables.tex"]
    for name in NAMES[:3]:
        assert "openface_weights.h5" in files[name]
    for text in files.values():
        assert text.endswith("\n")
    assert files["tables.md"].startswith("# ")
    for title in ("Table 1. ", "Table 5. ", "Protocol", "Environment"):
        assert f"\n## {title}" in files["tables.md"]


def test_the_terminal_shows_every_table(run: Run) -> None:
    text = terminal_text(Report.of(run), 100, verbosity=2)
    titles = [table.title for table in tables(analyse(run))]
    assert [line for line in text.splitlines() if line in titles] == titles
    assert max(map(len, text.splitlines())) <= 100


def test_the_tables_are_written_as_they_are(run: Run, tmp_path: Path) -> None:
    directory = tmp_path / "new" / "report"
    files = Report.of(run).files
    assert write_tables(directory, Report.of(run)) == [directory / name for name in files]
    names = {path.name for path in directory.iterdir()}
    assert names == {MANIFEST, *NAMES, "tables"}
    for name, text in Report.of(run).files.items():
        assert (directory / name).read_bytes() == text.encode("utf-8")


def test_the_page_is_next_to_its_figures(run: Run, tmp_path: Path) -> None:
    page, *drawings = write_page(tmp_path, Report.of(run))
    assert page == tmp_path / "index.html"
    offered = set(re.findall(r'data-figure="([^"]+)"', page.read_text("utf-8")))
    assert {path.relative_to(tmp_path).as_posix() for path in drawings} == {
        f"figures/{key}.{kind}" for key in offered for kind in ("svg", "png")
    }
    assert all(path.stat().st_size for path in drawings)
    assert {path.suffix for path in drawings} == {".svg", ".png"}


def test_the_complete_report_is_tables_page_and_figures(run: Run, tmp_path: Path) -> None:
    written = write_report(tmp_path, Report.of(run))
    files = files_in(tmp_path)
    assert sorted(written) == sorted(files)
    assert {*NAMES, "index.html"} == {path.name for path in files if path.parent == tmp_path}


def test_the_tables_are_rendered_once_for_files_and_page(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = []
    monkeypatch.setattr(
        "fer_bench.report.report.summary_csv",
        lambda sets: rendered.append(1) or summary_csv(sets),
    )
    report = Report.of(run)
    write_tables(tmp_path, report)
    write_page(tmp_path, report)
    assert len(rendered) == 1


def test_what_was_found_in_the_data_is_next_to_the_page(
    run: Run, data: PreparedData, tmp_path: Path
) -> None:
    written = write_report(tmp_path, Report.of(run), data)
    names = {path.relative_to(tmp_path).as_posix() for path in written}
    assert names == {path.relative_to(tmp_path).as_posix() for path in files_in(tmp_path)}
    text = (tmp_path / "index.html").read_text("utf-8")
    assert re.findall(r'<a href="(?!#|https:|data:)[^"]*"', text) == []
    sheets = set(re.findall(r'data-sheet="sheet-of-([^"]+)"', text))
    assert {name for name in names if name.startswith("data-sheets/")} == {
        f"data-sheets/{key}.png" for key in sheets
    }
    assert {*EMBEDDED, "data-card.md"} == set(re.findall(r'data-file="([^"]+)"', text))
    assert (tmp_path / "data-card.md").read_text("utf-8") == data_card(data)


def test_sheets_of_an_earlier_report_go_with_the_next_one(
    run: Run, data: PreparedData, tmp_path: Path
) -> None:
    report = Report.of(run)
    write_page(tmp_path, report, data)
    votes = tmp_path / "data-sheets" / "label-errors.png"
    assert votes.exists()
    write_page(tmp_path, report, audited(votes=False).prepared())
    assert not votes.exists()
    assert (tmp_path / "data-sheets" / "near.png").exists()


def test_without_data_card_and_sheets_of_an_earlier_report_go_and_nothing_else(
    run: Run, data: PreparedData, tmp_path: Path
) -> None:
    (tmp_path / "data-sheets").mkdir()
    own = tmp_path / "data-sheets" / "own.png"
    own.write_text("mine")
    write_page(tmp_path, Report.of(run), data)
    of_audit = write_audit(tmp_path, data)
    written = write_page(tmp_path, Report.of(run))
    assert set(files_in(tmp_path)) == {*written, *of_audit, own}


def test_a_card_of_someone_else_stays(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data-card.md").write_text("# My data card\n")
    write_page(tmp_path, Report.of(run))
    assert (tmp_path / "data-card.md").read_text() == "# My data card\n"


def test_an_audit_leaves_a_report_in_its_directory_as_it_is(
    run: Run, data: PreparedData, tmp_path: Path
) -> None:
    written = write_report(tmp_path, Report.of(run), data)
    before = {path: path.read_bytes() for path in written}
    of_audit = write_audit(tmp_path, audited(votes=False, name="other").prepared())
    assert {path: path.read_bytes() for path in written} == before
    assert not set(written) & set(of_audit)
    # And the other way round.
    before = {path: path.read_bytes() for path in of_audit}
    write_report(tmp_path, Report.of(run))
    assert {path: path.read_bytes() for path in of_audit} == before


def test_figures_of_an_earlier_report_go_and_nothing_else(run: Run, tmp_path: Path) -> None:
    write_page(tmp_path, Report.of(run))
    own = tmp_path / "figures"
    (own / "figure-5-mobilenet.txt").write_text("fer_bench")
    (own / "mine.svg").write_text("<svg/>")
    (own / "mine.png").write_bytes(b"\x89PNG")
    (own / "folder.svg").mkdir()
    before = {path.name for path in own.iterdir()}
    fewer = dataclasses.replace(run, cells=run.cells[2:])
    write_page(tmp_path, Report.of(fewer))
    gone = before - {path.name for path in own.iterdir()}
    assert gone == {"figure-5-mobilenet.svg", "figure-5-mobilenet.png"}


def test_a_figure_that_cannot_be_removed_is_reported(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_page(tmp_path, Report.of(run))

    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.unlink", refused)
    fewer = dataclasses.replace(run, cells=run.cells[2:])
    with pytest.raises(FerBenchError) as raised:
        write_page(tmp_path, Report.of(fewer))
    assert "figure-5-mobilenet" in raised.value.problem
    assert "cannot be removed: Permission" in raised.value.problem


def test_a_run_that_contradicts_itself_has_no_findings(run: Run) -> None:
    with pytest.raises(ValueError, match="epochs"):
        Report.of(dataclasses.replace(run, protocol=()))


def test_a_trend_is_reported_in_all_forms_and_else_nowhere(tmp_path: Path) -> None:
    found = of_accuracies(0.4, 0.3)
    run = found.archive.runs[-1].run
    report = Report.of(run, found)
    assert [table.key for table in report.tables][-1] == "trend"
    written = {path.relative_to(tmp_path).as_posix() for path in write_report(tmp_path, report)}
    assert {"figures/trend.svg", "figures/trend-others.png"} <= written
    shown = ("tables.md", "tables/trend.tex", "index.html")
    for name in shown:
        assert "mini pretrained accuracy" in (tmp_path / name).read_text("utf-8"), name
    assert "trend,mini-pretrained accuracy," in (tmp_path / "tables.csv").read_text("utf-8")
    without = Report.of(run)
    assert without.trend is None
    assert report.tables[:-1] == without.tables
    written = {path.relative_to(tmp_path).as_posix() for path in write_report(tmp_path, without)}
    assert not any("trend" in name for name in written)
    assert not (tmp_path / "figures" / "trend.svg").exists()
    assert not (tmp_path / "tables" / "trend.tex").exists()
    for name in ("tables.md", "tables.csv", "index.html"):
        assert "pretrained accuracy" not in (tmp_path / name).read_text("utf-8"), name


def test_a_report_that_cannot_be_written_is_an_error_of_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "report").write_text("a file, not a directory")
    with pytest.raises(FerBenchError) as raised:
        write_report(tmp_path / "report", Report.of(run))
    assert "\n" not in str(raised.value)


def test_a_hostile_reason_does_not_stop_the_report(run: Run, tmp_path: Path) -> None:
    cell = dataclasses.replace(run.cells[2], reason="no file /data/\udcff\x1b[2J\n| a")
    write_report(tmp_path, Report.of(dataclasses.replace(run, cells=(cell,))))
    text = (tmp_path / "tables.md").read_text(encoding="utf-8")
    assert "no file /data/\\\\udcff\\\\x1b\\[2J \\| a" in text
