"""Checks of a data set before training.

Pure functions of a ``Dataset``, a ``Split`` and FER+ votes: duplicates (``twins``, ``find_twins``,
``copies``), duplicates in two parts of a split (``leaks``), blank images (``blanks``), class sizes
(``balance``), label issues (``agreement``), and the counts of these issues in a subset of the
images (``flaws``). ``audit`` combines all of them.
"""

from fer_bench.data.audit.audit import Audit, audit
from fer_bench.data.audit.blank_images import LEAST_SPREAD, MOST_OF_ONE_LEVEL, Blanks, blanks
from fer_bench.data.audit.candidates import BITS, LEAST_COARSE, MOST_BITS
from fer_bench.data.audit.class_counts import ClassBalance, balance
from fer_bench.data.audit.duplicate_groups import Copies, Leak, copies, leaks
from fer_bench.data.audit.duplicates import LIKENESSES, Likeness, NearPair, Twins, find_twins, twins
from fer_bench.data.audit.image_issues import Flaws, flaws
from fer_bench.data.audit.json_record import audit_record
from fer_bench.data.audit.label_issues import (
    MARGIN,
    Agreement,
    ClassAgreement,
    LabelError,
    agreement,
)
from fer_bench.data.audit.near_duplicates import LEAST_CORRELATION, REACH, SIDE
from fer_bench.data.audit.votes import Votes, check_votes, load_votes, voted_labels
from fer_bench.data.formats.ferplus_votes import CATEGORIES

__all__ = [
    "BITS",
    "CATEGORIES",
    "LEAST_COARSE",
    "LEAST_CORRELATION",
    "LEAST_SPREAD",
    "LIKENESSES",
    "MARGIN",
    "MOST_BITS",
    "MOST_OF_ONE_LEVEL",
    "REACH",
    "SIDE",
    "Agreement",
    "Audit",
    "Blanks",
    "ClassAgreement",
    "ClassBalance",
    "Copies",
    "Flaws",
    "LabelError",
    "Leak",
    "Likeness",
    "NearPair",
    "Twins",
    "Votes",
    "agreement",
    "audit",
    "audit_record",
    "balance",
    "blanks",
    "check_votes",
    "copies",
    "find_twins",
    "flaws",
    "leaks",
    "load_votes",
    "twins",
    "voted_labels",
]
