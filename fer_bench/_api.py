"""Functions of the public API: one cell, its results and their comparison without pytest."""

import contextlib
import inspect
import operator
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fer_bench import models
from fer_bench.analysis.comparison import ComparisonResult, default_thresholds, load_run_set, parse
from fer_bench.analysis.comparison import compare as compare_run_sets
from fer_bench.data import dataset_names
from fer_bench.data.prepare import load_source, prepare_data
from fer_bench.models.keras_backend import check_keras
from fer_bench.protocol.cell import INITS, Init
from fer_bench.protocol.data_spec import DataSpec, Dedupe, Labels, RowOrder, SplitName
from fer_bench.protocol.few_shot import Shots
from fer_bench.protocol.fitted_heads import fitted_names
from fer_bench.protocol.head import LINEAR, Heads
from fer_bench.protocol.recipes import Recipe
from fer_bench.protocol.settings import (
    BatchNormalization,
    ClassWeight,
    EarlyStopping,
    InputSize,
    MixedPrecision,
    Optimizer,
    Pooling,
    Preprocessing,
    Protocol,
    Schedule,
)
from fer_bench.protocol.sweep import DEFAULT, Sweep
from fer_bench.protocol.trainable_layers import TrainableLayers
from fer_bench.results import load_run
from fer_bench.results.records import Run
from fer_bench.runtime.cache_directory import cache_root
from fer_bench.runtime.errors import FerBenchError, shown
from fer_bench.runtime.files import check_writable, expand_user
from fer_bench.training.cell_runner import run_cell
from fer_bench.training.run_context import RunContext
from fer_bench.training.trained_cell import TrainedCell

# Annotations are evaluated, so that typing.get_type_hints can resolve them.

StrPath = str | os.PathLike[str]


