"""The store of frozen features."""

import dataclasses
import json
import logging
import os
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.runtime import sealed_directories
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.sealed_directories import StoreError
from fer_bench.training.store.features import FeatureStore
from fer_bench.training.store.shard_files import FeatureSpec

IMAGES = np.random.default_rng(0).integers(0, 256, (300, 4, 4), dtype=np.uint8)
SHAPES = ((2, 3), (5,))
SHARD = 32
WANTED = FeatureSpec(len(IMAGES), SHAPES, SHARD, {"backbone": "mini"})


class Prefix:
    """Two tensors out of an image, noting which images pass."""

    def __init__(self, stop_before=None):
        self.passed = []
        self._stop_before = stop_before

    def __call__(self, rows):
        if self._stop_before is not None and rows.start >= self._stop_before:
            raise RuntimeError("half way")
        self.passed.extend(range(rows.start, rows.stop))
        flat = IMAGES[rows].reshape(-1, 16).astype(np.float32)
        return [flat[:, :6].reshape(-1, 2, 3), flat[:, 6:11] / 7]


EVERY = np.arange(len(IMAGES))
FIRST, SECOND = Prefix()(slice(0, len(IMAGES)))


def check(extraction):
    np.testing.assert_array_equal(extraction.tensors[0][EVERY], FIRST)
    np.testing.assert_array_equal(extraction.tensors[1][EVERY], SECOND)


def test_values_are_those_of_the_prefix(tmp_path):
    extraction = FeatureStore(tmp_path / "new").extract("key", WANTED, Prefix())
    check(extraction)
    assert extraction.computed == len(IMAGES)
    assert extraction.seconds > 0
    assert [tensor.shape for tensor in extraction.tensors] == [(300, 2, 3), (300, 5)]


@given(
    st.lists(
        st.integers(0, 299).flatmap(
            lambda first: st.builds(range, st.just(first), st.integers(first, 300))
        ),
        max_size=8,
    )
)
def test_rows_are_gathered_in_any_order(tmp_path_factory, runs):
    store = FeatureStore(tmp_path_factory.getbasetemp() / "shared")
    first, _ = store.extract("key", WANTED, Prefix()).tensors
    chosen = np.array([row for run in runs for row in run], np.int64)
    np.testing.assert_array_equal(first[chosen], FIRST[chosen])


TWO_CORES, FOUR_CORES = (
    dataclasses.replace(WANTED, conditions=(("cpu cores available", count),)) for count in "24"
)


def test_what_was_begun_under_other_conditions_is_computed_again(tmp_path, caplog):
    """Half of one and half of the other is what no undisturbed run has."""
    store, half = FeatureStore(tmp_path), Prefix(stop_before=64)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="half way"):
            store.extract("key", TWO_CORES, half)
    assert half.passed == list(range(64))
    with caplog.at_level(logging.WARNING, "fer_bench"):
        found = store.extract("key", FOUR_CORES, Prefix())
    check(found)
    assert (found.computed, found.conditions) == (len(IMAGES), FOUR_CORES.conditions)
    assert "64 of 300 images" in caplog.text
    assert "cpu cores available 2 (now 4)" in caplog.text


def test_one_that_is_complete_serves_other_conditions_and_shows_its_own(tmp_path, caplog):
    store = FeatureStore(tmp_path)
    store.extract("key", TWO_CORES, Prefix())
    with caplog.at_level(logging.INFO, "fer_bench"):
        found = store.extract("key", FOUR_CORES, Prefix())
    check(found)
    assert (found.computed, found.conditions) == (0, TWO_CORES.conditions)
    assert caplog.text == ""


def test_a_damaged_shard_under_other_conditions_costs_all(tmp_path, caplog):
    store = FeatureStore(tmp_path)
    store.extract("key", TWO_CORES, Prefix())
    with (store.directory("key") / "0.npy").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"x")
    found = store.extract("key", FOUR_CORES, Prefix())
    check(found)
    assert (found.computed, found.conditions) == (len(IMAGES), FOUR_CORES.conditions)


