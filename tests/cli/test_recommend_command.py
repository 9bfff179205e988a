"""``fer-bench recommend``: from results files to a paragraph and tables."""

import dataclasses
import json

import pytest
from click.testing import CliRunner
from made_runs import document, every_cell, made_run, repeated

from fer_bench import cli

EACH = {
    ("mobilenet", "pretrained"): {"test": 0.45, "speed": 900.0},
    ("openface", "pretrained"): {"test": 0.40, "speed": 1300.0},
}


@pytest.fixture
def results(tmp_path):
    run = made_run(*repeated(every_cell(EACH, test=0.15, speed=50.0)))
    path = tmp_path / "results.json"
    path.write_text(json.dumps(document(run)))
    return path


def recommend(*arguments):
    return CliRunner().invoke(cli.main, ["recommend", *map(str, arguments)], env={"COLUMNS": "80"})


def test_a_recommendation_is_one_paragraph_and_two_tables(results):
    done = recommend(results, "--max-parameters=5M", "--min-speed=50", "--metric=macro_f1")
    assert (done.exit_code, done.stderr) == (0, "")
    text, *_ = done.stdout.split("\n\n")
    assert "5.00M parameters: MobileNet pretrained, macro F1" in " ".join(text.split())
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "OpenFace pretrained" in done.stdout.split("The paper's recommendation")[1]


def test_nothing_that_fits_ends_with_status_1(results):
    done = recommend(results, "--min-speed=1e6", "--batch-size=32")
    assert done.exit_code == 1
    text = " ".join(done.stdout.split())
    assert "at least 1,000,000 img/s, batches of 32" in text
    assert "--min-speed excludes 2 of 2" in text


@pytest.mark.parametrize(
    "option",
    [
        "--max-parameters=5x",
        "--max-parameters=0",
        "--max-parameters=-1k",
        "--max-parameters=",
        "--min-speed=0",
        "--min-speed=fast",
        "--min-speed=nan",
        "--metric=loss",
        "--device=phone",
        "--batch-size=7",
    ],
)
def test_a_bad_value_is_a_usage_error(results, option):
    done = recommend(results, option)
    assert done.exit_code == 2
    assert option.partition("=")[0] in done.stderr.splitlines()[-1]


def test_runs_on_other_images_are_refused(results, tmp_path):
    run = made_run(*every_cell())
    other = dataclasses.replace(run.dataset, split_digest="ef" * 32, split="kaggle")
    path = tmp_path / "other.json"
    path.write_text(json.dumps(document(dataclasses.replace(run, dataset=other))))
    done = recommend(results, path)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: the runs were tested on 2 different sets of images")


@pytest.mark.parametrize(
    ("text", "count"), [("7", 7), ("300k", 300_000), ("2.5M", 2_500_000), ("1G", 10**9)]
)
def test_counts_may_end_with_a_unit(text, count):
    from fer_bench.cli.click_types import parse_count

    assert parse_count(None, None, text) == count
