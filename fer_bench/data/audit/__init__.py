"""Checks of a data set before training.

Pure functions of a ``Dataset``, a ``Split`` and FER+ votes find duplicates, duplicates in two parts
of a split, blank images, class sizes and label issues. ``audit`` combines all of them.
"""

from fer_bench.data.audit.blank_images import LEAST_SPREAD, MOST_OF_ONE_LEVEL
from fer_bench.data.audit.candidates import LEAST_SIMILARITY
from fer_bench.data.audit.complete_audit import Audit, audit
from fer_bench.data.audit.duplicates import SIMILARITIES, Duplicates, Similarity
from fer_bench.data.audit.json_record import audit_record
from fer_bench.data.audit.label_issues import MARGIN, Agreement, ClassAgreement
from fer_bench.data.audit.near_duplicates import LEAST_CORRELATION, REACH, SIDE
from fer_bench.data.audit.votes import Votes, check_votes, load_votes, voted_labels

__all__ = [
    "LEAST_CORRELATION",
    "LEAST_SIMILARITY",
    "LEAST_SPREAD",
    "MARGIN",
    "MOST_OF_ONE_LEVEL",
    "REACH",
    "SIDE",
    "SIMILARITIES",
    "Agreement",
    "Audit",
    "ClassAgreement",
    "Duplicates",
    "Similarity",
    "Votes",
    "audit",
    "audit_record",
    "check_votes",
    "load_votes",
    "voted_labels",
]