def test_features_of_older_versions_serve_where_they_are_complete(tmp_path):
    store = FeatureStore(tmp_path)
    store.extract("key", WANTED, Prefix())
    facts = store.directory("key") / "facts.json"
    noted = json.loads(facts.read_text())
    del noted["conditions"]
    facts.write_text(json.dumps(noted))
    assert store.extract("key", FOUR_CORES, Prefix()).computed == 0


def test_a_file_cut_short_while_it_is_read_is_reported(tmp_path):
    store = FeatureStore(tmp_path)
    _, second = store.extract("key", WANTED, Prefix()).tensors
    path = store.directory("key") / "1.npy"
    os.truncate(path, path.stat().st_size - 1)
    np.testing.assert_array_equal(second[EVERY[:-1]], SECOND[:-1])
    with pytest.raises(StoreError, match=r"1\.npy': file was truncated"):
        second[EVERY]


def test_files_can_be_read_with_numpy(tmp_path):
    store = FeatureStore(tmp_path)
    store.extract("key", WANTED, Prefix())
    np.testing.assert_array_equal(np.load(store.directory("key") / "1.npy"), SECOND)


def test_a_second_time_nothing_is_computed(tmp_path):
    store, prefix = FeatureStore(tmp_path), Prefix()
    stored = store.extract("key", WANTED, prefix)
    again = store.extract("key", WANTED, prefix)
    assert prefix.passed == list(EVERY)
    assert again.computed == 0
    assert again.seconds == stored.seconds
    check(again)
    store.extract("other", WANTED, prefix)
    assert len(prefix.passed) == 2 * len(IMAGES)


@pytest.mark.parametrize("stop", [0, 32, 160, 288])
def test_an_interrupted_extraction_goes_on_where_it_was(tmp_path, stop):
    store, rest = FeatureStore(tmp_path), Prefix()
    with pytest.raises(RuntimeError, match="half way"):
        store.extract("key", WANTED, Prefix(stop_before=stop))
    extraction = store.extract("key", WANTED, rest)
    assert rest.passed == list(range(stop, len(IMAGES)))
    assert extraction.computed == len(IMAGES) - stop
    check(extraction)


def test_shards_stay_as_they_were_begun(tmp_path):
    store, rest = FeatureStore(tmp_path), Prefix()
    with pytest.raises(RuntimeError, match="half way"):
        store.extract("key", WANTED, Prefix(stop_before=64))
    check(store.extract("key", FeatureSpec(len(IMAGES), SHAPES, 100, {}), rest))
    assert rest.passed[0] == 64


def flipped(path, offset):
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


