from __future__ import annotations

import base64
import dataclasses
import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_audits import audited
from page_parts import read
from PIL import Image

from fer_bench.data.audit.duplicate_groups import Leak
from fer_bench.report.audit import audit_tables, summary, write_audit
from fer_bench.report.audit.contact_sheets import KEYS, Sheet, Tile, draw, greys, sheets
from fer_bench.report.audit.files import OF_AUDIT
from fer_bench.report.audit.page import audit_page, audit_section
from fer_bench.report.audit.sentences import implications
from fer_bench.report.output_files import MANIFEST
from fer_bench.report.table_rendering import terminal
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path

    from made_audits import Audited
    from page_parts import Node
    from syrupy.assertion import SnapshotAssertion

    from fer_bench.report import Table


@pytest.fixture(scope="module")
def made() -> Audited:
    return audited()


@pytest.fixture(scope="module")
def without() -> Audited:
    return audited(votes=False)


@pytest.fixture(scope="module")
def tables(made: Audited) -> dict[str, Table]:
    return {table.key: table for table in audit_tables(made.found)}


@pytest.fixture(scope="module")
def document(made: Audited) -> Node:
    return read(audit_page(made.found, audit_section(made.prepared(), OF_AUDIT)))


def rows_of(table: Table) -> dict[str, tuple]:
    return {row.label: row.entries for row in table.rows}


class TestTables:
    def test_copies(self, tables: dict[str, Table]) -> None:
        assert rows_of(tables["audit-copies"]) == {
            "identical": (40, 2, 2, 4, 2, 1, 2),
            "or mirrored": (39, 3, 3, 6, 2, 1, 2),
            "or near-duplicate": (38, 4, 4, 8, 2, 1, 2),
        }

    def test_leaks(self, tables: dict[str, Table]) -> None:
        none = (0, 0.0, 0)
        rows = rows_of(tables["audit-leaks"])
        assert {tuple(label.split(" images also in ")): rows[label] for label in rows} == {
            ("validation", "train"): (7, *none, *none, *none),
            ("test", "train"): (
                *(7, 1, pytest.approx(100 / 7), 1),
                *(2, pytest.approx(200 / 7), 2),
                *(3, pytest.approx(300 / 7), 3),
            ),
            ("test", "validation"): (7, *none, *none, *none),
        }

    def test_blanks(self, tables: dict[str, Table]) -> None:
        assert [row.entries for row in tables["audit-blanks"].rows] == [(1, "5"), (1, "6")]

    def test_many_rows_are_cut(self, made: Audited) -> None:
        blanks = dataclasses.replace(made.found.blanks, constant=tuple(range(10)), nearly=())
        table = audit_tables(dataclasses.replace(made.found, blanks=blanks))[2]
        shown = [row.entries for row in table.rows]
        assert shown == [(10, "0, 1, 2, 3, 4, 5, 6, 7 and 2 more"), (0, "")]

    def test_classes(self, tables: dict[str, Table]) -> None:
        rows = rows_of(tables["audit-classes"])
        assert rows["Angry"] == (6, pytest.approx(100 / 7), 1.0, 4, 1, 1)
        assert rows["all"] == (42, 100.0, None, 28, 7, 7)

    def test_votes(self, tables: dict[str, Table]) -> None:
        rows = rows_of(tables["audit-votes"])
        assert rows["Angry"] == (6, 5, 0, 5, 0, 0, 1, pytest.approx(100 / 6), "Happy 1")
        assert rows["Disgust"] == (6, 6, 0, 6, 0, 0, 0, 0.0, None)
        assert rows["all"] == (42, 41, 0, 41, 0, 0, 1, pytest.approx(100 / 42), "Happy 1")

    def test_without_votes_there_is_no_table_of_them(self, without: Audited) -> None:
        assert [table.key for table in audit_tables(without.found)] == [
            "audit-copies",
            "audit-leaks",
            "audit-blanks",
            "audit-classes",
        ]

    def test_a_class_without_images(self, made: Audited) -> None:
        empty = dataclasses.replace(made.found.classes[0], images=0)
        found = dataclasses.replace(made.found, classes=(empty, *made.found.classes[1:]))
        assert rows_of(audit_tables(found)[3])["Angry"][:3] == (0, 0.0, None)

    @pytest.mark.parametrize("width", [60, 80, 120])
    def test_they_fit_the_terminal(self, made: Audited, width: int) -> None:
        assert max(map(len, terminal(audit_tables(made.found), width).splitlines())) <= width


