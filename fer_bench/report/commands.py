"""Command lines that repeat a run and the audit of its data."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

from fer_bench.protocol import published
from fer_bench.protocol.data_spec import data_options
from fer_bench.protocol.settings import Protocol
from fer_bench.results.records import COPIES, SAMPLED
from fer_bench.runtime.escapes import clean
from fer_bench.runtime.invocation import benchmark_program

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fer_bench.protocol.data_spec import DataSpec
    from fer_bench.results.records import CellResult, Run


def audit_command(spec: DataSpec) -> str:
    """Return the command line that audits the data of a run; its report is in ``report``."""
    return _audit(spec.dataset, spec.options())


def _audit(dataset: str, options: Iterable[str]) -> str:
    return shlex.join(["fer-bench", "data", "audit", dataset, *options, "--report-dir=report"])


class RecordedCommand(NamedTuple):
    """Command reconstructed from the record of a run.

    Attributes:
        lines: the command, after those that prepare it.
        unknown: pairs of a word of it that stands for a value that the record lacks, and what is
            known of this value.
        warnings: sentences on why the results may differ.
        data: one sentence that identifies the images; empty if they are drawn by code.
    """

    lines: tuple[str, ...]
    unknown: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...] = ()
    data: str = ""

    @property
    def line(self) -> str:
        """The command alone."""
        return self.lines[-1]


_DRAWN = "sketch"
"""Data set that is drawn by code."""

_EMBEDDED = (_DRAWN, published.DATASET)
"""Data sets that their names are enough to find."""

_VOTES = "fer2013new.csv"
"""Name of the file of votes in FER+."""

_WEIGHTS_DIRECTORY = re.compile("(.+) from (?:--weights-dir|FER_BENCH_WEIGHTS), ")
"""Start of the recorded source of weights from a directory: the name of their file."""

_NO_WEIGHTS = "pretrained weights of "
"""Start of the reason of a cell that is skipped because its weights were not found."""

_COMMIT = re.compile("([0-9a-f]{40})(, with changes .*)?")
"""Commit of a run, and the words that follow if its files differ from it."""

_PACKAGES = ("numpy", "scikit-learn", "pytest-benchmark", "keras", "deepface")
"""Packages whose versions a run records under their names."""


def recorded_command(run: Run) -> RecordedCommand:
    """Return the command that audits the images a recorded run was measured on."""
    values, unknown = recorded_values(run)
    return RecordedCommand((clean(_audit(_dataset(run), data_options(values))),), unknown)


def reproduction(run: Run) -> RecordedCommand:
    """Return the commands that repeat a recorded run in a clone, and what they cannot repeat."""
    facts = dict(run.environment)
    command = benchmark_command(run)
    commit = _COMMIT.fullmatch(facts.get("commit", ""))
    backend, _, version = facts.get("backend", "").partition(" ")
    kind = backend if backend == "jax" else "gpu" if "gpu" in facts.get("devices", "") else "cpu"
    packages = [f"{name}=={facts[name]}" for name in _PACKAGES if name in facts]
    if version:
        packages.append(f"{'tensorflow-cpu' if kind == 'cpu' else backend}=={version}")
    install = ["pip", "install", f".[{kind}]", *packages]
    lines = (
        *([f"git checkout {commit[1]}"] if commit else []),
        *([clean(shlex.join(install))] if packages else []),
        ("KERAS_BACKEND=jax " if backend == "jax" else "") + command.line,
    )
    known = f"{clean(run.dataset.name)}, content digest {run.dataset.digest}"
    data = (
        "" if run.dataset.name == _DRAWN else f"Data set: {known}. It is not part of the project."
    )
    return RecordedCommand(lines, command.unknown, tuple(_warnings(run, facts)), data)


def _warnings(run: Run, facts: dict[str, str]) -> Iterator[str]:
    commit = facts.get("commit", "not recorded")
    found = _COMMIT.fullmatch(commit)
    if found is None:
        yield f"No single commit is known ({clean(commit)})."
    elif found[2]:
        yield "The code had changes that are not committed: the commit may give other results."
    trained = [cell for cell in run.cells if cell.status == "ok"]
    stored = [cell.id for cell in trained if cell.source == "store"]
    if stored:
        names = f" ({clean(', '.join(stored))})" if len(stored) < len(trained) else ""
        yield (
            "Results from the store, trained earlier and possibly by other code: "
            f"{len(stored)} of {len(trained)}{names}; --fresh trains them again."
        )
    skipped = [cell for cell in run.cells if cell.status == "skipped"]
    if skipped:
        names = ", ".join(dict.fromkeys(cell.label for cell in skipped))
        without_weights = all(cell.reason.startswith(_NO_WEIGHTS) for cell in skipped)
        cause = "they need weights that were not found" if without_weights else "reasons below"
        yield (
            f"The command includes {len(skipped)} of {len(run.cells)} cells that this run skipped "
            f"({clean(names)}): {cause}."
        )


def benchmark_command(run: Run) -> RecordedCommand:
    """Return the command that measures the cells of a recorded run again."""
    cells = run.cells
    backbones = list(dict.fromkeys(map(selected_name, cells)))
    every = {*backbones} == {*published.BACKBONES}
    inits = list(dict.fromkeys(cell.init for cell in cells))
    seeds = sorted({cell.seed for cell in cells})
    values, unknown = recorded_values(run)
    options = [
        f"--backbone={'all' if every else ','.join(backbones)}",
        *([f"--init={inits[0]}"] if len(inits) == 1 else []),
        f"--dataset={_dataset(run)}",
        *data_options(values),
    ]
    test = next((cell.cross_test for cell in cells if cell.cross_test is not None), None)
    known = []
    if test is not None and test.dataset in _EMBEDDED:
        options.append(f"--test-on={test.dataset}")
    elif test is not None:
        options.append("--test-on=OTHER")
        digest = f"content digest {test.digest[:12]}"
        known.append(("OTHER", f"name or path of {clean(test.dataset)}, {digest}"))
        if test.class_map:
            options.append("--test-on-class-map=OTHERMAP")
            known.append(("OTHERMAP", f"name or file of its class map: {clean(test.class_map)}"))
    matches = (_WEIGHTS_DIRECTORY.match(cell.weights) for cell in cells)
    if weights := ", ".join(dict.fromkeys(clean(match[1]) for match in matches if match)):
        options.append("--weights-dir=DIRECTORY")
        known.insert(0, ("DIRECTORY", f"directory of the pretrained weights: {weights}"))
    names = Protocol.option_names()
    # The record of a merged run lists the seeds of all cells.
    del names["seed"], names["seeds"]
    options += [
        *(
            f"--{names[setting.name]}={setting.value}"
            for setting in run.protocol
            if setting.origin == "changed" and setting.name in names
        ),
        *(f"--seed={seed}" for seed in seeds[:1]),
        *([f"--seeds={seeds[-1] - seeds[0] + 1}"] if len(seeds) > 1 else []),
        *([] if any(cell.is_timed for cell in cells) else ["--no-timing"]),
    ]
    line = clean(shlex.join([*benchmark_program(), *options]))
    return RecordedCommand((line,), (*unknown, *known))


def selected_name(cell: CellResult) -> str:
    """Return the name to select a cell's backbone by: its own, or that of its file."""
    return cell.title if cell.title.endswith((".keras", ".onnx")) else cell.backbone


