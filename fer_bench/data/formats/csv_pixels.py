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
_DIGIT_BIT = np.uint8(ord("0") ^ ord(" "))
_VALUE_BITS = np.uint8(0b1111)
_NINE = ord("9") ^ ord(" ")
_TEN, _HUNDRED = np.uint8(10), np.uint8(100)
_TOO_MANY_TENS = np.uint8(26)


class PlainPixelReader:
    """Reads rows of numbers that stand in the plainest form there is.

    That form is: numbers from 0 to 255 without leading zeros, one space between them, nothing
    before or behind them. Rows in any other form are refused, right or wrong, for a slower
    reader to judge.

    A reader keeps its working memory from call to call: to have it from the system each time
    takes longer than the arithmetic.
    """

    def __init__(self) -> None:
        self._memory = np.empty((6, 0), np.uint8)

    def read(
        self, text: NDArray[np.uint8], spans: Sequence[tuple[int, int]], out: NDArray[np.uint8]
    ) -> bool:
        """Reads some rows.

        Args:
            text: uint8, shape (bytes,), holds the rows; overwritten up to the byte behind the
                last of them.
            spans: for each row, where it starts in ``text`` and where it has ended. They ascend,
                the first starts at ``MARGIN`` or later, with at least two bytes between rows and
                one behind the last.
            out: uint8, C-contiguous, shape (len(spans), pixels in a row); receives the numbers.

        Returns:
            True if every row is in the plain form and has ``out.shape[1]`` numbers. With False,
            the content of ``out`` means nothing.
        """
        text = text[: spans[-1][1] + 1]
        n_outside = _blank_outside(text, spans)
        n = len(text)
        if self._memory.shape[1] < max(n, out.size):
            self._memory = np.empty((6, max(n, out.size)), np.uint8)
            self._memory[5] = _TOO_MANY_TENS
        memory, flags = self._memory, self._memory.view(np.bool_)

        # A space becomes 0 and a digit its value plus the digit bit. What is neither becomes
        # more than a nine, or has no digit bit and is not 0.
        codes = np.bitwise_xor(text, _SPACE, out=memory[0, :n])
        digit = np.bitwise_and(codes, _DIGIT_BIT, out=memory[1, :n])
        n_digits = int(np.count_nonzero(digit))
        if codes.max() > _NINE or np.count_nonzero(codes) != n_digits:
            return False

        # The number that has ended at byte i has its digits at i-1, i-2 and i-3. A digit counts
        # tenfold or more only before another digit. Arrays below start at byte 3, or as many
        # bytes before as their digit stands before the end.
        units = np.bitwise_and(codes, _VALUE_BITS, out=memory[2, :n])
        leading = np.minimum(units[:-1], digit[1:], out=memory[3, : n - 1])
        hundreds = np.multiply(leading[:-1], _TEN, out=memory[0, : n - 2])
        numbers = np.add(leading[1:], hundreds, out=memory[4, : n - 2])[:-1]
        # Between arrays this is vectorised; between an array and a number it is not.
        np.minimum(numbers, memory[5, : n - 3], out=numbers)
        numbers *= _TEN
        numbers += units[2:-1]

        has_ended = np.greater(digit[2:-1], digit[3:], out=flags[3, : n - 3])
        ends = np.flatnonzero(has_ended)
        if len(ends) != out.size or n - n_digits != n_outside + len(ends) - len(spans):
            return False
        row_ends = np.array([end for _, end in spans]) - 3
        if not np.array_equal(ends.reshape(out.shape)[:, -1], row_ends):
            return False
        numbers.take(ends, out=out.reshape(-1), mode="clip")

        # A number read as v took at least as many digits as v needs. It took more exactly if it
        # is above 255 (256 to 259 wrap around to 0 to 3; above, 26 tens wrap around to 4; and
        # longer ones are cut to three digits) or has leading zeros. So one sum finds them all.
        reaches = flags[0, : out.size].reshape(out.shape)
        n_needed = out.size
        for least in (_TEN, _HUNDRED):
            n_needed += int(np.count_nonzero(np.greater_equal(out, least, out=reaches)))
        return n_digits == n_needed


def _blank_outside(text: NDArray[np.uint8], spans: Sequence[tuple[int, int]]) -> int:
    """Puts spaces around the rows, and returns how many."""
    ended = 0
    n_outside = 0
    for start, end in spans:
        text[ended:start] = _SPACE
        n_outside += start - ended
        ended = end
    text[ended:] = _SPACE
    return n_outside + len(text) - ended
