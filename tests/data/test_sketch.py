import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.data import load_dataset
from fer_bench.data.dataset import EMOTIONS
from fer_bench.data.synthetic import drawing, sketch, sketch_identities
from fer_bench.data.synthetic.drawing import draw_faces
from fer_bench.data.synthetic.expressions import (
    ACTION_UNITS,
    CONFUSED_WITH,
    PROTOTYPES,
    RESTING_CHANCE,
    SHAPE,
    draw_intensities,
    draw_resting_faces,
    shape_of,
    vary,
)
from fer_bench.data.synthetic.generator import (
    FER2013_COUNTS,
    LABEL_NOISE,
    class_counts,
    shown_emotions,
)
from fer_bench.data.synthetic.portable_random import (
    bell,
    draw_parameters,
    generator_of,
    permutation,
)
from fer_bench.data.synthetic.subjects import FEATURES, STYLE, TRAITS, VIEWS
from fer_bench.runtime.errors import FerBenchError

ROW_DIGEST = "541d483f6cca70addabce084e20b7d190a058f2e0c2ae99b6de48a82664bc427"

UNITS = list(ACTION_UNITS)
EMOTION_CODE = {emotion: code for code, emotion in enumerate(EMOTIONS)}


def plain_views(n):
    """Return the middle of every range, straight, without yaw, blur and noise."""
    views = {name: np.full(n, (low + high) / 2) for name, (low, high) in VIEWS.items()}
    for name in ("blur", "noise"):
        views[name] = np.zeros(n)
    return views


def draw(intensities, seed=0, style=True):
    """One picture for each row, all of one person under one plain view."""
    n = len(intensities)
    person = draw_parameters(TRAITS, 1, generator_of(seed))
    traits = {name: np.repeat(value, n) for name, value in person.items()}
    if not style:
        for name in ("beard", "moustache", "glasses"):
            traits[name] = np.full(n, -1.0)
    images = draw_faces(traits, shape_of(intensities), plain_views(n), generator_of(0))
    return images.astype(int)


def only(unit, intensity=1.0):
    row = np.zeros((1, len(UNITS)))
    row[0, UNITS.index(unit)] = intensity
    return row


@pytest.fixture(scope="module")
def default(tmp_path_factory):
    return load_dataset("sketch", cache_dir=tmp_path_factory.mktemp("cache"))


# The data set


def test_same_seed_gives_same_bytes():
    first, second = sketch(150, seed=5), sketch(150, seed=5)
    assert first.row_digest == second.row_digest
    assert np.array_equal(first.usage, second.usage)


def test_another_seed_gives_other_images_labels_and_usages():
    first, second = sketch(150, seed=5), sketch(150, seed=6)
    assert not (first.images == second.images).all(axis=(1, 2)).any()
    assert not np.array_equal(first.labels, second.labels)
    assert not np.array_equal(first.usage, second.usage)


def test_the_default_is_loaded_by_its_name(default):
    assert default.name == "sketch"
    assert all(default.counts.values())


def test_default_is_the_same_on_every_machine(default):
    assert default.row_digest == ROW_DIGEST


def test_size_of_the_blocks_changes_nothing(monkeypatch):
    whole = sketch(100).images
    monkeypatch.setattr(drawing, "BLOCK", 7)
    assert np.array_equal(sketch(100).images, whole)


def test_default_is_a_tenth_of_fer2013(default):
    assert default.name == "sketch"
    assert default.classes == EMOTIONS
    assert default.images.shape == (3589, 48, 48)
    assert list(default.counts.values()) == [495, 55, 512, 899, 608, 400, 620]
    for count, of_fer2013 in zip(default.counts.values(), FER2013_COUNTS, strict=True):
        assert abs(count - of_fer2013 / 10) < 1


@given(st.integers(1, 100_000))
def test_class_counts_keep_the_shares_and_add_up(n_images):
    counts = class_counts(n_images)
    assert counts.sum() == n_images
    assert (np.abs(counts - n_images * np.array(FER2013_COUNTS) / 35_887) < 1).all()


def test_class_counts_of_fer2013_itself():
    assert tuple(class_counts(35_887)) == FER2013_COUNTS


@pytest.mark.parametrize("n_images", [-5, 0, 1, 35])
def test_too_few_images_for_all_classes(n_images):
    with pytest.raises(
        FerBenchError, match=rf"sketch with {n_images} images.*at least 36"
    ) as caught:
        sketch(n_images)
    assert "\n" not in str(caught.value)


