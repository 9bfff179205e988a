"""The page in a real browser."""

from __future__ import annotations

import dataclasses
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from eight_cells import make_run
from page_parts import content, told

from fer_bench.reporting.page import page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
if CHROMIUM is None:
    pytest.skip("no chromium in PATH (Debian's package chromium has one)", allow_module_level=True)

TABLE = "#table-of-table-2 table"
Opened = tuple[Any, list[str], list[str]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as driver:
        # Chromium's own sandbox does not work for root, as in containers.
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _write(tmp_path_factory.mktemp("report"), page(content()))


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Opened]]:
    """Opens a page; gives it with what it complained of and what it asked for."""
    contexts = []

    def opened(address: str, width: int = 1280, **options: Any) -> Opened:
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        tab = context.new_page()
        complaints: list[str] = []
        requests: list[str] = []
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(address)
        return tab, complaints, requests

    yield opened
    for context in contexts:
        context.close()


def _write(folder: Path, text: str) -> str:
    path = folder / "index.html"
    path.write_text(text, encoding="utf-8")
    return path.as_uri()


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
    run = told(dataclasses.replace(run, cells=cells, dataset=dataset))
    text = page(content(run, headline=names, notes=names, name=names[2]))
    tab, complaints, _ = visit(_write(tmp_path, text), width)
    tab.on("dialog", lambda dialog: complaints.append(dialog.message))
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []


def test_foreign_script_does_not_run(visit: Any, tmp_path: Path) -> None:
    text = page(content()).replace("</main>", "</main><script>document.title = 'no'</script>")
    tab, complaints, _ = visit(_write(tmp_path, text))
    assert tab.title() == "The report"
    assert any("Content Security Policy" in one for one in complaints)


def test_tables_sort_on_click_and_by_keyboard(visit: Any, address: str) -> None:
    tab, complaints, _ = visit(address)
    assert set(sorts(tab)) == {"none"}
    before = labels(tab)
    button = tab.locator(f"{TABLE} th[data-column='1'] button")
    # The rates of these cells are twice their steps: -0.00001, 0.001, 0.003, 0.005, 0.02.
    rising = [
        "VGG-Face_random",
        "MobileNet_random",
        "OpenFace_random",
        "ResNet-50_random",
        "MobileNet_pretrained",
    ]
    missing = ["OpenFace_pretrained", "ResNet-50_pretrained", "VGG-Face_pretrained"]
    button.click()
    assert labels(tab) == rising + missing
    assert sorts(tab)[:3] == ["none", "ascending", "none"]
    button.focus()
    tab.keyboard.press("Enter")
    assert labels(tab) == rising[::-1] + missing
    assert sorts(tab)[:3] == ["none", "descending", "none"]
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Space")
    assert labels(tab) == sorted(before, key=str.casefold)
    assert sorts(tab)[:3] == ["ascending", "none", "none"]
    assert complaints == []


def test_the_skip_link_comes_first_and_focus_is_seen(visit: Any, address: str) -> None:
    tab, _, _ = visit(address)
    tab.keyboard.press("Tab")
    focused = tab.locator(":focus")
    assert focused.inner_text() == "Skip to the answer"
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
    for figure in tab.locator("figure").all():
        assert figure.locator("[role=img]").first.get_attribute("aria-label")
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
    assert tab.locator("nav").is_visible() is False
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
