from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from made_audits import audited
from made_images import dataset_of, patterns
from made_votes import unanimous, votes_of

from fer_bench.data import EMOTIONS, PARTS
from fer_bench.data.audit.complete_audit import ImageIssues
from fer_bench.data.audit.duplicate_groups import Leak
from fer_bench.data.info import info_of
from fer_bench.data.prepare import prepare_data
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.published import DIGEST
from fer_bench.report.audit import audit_tables, summary
from fer_bench.report.audit.data_card import data_card, provenance
from fer_bench.report.audit.sentences import implications
from fer_bench.report.table_rendering import markdown
from fer_bench.runtime.escapes import in_markdown

if TYPE_CHECKING:
    from made_audits import Audited
    from syrupy.assertion import SnapshotAssertion

    from fer_bench.data import Dataset
    from fer_bench.data.audit import Audit, Votes

COMMAND = "fer-bench data audit faces.npz --split=kaggle --report-dir=report"
HOSTILE = "a|b\n# <b>*x*</b> `y`"


@pytest.fixture(scope="module")
def made() -> Audited:
    return audited()


@pytest.fixture(scope="module")
def card(made: Audited) -> str:
    return data_card(made.prepared())


def facts_of(card: str) -> dict[str, str]:
    return dict(re.findall(r"^\| ([\w',: ]+?) +\| (.+?) +\|$", card, re.MULTILINE))


def values(facts: dict[str, str], start: str, end: str = "") -> list[str]:
    """Return the values of the facts whose names start and end like this."""
    return [value for name, value in facts.items() if name.startswith(start) and name.endswith(end)]


def prepared(source: Dataset, limit: int | None = None, votes: Votes | None = None, **asked: Any):
    """Return the card of data that were prepared so, and what was prepared."""
    data = prepare_data(source, DataSpec("faces.npz", limit=limit, **asked), votes=votes)
    return data_card(data), data


def leaking(found: Audit, images: int) -> Audit:
    leaks = tuple(
        Leak(one.likeness, one.source, one.target, tuple(range(images)), 0, 7)
        for one in found.leaks
    )
    return dataclasses.replace(found, leaks=leaks)


class TestCard:
    def test_sections_stand_in_order(
        self, card: str, made: Audited, snapshot: SnapshotAssertion
    ) -> None:
        copies, leaks, blanks, classes, votes = (one.title for one in audit_tables(made.found))
        heads = re.findall("^#+ (.*)$", card, re.MULTILINE)
        assert heads[2:7] == [
            in_markdown(title) for title in (classes, copies, leaks, blanks, votes)
        ]
        assert [*heads[:2], "TABLES", *heads[7:]] == snapshot

    def test_every_finding_is_in_it_with_the_rule_that_it_rests_on(
        self, card: str, made: Audited
    ) -> None:
        for sentence in [*summary(made.found), *implications(made.found)]:
            assert f"\n- {in_markdown(sentence)}\n" in card
        for table in audit_tables(made.found):
            assert markdown(table) in f"{card}\n"
            assert all(in_markdown(note) in card for note in table.notes)

    def test_what_the_data_set_is(self, card: str, made: Audited) -> None:
        facts = facts_of(card)
        assert facts["source"] == "faces.npz"
        assert facts["layout"].startswith("npz file ")
        assert facts["layout"].endswith(" usage")
        assert facts["images"].startswith("42 of 48x48 pixels")
        assert facts["images"].endswith(" 0 to 255")
        assert facts["digest"] == made.dataset.digest
        assert facts["digest in this order"] == made.dataset.row_digest
        assert facts["uncompressed"] == "94.6 KiB"
        assert facts["audited"] == "all images"
        assert facts["labels"] == "the data set's own"
        assert facts["duplicates"].startswith("none: ")
        assert [name for name in facts if "digest" in name] == ["digest", "digest in this order"]
        assert [name for name in facts if "audited" in name] == ["audited"]

    def test_what_was_left_out_is_reported(self, made: Audited) -> None:
        found = dataclasses.replace(made.found, digest="of fewer images")
        data = made._replace(found=found).prepared()
        data = dataclasses.replace(data, unused=(("votes tied", 3),))
        vars(data)["audit"] = found
        facts = facts_of(data_card(data))
        assert values(facts, "digest of the audited") == ["of fewer images"]
        assert values(facts, "not audited") == values(facts, "not audited", ": votes tied")
        assert values(facts, "not audited") == ["3 images"]
        assert facts["audited"] == "42 images"

    def test_the_command_is_code(self, card: str, made: Audited) -> None:
        assert card.endswith(f"\n\n    {COMMAND}\n")
        text = data_card(made.prepared("a\n# b `c`"))
        line = "    fer-bench data audit 'a # b `c`' --split=kaggle --report-dir=report"
        assert text.endswith(f"\n\n{line}\n")

    def test_without_votes_nothing_is_said_of_taggers(self) -> None:
        text = data_card(audited(votes=False).prepared())
        assert "tagger" not in text
        assert "no votes on them" in text

    def test_names_are_no_markup(self, made: Audited) -> None:
        dataset = dataclasses.replace(made.dataset, classes=(HOSTILE, *EMOTIONS[1:]), name=HOSTILE)
        balance = dataclasses.replace(made.found.classes[0], name=HOSTILE, test=100)
        found = dataclasses.replace(
            made.found, classes=(balance, *made.found.classes[1:]), agreement=None
        )
        card = data_card(made._replace(dataset=dataset, found=found).prepared(HOSTILE))
        text, _, command = card.rstrip().rpartition("\n")
        assert command.startswith("    fer-bench data audit ")
        assert "<b>" not in text
        assert len(re.findall("^#", text, re.MULTILINE)) == 9
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert rows
        in_cells = [line for line in rows if "a\\|b" in line]
        assert len(in_cells) == 4  # name, source, classes, and the line of the class
        assert not re.search(r"(?<!\\)[`*]", text)


