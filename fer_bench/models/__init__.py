"""Backbones: registry, structures, preprocessing and pretrained weights."""

from fer_bench.models.backbone import Backbone, WeightsSource
from fer_bench.models.built_in import PAPER
from fer_bench.models.registry import (
    adapted_names,
    get,
    names,
    origin,
    register,
    select,
    selection_name,
    unavailable,
)
from fer_bench.models.weights.search_path import (
    Download,
    Located,
    SearchLocation,
    SearchPath,
    WeightsMissing,
    check_drawn,
    locate,
)
from fer_bench.models.weights.verification import WeightsRecord, identity, load, verify

__all__ = [
    "PAPER",
    "Backbone",
    "Download",
    "Located",
    "SearchLocation",
    "SearchPath",
    "WeightsMissing",
    "WeightsRecord",
    "WeightsSource",
    "adapted_names",
    "check_drawn",
    "get",
    "identity",
    "load",
    "locate",
    "names",
    "origin",
    "register",
    "select",
    "selection_name",
    "unavailable",
    "verify",
]
