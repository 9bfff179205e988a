"""Checks of a data set before training.

Pure functions of a ``Dataset``, a ``Split`` and FER+ votes: duplicates (``find_duplicates``,
``group_duplicates``, ``summarise_duplicates``), duplicates in two parts of a split (``leaks``),
blank images (``blanks``), class sizes (``balance``), label issues (``agreement``), and the counts
of these issues in a subset of the images (``count_issues``). ``audit`` combines all of them.
"""

from fer_bench.data.audit.blank_images import LEAST_SPREAD, MOST_OF_ONE_LEVEL, Blanks, blanks
from fer_bench.data.audit.candidates import LEAST_SIMILARITY
from fer_bench.data.audit.complete_audit import (
    Audit,
    ClassBalance,
    ImageIssues,
    audit,
    balance,
    count_issues,
)
from fer_bench.data.audit.duplicate_groups import (
    DuplicateSummary,
    Leak,
    leaks,
    summarise_duplicates,
)
from fer_bench.data.audit.duplicates import (
    SIMILARITIES,
    Duplicates,
    NearPair,
    Similarity,
    find_duplicates,
    group_duplicates,
)
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
    "CATEGORIES",
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
    "Blanks",
    "ClassAgreement",
    "ClassBalance",
    "DuplicateSummary",
    "Duplicates",
    "ImageIssues",
    "LabelError",
    "Leak",
    "NearPair",
    "Similarity",
    "Votes",
    "agreement",
    "audit",
    "audit_record",
    "balance",
    "blanks",
    "check_votes",
    "count_issues",
    "find_duplicates",
    "group_duplicates",
    "leaks",
    "load_votes",
    "summarise_duplicates",
    "voted_labels",
]
