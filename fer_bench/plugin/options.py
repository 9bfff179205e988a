"""Command-line and ini options, parsed and validated into ``Settings``."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from fer_bench import models
from fer_bench.analysis.comparison import default_thresholds, parse, project_thresholds
from fer_bench.data import dataset_names
from fer_bench.models.weights import lock_file
from fer_bench.protocol.cells import INITS, Cell
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.label_codes import NUMBERED
from fer_bench.protocol.settings import Protocol, TrainableLayers
from fer_bench.protocol.shards import Shard
from fer_bench.runtime.cache_directory import cache_root
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import expand_user

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import pytest

    from fer_bench.analysis.comparison import Thresholds
    from fer_bench.models import Backbone
    from fer_bench.protocol.cells import Init


@dataclass(frozen=True)
class Option:
    """One option, on the command line as ``--fer-name`` and in ini files as ``fer_name``.

    On the command line it is available as ``--name`` too, unless another plugin defines that.
    Options whose name begins with ``fer-`` have no such short name.
    """

    name: str
    help: str
    metavar: str | None = None

    @property
    def flag(self) -> str:
        """Long name on the command line, always available."""
        return f"--fer-{self.name.removeprefix('fer-')}"

    @property
    def short(self) -> str:
        """Short name on the command line, available unless defined elsewhere; empty if none."""
        return "" if self.name.startswith("fer-") else f"--{self.name}"

    @property
    def ini(self) -> str:
        """Name in ini files and destination of the parsed option."""
        return self.flag.removeprefix("--").replace("-", "_")


OPTIONS = (
    Option(
        "backbone",
        "Backbones to run: names separated by commas, or 'all' for the paper's four (vggface, "
        "openface, resnet50, mobilenet). Default: mini, a small one included in the package.",
        "NAMES",
    ),
    Option("init", "pretrained, random or both. Default: both.", "INIT"),
    Option(
        "dataset",
        "sketch (synthetic, the default); fer2013 (searched in FER_BENCH_DATA, ./fer2013 and the "
        "cache, then downloaded from Kaggle); or the path of a fer2013.csv, an "
        "icml_face_data.csv, an .npz, a directory with one of these per part, or a directory of "
        "images: one directory per class, with or without train/ and test/, with a csv of labels, "
        "as written by FER+'s script, or with labels in file names as in JAFFE and KDEF.",
        "NAME|PATH",
    ),
    Option(
        "class-map",
        f"Classes of the numbers or names in a data set: {', '.join(NUMBERED)}, or a csv file "
        "with the columns name and class, which may define other classes too.",
        "NAME|FILE",
    ),
    Option(
        "split",
        "paper (70/10/20, the default), kaggle (the data set's three parts), or grouped (70/10/20, "
        "all duplicates of an image in one part).",
        "SPLIT",
    ),
    Option(
        "dedupe",
        "Duplicates to remove: none (the default), train (training images have no duplicate in "
        "any part), or all (no image has a duplicate). Near-duplicates and mirror images count.",
        "WHICH",
    ),
    Option(
        "votes",
        "FER+'s fer2013new.csv, in the order of the data set, to score networks also against the "
        "class with the most votes.",
        "FILE",
    ),
    Option(
        "labels",
        "fer2013 (the data set's labels, the default) or ferplus (the class with the most votes "
        "in --votes; images without a single such class are excluded).",
        "LABELS",
    ),
    Option("limit", "Use a stratified sample of N images.", "N"),
    Option("epochs", "Number of training epochs. Default: 20.", "N"),
    Option("batch-size", "Images per training step. Default: 32.", "N"),
    Option("seed", "Seed of random weights, head and image order. Default: 42.", "N"),
    Option(
        "seeds",
        "Train each cell with N seeds, SEED to SEED + N - 1; speed is measured with the first. "
        "Default: 1.",
        "N",
    ),
    Option(
        "trainable-layers",
        "Number of last layers of a backbone to train: a number, 'all', or one per init as in "
        "'pretrained:4,random:all'. Default: 4.",
        "N",
    ),
    Option(
        "batchnorm",
        "paper (the default: batch normalisation among the trained layers is trained like them) or "
        "frozen (it keeps its initial statistics, scale and offset).",
        "MODE",
    ),
    Option(
        "weights-dir",
        "Directory to search first for pretrained weights, before FER_BENCH_WEIGHTS, the caches "
        "of the upstream libraries and their downloads.",
        "DIR",
    ),
    Option(
        "weights-lock",
        "File that records the pretrained weights of the first run; a run with other weights "
        "stops at the start. Default: fer-bench.lock in pytest's rootdir, if writable.",
        "FILE",
    ),
    Option(
        "require-weights", "Stop if pretrained weights are missing, instead of skipping the cell."
    ),
    Option("report-dir", "Directory of the report. Default: report.", "DIR"),
    Option(
        "store",
        "Directory of frozen features, checkpoints and results for reuse by later runs. Default: "
        "store in the cache directory.",
        "DIR",
    ),
    Option("fresh", "Recompute everything, even if it is in the store."),
    Option(
        "no-timing",
        "Do not measure training and inference speed; cells with a stored result then build no "
        "network.",
    ),
    Option(
        "fer-compare",
        "Compare this run with results files of an earlier one, or directories of them, separated "
        "by commas; the run fails on a regression. Thresholds come from --fer-fail-on and "
        "[tool.fer_bench.compare] in pyproject.toml; see 'fer-bench compare --help'.",
        "BASE",
    ),
    Option(
        "fer-fail-on",
        "With --fer-compare: thresholds (how much worse a metric may get), as in 'accuracy: 0.5pp, "
        "inference.p99: 2ms'.",
        "RULES",
    ),
    Option(
        "shard",
        "Run every N-th cell (in the order backbone, init, seed), starting with the K-th. "
        "'fer-bench merge' merges the results of all N shards. Default: 1/1, all cells.",
        "K/N",
    ),
)


@dataclass(frozen=True)
class Settings:
    """Settings of a run.

    Attributes:
        backbones: in the order given.
        inits: in the order pretrained, random.
        data: images, labels and split, with absolute paths.
        protocol: training settings of the cells.
        weights_dir: directory to look for pretrained weights in first.
        weights_lock: the lock file of pretrained weights.
        must_lock: if True, the run ends if the lock file cannot be written.
        require_weights: if True, missing weights end the run.
        report_dir: directory of the report.
        must_report: if True, runs without benchmarks have a report too.
        store: directory of features, checkpoints and results.
        fresh: if True, the store's content is computed again.
        timing: if True, training and inference speed are measured.
        base: results files and directories to compare the run with; empty for no comparison.
        rules: thresholds of the comparison.
        shard: the share of the cells that this run takes.

    Raises:
        FerBenchError: there are more shards than cells.
    """

    backbones: tuple[Backbone, ...]
    inits: tuple[Init, ...]
    data: DataSpec
    protocol: Protocol
    weights_dir: Path | None
    weights_lock: Path
    must_lock: bool
    require_weights: bool
    report_dir: Path
    must_report: bool
    store: Path
    fresh: bool
    timing: bool
    base: tuple[Path, ...]
    rules: Thresholds
    shard: Shard

    def __post_init__(self) -> None:
        cells = len(self.cells())
        if self.shard.count > cells:
            raise FerBenchError(
                f"--shard={self.shard}: the run has {cells} cell{'' if cells == 1 else 's'}",
                f"at most {cells} shard{'' if cells == 1 else 's'}",
            )

    def cells(self) -> list[tuple[Backbone, Init, int]]:
        """Return every combination of backbone, init and seed, in the order given."""
        return [
            (entry, init, seed)
            for entry in self.backbones
            for init in self.inits
            for seed in self.protocol.every_seed
        ]

    def elsewhere(self) -> dict[str, Shard]:
        """Return the cells of other shards: a mapping of cell id to shard."""
        shards = {
            Cell(entry.name, init, self.data.dataset, seed).id: Shard.of(index, self.shard.count)
            for index, (entry, init, seed) in enumerate(self.cells())
        }
        return {cell: shard for cell, shard in shards.items() if shard != self.shard}


def add_options(parser: pytest.Parser, shorts: Collection[str] = ()) -> None:
    """Register every option, on the command line and for ini files.

    Args:
        parser: pytest's option parser.
        shorts: short names to register in addition to the long ones.
    """
    group = parser.getgroup(
        "fer_bench",
        "facial emotion recognition benchmark (fer_bench); short names that another plugin "
        "defines are not available",
    )
    for option in OPTIONS:
        names = (option.flag, *({option.short} & {*shorts}))
        text = f"{option.help} Short: {option.short}." if option.short else option.help
        if option.metavar is None:
            group.addoption(*names, dest=option.ini, action="store_true", help=text)
            parser.addini(option.ini, f"{option.flag}: {option.help}", type="bool", default=False)
        else:
            group.addoption(*names, dest=option.ini, metavar=option.metavar, help=text)
            parser.addini(option.ini, f"{option.flag}: {option.help}", default="")


def read_settings(config: pytest.Config) -> Settings:
    """Return the settings of a run; the command line overrides the ini file, that the defaults.

    Raises:
        FerBenchError: a value is not accepted.
    """
    given = _Given(config)
    init = given.text("init") or "both"
    if init != "both" and init not in INITS:
        raise FerBenchError(
            f"--init {init!r} is unknown",
            "pretrained, random or both",
        )
    layers, lock = given.text("trainable-layers"), given.path("weights-lock")
    base, report_dir = given.paths("fer-compare"), given.path("report-dir")
    data = DataSpec(
        **_requested(
            dataset=given.dataset(),
            class_map=given.class_map(),
            split=given.text("split"),
            dedupe=given.text("dedupe"),
            labels=given.text("labels"),
            votes=given.path("votes"),
            limit=given.number("limit"),
        )
    )
    protocol = Protocol(
        **_requested(
            epochs=given.number("epochs"),
            batch_size=given.number("batch-size"),
            seed=given.number("seed"),
            seeds=given.number("seeds"),
            trainable_layers=TrainableLayers.parse(layers) if layers else None,
            batch_normalization=given.text("batchnorm"),
        )
    )
    return Settings(
        backbones=models.select(given.text("backbone") or "mini"),
        inits=INITS if init == "both" else (cast("Init", init),),
        data=data,
        protocol=protocol,
        weights_dir=given.path("weights-dir"),
        weights_lock=lock or config.rootpath / lock_file.FILE,
        must_lock=lock is not None,
        require_weights=given.flag("require-weights"),
        report_dir=report_dir or config.invocation_params.dir / "report",
        must_report=report_dir is not None or bool(base),
        store=given.path("store") or cache_root() / "store",
        fresh=given.flag("fresh"),
        timing=not given.flag("no-timing"),
        base=base,
        rules=_rules(given, base, config.invocation_params.dir),
        shard=Shard.parse(given.text("shard") or "1/1"),
    )


def _requested(**values: Any) -> dict[str, Any]:
    """Return the values without empty ones, for which the defaults apply."""
    return {name: value for name, value in values.items() if value not in (None, "")}


def _rules(given: _Given, base: tuple[Path, ...], folder: Path) -> Thresholds:
    """Return the thresholds: the option overrides the project's, these the defaults."""
    text = given.text("fer-fail-on")
    if base:
        return default_thresholds() + project_thresholds(folder) + parse([text], "--fer-fail-on")
    if given.is_on_command_line("fer-fail-on"):
        raise FerBenchError(
            f"--fer-fail-on {text!r} needs --fer-compare",
            hint="add --fer-compare=BASE or omit --fer-fail-on",
        )
    return default_thresholds()


