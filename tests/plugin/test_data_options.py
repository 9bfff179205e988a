"""Options that select the data of a run."""

from pathlib import Path

import pytest

from fer_bench.plugin.settings import read_settings
from fer_bench.protocol.data_spec import DataSpec


@pytest.mark.parametrize(
    "spec",
    [
        DataSpec(),
        DataSpec("/a b.csv", "rafdb", "grouped", dedupe="train", limit=10),
        DataSpec("/b.npz", split="80-20-ordered", row_order="given"),
        DataSpec("/faces", split="kaggle", labels="ferplus", votes=Path("/v.csv"), dedupe="all"),
    ],
)
def test_the_options_of_a_specification_give_it_again(spec, pytester):
    config = pytester.parseconfig(f"--dataset={spec.dataset}", *spec.options())
    assert read_settings(config).data == spec