def test_smallest_accepted_size_has_all_classes():
    assert min(sketch(36).counts.values()) == 1


def test_usages_hold_80_10_10_percent_and_every_class(default):
    assert np.bincount(default.usage).tolist() == [2871, 359, 359]
    for usage in range(3):
        assert set(default.labels[default.usage == usage]) == set(range(7))


def test_labels_and_usages_are_in_no_order(default):
    half = len(default) // 2
    for values in (default.labels, default.usage):
        assert abs(values[:half].mean() - values[half:].mean()) < 0.2


def test_images_use_the_grey_levels_and_differ(default):
    assert default.images.min() == 0
    assert default.images.max() == 255
    assert default.images.std(axis=(1, 2)).min() > 5
    assert len({image.tobytes() for image in default.images}) == len(default)


# Label noise


@given(st.integers(50, 3000), st.integers(0, 2**32))
def test_label_noise_is_exact_and_goes_to_confusable_emotions(n, seed):
    labels = np.arange(n) % 7
    shown = shown_emotions(labels, generator_of(seed))
    wrong = np.flatnonzero(shown != labels)
    assert len(wrong) == round(LABEL_NOISE * n)
    for row in wrong:
        assert EMOTIONS[shown[row]] in CONFUSED_WITH[EMOTIONS[labels[row]]]


def test_every_confusion_occurs():
    labels = np.arange(7000) % 7
    shown = shown_emotions(labels, generator_of(1))
    seen = {(EMOTIONS[a], EMOTIONS[b]) for a, b in zip(labels, shown, strict=True) if a != b}
    assert seen == {(label, other) for label in EMOTIONS for other in CONFUSED_WITH[label]}


def test_label_noise_changes_images_and_not_labels(monkeypatch):
    noisy = sketch(200)
    monkeypatch.setattr("fer_bench.data.synthetic.generator.LABEL_NOISE", 0.0)
    clean = sketch(200)
    assert np.array_equal(noisy.labels, clean.labels)
    assert (noisy.images != clean.images).any(axis=(1, 2)).sum() == round(LABEL_NOISE * 200) == 8


# Action units


def test_tables_speak_of_each_other():
    assert tuple(PROTOTYPES) == EMOTIONS
    assert tuple(CONFUSED_WITH) == EMOTIONS
    assert {part for unit in ACTION_UNITS.values() for part in unit.moves} == set(SHAPE)
    assert {unit for prototype in PROTOTYPES.values() for unit in prototype} == set(UNITS)
    assert not FEATURES.keys() & STYLE.keys()


@pytest.mark.parametrize("unit", UNITS)
def test_every_action_unit_changes_the_image(unit):
    for seed in range(3):
        rest, half, full = draw(
            np.concatenate([only(unit, 0.0), only(unit, 0.5), only(unit)]), seed
        )
        assert (np.abs(full - rest) > 8).sum() >= 8
        assert (half != rest).any()
        assert (half != full).any()


@pytest.mark.parametrize("unit", UNITS)
def test_action_units_stay_in_their_half_of_the_face(unit):
    rest, moved = draw(np.concatenate([only(unit, 0.0), only(unit)]), style=False)
    rows = np.flatnonzero((rest != moved).any(axis=1))
    if unit in (1, 2, 4, 5, 6, 7):
        assert rows.max() < 30
    elif unit not in (9, 10):  # these two move the nose as well
        assert rows.min() > 22


def test_smile_lifts_and_sadness_lowers_the_corners_of_the_mouth():
    shape = shape_of(np.concatenate([only(12), only(15)]))
    assert shape["corner_down"][0] < 0 < shape["corner_down"][1]


def test_shape_is_linear_in_the_intensities():
    generator = generator_of(3)
    a, b = generator.random((2, 5, len(UNITS)))
    together, first, second = shape_of(a + 2 * b), shape_of(a), shape_of(b)
    for part in SHAPE:
        assert together[part] == pytest.approx(first[part] + 2 * second[part])


def test_open_mouth_of_surprise_is_dark_and_that_of_a_neutral_face_is_not():
    surprise = only(25) + only(26)
    rest, opened = draw(np.concatenate([only(26, 0.0), surprise]), style=False)
    mouth = np.s_[34:46, 20:28]
    assert (opened[mouth] < 60).sum() > (rest[mouth] < 60).sum() + 12


