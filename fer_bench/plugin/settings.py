"""Settings of a run, read from the options and validated."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from fer_bench import models
from fer_bench.analysis.comparison import default_thresholds, parse, project_thresholds
from fer_bench.data import dataset_names
from fer_bench.models.network_files.by_path import is_path
from fer_bench.models.weights import lock_file
from fer_bench.plugin.options import OPTIONS
from fer_bench.protocol.cell import INITS, Cell, Shard
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.few_shot import Shots
from fer_bench.protocol.head import LINEAR, Heads
from fer_bench.protocol.label_codes import NUMBERED
from fer_bench.protocol.settings import Protocol
from fer_bench.protocol.sweep import Sweep
from fer_bench.protocol.trainable_layers import TrainableLayers
from fer_bench.runtime.cache_directory import cache_root
from fer_bench.runtime.errors import FerBenchError, listed
from fer_bench.runtime.files import expand_user

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from fer_bench.analysis.comparison import Thresholds
    from fer_bench.models import Backbone
    from fer_bench.protocol.cell import Init


@dataclass(frozen=True)
class Settings:
    """Settings of a run.

    Attributes:
        backbones: in the order given.
        inits: in the order pretrained, random.
        data: images, labels and split, with absolute paths.
        test_on: data set and class map of the other data set to test on, or None.
        protocol: training settings of the cells.
        weights_dir: directory to look for pretrained weights in first.
        weights_lock: the lock file of pretrained weights.
        must_lock: if True, the run ends if the lock file cannot be written.
        require_weights: if True, missing weights end the run.
        report_dir: directory of the report.
        must_report: if True, runs without benchmarks have a report too.
        store: directory of features, checkpoints and results.
        fresh: if True, the store's content is computed again.
        data_parallel: if True, batches are divided between all devices.
        timing: if True, training and inference speed are measured.
        base: results files and directories to compare the run with; empty for no comparison.
        thresholds: thresholds of the comparison.
        shard: the share of the cells that this run takes.
        chosen: ids of the only cells of the run; empty for all.

    Raises:
        FerBenchError: a chosen cell does not exist, there are more shards than cells, or only
            random cells of a network that cannot have random weights.
    """

    backbones: tuple[Backbone, ...]
    inits: tuple[Init, ...]
    data: DataSpec
    test_on: DataSpec | None
    protocol: Protocol
    weights_dir: Path | None
    weights_lock: Path
    must_lock: bool
    require_weights: bool
    report_dir: Path
    must_report: bool
    store: Path
    fresh: bool
    data_parallel: bool
    timing: bool
    base: tuple[Path, ...]
    thresholds: Thresholds
    shard: Shard
    chosen: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = [cell.id for _, cell in self._all_cells()]
        for name in self.chosen:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                raise FerBenchError(
                    f"--cells: {name!r} is not a cell of this run",
                    listed(known, 8),
                    f"did you mean {near[0]!r}?" if near else "",
                )
        cells = len(self.cells())
        if self.shard.count > cells:
            raise FerBenchError(
                f"--shard={self.shard}: the run has {cells} cell{'' if cells == 1 else 's'}",
                f"at most {cells} shard{'' if cells == 1 else 's'}",
            )
        # Among other cells, those that cannot be drawn are skipped.
        if self.inits == ("random",):
            for entry in self.backbones:
                models.check_drawn(entry)

    def cells(self) -> list[tuple[Backbone, Cell]]:
        """Return the chosen combinations of backbone, init, head and seed, in the order given."""
        cells = self._all_cells()
        return [one for one in cells if not self.chosen or one[1].id in self.chosen]

    def _all_cells(self) -> list[tuple[Backbone, Cell]]:
        return [
            (entry, Cell(entry.name, init, self.data.dataset, seed, head))
            for entry in self.backbones
            for init in self.inits
            for head in self.protocol.head.names
            for seed in self.protocol.every_seed
        ]

    def elsewhere(self) -> dict[str, Shard]:
        """Return the cells of other shards: a mapping of cell id to shard."""
        shards = {
            cell.id: Shard.of(index, self.shard.count)
            for index, (_, cell) in enumerate(self.cells())
        }
        return {cell: shard for cell, shard in shards.items() if shard != self.shard}


def read_settings(config: pytest.Config) -> Settings:
    """Return the settings of a run; the command line overrides the ini file, that the defaults.

    Raises:
        FerBenchError: a value is not accepted.
    """
    options = _OptionReader(config)
    init = options.text("init") or "both"
    if init != "both" and init not in INITS:
        raise FerBenchError(f"--init {init!r} is unknown", "pretrained, random or both")
    layers, lock = options.text("trainable-layers"), options.path("weights-lock")
    sweep, shots = options.text("sweep"), options.text("shots")
    base, report_dir = options.paths("fer-compare"), options.path("report-dir")
    data = DataSpec(
        **_requested(
            dataset=options.dataset("dataset"),
            class_map=options.class_map("class-map"),
            **_fields(options.text, "split", "row-order", "dedupe", "labels"),
            votes=options.path("votes"),
            limit=options.number("limit"),
        )
    )
    protocol = Protocol.of(
        **_requested(
            **_fields(options.text, "recipe", "mixed-precision", "optimizer", "schedule"),
            **_fields(options.text, "class-weight", "augment", "preprocessing", "pooling"),
            **_fields(options.number, "epochs", "batch-size", "seed", "seeds", "draws"),
            **_fields(options.real, "learning-rate", "weight-decay", "label-smoothing"),
            sweep=Sweep.parse(sweep) if sweep else None,
            trainable_layers=TrainableLayers.parse(layers) if layers else None,
            batch_normalization=options.text("batchnorm"),
            early_stopping=options.number_or("early-stopping", "none"),
            input_size=options.number_or("input-size", "own"),
            head=options.heads(),
            shots=Shots.parse(shots) if shots else None,
        )
    )
    return Settings(
        backbones=models.select(options.backbones()),
        inits=INITS if init == "both" else (cast("Init", init),),
        data=data,
        test_on=_test_on(options),
        protocol=protocol,
        weights_dir=options.path("weights-dir"),
        weights_lock=lock or config.rootpath / lock_file.FILE,
        must_lock=lock is not None,
        require_weights=options.flag("require-weights"),
        report_dir=report_dir or config.invocation_params.dir / "report",
        must_report=report_dir is not None or bool(base),
        store=options.path("store") or cache_root() / "store",
        fresh=options.flag("fresh"),
        data_parallel=options.flag("data-parallel"),
        timing=not options.flag("no-timing"),
        base=base,
        thresholds=_thresholds(options, base, config.invocation_params.dir),
        shard=Shard.parse(options.text("shard") or "1/1"),
        chosen=options.names("cells"),
    )


def _fields(read: Callable[[str], Any], *names: str) -> dict[str, Any]:
    """Return the values of options by the names of their settings."""
    return {name.replace("-", "_"): read(name) for name in names}


def _requested(**values: Any) -> dict[str, Any]:
    """Return the values without empty ones, for which the defaults apply."""
    return {name: value for name, value in values.items() if value not in (None, "")}


def _test_on(options: _OptionReader) -> DataSpec | None:
    dataset, class_map = options.dataset("test-on"), options.class_map("test-on-class-map")
    if dataset:
        return DataSpec(dataset, class_map)
    if class_map is not None:
        raise FerBenchError(
            f"--test-on-class-map {class_map!r} needs --test-on",
            hint="add --test-on=PATH or omit --test-on-class-map",
        )
    return None


def _thresholds(options: _OptionReader, base: tuple[Path, ...], folder: Path) -> Thresholds:
    """Return the thresholds: the option overrides the project's, these the defaults."""
    text = options.text("fer-fail-on")
    if base:
        return default_thresholds() + project_thresholds(folder) + parse([text], "--fer-fail-on")
    if options.is_on_command_line("fer-fail-on"):
        raise FerBenchError(
            f"--fer-fail-on {text!r} needs --fer-compare",
            hint="add --fer-compare=BASE or omit --fer-fail-on",
        )
    return default_thresholds()