class TestSummary:
    def test_known_answers(self, made: Audited, snapshot: SnapshotAssertion) -> None:
        assert summary(made.found) == snapshot

    def test_no_leak(self, without: Audited, snapshot: SnapshotAssertion) -> None:
        leaks = tuple(
            Leak(leak.likeness, leak.source, leak.target, (), 0, 7) for leak in without.found.leaks
        )
        shown = summary(dataclasses.replace(without.found, leaks=leaks))
        assert shown[0] == snapshot
        assert len(shown) == 3

    def test_near_leaks_alone_are_leaks(self, made: Audited, snapshot: SnapshotAssertion) -> None:
        leaks = tuple(
            dataclasses.replace(leak, rows=(), same_label=0) if leak.likeness != "near" else leak
            for leak in made.found.leaks
        )
        assert summary(dataclasses.replace(made.found, leaks=leaks))[0] == snapshot


class TestSheets:
    def test_what_is_shown(self, made: Audited) -> None:
        shown = {sheet.key: sheet.tiles for sheet in sheets(made.found, made.dataset)}
        (near,) = made.found.near_pairs
        assert shown == {
            "conflicts": (Tile((3,), ("Happy", "Sad", "rows 3, 4")),),
            "mirrored": (Tile((1, 36), ("Disgust", "rows 1, 36", "mirrored")),),
            "near": (Tile((2, 37), ("Fear", "rows 2, 37", f"correlation {near.correlation:.3f}")),),
            "blanks": (
                Tile((5,), ("row 5", "Surprise", "blank")),
                Tile((6,), ("row 6", "Neutral", "nearly blank")),
            ),
            "label-errors": (Tile((7,), ("row 7", "Angry: 1", "Happy: 9")),),
        }

    def test_two_labels_of_a_pair(self, made: Audited) -> None:
        dataset = dataclasses.replace(made.dataset, labels=made.dataset.labels.copy())
        dataset.labels[36] = 0
        tiles = {sheet.key: sheet.tiles for sheet in sheets(made.found, dataset)}
        assert tiles["mirrored"][0].lines[0] == "Disgust / Angry"

    def test_without_votes_there_is_no_sheet_of_them(self, without: Audited) -> None:
        keys = [sheet.key for sheet in sheets(without.found, without.dataset)]
        assert keys == list(KEYS[:-1])

    def test_of_many_evenly_spaced_ones_are_shown(self, made: Audited) -> None:
        images = np.zeros((480, 4, 4), np.uint8)
        dataset = dataclasses.replace(
            made.dataset, images=images, labels=np.zeros(480, np.uint8), usage=None
        )
        blanks = dataclasses.replace(made.found.blanks, constant=tuple(range(480)), nearly=())
        found = dataclasses.replace(
            made.found,
            blanks=blanks,
            near_pairs=(),
            copies=tuple(
                dataclasses.replace(one, groups=(), conflicts=()) for one in made.found.copies
            ),
            agreement=None,
        )
        (sheet,) = sheets(found, dataset)
        assert sheet.total == 480
        assert [tile.rows[0] for tile in sheet.tiles] == list(range(0, 480, 20))
        assert sheet.shown == "24 of 480, evenly spaced"

    def test_many_rows_of_a_conflict_are_cut(self, made: Audited) -> None:
        group = (3, 4, 10, 17)
        first = dataclasses.replace(made.found.copies[0], groups=(group,), conflicts=(group,))
        found = dataclasses.replace(made.found, copies=(first, *made.found.copies[1:]))
        (tile,) = sheets(found, made.dataset)[0].tiles
        assert tile == Tile((3,), ("Happy", "Sad", "rows 3, 4", "and 2 more"))

    def test_drawing_it_twice_gives_the_same_file(self, made: Audited) -> None:
        for sheet in sheets(made.found, made.dataset):
            once, again = (draw(sheet, made.dataset.images) for _ in range(2))
            assert once == again
            image = Image.open(io.BytesIO(once))
            assert image.format == "PNG"
            assert image.width <= 960

    @pytest.mark.parametrize("shape", [(1, 4), (48, 48), (31, 96), (300, 200)])
    def test_images_of_any_size_are_seen_whole(self, shape: tuple[int, int]) -> None:
        images = np.full((2, *shape), 100, np.uint8)
        sheet = Sheet("near", "Title", "caption", (Tile((0, 1), ("a line",)),), 1)
        drawn = np.asarray(Image.open(io.BytesIO(draw(sheet, images))))
        scale = max(1, 96 // max(shape))
        level = greys(images)[0, 0, 0]
        assert (drawn == level).sum() >= 2 * images[0].size * scale**2
        assert (drawn == level).any(axis=1).sum() >= scale * shape[0]

    def test_long_lines_are_cut(self) -> None:
        images = np.zeros((1, 48, 48), np.uint8)
        sizes = set()
        for text in ("", "x" * 400, "\N{HEBREW LETTER ALEF}" * 9, "a\nb\x00"):
            sheet = Sheet("near", "Title", "caption", (Tile((0,), (text,)),), 1)
            sizes.add(Image.open(io.BytesIO(draw(sheet, images))).size)
        assert len(sizes) == 1


def test_64_greys_keep_black_and_white_and_their_order() -> None:
    levels = np.arange(256, dtype=np.uint8)
    fewer = greys(levels)
    assert fewer.dtype == np.uint8
    assert (fewer[0], fewer[255], len(set(fewer.tolist()))) == (0, 255, 64)
    assert (np.diff(fewer.astype(int)) >= 0).all()
    assert np.abs(fewer.astype(int) - levels).max() <= 3


class TestPage:
    def test_it_holds_all_tables_and_sheets(self, made: Audited, document: Node) -> None:
        ids = [table.key for table in audit_tables(made.found)]
        assert [one.attributes["id"] for one in document.all("article")] == [
            f"table-of-{key}" for key in ids
        ]
        figures = document.all("figure")
        assert [one.attributes["id"] for one in figures] == [f"sheet-of-{key}" for key in KEYS]
        for figure, made_sheet in zip(figures, sheets(made.found, made.dataset), strict=True):
            tiles = figure.all("li")
            assert len(tiles) == len(made_sheet.tiles)
            for tile, one in zip(tiles, made_sheet.tiles, strict=True):
                assert tuple(line.text() for line in tile.all("p")) == one.lines
                images = tile.all("img")
                assert [image.attributes["alt"] for image in images] == [
                    f"image of row {row}" for row in one.rows
                ]
                for image, row in zip(images, one.rows, strict=True):
                    kind, _, data = (image.attributes["src"] or "").partition(",")
                    assert kind == "data:image/png;base64"
                    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
                    assert (shown == greys(made.dataset.images[row])).all()
                    assert (image.attributes["width"], image.attributes["height"]) == ("48", "48")

    def test_large_images_are_made_smaller(self, made: Audited) -> None:
        images = np.full((len(made.dataset), 300, 200), 7, np.uint8)
        large = made._replace(dataset=dataclasses.replace(made.dataset, images=images))
        section = audit_section(large.prepared(), OF_AUDIT)
        thumbnail = section.sheets[0]["tiles"][0]["images"][0]
        assert (thumbnail["width"], thumbnail["height"]) == (64, 96)

    def test_it_says_what_matters_first(self, made: Audited, document: Node) -> None:
        (headline,) = document.all("h1")
        assert headline.text() == summary(made.found)[0]

    def test_it_says_what_that_means(self, made: Audited, document: Node) -> None:
        (shown,) = document.all("ul", **{"class": "meaning"})
        assert [line.text() for line in shown.all("li")] == implications(made.found)

    def test_it_loads_nothing(self, document: Node) -> None:
        (policy,) = document.all("meta", **{"http-equiv": "Content-Security-Policy"})
        rules = (policy.attributes["content"] or "").split("; ")
        assert rules[:2] == ["default-src 'none'", "img-src data:"]
        assert document.all("script") == []
        for node in document:
            assert (node.attributes.get("src") or "data:").startswith("data:")
        assert {
            node.attributes["href"]
            for node in document.all("a")
            if "#" not in node.attributes["href"]
        } == {"audit-card.md", *(f"audit-sheets/{key}.png" for key in KEYS)}

    def test_names_are_no_markup(self) -> None:
        hostile = "<script>alert(1)</script>{{ 7*7 }}"
        made = audited(name=hostile)
        section = dataclasses.replace(audit_section(made.prepared(), OF_AUDIT), sheets=())
        text = audit_page(made.found, section)
        assert "<script>" not in text
        assert "&lt;script&gt;" in text
        assert "{{ 7*7 }}" in text
        assert "There are no findings" in text


class TestFiles:
    def test_what_is_written(self, made: Audited, tmp_path: Path) -> None:
        written = write_audit(tmp_path / "new", made.prepared())
        assert written == [
            tmp_path / "new" / "audit.html",
            tmp_path / "new" / "audit-card.md",
            *(tmp_path / "new" / "audit-sheets" / f"{key}.png" for key in KEYS),
        ]
        assert all(path.stat().st_size for path in written)

    def test_what_an_earlier_audit_left_is_removed_and_nothing_else(
        self, made: Audited, without: Audited, tmp_path: Path
    ) -> None:
        write_audit(tmp_path, made.prepared())
        others = [tmp_path / "index.html", tmp_path / "audit-sheets" / "own.png"]
        for path in others:
            path.write_text("mine")
        written = write_audit(tmp_path, without.prepared())
        left = {path for path in tmp_path.rglob("*") if path.is_file()}
        assert left == {*written, *others, tmp_path / MANIFEST}
        assert [path.read_text() for path in others] == ["mine", "mine"]

    @pytest.mark.parametrize(
        "place", ["audit-sheets", "audit.html/x", "audit-card.md/x", "audit-sheets/near.png/x"]
    )
    def test_what_is_in_the_way_is_one_line(
        self, made: Audited, tmp_path: Path, place: str
    ) -> None:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("in the way")
        with pytest.raises(FerBenchError, match="cannot write"):
            write_audit(tmp_path, made.prepared())
