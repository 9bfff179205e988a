from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from made_audits import audited
from made_images import dataset_of, group_duplicates, mirrored, patterns
from made_votes import unanimous, votes_of

from fer_bench.data import EMOTIONS, PARTS, Dataset, Split
from fer_bench.data.audit import SIMILARITIES, audit, duplicates
from fer_bench.data.audit.votes import CATEGORY_OF
from fer_bench.data.formats.ferplus_votes import CATEGORIES
from fer_bench.data.prepare import prepare_data
from fer_bench.models import get, keras_backend
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.settings import Protocol
from fer_bench.results.records import NO_VOTE
from fer_bench.runtime.errors import FerBenchError
from fer_bench.training.run_context import RunContext

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.data.prepare import PreparedData

N = 150


def faces(n: int = N, seed: int = 5) -> Dataset:
    return dataset_of(patterns(n, seed))


def labelled(dataset: Dataset, rows: np.ndarray) -> list[tuple[bytes, int]]:
    return [(dataset.images[row].tobytes(), int(dataset.labels[row])) for row in rows]


def recorded(found: PreparedData) -> tuple:
    return found.test_duplicates, found.test_votes, found.left_out, found.class_map


def parts_of(dataset: Dataset, split: Split) -> list[list[tuple[bytes, int]]]:
    return [labelled(dataset, getattr(split, part)) for part in PARTS]


@settings(max_examples=examples(5))
@given(st.sampled_from(["paper", "grouped"]), st.sampled_from([None, 130]), st.randoms())
def test_the_order_of_the_images_does_not_matter(name, limit, random) -> None:
    source = faces()
    rows = list(range(N))
    random.shuffle(rows)
    one, two = (
        prepare_data(dataset, DataSpec(split=name, limit=limit))
        for dataset in (source, source.take(np.array(rows)))
    )
    assert one.dataset.row_digest == two.dataset.row_digest
    assert parts_of(one.dataset, one.split) == parts_of(two.dataset, two.split)
    assert one.split.digest == two.split.digest
    assert recorded(one) == recorded(two)


def test_rows_lead_back_to_the_source() -> None:
    source = faces()
    found = prepare_data(source, DataSpec(limit=130))
    assert len(found.rows) == len(found.dataset) == 130
    assert found.rows.tolist() == sorted(set(found.rows.tolist()))
    np.testing.assert_array_equal(source.images[found.rows[found.order]], found.dataset.images)
    np.testing.assert_array_equal(source.labels[found.rows[found.order]], found.dataset.labels)
    assert found.left_out == (("not in the sample", 20),)


def test_the_likest_duplicate_in_training_is_reported() -> None:
    """Kaggle's parts, so that it is known which images are tested."""
    made = audited()
    found = prepare_data(made.dataset, DataSpec(split="kaggle"), votes=made.votes)
    test = found.rows[found.order][found.split.test]
    recorded = dict(zip(test.tolist(), found.test_duplicates, strict=True))
    # Row 35 is row 0, row 36 is row 1 mirrored, row 37 is row 2 but brighter.
    assert recorded == {35: 3, 36: 2, 37: 1, 38: 0, 39: 0, 40: 0, 41: 0}


def test_votes_on_the_test_images() -> None:
    made = audited()
    made.votes.counts[38] = 0
    made.votes.counts[38, [CATEGORY_OF["Happy"], CATEGORY_OF["Sad"]]] = 5
    made.votes.counts[39] = 0
    made.votes.counts[39, CATEGORIES.index("contempt")] = 10
    made.votes.counts[40] = 0
    made.votes.counts[40, CATEGORY_OF["Neutral"]] = 10
    found = prepare_data(made.dataset, DataSpec(split="kaggle"), votes=made.votes)
    test = found.rows[found.order][found.split.test]
    recorded = dict(zip(test.tolist(), found.test_votes, strict=True))
    wanted = {row: row % 7 for row in (35, 36, 37, 41)}
    assert recorded == {**wanted, 38: NO_VOTE, 39: NO_VOTE, 40: EMOTIONS.index("Neutral")}


