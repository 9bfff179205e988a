"""Settings of the experiment, as stated by the paper or chosen by this project.

Each setting is a dataclass field. Its metadata records the origin of the value, stated by the
paper or chosen by this project, and the reason; reports print both.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from fer_bench.protocol import augmentation
from fer_bench.protocol.declared_settings import (
    Setting,
    check_settings,
    chosen,
    option_name,
    setting_rows,
    settled,
    stated,
)
from fer_bench.protocol.few_shot import Shots
from fer_bench.protocol.fitted_heads import fitted_settings, head_kind
from fer_bench.protocol.head import Head, Heads, is_fitted
from fer_bench.protocol.recipes import RECIPES, VALUES, Recipe
from fer_bench.protocol.sweep import Sweep
from fer_bench.protocol.trainable_layers import TrainableLayers
from fer_bench.runtime.errors import FerBenchError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

BatchNormalization = Literal["paper", "frozen"]
Optimizer = Literal["adam", "sgd", "rmsprop"]
Preprocessing = Literal["own", "unit"]
Pooling = Literal["flatten", "average"]
InputSize = int | Literal["own"]
Schedule = Literal["constant", "cosine"]
ClassWeight = Literal["none", "balanced"]
MixedPrecision = Literal["none", "bfloat16"]
EarlyStopping = int | Literal["none"]
OF_CELLS = ("seed", "seeds", "head")
"""Settings in which runs of one experiment may differ, since each cell records its own."""

OF_SHOTS = ("shots", "draws")
"""Settings that are only listed for runs with few-shot evaluation or a recipe that has it."""

LARGEST_INPUT = 1024
"""Largest side length of a network's input, in pixels."""


