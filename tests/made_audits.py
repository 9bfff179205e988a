"""Audited data set with at least one finding of each kind."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import NamedTuple

import numpy as np
from made_images import dataset_of, mirrored, patterns
from made_votes import unanimous

from fer_bench.data import Dataset, Split, make_split
from fer_bench.data.audit import Audit, Votes, audit
from fer_bench.data.audit.votes import CATEGORY_OF
from fer_bench.data.prepare import PreparedData, prepare_data
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.settings import Protocol
from fer_bench.training.run_context import RunContext

N = 42


class Audited(NamedTuple):
    dataset: Dataset
    split: Split
    votes: Votes
    found: Audit

    def prepared(self, path: str = "faces.npz") -> PreparedData:
        """Return the data as prepared for a run, with this audit, whatever its findings."""
        votes = None if self.found.agreement is None else self.votes
        data = prepare_data(self.dataset, DataSpec(path, split="kaggle"), votes=votes)
        # A cached_property looks up its value in the instance's ``__dict__``.
        vars(data)["audit"] = self.found
        return data


def context(data: PreparedData | None = None) -> RunContext:
    """Return the context of a run on these data, or on audited ones without votes."""
    return RunContext(data or audited(votes=False).prepared(), Protocol(), Path("store"))


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
    split = make_split(dataset, "kaggle", row_order="given")
    found = audit(dataset, split, known if votes else None)
    return Audited(dataset, split, known, found)