def test_labels_with_the_most_votes() -> None:
    source = faces()
    votes = unanimous((source.labels + 1) % 7)
    for row, counts in (
        (3, {"anger": 5, "fear": 5}),
        (4, {"contempt": 9, "fear": 1}),
        (5, {"NF": 9, "fear": 1}),
        (6, {"unknown": 9, "fear": 1}),
        (7, {"sadness": 2, "surprise": 2, "NF": 1}),
        (8, {"fear": 4, "NF": 3, "unknown": 3}),
        (9, {"happiness": 5, "NF": 3, "unknown": 2}),
    ):
        votes.counts[row] = votes_of(counts).counts[0]
    # Labels that agree no better than by chance are taken for votes on other images.
    votes.counts[60:] = unanimous(source.labels[60:]).counts
    found = prepare_data(source, DataSpec(labels="ferplus"), votes=votes)
    assert found.left_out == (
        ("voted contempt", 1),
        ("voted no face", 1),
        ("voted unknown", 1),
        ("votes tied", 2),
    )
    assert found.rows.tolist() == [row for row in range(N) if row not in (3, 4, 5, 6, 7)]
    wanted = np.where(np.arange(N) < 60, (source.labels + 1) % 7, source.labels)
    np.testing.assert_array_equal(found.dataset.labels, wanted[found.rows[found.order]])
    # Of those that have a label, two have it without more than half of the votes.
    assert found.no_majority == 2
    # Next to labels made from them, votes add nothing.
    assert found.test_votes == b""
    assert found.audit.agreement is None


def test_labels_from_votes_that_are_not_there() -> None:
    with pytest.raises(FerBenchError, match=r"labels 'ferplus' .* votes") as raised:
        prepare_data(faces(), DataSpec(labels="ferplus"))
    assert "--votes=FILE" in raised.value.accepted
    assert "fer2013new.csv" in raised.value.accepted
    assert "--labels=fer2013" in raised.value.accepted


def test_votes_on_other_images() -> None:
    with pytest.raises(FerBenchError, match="149 rows for 150 images"):
        prepare_data(faces(), DataSpec(), votes=unanimous(faces(149).labels))


@pytest.mark.parametrize("dedupe", ["train", "all"])
def test_copies_that_are_left_out_are_counted(dedupe: str) -> None:
    images = patterns(N, seed=5, side=48)
    brighter = (images[20:30] * 0.8 + 30).astype(np.uint8)
    source = dataset_of(np.concatenate([images, images[:10], mirrored(images[10:20]), brighter]))
    found = prepare_data(source, DataSpec(dedupe=dedupe))
    assert set(found.test_duplicates) == {0}
    left = len(source) - sum(len(getattr(found.split, part)) for part in PARTS)
    assert found.left_out == (("copies of other images", left),)
    # Of a pair, one stays in any case; with "train" both do where both are evaluated.
    assert left == 30 if dedupe == "all" else 20 < left <= 30


def test_grouped_keeps_each_image_in_one_part_be_it_identical_mirrored_or_nearly_so() -> None:
    images = patterns(N, seed=5, side=48)
    brighter = (images[20:30] * 0.8 + 30).astype(np.uint8)
    source = dataset_of(np.concatenate([images, images[:10], mirrored(images[10:20]), brighter]))
    found = prepare_data(source, DataSpec(split="grouped"))
    rows = found.rows[found.order]
    part_of = {row: part for part in PARTS for row in rows[getattr(found.split, part)].tolist()}
    assert len(part_of) == N + 30
    assert [part_of[N + copy] for copy in range(30)] == [part_of[row] for row in range(30)]
    assert set(found.test_duplicates) == {0}


