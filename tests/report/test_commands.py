from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path

import pytest
from made_runs import made_cell, made_run

from fer_bench.analysis.run_analysis import analyse
from fer_bench.plugin.options import OPTIONS
from fer_bench.plugin.settings import read_settings
from fer_bench.protocol import published
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.few_shot import Shots
from fer_bench.protocol.head import Heads
from fer_bench.protocol.settings import Protocol
from fer_bench.protocol.sweep import Sweep
from fer_bench.protocol.trainable_layers import TrainableLayers
from fer_bench.report.commands import (
    audit_command,
    benchmark_command,
    recorded_command,
    reproduction,
)
from fer_bench.report.page.texts import subject
from fer_bench.results.records import COPIES, SAMPLED

AUDIT = ["fer-bench", "data", "audit"]
END = "--report-dir=report"


def test_defaults_are_left_out() -> None:
    line = audit_command(DataSpec("faces.npz"))
    assert line.split(" ") == [*AUDIT, "faces.npz", "--split=paper", END]


def test_everything_else_is_an_option() -> None:
    line = audit_command(
        DataSpec(
            "my faces",
            split="kaggle",
            dedupe="all",
            labels="ferplus",
            class_map="rafdb",
            votes=Path("votes;.csv"),
            limit=3000,
        )
    )
    assert shlex.split(line) == [
        *AUDIT,
        "my faces",
        "--class-map=rafdb",
        "--split=kaggle",
        "--dedupe=all",
        "--labels=ferplus",
        "--votes=votes;.csv",
        "--limit=3000",
        END,
    ]
    assert " '--votes=votes;.csv' " in line


class TestRecorded:
    def test_of_a_usual_run(self) -> None:
        found = recorded_command(made_run())
        assert found.line.split(" ") == [*AUDIT, "fer2013", "--split=paper", END]
        assert [word for word, _ in found.unknown] == []

    def test_a_sample_without_copies_and_with_votes(self) -> None:
        run = made_run(dedupe="all")
        data = dataclasses.replace(
            run.dataset,
            train=2000,
            validation=300,
            test=600,
            test_votes=bytes(600),
            left_out=((SAMPLED, 32_887), (COPIES, 100)),
        )
        found = recorded_command(dataclasses.replace(run, dataset=data))
        assert found.line.split(" ") == [
            *AUDIT,
            "fer2013",
            "--split=paper",
            "--dedupe=all",
            "--votes=fer2013new.csv",
            "--limit=3000",
            END,
        ]
        assert [word for word, _ in found.unknown] == ["fer2013new.csv"]

    def test_a_class_map_belongs_to_it(self) -> None:
        run = made_run(labels="ferplus")
        data = dataclasses.replace(run.dataset, class_map="affectnet")
        found = recorded_command(dataclasses.replace(run, dataset=data))
        assert found.line.split(" ") == [
            *AUDIT,
            "fer2013",
            "--class-map=MAP",
            "--split=paper",
            "--labels=ferplus",
            "--votes=fer2013new.csv",
            END,
        ]
        assert [word for word, _ in found.unknown] == ["MAP", "fer2013new.csv"]

    def test_labels_from_votes_need_the_votes(self) -> None:
        assert (
            "--labels=ferplus --votes=fer2013new.csv"
            in recorded_command(made_run(labels="ferplus")).line
        )

    def test_a_split_of_another_version(self) -> None:
        run = made_run()
        data = dataclasses.replace(run.dataset, split="halves")
        assert "--split=halves" in recorded_command(dataclasses.replace(run, dataset=data)).line

    def test_a_run_that_is_older_than_the_settings(self) -> None:
        run = made_run(dedupe="all")
        older = tuple(one for one in run.protocol if one.name not in ("dedupe", "labels"))
        line = recorded_command(dataclasses.replace(run, protocol=older)).line
        assert line.split(" ") == [*AUDIT, "fer2013", "--split=paper", END]


