"""The interactive charts of the page, and what goes with them, in a real browser."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import pytest
from eight_cells import make_run
from page_browser import write
from page_parts import KEYS, figure, page_of, report_of, with_predictions

from fer_bench.report import Column, Row, Table
from fer_bench.report.table_rendering import DASH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fer_bench.results.records import Run

pytestmark = pytest.mark.browser

FIGURES = ("tradeoffs", "learning-speed", "figure-9-initial-accuracy", *KEYS)
TABLE = Table(
    "copied",
    "To be copied",
    "Model",
    (Column("rate", "a & b", decimals=2), Column("verdict", kind="word")),
    (
        Row("MobileNet pretrained", (0.123456, "50 % | good_\n")),
        Row("MobileNet random, seed 43", (0.5, "hidden")),
        Row("MobileNet random, Fear, or awe", (0.5, "hidden")),
        Row("OpenFace random minus MobileNet random", (0.5, "hidden")),
        Row("OpenFace random", (None, 'so "so", fair')),
        Row("[a] <b> *--", (-0.5, "=1+1")),
    ),
)
SUMMARY = "cell,test_accuracy\nmobilenet-random,0.285\n"
TRADEOFFS = "#plot-of-tradeoffs canvas"
CURVES = "#learning-curves canvas"
PARTS = "#plot-of-figure-5-mobilenet canvas"
RECALL = "#table-of-recall canvas"


def distinct(run: Run) -> Run:
    """Return the run with a different accuracy and speed of each cell: the faster, the worse."""
    trained = itertools.count()
    cells = []
    for cell in run.cells:
        if cell.quality is None:
            cells.append(cell)
            continue
        place = next(trained)
        quality = dataclasses.replace(cell.quality, test_accuracy=0.6 - place / 20)
        speeds = [
            dataclasses.replace(
                one, median=one.median / (place + 1), images_per_second=1000.0 * (place + 1)
            )
            for one in cell.inference
        ]
        cells.append(dataclasses.replace(cell, quality=quality, inference=tuple(speeds)))
    return dataclasses.replace(run, cells=tuple(cells))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    run = with_predictions(distinct(make_run()))
    tables = (*report_of(run).tables, TABLE)
    figures = [figure(key) for key in FIGURES]
    text = page_of(run, figures, {"summary.csv": SUMMARY}, tables=tables)
    assert len(text.encode()) < 3_000_000
    return write(tmp_path_factory.mktemp("charts"), text)


@pytest.fixture(scope="module")
def tab(browser: Any, address: str) -> Iterator[Any]:
    """Return an open page for tests that leave it as it was."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.goto(address)
    yield opened
    context.close()


def show(tab: Any, canvas: str) -> None:
    """Scroll to a chart and wait until it is drawn."""
    tab.locator(canvas).first.scroll_into_view_if_needed()
    tab.wait_for_function("name => Chart.getChart(document.querySelector(name))", arg=canvas)


def hover(tab: Any, canvas: str, cell: int, index: int) -> str:
    """Move the mouse over a point of a cell in a chart; return the text of the tooltip."""
    show(tab, canvas)
    x, y = tab.evaluate(
        """([name, cell, index]) => {
          const chart = Chart.getChart(document.querySelector(name));
          const place = chart.data.datasets.findIndex(({ data }) => data[0]?.cell === cell);
          const { x, y } = chart.getDatasetMeta(place).data[index];
          return [x, y];
        }""",
        [canvas, cell, index],
    )
    tab.locator(canvas).first.hover(position={"x": x, "y": y})
    tip = tab.locator(f"{canvas} + .tip").first
    tip.wait_for()
    return " ".join(tip.inner_text().split())


def drawn_cells(tab: Any) -> list[list[int]]:
    """Return the cells in each chart that was drawn."""
    found: list[list[int]] = tab.evaluate("""
        [...document.querySelectorAll("canvas")].map((one) => Chart.getChart(one)).filter(Boolean)
          .map(({ data }) => [...new Set(data.datasets.flatMap((one) => one.data)
            .map(({ cell }) => cell).filter((cell) => cell !== undefined))])
    """)
    return found