def test_duplicates_are_looked_for_once(tmp_path: Path, monkeypatch) -> None:
    """One of the near pairs is mirrored: that is kept too."""
    made = audited()
    made.dataset.images[38] = mirrored((made.dataset.images[10] * 0.8 + 30).astype(np.uint8))
    wanted = prepare_data(made.dataset, DataSpec(split="kaggle"), cache_dir=tmp_path)
    assert {pair.mirrored for pair in wanted.duplicates.pairs} == {False, True}
    assert list((tmp_path / "duplicates").iterdir())
    monkeypatch.setattr(duplicates, "find_duplicates", None)
    found = prepare_data(made.dataset, DataSpec(split="kaggle"), cache_dir=tmp_path)
    assert recorded(found) == recorded(wanted)
    assert found.duplicates.pairs == wanted.duplicates.pairs
    for likeness in SIMILARITIES:
        np.testing.assert_array_equal(
            found.duplicates.numbers[likeness], wanted.duplicates.numbers[likeness]
        )


def test_images_in_another_order_are_searched_again(tmp_path: Path) -> None:
    made = audited()
    rows = np.random.default_rng(1).permutation(len(made.dataset))
    for source in (made.dataset, made.dataset.take(rows)):
        found = prepare_data(source, DataSpec(split="kaggle"), cache_dir=tmp_path)
        alone = prepare_data(source, DataSpec(split="kaggle"))
        assert found.duplicates.pairs == alone.duplicates.pairs
        assert recorded(found) == recorded(alone)


@pytest.mark.parametrize(
    "name", ["LEAST_SIMILARITY", "MOST_CANDIDATES", "LEAST_CORRELATION", "REACH", "SIDE"]
)
def test_another_threshold_is_another_search(tmp_path: Path, monkeypatch, name: str) -> None:
    source = audited().dataset
    assert prepare_data(source, DataSpec(split="kaggle"), cache_dir=tmp_path).duplicates.pairs
    monkeypatch.setattr(duplicates, name, 2)
    monkeypatch.setattr(duplicates, "find_duplicates", None)
    with pytest.raises(TypeError, match="not callable"):
        prepare_data(source, DataSpec(split="kaggle"), cache_dir=tmp_path)


def test_a_duplicate_in_validation_alone_is_none_in_training() -> None:
    made = audited()
    made.dataset.images[41] = made.dataset.images[28]
    found = prepare_data(made.dataset, DataSpec(split="kaggle"))
    test = found.rows[found.order][found.split.test]
    assert dict(zip(test.tolist(), found.test_duplicates, strict=True))[41] == 0


def test_votes_and_rows_of_a_sample_without_unlabelled_images() -> None:
    """Each finding leads to the picture and the votes that it is about, whatever was left out."""
    images = patterns(N, seed=5, side=48)
    images[140] = images[139]
    images[141] = (images[138] * 0.8 + 30).astype(np.uint8)
    images[21], images[22] = 0, 0
    images[22, :4] = images[0, :4]
    labels = np.arange(N) % 7
    source = dataset_of(images, labels)
    votes = unanimous(source.labels)
    votes.counts[:3] = votes_of({"NF": 10}).counts[0]
    spec = DataSpec(labels="ferplus", limit=N - 10)
    found = prepare_data(source, spec, votes=votes)
    kept = found.rows.tolist()
    assert found.unused == (("voted no face", 3), ("not in the sample", 7))
    assert not {0, 1, 2} & set(kept)
    np.testing.assert_array_equal(images[found.rows[found.order]], found.dataset.images)
    recorded = found.audit
    assert recorded.images == N - 10
    assert recorded.copies[0].groups == tuple({(139, 140)} if {139, 140} <= set(kept) else ())
    assert recorded.copies[0].conflicts == recorded.copies[0].groups
    near = [(pair.first, pair.second) for pair in recorded.near_pairs]
    assert near == [(138, 141)] if {138, 141} <= set(kept) else near == []
    assert recorded.blanks.constant == tuple({21} & set(kept))
    assert recorded.blanks.nearly == tuple({22} & set(kept))