class _Given:
    """Options from the command line, else from the ini file."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._options = {option.name: option for option in OPTIONS}

    def text(self, name: str) -> str:
        ini = self._options[name].ini
        value = self._config.getoption(ini)
        if value == "":
            raise FerBenchError(f"--{name} is empty", hint="give it a value or omit it")
        return str(self._config.getini(ini) if value is None else value)

    def flag(self, name: str) -> bool:
        ini = self._options[name].ini
        return bool(self._config.getoption(ini) or self._config.getini(ini))

    def number(self, name: str) -> int | None:
        text = self.text(name)
        if not text:
            return None
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise FerBenchError(
                f"--{name} {text!r} is not a whole number",
                f"an integer, as in --{name}=3",
            )
        return int(text)

    def path(self, name: str) -> Path | None:
        text = self.text(name)
        return self._base(name) / expand_user(text) if text else None

    def paths(self, name: str) -> tuple[Path, ...]:
        texts = [text.strip() for text in self.text(name).split(",")]
        if len(texts) > 1 and not all(texts):
            raise FerBenchError(
                f"--{name} {','.join(texts)!r} has an empty part",
                "paths separated by commas",
            )
        return tuple(self._base(name) / expand_user(text) for text in texts if text)

    def dataset(self) -> str:
        """Return the data set's name as given, or its path made absolute."""
        text = self.text("dataset") or DataSpec.dataset
        path = self._base("dataset") / expand_user(text)
        # Path.exists raises for overlong names and inaccessible directories.
        is_path = os.sep in text or path.suffix or os.path.exists(path)  # noqa: PTH110
        return text if text in dataset_names() or not is_path else str(path)

    def class_map(self) -> str | None:
        """Return the name of a table as given, or the path of a file made absolute."""
        text = self.text("class-map")
        return text or None if text in (*NUMBERED, "") else str(self.path("class-map"))

    def _base(self, name: str) -> Path:
        """Return the base of relative paths: invocation directory, or rootdir for ini values."""
        if self.is_on_command_line(name):
            return self._config.invocation_params.dir
        return self._config.rootpath

    def is_on_command_line(self, name: str) -> bool:
        return self._config.getoption(self._options[name].ini) is not None
