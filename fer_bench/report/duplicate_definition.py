"""Definition of duplicate images in words."""

from __future__ import annotations

from fer_bench.data.audit import LEAST_CORRELATION, LEAST_SIMILARITY, REACH, SIDE

SAME_PICTURE = (
    "identical: all pixels are equal. mirrored: identical after one image is mirrored. "
    "near-duplicate: the grey levels correlate by at least "
    f"{LEAST_CORRELATION}, mirrored or not, with one image shifted by up to 1/{REACH} of its side "
    f"({SIDE // REACH} of {SIDE} pixels); or a chain of such images anywhere in the data set links "
    "the two. Only images whose low spatial frequencies have a similarity of at least "
    f"{LEAST_SIMILARITY} are compared. Images of a single grey level have no near-duplicates."
)
"""Note below tables that count duplicates."""
