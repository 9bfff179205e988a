"""The store of frozen features."""

import threading

import numpy as np
import pytest

from fer_bench import features
from fer_bench.errors import FerBenchError
from fer_bench.features import FeatureStore

SHAPES = [(2, 3), (5,)]


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (300, 4, 4), dtype=np.uint8)


class Prefix:
    """Two tensors out of an image, counting the images that pass."""

    def __init__(self):
        self.passed = 0

    def __call__(self, batch):
        self.passed += len(batch)
        flat = batch.reshape(len(batch), -1).astype(np.float32)
        return [flat[:, :6].reshape(-1, 2, 3), flat[:, 6:11] / 7]


def test_values_are_those_of_the_prefix(tmp_path, images):
    extraction = FeatureStore(tmp_path / "new").extract("key", images, SHAPES, Prefix())
    first, second = Prefix()(images)
    np.testing.assert_array_equal(extraction.tensors[0], first)
    np.testing.assert_array_equal(extraction.tensors[1], second)
    assert extraction.seconds > 0
    assert all(isinstance(tensor, np.memmap) for tensor in extraction.tensors)


def test_a_second_time_nothing_is_computed(tmp_path, images):
    store, prefix = FeatureStore(tmp_path), Prefix()
    stored = store.extract("key", images, SHAPES, prefix)
    again = store.extract("key", images, SHAPES, prefix)
    assert prefix.passed == len(images)
    assert again.seconds is None
    np.testing.assert_array_equal(again.tensors[0], stored.tensors[0])
    store.extract("other", images, SHAPES, prefix)
    assert prefix.passed == 2 * len(images)


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove", "index"])
def test_damage_is_found_and_mended(tmp_path, images, damage):
    store, prefix = FeatureStore(tmp_path), Prefix()
    store.extract("key", images, SHAPES, prefix)
    path = tmp_path / "key" / ("index.json" if damage == "index" else "1.npy")
    data = bytearray(path.read_bytes())
    if damage == "remove":
        path.unlink()
    elif damage == "flip":
        data[-3] ^= 1
        path.write_bytes(data)
    else:
        path.write_bytes(data[: len(data) // 2])
    assert store.find("key") is None
    mended = store.extract("key", images, SHAPES, prefix)
    np.testing.assert_array_equal(mended.tensors[1], Prefix()(images)[1])


def test_discarded_features_are_gone(tmp_path, images):
    store = FeatureStore(tmp_path)
    store.extract("key", images, SHAPES, Prefix())
    store.discard("key")
    assert store.find("key") is None


def test_what_fails_leaves_nothing(tmp_path, images):
    class Failing(Prefix):
        def __call__(self, batch):
            if self.passed:
                raise RuntimeError("half way")
            return super().__call__(batch)

    store = FeatureStore(tmp_path)
    with pytest.raises(RuntimeError, match="half way"):
        store.extract("key", images, SHAPES, Failing())
    assert store.find("key") is None
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == []


def test_a_full_disk_is_told_before_the_work_begins(tmp_path, images, monkeypatch):
    usage = features.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(features.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    prefix = Prefix()
    with pytest.raises(FerBenchError, match=r"need 0\.0 GiB.*free; make room.*--limit"):
        FeatureStore(tmp_path).extract("key", images, SHAPES, prefix)
    assert prefix.passed == 0


def test_an_unwritable_folder_is_told(tmp_path, images):
    (tmp_path / "file").write_text("")
    with pytest.raises(FerBenchError, match=r"cannot write features to .*--store"):
        FeatureStore(tmp_path / "file").extract("key", images, SHAPES, Prefix())


def test_only_one_of_two_computes(tmp_path, images):
    prefix, results = Prefix(), []

    def work():
        results.append(FeatureStore(tmp_path).extract("key", images, SHAPES, prefix))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert prefix.passed == len(images)
    assert sorted(result.seconds is None for result in results) == [False, True]
