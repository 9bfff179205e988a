"""Functions of the public API: one cell, its results and their comparison without pytest."""

from __future__ import annotations

import contextlib
import operator
import os
from typing import TYPE_CHECKING, Any

from fer_bench import models
from fer_bench.analysis.comparison import compare as compare_run_sets
from fer_bench.analysis.comparison import default_thresholds, load_run_set, parse
from fer_bench.data.prepare import load_source, prepare_data
from fer_bench.models.keras_backend import check_keras
from fer_bench.protocol.cells import INITS
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.settings import Protocol, TrainableLayers
from fer_bench.results import load_run
from fer_bench.runtime.cache_directory import cache_root
from fer_bench.runtime.errors import FerBenchError, shown
from fer_bench.runtime.files import check_writable, expand_user
from fer_bench.training.cell_runner import run_cell
from fer_bench.training.run_context import RunContext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fer_bench.analysis.comparison import ComparisonResult
    from fer_bench.protocol.cells import Init
    from fer_bench.protocol.data_spec import Dedupe, Labels, RowOrder, SplitName
    from fer_bench.protocol.settings import BatchNormalization
    from fer_bench.results.records import Run
    from fer_bench.training.trained_cell import TrainedCell

    StrPath = str | os.PathLike[str]


def run(
    backbone: str = "mini",
    init: Init = "pretrained",
    dataset: StrPath = "sketch",
    *,
    epochs: int | None = None,
    seed: int | None = None,
    batch_size: int | None = None,
    trainable_layers: int | str | None = None,
    batchnorm: BatchNormalization | None = None,
    split: SplitName | None = None,
    row_order: RowOrder | None = None,
    dedupe: Dedupe | None = None,
    labels: Labels | None = None,
    votes: StrPath | None = None,
    limit: int | None = None,
    class_map: StrPath | None = None,
    store: StrPath | None = None,
    weights_dir: StrPath | None = None,
    fresh: bool = False,
) -> TrainedCell:
    """Train one cell, or find its result in the store, with the result of ``pytest benchmarks``.

    The keywords are called after the options of the benchmark, and have the same defaults. Weights
    are verified, but no lock file is read or written.

    Args:
        backbone: registered name.
        init: ``"pretrained"`` or ``"random"``.
        dataset: registered name or path.
        epochs: number of training epochs.
        seed: of random weights, head and order of the images.
        batch_size: images in a training step.
        trainable_layers: number of last layers to train, as ``--trainable-layers`` takes it.
        batchnorm: ``"paper"`` or ``"frozen"``.
        split: name of the split.
        row_order: order in which images are drawn, ``"content"`` or ``"given"``.
        dedupe: the parts from which duplicates are left out.
        labels: ``"fer2013"`` or ``"ferplus"``.
        votes: FER+'s file of votes.
        limit: size of a stratified sample; None for all images.
        class_map: meaning of the class names or numbers of the data set.
        store: directory of features, checkpoints and results; by default the cache's.
        weights_dir: directory to search first for pretrained weights.
        fresh: if True, compute again what the store has.

    Returns:
        The trained cell: ``result`` is its record, ``predict`` classifies images, ``network`` is
        the Keras network. ``close`` frees the network.

    Raises:
        FerBenchError: an argument is not accepted, the data or weights are missing or invalid, or
            training diverged.
    """
    check_keras()
    layers = None if trainable_layers is None else TrainableLayers.parse(str(trainable_layers))
    protocol = Protocol(
        **_requested(
            epochs=_whole("epochs", epochs),
            seed=_whole("seed", seed),
            batch_size=_whole("batch_size", batch_size),
            trainable_layers=layers,
            batch_normalization=batchnorm,
        )
    )
    spec = DataSpec(
        **_requested(
            dataset=_name_or_path(dataset),
            class_map=_name_or_path(class_map),
            split=split,
            row_order=row_order,
            dedupe=dedupe,
            labels=labels,
            votes=_path(votes),
            limit=_whole("limit", limit),
        )
    )
    entry = models.get(backbone)
    if init not in INITS:
        raise FerBenchError(f"init {init!r} is unknown", ", ".join(INITS))
    directory, weights = _path(store) or cache_root() / "store", _path(weights_dir)
    # Before the duplicate search, which takes long for many images.
    check_writable("store", directory)
    source, source_votes = load_source(spec)
    if init == "pretrained":
        models.locate(entry, weights)
    data = prepare_data(source, spec, votes=source_votes, cache_dir=cache_root())
    context = RunContext(data, protocol, directory, weights, fresh)
    return run_cell(context, entry, init)


def load_results(path: StrPath) -> Run:
    """Read a results file, of this version or an earlier one.

    Args:
        path: of a ``results.json``, or of a file that pytest-benchmark saved.

    Returns:
        The run; ``run.to_frame()`` is a pandas table of it.

    Raises:
        FerBenchError: the file cannot be read or holds no results of this benchmark.
    """
    return load_run(expand_user(os.fspath(path)))


def compare(
    base: StrPath | Sequence[StrPath],
    head: StrPath | Sequence[StrPath],
    fail_on: str | Sequence[str] = (),
) -> ComparisonResult:
    """Compare the results of two commits, as ``fer-bench compare`` does.

    Args:
        base: results files or directories of them; several are repeated runs.
        head: likewise.
        fail_on: thresholds in addition to the defaults, as ``"accuracy: 0.5pp"``. Those in a
            ``pyproject.toml`` are not read.

    Returns:
        The changes of every metric; ``exit_status`` is 1 if one is a regression.

    Raises:
        FerBenchError: a file cannot be read, a threshold is invalid, or base and head cannot be
            compared.
    """
    thresholds = default_thresholds() + parse(
        [fail_on] if isinstance(fail_on, str) else fail_on, "fail_on"
    )
    return compare_run_sets(
        load_run_set(_paths(base), "base"), load_run_set(_paths(head), "head"), thresholds
    )


def _requested(**values: Any) -> dict[str, Any]:
    """Return the values without those that are None, for which the defaults apply."""
    return {name: value for name, value in values.items() if value is not None}


def _path(given: StrPath | None) -> Path | None:
    return None if given is None else expand_user(os.fspath(given))


def _name_or_path(given: StrPath | None) -> str | None:
    """Return a text as it is, and a path so that it cannot be read as a name."""
    if given is None or isinstance(given, str):
        return given
    return str(expand_user(os.fspath(given)).absolute())


def _paths(given: StrPath | Sequence[StrPath]) -> list[Path]:
    several = [given] if isinstance(given, (str, os.PathLike)) else given
    return [expand_user(os.fspath(path)) for path in several]


def _whole(name: str, value: Any) -> int | None:
    """Return a whole number as Python's int, whatever library it comes from."""
    if value is None:
        return None
    if not isinstance(value, bool):
        with contextlib.suppress(TypeError):
            return operator.index(value)
    raise FerBenchError(f"{name} {shown(value)} is not a whole number")
