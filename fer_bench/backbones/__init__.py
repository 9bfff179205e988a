"""The backbones: structure, input, preprocessing, and where their pretrained weights come from."""

from fer_bench.backbones.registry import PAPER, Backbone, get, names, register, select
from fer_bench.backbones.weights import (
    Located,
    WeightsMissing,
    WeightsRecord,
    WeightsSource,
    identity,
    load,
    locate,
    verify,
)

__all__ = [
    "PAPER",
    "Backbone",
    "Located",
    "WeightsMissing",
    "WeightsRecord",
    "WeightsSource",
    "get",
    "identity",
    "load",
    "locate",
    "names",
    "register",
    "select",
    "verify",
]
