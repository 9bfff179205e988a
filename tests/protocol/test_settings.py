"""The protocol's settings and their printed form."""

import dataclasses

import pytest

from fer_bench.protocol import augmentation
from fer_bench.protocol.data_spec import DEDUPES, LABELS, SPLITS, DataSpec
from fer_bench.protocol.head import Heads
from fer_bench.protocol.recipes import RECIPES
from fer_bench.protocol.settings import OF_SHOTS, Protocol
from fer_bench.protocol.trainable_layers import TrainableLayers
from fer_bench.runtime.errors import FerBenchError


def test_every_setting_is_printed_with_origin_and_reason():
    rows = {row.name: row for row in (*DataSpec().settings(), *Protocol().settings())}
    of_data = ["split", "split_seed", "row_order", "dedupe", "labels"]
    of_training = [item.name for item in dataclasses.fields(Protocol) if item.name not in OF_SHOTS]
    assert list(rows) == [*of_data, *of_training]
    assert all(row.why for row in rows.values())
    assert (rows["learning_rate"].value, rows["learning_rate"].origin) == ("0.0001", "stated")
    assert (rows["batch_size"].value, rows["batch_size"].origin) == ("32", "chosen")
    assert (rows["row_order"].value, rows["row_order"].origin) == ("content", "chosen")
    assert rows["trainable_layers"].why.endswith("for the random ones an inference")
    assert (rows["vggface_output"].origin, rows["dropout"].origin) == ("chosen", "chosen")


def test_the_row_order_of_the_draw_is_recorded():
    (row,) = (row for row in DataSpec(row_order="given").settings() if row.name == "row_order")
    assert (row.value, row.origin) == ("given", "changed")


def test_a_changed_setting_says_what_it_was():
    (row,) = (row for row in Protocol(epochs=3).settings() if row.name == "epochs")
    assert (row.value, row.origin) == ("3", "changed")
    assert row.why.startswith("default 20 (stated")


@pytest.mark.parametrize(
    ("text", "pretrained", "random"),
    [
        ("4", 4, 4),
        ("0", 0, 0),
        ("all", "all", "all"),
        ("pretrained:4,random:all", 4, "all"),
        ("random:2", 4, 2),
        (" pretrained : all ", "all", 4),
    ],
)
def test_trainable_layers_are_read(text, pretrained, random):
    layers = TrainableLayers.parse(text)
    assert (layers.of("pretrained"), layers.of("random")) == (pretrained, random)
    assert TrainableLayers.parse(str(layers)) == layers


@pytest.mark.parametrize(
    "text", ["", "-1", "four", "4.0", "pretrained:", "both:4", "random:1,random:2", "4,5", "1:2"]
)
def test_unclear_trainable_layers_are_an_error(text):
    with pytest.raises(FerBenchError, match=r"trainable layers .*accepted: 0 or more") as raised:
        TrainableLayers.parse(text)
    assert repr(text) in raised.value.problem


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs 0 is too small; accepted: 1 "),
        ({"batch_size": 0}, "batch size 0 is too small"),
        ({"window": 0}, "window 0 is too small"),
        ({"seed": -1}, "seed -1 is too small; accepted: 0 "),
        ({"seed": 2**32}, "seed 4294967296 is too large"),
        ({"seed": 2**32 - 2, "seeds": 3}, "seed 4294967296 is too large"),
        ({"seeds": 0}, "seeds 0 is too small; accepted: 1 "),
        ({"learning_rate": 0.0}, "learning rate 0.0 is out of range"),
        ({"learning_rate": float("nan")}, "learning rate nan is out of range"),
        ({"learning_rate": True}, "learning rate True is out of range"),
        (
            {"batch_normalization": "off"},
            r"'off' is unknown; accepted: paper, frozen; .*--batchnorm",
        ),
        ({"optimizer": "lion"}, r"optimizer 'lion' is unknown; accepted: adam, sgd, rmsprop; "),
        ({"preprocessing": "no"}, "preprocessing 'no' is unknown; accepted: own, unit; "),
        ({"weight_decay": -0.1}, "weight decay -0.1 is out of range; accepted: 0"),
        ({"weight_decay": float("inf")}, "weight decay inf is out of range"),
        ({"label_smoothing": 1.0}, "label smoothing 1.0 is out of range; accepted: 0 or more, "),
        ({"schedule": "step"}, "schedule 'step' is unknown; accepted: constant, cosine; "),
        ({"class_weight": "all"}, "'all' is unknown; accepted: none, balanced; .*--class-weight"),
        ({"early_stopping": 0}, "early stopping 0 is invalid; accepted: 'none', or a number "),
        ({"early_stopping": "3"}, "early stopping '3' is invalid"),
        ({"augment": "zoom"}, "'zoom' is unknown; accepted: none, or one or more of flip, "),
        ({"augment": "flip,flip"}, "'flip' is named twice"),
        ({"augment": "none,flip"}, "'none' is unknown"),
        (
            {"recipe": "best"},
            "recipe 'best' is unknown; accepted: paper, recommended, strong, mieb; ",
        ),
        ({"pooling": "max"}, "pooling 'max' is unknown; accepted: flatten, average; "),
        ({"input_size": 0}, "input size 0 is invalid; accepted: 'own', or a number of pixels "),
        ({"input_size": "48"}, "input size '48' is invalid"),
        ({"input_size": True}, "input size True is invalid"),
    ],
)
def test_values_out_of_range_are_an_error(change, message):
    with pytest.raises(FerBenchError, match=message):
        Protocol(**change)


