"""Pixels written as decimal text, many rows at a time.

Every byte is looked at by a few vectorised operations, which is several times faster than
converting number by number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MARGIN = 2
"""Bytes to leave free before the first row: the first number is then read like all others."""

_SPACE = np.uint8(ord(" "))
_LAST_BEFORE_DIGITS, _LAST_DIGIT = np.uint8(ord("0") - 1), ord("9")
_LOW_BITS = np.uint8(0b1111)
_FILLER = np.uint8(0)
_TWO, _TEN, _HUNDRED = np.uint8(2), np.uint8(10), np.uint8(100)


class PlainPixelReader:
    """Reads rows of numbers that stand in the plainest form there is.

    That form is: numbers from 0 to 255 without leading zeros, one space between them, nothing
    before or behind them. Rows in any other form are refused, right or wrong, for a slower
    reader to judge.

    A reader keeps its working memory from call to call: to have it from the system each time
    takes longer than the arithmetic.
    """

    def __init__(self) -> None:
        self._memory = np.empty((5, 0), np.uint8)

    def read(
        self, text: NDArray[np.uint8], spans: Sequence[tuple[int, int]], out: NDArray[np.uint8]
    ) -> bool:
        """Reads some rows.

        Args:
            text: uint8, shape (bytes,), holds the rows; overwritten up to the byte behind the
                last of them.
            spans: for each row, where it starts in ``text`` and where it has ended. They ascend,
                the first starts at ``MARGIN`` or later, with at least three bytes between rows
                and one behind the last.
            out: uint8, C-contiguous, shape (len(spans), pixels in a row); receives the numbers.

        Returns:
            True if every row is in the plain form and has ``out.shape[1]`` numbers. With False,
            the content of ``out`` means nothing.
        """
        text = text[: spans[-1][1] + 1]
        n_filled = _isolate(text, spans)
        n = len(text)
        if self._memory.shape[1] < max(n, out.size):
            self._memory = np.empty((5, max(n, out.size)), np.uint8)
        memory, flags = self._memory, self._memory.view(np.bool_)

        if text.max() > _LAST_DIGIT:
            return False
        is_digit = np.greater(text, _LAST_BEFORE_DIGITS, out=flags[0, :n])
        n_digits = np.count_nonzero(is_digit)
        # Arrays that start at byte 3 belong to numbers by the space that closes them.
        closes = np.equal(text[3:], _SPACE, out=flags[1, : n - 3])
        closes_nothing = np.greater(memory[1, : n - 3], memory[0, 2 : n - 1], out=flags[2, : n - 3])
        if closes_nothing.any():
            return False
        # The low bits are the value of a digit, and 0 for a space.
        units = np.bitwise_and(text, _LOW_BITS, out=memory[2, :n])
        # The number closed at byte i has its digits at i-1, i-2 and i-3. A hundreds digit counts
        # only before another digit, and only up to 2.
        has_hundreds = np.less_equal(units[:-3], _TWO, out=flags[3, : n - 3])
        has_hundreds &= is_digit[1:-2]
        tens = np.multiply(units, _TEN, out=memory[0, :n])
        numbers = np.multiply(tens[:-3], _TEN, out=memory[4, : n - 3])
        numbers *= memory[3, : n - 3]
        numbers += tens[1:-2]
        numbers += units[2:-1]

        ends = np.flatnonzero(closes)
        if len(ends) != out.size:
            return False
        row_ends = np.array([end for _, end in spans]) - 3
        if not np.array_equal(ends.reshape(out.shape)[:, -1], row_ends):
            return False
        numbers.take(ends, out=out.reshape(-1), mode="clip")

        # A number read as v took at least as many digits as v needs. It took more exactly if it
        # is above 255 (300 to 999 lose their hundreds, 256 to 299 wrap around to 0 to 43, longer
        # ones are cut to three digits) or has leading zeros. So one sum finds every such number.
        reaches = flags[0, : out.size].reshape(out.shape)
        n_needed = out.size
        for least in (_TEN, _HUNDRED):
            n_needed += int(np.count_nonzero(np.greater_equal(out, least, out=reaches)))
        only_digits_and_spaces = n_filled + n_digits + len(ends) == n
        return bool(only_digits_and_spaces and n_digits == n_needed)


def _isolate(text: NDArray[np.uint8], spans: Sequence[tuple[int, int]]) -> int:
    """Closes each row by a space and fills the rest; returns the number of fillers."""
    closed = 0
    n_filled = 0
    for start, end in spans:
        text[closed:start] = _FILLER
        text[end] = _SPACE
        n_filled += start - closed
        closed = end + 1
    return n_filled
