"""Every key of an audit in JSON. Rows count from 0."""

from __future__ import annotations

from typing import Literal, TypedDict


class RulesRecord(TypedDict):
    """What the findings rest on.

    Keys:
        hash: name of the perceptual hash.
        hash_bits: number of its bits.
        most_bits: pictures whose hashes differ in at most so many of them are compared.
        least_coarse: so are those whose thumbnails correlate by at least so much; and so much do
            pictures correlate at least in half the size.
        least_correlation: so much do the grey levels of near pictures correlate at least.
        reach: share of the shorter side by which one is moved at most, to where they fit best.
        side: larger pictures are compared with their longer side divided down to about so many
            pixels.
        most_of_one_level: share of the pixels from which on one grey level makes an image nearly
            empty.
        least_spread: standard deviation of the grey levels below which it is so too.
        margin: so many votes more for another class make a label likely wrong.
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
    """The images of one class, in the whole and in each part of the split.

    Keys:
        name: of the class.
        images: in the whole data set.
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
    """Pictures that occur more than once.

    Keys:
        likeness: what counts as the same picture; each kind holds those before it.
        distinct: number of different pictures.
        groups: rows of the images of each picture that occurs more than once.
        conflicts: those groups whose images have different labels.
    """

    likeness: Literal["identical", "mirrored", "near"]
    distinct: int
    groups: list[list[int]]
    conflicts: list[list[int]]


class LeakRecord(TypedDict):
    """Images of one part of the split whose picture stands in another part too.

    Keys:
        likeness: what counts as the same picture.
        source: the other part.
        target: the part whose images are counted.
        images: number of images of the target whose picture is in the source.
        rows: of those images.
        same_label: number of those that have the label of one of them there.
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
    """Two images that are nearly the same, and neither identical nor mirror images.

    Keys:
        first: row of the one.
        second: row of the other.
        mirrored: whether one is nearly the mirror image of the other.
        correlation: of their grey levels, once mirrored where that is so.
    """

    first: int
    second: int
    mirrored: bool
    correlation: float


class BlanksRecord(TypedDict):
    """Rows of empty images.

    Keys:
        constant: of a single grey level.
        nearly: others, nearly empty by the rules.
    """

    constant: list[int]
    nearly: list[int]


class InsteadRecord(TypedDict):
    """A class that taggers see instead.

    Keys:
        name: of the class.
        images: number of images.
    """

    name: str
    images: int


class ClassAgreementRecord(TypedDict):
    """What the taggers say of the images of one class, in numbers of images.

    Keys:
        name: of the class.
        images: all of them.
        unanimous: all votes are for one category.
        tied: several categories have the most votes.
        no_majority: no category has more than half of the votes; those that are tied too.
        no_face: more than half of the votes are for no face.
        unknown: more than half of the votes are for unknown.
        agreed: the class has more votes than any other category.
        likely_wrong: another class is ahead by the margin.
        instead: which one, the most frequent first.
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
        row: of the image.
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
    """What the taggers say of the data set.

    Keys:
        kappa: Cohen's kappa of labels and the categories with the most votes.
        classes: in the order of the labels.
        errors: labels that are likely wrong, by row.
    """

    kappa: float
    classes: list[ClassAgreementRecord]
    errors: list[LabelErrorRecord]


class FlawsRecord(TypedDict):
    """What is wrong with some images, in numbers of them.

    Keys:
        images: all of them.
        contradictory: so many at least have another label than a network says, whatever that is:
            of each picture, identical ones counted as one, all without its most frequent label.
        empty: those that are empty or nearly so.
        likely_wrong: those whose label is likely wrong, or null where no votes are known.
    """

    images: int
    contradictory: int
    empty: int
    likely_wrong: int | None


class AuditRecord(TypedDict):
    """The whole audit.

    Keys:
        schema: version of the record, 1.
        name: of the data set.
        digest: of its content, whatever the order of the images.
        images: number of them.
        height: of each, in pixels.
        width: of each, in pixels.
        places: where the image of each row lies, those that were not audited among them: the path
            from the folder, or the row that it has in the file, counted from 0; null where rows are
            those of the file. In a csv of pixels a row stands two lines further down than its
            number says, blank lines aside.
        split: name of the split.
        not_split: why the data set cannot be split so, or an empty text. Then no image is in a
            part, and there are no leaks.
        rules: what the findings rest on.
        classes: sizes of the classes, in the order of the labels.
        copies: pictures that occur more than once, by likeness.
        leaks: images that stand in two parts of the split, by likeness.
        near_pairs: pairs that are nearly the same, by their rows.
        blanks: empty images.
        agreement: what taggers say of the labels, or null.
        test_flaws: what is wrong with the images of the test part.
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
