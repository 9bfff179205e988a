"""Keys of an audit in JSON. Rows count from 0."""

from __future__ import annotations

from typing import Literal, TypedDict


class RulesRecord(TypedDict):
    """Thresholds and methods of the audit.

    Keys:
        hash: name of the perceptual hash.
        hash_bits: number of its bits.
        most_bits: maximum number of differing hash bits for two images to be compared.
        least_coarse: minimum correlation of the thumbnails for two images to be compared, and
            minimum correlation of near-duplicates at half the size.
        least_correlation: minimum correlation of the grey levels of near-duplicates.
        reach: maximum shift to the best alignment, as a share of the shorter side.
        side: approximate longer side, in pixels, to which larger images are reduced by an integer
            factor before they are compared.
        most_of_one_level: share of the pixels of one grey level from which an image is nearly
            blank.
        least_spread: standard deviation of the grey levels below which an image is nearly blank.
        margin: vote lead of another class from which a label is likely wrong.
    """

    hash: str
    hash_bits: int
    most_bits: int
    least_coarse: float
    least_correlation: float
    reach: float
    side: int
    most_of_one_level: float
    least_spread: float
    margin: int


class ClassRecord(TypedDict):
    """Number of images of one class, in the complete data set and in each part of the split.

    Keys:
        name: name of the class.
        images: in the complete data set.
        train: in the training part.
        validation: in the validation part.
        test: in the test part.
    """

    name: str
    images: int
    train: int
    validation: int
    test: int


class CopiesRecord(TypedDict):
    """Duplicates at one similarity level.

    Keys:
        likeness: similarity level; each one includes those before it.
        distinct: number of distinct images.
        groups: rows of each group of duplicates.
        conflicts: groups whose images have different labels.
    """

    likeness: Literal["identical", "mirrored", "near"]
    distinct: int
    groups: list[list[int]]
    conflicts: list[list[int]]


class LeakRecord(TypedDict):
    """Images of one part of the split that have a duplicate in another part.

    Keys:
        likeness: similarity level.
        source: the other part.
        target: the part whose images are counted.
        images: number of images of the target with a duplicate in the source.
        rows: rows of those images.
        same_label: number of those with the same label as one of their duplicates there.
        total: number of images of the target.
    """

    likeness: Literal["identical", "mirrored", "near"]
    source: str
    target: str
    images: int
    rows: list[int]
    same_label: int
    total: int


class NearPairRecord(TypedDict):
    """Near-duplicate pair of images that are neither identical nor mirror images.

    Keys:
        first: row of one image.
        second: row of the other image.
        mirrored: True if one is a near-duplicate of the mirror image of the other.
        correlation: correlation of their grey levels, after mirroring if ``mirrored``.
    """

    first: int
    second: int
    mirrored: bool
    correlation: float


class BlanksRecord(TypedDict):
    """Rows of blank images.

    Keys:
        constant: images of a single grey level.
        nearly: other images, nearly blank by the thresholds.
    """

    constant: list[int]
    nearly: list[int]


class InsteadRecord(TypedDict):
    """A class that taggers chose instead of the label.

    Keys:
        name: name of the class.
        images: number of images.
    """

    name: str
    images: int


class ClassAgreementRecord(TypedDict):
    """Agreement of labels and votes for one class, in numbers of images.

    Keys:
        name: name of the class.
        images: number of images.
        unanimous: all votes are for one category.
        tied: several categories share the most votes.
        no_majority: no category has more than half of the votes; includes ties.
        no_face: more than half of the votes are for no face.
        unknown: more than half of the votes are for unknown.
        agreed: the class has more votes than any other category.
        likely_wrong: another class leads by at least the margin.
        instead: the other classes, the most frequent first.
    """

    name: str
    images: int
    unanimous: int
    tied: int
    no_majority: int
    no_face: int
    unknown: int
    agreed: int
    likely_wrong: int
    instead: list[InsteadRecord]


class LabelErrorRecord(TypedDict):
    """A label that is likely wrong.

    Keys:
        row: row of the image.
        label: name of its class.
        voted: name of the class with the most votes.
        votes_for_label: number of taggers for its class.
        votes_for_voted: number of taggers for the other class.
    """

    row: int
    label: str
    voted: str
    votes_for_label: int
    votes_for_voted: int


class AgreementRecord(TypedDict):
    """Agreement of the data set's labels and votes.

    Keys:
        kappa: Cohen's kappa of labels and the categories with the most votes.
        classes: agreement of each class, in the order of the labels.
        errors: labels that are likely wrong, by row.
    """

    kappa: float
    classes: list[ClassAgreementRecord]
    errors: list[LabelErrorRecord]


class FlawsRecord(TypedDict):
    """Numbers of images with issues.

    Keys:
        images: number of images examined.
        contradictory: lower bound on the errors of any classifier due to contradictory labels: of
            each set of identical images, all without its most frequent label.
        empty: number of blank and nearly blank images.
        likely_wrong: number of images whose label is likely wrong; null without votes.
    """

    images: int
    contradictory: int
    empty: int
    likely_wrong: int | None


class AuditRecord(TypedDict):
    """The complete audit.

    Keys:
        schema: version of the record, 1.
        name: name of the data set.
        digest: content digest, independent of the order of the images.
        images: number of images.
        height: height of each image, in pixels.
        width: width of each image, in pixels.
        places: location of the image of each row, including rows that were not audited: the path
            relative to the directory, or the row of the file, counted from 0; null if rows are
            those of the file. In a csv of pixels, row r is on line r + 2, not counting blank lines.
        split: name of the split.
        not_split: reason why the data set cannot be split as requested, or an empty text. If not
            empty, all parts are empty, and there are no leaks.
        rules: thresholds and methods of the audit.
        classes: sizes of the classes, in the order of the labels.
        copies: duplicates, by similarity level.
        leaks: duplicates in two parts of the split, by similarity level.
        near_pairs: near-duplicate pairs, by their rows.
        blanks: blank images.
        agreement: agreement of labels and votes, or null.
        test_flaws: issues of the images of the test part.
    """

    schema: int
    name: str
    digest: str
    images: int
    height: int
    width: int
    places: list[str] | None
    split: str
    not_split: str
    rules: RulesRecord
    classes: list[ClassRecord]
    copies: list[CopiesRecord]
    leaks: list[LeakRecord]
    near_pairs: list[NearPairRecord]
    blanks: BlanksRecord
    agreement: AgreementRecord | None
    test_flaws: FlawsRecord
