"""Findings that name the files in which they are."""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_audits import N, audited
from page_parts import read
from PIL import Image

from fer_bench.data.audit import audit_record
from fer_bench.report.audit import audit_tables
from fer_bench.report.audit.contact_sheets import Sheet, Tile, draw, sheets
from fer_bench.report.audit.data_card import data_card
from fer_bench.report.audit.files import OF_AUDIT
from fer_bench.report.audit.page import audit_page, audit_section
from fer_bench.report.audit.tables import shortened
from fer_bench.report.table_rendering import terminal

if TYPE_CHECKING:
    from made_audits import Audited

HOSTILE = "</p><script>alert(1)</script>/\"'\udc80\x1b[2J{{ 7*7 }}.png"
LONG = f"{'a folder/' * 40}a file.png"


def lying(*others: tuple[int, str]) -> Audited:
    """Return an audit of a directory; image 5 is ``faces/5.png`` unless stated otherwise."""
    made = audited()
    places = tuple(({row: f"faces/{row}.png" for row in range(N)} | dict(others)).values())
    return made._replace(
        dataset=dataclasses.replace(made.dataset, places=places),
        found=dataclasses.replace(made.found, places=places),
    )


@pytest.fixture(scope="module")
def made() -> Audited:
    return lying()


def test_a_record_gives_them_once(made: Audited) -> None:
    assert audit_record(made.found)["places"] == tuple(f"faces/{row}.png" for row in range(N))
    assert audit_record(audited().found)["places"] is None


def test_the_table_of_empty_images_names_them(made: Audited) -> None:
    rows = [row.entries for row in audit_tables(made.found)[2].rows]
    assert rows == [(1, "5 (faces/5.png)"), (1, "6 (faces/6.png)")]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_long_ones_fit_the_terminal(width: int) -> None:
    made = lying((5, LONG), (6, HOSTILE))
    blanks = dataclasses.replace(made.found.blanks, constant=(5,) * 20)
    found = dataclasses.replace(made.found, blanks=blanks)
    text = terminal(audit_tables(found), width)
    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text


def test_tiles_name_the_images_of_their_lines(made: Audited) -> None:
    shown = {
        sheet.key: [tile.places for tile in sheet.tiles]
        for sheet in sheets(made.found, made.dataset)
    }
    assert shown == {
        "conflicts": [("faces/3.png", "faces/4.png")],
        "mirrored": [("faces/1.png", "faces/36.png")],
        "near": [("faces/2.png", "faces/37.png")],
        "blanks": [("faces/5.png",), ("faces/6.png",)],
        "label-errors": [("faces/7.png",)],
    }


def test_the_page_shows_them_below_and_in_place_of_the_images(made: Audited) -> None:
    page = read(audit_page(made.found, audit_section(made.prepared(), OF_AUDIT)))
    (tile,) = page.by_id("sheet-of-near").all("li")
    assert [line.text() for line in tile.all("p")][-2:] == ["faces/2.png", "faces/37.png"]
    alts = [image.attributes["alt"] for image in tile.all("img")]
    assert [alt.partition("image of row ")[2] for alt in alts] == [
        "2 (faces/2.png)",
        "37 (faces/37.png)",
    ]


def test_on_the_page_and_the_card_they_are_no_markup() -> None:
    made = lying((5, HOSTILE), (7, HOSTILE))
    data = made.prepared()
    text = audit_page(made.found, audit_section(data, OF_AUDIT))
    assert "<script>" not in text
    assert "\\udc80\\x1b[2J{{ 7*7 }}.png" in text
    text.encode()
    (tile, _) = read(text).by_id("sheet-of-blanks").all("li")
    assert tile.all("img")[0].attributes["alt"] == f"image of row 5 ({shortened(HOSTILE)})"
    assert "<script>" not in data_card(data)
    assert "\x1b" not in data_card(data)


def test_long_ones_are_cut_at_the_front() -> None:
    assert shortened("happy/im1.png") == "happy/im1.png"
    cut = shortened(LONG)
    assert len(cut) == 48
    assert cut.startswith("\N{HORIZONTAL ELLIPSIS}")
    assert LONG.endswith(cut[1:])


def test_a_sheet_draws_the_end_of_each_below_the_lines() -> None:
    images = np.zeros((1, 48, 48), np.uint8)

    def drawn(*places: str) -> np.ndarray:
        sheet = Sheet("near", "Title", "caption", (Tile((0,), ("a line",), places),), 1)
        return np.asarray(Image.open(io.BytesIO(draw(sheet, images))))

    none, one, two = drawn(), drawn("a.png"), drawn("a.png", "b.png")
    assert one.shape[0] - none.shape[0] == two.shape[0] - one.shape[0] > 0
    ends = [drawn(f"{'faces/' * 40}{end}.png") for end in ("a", "b")]
    assert (ends[0] != ends[1]).any()
    assert (drawn(f"{'faces/' * 40}a.png") == drawn(f"{'faces/' * 50}a.png")).all()