def _dataset(run: Run) -> str:
    return run.dataset.name if run.dataset.name in _EMBEDDED else "DATASET"


def recorded_values(run: Run) -> tuple[dict[str, object], tuple[tuple[str, str], ...]]:
    """Return the values of a run's ``DataSpec``, and unknown ones as in ``RecordedCommand``.

    The data set is not among the values, and a class map or votes are words for the unknown paths.
    """
    data, why = run.dataset, dict(run.dataset.left_out)
    values: dict[str, object] = {"split": data.split}
    # Records of older runs lack these settings; those runs used the defaults.
    values |= {
        setting.name: setting.value
        for setting in run.protocol
        if setting.name in ("row_order", "dedupe", "labels")
    }
    unknown = []
    if _dataset(run) != data.name:
        known = f"name or path of {clean(data.name)}, content digest {data.digest[:12]}"
        unknown.append(("DATASET", known))
    if data.class_map:
        values["class_map"] = "MAP"
        unknown.append(("MAP", f"name or file of the class map: {clean(data.class_map)}"))
    if values.get("labels") == "ferplus" or data.test_votes:
        values["votes"] = _VOTES
        unknown.append((_VOTES, "path of FER+'s file of votes"))
    if SAMPLED in why:
        values["limit"] = data.train + data.validation + data.test + why.get(COPIES, 0)
    return values, tuple(unknown)
