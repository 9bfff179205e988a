"""Audited data set with at least one finding of each kind."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np
from made_images import dataset_of, mirrored, patterns
from made_votes import unanimous

from fer_bench.data import Dataset, Split, kaggle_split
from fer_bench.data.audit import Audit, Votes, audit
from fer_bench.data.audit.votes import CATEGORY_OF
from fer_bench.data.info import info_of
from fer_bench.report.audit import AuditedData

N = 42


class Audited(NamedTuple):
    dataset: Dataset
    split: Split
    votes: Votes
    found: Audit

    def told(self, command: str = "fer-bench data audit faces.npz") -> AuditedData:
        """Return the data set and its audit as input of a report."""
        return AuditedData(self.found, self.dataset, info_of(self.dataset, "faces.npz"), command)


def audited(*, votes: bool = True, name: str = "faces") -> Audited:
    """Return an audited data set of 42 images, 48x48 pixels: 28 training, 7 validation, 7 test.

    Three test images have duplicates in training: row 35 equals row 0, row 36 is row 1 mirrored,
    row 37 is row 2 but brighter. Rows 3 and 4 are equal, with different labels. Row 5 is black,
    row 6 nearly so. Row 7, Angry, is Happy to nine of ten taggers.
    """
    images = patterns(N, seed=3, side=48)
    images[35], images[36] = images[0], mirrored(images[1])
    images[37] = (images[2] * 0.8 + 30).astype(np.uint8)
    images[4] = images[3]
    images[5] = 0
    images[6] = 0
    images[6, :4] = images[8, :4]
    usage = np.repeat([0, 1, 2], [28, 7, 7])
    dataset = dataset_of(images, np.arange(N) % 7, usage)
    dataset = dataclasses.replace(dataset, name=name)
    known = unanimous(dataset.labels)
    known.usage[:] = usage
    known.counts[7] = 0
    known.counts[7, [CATEGORY_OF["Happy"], CATEGORY_OF["Angry"]]] = 9, 1
    split = kaggle_split(dataset.usage)
    found = audit(dataset, split, known if votes else None)
    return Audited(dataset, split, known, found)
