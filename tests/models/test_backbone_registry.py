"""The registry, without building anything."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys

import pytest

from fer_bench import models
from fer_bench.models import Backbone, registry
from fer_bench.runtime.errors import FerBenchError


@pytest.fixture
def own(monkeypatch):
    """Return a backbone of the user's, and a registry that forgets it after the test."""
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    return Backbone(
        name="own",
        title="Own",
        input_size=48,
        scale=1.0,
        offset=(0.0, 0.0, 0.0),
        builder="nowhere:build",
        structure="own 1",
    )


def test_the_papers_four_and_mini_are_registered():
    assert models.PAPER == ("vggface", "openface", "resnet50", "mobilenet")
    assert models.names() == (*models.PAPER, "mini")
    assert [models.get(name).title for name in models.PAPER] == [
        "VGG-Face",
        "OpenFace",
        "ResNet-50",
        "MobileNet",
    ]


def test_entries_state_the_papers_parameter_counts():
    counts = {name: models.get(name).parameters for name in models.PAPER}
    assert counts == {
        "vggface": 134_260_544,
        "openface": 3_743_280,
        "resnet50": 23_587_712,
        "mobilenet": 3_228_864,
    }


def test_entries_state_input_sizes():
    sizes = {name: models.get(name).input_size for name in models.names()}
    assert sizes == {"vggface": 224, "openface": 96, "resnet50": 48, "mobilenet": 48, "mini": 48}


def test_structures_distinguishes_the_backbones():
    structures = [models.get(name).structure for name in models.names()]
    assert len(set(structures)) == len(structures)


def test_select_all_is_the_papers_four():
    assert tuple(b.name for b in models.select(" all ")) == models.PAPER


def test_select_keeps_the_order_given():
    assert [b.name for b in models.select("mobilenet, mini,openface")] == [
        "mobilenet",
        "mini",
        "openface",
    ]


@pytest.mark.parametrize("text", ["", " ", "mini,", ",mini", "mini,,openface"])
def test_select_refuses_an_empty_name(text):
    with pytest.raises(FerBenchError, match="name is empty") as caught:
        models.select(text)
    assert caught.value.accepted.startswith("'all', or ")


def test_select_refuses_a_name_given_twice():
    with pytest.raises(FerBenchError, match="'mini' is named twice"):
        models.select("mini,openface,mini")


def test_all_is_no_name_next_to_others():
    with pytest.raises(FerBenchError, match="'all' is unknown"):
        models.select("all,mini")


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ("resnet", "resnet50"),
        ("ResNet-50", "resnet50"),
        ("VGG-Face", "vggface"),
        ("mobilnet", "mobilenet"),
        ("open_face", "openface"),
    ],
)
def test_an_unknown_name_gets_the_nearest_one_suggested(wrong, nearest):
    with pytest.raises(FerBenchError) as caught:
        models.get(wrong)
    assert repr(wrong) in caught.value.problem
    assert caught.value.hint == f"did you mean {nearest!r}?"
    assert "\n" not in str(caught.value)


def test_a_name_like_no_other_gets_all_of_them_listed():
    with pytest.raises(FerBenchError) as caught:
        models.get("xyzzy")
    assert caught.value.accepted == ", ".join(models.names())
    assert caught.value.hint == ""


def test_a_users_backbone_can_be_asked_for(own):
    models.register(own)
    assert models.get("own") is own
    assert models.select("own,mini")[0] is own
    assert [b.name for b in models.select("all")] == list(models.PAPER)


def test_an_equal_backbone_may_be_registered_again(own):
    models.register(own)
    models.register(dataclasses.replace(own))
    assert models.names().count("own") == 1


def test_a_backbone_of_a_module_that_is_loaded_again_takes_the_place_of_the_first(own):
    """As of a conftest.py, where pytest.main is called twice in one process."""
    for _ in range(2):
        module = {"__name__": "conftest"}
        exec("def build(): pass", module)
        models.register(dataclasses.replace(own, builder=module["build"]))
    assert models.get("own").builder is module["build"]
    assert models.names().count("own") == 1


def test_an_edited_builder_of_the_same_name_is_refused(own):
    """As in a notebook: the store would give the results of the old network."""
    module = {"__name__": "__main__"}
    exec("def build(): return 1", module)
    models.register(dataclasses.replace(own, builder=module["build"]))
    exec("def build(): return 2", module)
    with pytest.raises(FerBenchError, match="registered as 'own'"):
        models.register(dataclasses.replace(own, builder=module["build"]))


@pytest.mark.parametrize("change", [{"input_size": 96}, {"builder": "here:build"}])
def test_another_backbone_of_the_same_name_is_refused(own, change):
    models.register(own)
    with pytest.raises(FerBenchError, match="registered as 'own'"):
        models.register(dataclasses.replace(own, **change))
    assert models.get("own") is own


@pytest.mark.parametrize("name", ["", "all", "Own", "9net", "a,b", "a b"])
def test_an_unusable_name_is_refused(own, name):
    with pytest.raises(FerBenchError, match=re.escape(repr(name))):
        dataclasses.replace(own, name=name)


def test_an_input_without_pixels_is_refused(own):
    with pytest.raises(FerBenchError, match="input size 0") as caught:
        dataclasses.replace(own, input_size=0)
    assert caught.value.accepted.startswith("1 pixel")


@pytest.mark.parametrize(
    "builder", ["nowhere:build", "fer_bench.runtime.errors:build", "fer_bench.runtime.errors"]
)
def test_a_builder_that_cannot_be_imported_is_one_line(own, builder):
    with pytest.raises(FerBenchError, match=re.escape(repr(builder))) as caught:
        dataclasses.replace(own, builder=builder).build()
    assert "\n" not in str(caught.value)


def test_the_registry_imports_nothing_heavy():
    code = (
        "import sys, fer_bench.models as b; b.select('all'); b.select('keras:*'); "
        "print(sorted({'keras', 'tensorflow', 'deepface', 'h5py', 'tqdm'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
