"""Data sets: loaders behind a common registry, splits and samples.

Every loader returns a ``Dataset``, regardless of the source's layout. ``load_dataset`` takes a
registered name or a path; ``register_dataset`` adds a name.
"""

from fer_bench.data.catalogue import (
    dataset_names,
    dataset_origin,
    load_dataset,
    register_dataset,
    source_of,
)
from fer_bench.data.dataset import EMOTIONS, USAGES, Dataset, by_content
from fer_bench.data.sampling import stratified_rows
from fer_bench.data.split import PARTS, Split, make_split

__all__ = [
    "EMOTIONS",
    "PARTS",
    "USAGES",
    "Dataset",
    "Split",
    "by_content",
    "dataset_names",
    "dataset_origin",
    "load_dataset",
    "make_split",
    "register_dataset",
    "source_of",
    "stratified_rows",
]