def test_values_are_shown_on_hover_and_by_keyboard(visit: Any, address: str) -> None:
    tab, complaints, _ = visit(address)
    text = hover(tab, TRADEOFFS, 0, 0)
    assert text.startswith("MobileNet pretrained test accuracy 60.0 %")
    assert "parameters 3.24 M" in text
    assert "inference time per image, batch of 32" in text
    x, y = tab.evaluate("""
        (({ scales: { x, y } }) => [x.ticks.length, y.ticks.at(-1).label])(
          Chart.getChart(document.querySelector("#plot-of-tradeoffs canvas")))
    """)
    assert x >= 3
    assert y.endswith(" %")
    assert text.endswith("images/s, batch of 32 1,000")
    text = hover(tab, CURVES, 0, 10)
    # The accuracy of this cell grows from 0.14 by 0.02 in each epoch.
    assert text.startswith("Epoch 10: accuracy MobileNet pretrained validation 34.00 %")
    assert text.count("random validation") == 4
    text = hover(tab, RECALL, 7, 1)
    assert text == "Disgust: recall VGG-Face random 100.0 %, 95 % CI 83.9 % to 100.0 %, 20 images"
    tab.locator("#table-of-recall .controls select").select_option("F1")
    assert hover(tab, RECALL, 7, 1).startswith("Disgust: F1 VGG-Face random 100.0 %")
    assert tab.locator("#table-of-recall h3").inner_text().startswith("F1 per class")
    hover(tab, PARTS, 0, 10)
    strokes = tab.evaluate(
        "(name) => [...document.querySelectorAll(`${name} + .tip .swatch path`)]"
        ".map((one) => one.style.stroke)",
        PARTS,
    )
    # Validation and training, as in the key.
    assert set(strokes) == {"var(--series-1)", "var(--series-2)"}
    tab.locator(TRADEOFFS).focus()
    tip = tab.locator(f"{TRADEOFFS} + .tip")
    # The fastest cell is the leftmost one.
    tab.keyboard.press("ArrowRight")
    assert tip.inner_text().startswith("VGG-Face random")
    tab.keyboard.press("End")
    assert tip.inner_text().startswith("MobileNet pretrained")
    tab.keyboard.press("Escape")
    assert tip.is_visible() is False
    assert complaints == []


def test_a_cell_is_switched_off_in_all_charts_and_tables(visit: Any, address: str) -> None:
    tab, complaints, _ = visit(address)
    for canvas in tab.locator("canvas").all():
        canvas.scroll_into_view_if_needed()
        tab.wait_for_function("(one) => Chart.getChart(one)", arg=canvas.element_handle())
    before = drawn_cells(tab)
    assert len(before) == tab.locator("canvas").count()
    assert sum(0 in cells for cells in before) == len(before)
    toggle = tab.locator("#cells button", has_text="MobileNet pretrained")
    assert toggle.get_attribute("aria-pressed") == "true"
    # The recommendation names it in a row that is not its own.
    label = tab.locator("th", has_text="MobileNet pretrained")
    rows = tab.locator("tbody tr:visible", has=label)
    predictions = tab.locator(".predictions li:visible", has_text="MobileNet pretrained")
    assert rows.count() > 10
    assert predictions.count() == 2
    toggle.focus()
    tab.keyboard.press("Space")
    assert toggle.get_attribute("aria-pressed") == "false"
    assert drawn_cells(tab) == [[cell for cell in cells if cell != 0] for cells in before]
    assert rows.count() == predictions.count() == 0
    # A print shows all of it.
    tab.emulate_media(media="print")
    assert rows.count() > 10
    tab.emulate_media(media="screen")
    tab.locator("#cells input").fill("face random")
    assert {cell for cells in drawn_cells(tab) for cell in cells} == {3, 7}
    tab.locator("#cells button", has_text="All").click()
    assert drawn_cells(tab) == before
    assert complaints == []


def test_the_front_is_that_of_the_networks_that_are_fast_enough(visit: Any, address: str) -> None:
    tab, complaints, _ = visit(address)
    show(tab, TRADEOFFS)
    controls = tab.locator("#plot-of-tradeoffs .controls")
    boxes = "Chart.getChart(document.querySelector('#plot-of-tradeoffs canvas')).labelBoxes"
    labels = tab.evaluate(boxes)
    assert len(labels) == 5
    for one, other in itertools.combinations(labels, 2):
        apart = one["right"] <= other["left"] or other["right"] <= one["left"]
        assert apart or one["bottom"] <= other["top"] or other["bottom"] <= one["top"]
    assert controls.locator("output").inner_text() == "Most accurate: MobileNet pretrained, 60.0 %"
    controls.locator("input").fill("2500")
    assert controls.locator("output").inner_text() == "Most accurate: OpenFace random, 50.0 %"
    assert [one["text"] for one in tab.evaluate(boxes)] == [
        *("OpenFace random", "ResNet-50 random", "VGG-Face random")
    ]
    controls.locator("input").fill("9999")
    assert tab.evaluate(boxes) == []
    assert complaints == []


def test_examples_are_filtered_by_true_and_predicted_class(visit: Any, address: str) -> None:
    tab, complaints, _ = visit(address)
    actual, predicted = tab.locator("#pictures .controls select").all()
    count = tab.locator("#pictures .controls output")
    shown = tab.locator(".example:visible h3 bdi")
    assert count.inner_text() == "2 of 2 images"
    actual.select_option("Disgust")
    assert shown.all_inner_texts() == ["Disgust"]
    predicted.select_option("Angry")
    assert count.inner_text() == "1 of 2 images"
    # It is VGG-Face random alone that takes it for Angry.
    tab.locator("#cells button", has_text="VGG-Face random").click()
    assert count.inner_text() == "0 of 2 images"
    tab.locator("#pictures .none button", has_text="Reset").click()
    assert count.inner_text() == "2 of 2 images"
    assert tab.locator("#pictures .none").is_visible() is False
    assert complaints == []


