"""Figures as parts of a page."""

from __future__ import annotations

import itertools
import re
from importlib import resources

import numpy as np
import pytest

from fer_bench.analysis.run_analysis import analyse
from fer_bench.report.plots import DARK_PALETTE, PALETTE, figures
from fer_bench.report.plots.confusion import DEEPEST


def test_themed_figures_stand_beside_each_other(drawn_of_three, read) -> None:
    seen: list[str] = []
    for figure in drawn_of_three:
        text = figure.themed_svg
        assert text.startswith("<svg")
        drawn = read(text)
        seen += drawn.ids
        assert all(one.startswith(f"{figure.key}-") for one in drawn.ids)
        assert drawn.root.get("width") is drawn.root.get("height") is None
        assert drawn.root.get("viewBox")
        pointed = re.findall(r'(?:url\(|href=")#([^")]+)', text)
        assert set(pointed) <= set(drawn.ids)
        assert drawn.root.get("aria-hidden") == "true"
    assert len(seen) == len(set(seen))


def test_themed_figures_take_all_colours_from_the_page_and_nothing_from_elsewhere(
    drawn_of_three,
) -> None:
    for figure in drawn_of_three:
        text = figure.themed_svg
        assert not re.search(r": #|=\"#[0-9a-f]{3,8}\"|rgb", re.sub(r'href="#', "", text))
        assert not re.search(r"<style|<script|<\?|<!", text)
        assert set(re.findall(r"https?://[^\"]*", text)) <= {
            "http://www.w3.org/2000/svg",
            "http://www.w3.org/1999/xlink",
        }
        variables = set(re.findall(r"var\(--([^)]*)\)", text))
        assert "ink" in variables
        assert variables <= PALETTE.keys()


def test_names_that_read_like_colours_or_ids_stay(make, read) -> None:
    name = f"{PALETTE['ink']} url(#a) id="
    (figure,) = (
        one for one in figures(analyse(make([("mini", name)]))) if one.key == "curves-mini"
    )
    assert figure.title.startswith(name)
    assert [part.text for part in read(figure.svg).root[:2]] == [figure.title, figure.alt]


def test_the_style_has_colours_of_the_palette() -> None:
    style = (
        resources.files("fer_bench.report.plots").joinpath("figures.mplstyle").read_text("utf-8")
    )
    colours = {f"#{found}" for found in re.findall(r": ([0-9a-f]{6})$", style, re.MULTILINE)}
    assert {PALETTE["ink"], PALETTE["paper"]} <= colours <= set(PALETTE.values())


def _luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [PALETTE, DARK_PALETTE])
def test_colours_stand_out(palette) -> None:
    assert palette.keys() == PALETTE.keys()
    assert len(set(palette.values())) == len(palette)
    for name, colour in palette.items():
        # A page writes verdicts in some of the series' colours.
        needed = {"ink": 7.0, "grid": 1.0, "paper": 1.0, "series-4": 3.0}.get(name, 4.5)
        assert _contrast(colour, palette["paper"]) >= needed, name


@pytest.mark.parametrize("palette", [PALETTE, DARK_PALETTE])
def test_ink_is_legible_on_the_deepest_square(palette) -> None:
    pairs = zip(
        re.findall("..", palette["series-1"][1:]),
        re.findall("..", palette["paper"][1:]),
        strict=True,
    )
    mixed = "".join(
        f"{round(DEEPEST * int(over, 16) + (1 - DEEPEST) * int(under, 16)):02x}"
        for over, under in pairs
    )
    assert _contrast(palette["ink"], f"#{mixed}") >= 4.5


# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
EYES = {
    "most": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
WHITE = [0.9505, 1.0, 1.089]


def _lab(colour: str, eyes: object = EYES["most"]) -> np.ndarray:
    """CIE 1976 L*a*b* of what such eyes see, under D65."""
    parts = np.array([int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(eyes) @ linear, 0, 1)
    share = np.array(TO_XYZ) @ seen / WHITE
    x, y, z = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("palette", [PALETTE, DARK_PALETTE], ids=["light", "dark"])
def test_series_are_told_apart_by_colour_blind_eyes(palette, eyes) -> None:
    """At least 15 apart, where about 2.3 are just noticeable side by side."""
    series = [colour for name, colour in palette.items() if name.startswith("series-")]
    for one, other in itertools.combinations(series, 2):
        distance = np.linalg.norm(_lab(one, EYES[eyes]) - _lab(other, EYES[eyes]))
        assert distance >= 15, (one, other)


@pytest.mark.parametrize("palette", [PALETTE, DARK_PALETTE], ids=["light", "dark"])
def test_series_are_told_apart_in_grey_print(palette) -> None:
    lightness = sorted(
        _lab(colour)[0] for name, colour in palette.items() if name.startswith("series-")
    )
    assert min(np.diff(lightness)) >= 7
