"""Definition of duplicate images in words."""

from __future__ import annotations

from fer_bench.data.audit import BITS, LEAST_COARSE, LEAST_CORRELATION, MOST_BITS, REACH, SIDE

SAME_PICTURE = (
    "identical: every pixel is equal. mirrored: so, once one of the two is mirrored. "
    f"nearly the same: their grey levels correlate by at least {LEAST_CORRELATION}, as they are or "
    f"mirrored, one moved over the other by up to 1/{REACH} of its side ({SIDE // REACH} of {SIDE} "
    "pixels); or a chain of such images of the data set, whatever their parts, links them. "
    f"Compared are images whose perceptual hashes (phash) differ in at most {MOST_BITS} of {BITS} "
    f"bits or whose thumbnails correlate by {LEAST_COARSE}. Images of one grey level are near to "
    "none."
)
"""Note below tables that count duplicates."""