def run(
    backbone: StrPath = "mini",
    init: Init = "pretrained",
    dataset: StrPath = "sketch",
    *,
    epochs: int | None = None,
    seed: int | None = None,
    batch_size: int | None = None,
    mixed_precision: MixedPrecision | None = None,
    trainable_layers: int | str | None = None,
    batchnorm: BatchNormalization | None = None,
    learning_rate: float | None = None,
    optimizer: Optimizer | None = None,
    weight_decay: float | None = None,
    schedule: Schedule | None = None,
    class_weight: ClassWeight | None = None,
    label_smoothing: float | None = None,
    augment: str | None = None,
    early_stopping: EarlyStopping | None = None,
    input_size: InputSize | None = None,
    preprocessing: Preprocessing | None = None,
    pooling: Pooling | None = None,
    recipe: Recipe | None = None,
    sweep: bool | str = False,
    head: str | None = None,
    dropout: float | None = None,
    shots: int | str | None = None,
    draws: int | None = None,
    split: SplitName | None = None,
    row_order: RowOrder | None = None,
    dedupe: Dedupe | None = None,
    labels: Labels | None = None,
    votes: StrPath | None = None,
    limit: int | None = None,
    class_map: StrPath | None = None,
    test_on: StrPath | None = None,
    test_on_class_map: StrPath | None = None,
    store: StrPath | None = None,
    weights_dir: StrPath | None = None,
    fresh: bool = False,
) -> TrainedCell:
    """Train one cell, or load its stored result.

    The cell is identical to the one that ``pytest benchmarks`` trains, to the last bit. The
    keywords are named after the options of the benchmark, and have the same defaults. Weights are
    verified, but no lock file is read or written.

    Args:
        backbone: registered name, one of ``backbones()``, or path of a ``.keras`` or ``.onnx``
            file.
        init: ``"pretrained"`` or ``"random"``.
        dataset: registered name, one of ``datasets()``, or path of a data set.
        epochs: number of training epochs, 1 or more; default 20.
        seed: seed of random weights, head and image order, 0 or more; default 42.
        batch_size: number of images in a training step, 1 or more; default 32.
        mixed_precision: ``"none"`` (default) or ``"bfloat16"`` (layers compute in bfloat16;
            weights, logits, softmax and loss stay in float32).
        trainable_layers: number of last layers to train, ``"all"``, or a text with both inits, as
            in ``"pretrained:4,random:all"``; default 4.
        batchnorm: ``"paper"`` (default; batch normalisation among the trained layers is trained) or
            ``"frozen"`` (it keeps its initial values).
        learning_rate: learning rate of the optimiser, above 0; default 1e-4.
        optimizer: ``"adam"`` (default), ``"sgd"`` or ``"rmsprop"``, as Keras defines them.
        weight_decay: decoupled weight decay of the optimiser, 0 (default) or more.
        schedule: ``"constant"`` (default) or ``"cosine"`` (the learning rate falls to 0 over all
            epochs).
        class_weight: ``"none"`` (default) or ``"balanced"`` (in training, the loss of an image is
            weighted by n / (classes * images of its class)).
        label_smoothing: share of each training target that is spread over all classes, from 0
            (default) to below 1.
        augment: ``"none"`` (default), or transformations of training images separated by commas:
            ``"flip"``, ``"shift"``, ``"rotate"``.
        early_stopping: ``"none"`` (default), or a number of epochs without a lower validation loss
            after which training stops; the weights of the epoch with the lowest are kept.
        input_size: side length of the network's input in pixels, or ``"own"`` (default).
        preprocessing: ``"own"`` (default; the network's) or ``"unit"`` (grey levels divided by
            255).
        pooling: features that the head gets: ``"flatten"`` (default; all of them) or
            ``"average"`` (the mean of each channel over all positions).
        recipe: named set of values of the other keywords, each of which overrides it: ``"paper"``
            (default), ``"recommended"``, ``"strong"`` or ``"mieb"``.
        sweep: True to choose learning rate and weight decay from a grid on the validation images,
            or axes with or without values, as in ``"learning-rate=1e-4,1e-3,dropout"``; the trials
            are in ``result.trials``.
        head: name of one head, ``"linear"`` (default), ``"mlp:256,128"`` (hidden layers of these
            widths), or, fitted on the frozen backbone, ``"logreg"``, ``"svm"``, ``"knn"``,
            ``"forest"``, ``"boosting"`` or ``"prototype"``.
        dropout: dropout after each hidden layer, 0 to below 1; default 0.
        shots: with a fitted head, number of training images of each class that it is also fitted
            on, or a text with several, as in ``"1,4,16"``, or with ``"mieb"``, as
            ``result.few_shot`` records; default ``"none"``.
        draws: number of draws of these images, 1 or more; default 5.
        split: ``"paper"`` (default; 70/10/20), ``"80-20"`` (stratified, without a test part),
            ``"80-20-ordered"`` (the same in the order of the rows), ``"kaggle"`` (the data set's
            own three parts) or ``"grouped"`` (70/10/20, with all duplicates of an image in one
            part).
        row_order: order in which images are drawn: ``"content"`` (default; by their digests) or
            ``"given"`` (by their rows).
        dedupe: ``"none"`` (default), ``"train"`` (training images have no duplicate in any part) or
            ``"all"`` (no image has a duplicate).
        labels: ``"fer2013"`` (default; the data set's own) or ``"ferplus"`` (the class with the
            most ``votes``).
        votes: path of FER+'s ``fer2013new.csv``, in the order of the data set.
        limit: number of images in a stratified sample; None for all images.
        class_map: name of a class numbering, or path of a csv file with the columns name and class.
        test_on: another data set, as ``dataset``, that the trained cell is tested on, too:
            ``result.cross_test``. Its own test part is used if it has one, otherwise all images.
        test_on_class_map: class map of ``test_on``.
        store: path of the directory of features, checkpoints and results; default: the directory
            ``store`` in the cache directory.
        weights_dir: path of a directory to search first for pretrained weights.
        fresh: if True, compute again what the store has.

    Returns:
        The trained cell: ``result`` is its record, ``predict`` classifies images, ``network`` is
        the Keras network. ``close``, or the end of a ``with`` statement, frees the network.

    Raises:
        FerBenchError: an argument is not accepted, the data or weights are missing or invalid, or
            training diverged.
    """
    with _errors_with_parameters():
        check_keras()
        protocol = Protocol.of(
            **_requested(
                recipe=recipe,
                sweep=_sweep(sweep),
                epochs=_integer("epochs", epochs),
                seed=_integer("seed", seed),
                batch_size=_integer("batch_size", batch_size),
                mixed_precision=mixed_precision,
                trainable_layers=None
                if trainable_layers is None
                else TrainableLayers.parse(str(trainable_layers)),
                batch_normalization=batchnorm,
                learning_rate=_real("learning_rate", learning_rate),
                optimizer=optimizer,
                weight_decay=_real("weight_decay", weight_decay),
                schedule=schedule,
                class_weight=class_weight,
                label_smoothing=_real("label_smoothing", label_smoothing),
                augment=augment,
                early_stopping=_integer_or("none", "early_stopping", early_stopping),
                input_size=_integer_or("own", "input_size", input_size),
                preprocessing=preprocessing,
                pooling=pooling,
                head=_head(head, _real("dropout", dropout)),
                shots=None if shots is None else Shots.parse(str(shots)),
                draws=_integer("draws", draws),
            )
        )
        spec = DataSpec(
            **_requested(
                dataset=_name_or_path("dataset", dataset),
                class_map=_name_or_path("class_map", class_map),
                split=split,
                row_order=row_order,
                dedupe=dedupe,
                labels=labels,
                votes=_path("votes", votes),
                limit=_integer("limit", limit),
            )
        )
        if not isinstance(backbone, (str, os.PathLike)):
            raise FerBenchError(f"backbone {shown(backbone)} is unknown", ", ".join(backbones()))
        entry = models.get(os.fspath(backbone))
        if init not in INITS:
            raise FerBenchError(f"init {init!r} is unknown", ", ".join(INITS))
        directory = _path("store", store) or cache_root() / "store"
        weights = _path("weights_dir", weights_dir)
        # Before the duplicate search, which takes long for many images.
        check_writable("store", directory)
        source, source_votes = load_source(spec)
        other = _name_or_path("test_on", test_on)
        other_map = _name_or_path("test_on_class_map", test_on_class_map)
        if other is None and other_map is not None:
            raise FerBenchError(f"test_on_class_map {other_map!r} needs test_on")
        other_source = None if other is None else load_source(DataSpec(other, other_map))[0]
        if init == "pretrained":
            models.locate(entry, weights)
        data = prepare_data(source, spec, votes=source_votes, cache_dir=cache_root())
        context = RunContext(data, protocol, directory, weights, fresh)
        if other_source is not None:
            context = context.tested_on(other_source)
        return run_cell(context, entry, init)