def edited(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("damage", "computed"),
    [
        (lambda directory: flipped(directory / "0.npy", 128 + 40 * 24), range(32, 64)),
        (lambda directory: flipped(directory / "1.npy", 128 + 299 * 20), (288,)),
        (lambda directory: os.truncate(directory / "1.npy", 128 + 270 * 20), range(256, 300)),
        (lambda directory: (directory / "0.npy").unlink(), range(300)),
        (lambda directory: (directory / "0.npy").write_bytes(b"no array"), range(300)),
        (lambda directory: flipped(directory / "facts.json", 3), range(300)),
        (lambda directory: flipped(directory / "1.npy", 70), ()),
        (
            lambda directory: edited(directory / "shards.jsonl", '"shard": 1', '"shard": -1'),
            range(32, 64),
        ),
        (
            lambda directory: edited(directory / "shards.jsonl", '"shard": 2', '"shard": 99'),
            range(64, 96),
        ),
        (
            lambda directory: edited(directory / "shards.jsonl", '"shard": 3', "1e999,"),
            range(96, 128),
        ),
        (
            lambda directory: edited(directory / "shards.jsonl", '"shard": 2', '"shard": 1'),
            range(32, 96),
        ),
    ],
    ids=[
        *("flip", "flip in the last", "truncate", "remove", "other", "facts", "header"),
        *("negative shard", "shard too far", "no line", "shard twice"),
    ],
)
def test_damage_is_found_reported_and_repaired(tmp_path, damage, computed, caplog):
    store, again = FeatureStore(tmp_path), Prefix()
    store.extract("key", WANTED, Prefix())
    damage(store.directory("key"))
    with caplog.at_level(logging.WARNING, "fer_bench"):
        check(store.extract("key", WANTED, again))
    expected = {row // SHARD for row in computed}
    assert {row // SHARD for row in again.passed} == expected
    assert str(store.directory("key")) in caplog.text
    assert "damaged" in caplog.text
    caplog.clear()
    assert store.extract("key", WANTED, Prefix(stop_before=0)).computed == 0
    assert not caplog.text


@pytest.mark.parametrize("keep", range(0, 400, 7))
def test_half_a_line_counts_as_none(tmp_path, keep):
    store = FeatureStore(tmp_path)
    store.extract("key", WANTED, Prefix())
    journal = store.directory("key") / "shards.jsonl"
    text = journal.read_bytes()
    journal.write_bytes(text[:keep])
    rest = Prefix()
    check(store.extract("key", WANTED, rest))
    assert rest.passed[0] == SHARD * text[:keep].count(b"\n")
    assert store.extract("key", WANTED, Prefix(stop_before=0)).computed == 0


def test_features_of_other_images_are_not_taken(tmp_path, caplog):
    store, prefix = FeatureStore(tmp_path), Prefix()
    fewer = FeatureSpec(100, SHAPES, SHARD, {})
    store.extract("key", fewer, Prefix())
    check(store.extract("key", WANTED, prefix))
    assert len(prefix.passed) == len(IMAGES)
    assert "describes other features" in caplog.text


def test_discarded_features_are_gone(tmp_path):
    store = FeatureStore(tmp_path)
    store.extract("key", WANTED, Prefix())
    store.discard("key")
    assert not store.directory("key").exists()


def test_too_little_room_is_reported_before_the_work_begins(tmp_path, monkeypatch):
    usage = sealed_directories.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(
        sealed_directories.shutil, "disk_usage", lambda _: usage._replace(free=1000)
    )
    prefix = Prefix()
    problem = r"need [0-9.]+ [KM]iB, but only 1000 B are free; free [0-9.]+ [KM]iB more"
    with pytest.raises(FerBenchError, match=problem) as caught:
        FeatureStore(tmp_path).extract("key", WANTED, prefix)
    assert "free " in caught.value.hint
    assert "--limit" in caught.value.hint
    assert prefix.passed == []


def test_room_is_needed_for_what_is_missing_only(tmp_path, monkeypatch):
    store = FeatureStore(tmp_path)
    with pytest.raises(RuntimeError, match="half way"):
        store.extract("key", WANTED, Prefix(stop_before=288))
    usage = sealed_directories.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(
        sealed_directories.shutil, "disk_usage", lambda _: usage._replace(free=12 * 11 * 4)
    )
    check(store.extract("key", WANTED, Prefix()))


def test_an_unwritable_directory_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot be used: .*--store"):
        FeatureStore(tmp_path / "file").extract("key", WANTED, Prefix())


def test_errors_of_the_prefix_are_not_the_stores(tmp_path):
    def failing(rows):
        raise OSError(5, "of the network")

    with pytest.raises(OSError, match="of the network") as caught:
        FeatureStore(tmp_path).extract("key", WANTED, failing)
    assert not isinstance(caught.value, FerBenchError)


def test_only_one_of_two_computes(tmp_path):
    prefix, results = Prefix(), []

    def work():
        results.append(FeatureStore(tmp_path).extract("key", WANTED, prefix))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert prefix.passed == list(EVERY)
    assert sorted(result.computed for result in results) == [0, len(IMAGES)]


def test_what_they_are_is_noted(tmp_path):
    store = FeatureStore(tmp_path)
    store.extract("key", WANTED, Prefix())
    noted = json.loads((store.directory("key") / "facts.json").read_text())
    assert noted["facts"] == {"backbone": "mini"}
