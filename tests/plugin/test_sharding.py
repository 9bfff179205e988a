"""``--shard``: sessions that run each cell once between them, and what their files say together."""

import dataclasses
import itertools
import json
from importlib.util import find_spec

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from fer_bench import cli, models
from fer_bench.analysis.comparison import Thresholds
from fer_bench.plugin.settings import Settings
from fer_bench.protocol.cell import INITS, Shard
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.settings import Protocol
from fer_bench.results import load_run

# Looked for, not imported: TensorFlow cannot be loaded twice in one process.
needs_keras = pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed")


def settings(shard, names="all", seeds=1):
    return Settings(
        backbones=models.select(names),
        inits=INITS,
        data=DataSpec(),
        test_on=None,
        protocol=Protocol(seeds=seeds),
        weights_dir=None,
        weights_lock=None,
        must_lock=False,
        require_weights=False,
        report_dir=None,
        must_report=False,
        store=None,
        fresh=False,
        data_parallel=False,
        timing=True,
        shard=shard,
        base=(),
        thresholds=Thresholds(()),
    )


def test_every_nth_cell_starting_with_the_kth():
    assert settings(Shard.parse("2/3"), "openface,mini", seeds=2).elsewhere() == {
        "openface-pretrained-42": Shard(1, 3),
        "openface-random-42": Shard(3, 3),
        "openface-random-43": Shard(1, 3),
        "mini-pretrained-43": Shard(3, 3),
        "mini-random-42": Shard(1, 3),
    }


@given(st.data(), st.integers(1, 5))
def test_each_cell_is_in_the_one_shard_that_the_others_name(data, seeds):
    count = data.draw(st.integers(1, 8 * seeds))
    shards = [Shard.parse(f"{number}/{count}") for number in range(1, count + 1)]
    cells = [cell.id for _, cell in settings(Shard(), seeds=seeds).cells()]
    elsewhere = [settings(shard, seeds=seeds).elsewhere() for shard in shards]
    for cell in cells:
        (own,) = (
            shard for shard, others in zip(shards, elsewhere, strict=True) if cell not in others
        )
        assert {others[cell] for others in elsewhere if cell in others} <= {own}
    sizes = [len(cells) - len(others) for others in elsewhere]
    assert max(sizes) - min(sizes) <= 1


def collected(result):
    return [line.partition("::")[2] for line in result.stdout.lines if "::" in line]


def test_each_benchmark_is_collected_by_one_shard_and_whole_cells_by_each(bench):
    arguments = ("--collect-only", "-q", "--seeds=2")
    whole = bench(*arguments)
    shards = [bench(*arguments, f"--shard={number}/3") for number in (1, 2, 3)]
    found = [collected(shard) for shard in shards]
    assert sorted(itertools.chain(*found)) == sorted(collected(whole))
    cells = ["mini-pretrained-42", "mini-pretrained-43", "mini-random-42", "mini-random-43"]
    for index, cell in enumerate(cells):
        holders = {number for number, tests in enumerate(found) if cell in " ".join(tests)}
        assert holders == {index % 3}
    assert "6/12 tests collected (6 deselected)" in shards[0].stdout.str()
    assert "1/12 tests collected (11 deselected)" in shards[1].stdout.str()
    assert "5/12 tests collected (7 deselected)" in shards[2].stdout.str()


def test_what_takes_no_cell_stays_in_every_shard(bench, pytester):
    path = pytester.makepyfile("def test_plain(): pass\ndef test_data(dataset): pass")
    found = collected(bench("--collect-only", "-q", str(path), "--shard=2/2", "--no-timing"))
    assert found == ["test_quality[mini-random-42]", "test_plain", "test_data"]


def test_a_shard_may_stand_in_an_ini_file(bench, pytester):
    pytester.makeini("[pytest]\nfer_shard = 2/2\n")
    ini = f"--config-file={pytester.path / 'tox.ini'}"
    found = collected(bench("--collect-only", "-q", ini, "--no-timing"))
    assert found == ["test_quality[mini-random-42]"]


def test_a_run_may_have_only_some_cells(bench):
    arguments = ("--collect-only", "-q", "--seeds=2", "--no-timing")
    ids = "mini-random-43, mini-pretrained-42"
    assert collected(bench(*arguments, f"--cells={ids}")) == [
        "test_quality[mini-pretrained-42]",
        "test_quality[mini-random-43]",
    ]
    # A shard is one of the chosen cells.
    assert collected(bench(*arguments, f"--cells={ids}", "--shard=2/2")) == [
        "test_quality[mini-random-43]"
    ]


