"""Definition of duplicate images in words."""

from __future__ import annotations

from fer_bench.data.audit import BITS, LEAST_COARSE, LEAST_CORRELATION, MOST_BITS, REACH, SIDE

SAME_PICTURE = (
    "identical: all pixels are equal. mirrored: identical after one image is mirrored. "
    "near-duplicate: the grey levels correlate by at least "
    f"{LEAST_CORRELATION}, mirrored or not, with one image shifted by up to 1/{REACH} of its side "
    f"({SIDE // REACH} of {SIDE} pixels); or a chain of such images anywhere in the data set links "
    "the two. Only images whose perceptual hashes (phash) differ in at most "
    f"{MOST_BITS} of {BITS} bits or whose thumbnails correlate by at least {LEAST_COARSE} are "
    "compared. Images of a single grey level have no near-duplicates."
)
"""Note below tables that count duplicates."""