def test_prototypes_differ_on_the_same_faces():
    rows = []
    for prototype in PROTOTYPES.values():
        row = np.zeros(len(UNITS))
        for unit, (often, intensity) in prototype.items():
            row[UNITS.index(unit)] = intensity if often >= 0.5 else 0
        rows.append(row)
    for seed in range(3):
        images = draw(np.array(rows), seed)
        for a, b in itertools.combinations(range(7), 2):
            assert np.abs(images[a] - images[b]).mean() > 1.5, (EMOTIONS[a], EMOTIONS[b])


def test_intensities_follow_the_prototypes():
    codes = np.repeat(np.arange(7), 4000)
    intensities = draw_intensities(codes, generator_of(4)).reshape(7, 4000, len(UNITS))
    assert (intensities >= 0).all()
    for emotion, drawn in zip(EMOTIONS, intensities, strict=True):
        for column, unit in enumerate(UNITS):
            often, _ = PROTOTYPES[emotion].get(unit, (0.0, 0.0))
            # A spontaneous unit takes part in 6 % of all faces, whatever the emotion.
            assert (drawn[:, column] > 0).mean() == pytest.approx(
                often + (1 - often) * 0.06, abs=0.03
            )


def test_fear_shares_more_with_surprise_than_with_happiness():
    def common(a, b):
        one, other = PROTOTYPES[a], PROTOTYPES[b]
        return sum(min(one[u][0], other[u][0]) for u in one.keys() & other.keys())

    assert common("Fear", "Surprise") > 3 > 2 * common("Fear", "Happy")


def test_faces_vary_about_what_they_mean_to_show():
    meant = np.tile(only(12), (2000, 1))
    varied = vary(meant, generator_of(5))
    smile = varied[:, UNITS.index(12)]
    assert smile.min() >= 0.6
    assert smile.mean() == pytest.approx(1.0, abs=0.02)
    assert smile.std() > 0.1


# Drawing


def test_parts_never_reach_beyond_the_rows_they_are_drawn_in(monkeypatch):
    """At the ends of all ranges, with every unit at full strength or at rest."""
    n, generator = 400, generator_of(6)

    def ends(ranges):
        return {
            name: np.where(generator.random(n) < 0.5, low, high)
            for name, (low, high) in ranges.items()
        }

    traits, views = ends(TRAITS), ends(VIEWS)
    shape = shape_of(np.where(generator.random((n, len(UNITS))) < 0.5, 1.5, 0.0))
    images = draw_faces(traits, shape, views, generator_of(7))
    for rows in ("BROW_ROWS", "EYE_ROWS", "NOSE_ROWS", "MOUTH_ROWS"):
        monkeypatch.setattr(drawing, rows, slice(0, 48))
    assert np.array_equal(draw_faces(traits, shape, views, generator_of(7)), images)


def test_each_trait_and_view_changes_the_image():
    n = 4
    traits = draw_parameters(TRAITS, n, generator_of(8))
    traits["beard"][:] = traits["moustache"][:] = 0.5
    views = draw_parameters(VIEWS, n, generator_of(9))
    shape = shape_of(np.full((n, len(UNITS)), 0.4))
    images = draw_faces(traits, shape, views, generator_of(0))
    for parameters, ranges in ((traits, TRAITS), (views, VIEWS)):
        for name, (low, high) in ranges.items():
            moved = parameters | {name: parameters[name] + (high - low) / 2}
            pair = (moved, views) if parameters is traits else (traits, moved)
            changed = draw_faces(pair[0], shape, pair[1], generator_of(0))
            assert (changed != images).any(), name


def test_a_face_looking_straight_ahead_is_symmetric_but_for_the_light_on_its_nose():
    image = draw(only(12), style=False)[0]
    difference = np.abs(image - image[:, ::-1])
    assert (difference[:, :18] <= 1).all()
    assert difference.max() > 5


def test_turning_the_head_moves_the_nose_to_that_side():
    n = 3
    traits = {name: np.full(n, (low + high) / 2) for name, (low, high) in TRAITS.items()}
    traits["glasses"][:] = -1
    views = plain_views(n)
    views["yaw"] = np.array([-1.0, 0.0, 1.0])
    images = draw_faces(traits, shape_of(np.zeros((n, len(UNITS)))), views, generator_of(0))
    nostrils = 255.0 - images[:, 27:31, 12:36]
    weight = np.clip(nostrils - np.median(nostrils), 30, None).sum(axis=1) - 4 * 30
    centre = (weight * np.arange(24)).sum(axis=1) / weight.sum(axis=1)
    assert centre[0] < centre[1] < centre[2]


