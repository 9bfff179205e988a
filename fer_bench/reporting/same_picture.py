"""What counts as the same picture, in words."""

from __future__ import annotations

from fer_bench.audit import LEAST_CORRELATION, MOST_BITS
from fer_bench.audit.near import BITS

SAME_PICTURE = (
    "identical: every pixel is equal. mirrored: so, once one of the two is mirrored. "
    f"nearly the same: their perceptual hashes (phash) differ in at most {MOST_BITS} of "
    f"{BITS} bits and their grey levels correlate by at least {LEAST_CORRELATION}, as they "
    "are or mirrored; or a chain of such images of the data set, whatever their parts, links them. "
    "Images of one grey level are near to none."
)
"""For a note below a table."""
