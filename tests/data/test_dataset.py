from __future__ import annotations

import hashlib

import numpy as np
import pytest

from fer_bench.data import EMOTIONS, Dataset
from fer_bench.runtime.errors import FerBenchError


def dataset_of(**changes: object) -> Dataset:
    """Two images, the second a black one."""
    fields = {
        "images": np.array([[[1, 2, 3]], [[0, 0, 0]]], np.uint8),
        "labels": np.array([1, 0], np.uint8),
        "classes": ("Angry", "Happy"),
        "name": "faces",
        "usage": np.array([0, 2], np.uint8),
    }
    return Dataset(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "problem", "accepted"),
    [
        ({"images": np.zeros((2, 1, 3))}, "images are float64 of shape (2, 1, 3)", "uint8 of "),
        ({"images": np.zeros((2, 3), np.uint8)}, "images are uint8 of shape (2, 3)", "uint8 of "),
        ({"labels": np.array([0, 1])}, "labels are int64 of shape (2,)", "uint8 of shape (2,)"),
        (
            {"labels": np.array([0], np.uint8)},
            "labels are uint8 of shape (1,)",
            "uint8 of shape (2,)",
        ),
        (
            {"usage": np.array([0], np.uint8)},
            "usage are uint8 of shape (1,)",
            "uint8 of shape (2,)",
        ),
        ({"labels": np.array([0, 2], np.uint8)}, "label 2 ", "0 to 1"),
        ({"places": ("a.png",)}, "1 places for 2 images", "one "),
        ({"usage": np.array([0, 3], np.uint8)}, "usage 3 ", "0 to 2 (Training, "),
    ],
)
def test_what_does_not_fit_together(changes: dict, problem: str, accepted: str) -> None:
    with pytest.raises(FerBenchError) as raised:
        dataset_of(**changes)
    assert raised.value.problem.startswith(f"faces: {problem}")
    assert raised.value.accepted.startswith(accepted)


def test_places_go_with_their_images() -> None:
    dataset = dataset_of(places=("a.png", "b.png"))
    assert dataset.take(np.array([1, 0, 1])).places == ("b.png", "a.png", "b.png")
    assert dataset.renamed("others").places == dataset.places
    assert dataset.digest == dataset_of().digest
    assert dataset_of().take(np.array([1])).places is None


def test_no_image() -> None:
    none = np.zeros(0, np.uint8)
    assert len(Dataset(np.zeros((0, 1, 1), np.uint8), none, EMOTIONS, "none", none)) == 0


def test_known_answers() -> None:
    def digest(data: bytes) -> bytes:
        return hashlib.blake2b(data, digest_size=16).digest()

    rows = [digest(b"\1\1\2\3"), digest(b"\0\0\0\0")]
    header = b"('fer_bench dataset 1', (2, 1, 3), ('Angry', 'Happy'))"
    dataset = dataset_of()
    assert dataset.image_digests == rows
    assert dataset.row_digest == hashlib.sha256(header + b"".join(rows)).hexdigest()
    assert dataset.digest == hashlib.sha256(header + b"".join(sorted(rows))).hexdigest()


def test_the_order_counts_in_one_of_the_digests() -> None:
    # One of two orders is that of the digests, in which both would look alike.
    there, back = dataset_of(), dataset_of().take(np.array([1, 0]))
    assert there.digest == back.digest
    assert there.row_digest != back.row_digest


def test_a_new_name_costs_no_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = dataset_of()
    wanted = dataset.row_digest
    monkeypatch.setattr(hashlib, "blake2b", None)
    renamed = dataset.renamed("others")
    assert (renamed.name, dataset.name) == ("others", "faces")
    assert (renamed.row_digest, len(renamed.digest)) == (wanted, 64)