def test_leaked_images_are_reported_by_their_rows_in_the_whole() -> None:
    """Without row 10, which has no label, each later row stands one place earlier."""
    made = audited()
    made.votes.counts[10] = votes_of({"NF": 10}).counts[0]
    found = prepare_data(
        made.dataset, DataSpec(split="kaggle", labels="ferplus"), votes=made.votes
    ).audit
    leaked = [leak for leak in found.leaks if (leak.source, leak.target) == ("train", "test")]
    assert [leak.rows for leak in leaked] == [(35,), (35, 36), (35, 36, 37)]


def test_votes_of_a_sample_are_those_on_its_images() -> None:
    source = faces()
    votes = unanimous(source.labels)
    # Of these, another class is likely right.
    wrong = range(0, N, 4)
    for row in wrong:
        votes.counts[row] = unanimous((source.labels[[row]] + 1) % 7).counts[0]
    found = prepare_data(source, DataSpec(limit=N - 10), votes=votes)
    assert found.audit.agreement is not None
    assert [one.row for one in found.audit.agreement.errors] == [
        row for row in wrong if row in set(found.rows.tolist())
    ]
    test = found.rows[found.order][found.split.test].tolist()
    wanted = [(int(source.labels[row]) + (row in wrong)) % 7 for row in test]
    assert list(found.test_votes) == wanted


def test_what_is_counted_is_what_is_in_the_parts(tmp_path: Path) -> None:
    images = patterns(N, seed=5)
    source = dataset_of(np.concatenate([images, images[:20]]))
    data = prepare_data(source, DataSpec(dedupe="all"))
    assert (data.removed_duplicates, data.unused) == (20, ())
    experiment = RunContext(data, Protocol(), tmp_path)
    recorded = experiment.record(()).dataset
    assert (
        sum(count for _, count in recorded.counts)
        == N
        == recorded.train + recorded.validation + recorded.test
    )


def test_the_audit_shows_rows_of_the_source() -> None:
    made = audited()
    found = prepare_data(made.dataset, DataSpec(split="kaggle"), votes=made.votes).audit
    assert found == audit(made.dataset, made.split, made.votes)


def test_the_audit_of_a_sample_shows_rows_of_the_source() -> None:
    images = patterns(N, seed=5)
    images[140], images[20] = images[139], 0
    source = dataset_of(images)
    # Rows 3 to 7 have no label, so that all others have other numbers in what takes part.
    votes = unanimous(source.labels)
    votes.counts[3:8] = votes_of({"NF": 10}).counts[0]
    found = prepare_data(source, DataSpec(labels="ferplus"), votes=votes).audit
    assert found.images == N - 5
    assert found.copies[0].groups == ((139, 140),)
    assert found.blanks.constant == (20,)


def test_the_audit_of_a_sample_shows_places_by_rows_of_the_source() -> None:
    places = tuple(f"{row}.png" for row in range(N))
    source = dataclasses.replace(dataset_of(patterns(N, seed=5)), places=places)
    found = prepare_data(source, DataSpec(limit=N - 10))
    assert found.audit.images == N - 10
    assert found.audit.places == places
    assert found.dataset.places == tuple(places[row] for row in found.rows[found.order])


