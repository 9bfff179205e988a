from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from layout_writers import (
    ICML,
    csv_in_words,
    forbid_entering,
    random_dataset,
    write_csv,
    write_ferplus,
    write_folders,
    write_npz,
    write_part_files,
)
from PIL import Image

from fer_bench.data import EMOTIONS, Dataset
from fer_bench.data.formats import detection
from fer_bench.data.formats.detection import load_path
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion


def entries(cache: Path) -> list[Path]:
    return sorted(path for path in cache.rglob("*") if path.is_file())


def forbid(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def fail(*_: object) -> None:
        raise AssertionError(f"{name} was called")

    monkeypatch.setattr(detection, name, fail)


@given(st.integers(2, 5), st.integers(0, 2**32 - 1))
@settings(max_examples=examples(10))
def test_the_layout_does_not_show(n: int, seed: int) -> None:
    wanted = random_dataset(n, seed)
    usage = wanted.usage.copy()
    usage[:2] = 0, 2  # so that train and test both exist
    labels = wanted.labels.copy()
    labels[:2] = 3, 4  # and two classes
    wanted = Dataset(wanted.images, labels, EMOTIONS, "x", usage)
    with TemporaryDirectory() as directory:
        root, cache = Path(directory), Path(directory) / "cache"
        ordered = [
            load_path(write_csv(root / "fer2013.csv", wanted), cache),
            load_path(write_csv(root / "icml_face_data.csv", wanted, ICML), cache),
            load_path(write_npz(root / "faces.npz", wanted), cache),
        ]
        loose = load_path(write_folders(root / "faces", wanted), cache)
    for found in ordered:
        assert found.digest == wanted.digest
        assert found.row_digest == wanted.row_digest
        np.testing.assert_array_equal(found.usage, wanted.usage)
    assert loose.digest == wanted.digest
    assert np.bincount(loose.usage).tolist() == np.bincount(wanted.usage).tolist()
    assert [found.name for found in [*ordered, loose]] == [
        "fer2013",
        "icml_face_data",
        "faces",
        "faces",
    ]


@given(st.integers(9, 14), st.integers(0, 2**32 - 1))
@settings(max_examples=examples(5))
def test_no_layout_changes_images_labels_or_parts(n: int, seed: int) -> None:
    made = random_dataset(n, seed)
    usage, labels = made.usage.copy(), made.labels.copy()
    usage[:6] = 0, 0, 1, 1, 2, 2  # so that each part exists, with two classes
    labels[:6] = 3, 4, 3, 4, 3, 4
    wanted = Dataset(made.images, labels, EMOTIONS, "x", usage)
    with TemporaryDirectory() as directory:
        root, cache = Path(directory), Path(directory) / "cache"
        (root / "one").mkdir()
        (root / "words.csv").write_text("\n".join(csv_in_words(wanted)))
        nested = write_folders(root / "nested/images", wanted)
        shutil.copytree(nested, root / "copy")
        (root / "copy").rename(nested / "images")
        found = {
            "csv": load_path(write_csv(root / "a.csv", wanted), cache),
            "words": load_path(root / "words.csv", cache),
            "npz": load_path(write_npz(root / "b.npz", wanted), cache),
            "a directory of one": load_path(
                write_csv(root / "one/fer2013.csv", wanted).parent, cache
            ),
            "csv parts": load_path(write_part_files(root / "parts", wanted), cache),
            "npz parts": load_path(write_part_files(root / "arrays", wanted, ".npz"), cache),
            "folders": load_path(write_folders(root / "faces", wanted), cache),
            "nested folders": load_path(nested, cache),
            "FER+": load_path(write_ferplus(root / "ferplus", wanted), cache),
        }
    for layout, one in found.items():
        assert one.digest == wanted.digest, layout
        assert one.classes == wanted.classes, layout
        for part in range(3):
            assert sorted(one.take(np.flatnonzero(one.usage == part)).image_digests) == sorted(
                wanted.take(np.flatnonzero(usage == part)).image_digests
            ), layout


@pytest.mark.parametrize(
    "path", ["faces/train.csv", "face/a/b/c.csv", "x/y", "faces/training.csv/x"]
)
def test_what_of_a_wrong_path_is_there(
    tmp_path: Path, path: str, snapshot: SnapshotAssertion
) -> None:
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces/training.csv").touch()
    with pytest.raises(FerBenchError) as raised:
        load_path(tmp_path / path, tmp_path / "cache")
    text = str(raised.value)
    assert raised.value.accepted.startswith("a csv file")
    assert raised.value.problem.replace(str(tmp_path), "TMP") == snapshot(name="problem")
    assert raised.value.hint.replace(str(tmp_path), "TMP") == snapshot(name="hint")
    assert len(text) < 230 + 3 * len(str(tmp_path))


def test_suffixes_in_any_case(tmp_path: Path, few: Dataset) -> None:
    assert len(load_path(write_csv(tmp_path / "A.CSV", few), tmp_path / "c")) == len(few)
    write_npz(tmp_path / "b.npz", few).rename(tmp_path / "B.NPZ")
    assert len(load_path(tmp_path / "B.NPZ", tmp_path / "c")) == len(few)


def test_wrong_paths(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with pytest.raises(FerBenchError) as raised:
        load_path(tmp_path / "none.csv", cache)
    assert raised.value.path == tmp_path / "none.csv"
    assert "cannot be opened: " in raised.value.problem
    assert os.strerror(errno.ENOENT) in raised.value.problem
    path = tmp_path / "faces.zip"
    path.write_bytes(b"PK")
    with pytest.raises(FerBenchError) as raised:
        load_path(path, cache)
    assert raised.value.path == path
    assert "the suffix '.zip'" in raised.value.problem
    assert raised.value.accepted.startswith("a csv file")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FerBenchError) as raised:
        load_path(tmp_path / "empty", cache)
    assert raised.value.path == tmp_path / "empty"
    assert "an empty directory" in raised.value.problem
    assert raised.value.accepted.startswith("RAF-DB, ")
    assert entries(cache) == []


@pytest.mark.parametrize(
    ("name", "cause"),
    [("a" * 300, "File name too long"), ("a\0b", "embedded null "), ("l", "Too m")],
)
def test_paths_that_cannot_be(tmp_path: Path, name: str, cause: str) -> None:
    (tmp_path / "l.csv").symlink_to("l.csv")
    with pytest.raises(FerBenchError, match=rf"csv': .* cannot be opened: {cause}.*; accepted: a "):
        load_path(tmp_path / f"{name}.csv", tmp_path / "cache")


@pytest.mark.parametrize("name", ["x.csv", "x.npz", "sub"])
def test_a_directory_that_may_not_be_entered(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid_entering(tmp_path / "locked", monkeypatch)
    with pytest.raises(FerBenchError) as raised:
        load_path(tmp_path / "locked" / name, tmp_path / "cache")
    assert raised.value.path == tmp_path / "locked" / name
    assert "cannot be opened: Permission" in raised.value.problem
    assert "; accepted: a " in str(raised.value)


@pytest.mark.parametrize("name", ["load_csv", "load_npz", "load_listing", "list_folder"])
def test_too_little_memory(
    tmp_path: Path, few: Dataset, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError("Unable to allocate 4 EiB")

    monkeypatch.setattr(detection, name, fail)
    path = {
        "load_csv": lambda: write_csv(tmp_path / "a.csv", few),
        "load_npz": lambda: write_npz(tmp_path / "a.npz", few),
    }.get(name, lambda: write_folders(tmp_path / "a", few))()
    with pytest.raises(FerBenchError) as raised:
        load_path(path, tmp_path / "cache")
    assert f"{str(path)!r} needs more memory " in raised.value.problem
    assert raised.value.problem.endswith("(Unable to allocate 4 EiB)")
    assert raised.value.accepted


class TestCache:
    @pytest.fixture
    def cache(self, tmp_path: Path) -> Path:
        return tmp_path / "cache"

    @pytest.fixture
    def csv(self, tmp_path: Path, few: Dataset) -> Path:
        return write_csv(tmp_path / "faces.csv", few)

    def test_a_csv_is_parsed_once(
        self, csv: Path, cache: Path, few: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = load_path(csv, cache)
        assert [path.parent for path in entries(cache)] == [cache / "parsed"]
        forbid(monkeypatch, "load_csv")
        monkeypatch.chdir(csv.parent)
        for path in (csv, Path("faces.csv")):
            second = load_path(path, cache)
            assert second.row_digest == first.row_digest == few.row_digest
            assert second.name == first.name == "faces"
            np.testing.assert_array_equal(second.usage, few.usage)

    def test_a_directory_is_decoded_once(
        self, tmp_path: Path, cache: Path, few: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        root = write_folders(tmp_path / "faces.v2", few)
        first = load_path(root, cache)
        forbid(monkeypatch, "load_listing")
        monkeypatch.chdir(root)
        for path in (root, Path("../faces.v2"), Path()):
            second = load_path(path, cache)
            assert second.row_digest == first.row_digest
            assert second.name == first.name == "faces.v2"
            np.testing.assert_array_equal(second.usage, first.usage)

    def test_without_usage(
        self, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write_csv(tmp_path / "a.csv", random_dataset(3, usage=False), "emotion,pixels")
        load_path(path, cache)
        forbid(monkeypatch, "load_csv")
        assert load_path(path, cache).usage is None

    def test_a_changed_csv_takes_the_place_of_the_old(self, csv: Path, cache: Path) -> None:
        load_path(csv, cache)
        kept = entries(cache)
        other = random_dataset(5, seed=9)
        write_csv(csv, other)
        assert load_path(csv, cache).row_digest == other.row_digest
        assert entries(cache) == kept
        assert load_path(csv, cache).row_digest == other.row_digest

    def test_the_same_size_at_another_time(self, csv: Path, cache: Path, few: Dataset) -> None:
        load_path(csv, cache)
        text = csv.read_text()
        place = text.index("\n") + 1
        csv.write_text(text[:place] + str((few.labels[0] + 1) % 7) + text[place + 1 :])
        os.utime(csv, ns=(0, 12345))
        assert load_path(csv, cache).labels[0] == (few.labels[0] + 1) % 7

    @pytest.mark.parametrize("change", ["add", "remove", "rename", "rewrite"])
    def test_a_changed_directory(
        self, tmp_path: Path, cache: Path, few: Dataset, change: str
    ) -> None:
        root = write_folders(tmp_path / "faces", few)
        before = load_path(root, cache)
        path = next(root.rglob("*.png"))
        content = path.read_bytes()
        if change == "add":
            path.with_name("Training_9.png").write_bytes(content)
        elif change == "remove":
            path.with_name("Training_9.png").write_bytes(content)
            load_path(root, cache)
            path.with_name("Training_9.png").unlink()
        elif change == "rename":
            path.rename(path.with_name("other.png"))
        else:  # as many bytes, at the same time
            status = path.stat()
            with Image.open(path) as image:
                turned = image.transpose(Image.Transpose.ROTATE_180)
            turned.save(path)
            other = path.read_bytes() + bytes(len(content))
            path.write_bytes(content)
            os.truncate(path, max(len(content), len(other)))
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
            before = load_path(root, cache)
            path.write_bytes(other)
            os.truncate(path, max(len(content), len(other)))
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        after = load_path(root, cache)
        assert len(after) == len(before) + (change == "add")
        assert (after.usage is None) == (change == "rename")
        assert (after.digest == before.digest) == (change in ("remove", "rename"))

    def test_the_same_size_at_the_same_time(self, csv: Path, cache: Path, few: Dataset) -> None:
        load_path(csv, cache)
        status = csv.stat()
        other = (few.labels[0] + 1) % 7
        content = csv.read_bytes().replace(b"\n%d" % few.labels[0], b"\n%d" % other, 1)
        csv.write_bytes(content)
        os.utime(csv, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert load_path(csv, cache).labels[0] == other
        new = csv.with_suffix(".new")
        new.write_bytes(content.replace(b"\n%d" % other, b"\n%d" % few.labels[0], 1))
        new.replace(csv)
        assert load_path(csv, cache).row_digest == few.row_digest

    def test_each_path_gives_its_own_name(self, csv: Path, cache: Path) -> None:
        link = csv.with_name("link.csv")
        link.symlink_to(csv)
        for path in (link, csv, link):
            assert load_path(path, cache).name == path.stem
        assert len(entries(cache)) == 1

    def test_an_entry_of_another_format_is_made_again(
        self, csv: Path, cache: Path, few: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        load_path(csv, cache)
        (entry,) = entries(cache)
        with np.load(entry) as arrays:
            changed = dict(arrays)
        changed["format"] = np.array("fer_bench parsed data set 1")
        np.savez(entry, **changed)
        forbid(monkeypatch, "load_csv")
        with pytest.raises(AssertionError, match="load_csv was called"):
            load_path(csv, cache)

    def test_the_digests_of_the_images_are_kept(self, csv: Path, cache: Path, few: Dataset) -> None:
        load_path(csv, cache)
        kept = load_path(csv, cache)
        assert vars(kept)["image_digests"] == few.image_digests

    @pytest.mark.parametrize("name", ["image_digests", "labels", "usage"])
    def test_all_of_an_entry_is_proven(
        self, csv: Path, cache: Path, few: Dataset, name: str
    ) -> None:
        load_path(csv, cache)
        (entry,) = entries(cache)
        with np.load(entry) as arrays:
            changed = dict(arrays)
        changed[name][0] = (changed[name][0] + 1) % 3
        np.savez(entry, **changed)
        found = load_path(csv, cache)
        assert found.row_digest == few.row_digest
        np.testing.assert_array_equal(found.usage, few.usage)

    def test_places_are_proven_too(self, tmp_path: Path, cache: Path, few: Dataset) -> None:
        root = write_folders(tmp_path / "faces", few)
        before = load_path(root, cache)
        (entry,) = entries(cache)
        with np.load(entry) as arrays:
            changed = dict(arrays)
        (at,) = np.flatnonzero(changed["words"] == ord("_"))[:1]
        changed["words"][at] = ord("-")
        np.savez(entry, **changed)
        assert load_path(root, cache).places == before.places

    def test_a_damaged_entry_is_made_again(self, csv: Path, cache: Path, few: Dataset) -> None:
        load_path(csv, cache)
        (entry,) = entries(cache)
        whole = entry.read_bytes()
        for place in range(0, len(whole), 487):
            damaged = bytearray(whole)
            damaged[place] ^= 0x10
            entry.write_bytes(damaged)
            found = load_path(csv, cache)
            assert found.row_digest == few.row_digest
            np.testing.assert_array_equal(found.usage, few.usage)
        for content in (b"", whole[:100], whole[:-1], b"x" * len(whole)):
            entry.write_bytes(content)
            assert load_path(csv, cache).row_digest == few.row_digest
            assert load_path(csv, cache).row_digest == few.row_digest
        assert len(entry.read_bytes()) == len(whole)

    def test_an_entry_with_other_images_is_made_again(
        self, csv: Path, cache: Path, few: Dataset
    ) -> None:
        load_path(csv, cache)
        (entry,) = entries(cache)
        with np.load(entry) as arrays:
            changed = dict(arrays)
        changed["images"][3, 7, 7] ^= 1
        np.savez(entry, **changed)
        assert load_path(csv, cache).row_digest == few.row_digest

    def test_a_cache_that_cannot_be_written_to(
        self, csv: Path, tmp_path: Path, few: Dataset
    ) -> None:
        blocked = tmp_path / "file"
        blocked.write_text("no folder")
        for _ in range(2):
            assert load_path(csv, blocked).row_digest == few.row_digest
        assert blocked.read_text() == "no folder"

    def test_nothing_is_kept_of_a_source_with_mistakes(self, csv: Path, cache: Path) -> None:
        csv.write_text(csv.read_text() + "7,1 2 3,Training\n")
        with pytest.raises(FerBenchError):
            load_path(csv, cache)
        assert entries(cache) == []

    def test_an_npz_file_is_not_kept(self, tmp_path: Path, cache: Path, few: Dataset) -> None:
        load_path(write_npz(tmp_path / "faces.npz", few), cache)
        assert entries(cache) == []

    def test_a_compressed_npz_file_is_unpacked_once(
        self, tmp_path: Path, cache: Path, few: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "faces.npz"
        np.savez_compressed(path, images=few.images, labels=few.labels, usage=few.usage)
        assert load_path(path, cache).row_digest == few.row_digest
        forbid(monkeypatch, "load_npz")
        kept = load_path(path, cache)
        assert (kept.name, kept.row_digest) == ("faces", few.row_digest)
        np.testing.assert_array_equal(kept.usage, few.usage)
