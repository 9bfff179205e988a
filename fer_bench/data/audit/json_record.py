"""Audit in JSON form.

The keys are the fields of ``fer_bench.data.audit.audit.Audit`` and of the classes in it; each leak
also has the number of its ``images``, and each class in ``instead`` is an object of ``name`` and
``images``. Rows count from 0. In addition, there are

* ``schema``: version of the record;
* ``rules``: the thresholds and methods of the audit:
  ``hash`` and ``hash_bits``, the perceptual hash and the number of its bits;
  ``most_bits``, the maximum number of differing hash bits for two images to be compared;
  ``least_coarse``, the minimum correlation of the thumbnails for two images to be compared, and
  the minimum correlation of near-duplicates at half the size;
  ``least_correlation``, the minimum correlation of the grey levels of near-duplicates;
  ``reach``, the maximum shift to the best alignment, as a share of the shorter side;
  ``side``, the approximate longer side, in pixels, to which larger images are reduced by an integer
  factor before they are compared;
  ``most_of_one_level``, the share of the pixels of one grey level from which an image is nearly
  blank;
  ``least_spread``, the standard deviation of the grey levels below which an image is nearly blank;
  ``margin``, the vote lead of another class from which a label is likely wrong.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from fer_bench.data.audit.blank_images import LEAST_SPREAD, MOST_OF_ONE_LEVEL
from fer_bench.data.audit.candidates import BITS, LEAST_COARSE, MOST_BITS
from fer_bench.data.audit.label_issues import MARGIN
from fer_bench.data.audit.near_duplicates import LEAST_CORRELATION, REACH, SIDE

if TYPE_CHECKING:
    from fer_bench.data.audit.audit import Audit

SCHEMA = 1
"""Version of the record, incremented with every change that an older reader cannot read."""

_FIRST = ("name", "digest", "images", "height", "width", "places", "split", "not_split")
"""Keys of the record before the rules."""


def audit_record(found: Audit) -> dict[str, Any]:
    """Return the JSON record of an audit, with the thresholds that it is based on."""
    record = dataclasses.asdict(found)
    for one in (record["agreement"] or {"classes": []})["classes"]:
        one["instead"] = [{"name": name, "images": images} for name, images in one["instead"]]
    record["leaks"] = [
        {"likeness": "", "source": "", "target": "", "images": len(leak["rows"]), **leak}
        for leak in record["leaks"]
    ]
    rules = {
        "hash": "imagehash.phash",
        "hash_bits": BITS,
        "most_bits": MOST_BITS,
        "least_coarse": LEAST_COARSE,
        "least_correlation": LEAST_CORRELATION,
        "reach": 1 / REACH,
        "side": SIDE,
        "most_of_one_level": MOST_OF_ONE_LEVEL,
        "least_spread": LEAST_SPREAD,
        "margin": MARGIN,
    }
    # Keys keep the place in which they are first named.
    return dict.fromkeys(["schema", *_FIRST, "rules"]) | record | {"schema": SCHEMA, "rules": rules}
