"""Invariants of all figures."""

from __future__ import annotations

import dataclasses
import io
import re

import matplotlib as mpl
import pytest
from PIL import Image

from fer_bench.analysis.run_analysis import analyse
from fer_bench.report.plots import figures
from fer_bench.report.plots.figure import DPI
from fer_bench.report.plots.labels import ELLIPSIS

KEYS = [
    "figure-5-mobilenet",
    "figure-6-openface",
    "curves-mini",
    "figure-9-initial-accuracy",
    "figure-10-initial-loss",
    *(f"figure-{number}" for number in range(11, 18)),
    "mistakes",
    "calibration",
    "confusion",
    "tradeoffs",
    "learning-speed",
]
HOSTILE = {
    "<script>alert(1)</script>": "<script>",
    "$x^2$": "$x^2$",
    r"\alpha_{": r"\alpha_{",
    "n" * 300: "nnnn",
    "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED} abc": "\N{HEBREW LETTER SHIN}",
    "\N{GRINNING FACE}\N{FACE WITH HEAD-BANDAGE}": "\N{GRINNING FACE}",
    "\N{DEVANAGARI LETTER KA}\N{DEVANAGARI VOWEL SIGN I}": "\N{DEVANAGARI LETTER KA}",
    'id="#1b1f24"]]>': 'id="#1b',
    "&amp;--": "&amp;--",
    "a\x00b\ud800\ufffe\n\td": "a\\x00",
    " ": "",
}
"""A name, and how what is drawn of it begins."""


def test_figures_come_in_the_order_of_the_report(drawn_of_one) -> None:
    assert [figure.key for figure in drawn_of_one] == KEYS


def test_nothing_to_show_is_no_figure(untrained) -> None:
    assert figures(analyse(untrained)) == []


def test_without_predictions_there_are_neither_pictures_nor_calibration(one_seed) -> None:
    def forget(cell):
        quality = cell.quality and dataclasses.replace(cell.quality, predictions=None)
        return dataclasses.replace(cell, quality=quality)

    run = dataclasses.replace(
        one_seed,
        cells=tuple(map(forget, one_seed.cells)),
        dataset=dataclasses.replace(one_seed.dataset, test_labels=b""),
        examples=(),
    )
    pictures = re.compile("figure-1[1-7]|mistakes|calibration")
    assert [one.key for one in figures(analyse(run))] == [
        key for key in KEYS if not pictures.fullmatch(key)
    ]


def test_without_parts_speeds_or_sizes_there_are_no_costs(one_seed) -> None:
    cells = tuple(
        dataclasses.replace(cell, parts=(), inference=(), parameters=None)
        for cell in one_seed.cells
    )
    keys = [one.key for one in figures(analyse(dataclasses.replace(one_seed, cells=cells)))]
    assert keys == [key for key in KEYS if key not in ("tradeoffs", "learning-speed")]


@pytest.mark.parametrize("which", ["drawn_of_one", "drawn_of_three"])
def test_each_svg_is_sound_and_says_what_it_shows(which, request, read) -> None:
    for figure in request.getfixturevalue(which):
        drawn = read(figure.svg)
        assert drawn.root.get("role") == "img"
        assert drawn.root.get("aria-labelledby") == "title desc"
        assert [part.text for part in drawn.root[:2]] == [figure.title, figure.alt]
        assert len(drawn.ids) == len(set(drawn.ids)), figure.key
        assert drawn.texts
        assert figure.caption
        assert "\n" not in figure.title + figure.caption + figure.alt


def test_skipped_cells_are_told(drawn_of_one) -> None:
    for figure in drawn_of_one:
        about = figure.key not in ("figure-5-mobilenet", "curves-mini")
        told = "OpenFace pretrained (skipped)" in figure.caption
        assert "file is away" not in figure.caption
        assert told == ("Not shown: " in figure.caption) == about, figure.key


def test_a_skipped_seed_is_told_by_its_number(three_seeds) -> None:
    cells = list(three_seeds.cells)
    cells[1] = dataclasses.replace(cells[1], status="failed", reason="disk full", quality=None)
    for figure in figures(analyse(dataclasses.replace(three_seeds, cells=tuple(cells)))):
        if figure.key in ("curves-mini", "figure-9-initial-accuracy", "confusion", "tradeoffs"):
            assert "Mini pretrained seed 2 (failed)" in figure.caption.partition("Not shown: ")[2]
            assert "disk full" not in figure.caption


def test_every_trained_network_is_in_every_alternative_text(drawn_of_one) -> None:
    for figure in drawn_of_one[3:]:
        for label in ("Mini pretrained", "MobileNet random", "OpenFace random"):
            if figure.key in ("figure-9-initial-accuracy", "calibration", "learning-speed"):
                assert label in figure.alt, figure.key


@pytest.mark.parametrize("backbones", [1, 3, 20])
def test_alternative_texts_are_short(backbones, make) -> None:
    for figure in figures(analyse(make([(f"net{n}", f"Net{n}" * 4) for n in range(backbones)]))):
        assert len(figure.alt) <= 330, figure.key