def test_tables_are_copied_as_they_are_shown(visit: Any, address: str) -> None:
    tab, complaints, _ = visit(address, permissions=["clipboard-read", "clipboard-write"])
    tab.locator("#cells button", has_text="MobileNet random").click()
    article = tab.locator("#table-of-copied")
    copied = {}
    for name in ("CSV", "Markdown", "LaTeX"):
        button = article.get_by_role("button", name=f"Copy the table as {name}")
        button.click()
        button.filter(has_text="Copied").wait_for()
        copied[name] = tab.evaluate("navigator.clipboard.readText()").splitlines()
    assert copied["CSV"] == [
        "Model,a & b rate,verdict",
        "MobileNet pretrained,0.123456,50 % | good_",
        'OpenFace random,,"so ""so"", fair"',
        "[a] <b> *--,-0.5,'=1+1",
    ]
    assert copied["Markdown"] == [
        "| Model | a & b rate | verdict |",
        "| --- | --: | --- |",
        r"| MobileNet pretrained | 0.12 | 50 % \| good_ |",
        f'| OpenFace random | {DASH} | so "so", fair |',
        "| [a] <b> *-- | -0.50 | =1+1 |",
    ]
    assert copied["LaTeX"] == [
        r"\begin{tabular}{lrl}",
        r"\toprule",
        r"Model & a \& b rate & verdict \\",
        r"\midrule",
        r"MobileNet pretrained & 0.12 & 50 \% \textbar{} good\_ \\",
        r'OpenFace random & -- & so "so", fair \\',
        r"{[}a{]} \textless{}b\textgreater{} {*}-{}- & -0.50 & =1+1 \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]
    ranking = tab.locator("#ranking-1").get_by_role("button", name="Copy the table as CSV")
    ranking.click()
    ranking.filter(has_text="Copied").wait_for()
    assert tab.evaluate("navigator.clipboard.readText()") == SUMMARY
    assert complaints == []


def test_headings_link_to_themselves(tab: Any) -> None:
    for name in ("pictures", "table-of-recall", "plot-of-tradeoffs", "confusion"):
        link = tab.locator(f"#{name} > :is(h2, h3) > .anchor")
        assert link.get_attribute("href") == f"#{name}"
    heading = tab.locator("#pictures > h2")
    link = heading.locator(".anchor")
    assert link.evaluate("one => getComputedStyle(one).opacity") == "0"
    heading.hover()
    assert link.evaluate("one => getComputedStyle(one).opacity") == "1"


def test_without_script_and_in_print_the_drawings_are_shown(visit: Any, address: str) -> None:
    tab, _, _ = visit(address, java_script_enabled=False)
    drawings = tab.locator(".plot svg:visible")
    # Examples and confusion matrices are no drawings on the page.
    drawn = len(FIGURES) - 3
    assert drawings.count() == drawn
    assert tab.locator("#cells, canvas, .controls, #learning-curves:visible").count() == 0
    tab, _, _ = visit(address, 375)
    show(tab, CURVES)
    assert drawings_shown(tab) == ["unheard-of"]
    flags = tab.locator("#command-1 .flag").all()
    assert len({one.bounding_box()["height"] for one in flags}) == 1
    toggles = tab.locator("#cells button").all()
    assert len({one.bounding_box()["y"] for one in toggles}) == 1
    hover(tab, CURVES, 0, 10)
    box = tab.locator(CURVES).first.bounding_box()
    tip = tab.locator(f"{CURVES} + .tip").first.bounding_box()
    epoch = tab.evaluate(
        "(name) => Chart.getChart(document.querySelector(name)).tooltip.caretX", CURVES
    )
    x = box["x"] + epoch
    assert tip["y"] >= box["y"] + box["height"] or not tip["x"] <= x <= tip["x"] + tip["width"]
    assert tab.evaluate("document.documentElement.scrollWidth") <= 375
    tab.emulate_media(media="print")
    assert len(drawings_shown(tab)) == drawn
    assert tab.locator("canvas:visible, #cells:visible, .copy:visible").count() == 0


def drawings_shown(tab: Any) -> list[str]:
    """Return the keys of the figures whose static drawing is shown."""
    figures = tab.locator("figure:has(.plot svg:visible)").all()
    return [one.get_attribute("id").removeprefix("plot-of-") for one in figures]


def test_charts_take_the_colours_of_the_theme(tab: Any) -> None:
    show(tab, TRADEOFFS)

    def line() -> str:
        found: str = tab.evaluate("""
            Chart.getChart(document.querySelector("#plot-of-tradeoffs canvas"))
              .data.datasets[0].pointBorderColor
        """)
        return found

    first = line()
    tab.locator("#theme").click()
    assert line() != first
    tab.locator("#theme").click()
    assert line() == first