class TestWhatWasTaken:
    """Each card is of data that were prepared in earnest."""

    def test_labels_of_ferplus(self) -> None:
        source = dataset_of(patterns(150, seed=5))
        votes = unanimous(source.labels)
        votes.counts[:3] = votes_of({"NF": 10}).counts[0]
        votes.counts[3] = votes_of({"fear": 5, "anger": 5}).counts[0]
        votes.counts[10:50] = votes.counts[10:50] // 2 + votes_of({"NF": 3, "unknown": 2}).counts
        card, data = prepared(source, 130, votes, labels="ferplus")
        facts = facts_of(card)
        assert facts["images"].startswith("150 of ")
        assert facts["digest"] == source.digest
        assert "FER+" in facts["labels"]
        assert facts["audited"] == "130 images"
        assert values(facts, "not audited", "no face") == ["3 images"]
        assert values(facts, "not audited", "tied") == ["1 image"]
        assert values(facts, "not audited", "sample") == ["16 images"]
        assert values(facts, "digest of the audited") == [data.audit.digest]
        assert re.search(r"share the most votes,[^.:]*: 4\.", card)
        assert 30 < data.no_majority <= 40
        assert re.search(rf"half of the votes[^.:]*: {data.no_majority}\.", card)
        assert "ICMI 2016" in card
        assert "no votes on them" not in card
        assert "who gave the labels" not in card
        assert "who FER+'s taggers were" in card

    def test_labels_that_changed_with_no_image_left_out_are_another_content(self) -> None:
        source = dataset_of(patterns(150, seed=5))
        votes = unanimous(source.labels)
        votes.counts[0] = votes_of({"fear": 10}).counts[0]
        card, data = prepared(source, None, votes, labels="ferplus")
        facts = facts_of(card)
        assert data.unused == ()
        assert facts["audited"] == "all images"
        assert facts["digest"] == source.digest
        assert values(facts, "digest of the audited") == [data.dataset.digest]
        assert data.dataset.digest != source.digest

    @pytest.mark.parametrize("limit", [None, 150])
    def test_copies_are_audited_and_in_no_part(self, limit: int | None) -> None:
        images = patterns(150, seed=5)
        card, data = prepared(
            dataset_of(np.concatenate([images, images[:20]])), limit, dedupe="all"
        )
        facts = facts_of(card)
        sizes = sum(len(getattr(data.split, part)) for part in PARTS)
        assert values(facts, "audited, ", "part") == [f"{data.removed_duplicates} duplicates"]
        assert data.removed_duplicates + sizes == data.audit.images == (limit or 170)
        assert facts["audited"] == ("all images" if limit is None else "150 images")
        assert len(values(facts, "digest of the audited")) == (limit is not None)
        assert values(facts, "not audited", "sample") == (["20 images"] if limit else [])
        # The copies are not among what was left out of the audit.
        assert values(facts, "not audited") == values(facts, "not audited", "sample")


