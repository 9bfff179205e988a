"""Audit in JSON form."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, cast

from fer_bench.data.audit.blank_images import LEAST_SPREAD, MOST_OF_ONE_LEVEL
from fer_bench.data.audit.candidates import BITS, LEAST_COARSE, MOST_BITS
from fer_bench.data.audit.label_issues import MARGIN
from fer_bench.data.audit.near_duplicates import LEAST_CORRELATION, REACH, SIDE
from fer_bench.data.audit.schema import AuditRecord
from fer_bench.results.type_checks import Mismatch, checked

if TYPE_CHECKING:
    from fer_bench.data.audit.audit import Audit

SCHEMA = 1
"""Version of the record, incremented with every change that an older reader cannot read."""


def audit_record(found: Audit) -> AuditRecord:
    """Return the JSON record of an audit, with the thresholds that it is based on.

    Raises:
        ValueError: a value does not have the type that the schema requires.
    """
    record = _plain(dataclasses.asdict(found))
    told = record["agreement"]
    for one in [] if told is None else told["classes"]:
        one["instead"] = [{"name": name, "images": images} for name, images in one["instead"]]
    for leak in record["leaks"]:
        leak["images"] = len(leak["rows"])
    record["schema"] = SCHEMA
    record["rules"] = {
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
    try:
        return cast("AuditRecord", checked(record, AuditRecord))
    except Mismatch as mismatch:
        raise ValueError(f"record does not fit its schema: {mismatch}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple) else value
