"""The backbones: structure, input, preprocessing, and where their pretrained weights come from."""

from fer_bench.backbones.registry import PAPER, Backbone, get, names, register, select
from fer_bench.backbones.verification import WeightsRecord, identity, load, verify
from fer_bench.backbones.weights import (
    Chain,
    Download,
    Located,
    Place,
    WeightsMissing,
    WeightsSource,
    chain,
    locate,
)

__all__ = [
    "PAPER",
    "Backbone",
    "Chain",
    "Download",
    "Located",
    "Place",
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