def test_nothing_is_trained_on_what_cannot_be_split(tmp_path: Path) -> None:
    source = dataset_of(patterns(20), np.arange(20) // 10)
    data = prepare_data(source, DataSpec(split="kaggle"), must_split=False)
    with pytest.raises(FerBenchError, match="split 'kaggle'") as raised:
        RunContext(data, Protocol(), tmp_path)
    assert raised.value is data.split_error


def test_what_cannot_be_split_has_no_parts() -> None:
    source = dataset_of(patterns(20), np.arange(20) // 10)
    with pytest.raises(FerBenchError, match="split 'kaggle'") as raised:
        prepare_data(source, DataSpec(split="kaggle", dedupe="all"))
    found = prepare_data(source, DataSpec(split="kaggle", dedupe="all"), must_split=False)
    assert str(found.split_error) == found.audit.not_split == str(raised.value)
    assert [len(getattr(found.split, part)) for part in PARTS] == [0, 0, 0]
    assert (found.removed_duplicates, found.audit.leaks) == (0, ())
    assert found.audit.images == 20
    whole = prepare_data(source, DataSpec(), must_split=False)
    assert (whole.split_error, whole.audit.not_split) == (None, "")
    assert whole.audit.leaks


def test_an_audit_of_what_a_split_leaves_out() -> None:
    """The copies are there, and none of them leaks."""
    images = patterns(N, seed=5)
    source = dataset_of(np.concatenate([images, images[:20]]))
    found = prepare_data(source, DataSpec(dedupe="all")).audit
    assert found.copies[0].surplus == 20
    assert not any(leak.images for leak in found.leaks)
    assert sum(one.train + one.validation + one.test for one in found.classes) == N


def test_variations_have_fingerprints_of_their_own(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(keras_backend, "backend_version", lambda: "tensorflow 1.2.3")
    images = patterns(N, seed=5)
    labels = np.arange(N + 20) % 7
    source = dataset_of(
        np.concatenate([images, images[:20]]), labels, usage=np.arange(N + 20) % 5 % 3
    )
    votes = unanimous(source.labels)
    votes.usage[:] = source.usage
    votes.counts[:5] = votes_of({"NF": 10}).counts[0]

    def fingerprint(known, **settings: str) -> str:
        data = prepare_data(source, DataSpec(**settings), votes=known)
        experiment = RunContext(data, Protocol(), tmp_path)
        entry = get("mini")
        return experiment.fingerprint(entry, experiment.cell(entry, "random"), None)

    plain = fingerprint(None)
    # To hold networks against votes changes nothing in them.
    assert fingerprint(votes) == plain
    found = [
        plain,
        fingerprint(votes, labels="ferplus"),
        *(
            fingerprint(None, split=split, dedupe=dedupe)
            for split in ("paper", "grouped", "kaggle")
            for dedupe in ("none", "train", "all")
            if (split, dedupe) != ("paper", "none")
        ),
    ]
    assert len(set(found)) == len(found)


def test_an_image_of_another_part_links_a_test_image_to_training() -> None:
    """Each image is nearly the same as the next one, and the ends of the chain are not."""
    first, other = patterns(2, seed=0).astype(np.float64)
    chain = [np.rint(first + share * (other - first)).astype(np.uint8) for share in (0, 0.25, 0.4)]
    ends, whole = [chain[0], chain[2]], [chain[0], chain[1], chain[2]]
    assert len(set(group_duplicates(dataset_of(np.stack(ends)), "near"))) == 2
    assert len(set(group_duplicates(dataset_of(np.stack(whole)), "near"))) == 1
    # Kaggle's parts: training, validation, test.
    rest = patterns(21, seed=9)
    images = np.concatenate([np.stack(whole), rest])
    for linked in (True, False):
        images[1] = chain[1] if linked else patterns(1, seed=8)[0]
        source = dataset_of(images, [0, 0, 0, *np.arange(21) % 7], [0, 1, 2, *np.arange(21) // 7])
        found = prepare_data(source, DataSpec(split="kaggle"))
        test = found.rows[found.order][found.split.test]
        assert dict(zip(test.tolist(), found.test_duplicates, strict=True))[2] == linked


def test_too_little_memory_for_the_search_is_reported_in_one_line(monkeypatch) -> None:
    def search(*_: object) -> None:
        raise MemoryError("Unable to allocate 5.00 GiB")

    monkeypatch.setattr(duplicates, "find_duplicates", search)
    with pytest.raises(FerBenchError, match=r"'faces' needs more memory .* 5\.00") as raised:
        prepare_data(faces(), DataSpec())
    assert raised.value.hint.startswith("use fewer")
    assert "\n" not in str(raised.value)