class TestOrigin:
    def test_fer2013_is_known_by_its_content(self, made: Audited) -> None:
        info = dataclasses.replace(info_of(made.dataset, "faces.npz"), digest=DIGEST)
        assert "arXiv:1307.0414" in provenance(info)[1]

    def test_it_is_a_section_of_the_card(self, made: Audited) -> None:
        dataset = dataclasses.replace(made.dataset)
        vars(dataset)["digest"] = DIGEST
        data = made._replace(dataset=dataset).prepared()
        assert "\n## Provenance\n" in data_card(data)

    def test_what_only_has_its_name_is_not_it(self, made: Audited) -> None:
        info = dataclasses.replace(info_of(made.dataset, "faces.npz"), name="fer2013")
        assert provenance(info) == []

    @pytest.mark.real_data
    def test_the_real_one(self, real_data) -> None:
        assert real_data.digest == DIGEST


class TestMeaning:
    def test_known_answers(self, made: Audited, snapshot: SnapshotAssertion) -> None:
        assert implications(made.found) == snapshot

    def test_flaws_of_test_images(self, made: Audited, snapshot: SnapshotAssertion) -> None:
        """All other ones are among the training images."""
        found = dataclasses.replace(made.found, test_flaws=ImageIssues(1007, 5, 3, 19))
        sentences, without = implications(found), implications(made.found)
        doubts = without[-2]
        *flaws, doubts_now = (one for one in sentences if one not in without)
        assert flaws == snapshot
        assert doubts_now == doubts.replace(
            "0 of 7 test images (0.0%)", "19 of 1,007 test images (1.9%)"
        )
        assert [one for one in without if one not in sentences] == [doubts]

    def test_nothing_is_said_of_no_test_images(self, made: Audited) -> None:
        found = dataclasses.replace(made.found, test_flaws=ImageIssues(0, 0, 0, 0))
        assert not any("perfect network" in one for one in implications(found))

    @pytest.mark.parametrize(("dedupe", "wrong"), [("none", True), ("train", True), ("all", False)])
    def test_what_is_in_no_part_is_not_counted(self, dedupe: str, wrong: bool) -> None:
        """Each picture is there three times, twice with one label and once with another."""
        images = np.repeat(patterns(40, seed=5), 3, axis=0)
        labels = np.tile([0, 0, 1, 1, 1, 0], 20)
        source = dataset_of(images, labels, np.repeat([0, 1, 2], 40), classes=EMOTIONS[:2])
        card, data = prepared(source, split="kaggle", dedupe=dedupe)
        assert len(data.audit.copies[0].conflicts) == 40
        match = re.search(r"wrong on at least (\d+) of (\d+) test images", card)
        assert (match is not None) == wrong
        assert match is None or match.groups() == ("13", "40")

    def test_a_rare_class(self, made: Audited, snapshot: SnapshotAssertion) -> None:
        often = dataclasses.replace(made.found.classes[2], name="often", test=44)
        rare = dataclasses.replace(made.found.classes[0], name="rare", test=1)
        found = dataclasses.replace(made.found, classes=(rare, often, *made.found.classes[2:]))
        (sentences,) = (one for one in implications(found) if "rare" in one)
        assert sentences == snapshot

    def test_a_class_without_test_images_is_no_rare_one(self, made: Audited) -> None:
        """Of the recall of none there is nothing to say."""
        none = dataclasses.replace(made.found.classes[0], name="none", test=0)
        often = dataclasses.replace(made.found.classes[1], name="often", test=5)
        found = dataclasses.replace(made.found, classes=(none, often, *made.found.classes[2:]))
        sentences = implications(found)
        assert not any("none " in one for one in sentences)
        assert any("1 image of class Fear" in one for one in sentences)

    def test_labels_of_ferplus_are_not_held_against_its_votes(
        self, snapshot: SnapshotAssertion
    ) -> None:
        (sentences,) = implications(audited(votes=False).found, "ferplus")[-1:]
        assert sentences == snapshot

    def test_no_leak(self, made: Audited, snapshot: SnapshotAssertion) -> None:
        assert implications(leaking(made.found, 0))[0] == snapshot

    def test_nothing_but_leaks(self, made: Audited, snapshot: SnapshotAssertion) -> None:
        assert implications(leaking(made.found, 7))[0] == snapshot
