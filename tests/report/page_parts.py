"""Content for pages in tests, and a parser of their HTML."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np
from eight_cells import make_run

from fer_bench.analysis.experiments import Experiment
from fer_bench.analysis.run_analysis import analyse
from fer_bench.analysis.summary import Summary
from fer_bench.report import Column, Report, Row, Table, tables
from fer_bench.report.page import page
from fer_bench.report.plots import PALETTE, Figure
from fer_bench.results.quality import Predictions
from fer_bench.results.records import Example, Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matplotlib.figure import Figure as Drawing

    from fer_bench.report.page.audit_section import AuditSection

VOID = {"img", "link", "meta", "wbr", "br", "hr", "input"}
KEYS = ("figure-5-mobilenet", "figure-11", "mistakes", "confusion", "calibration", "unheard-of")
CLAIMS = Table(
    "claims",
    "Verdicts",
    "Claim",
    (Column("verdict", kind="text"), Column("because", kind="text")),
    (
        Row("pretrained is better", ("supported", "0.3 above")),
        Row("random is worse", (None, None), "no cell was trained", "undecided"),
    ),
)


@dataclass
class Node:
    """Element of a page."""

    tag: str
    attributes: dict[str, str | None]
    parts: list[Node | str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Node]:
        yield self
        for part in self.parts:
            if isinstance(part, Node):
                yield from part

    def all(self, tag: str, **attributes: str) -> list[Node]:
        """Return the elements with this tag and attributes; ``class_`` matches any class."""
        wanted = attributes.pop("class_", "")
        return [
            node
            for node in self
            if node.tag == tag
            and (not wanted or wanted in (node.attributes.get("class") or "").split())
            and all(node.attributes.get(name) == value for name, value in attributes.items())
        ]

    def by_id(self, name: str) -> Node:
        (found,) = [node for node in self if node.attributes.get("id") == name]
        return found

    def text(self, *without: str) -> str:
        """Return the text of the element, without elements of some tags."""
        return "".join(
            part if isinstance(part, str) else "" if part.tag in without else part.text(*without)
            for part in self.parts
        )

    def rows(self) -> list[list[str]]:
        """Return the rows of the only table body, without note marks and distances."""
        (body,) = self.all("tbody")
        return [
            [one.text("sup", "small").strip() for one in row.parts if isinstance(one, Node)]
            for row in body.all("tr")
        ]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Node("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs))
        self.open[-1].parts.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].parts.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, (self.open[-1], tag)
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].parts.append(data)


def read(html: str) -> Node:
    """Parse a page into a tree; every opened element must be closed."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    (root,) = reader.open
    return root


@cache
def figure(key: str) -> Figure:
    """Return a different figure for each key, drawn only once."""

    def draw(drawing: Drawing, data: tuple[float, float]) -> None:
        axes = drawing.add_subplot()
        axes.plot(data, data, color=PALETTE["series-1"])
        axes.set_title("a < b")

    return Figure(key, f"Title of {key}", f"Caption of {key}.", f"Alt of {key}.", (0, 1), draw)


def with_predictions(run: Run) -> Run:
    """Return the run with predictions and two example images.

    Test image k is of class k. All cells recognise image 0, of the first class; the last cell
    takes image 1 for the first class, with confidence 0.5.
    """
    classes = len(run.dataset.counts)
    logits = np.where(np.eye(classes, dtype=bool), 100.0, 0.0)
    mistaken = logits.copy()
    mistaken[1] = -100.0
    mistaken[1, [0, 2]] = 0.0
    trained = [cell for cell in run.cells if cell.quality is not None]
    cells = [
        cell
        if cell.quality is None
        else dataclasses.replace(
            cell,
            quality=dataclasses.replace(
                cell.quality,
                predictions=Predictions.of(mistaken if cell is trained[-1] else logits),
            ),
        )
        for cell in run.cells
    ]
    examples = tuple(
        Example(position, f"rule {position}", 2, 3, bytes(range(6))) for position in (0, 1)
    )
    labels = np.arange(classes, dtype=np.uint8).tobytes()
    return dataclasses.replace(
        run,
        cells=tuple(cells),
        examples=examples,
        dataset=dataclasses.replace(run.dataset, test_labels=labels),
    )


def page_of(
    run: Run | None = None,
    figures: Sequence[Figure] | None = None,
    files: Mapping[str, str] | None = None,
    audit: AuditSection | None = None,
    **changes: Any,
) -> str:
    """Return a page with everything that it can show; ``changes`` as in ``report_of``."""
    drawn = [figure(key) for key in KEYS] if figures is None else figures
    return page(report_of(run, **changes), drawn, files or {}, audit)


def report_of(run: Run | None = None, **changes: Any) -> Report:
    """Return a report whose tables include ``CLAIMS``, with other values of some of its fields."""
    analysis = analyse(with_predictions(make_run()) if run is None else run)
    made = Report(
        analyses=(analysis,),
        experiments=(Experiment(analysis.run),),
        tables=(*(one for one in tables(analysis) if one.key != "claims"), CLAIMS),
        summary=Summary(("Pretraining is worth it.", "By 0.3 of accuracy."), ("One seed.",)),
    )
    return dataclasses.replace(made, **changes)
