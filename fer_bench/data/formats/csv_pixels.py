"""Vectorised decoder for pixels written as decimal text.

It processes many rows at a time with a few NumPy operations per byte, which is several times faster
than converting number by number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MARGIN = 2
"""Free bytes before the first row, so that the first number needs no special case."""

_SPACE = np.uint8(ord(" "))
_DIGIT_BIT = np.uint8(ord("0") ^ ord(" "))
_VALUE_BITS = np.uint8(0b1111)
_NINE = ord("9") ^ ord(" ")
_TEN, _HUNDRED = np.uint8(10), np.uint8(100)
_TOO_MANY_TENS = np.uint8(26)


class PlainPixelReader:
    """Decoder for rows of numbers in plain form.

    Plain form: numbers from 0 to 255 without leading zeros, separated by single spaces, with
    nothing before or after them. Rows in any other form are rejected, valid or not; a slower reader
    has to parse them.

    The instance keeps its working memory between calls, as allocating it each time takes longer
    than the arithmetic.
    """

    def __init__(self) -> None:
        self._memory = np.empty((6, 0), np.uint8)

    def read(
        self, text: NDArray[np.uint8], spans: Sequence[tuple[int, int]], out: NDArray[np.uint8]
    ) -> bool:
        """Decode rows into ``out``.

        Args:
            text: uint8, shape (bytes,), holds the rows; bytes outside the rows are overwritten, up
                to the byte after the last row.
            spans: start and end (exclusive) of each row in ``text``, ascending. The first row
                starts at ``MARGIN`` or later, with at least two bytes between rows and one after
                the last.
            out: uint8, C-contiguous, shape (len(spans), pixels per row); receives the numbers.

        Returns:
            True if every row is in plain form and has ``out.shape[1]`` numbers. If False, the
            content of ``out`` is undefined.
        """
        text = text[: spans[-1][1] + 1]
        n_outside = _blank_outside(text, spans)
        n = len(text)
        if self._memory.shape[1] < max(n, out.size):
            self._memory = np.empty((6, max(n, out.size)), np.uint8)
            self._memory[5] = _TOO_MANY_TENS
        memory, flags = self._memory, self._memory.view(np.bool_)

        # A space becomes 0 and a digit its value plus the digit bit. Any other byte becomes
        # larger than the code of 9, or is not 0 and has no digit bit.
        codes = np.bitwise_xor(text, _SPACE, out=memory[0, :n])
        digit = np.bitwise_and(codes, _DIGIT_BIT, out=memory[1, :n])
        n_digits = int(np.count_nonzero(digit))
        if codes.max() > _NINE or np.count_nonzero(codes) != n_digits:
            return False

        # A number that ends before byte i has its digits at i-1, i-2 and i-3. A digit counts as
        # tens or hundreds only if a digit follows it. The arrays below start at byte 3 minus the
        # distance of their digit from the end.
        units = np.bitwise_and(codes, _VALUE_BITS, out=memory[2, :n])
        leading = np.minimum(units[:-1], digit[1:], out=memory[3, : n - 1])
        hundreds = np.multiply(leading[:-1], _TEN, out=memory[0, : n - 2])
        numbers = np.add(leading[1:], hundreds, out=memory[4, : n - 2])[:-1]
        # np.minimum is vectorised for two arrays, but not for an array and a scalar.
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

        # A number read as v was written with at least as many digits as v needs. It was written
        # with more if and only if it is above 255 (256 to 259 wrap around to 0 to 3; above, 26 tens
        # wrap around to 4; longer ones are cut to three digits) or has leading zeros. Comparing the
        # total number of digits therefore finds all of these.
        reaches = flags[0, : out.size].reshape(out.shape)
        n_needed = out.size
        for least in (_TEN, _HUNDRED):
            n_needed += int(np.count_nonzero(np.greater_equal(out, least, out=reaches)))
        return n_digits == n_needed


def _blank_outside(text: NDArray[np.uint8], spans: Sequence[tuple[int, int]]) -> int:
    """Overwrite the bytes outside the rows with spaces and return their number."""
    ended = 0
    n_outside = 0
    for start, end in spans:
        text[ended:start] = _SPACE
        n_outside += start - ended
        ended = end
    text[ended:] = _SPACE
    return n_outside + len(text) - ended
