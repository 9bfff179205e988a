"""Section of the page on the digits of the paper's tables."""

from __future__ import annotations

import dataclasses

import pytest
from eight_cells import make_run
from page_parts import Node, page_of, read


@pytest.fixture(scope="module")
def section() -> Node:
    return read(page_of()).by_id("digits")


def rows(section: Node, key: str) -> dict[str, list[str]]:
    """Return the text of a table's entries by the label of the row."""
    table = section.by_id(f"table-of-{key}")
    lines = [line for line in table.all("tr") if line.all("td")]
    return {line.all("th")[0].text(): [entry.text() for entry in line.all("td")] for line in lines}


def test_the_conclusion_is_not_folded_and_the_evidence_is(section: Node) -> None:
    folded = section.all("details")
    (answer,) = (
        line.text()
        for line in section.all("p")
        if all(line.text() not in fold.text() for fold in folded)
    )
    assert "80/20" in answer
    arithmetic, inference = folded[0].all("p")
    assert arithmetic.text().startswith("Arithmetic: ")
    assert inference.text().startswith("Inference: ")
    assert not any("open" in fold.attributes for fold in folded)


def test_exact_gains_in_each_window(section: Node) -> None:
    training = rows(section, "paper-training-gains")
    assert len(training) == 8
    assert training["OpenFace pretrained"] == [
        *("11,489", "2,087", "460", "141"),
        *("14,177", "0.4938"),
    ]
    assert rows(section, "paper-validation-gains") == {
        "MobileNet pretrained": ["246", "-608", "451", "-206", "-117", "-0.0163"],
        "MobileNet random": ["-118", "142", "164", "83", "271", "0.0378"],
    }


def test_hits_against_chance_and_the_best_rival(section: Node) -> None:
    hypotheses = rows(section, "paper-digits")
    hits = {
        origin: (images, hit, by_chance)
        for origin, (images, _, _, hit, by_chance, _) in hypotheses.items()
    }
    assert hits["80 % of all images"] == ("28,710", "21 of 21", "3.0")
    assert hits["the stated 70 %"] == ("25,121", "3 of 21", "2.6")
    assert hits["best other number"] == ("55,247", "16 of 21", "5.8")
    assert hits["the other 20 %"][:2] == ("7,177", "8 of 8")


def test_other_data_have_no_such_section() -> None:
    run = make_run()
    other = dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, name="sketch"))
    assert 'id="digits"' not in page_of(other)
