"""Model cards: Markdown with what was measured, and nothing that users can break out with."""

import dataclasses

import pytest
from made_metadata import METADATA
from made_runs import made_run
from markdown_it import MarkdownIt

from fer_bench.export.card import model_card

DATASET = made_run().dataset
EVIL = "a|b\n# <script>alert(1)</script> [x](javascript:y)"


def test_it_has_all_sections_and_numbers():
    card = model_card(METADATA, DATASET)
    titles = [line[3:] for line in card.splitlines() if line.startswith("## ")]
    assert titles == [
        *("Intended use", "Out of scope", "The EU AI Act", "Data", "Recall of each class"),
        *("Calibration", "Limits", "Input and output", "Licences", "Cite"),
    ]
    for text in (
        *("50.0 % (95 % CI 40.0 to 60.0, 100 images)", "Article 5(1)(f)", "point 1(c)"),
        *("Article 50(3)", "2 February 2025", "not legal advice", METADATA.fingerprint),
        *("| Happy | 60 | 70.0 % | 60.0 to 80.0 |", "| Sad | 0 | - | - |", "2.000"),
    ):
        assert text in card


def test_the_same_images_are_stated_if_there_are_duplicates():
    deduplicated = dataclasses.replace(METADATA.accuracy, images=90)
    card = model_card(dataclasses.replace(METADATA, deduplicated=deduplicated), DATASET)
    assert "without duplicates" in card
    assert "90 images" in card


def test_names_of_users_are_escaped():
    metadata = dataclasses.replace(
        METADATA,
        title=EVIL,
        cell=EVIL,
        classes=(EVIL, "b"),
        recalls=(dataclasses.replace(METADATA.recalls[0], name=EVIL), METADATA.recalls[1]),
        licences=((EVIL, EVIL),),
    )
    dataset = dataclasses.replace(DATASET, name=EVIL, counts=((EVIL, 1), ("b", 2)), split=EVIL)
    card = model_card(metadata, dataset)
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(card)
    kinds = [one.type for token in tokens for one in (token, *(token.children or ()))]
    assert "html_block" not in kinds
    assert "html_inline" not in kinds
    assert kinds.count("link_open") == 1
    assert kinds.count("heading_open") == 11


def test_a_drawn_data_set_has_neither_people_nor_annotators():
    dataset = dataclasses.replace(DATASET, name="sketch")
    card = model_card(dataclasses.replace(METADATA, dataset="sketch"), dataset)
    assert "not a model for real faces" in card
    assert "people shown" not in " ".join(card.split())
    assert "annotators" not in card
    assert "not a model for real faces" not in model_card(METADATA, DATASET)


@pytest.mark.parametrize(
    ("head", "settings", "named"),
    [
        ("linear", {"sweep": "none", "early_stopping": "none", "head_logreg": "C of 1"}, []),
        ("logreg", {"head_logreg": "C of 1"}, ["regularisation"]),
        ("linear", {"sweep": "learning-rate=1,2", "early_stopping": "3"}, ["sweep", "epoch to"]),
    ],
)
def test_a_choice_on_the_images_of_the_temperature_is_stated(head, settings, named):
    metadata = dataclasses.replace(METADATA, head=head, protocol=tuple(settings.items()))
    card = model_card(metadata, DATASET)
    assert ("had been chosen" in card) == bool(named)
    for word in named:
        assert word in card


def test_labels_and_axes_are_in_words():
    card = model_card(dataclasses.replace(METADATA, protocol=(("labels", "fer2013"),)), DATASET)
    assert "fer2013 |" not in card
    assert "(n, height, width, 1 or 3)" in card
    votes = model_card(dataclasses.replace(METADATA, protocol=(("labels", "ferplus"),)), DATASET)
    assert "| labels | ferplus |" in votes
