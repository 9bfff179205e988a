"""Command lines that repeat a run and the audit of its data."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

from fer_bench.protocol import published
from fer_bench.protocol.data_spec import data_options
from fer_bench.protocol.settings import Protocol
from fer_bench.results.records import COPIES, SAMPLED
from fer_bench.runtime.escapes import clean
from fer_bench.runtime.invocation import benchmark_program

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fer_bench.protocol.data_spec import DataSpec
    from fer_bench.results.records import CellResult, Run


def audit_command(spec: DataSpec) -> str:
    """Return the command line that audits the data of a run; its report is in ``report``."""
    return _line(spec.dataset, spec.options())


def _line(dataset: str, options: Iterable[str]) -> str:
    return shlex.join(["fer-bench", "data", "audit", dataset, *options, "--report-dir=report"])


class RecordedCommand(NamedTuple):
    """Command reconstructed from the record of a run.

    Attributes:
        line: the command, with placeholders in capitals for values that the record lacks.
        arguments: pairs of a placeholder and the option that gave the run its value.
    """

    line: str
    arguments: tuple[tuple[str, str], ...]


_EMBEDDED = ("sketch", published.DATASET)
"""Data sets that their names are enough to find."""


def recorded_command(run: Run) -> RecordedCommand:
    """Return the command that audits the images a recorded run was measured on."""
    values, arguments = _recorded_values(run)
    line = _line("DATASET", data_options(values))
    return RecordedCommand(clean(line), (("DATASET", "--dataset"), *arguments))


def benchmark_command(run: Run) -> RecordedCommand:
    """Return the command that measures the cells of a recorded run again."""
    backbones = list(dict.fromkeys(_selected(cell) for cell in run.cells))
    inits = dict.fromkeys(cell.init for cell in run.cells)
    seeds = sorted({cell.seed for cell in run.cells})
    values, arguments = _recorded_values(run)
    names = Protocol.option_names()
    # The record of a merged run lists the seeds of all cells.
    del names["seed"], names["seeds"]
    dataset = run.dataset.name
    if dataset not in _EMBEDDED:
        dataset, arguments = "DATASET", (("DATASET", "--dataset"), *arguments)
    options = [
        f"--backbone={_backbones(backbones)}",
        *(f"--init={init}" for init in inits if len(inits) == 1),
        f"--dataset={dataset}",
        *data_options(values),
        *(
            f"--{names[setting.name]}={setting.value}"
            for setting in run.protocol
            if setting.origin == "changed" and setting.name in names
        ),
        *(f"--seed={seed}" for seed in seeds[:1]),
        *([f"--seeds={seeds[-1] - seeds[0] + 1}"] if len(seeds) > 1 else []),
    ]
    return RecordedCommand(clean(shlex.join([*benchmark_program(), *options])), arguments)


def _selected(cell: CellResult) -> str:
    """Return what a cell's backbone is selected by: its name, or the name of its file."""
    return cell.title if cell.title.endswith((".keras", ".onnx")) else cell.backbone


def _backbones(names: list[str]) -> str:
    return "all" if {*names} == {*published.BACKBONES} else ",".join(names)


def _recorded_values(run: Run) -> tuple[dict[str, object], tuple[tuple[str, str], ...]]:
    """Return the values of a run's ``DataSpec``, and placeholders as in ``RecordedCommand``."""
    data, why = run.dataset, dict(run.dataset.left_out)
    values: dict[str, object] = {"split": data.split}
    # Records of older runs lack these settings; those runs used the defaults.
    values |= {
        setting.name: setting.value
        for setting in run.protocol
        if setting.name in ("row_order", "dedupe", "labels")
    }
    arguments = []
    if data.class_map:
        values["class_map"] = "MAP"
        arguments.append(("MAP", "--class-map"))
    if values.get("labels") == "ferplus" or data.test_votes:
        values["votes"] = "VOTES"
        arguments.append(("VOTES", "--votes"))
    if SAMPLED in why:
        values["limit"] = data.train + data.validation + data.test + why.get(COPIES, 0)
    return values, tuple(arguments)