@pytest.mark.parametrize("value", ["mini-random-44", "mini-random-42,,mini-random-43", ""])
def test_cells_that_there_are_not_end_the_run(bench, value):
    refused = bench("--collect-only", "--seeds=2", f"--cells={value}")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    assert "--cells" in refused.stderr.str()


@needs_keras
@pytest.mark.network
@pytest.mark.usefixtures("undrawn")
def test_results_alone_may_be_written(bench, tiny_data, tmp_path, shared_store):
    """As the jobs of a launched run do, whose report is drawn once for all of them."""
    report = tmp_path / "report"
    done = bench(
        *(f"--dataset={tiny_data}", "--epochs=2", "--no-timing", "--cells=mini-random-42"),
        *(f"--store={shared_store}", f"--report-dir={report}", "-p", "fer_bench.plugin.of_job"),
    )
    done.assert_outcomes(passed=1)
    assert [path.name for path in report.iterdir() if path.suffix] == ["results.json"]
    assert [cell.status for cell in load_run(report / "results.json").cells] == ["ok"]


@needs_keras
@pytest.mark.network
@pytest.mark.usefixtures("undrawn")
def test_weights_of_other_shards_are_not_asked_for(
    bench, tiny_data, tmp_path, monkeypatch, shared_store
):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    arguments = (
        *(f"--dataset={tiny_data}", "--epochs=2", "--no-timing", "--init=pretrained"),
        f"--store={shared_store}",
        *("--backbone=mini,mobilenet", "--require-weights"),
    )
    bench(*arguments, "--shard=1/2").assert_outcomes(passed=1, deselected=9)
    refused = bench(*arguments, "--shard=2/2")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    assert "mobilenet_1_0_224_tf_no_top.h5" in refused.stderr.str()


def without_times(run):
    """Return the run without what varies between repetitions: times, and their origin."""
    cells = tuple(
        dataclasses.replace(cell.without_speed(), source=None, parts=()) for cell in run.cells
    )
    return dataclasses.replace(run, cells=cells, environment=(), examples=())


def speeds(run):
    """Return the speeds measured for each cell."""
    return [
        (
            cell.id,
            cell.training and cell.training.images,
            [one.batch_size for one in cell.inference],
            [one.input_size for one in cell.network_training],
        )
        for cell in run.cells
    ]


@needs_keras
@pytest.mark.network
@pytest.mark.usefixtures("undrawn")
def test_merged_shards_are_the_unsharded_run(bench, small, tiny_data, tmp_path):
    def results(name, passed, *shard):
        done = bench(
            *(f"--dataset={tiny_data}", "--epochs=2", "--seeds=2", *shard),
            *("--backbone=small,tiny", "--init=random"),
            *(f"--store={tmp_path / 'stores' / name}", f"--report-dir={tmp_path / name}"),
        )
        done.assert_outcomes(passed=passed, deselected=12 - passed)
        return tmp_path / name / "results.json"

    unsharded = results("unsharded", 12)
    files = [
        results(f"shard-{number}", passed, f"--shard={number}/3")
        for number, passed in ((1, 6), (2, 1), (3, 5))
    ]
    assert [(cell.status, cell.reason) for cell in load_run(files[1]).cells] == [
        ("skipped", "in another shard: 1/3"),
        ("ok", ""),
        ("skipped", "in another shard: 3/3"),
        ("skipped", "in another shard: 1/3"),
    ]
    merged = tmp_path / "merged.json"
    done = CliRunner().invoke(cli.main, ["merge", *map(str, files), "--output", str(merged)])
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{merged}: 4 of 4 cells completed\n")
    whole, found = load_run(unsharded), load_run(merged)
    assert [cell.source for cell in found.cells] == ["trained"] * 4
    assert without_times(found) == without_times(whole)
    assert speeds(found) == speeds(whole)
    assert dict(found.environment) == dict(whole.environment)
    assert {one.why.partition(", among ")[2] for one in found.examples} == {f"the 2 of {files[0]}"}

    tests = {
        path: [one["name"] for one in json.loads(path.read_text())["benchmarks"]]
        for path in (unsharded, merged)
    }
    assert sorted(tests[merged]) == sorted(tests[unsharded])
