"""Audit in JSON form.

The keys are the fields of ``fer_bench.data.audit.Audit`` and of the classes in it; each leak also
has the number of its ``images``, and each class in ``instead`` is an object of ``name`` and
``images``. Rows count from 0. In addition, there are

* ``schema``: version of the record;
* ``rules``: the thresholds and methods of the audit:
  ``least_similarity``, the minimum cosine similarity of the low spatial frequencies of two images
  to be compared;
  ``most_candidates``, the maximum number of images, the most similar ones, that an image is
  compared with in each orientation;
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
from fer_bench.data.audit.candidates import LEAST_SIMILARITY, MOST_CANDIDATES
from fer_bench.data.audit.label_issues import MARGIN
from fer_bench.data.audit.near_duplicates import LEAST_CORRELATION, REACH, SIDE

if TYPE_CHECKING:
    from fer_bench.data.audit.complete_audit import Audit

SCHEMA = 2
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
        "least_similarity": LEAST_SIMILARITY,
        "most_candidates": MOST_CANDIDATES,
        "least_correlation": LEAST_CORRELATION,
        "reach": 1 / REACH,
        "side": SIDE,
        "most_of_one_level": MOST_OF_ONE_LEVEL,
        "least_spread": LEAST_SPREAD,
        "margin": MARGIN,
    }
    # Keys keep the place in which they are first named.
    return dict.fromkeys(["schema", *_FIRST, "rules"]) | record | {"schema": SCHEMA, "rules": rules}
