import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from made_images import dataset_of, patterns

from fer_bench.data import Split
from fer_bench.data.audit import LEAST_SPREAD, MOST_OF_ONE_LEVEL
from fer_bench.data.audit.blank_images import Blanks, blanks
from fer_bench.data.audit.complete_audit import ClassBalance, balance


def image(n_of_one_level, size=100):
    """Return an image whose other pixels each have a level of their own."""
    levels = np.zeros(size, np.uint8)
    levels[n_of_one_level:] = 1 + np.arange(size - n_of_one_level)
    return levels.reshape(10, -1)


def test_known_answers():
    least = int(np.ceil(100 * MOST_OF_ONE_LEVEL))
    images = np.stack([image(100), image(99), image(least), image(least - 1), image(1)])
    assert blanks(images) == Blanks((0,), (1, 2))
    assert blanks(images[::-1]) == Blanks((4,), (2, 3))


def test_white_is_as_empty_as_black():
    assert blanks(np.full((2, 3, 3), 255, np.uint8)) == Blanks((0, 1), ())


def test_little_contrast_is_next_to_nothing():
    chess = np.indices((2, 10, 10)).sum(axis=0) % 2  # half of the pixels each
    chess[1] *= 9
    chess[0] *= 10
    assert blanks(chess.astype(np.uint8)) == Blanks((), (1,))  # deviations of 5 and 4.5


def test_little_contrast_may_lie_on_a_quarter_of_the_pixels():
    image = np.full((10, 10), 38) + np.arange(100).reshape(10, 10) % 3
    image[::2, ::2] = np.where(np.indices((5, 5)).sum(axis=0) % 2, 30, 48)
    assert image[::2, ::2].std() > LEAST_SPREAD > image.std()
    assert blanks(image[None].astype(np.uint8)) == Blanks((), (0,))


def test_no_image():
    assert blanks(np.zeros((0, 3, 3), np.uint8)) == Blanks((), ())


@given(
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(0, 99),
    st.lists(st.tuples(st.integers(1, 80), st.integers(0, 81), st.booleans()), max_size=12),
)
def test_they_are_those_of_looking_at_each_image(height, width, seed, made):
    random = np.random.default_rng(seed)
    images = np.zeros((len(made), height, width), np.uint8)
    for image, (levels, of_one, in_order) in zip(images, made, strict=True):
        flat = image.reshape(-1)
        flat[:] = 40 + random.integers(levels, size=flat.size)
        flat[:of_one] = 7 if in_order else 40
        if not in_order:
            random.shuffle(flat)
    most = np.array([np.bincount(image.ravel()).max() for image in images], int)
    whole, spread = height * width, [image.std() for image in images]
    assert blanks(images) == Blanks(
        tuple(row for row in range(len(made)) if most[row] == whole),
        tuple(
            row
            for row in range(len(made))
            if most[row] < whole
            and (most[row] >= MOST_OF_ONE_LEVEL * whole or spread[row] < LEAST_SPREAD - 1e-9)
        ),
    )


@given(st.integers(0, 255), st.integers(0, 99))
def test_images_are_not_empty(level, seed):
    images = patterns(2, seed)
    assert blanks(images) == Blanks((), ())
    images[1] = level
    assert blanks(images) == Blanks((1,), ())


def test_balance():
    dataset = dataset_of(patterns(6), [1, 0, 1, 1, 2, 0], classes=("a", "b", "c", "d"))
    rows = [np.array(part) for part in ([0, 1, 2], [3], [5, 4])]
    assert balance(dataset, Split("paper", *rows)) == (
        ClassBalance("a", 2, 1, 0, 1),
        ClassBalance("b", 3, 2, 1, 0),
        ClassBalance("c", 1, 0, 0, 1),
        ClassBalance("d", 0, 0, 0, 0),
    )