@pytest.mark.parametrize(
    ("name", "accepted"), [("split", SPLITS), ("dedupe", DEDUPES), ("labels", LABELS)]
)
def test_unknown_settings_of_the_data_are_an_error(name, accepted):
    for value in accepted:
        assert getattr(DataSpec(**{name: value}), name) == value
    with pytest.raises(FerBenchError) as raised:
        DataSpec(**{name: "halves"})
    assert raised.value.problem == f"{name} 'halves' is unknown"
    assert raised.value.accepted == ", ".join(accepted)


def test_kinds_of_augmentation_are_put_in_order():
    assert Protocol(augment="shift, flip") == Protocol(augment="flip,shift")


@pytest.mark.parametrize(
    ("text", "mirrored", "moved"),
    [("none", 0, 0), ("flip", 1, 0), ("rotate", 0, 3), ("flip,shift,rotate", 4, 6)],
)
def test_views_of_an_image(text, mirrored, moved):
    found = augmentation.views(text)
    assert found[0].facts() == {}
    assert len({repr(view) for view in found}) == len(found)
    assert sum(view.mirrored for view in found) == mirrored
    assert sum(bool(view.drawn) for view in found) == moved


class TestRecipe:
    def test_a_given_value_overrides_it(self) -> None:
        strong, own = Protocol.of("strong"), Protocol.of("strong", schedule="constant", seed=3)
        assert strong.schedule == "cosine"
        assert own == dataclasses.replace(strong, schedule="constant", seed=3)
        assert Protocol.of() == Protocol()

    def test_rows_show_what_comes_from_it(self) -> None:
        rows = {row.name: row for row in Protocol.of("strong", augment="none", epochs=3).settings()}
        assert rows["recipe"].value == "strong"
        assert (rows["schedule"].value, rows["schedule"].origin) == ("cosine", "changed")
        assert rows["schedule"].why.startswith("recipe strong; default constant (chosen")
        assert (rows["augment"].value, rows["augment"].origin) == ("none", "changed")
        assert rows["augment"].why.startswith("not flip,shift,rotate as in recipe strong; the ")
        assert rows["epochs"].why.startswith("not 40 as in recipe strong; default 20 (stated")
        assert rows["optimizer"].origin == "chosen"

    def test_the_recommended_one_trains_dense_layers_on_the_frozen_network(self) -> None:
        recommended = Protocol.of("recommended")
        assert recommended.trainable_layers == TrainableLayers(0, 0)
        assert recommended.head.names == ("mlp:256x128",)
        own = Protocol.of("recommended", head=Heads())
        (option,) = (one for one in own.options() if one.startswith("--head="))
        assert Heads.parse(option.partition("=")[2]) == Heads()

    @pytest.mark.parametrize("recipe", RECIPES)
    def test_options_select_it(self, recipe) -> None:
        assert Protocol.of(recipe).options() == ([f"--recipe={recipe}"] * (recipe != "paper"))
        own = Protocol.of(recipe, augment="none", weight_decay=0.5)
        assert "--weight-decay=0.5" in own.options()
        assert ("--augment=none" in own.options()) == (recipe == "strong")


def test_seeds_count_from_the_first():
    assert list(Protocol(seed=7, seeds=3).every_seed) == [7, 8, 9]
    assert list(Protocol().every_seed) == [42]
