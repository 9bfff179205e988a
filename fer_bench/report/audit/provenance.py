"""Published provenance of data sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.protocol import published

if TYPE_CHECKING:
    from fer_bench.data.info import Info


@dataclass(frozen=True)
class Origin:
    """Published provenance of a data set.

    Attributes:
        source: the publication, as a sentence.
        facts: its statements, as sentences.
    """

    source: str
    facts: tuple[str, ...]


_FER2013 = Origin(
    "According to its authors (I. Goodfellow et al., Challenges in Representation Learning: A "
    "Report on Three Machine Learning Contests, ICONIP 2013, arXiv:1307.0414); none of this can be "
    "verified from the files.",
    (
        "It was made for the contest in facial expression recognition of an ICML 2013 workshop.",
        "Pierre-Luc Carrier and Aaron Courville collected the images with Google's image "
        "search: 184 words for emotions, together with words for gender, age or ethnicity, made "
        "nearly 600 queries, and the first 1,000 images of each were used.",
        "OpenCV found the faces in them. Annotators rejected images with a wrong label, "
        "corrected the crop if necessary, and removed some of the duplicates.",
        "The faces were resized to 48x48 pixels and converted to greyscale.",
        "Mehdi Mirza and Ian Goodfellow chose a subset for the contest and mapped the words "
        "to the seven classes, those of the Toronto Face Database.",
    ),
)


def origin(info: Info) -> Origin | None:
    """Return the published provenance of a data set; None if it is not FER2013.

    FER2013 is identified by its content digest: complete, in any layout. Subsets do not match.
    """
    return _FER2013 if info.digest == published.DIGEST else None
