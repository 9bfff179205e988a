"""Backbones: registry, structures, preprocessing and pretrained weights."""

from fer_bench.models.registry import PAPER, Backbone, get, names, register, select
from fer_bench.models.weights.sources import (
    Download,
    Located,
    SearchLocation,
    SearchPath,
    WeightsMissing,
    WeightsSource,
    chain,
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
    "chain",
    "get",
    "identity",
    "load",
    "locate",
    "names",
    "register",
    "select",
    "verify",
]
