"""The real FER2013 and FER+'s votes on it, against counts made without this code."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fer_bench.data import make_split
from fer_bench.data.audit import audit, candidates, check_votes, duplicates, load_votes
from fer_bench.data.audit.duplicates import cached_duplicates
from fer_bench.data.audit.near_duplicates import near_pairs
from fer_bench.data.prepare import prepare_data
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.runtime.errors import FerBenchError

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def votes(real_directory):
    path = real_directory / "fer2013new.csv"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return load_votes(path)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def searched(real_data, cache):
    """Return the near-duplicates, with a single search for all tests."""
    return cached_duplicates(real_data, cache)


@pytest.fixture(scope="module")
def kaggle(real_data, votes, searched):
    return audit(real_data, make_split(real_data, "kaggle"), votes, known=searched)


def test_copies(kaggle) -> None:
    identical = kaggle.copies[0]
    assert kaggle.images == 35_887
    assert identical.distinct == 34_034
    assert identical.surplus == 35_887 - 34_034
    assert len(identical.conflicts) == 57


def test_leaks(kaggle, real_data) -> None:
    (leak,) = (
        leak
        for leak in kaggle.leaks
        if (leak.likeness, leak.source, leak.target) == ("identical", "train", "test")
    )
    assert (leak.images, leak.total) == (288, 3589)
    training = {image.tobytes() for image in real_data.images[real_data.usage == 0]}
    tested = real_data.images[real_data.usage == 2]
    assert sum(image.tobytes() in training for image in tested) == 288


def test_each_similarity_finds_more(kaggle) -> None:
    distinct = [one.distinct for one in kaggle.copies]
    assert distinct == sorted(distinct, reverse=True)
    for target in ("validation", "test"):
        found = [
            leak.images for leak in kaggle.leaks if (leak.source, leak.target) == ("train", target)
        ]
        assert found == sorted(found)


@pytest.mark.parametrize(
    ("down", "right", "least"), [(0, 1, 0.98), (1, 1, 0.98), (2, 0, 0.98), (2, 2, 0.98)]
)
def test_copies_that_were_moved_are_found(real_data, down, right, least) -> None:
    images = real_data.images[::120]
    images = images[images.reshape(len(images), -1).std(axis=1) > 5]
    wide = np.pad(images, ((0, 0), (2, 2), (2, 2)), mode="edge")
    moved = wide[:, 2 + down : 50 + down, 2 + right : 50 + right]
    pairs, _, _ = near_pairs(np.concatenate([images, moved]))
    found = set(map(tuple, pairs.tolist()))
    n = len(images)
    assert sum((row, row + n) in found for row in range(n)) >= least * n
    assert len(found) < 1.2 * n


def test_cells_lose_few_pairs(real_data, monkeypatch) -> None:
    images = real_data.images[:6000]
    found = set(map(tuple, near_pairs(images)[0].tolist()))
    monkeypatch.setattr(candidates, "_IN_ONE_CELL", len(images))
    monkeypatch.setattr(candidates, "_MOST_MEMBERS", len(images))
    compared = set(map(tuple, near_pairs(images)[0].tolist()))
    assert found <= compared
    assert len(found) >= 0.99 * len(compared) > 100


@pytest.mark.usefixtures("searched")
def test_likest_duplicates_in_training(real_data, cache, monkeypatch) -> None:
    """288 of Kaggle's PrivateTest are identical to training images, 684 with nearly alike ones."""
    monkeypatch.setattr(duplicates, "find_duplicates", None)
    found = prepare_data(real_data, DataSpec(split="kaggle"), cache_dir=cache)
    recorded = np.frombuffer(found.test_duplicates, np.uint8)
    assert np.bincount(recorded).tolist() == [2905, 396, 0, 288]
    for spec in (DataSpec(split="grouped"), DataSpec(dedupe="train")):
        clean = prepare_data(real_data, spec, cache_dir=cache)
        assert set(clean.test_duplicates) == {0}


def test_the_papers_split_leaks_in_the_same_way(real_data, searched) -> None:
    split, numbers = make_split(real_data, "paper"), searched.numbers["identical"]
    shared = np.isin(numbers[split.test], numbers[split.train]).sum()
    assert 0.05 < shared / len(split.test) < 0.1


def test_votes(kaggle, votes) -> None:
    whole = kaggle.agreement.whole
    assert whole.images == 35_887
    assert round(100 * whole.unanimous / whole.images, 1) == 22.6
    assert round(100 * whole.tied / whole.images, 1) == 4.9
    assert whole.no_face == 176
    winners = votes.winners()
    named = (winners >= 0) & (winners < 7)
    assert (named.sum(), (named & votes.without_majority()).sum()) == (33_500, 6_193)
    assert [one.likely_wrong for one in kaggle.agreement.classes] == [
        1032,
        57,
        2166,
        293,
        1461,
        276,
        254,
    ]


def test_rows_in_another_order_are_refused(real_data, votes) -> None:
    order = np.argsort(real_data.labels, kind="stable")
    sorted_like_folders = real_data.take(order)
    with pytest.raises(FerBenchError, match=r"row \d+ \(from 0\) has the usage"):
        check_votes(votes, sorted_like_folders)
    object.__setattr__(sorted_like_folders, "usage", None)
    with pytest.raises(FerBenchError, match="do not fit"):
        check_votes(votes, sorted_like_folders)


def test_parts_in_another_order_are_refused(real_data, votes) -> None:
    unknown = dataclasses.replace(real_data, usage=None)
    assert check_votes(votes, unknown) == check_votes(votes, real_data)
    parts = [np.flatnonzero(real_data.usage == usage) for usage in (0, 2, 1)]
    with pytest.raises(FerBenchError, match=r"of rows 2[89]\d{3} to 35886 \(from 0\)"):
        check_votes(votes.take(np.concatenate(parts)), unknown)
    shifted = np.r_[:12_560, 35_886, 12_560:35_886]
    with pytest.raises(FerBenchError, match=r"of rows 12\d{3} to 35886 \(from 0\)"):
        check_votes(votes.take(shifted), unknown)
    order = np.argsort(real_data.labels, kind="stable")
    check_votes(votes.take(order), unknown.take(order))
