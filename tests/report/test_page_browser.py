"""The page in a real browser."""

from __future__ import annotations

import dataclasses
import io
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from eight_cells import make_run
from made_archives import of_accuracies
from made_audits import audited
from page_browser import write
from page_parts import figure, page_of, with_predictions
from PIL import Image

from fer_bench.analysis.run_analysis import analyse
from fer_bench.analysis.summary import Summary
from fer_bench.report import Column, Row, Table
from fer_bench.report.audit.files import OF_BENCHMARK
from fer_bench.report.audit.page import audit_section
from fer_bench.report.plots import PALETTE, trend_figures
from fer_bench.report.plots.example_images import example_figures
from fer_bench.report.trend_table import trend_table

pytestmark = pytest.mark.browser
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

TABLE = "#table-of-table-2 table"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write(tmp_path_factory.mktemp("report"), page_of())


@pytest.fixture(scope="module")
def trend_page() -> str:
    found = of_accuracies(*[0.4] * 3, *[0.3] * 3, *[0.4] * 2)
    return page_of(tables=[trend_table(found)], figures=trend_figures(found))


@pytest.fixture(scope="module")
def audit_page() -> str:
    return page_of(audit=audit_section(audited().prepared(), OF_BENCHMARK))


def labels(tab: Any) -> list[str]:
    return [text.strip() for text in tab.locator(f"{TABLE} tbody th bdi").all_inner_texts()]


def sorts(tab: Any) -> list[str]:
    heads = tab.locator(f"{TABLE} th[data-column]").all()
    return [head.get_attribute("aria-sort") for head in heads]


@pytest.mark.parametrize("width", [375, 1280])
def test_the_page_is_quiet_asks_for_nothing_and_fits(visit: Any, address: str, width: int) -> None:
    tab, complaints, requests = visit(address, width)
    for section in tab.locator("main > section").all():
        section.scroll_into_view_if_needed()
    tab.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []
    assert [one for one in requests if not one.startswith("data:")] == [address]


@pytest.mark.parametrize("width", [375, 1280])
def test_a_trend_fits_and_is_reached_by_its_link(
    visit: Any, trend_page: str, tmp_path: Path, width: int
) -> None:
    tab, complaints, _ = visit(write(tmp_path, trend_page), width)
    tab.locator("nav a[href='#trend']").click()
    tab.locator("nav a[href='#trend'][aria-current]").wait_for()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.locator("#trend svg").count() == 2
    assert complaints == []


@pytest.mark.parametrize(("width", "theme"), [(375, "dark"), (1280, "light")])
def test_images_of_the_data_fit_and_are_drawn(
    visit: Any, audit_page: str, tmp_path: Path, width: int, theme: str
) -> None:
    tab, complaints, requests = visit(write(tmp_path, audit_page), width, color_scheme=theme)
    tab.locator("nav a[href='#data']").click()
    tab.locator("nav a[href='#data'][aria-current]").wait_for()
    folded = tab.locator("#data details:not([open]) > summary")
    for _ in range(folded.count()):
        folded.first.click()
    images = tab.locator("#data .tiles img")
    assert images.count() == 1 + 2 + 2 + 2 + 1
    assert all(images.nth(n).is_visible() for n in range(images.count()))
    assert images.evaluate_all("all => all.every(one => one.complete && one.naturalWidth === 48)")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []
    assert [one for one in requests if not one.startswith("data:")] == [tab.url.split("#")[0]]


@pytest.mark.parametrize("width", [375, 1280])
def test_hostile_names_break_no_layout_and_run_nothing(
    visit: Any, tmp_path: Path, width: int
) -> None:
    names = ["<script>alert(1)</script>", "{{ 7*7 }}", "x" * 300, "\N{HEBREW LETTER ALEF}" * 90]
    run = make_run()
    cells = tuple(
        dataclasses.replace(cell, title=names[number % 4]) for number, cell in enumerate(run.cells)
    )
    counts = tuple(
        (names[number] if number < 4 else name, count)
        for number, (name, count) in enumerate(run.dataset.counts)
    )
    dataset = dataclasses.replace(run.dataset, name=names[2], counts=counts)
    run = with_predictions(dataclasses.replace(run, cells=cells, dataset=dataset))
    text = page_of(run, summary=Summary(*[tuple(names)] * 3))
    tab, complaints, _ = visit(write(tmp_path, text), width)
    tab.on("dialog", lambda dialog: complaints.append(dialog.message))
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []


def test_foreign_script_does_not_run(visit: Any, tmp_path: Path) -> None:
    text = page_of().replace("</main>", "</main><script>document.title = 'no'</script>")
    tab, complaints, _ = visit(write(tmp_path, text))
    assert tab.title() == "fer_bench on fer2013"
    assert any("Content Security Policy" in one for one in complaints)


def test_files_and_drawings_are_saved_from_the_page_alone(visit: Any, tmp_path: Path) -> None:
    run = with_predictions(make_run())
    text = page_of(
        run,
        figures=[figure("calibration"), *example_figures(analyse(run))],
        audit=audit_section(audited().prepared(), OF_BENCHMARK),
        files={"tables.csv": "a,b\n"},
    )
    tab, complaints, requests = visit(write(tmp_path, text))

    def saved(selector: str) -> tuple[str, bytes]:
        with tab.expect_download() as found:
            tab.locator(selector).first.click()
        return found.value.suggested_filename, Path(found.value.path()).read_bytes()

    tab.evaluate("""() => {
      const [unpack, revoke] = [atob, URL.revokeObjectURL];
      window.calls = [];
      window.atob = (text) => { calls.push("unpack"); return unpack(text); };
      URL.revokeObjectURL = (text) => { calls.push("revoke"); revoke(text); };
    }""")
    assert saved("[data-file='tables.csv']") == ("tables.csv", b"a,b\n")
    name, drawing = saved("[data-figure='calibration'][data-format=SVG]")
    assert name == "calibration.svg"
    assert ElementTree.fromstring(drawing).get("width", "").endswith("pt")
    assert b"var(--" not in drawing
    assert PALETTE["series-1"].encode() in drawing
    name, drawing = saved("[data-figure='figure-11'][data-format=SVG]")
    assert name == "figure-11.svg"
    ElementTree.fromstring(drawing)
    assert drawing.count(b"data:image/png;base64,") == 1
    for selector, width in (
        ("[data-figure='calibration'][data-format=PNG]", 1382),
        ("[data-sheet='sheet-of-near'][data-format=PNG]", 2346),
    ):
        name, drawing = saved(selector)
        image = Image.open(io.BytesIO(drawing))
        assert (name.endswith(".png"), image.format) == (True, "PNG")
        # Twice the width in CSS pixels.
        assert image.width == pytest.approx(width, abs=4)
        assert image.convert("L").getextrema()[0] < 100
    # Once for all, and what a browser may still read is kept.
    assert tab.evaluate("calls") == ["unpack"]
    assert complaints == []
    assert all(one.startswith(("data:", "blob:", tab.url)) for one in requests)


def test_a_link_opens_the_fold_that_it_leads_to(visit: Any, address: str) -> None:
    tab, _, _ = visit(address)
    table = tab.locator("#table-of-protocol table")
    assert not table.is_visible()
    tab.locator("#setup .contents a[href='#table-of-protocol']").click()
    table.wait_for(state="visible")


def test_the_command_is_copied(visit: Any, address: str) -> None:
    tab, _, _ = visit(address, permissions=["clipboard-read", "clipboard-write"])
    tab.locator("[data-copy]").click()
    sync_api.expect(tab.locator("[data-copy]")).to_have_text("Copied")
    copied = tab.evaluate("navigator.clipboard.readText()")
    shown = tab.locator("#command-1").inner_text()
    assert copied.splitlines() == [line for line in shown.splitlines() if line]


def test_tables_sort_on_click_and_by_keyboard(visit: Any, address: str) -> None:
    tab, complaints, _ = visit(address)
    assert set(sorts(tab)) == {"none"}
    before = labels(tab)
    button = tab.locator(f"{TABLE} th[data-column='1'] button")
    # The rates of these cells are twice their steps: -0.00001, 0.001, 0.003, 0.005, 0.02.
    rising = [
        "VGG-Face random",
        "MobileNet random",
        "OpenFace random",
        "ResNet-50 random",
        "MobileNet pretrained",
    ]
    missing = ["OpenFace pretrained", "ResNet-50 pretrained", "VGG-Face pretrained"]
    button.click()
    assert labels(tab) == rising[::-1] + missing
    assert sorts(tab)[:3] == ["none", "descending", "none"]
    button.focus()
    tab.keyboard.press("Enter")
    assert labels(tab) == rising + missing
    assert sorts(tab)[:3] == ["none", "ascending", "none"]
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Space")
    assert labels(tab) == sorted(before, key=str.casefold)
    assert sorts(tab)[:3] == ["ascending", "none", "none"]
    assert complaints == []