def test_images_of_a_run_are_those_of_its_parts(snapshot) -> None:
    """Also of a record whose counts hold copies that are in none of them."""
    run = made_run()
    data = dataclasses.replace(
        run.dataset, train=22_974, validation=3_282, test=6_564, left_out=((COPIES, 3_067),)
    )
    sentences = subject(analyse(dataclasses.replace(run, dataset=data)))
    (images,) = (one for one in sentences if "32,820 images" in one)
    assert "7 classes, 22,974 for training" in images
    assert [one for one in sentences if "3,067" in one] == snapshot


class TestBenchmark:
    def test_cells_data_and_changed_settings_are_options(self) -> None:
        cells = [made_cell("mobilenet", "random", seed=seed) for seed in (43, 44)]
        run = made_run(*cells, epochs=5, dedupe="all", batch_normalization="frozen", seed=43)
        found = benchmark_command(run)
        assert shlex.split(found.line) == [
            *("fer-bench", "run", "--backbone=mobilenet", "--init=random"),
            *("--dataset=fer2013", "--split=paper", "--dedupe=all"),
            *("--epochs=5", "--batchnorm=frozen", "--seed=43", "--seeds=2", "--no-timing"),
        ]
        assert found.unknown == ()

    def test_values_that_the_record_lacks_are_placeholders(self) -> None:
        run = made_run(made_cell("mini", "pretrained"), made_cell("mini", "random"))
        data = dataclasses.replace(run.dataset, name="my faces", class_map="a: b")
        found = benchmark_command(dataclasses.replace(run, dataset=data))
        assert shlex.split(found.line) == [
            *("fer-bench", "run", "--backbone=mini", "--dataset=DATASET"),
            *("--class-map=MAP", "--split=paper", "--seed=42", "--no-timing"),
        ]
        assert [word for word, _ in found.unknown] == ["DATASET", "MAP"]

    def test_its_options_exist(self) -> None:
        known = {option.short for option in OPTIONS}
        run = made_run(
            *(made_cell(name, "random") for name in published.BACKBONES),
            epochs=2,
            batch_size=8,
            trainable_layers=TrainableLayers("all", 4),
        )
        line = benchmark_command(run).line
        assert "--backbone=all" in line
        assert "--trainable-layers=pretrained:all,random:4" in line
        assert {word.partition("=")[0] for word in shlex.split(line)[2:]} <= known

    def test_every_setting_with_an_option_is_reproduced(self, pytester) -> None:
        changes = {
            "trainable_layers": TrainableLayers(0, "all"),
            "learning_rate": 0.001,
            "epochs": 3,
            "batch_normalization": "frozen",
            "optimizer": "sgd",
            "weight_decay": 0.1,
            "schedule": "cosine",
            "class_weight": "balanced",
            "label_smoothing": 0.2,
            "augment": "flip,shift",
            "early_stopping": 2,
            "recipe": "strong",
            "batch_size": 64,
            "mixed_precision": "bfloat16",
            "input_size": 96,
            "preprocessing": "unit",
            "pooling": "average",
            "head": Heads(("linear", "mlp:256x128d0.3", "mlp:8", "logreg")),
            "shots": Shots((1, 16), True),
            "draws": 3,
            "sweep": Sweep.parse("learning-rate=0.001,0.01,weight-decay,trials=4"),
            "seed": 7,
            "seeds": 2,
        }
        assert {*changes} == {*Protocol.option_names()}
        run = made_run(*(made_cell("mini", "random", seed=seed) for seed in (7, 8)), **changes)
        _, _, *options = shlex.split(benchmark_command(run).line)
        protocol = read_settings(pytester.parseconfig(*options)).protocol
        assert protocol == Protocol(**changes)
        assert {*protocol.changed(*changes)} == {*changes}

    def test_a_recipe_and_what_overrides_it_are_reproduced(self, pytester) -> None:
        expected = Protocol.of("strong", augment="none", epochs=2)
        run = dataclasses.replace(made_run(made_cell("mini", "random")), protocol=())
        settings = (*DataSpec().settings(), *expected.settings())
        line = benchmark_command(dataclasses.replace(run, protocol=settings)).line
        _, _, *options = shlex.split(line)
        assert read_settings(pytester.parseconfig(*options)).protocol == expected