def backbones() -> tuple[str, ...]:
    """Return the names of the registered backbones, in registration order."""
    return models.names()


def datasets() -> tuple[str, ...]:
    """Return the names of the registered data sets, in registration order."""
    return dataset_names()


def heads() -> tuple[str, ...]:
    """Return the names of the heads, those of registrations and packages last.

    ``mlp`` is the name of all heads with hidden layers, such as ``"mlp:256,128"``.
    """
    return (LINEAR, "mlp", *fitted_names())


def load_results(path: StrPath) -> Run:
    """Read a results file, of this version or an earlier one.

    Args:
        path: path of a ``results.json``, or of a file that pytest-benchmark saved.

    Returns:
        The run; ``run.to_frame()`` is a pandas table of it.

    Raises:
        FerBenchError: the file cannot be read or holds no results of this benchmark.
    """
    return load_run(expand_user(os.fspath(path)))


def write_report(run: Run, directory: StrPath) -> Path:
    """Write the report of a run, as ``fer-bench report`` does: page, figures and tables.

    An earlier report in the directory is replaced. Its data card and contact sheets are removed, as
    a run does not hold the audit of the data.

    Args:
        run: results, as returned by ``load_results``.
        directory: path of the directory of the report, which need not exist.

    Returns:
        Path of the page, ``index.html``.

    Raises:
        FerBenchError: a file cannot be written.
        ValueError: the run contradicts itself.
    """
    from fer_bench import report
    from fer_bench.report.output import PAGE

    target = expand_user(os.fspath(directory))
    report.write_report(target, report.Report.of(run))
    return target / PAGE


