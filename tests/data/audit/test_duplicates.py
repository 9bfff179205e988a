from __future__ import annotations

import io
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from made_images import dataset_of, group_duplicates, mirrored, partition, patterns, scenes
from PIL import Image

from fer_bench.data import array_cache
from fer_bench.data.audit import LEAST_CORRELATION, SIMILARITIES
from fer_bench.data.audit.candidates import MOST_CANDIDATES
from fer_bench.data.audit.duplicates import cached_duplicates, find_duplicates

if TYPE_CHECKING:
    from pathlib import Path


def jpeg(image: np.ndarray, quality: int = 80) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file))


@st.composite
def planted(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Different pictures, some of them several times, in any order; and which is which."""
    times = draw(st.lists(st.integers(1, 4), min_size=1, max_size=6))
    which = np.array(draw(st.permutations(np.repeat(np.arange(len(times)), times).tolist())))
    return patterns(len(times), draw(st.integers(0, 99)))[which], which


class TestIdentical:
    @given(planted())
    def test_what_is_planted_is_found_whatever_the_order(self, made: tuple) -> None:
        images, which = made
        assert partition(group_duplicates(dataset_of(images))) == partition(which)

    def test_numbers_follow_the_first_occurrence(self) -> None:
        a, b, c = patterns(3)
        numbers = group_duplicates(dataset_of(np.stack([b, a, b, c, a])))
        assert numbers.tolist() == [0, 1, 0, 2, 1]
        assert numbers.dtype == np.int64

    def test_labels_do_not_matter(self) -> None:
        images = np.repeat(patterns(1), 2, axis=0)
        assert group_duplicates(dataset_of(images, [0, 1])).tolist() == [0, 0]

    def test_one_grey_level_of_one_pixel_is_a_difference(self) -> None:
        images = np.repeat(patterns(1), 2, axis=0)
        images[1, 3, 5] ^= 1
        assert group_duplicates(dataset_of(images)).tolist() == [0, 1]

    def test_pixels_in_another_shape_are_another_picture(self) -> None:
        """The same bytes shifted from one row to the next."""
        images = np.array([[[1, 2], [2, 1]], [[2, 1], [1, 2]]], np.uint8)
        assert group_duplicates(dataset_of(images)).tolist() == [0, 1]
        assert group_duplicates(dataset_of(images), "mirrored").tolist() == [0, 0]


class TestMirrored:
    def test_known_answers(self) -> None:
        a, b = patterns(2)
        images = np.stack([a, b, mirrored(a), a, mirrored(b)])
        assert group_duplicates(dataset_of(images)).tolist() == [0, 1, 2, 0, 3]
        assert group_duplicates(dataset_of(images), "mirrored").tolist() == [0, 1, 0, 0, 1]

    def test_turning_upside_down_is_not_mirroring(self) -> None:
        (a,) = patterns(1)
        assert group_duplicates(dataset_of(np.stack([a, a[::-1]])), "mirrored").tolist() == [0, 1]

    @given(planted(), st.data())
    def test_mirroring_any_images_changes_nothing(self, made: tuple, data: st.DataObject) -> None:
        images, which = made
        chosen = np.array(
            data.draw(st.lists(st.booleans(), min_size=len(which), max_size=len(which)))
        )
        turned = np.where(chosen[:, None, None], mirrored(images), images)
        assert partition(group_duplicates(dataset_of(turned), "mirrored")) == partition(which)

    @given(planted())
    def test_mirroring_twice_is_the_identity(self, made: tuple) -> None:
        images, _ = made
        again = dataset_of(mirrored(mirrored(images)))
        assert group_duplicates(again).tolist() == group_duplicates(dataset_of(images)).tolist()

    def test_a_picture_that_is_its_own_mirror_image(self) -> None:
        (a,) = patterns(1)
        even = np.maximum(a, mirrored(a))
        assert group_duplicates(dataset_of(np.stack([even, even])), "mirrored").tolist() == [0, 0]


class TestNear:
    def test_what_counts_as_nearly_the_same(self) -> None:
        a, b = patterns(2, side=48)
        noise = np.random.default_rng(5).integers(-4, 5, a.shape)
        images = np.stack(
            [
                a,
                b,
                (a * 0.7 + 20).astype(np.uint8),
                np.clip(a.astype(int) + noise, 0, 255).astype(np.uint8),
                jpeg(a),
                mirrored(jpeg(a, 60)),
                255 - a,
                a[::-1],
            ]
        )
        found_twins = find_duplicates(dataset_of(images))
        numbers, pairs = found_twins.numbers["near"], found_twins.pairs
        assert numbers.tolist() == [0, 1, 0, 0, 0, 0, 2, 3]
        alike = {0: False, 2: False, 3: False, 4: False, 5: True}
        found = {(pair.first, pair.second): pair.mirrored for pair in pairs}
        assert found == {
            (one, other): alike[one] != alike[other] for one, other in combinations(alike, 2)
        }
        assert all(LEAST_CORRELATION <= pair.correlation <= 1.000001 for pair in pairs)

    @pytest.mark.parametrize("side", [48, 100, 224])
    @pytest.mark.parametrize("turned", [False, True])
    @pytest.mark.parametrize(("down", "right"), [(1, 0), (-1, 1), (0, -2), (3, 3), (-3, 2)])
    def test_a_crop_of_the_same_picture_is_near(
        self, side: int, turned: bool, down: int, right: int
    ) -> None:
        """Moved by as many 48ths of the side."""
        wide, other = scenes(2, side + 6 * side // 48)
        y, x = ((3 + moved) * side // 48 for moved in (down, right))
        again = wide[y : y + side, x : x + side]
        one, third = (
            image[3 * side // 48 :][:side, 3 * side // 48 :][:, :side] for image in (wide, other)
        )
        images = np.stack([one, mirrored(again) if turned else again, third])
        found = find_duplicates(dataset_of(images))
        assert [(pair.first, pair.second, pair.mirrored) for pair in found.pairs] == [
            (0, 1, turned)
        ]
        assert found.pairs[0].correlation > 0.97
        assert found.numbers["near"].tolist() == [0, 0, 1]

    @pytest.mark.parametrize(("height", "width"), [(48, 160), (160, 48), (30, 96)])
    @pytest.mark.parametrize("moved", [0, 1])
    def test_images_that_are_not_square(self, height: int, width: int, moved: int) -> None:
        """Of the longer side 48 pixels are left, and a sixteenth of the shorter one is reached."""
        smaller = round(max(height, width) / 48)
        down = moved * smaller * round(min(height, width) // smaller / 16)
        wide, other = (image[: height + down, :width] for image in scenes(2, 200))
        images = np.stack([wide[:height], wide[down:], other[:height]])
        found = find_duplicates(dataset_of(images))
        if moved:
            assert [(pair.first, pair.second) for pair in found.pairs] == [(0, 1)]
            assert found.pairs[0].correlation > 0.99
        assert found.numbers["near"].tolist() == [0, 0, 1]

    def test_fine_detail_that_half_the_size_loses_does_not_hide_a_copy(self) -> None:
        """Moved by half a pixel there, such pictures correlate by less than as they are."""
        for seed in range(5):
            (wide,) = scenes(1, 49, seed, share=0.5, details=16)
            images = np.stack([wide[:48, :48], wide[1:, 1:]])
            assert len(find_duplicates(dataset_of(images)).pairs) == 1

    def test_of_both_ways_that_is_told_in_which_images_are_as_they_are(self) -> None:
        """A picture much like its mirror image, and its copy with another first pixel."""
        (a,) = scenes(1, 48)
        even = ((a.astype(int) + mirrored(a)) // 2).astype(np.uint8)
        images = np.stack([even, even])
        images[0, 0, 0] = min(int(even[0, 0]) + 9, 255)
        images[1, 0, -1] = min(int(even[0, -1]) + 5, 255)
        images[1, 5, 7] ^= 4
        (pair,) = find_duplicates(dataset_of(images)).pairs
        assert not pair.mirrored

    def test_what_is_moved_further_is_not_found(self) -> None:
        (wide,) = scenes(1, 64)
        images = np.stack([wide[8:56, 8:56], wide[0:48, 8:56]])
        assert find_duplicates(dataset_of(images)).pairs == ()

    def test_just_below_the_threshold_is_no_pair(self) -> None:
        """Of a picture and the same with noise of a known share."""
        (a,) = scenes(1, 48).astype(float)
        noise = np.random.default_rng(3).normal(size=a.shape)
        for correlation in (0.90, 0.915, 0.925, 0.94):
            share = np.sqrt(1 / correlation**2 - 1) * a.std() / noise.std()
            images = np.stack([a, a + share * noise])
            images = np.rint((images + 60) * 0.5).clip(0, 255).astype(np.uint8)
            true = np.corrcoef(images.reshape(2, -1))[0, 1]
            assert true == pytest.approx(correlation, abs=0.004)
            pairs = find_duplicates(dataset_of(images)).pairs
            assert [pair.correlation for pair in pairs] == (
                [pytest.approx(true, abs=1e-12)] if true >= LEAST_CORRELATION else []
            )

    def test_identical_and_mirror_images_are_no_pair(self) -> None:
        a, b = patterns(2, side=48)
        images = np.stack([a, b, mirrored(a), jpeg(b), a, b])
        found_twins = find_duplicates(dataset_of(images))
        numbers, pairs = found_twins.numbers["near"], found_twins.pairs
        assert numbers.tolist() == [0, 1, 0, 1, 0, 1]
        assert [(pair.first, pair.second) for pair in pairs] == [(1, 3)]

    def test_what_is_near_to_one_of_a_group_belongs_to_it(self) -> None:
        a, b = patterns(2, side=48).astype(float)
        steps = np.linspace(0, 0.5, 6)[:, None, None]
        images = ((1 - steps) * a + steps * b).astype(np.uint8)
        ends = dataset_of(images[[0, -1]])
        assert group_duplicates(ends, "near").tolist() == [0, 1]
        assert group_duplicates(dataset_of(images), "near").tolist() == [0] * 6

    @settings(max_examples=examples(10))
    @given(
        st.permutations(range(9)),
        st.integers(0, 9),
        st.lists(st.booleans(), min_size=9, max_size=9),
    )
    def test_neither_order_nor_mirroring_matters(
        self, order: list[int], seed: int, turned: list[bool]
    ) -> None:
        a, b, c = patterns(3, seed, 48)
        images = np.stack([a, b, c, jpeg(a), jpeg(b), mirrored(a), a, b, mirrored(jpeg(c))])
        wanted = [0, 1, 2, 0, 1, 0, 0, 1, 2]
        images = np.where(np.array(turned)[:, None, None], mirrored(images), images)[order]
        numbers = group_duplicates(dataset_of(images), "near")
        assert partition(numbers) == partition(np.array(wanted)[order])

    @settings(max_examples=examples(15))
    @given(
        st.integers(0, 99),
        st.sampled_from([(0, 0), (0, 1), (-1, 0), (1, -1), (0, 2), (2, 0)]),
        st.floats(0.4, 1),
        st.integers(36, 48),
        st.booleans(),
        st.booleans(),
    )
    def test_what_is_planted_is_found(
        self,
        seed: int,
        shift: tuple[int, int],
        contrast: float,
        side: int,
        compressed: bool,
        turned: bool,
    ) -> None:
        """Shifted, rescaled, darker, compressed and mirrored in any combination."""
        wide = scenes(12, 52, seed)
        down, right = shift
        copy = Image.fromarray(wide[5, 2 + down : 50 + down, 2 + right : 50 + right])
        small = np.asarray(copy.resize((side, side), Image.Resampling.BOX).resize((48, 48)))
        changed = np.rint(contrast * small + (1 - contrast) * 100).astype(np.uint8)
        changed = jpeg(changed) if compressed else changed
        changed = mirrored(changed) if turned else changed
        found = find_duplicates(dataset_of(np.concatenate([wide[:, 2:50, 2:50], changed[None]])))
        pairs = [(pair.first, pair.second, pair.mirrored) for pair in found.pairs]
        plain = shift == (0, 0) and side == 48 and contrast == 1 and not compressed
        assert pairs == ([] if plain else [(5, 12, turned)])
        assert partition(found.numbers["near"]) == {frozenset({5, 12})} | {
            frozenset({row}) for row in range(12) if row != 5
        }

    def test_images_that_are_all_alike_are_one_group_of_few_pairs(self) -> None:
        n, random = 150, np.random.default_rng(0)
        images = (scenes(1, 48) * 0.8 + random.integers(0, 9, (n, 48, 48))).astype(np.uint8)
        found = find_duplicates(dataset_of(images))
        assert set(found.numbers["near"]) == {0}
        assert n - 1 <= len(found.pairs) <= n * MOST_CANDIDATES

    def test_images_of_one_grey_level_are_near_to_none(self) -> None:
        levels = np.array([0, 255, 0, 1, 7], np.uint8)
        images = np.broadcast_to(levels[:, None, None], (5, 16, 16)).copy()
        images[4, 0, 0] = 8
        assert group_duplicates(dataset_of(images), "near").tolist() == [0, 1, 0, 2, 3]

    def test_it_tells_how_far_it_is(self) -> None:
        told = []
        find_duplicates(dataset_of(patterns(3)), lambda *what: told.append(what))
        assert told == [("comparing images", 0, 3), ("comparing images", 3, 3)]


@given(planted(), st.integers(0, 9))
@settings(max_examples=examples(10))
def test_each_likeness_holds_the_stricter_ones(made: tuple, seed: int) -> None:
    images, _ = made
    turned = np.random.default_rng(seed).random(len(images)) < 0.5
    images = np.where(turned[:, None, None], mirrored(images), images)
    groups = [
        partition(group_duplicates(dataset_of(images), likeness)) for likeness in SIMILARITIES
    ]
    for strict, loose in pairwise(groups):
        assert all(any(one <= other for other in loose) for one in strict)


@pytest.mark.parametrize("likeness", SIMILARITIES)
def test_no_image(likeness: str) -> None:
    assert group_duplicates(dataset_of(patterns(0)), likeness).shape == (0,)


def test_an_unknown_version_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(name: str) -> str:
        raise array_cache.metadata.PackageNotFoundError(name)

    images = dataset_of(patterns(2)[[0, 1, 0]])
    wanted = find_duplicates(images).numbers["near"].tolist()
    monkeypatch.setattr(array_cache.metadata, "version", unknown)
    for cache in (None, tmp_path):
        assert cached_duplicates(images, cache).numbers["near"].tolist() == wanted
    assert not list(tmp_path.iterdir())