@dataclass(frozen=True)
class Protocol:
    """Configuration of training and evaluation, apart from the cell and its data.

    Raises:
        FerBenchError: a value is out of its range.
    """

    excluded: str = settled(
        "stated",
        "last layer",
        "the classification layer, if a network has one: the paper's parameter counts are those of "
        "ResNet-50 and MobileNet without top and of the complete OpenFace; of a network in a "
        ".keras file, the layer that gives the classes, if it ends with a softmax or was trained "
        "with a cross-entropy",
    )
    vggface_output: str = settled(
        "chosen",
        "the 4,096 features before the 2,622-way layer",
        "the paper gives no parameter count for VGG-Face; the other reading keeps the 2,622-way "
        "layer and excludes only its softmax, which is the network that deepface's loader returned "
        "in 2022",
    )
    trainable_layers: TrainableLayers = stated(
        TrainableLayers(),
        "all layers frozen but the last 4, stated of the pretrained networks; for the random ones "
        "an inference",
    )
    learning_rate: float = stated(1e-4, "stated as 1e-4")
    epochs: int = stated(20, "stated as 20", least=1)
    loss: str = settled("stated", "categorical_crossentropy", "stated")
    window: int = stated(5, "key metrics are computed every 5 epochs", least=1)
    last_layers_counted: str = settled(
        "chosen",
        "entries of the Keras layer list",
        "the usual reading of base.layers[:-4] once the last layer is excluded; layers without "
        "weights count too",
    )
    dropout: str = settled(
        "chosen",
        "VGG-Face's own, 0.5, active in training",
        "the paper does not mention it; among VGG-Face's last 4 layers is the dropout between its "
        "two layers of 4,096 features; the other networks have none there",
    )
    batch_normalization: BatchNormalization = chosen(
        "paper",
        "the paper does not mention it; Keras' default: among the last layers it is trained like "
        "them, with batch statistics in training and moving averages in evaluation; 'frozen' "
        "always uses its initial moving averages",
        accepted=get_args(BatchNormalization),
        option="batchnorm",
    )
    optimizer: Optimizer = chosen(
        "adam", "the usual choice at a learning rate of 1e-4", accepted=get_args(Optimizer)
    )
    weight_decay: float = chosen(
        0.0,
        "the paper does not mention it; decoupled, as in Keras' optimisers: each step subtracts "
        "this share, times the learning rate, of every trained weight",
    )
    schedule: Schedule = chosen(
        "constant",
        "the paper states a single learning rate; 'cosine' lowers it to 0 over all epochs",
        accepted=get_args(Schedule),
    )
    class_weight: ClassWeight = chosen(
        "none",
        "the paper does not mention it; 'balanced' weights the loss of a training image by n / "
        "(classes * images of its class); reported losses are unweighted",
        accepted=get_args(ClassWeight),
    )
    label_smoothing: float = chosen(
        0.0,
        "the paper does not mention it; share of each target that is spread over all classes in "
        "training; reported losses are those of the labels",
    )
    augment: str = chosen(
        augmentation.NONE,
        "the paper does not mention it; in each epoch, a training image is one of its views: "
        "mirrored or not for 'flip', and one of "
        f"{augmentation.DRAWS} fixed shifts (up to {augmentation.SHIFT:.0%} of the side) and "
        f"rotations (up to {augmentation.DEGREES:.0f} degrees); evaluation is on the images as "
        "they are",
    )
    early_stopping: EarlyStopping = chosen(
        "none",
        "the paper trains all epochs; N stops after N epochs without a lower validation loss and "
        "restores the weights of the epoch with the lowest, with which the history ends",
    )
    recipe: Recipe = chosen(
        "paper", "named set of settings, each of which is a row of its own", accepted=RECIPES
    )
    sweep: Sweep = chosen(
        Sweep(),
        "the paper does not mention one; every cell takes, from this grid, the settings with the "
        "highest validation accuracy, among equal ones the lowest validation loss, then the first; "
        "they replace the values of their rows; the test images play no part in it",
    )
    batch_size: int = chosen(32, "the default of Keras' fit", least=1)
    mixed_precision: MixedPrecision = chosen(
        "none",
        "the paper does not mention it; 'bfloat16' computes all layers but the last one in "
        "bfloat16; weights, logits, softmax and loss stay in float32, and so do networks from "
        "files. Unlike float16, it needs no scaling of the loss",
        accepted=get_args(MixedPrecision),
    )
    order: str = settled(
        "chosen",
        "a fresh permutation every epoch",
        "drawn from the cell's seed; after set_random_seed, Keras' own shuffling repeats one "
        "permutation",
    )
    input_size: InputSize = chosen(
        "own",
        "48 for ResNet-50, MobileNet and mini, 96 for OpenFace, 224 for VGG-Face: FER2013's own "
        "size if a network accepts any, otherwise its built-in size",
    )
    resize: str = settled(
        "chosen",
        "bilinear, no antialiasing",
        "the default of tf.image.resize; image files of several sizes, or above 224 pixels, are "
        "resized to one square first, antialiased and not cropped",
    )
    channels: str = settled(
        "chosen",
        "grey repeated to three channels",
        "all networks expect colour; colour files are converted to grey (ITU-R 601 luma), as "
        "FER2013 is grey",
    )
    preprocessing: Preprocessing = chosen(
        "own",
        "each network's own: x/127.5-1 for MobileNet and mini, BGR minus ImageNet's mean for "
        "ResNet-50, x/255 for the face networks, as deepface does by default; 'unit' is x/255 for "
        "all",
        accepted=get_args(Preprocessing),
    )
    pooling: Pooling = chosen(
        "flatten",
        "the paper does not mention it; keeps all features; 'average' takes the mean of each "
        "channel over all positions",
        accepted=get_args(Pooling),
    )
    head: Heads = chosen(Heads(), "the smallest head that maps features to classes")
    shots: Shots = chosen(
        Shots(),
        "few-shot evaluation of fitted heads: each is fitted on so many training images of each "
        "class, with the weakest regularisation of its grid, so that no other label is used; "
        "features are standardised on all training images; 'mieb' is the evaluation of MIEB",
    )
    draws: int = chosen(
        5, "as in MIEB; each draw is determined by the cell's seed and its number", least=1
    )
    training_figures: str = settled(
        "chosen",
        "running mean over the epoch",
        "what Keras' fit reports on training data; metrics evaluated after each epoch are "
        "reported too",
    )
    metric_0: str = settled(
        "chosen",
        "consecutive and untrained",
        "the paper does not define it; by its printed digits, its rates are means of consecutive "
        "differences from epoch 1 on (consecutive); rates from the untrained network on are "
        "reported too",
    )
    initial: str = settled(
        "chosen",
        "after epoch 1, on validation data",
        "the paper says initial but shows no epoch 0; metrics of the untrained network are "
        "reported too",
    )
    seed: int = chosen(42, "the paper's random_state; seeds weights, head and order", least=0)
    seeds: int = chosen(1, "the paper reports one run of each cell", least=1)

    def __post_init__(self) -> None:
        check_settings(self)
        for name, value, word, most, numbers in (
            (
                "input size",
                self.input_size,
                "own",
                LARGEST_INPUT,
                f"pixels from 1 to {LARGEST_INPUT:,}",
            ),
            ("early stopping", self.early_stopping, "none", math.inf, "epochs from 1"),
        ):
            if value != word and (type(value) is not int or not 1 <= value <= most):
                raise FerBenchError(
                    f"{name} {value!r} is invalid", f"{word!r}, or a number of {numbers}"
                )
        object.__setattr__(self, "augment", augmentation.normalized(self.augment))
        self.sweep.check(map(Head.parse, self.head.names))
        if self.every_seed[-1] >= 2**32:
            raise FerBenchError(
                f"seed {self.every_seed[-1]} is too large",
                f"0 to {2**32 - 1}",
            )
        rate, decay, smoothing = self.learning_rate, self.weight_decay, self.label_smoothing
        for name, number, is_in_range, numbers in (
            ("learning rate", rate, 0 < rate < float("inf"), "a number above 0"),
            ("weight decay", decay, 0 <= decay < float("inf"), "0, or a number above it"),
            ("label smoothing", smoothing, 0 <= smoothing < 1, "0 or more, but less than 1"),
        ):
            if isinstance(number, bool) or not is_in_range:
                raise FerBenchError(f"{name} {number} is out of range", numbers)
        if self.shots:
            self.shots.check_heads(self.head.names)
        if not self.shots.counts and self.draws != Protocol.draws:
            raise FerBenchError(
                f"draws {self.draws} with shots {self.shots} has no effect",
                hint="add a number, as in --shots=16, or omit --draws",
            )

    @classmethod
    def of(cls, recipe: Recipe = "paper", **values: Any) -> Protocol:
        """Return the protocol of a recipe, with other values for some settings.

        Raises:
            FerBenchError: the recipe is unknown, or a value is out of its range.
        """
        of_recipe = VALUES[recipe] if recipe in RECIPES else {}
        return cls(**{"recipe": recipe, **of_recipe, **values})

    @classmethod
    def recorded(cls, settings: Iterable[Setting]) -> Protocol:
        """Return the protocol whose ``settings()`` these are; a missing one has its default.

        Raises:
            FerBenchError: a value is not that of a setting.
        """
        fields = {item.name: item for item in dataclasses.fields(cls)}
        names = cls.option_names()
        return cls(
            **{
                one.name: _recorded_value(one, fields[one.name].default)
                for one in settings
                if one.name in names
            }
        )

    @property
    def every_seed(self) -> range:
        """All seeds that each backbone and init is trained with."""
        return range(self.seed, self.seed + self.seeds)

    @classmethod
    def option_names(cls) -> dict[str, str]:
        """Return the name of pytest's option for each setting that has one, without dashes."""
        return {
            item.name: option_name(item)
            for item in dataclasses.fields(cls)
            if item.init and item.name != "window"
        }

    def options(self) -> list[str]:
        """Return the options of pytest that select this protocol: those that are not default."""
        names, base = self.option_names(), Protocol.of(self.recipe)
        values = {name: getattr(self, name) for name in names}
        return [
            f"--{names[name]}={value}"
            for name, value in values.items()
            if value != getattr(Protocol() if name == "recipe" else base, name)
        ]

    def changed(self, *names: str) -> dict[str, Any]:
        """Return those of the named settings that differ from their defaults, with their values."""
        default = Protocol()
        values = {name: getattr(self, name) for name in names}
        return {name: one for name, one in values.items() if one != getattr(default, name)}

    def settings(self) -> list[Setting]:
        """Return every setting with its origin and reason, in order of declaration.

        Those of fitted heads are only listed for heads of the run, after the heads, and those of
        few-shot evaluation only if there is any, or the recipe has some.
        """
        has_shots = self.shots or "shots" in VALUES[self.recipe]
        rows = [
            self._with_recipe(row)
            for row in setting_rows(self)
            if has_shots or row.name not in OF_SHOTS
        ]
        place = 1 + [row.name for row in rows].index("head")
        kinds = [head_kind(name) for name in self.head.names if is_fitted(name)]
        return [*rows[:place], *fitted_settings(kinds), *rows[place:]]

    def _with_recipe(self, row: Setting) -> Setting:
        """Return the row with the value of the recipe, if that is not the default."""
        values = VALUES[self.recipe]
        if row.name not in values:
            return row
        value = values[row.name]
        is_own = getattr(self, row.name) == value
        source = f"recipe {self.recipe}" if is_own else f"not {value} as in recipe {self.recipe}"
        return replace(row, origin="changed", why=f"{source}; {row.why}")


def is_of_head(name: str) -> bool:
    """Return True for a setting of fitted heads, which runs without such a head may lack."""
    return name.startswith("head_") or name in OF_SHOTS


def _recorded_value(setting: Setting, default: Any) -> Any:
    """Parse the text of a setting as a value of its default's type."""
    text = setting.value
    try:
        if isinstance(default, (TrainableLayers, Heads, Shots, Sweep)):
            return type(default).parse(text)
        if setting.name in ("input_size", "early_stopping"):
            return int(text) if text.isdecimal() else text
        return type(default)(text)
    except ValueError:
        raise FerBenchError(
            f"recorded setting {setting.name!r} is {shown(text)}",
            "a value as fer_bench writes it",
            "use an unchanged results file",
        ) from None