class TestReproduction:
    COMMIT = "0123456789" * 4

    def found(self, *cells, **facts):
        run = made_run(*cells or [made_cell("mini", "random")])
        environment = tuple((name.replace("_", "-"), value) for name, value in facts.items())
        return reproduction(dataclasses.replace(run, environment=environment))

    def test_commit_and_versions_come_first(self) -> None:
        found = self.found(
            numpy="2.0",
            keras="3.1",
            scikit_learn="1.9",
            commit=self.COMMIT,
            backend="tensorflow 2.2",
        )
        checkout, install, run = found.lines
        assert checkout == f"git checkout {self.COMMIT}"
        assert shlex.split(install) == [
            *("pip", "install", ".[cpu]", "numpy==2.0", "scikit-learn==1.9", "keras==3.1"),
            "tensorflow-cpu==2.2",
        ]
        assert run.startswith("fer-bench run --backbone=mini ")
        assert (found.unknown, found.warnings) == ((), ())

    @pytest.mark.parametrize(
        ("backend", "devices", "extra", "package", "before"),
        [
            ("tensorflow 2.2", "gpu:0", ".[gpu]", "tensorflow==2.2", ""),
            ("jax 0.5", "cpu:0", ".[jax]", "jax==0.5", "KERAS_BACKEND=jax "),
        ],
    )
    def test_the_backend_is_installed_and_chosen(
        self, backend, devices, extra, package, before
    ) -> None:
        install, run = self.found(backend=backend, devices=devices).lines
        assert shlex.split(install)[2:] == [extra, package]
        assert run.startswith(f"{before}fer-bench run ")

    def test_what_may_give_other_results_is_a_warning(self) -> None:
        dirty = f"{self.COMMIT}, with changes that are not committed"
        stored = dataclasses.replace(made_cell("mini", "random"), source="store")
        found = self.found(stored, made_cell("mini", "pretrained"), commit=dirty)
        changes, store = found.warnings
        assert found.lines[0] == f"git checkout {self.COMMIT}"
        assert "not committed" in changes
        assert "1 of 2 (mini-random-42);" in store
        for commit in ("none: not run in a repository", f"{self.COMMIT}; {self.COMMIT[::-1]}"):
            found = self.found(commit=commit)
            assert commit in found.warnings[0]
            assert not any("checkout" in line for line in found.lines)

    def test_only_trained_cells_count_and_skipped_ones_need_weights(self) -> None:
        stored = dataclasses.replace(made_cell("mini", "random"), source="store")
        skipped = dataclasses.replace(
            made_cell("mini", "pretrained"),
            **{"status": "skipped", "source": None, "quality": None},
            reason="pretrained weights of mini: 'mini.h5' not found",
        )
        store, weights = self.found(
            stored, made_cell("mini", "random", seed=43), skipped, commit=self.COMMIT
        ).warnings
        assert "1 of 2 (mini-random-42);" in store
        assert "includes 1 of 3 cells that this run skipped (mini pretrained): they need" in weights
        other = dataclasses.replace(skipped, reason="too large")
        assert "weights" not in self.found(other, commit=self.COMMIT).warnings[-1]

    @pytest.mark.parametrize("origin", ["--weights-dir", "FER_BENCH_WEIGHTS"])
    def test_a_directory_of_weights_is_a_placeholder(self, origin) -> None:
        weights = f"mini.h5 from {origin}, values digest matches upstream's"
        cell = dataclasses.replace(made_cell("mini", "pretrained"), weights=weights)
        found = self.found(cell)
        assert "--weights-dir=DIRECTORY" in found.lines[-1].split(" ")
        ((word, meaning),) = found.unknown
        assert word == "DIRECTORY"
        assert meaning.endswith(": mini.h5")

    def test_the_data_are_identified(self) -> None:
        run = made_run(made_cell("mini", "random"))
        assert run.dataset.digest in reproduction(run).data
        drawn = dataclasses.replace(run.dataset, name="sketch")
        assert reproduction(dataclasses.replace(run, dataset=drawn)).data == ""
