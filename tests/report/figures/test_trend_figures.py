"""The charts over the stored runs."""

from __future__ import annotations

import dataclasses
import re

import pytest
from made_archives import archive_of, mini, of_accuracies, of_speeds, run_of, trend_of

from fer_bench.analysis.comparison import default_thresholds
from fer_bench.analysis.history.series import ChangePoint
from fer_bench.analysis.history.trend import find_trend
from fer_bench.report.plots import DARK_PALETTE, PALETTE, trend_figures
from fer_bench.report.plots.labels import ELLIPSIS

SHA = "0123456789abcdef0123456789abcdef0123456"


def runs_of(count, step=None, backbones=("mini",)):
    """Return runs of some backbones with both inits; the last one loses a tenth of accuracy."""
    last = len(backbones) - 1
    return [
        run_of(
            *(
                dataclasses.replace(
                    mini(
                        0.3 if place == last and step is not None and number >= step else 0.4,
                        1000.0 + 100 * place,
                        init=init,
                    ),
                    backbone=backbone,
                    title=backbone,
                )
                for place, backbone in enumerate(backbones)
                for init in ("pretrained", "random")
            ),
            facts={"commit": f"{number:03}{SHA[3:]}a"},
        )
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def made():
    return {one.key: one for one in trend_figures(trend_of(*runs_of(8, 4)))}


def test_headline_figures_are_always_drawn_and_others_where_they_moved(made, read) -> None:
    assert list(made) == ["trend", "trend-others"]
    headings = ["accuracy, %", "training.speed, images/s", "inference.median@32, ms"]
    assert [text for text in read(made["trend"].svg).texts if text in headings] == headings
    others = read(made["trend-others"].svg).texts
    assert "recall.Happy, %" in others
    assert not set(headings) & set(others)
    still = trend_figures(trend_of(*runs_of(2)))
    assert [one.key for one in still] == ["trend"]


def test_one_run_draws_nothing() -> None:
    assert trend_figures(trend_of(*runs_of(1))) == []
    assert trend_figures(trend_of()) == []


def test_a_line_for_each_network_and_a_point_for_each_run(made, read) -> None:
    drawn = read(made["trend"].svg)
    assert sorted(drawn.groups("line-")) == [
        f"line-{panel}-{order}" for panel in (1, 2, 3) for order in (1, 2)
    ]
    for name in drawn.groups("line-"):
        xs = [x for x, _ in drawn.marks(name)]
        assert len(xs) == 8
        assert xs == sorted(xs)
    ys = [y for _, y in drawn.marks("line-1-1")]
    # It falls in the fifth run; y grows downwards.
    assert ys[0] == ys[3] < ys[4] == ys[7]
    assert {"mini pretrained", "mini random", "changed in this run"} <= set(drawn.texts)
    assert "in this run only" not in drawn.texts


def test_moves_are_ringed_and_odd_runs_crossed(made, read) -> None:
    drawn = read(made["trend"].svg)
    # Both inits lose accuracy.
    assert drawn.marks("changed-1") == [drawn.marks(f"line-1-{order}")[4] for order in (1, 2)]
    assert drawn.groups("changed-2") == drawn.groups("once-") == []
    (figure,) = trend_figures(of_speeds(1000.0, 1000.0, 700.0, 1000.0))
    odd = read(figure.svg)
    assert odd.marks("once-2") == [odd.marks("line-2-1")[2]]
    assert odd.groups("changed-") == []
    assert "in this run only" in odd.texts
    assert "changed in this run" not in odd.texts


def test_runs_are_named_by_their_commits(made, read) -> None:
    texts = read(made["trend"].svg).texts
    # The run that moved and both ends, in each of the panels where they fit.
    for commit in ("0003456", "0043456", "0073456"):
        assert commit in texts
    without = read(trend_figures(of_accuracies(0.4, 0.3))[0].svg).texts
    assert {"1", "2"} <= set(without)


@pytest.mark.parametrize("count", [2, 3, 5, 8, 100])
def test_names_of_runs_do_not_cover_each_other(count, read) -> None:
    found = find_trend(archive_of(*runs_of(2, 1)), default_thresholds())
    archive = archive_of(*runs_of(1) * count)
    commits = [
        dataclasses.replace(
            one,
            run=dataclasses.replace(one.run, environment=(("commit", f"{index:03}{SHA}"),)),
        )
        for index, one in enumerate(archive.runs)
    ]
    # As if every run had moved.
    series = tuple(
        dataclasses.replace(
            one,
            points=tuple(dataclasses.replace(one.points[0], run=run) for run in range(count)),
            change_points=tuple(ChangePoint(run, 0.4, 0.3, "worse", "") for run in range(1, count)),
        )
        for one in found.series
        if one.points
    )
    archive = dataclasses.replace(archive, runs=tuple(commits))
    figure, *_ = trend_figures(dataclasses.replace(found, archive=archive, series=series))
    drawn = read(figure.svg)
    places: dict[str, list[float]] = {}
    for text in drawn.root.iter("{http://www.w3.org/2000/svg}text"):
        if re.fullmatch("[0-9]{7}", "".join(text.itertext())):
            places.setdefault(text.get("y"), []).append(float(text.get("x")))
    assert places
    for across in places.values():
        # Two panels next to each other, each in its order.
        for one, other in zip(sorted(across), sorted(across)[1:], strict=False):
            assert other - one > 30
    assert max(len(drawn.marks(name)) for name in drawn.groups("line-")) <= 14 + 1
    _, _, width, height = map(float, drawn.root.get("viewBox").split())
    for text in drawn.root.iter("{http://www.w3.org/2000/svg}text"):
        assert 0 <= float(text.get("x")) <= width
        assert 0 <= float(text.get("y")) <= height


def test_speeds_that_differ_much_take_a_logarithmic_axis(read) -> None:
    fast, slow = mini(speed=9000.0), dataclasses.replace(mini(speed=900.0), backbone="slow")
    (figure,) = trend_figures(trend_of(*[run_of(fast, slow)] * 2))
    assert "logarithmic" in figure.caption
    drawn = read(figure.svg)
    assert {"1,000", "10,000"} <= set(drawn.texts)
    assert "logarithmic" not in trend_figures(of_speeds(1000.0, 900.0))[0].caption


def test_small_changes_look_small(read) -> None:
    (figure,) = trend_figures(of_speeds(1000.0, 1001.0))
    ys = [y for _, y in read(figure.svg).marks("line-2-1")]
    assert 0 < abs(ys[0] - ys[1]) < 5


def test_at_most_eight_networks_are_drawn_and_those_that_moved_among_them(read) -> None:
    runs = runs_of(2, 1, [*(f"net{number}" for number in range(6)), "mover"])
    figure, *_ = trend_figures(trend_of(*runs))
    assert "8 of 14 networks" in figure.caption
    assert "the table has all" in figure.caption
    drawn = read(figure.svg)
    assert len(drawn.groups("line-1-")) == 8
    assert {"net0 pretrained", "mover pretrained", "mover random"} <= set(drawn.texts)


def test_the_moves_stand_in_the_alternative_text(made) -> None:
    shown, _, moved = made["trend"].alt.partition(" Changes: ")
    assert "3 metrics over 8 stored runs" in shown
    first = moved.partition("; ")[0]
    assert first.startswith("mini pretrained accuracy from 40.0 %")
    assert first.endswith("to 30.0 % in run 5 of 8")
    (still,) = trend_figures(trend_of(*runs_of(2)))
    assert still.alt.endswith("Changes: none.")
    assert len(made["trend-others"].alt) <= 330


def test_inits_are_told_apart_without_colour(made, read) -> None:
    drawn = read(made["trend"].svg)
    assert "stroke-dasharray" not in drawn.style("line-1-1")
    assert "stroke-dasharray" in drawn.style("line-1-2")
    styles = {part.get("style", "") for part in drawn.group("line-1-2").iter()}
    assert any(f"fill: {PALETTE['paper']}" in style for style in styles)


def test_figures_are_sound_and_take_their_colours_from_the_page(made, read) -> None:
    for figure in made.values():
        text = figure.themed_svg
        drawn = read(text)
        assert len(drawn.ids) == len(set(drawn.ids))
        assert set(re.findall(r"var\(--([^)]*)\)", text)) <= PALETTE.keys() & DARK_PALETTE.keys()
        assert not re.search(r": #|=\"#[0-9a-f]{3,8}\"|rgb", re.sub(r'href="#', "", text))
        assert figure.png.startswith(b"\x89PNG")
        assert "\n" not in figure.title + figure.caption + figure.alt


@pytest.mark.parametrize(
    "names",
    [
        ["<script>alert(1)</script>", "$x^2$", "n" * 300],
        ["a\x00b\ud800\n\td", "&amp;--", ""],
    ],
)
def test_any_name_comes_out_as_text(names, read, recwarn) -> None:
    # Four backbones with both inits are as many networks as are drawn.
    found = trend_figures(trend_of(*runs_of(2, 1, [*names, "mini"])))
    assert [figure.key for figure in found] == ["trend", "trend-others"]
    for figure in found:
        drawn = read(figure.svg)
        labels = [text for text in drawn.texts if text.endswith(" pretrained")]
        for name, pretrained in zip([*names, "mini"], labels, strict=True):
            assert pretrained.startswith(name[:3] if name.isprintable() else "a\\x00")
            assert len(pretrained) < 40
            if len(name) > 40:
                assert f"{ELLIPSIS} random" in "\n".join(drawn.texts)
        assert figure.png.startswith(b"\x89PNG")
    assert [str(one.message) for one in recwarn] == []


def test_each_backbone_with_its_head_has_a_look() -> None:
    """The name of a cell with another head does not end in its init."""
    cells = [
        dataclasses.replace(mini(0.4 - number / 10, init=init), head=head)
        for number, (init, head) in enumerate(
            [("pretrained", "linear"), ("pretrained", "logreg"), ("random", "mlp:32")]
        )
    ]
    figure, *_ = trend_figures(trend_of(run_of(*cells), run_of(*cells)))
    colours = re.findall(r"<g id=.line-1-\d[^\n]*\n(?:[^\n]*\n)*?[^\n]*stroke: (#\w+)", figure.svg)
    assert len(set(colours)) == 3