# Chance


@given(st.integers(0, 200), st.integers(0, 2**32))
def test_permutation_holds_every_row_once(n, seed):
    assert sorted(permutation(n, generator_of(seed))) == list(range(n))


def test_bell_stays_between_0_and_1_and_favours_the_middle():
    drawn = bell(generator_of(2), 10_000)
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert drawn.std() == pytest.approx(1 / 6, abs=0.01)


# Identities


def test_identities_are_in_blocks_and_reproducible():
    images, who = sketch_identities(6, 5, seed=3)
    assert images.shape == (30, 48, 48)
    assert images.dtype == np.uint8
    assert who.dtype == np.int64
    assert who.tolist() == [i for i in range(6) for _ in range(5)]
    again, _ = sketch_identities(6, 5, seed=3)
    assert np.array_equal(images, again)
    others, _ = sketch_identities(6, 5, seed=4)
    assert not (images == others).all(axis=(1, 2)).any()


def test_identities_are_not_those_of_the_data_set():
    images, _ = sketch_identities(36, 1, seed=5)
    assert not (images == sketch(36, seed=5).images).all(axis=(1, 2)).any()


@pytest.mark.parametrize(("identities", "each"), [(0, 5), (5, 0), (-1, 1)])
def test_no_identities(identities, each):
    with pytest.raises(FerBenchError, match=f"{identities} identities with {each} images"):
        sketch_identities(identities, each, seed=1)


def test_one_persons_images_resemble_each_other_more_than_others_do():
    people, each = 10, 60
    images, who = sketch_identities(people, each, seed=3)
    flat = images.reshape(len(images), -1) / 255
    flat = flat - flat.mean(axis=1, keepdims=True)
    known = np.tile(np.arange(each) < 40, people)
    means = np.stack([flat[known & (who == person)].mean(axis=0) for person in range(people)])
    distance = ((flat[~known][:, None] - means) ** 2).sum(axis=2)
    assert (distance.argmin(axis=1) == who[~known]).mean() > 2 / people


def test_resting_faces_hold_action_units_of_their_own():
    resting = draw_resting_faces(3000, generator_of(1))
    held = resting[resting > 0]
    assert len(held) / resting.size == pytest.approx(RESTING_CHANCE, abs=0.01)
    assert len(np.unique(resting > 0, axis=0)) > 2000


# How hard it is


@pytest.fixture(scope="module")
def linear(default):
    """Test labels and predictions of a linear classifier on raw pixels, the paper's split."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from threadpoolctl import threadpool_limits

    n = len(default)
    rest, test = train_test_split(
        np.arange(n), test_size=round(0.2 * n), stratify=default.labels, random_state=42
    )
    train, _ = train_test_split(
        rest, test_size=round(0.1 * n), stratify=default.labels[rest], random_state=42
    )
    pixels = default.images.reshape(n, -1) / np.float32(255)
    pixels -= pixels[train].mean(axis=0)
    model = LogisticRegression(C=0.1, max_iter=40)
    # Two threads take more of the processor than one: they wait for each other in small products.
    with warnings.catch_warnings(), threadpool_limits(1, "blas"):
        # Stopped early on purpose: more steps only learn the training images by heart.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(pixels[train], default.labels[train])
    return default.labels[test], model.predict(pixels[test])


def test_a_linear_classifier_is_well_above_chance_and_well_below_perfect(linear):
    labels, predicted = linear
    majority = np.bincount(labels).max() / len(labels)
    accuracy = (labels == predicted).mean()
    assert majority + 0.15 < accuracy
    assert 0.45 < accuracy < 0.7


def test_fear_is_taken_for_surprise_more_than_happiness_for_sadness(linear):
    labels, predicted = linear

    def confused(a, b):
        one, other = EMOTION_CODE[a], EMOTION_CODE[b]
        both = (labels == one) | (labels == other)
        swapped = both & ((predicted == one) | (predicted == other)) & (predicted != labels)
        return swapped.sum() / both.sum()

    assert confused("Fear", "Surprise") > confused("Happy", "Sad") + 0.03
