from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from made_audits import audited

from fer_bench.data.audit import audit, audit_record, complete_audit, json_record
from fer_bench.data.audit.complete_audit import ClassBalance
from fer_bench.data.audit.duplicates import find_duplicates
from fer_bench.data.audit.label_issues import LabelError


@pytest.fixture(scope="module")
def made():
    return audited()


def test_what_is_planted_is_found(made) -> None:
    found = made.found
    assert [one.groups for one in found.copies] == [
        ((0, 35), (3, 4)),
        ((0, 35), (1, 36), (3, 4)),
        ((0, 35), (1, 36), (2, 37), (3, 4)),
    ]
    assert [one.conflicts for one in found.copies] == [((3, 4),)] * 3
    assert [(one.first, one.second, one.mirrored) for one in found.near_pairs] == [(2, 37, False)]
    leaks = {(leak.source, leak.target, leak.likeness): leak.images for leak in found.leaks}
    assert [leaks["train", "test", kind] for kind in ("identical", "mirrored", "near")] == [1, 2, 3]
    assert sum(leaks.values()) == 6
    assert (found.blanks.constant, found.blanks.nearly) == ((5,), (6,))
    assert found.classes[0] == ClassBalance("Angry", 6, 4, 1, 1)
    assert found.agreement.errors == (LabelError(7, "Angry", "Happy", 1, 9),)
    assert (found.name, found.images, found.height, found.width) == ("faces", 42, 48, 48)
    assert (found.split, found.digest) == ("kaggle", made.dataset.digest)


def test_without_votes_nothing_is_said_of_them() -> None:
    found = audited(votes=False).found
    assert found.agreement is None
    assert audit_record(found)["agreement"] is None


def test_known_duplicates_are_not_searched_again_and_change_nothing(made, monkeypatch) -> None:
    known = find_duplicates(made.dataset)
    monkeypatch.setattr(complete_audit, "find_duplicates", None)
    assert audit(made.dataset, made.split, made.votes, known) == made.found


def test_known_duplicates_of_other_images_are_refused(made) -> None:
    known = find_duplicates(made.dataset.take(np.arange(40)))
    with pytest.raises(ValueError, match="known has 40 images, faces has 42"):
        audit(made.dataset, made.split, known=known)


class TestRecord:
    def test_known_answers(self, made) -> None:
        record = json.loads(json.dumps(audit_record(made.found), allow_nan=False))
        assert record["schema"] == 2
        assert record["rules"] == {
            "least_similarity": 0.91,
            "most_candidates": 16,
            "least_correlation": 0.92,
            "reach": 0.0625,
            "side": 48,
            "most_of_one_level": 0.55,
            "least_spread": 5.0,
            "margin": 6,
        }
        assert record["copies"][0] == {
            "likeness": "identical",
            "distinct": 40,
            "groups": [[0, 35], [3, 4]],
            "conflicts": [[3, 4]],
        }
        mirrored = next(
            one
            for one in record["leaks"]
            if (one["likeness"], one["source"], one["target"]) == ("mirrored", "train", "test")
        )
        assert mirrored["rows"] == [35, 36]
        assert mirrored["images"] == 2
        (pair,) = record["near_pairs"]
        assert (pair["first"], pair["second"], pair["mirrored"]) == (2, 37, False)
        assert record["agreement"]["classes"][0]["instead"] == [{"name": "Happy", "images": 1}]
        assert record["blanks"] == {"constant": [5], "nearly": [6]}

    def test_every_finding_is_in_it(self, made) -> None:
        record = audit_record(made.found)
        names = {field.name for field in dataclasses.fields(made.found)}
        assert set(record) == names | {"schema", "rules"}
        assert all(f"``{key}``" in json_record.__doc__ for key in record["rules"])

    def test_its_keys_are_in_their_order(self, made) -> None:
        record = audit_record(made.found)
        names = [field.name for field in dataclasses.fields(made.found)]
        assert list(record) == ["schema", *names[:8], "rules", *names[8:]]