def test_alternative_texts_say_where_the_rest_is(make) -> None:
    found = {
        one.key: one for one in figures(analyse(make([(f"net{n}", f"Net{n}") for n in range(20)])))
    }
    more = found["figure-9-initial-accuracy"].alt.rpartition("; ")[2]
    assert re.fullmatch(r"\d+ more .* the tables\.", more)


def test_pictures_whose_class_is_not_known_are_left_out(one_seed) -> None:
    known = dataclasses.replace(one_seed.dataset, test_labels=b"")
    keys = [one.key for one in figures(analyse(dataclasses.replace(one_seed, dataset=known)))]
    pictures = re.compile("figure-1[1-7]|mistakes|calibration")
    assert keys == [key for key in KEYS if not pictures.fullmatch(key)]


def test_nothing_is_written_outside(drawn_of_three, read) -> None:
    for figure in drawn_of_three:
        drawn = read(figure.svg)
        _, _, width, height = map(float, drawn.root.get("viewBox").split())
        for text in drawn.root.iter("{http://www.w3.org/2000/svg}text"):
            if text.get("x"):
                assert 0 <= float(text.get("x")) <= width, figure.key
                assert 0 <= float(text.get("y")) <= height, figure.key


def test_text_is_text_in_the_readers_typeface(drawn_of_one) -> None:
    for figure in drawn_of_one:
        families = re.findall(r"font(?:-family)?: ([^;\"]*)", figure.svg)
        assert families
        assert all(one.endswith("system-ui, sans-serif") for one in families), families


@pytest.mark.parametrize("first", range(0, len(HOSTILE), 4))
def test_any_name_comes_out_as_text(first, make, read, recwarn) -> None:
    # Of four backbones all kinds of figures show each.
    names = [*HOSTILE, "Mini"][first : first + 4]
    found = figures(analyse(make([(name, name) for name in names], classes=names)))
    for figure in found:
        assert re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,80}", figure.key)
        drawn = read(figure.svg)
        tags = {part.tag.rpartition("}")[2] for part in drawn.root.iter()}
        assert tags <= {"svg", "title", "desc", "g", "path", "text", "use", "defs", "image"} | {
            "clipPath",
            "rect",
        }, figure.key
        if figure.key == "confusion":
            # The titles of two panels, and the class next to two rows of panels and below four.
            starts = {start: name for name, start in HOSTILE.items() if name in names and start}
            for start, name in starts.items():
                labels = [text for text in drawn.texts if text.strip().startswith(start)]
                assert len(labels) == 8, (name, drawn.texts)
    # The curves of each backbone.
    for figure in found[:4]:
        assert figure.png.startswith(b"\x89PNG"), figure.title
    assert [str(one.message) for one in recwarn] == []


def test_long_names_are_cut(make, read) -> None:
    name = "n" * 300
    made = {figure.key: figure for figure in figures(analyse(make([("mini", name)])))}
    figure = made["figure-9-initial-accuracy"]
    assert f"{ELLIPSIS} random" in figure.alt
    (label,) = (text for text in read(figure.svg).texts if text.endswith(f"{ELLIPSIS} random"))
    assert re.fullmatch(rf"n{{8,20}}{ELLIPSIS} random", label)


def test_backbones_of_like_names_have_files_of_their_own(make) -> None:
    names = ["Net", "net", "n/et", "n\\et", "..", "CON", "n" * 100, "n" * 101]
    keys = [figure.key for figure in figures(analyse(make([(name, name) for name in names])))]
    assert len({key.lower() for key in keys}) == len(keys)


def test_the_same_run_gives_the_same_bytes_and_leaves_the_settings_whatever_they_are(
    three_seeds, drawn_of_three
) -> None:
    usual = [figure.svg for figure in drawn_of_three]
    drawings = [figure.png for figure in drawn_of_three[:4]]
    untouched = dict(mpl.rcParams)
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "text.color": "red"}):
        before = dict(mpl.rcParams)
        again = figures(analyse(three_seeds))
        assert [figure.svg for figure in again] == usual
        assert [figure.png for figure in again[:4]] == drawings
        assert dict(mpl.rcParams) == before
    assert dict(mpl.rcParams) == untouched


def test_each_figure_is_drawn_once(drawn_of_one) -> None:
    (figure, *_) = drawn_of_one
    drawn = []

    def draw(drawing, data):
        drawn.append(drawing)
        figure.draw(drawing, data)

    counted = dataclasses.replace(figure, draw=draw)
    # In either order they are the same.
    assert (counted.png, counted.svg) == (figure.svg and figure.png, figure.svg)
    assert len(drawn) == 1


def test_png_is_of_the_same_shape(drawn_of_one, read) -> None:
    figure = drawn_of_one[0]
    _, _, width, height = map(float, read(figure.svg).root.get("viewBox").split())
    image = Image.open(io.BytesIO(figure.png))
    assert image.size == pytest.approx((width * DPI / 72, height * DPI / 72), abs=1)
