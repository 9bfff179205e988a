"""Data sets: loaders behind one registry, splits and samples.

A data set is a ``Dataset`` whatever layout it came from. ``load_dataset`` takes a registered name
or a path; ``register_dataset`` adds a name.
"""

from fer_bench.datasets.catalogue import (
    Loader,
    dataset_names,
    load_dataset,
    register_dataset,
    source_of,
)
from fer_bench.datasets.dataset import EMOTIONS, USAGES, Dataset
from fer_bench.datasets.split import (
    Split,
    kaggle_split,
    make_split,
    paper_split,
    stratified_rows,
    stratified_sample,
)

__all__ = [
    "EMOTIONS",
    "USAGES",
    "Dataset",
    "Loader",
    "Split",
    "dataset_names",
    "kaggle_split",
    "load_dataset",
    "make_split",
    "paper_split",
    "register_dataset",
    "source_of",
    "stratified_rows",
    "stratified_sample",
]