class _OptionReader:
    """Values of options from the command line, else from the ini file."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._by_name = {option.name: option for option in OPTIONS}

    def text(self, name: str) -> str:
        ini = self._by_name[name].ini
        value = self._config.getoption(ini)
        if value == "":
            raise FerBenchError(f"--{name} is empty", hint="give it a value or omit it")
        return str(self._config.getini(ini) if value is None else value)

    def flag(self, name: str) -> bool:
        ini = self._by_name[name].ini
        return bool(self._config.getoption(ini) or self._config.getini(ini))

    def number(self, name: str) -> int | None:
        text = self.text(name)
        if not text:
            return None
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise FerBenchError(
                f"--{name} {text!r} is not a whole number", f"an integer, as in --{name}=3"
            )
        return int(text)

    def real(self, name: str) -> float | None:
        text = self.text(name)
        try:
            return float(text) if text else None
        except ValueError:
            raise FerBenchError(
                f"--{name} {text!r} is not a number", f"a number, as in --{name}=0.001"
            ) from None

    def number_or(self, name: str, word: str) -> int | str | None:
        text = self.text(name)
        return text if text == word else self.number(name)

    def heads(self) -> Heads | None:
        text, dropout = self.text("head"), self.real("dropout")
        return Heads.parse(text or LINEAR, dropout) if text or dropout is not None else None

    def path(self, name: str) -> Path | None:
        text = self.text(name)
        return self._base(name) / expand_user(text) if text else None

    def names(self, name: str, kind: str = "ids") -> tuple[str, ...]:
        texts = [text.strip() for text in self.text(name).split(",")]
        if len(texts) > 1 and not all(texts):
            raise FerBenchError(
                f"--{name} {','.join(texts)!r} has an empty part", f"{kind} separated by commas"
            )
        return tuple(filter(None, texts))

    def paths(self, name: str) -> tuple[Path, ...]:
        return tuple(self._base(name) / expand_user(text) for text in self.names(name, "paths"))

    def backbones(self) -> str:
        """Return the backbones as given, paths of files made absolute."""
        words = [word.strip() for word in (self.text("backbone") or "mini").split(",")]
        base = self._base("backbone")
        return ",".join(
            str(base / expand_user(word)) if word and is_path(word) else word for word in words
        )

    def dataset(self, name: str) -> str | None:
        """Return a data set's name as given, or its path made absolute; None if there is none."""
        text = self.text(name)
        if not text:
            return None
        path = self._base(name) / expand_user(text)
        # Path.exists raises for overlong names and inaccessible directories.
        is_path = os.sep in text or path.suffix or os.path.exists(path)  # noqa: PTH110
        return text if text in dataset_names() or not is_path else str(path)

    def class_map(self, name: str) -> str | None:
        """Return the name of a table as given, or the path of a file made absolute."""
        text = self.text(name)
        return text or None if text in (*NUMBERED, "") else str(self.path(name))

    def _base(self, name: str) -> Path:
        """Return the base of relative paths: invocation directory, or rootdir for ini values."""
        if self.is_on_command_line(name):
            return self._config.invocation_params.dir
        return self._config.rootpath

    def is_on_command_line(self, name: str) -> bool:
        return self._config.getoption(self._by_name[name].ini) is not None