def compare(
    base: StrPath | Sequence[StrPath],
    head: StrPath | Sequence[StrPath],
    fail_on: str | Sequence[str] = (),
) -> ComparisonResult:
    """Compare the results of two commits, as ``fer-bench compare`` does.

    Args:
        base: path of a results file, or of a directory of them; several are repeated runs.
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


@contextlib.contextmanager
def _errors_with_parameters() -> Iterator[None]:
    """Name the parameters of ``run`` in errors, instead of the options named after them."""

    def parameter(option: re.Match[str]) -> str:
        name, value = option["name"].replace("-", "_"), option["value"]
        if name not in inspect.signature(run).parameters:
            return option[0]
        if value is None:
            return name
        return f"{name}={value}" if value.isupper() else f"{name}={value!r}"

    try:
        yield
    except FerBenchError as error:
        for field in ("problem", "accepted", "hint"):
            text = re.sub(
                r"(?<![\w-])--(?P<name>[a-z-]+)(=(?P<value>\w+))?", parameter, getattr(error, field)
            )
            setattr(error, field, text)
        raise


def _requested(**values: Any) -> dict[str, Any]:
    """Return the values without those that are None, for which the defaults apply."""
    return {name: value for name, value in values.items() if value is not None}


def _path(name: str, value: StrPath | None) -> Path | None:
    if value is None:
        return None
    if not isinstance(value, (str, os.PathLike)) or not os.fspath(value):
        raise FerBenchError(f"{name} {shown(value)} is not a path", "a path, or None")
    return expand_user(os.fspath(value))


def _name_or_path(name: str, value: StrPath | None) -> str | None:
    """Return a text as it is, and a path so that it cannot be read as a name."""
    if isinstance(value, str):
        return value
    path = _path(name, value)
    return None if path is None else str(path.absolute())


def _paths(given: StrPath | Sequence[StrPath]) -> list[Path]:
    several = [given] if isinstance(given, (str, os.PathLike)) else given
    return [expand_user(os.fspath(path)) for path in several]


def _head(name: str | None, dropout: float | None) -> Heads | None:
    if name is None and dropout is None:
        return None
    heads = Heads.parse(LINEAR if name is None else str(name), dropout)
    if len(heads.names) > 1:
        raise FerBenchError(f"head {name!r} names several heads", "one head")
    return heads


def _sweep(value: bool | str) -> Sweep:
    if isinstance(value, bool):
        return Sweep.parse(DEFAULT) if value else Sweep()
    if not isinstance(value, str):
        raise FerBenchError(f"sweep {shown(value)} is invalid", "True, False, or a text with axes")
    return Sweep.parse(value)


def _real(name: str, value: Any) -> float | None:
    """Return a number as Python's float, whatever library it comes from."""
    if value is None:
        return None
    if not isinstance(value, (bool, str)):
        with contextlib.suppress(TypeError, ValueError):
            return float(value)
    raise FerBenchError(f"{name} {shown(value)} is not a number")


def _integer(name: str, value: Any) -> int | None:
    """Return an integer as Python's int, whatever library it comes from."""
    if value is None:
        return None
    if not isinstance(value, bool):
        with contextlib.suppress(TypeError):
            return operator.index(value)
    raise FerBenchError(f"{name} {shown(value)} is not an integer")


def _integer_or(word: str, name: str, value: Any) -> Any:
    """Return an integer as Python's int, and the word that stands for none as it is."""
    return value if isinstance(value, str) and value == word else _integer(name, value)
