"""Options of the command line and of ini files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.protocol.augmentation import DRAWS
from fer_bench.protocol.label_codes import NUMBERED
from fer_bench.protocol.sweep import AXES, DEFAULT, Sweep

if TYPE_CHECKING:
    from collections.abc import Collection

    import pytest


@dataclass(frozen=True)
class Option:
    """One option, on the command line as ``--fer-name`` and in ini files as ``fer_name``.

    On the command line it is available as ``--name`` too, unless another plugin defines that.
    Options whose name begins with ``fer-`` have no such short name.

    Attributes:
        name: the name without dashes.
        help: its text.
        metavar: name of its value; None for a flag.
        bare: value that it has if it is given without one; None if it needs a value. Otherwise the
            value must follow an equals sign.
    """

    name: str
    help: str
    metavar: str | None = None
    bare: str | None = None

    @property
    def takes_next(self) -> bool:
        """True if the next word of a command line is its value."""
        return self.metavar is not None and self.bare is None

    @property
    def shown_value(self) -> str:
        """Text after its name in help: ``=N``, ``[=AXES]``, or nothing."""
        if self.metavar is None:
            return ""
        return f"={self.metavar}" if self.bare is None else f"[={self.metavar}]"

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
        "openface, resnet50, mobilenet); 'keras:EfficientNetV2B0' is one of Keras' applications, "
        "'keras:MobileNet*' are several, 'deepface:Facenet512' and 'dlib:resnet' recognise faces; "
        "'fer-bench backbones' lists all; or paths of .keras and .onnx files. Default: mini, a "
        "small one included in the package.",
        "NAMES",
    ),
    Option("init", "pretrained, random or both. Default: both.", "INIT"),
    Option(
        "dataset",
        "sketch (synthetic, the default); fer2013 (looked up in FER_BENCH_DATA, ./fer2013 and the "
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
        "test-on",
        "Another data set, named as for --dataset, to test the trained cells on, too: on its own "
        "test part, if it has one, otherwise on all its images. Classes are matched by name.",
        "NAME|PATH",
    ),
    Option("test-on-class-map", "The same as --class-map for --test-on.", "NAME|FILE"),
    Option(
        "split",
        "paper (70/10/20, the default), 80-20 (that of the paper's published rates, without a test "
        "part; stratified) or 80-20-ordered (the first rows for training), kaggle (the data set's "
        "three parts), or grouped (70/10/20, all duplicates of an image in one part).",
        "SPLIT",
    ),
    Option(
        "row-order",
        "Order in which images are drawn: content (by their digests, the default; the same for all "
        "layouts of a data set) or given (by their rows, as scikit-learn draws them).",
        "ORDER",
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
    Option(
        "mixed-precision",
        "none (the default) or bfloat16: layers compute in bfloat16, weights, logits, softmax and "
        "loss in float32. Meant for GPUs with bfloat16 units.",
        "NAME",
    ),
    Option("learning-rate", "Learning rate of the optimiser. Default: 0.0001.", "RATE"),
    Option("optimizer", "adam (the default), sgd or rmsprop, as Keras defines them.", "NAME"),
    Option(
        "weight-decay",
        "Decoupled weight decay of the optimiser, as in AdamW; biases included, as in Keras. "
        "Default: 0.",
        "RATE",
    ),
    Option(
        "schedule",
        "constant (the default) or cosine (the learning rate falls to 0 over all epochs).",
        "NAME",
    ),
    Option(
        "class-weight",
        "none (the default) or balanced: in training, the loss of an image is weighted by n / "
        "(classes * images of its class). Reported losses are unweighted.",
        "NAME",
    ),
    Option(
        "label-smoothing",
        "Share of each training target that is spread over all classes, below 1. Reported losses "
        "are without. Default: 0.",
        "SHARE",
    ),
    Option(
        "augment",
        "none (the default), or transformations of training images separated by commas: flip, "
        "shift, rotate. In each epoch an image is drawn from its views: 2 for flip, "
        f"{DRAWS} for shift and rotate, {2 * DRAWS} for both. Frozen features are stored for each "
        "view.",
        "NAMES",
    ),
    Option(
        "early-stopping",
        "none (the default), or N: stop after N epochs without a lower validation loss and keep "
        "the weights of the epoch with the lowest.",
        "N",
    ),
    Option(
        "recipe",
        "Named set of settings, each of which its own option overrides: paper (the default), "
        "recommended (the paper's recommendation: all layers frozen, head mlp:256,128), strong "
        "(all layers trained at 96 pixels, with augmentation, label smoothing, weight decay and a "
        "cosine schedule) or mieb (--shots=mieb, head logreg, average pooling).",
        "NAME",
    ),
    Option(
        "sweep",
        "Choose the settings of each cell from a grid, by accuracy on the validation images. "
        f"Without a value: {Sweep.parse(DEFAULT)}. Or axes separated by commas, each with or "
        f"without values, as in learning-rate=1e-4,1e-3,weight-decay: {', '.join(AXES)}. trials=N "
        "draws N trials with Optuna where training is not cheap.",
        "AXES",
        bare=DEFAULT,
    ),
    Option(
        "input-size",
        "Side length of the networks' input in pixels, or own (the default: 48 for ResNet-50, "
        "MobileNet and mini, 96 for OpenFace, 224 for VGG-Face).",
        "N",
    ),
    Option(
        "preprocessing",
        "Scaling of grey levels: own (each network's, the default) or unit (divided by 255).",
        "NAME",
    ),
    Option(
        "pooling",
        "Features that the head gets: flatten (all of them, the default) or average (the mean of "
        "each channel over all positions).",
        "NAME",
    ),
    Option(
        "head",
        "Heads to put on each backbone, separated by commas: linear (one softmax layer, the "
        "default); mlp:256,128 (dense ReLU layers of these widths before it); or, fitted on the "
        "features of the frozen backbone, logreg (logistic regression), svm (linear), knn, forest, "
        "boosting and prototype (nearest class mean).",
        "NAMES",
    ),
    Option(
        "dropout",
        "Dropout after each hidden layer of the mlp heads, from 0 to below 1. Default: 0.",
        "SHARE",
    ),
    Option(
        "shots",
        "Also fit each fitted head on so many training images of each class, without choosing "
        "anything: numbers separated by commas, as in 1,4,16; and mieb for the evaluation of the "
        "Massive Image Embedding Benchmark (16 images of each class, 5 draws, logreg, tested on "
        "Kaggle's PublicTest and PrivateTest).",
        "NUMBERS",
    ),
    Option("draws", "Draws of training images for each number of --shots. Default: 5.", "N"),
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
        "data-parallel",
        "Divide each batch between all devices of this process. Needs KERAS_BACKEND=jax, two "
        "devices or more, and a --batch-size divisible by their number.",
    ),
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
        "THRESHOLDS",
    ),
    Option(
        "shard",
        "Run every N-th cell (in the order backbone, init, head, seed), starting with the K-th. "
        "'fer-bench merge' merges the results of all N shards. Default: 1/1, all cells.",
        "K/N",
    ),
    Option(
        "cells",
        "Run these cells only: ids separated by commas, as 'fer-bench cells' lists them.",
        "IDS",
    ),
)


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
            bare = {} if option.bare is None else {"nargs": "?", "const": option.bare}
            group.addoption(*names, dest=option.ini, metavar=option.metavar, help=text, **bare)
            parser.addini(option.ini, f"{option.flag}: {option.help}", default="")