def test_names_are_sorted_without_their_marks_and_by_their_numbers(
    visit: Any, tmp_path: Path
) -> None:
    rows = tuple(
        Row(name, (number, "a"), reason)
        for number, (name, reason) in enumerate(
            [("C10", ""), ("C2", "no b"), ("C1", "no a"), ("C11", "")]
        )
    )
    columns = (Column("n"), Column("word", kind="word"))
    table = Table("table-2", "Names", "Name", columns, rows)
    tab, _, _ = visit(write(tmp_path, page_of(tables=[table])))
    tab.locator(f"{TABLE} th[data-column='0'] button").click()
    assert labels(tab) == ["C1", "C2", "C10", "C11"]


def test_heads_stay_over_their_columns(visit: Any, address: str) -> None:
    tab, _, _ = visit(address, 500)
    box = tab.locator("#table-of-table-2 .scroll")
    assert box.evaluate("one => one.scrollWidth > one.clientWidth + 100")
    box.evaluate("one => { one.scrollLeft = 100 }")
    head, entry = (
        box.locator(name).first.bounding_box()["x"] for name in ("th[data-column='1']", "td")
    )
    assert abs(head - entry) < 1
    edge = box.bounding_box()["x"]
    for name in ("th[data-column='0']", "tbody th"):
        assert abs(box.locator(name).first.bounding_box()["x"] - edge) < 1


def test_many_rows_scroll_below_their_heads(visit: Any, tmp_path: Path) -> None:
    rows = tuple(Row(f"row {number}", (number,)) for number in range(60))
    table = Table("table-2", "Many", "Name", (Column("n", "group"),), rows)
    tab, _, _ = visit(write(tmp_path, page_of(tables=[table])))
    box = tab.locator("#table-of-table-2 .scroll")
    assert box.get_attribute("tabindex") == "0"
    box.evaluate("one => { one.scrollTop = 300 }")
    edge = box.bounding_box()["y"]
    assert abs(box.locator("thead").bounding_box()["y"] - edge) < 1
    tab.emulate_media(media="print")
    assert box.evaluate("one => one.scrollHeight <= one.clientHeight")
    head = box.locator("thead")
    assert head.evaluate("one => getComputedStyle(one).position") == "static"


def test_only_what_scrolls_is_a_stop_of_the_tab_key(visit: Any, address: str) -> None:
    stops = set()
    for width in (375, 1280):
        tab, _, _ = visit(address, width)
        boxes = tab.locator(".scroll")
        for number in range(boxes.count()):
            sync_api.expect(boxes.nth(number)).to_have_attribute("role", "group")
        found = boxes.evaluate_all("""
            (all) => all.map((one) => [
              one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight,
              one.getAttribute("tabindex"),
            ])
        """)
        for scrolls, stop in found:
            assert (stop == "0") == scrolls
            stops.add((width, scrolls))
    assert stops >= {(375, True), (1280, False)}


def test_focus_is_not_hidden_by_the_first_column(visit: Any, address: str) -> None:
    tab, _, _ = visit(address, 375)
    box = tab.locator("#table-of-table-2 .scroll")
    box.evaluate("one => { one.scrollLeft = one.scrollWidth }")
    for column in (3, 2, 1):
        tab.locator(f"{TABLE} th[data-column='{column}'] button").focus()
        corner = box.locator("th[data-column='0']").bounding_box()
        focused = tab.locator(":focus").bounding_box()
        assert focused["x"] >= corner["x"] + corner["width"] - 1


def test_on_a_phone_tables_with_text_lie_open(visit: Any, address: str) -> None:
    tab, _, _ = visit(address, 375)
    for key in ("claims", "protocol"):
        box = tab.locator(f"#table-of-{key} .scroll")
        assert box.evaluate("one => one.scrollWidth <= one.clientWidth"), key
        label = box.locator("td").first.evaluate("one => getComputedStyle(one, '::before').content")
        assert label.strip('"').startswith(box.locator("td").first.get_attribute("data-label"))


@pytest.mark.parametrize("width", [375, 1280])
def test_long_class_names_starve_no_column(visit: Any, tmp_path: Path, width: int) -> None:
    run = make_run()
    counts = tuple((f"{name} {'x' * 120}", count) for name, count in run.dataset.counts)
    run = with_predictions(
        dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, counts=counts))
    )
    tab, _, _ = visit(write(tmp_path, page_of(run)), width)
    for name in ("network", "predicted"):
        assert tab.locator(f".predictions .{name}").first.bounding_box()["width"] > 60


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_numbers_stand_out_from_their_heat(visit: Any, address: str, scheme: str) -> None:
    tab, _, _ = visit(address, color_scheme=scheme)
    # The background of each heat, then colour and opacity of the number and of what is small.
    shown = (
        tab.locator(".heat tbody tr")
        .first.locator("td")
        .first.evaluate("""
        (one) => [...Array(11).keys()].map((heat) => {
          one.className = `heat-${heat}`;
          const small = [...one.querySelectorAll("small")];
          if (small.length !== 1) throw new Error("one small number is expected");
          const parts = [one, ...small].map((part) => getComputedStyle(part));
          return [
            parts[0].backgroundColor, parts.map(({ color, opacity }) => [color, opacity]),
          ];
        })
    """)
    )
    assert len(shown) == 11
    for heat, (paint, parts) in enumerate(shown):
        for ink, opacity in parts:
            assert opacity == "1"
            assert _contrast(paint, ink) >= 4.5, heat


