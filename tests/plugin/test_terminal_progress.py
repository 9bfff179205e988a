from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.plugin.terminal_progress import CellCount


def test_a_cell_is_named_with_its_place_and_the_time_left():
    count = CellCount(3)
    assert count.begin("mini-random-1", "Mini random", 100.0) == "Mini random (cell 1 of 3)"
    # 60 s for the first of three cells: 120 s for the other two.
    assert count.begin("mini-random-2", "Mini random", 160.0).endswith(
        "(cell 2 of 3, about 2 min left)"
    )
    # Training the same cell again does not count it twice.
    assert count.begin("mini-random-2", "Mini random", 170.0).endswith(
        "(cell 2 of 3, about 2 min left)"
    )
    assert count.begin("mini-random-3", "Mini random", 180.0).endswith(
        "(cell 3 of 3, about 40 s left)"
    )


def test_a_single_cell_has_no_place():
    assert CellCount(1).begin("mini-random-1", "Mini random", 0.0) == "Mini random"


@pytest.mark.parametrize(
    ("elapsed", "text"),
    [(0.4, "0 s"), (89.4, "89 s"), (90, "2 min"), (5390, "90 min"), (5400, "1.5 h")],
)
def test_durations(elapsed, text):
    count = CellCount(2)
    count.begin("a", "A", 0.0)
    assert count.begin("b", "B", elapsed) == f"B (cell 2 of 2, about {text} left)"


@given(st.lists(st.sampled_from("abcde"), max_size=12), st.integers(2, 5))
def test_the_place_never_exceeds_the_total(cells, total):
    count = CellCount(total)
    for now, cell in enumerate(cells):
        place = int(count.begin(cell, cell, float(now)).split("cell ")[1].split()[0])
        assert 1 <= place <= total