def _contrast(*colours: str) -> float:
    """Return the contrast ratio of WCAG 2.2."""
    lights = []
    for colour in colours:
        found = [float(part) for part in re.findall(r"[\d.]+", colour.removeprefix("color(srgb"))]
        parts = [part / (1 if colour.startswith("color(") else 255) for part in found[:3]]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


@pytest.mark.parametrize("width", [375, 1280])
def test_what_is_clicked_is_large_enough(visit: Any, address: str, width: int) -> None:
    tab, _, _ = visit(address, width)
    tab.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    small = tab.evaluate("""
        [...document.querySelectorAll("a, button, summary")]
          .filter((one) => one.getClientRects().length)
          .filter((one) => !one.closest(".skip, p:not(.files), .reasons li"))
          .filter((one) => {
            const { width, height } = one.getBoundingClientRect();
            return Math.min(width, height) < 24;
          }).map((one) => one.outerHTML)
    """)
    assert small == []


def test_text_in_drawings_is_legible_on_a_phone(visit: Any, address: str) -> None:
    # With scripts, charts that fit the screen take the place of most drawings.
    tab, _, _ = visit(address, 375, java_script_enabled=False)
    for drawing in tab.locator(".plot svg").all():
        assert drawing.bounding_box()["width"] >= 704


def test_the_skip_link_comes_first_and_focus_is_seen(visit: Any, address: str) -> None:
    tab, _, _ = visit(address)
    tab.keyboard.press("Tab")
    focused = tab.locator(":focus")
    assert focused.inner_text() == "Skip to the summary"
    assert focused.bounding_box()["x"] >= 0
    assert focused.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_follows_the_system_until_it_is_changed(
    visit: Any, address: str, scheme: str
) -> None:
    tab, complaints, _ = visit(address, color_scheme=scheme)

    def background() -> Any:
        found = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", found)[:3]))

    first = background()
    tab.locator("#theme").click()
    assert (background() > first) == (scheme == "dark")
    tab.locator("#theme").click()
    assert background() == first
    assert complaints == []


def test_drawings_take_the_themes_colours(visit: Any, address: str) -> None:
    colours = set()
    for scheme in ("light", "dark"):
        tab, _, _ = visit(address, color_scheme=scheme)
        found = tab.locator("#plot-of-calibration path[style*=series-1]").first
        colours.add(found.evaluate("one => getComputedStyle(one).stroke"))
    assert len(colours) == 2


def test_everything_has_words_and_links_lead_somewhere(visit: Any, address: str) -> None:
    tab, _, _ = visit(address)
    ids = tab.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
    assert len(ids) == len(set(ids))
    links = tab.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')].map(one => one.hash.slice(1))"
    )
    assert set(links) <= set(ids)
    for one in tab.locator("figure").all():
        assert one.locator("[role=img]").first.get_attribute("aria-label")
    for image in tab.locator("img").all():
        assert image.get_attribute("alt")
        assert image.evaluate("one => one.complete && one.naturalWidth > 0")


def test_without_script_all_is_there(visit: Any, address: str) -> None:
    tab, complaints, _ = visit(address, java_script_enabled=False)
    assert tab.locator("#theme").is_visible() is False
    assert tab.locator("thead button").count() == 0
    for section in tab.locator("main > section").all():
        assert section.is_visible()
    assert complaints == []


def test_print_opens_what_is_folded_and_hides_the_navigation(visit: Any, address: str) -> None:
    tab, _, _ = visit(address)
    folded = tab.locator("details:not([open])").count()
    assert folded > 0
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.locator("details:not([open])").count() == 0
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert tab.locator("details:not([open])").count() == folded
    tab.emulate_media(media="print", color_scheme="dark")
    columns = tab.evaluate(
        "getComputedStyle(document.querySelector('.examples')).gridTemplateColumns"
    )
    assert len(columns.split()) == 3
    assert tab.locator("nav").is_visible() is False
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
