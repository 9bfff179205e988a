"""Nothing is lost and nothing is wrong: killed processes, two at once, a full disk.

On the real benchmarks with the ``mini`` network, and on the store alone, where every file operation
can be tried. What is not to be disturbed runs in this process, which loads Keras only once.
"""

import contextlib
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import fer_bench
from fer_bench.results import read_run
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.sealed_directories import StoreError
from fer_bench.training.store.features import FeatureStore
from fer_bench.training.store.shard_files import FeatureSpec

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
EPOCHS = 4
# Where it is about the store alone: only the head is trained, which takes less to compile.
HEAD_ONLY = 0
NO_SPACE = os.strerror(errno.ENOSPC)

posix = pytest.mark.skipif(os.name != "posix", reason="kills and mounts as POSIX systems do")


@posix
@pytest.mark.parametrize(
    ("images", "epochs"), [(40, 2), pytest.param(100, 4, marks=pytest.mark.soak)]
)
def test_a_process_killed_at_any_file_operation_is_gone_on_from(images, epochs):
    """Shards and epochs are like each other: two epochs and three shards, one of them short, do."""
    script = Path(__file__).with_name("killed_writers.py")
    command = [sys.executable, str(script), str(images), str(epochs)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "a part that was written whole was taken for damaged"
    assert int(done.stdout) > 50


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return a tiny data set."""
    pytest.importorskip("keras")
    directory = tmp_path_factory.mktemp("tiny")
    source = np.random.default_rng(0)
    labels = np.repeat(np.arange(7, dtype=np.uint8), 160)
    images = source.integers(0, 40, (len(labels), 48, 48), dtype=np.uint8)
    images += (labels * 30)[:, None, None].astype(np.uint8)
    np.savez(directory / "tiny.npz", images=images, labels=labels)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_BENCH_CACHE", str(directory / "cache"))
        patch.setenv("FER_BENCH_OFFLINE", "1")
        yield directory / "tiny.npz"


@pytest.fixture(scope="module")
def start(tiny):
    """Start ``pytest benchmarks`` on tiny data, in the directory that holds the report's."""

    def run(store, report, trainable, *arguments):
        command = [sys.executable, "-m", "pytest", str(BENCHMARKS), "-q", "--no-timing"]
        command += ["-p", "no:cacheprovider", f"--rootdir={report.parent}", "--init=random"]
        command += [f"--dataset={tiny}", f"--epochs={EPOCHS}", f"--store={store}"]
        command += [f"--report-dir={report}", f"--trainable-layers={trainable}", *arguments]
        return subprocess.Popen(
            command,
            cwd=report.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return run


@pytest.fixture(scope="module")
def train(tiny):
    """Train what ``start`` does, in this process; return its quality."""

    def run(store, trainable):
        cell = fer_bench.run(
            "mini", "random", tiny, epochs=EPOCHS, trainable_layers=trainable, store=store
        )
        cell.close()
        return cell.result.quality

    return run


@pytest.fixture(scope="module")
def calm(train, tmp_path_factory):
    """Return the store and the quality of a run that nothing disturbed."""

    @cache
    def run(trainable):
        store = tmp_path_factory.mktemp("calm") / "store"
        return store, train(store, trainable)

    return run


def finished(process):
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return output


def quality(report):
    (cell,) = read_run(json.loads((report / "results.json").read_text())).cells
    return cell.quality


def shards(store):
    (journal,) = (store / "features").glob("*/shards.jsonl")
    return [json.loads(line)["shard"] for line in journal.read_text().splitlines()]


def logits(store):
    (file,) = (store / "results").glob("*/logits.npz")
    with np.load(file) as arrays:
        return arrays["0"]


def traces(store):
    """Return the state of a store that changes whenever a part is finished or begun."""
    journals = tuple(path.stat().st_size for path in (store / "features").glob("*/shards.jsonl"))
    directories = [*(store / "checkpoints").glob("*/*"), *(store / "results").glob("*")]
    return journals, tuple(sorted(path.name for path in directories))


def kill_while_it_works(process, store, steps, delay):
    """Kills a process a moment after the store has changed so many times; how many times it did."""
    seen, changes = traces(store) if store.exists() else None, 0
    while changes < steps and process.poll() is None:
        # Looking without a pause would take the processor from the process that is watched.
        time.sleep(0.002)
        with contextlib.suppress(FileNotFoundError):
            found = traces(store)
            changes += found != seen
            seen = found
    time.sleep(delay)
    process.kill()
    process.communicate()
    return process.returncode == -signal.SIGKILL and changes == steps


def phase(store):
    """Return the part of the work that a killed process has left unfinished."""
    return "training" if list((store / "checkpoints").glob("*/epoch-*")) else "features"


@posix
@pytest.mark.network
@pytest.mark.parametrize(
    ("least", "seed", "trainable"),
    [
        # Among the frozen features, then among the checkpoints.
        (2, 125, HEAD_ONLY),
        pytest.param(10, None, 4, marks=pytest.mark.soak),
    ],
)
def test_a_real_run_killed_at_random_moments_ends_as_if_undisturbed(
    least, seed, trainable, start, train, calm, tmp_path
):
    undisturbed, expected = calm(trainable)
    seed = random.randrange(2**32) if seed is None else seed
    moments = random.Random(seed)
    kills = runs = 0
    phases = set()
    while kills < least or phases < {"features", "training"}:
        runs += 1
        assert runs <= 10, f"seed {seed}: kills in {phases} alone"
        store = tmp_path / f"store-{runs}"
        for _ in range(min(least, 4)):
            process = start(store, tmp_path / "report", trainable)
            steps, delay = moments.randint(1, 8), moments.uniform(0, 0.05)
            killed = kill_while_it_works(process, store, steps, delay)
            kills += killed
            phases |= {phase(store)} if killed else set()
        assert train(store, trainable) == expected, f"seed {seed}"
        np.testing.assert_array_equal(logits(store), logits(undisturbed))
        assert sorted(set(shards(store))) == sorted(shards(undisturbed))
        assert len(shards(store)) <= len(shards(undisturbed)) + 4, "finished shards were made again"
        assert not list((store / "checkpoints").iterdir())


@pytest.mark.network
def test_two_processes_at_once_compute_each_prefix_once(start, tmp_path):
    store = tmp_path / "store"
    reports = [tmp_path / "one", tmp_path / "two"]
    processes = [start(store, report, HEAD_ONLY) for report in reports]
    for process in processes:
        finished(process)
    assert quality(reports[0]) == quality(reports[1])
    assert len(shards(store)) == len(set(shards(store)))
    sources = [
        read_run(json.loads((report / "results.json").read_text())).cells[0].source
        for report in reports
    ]
    assert sorted(sources) == ["store", "trained"]


@pytest.mark.network
def test_damage_is_reported_at_the_end_of_the_run_and_repaired(start, calm, tmp_path):
    undisturbed, expected = calm(HEAD_ONLY)
    store, report = tmp_path / "store", tmp_path / "report"
    shutil.copytree(undisturbed, store)
    (result,) = (store / "results").glob("*/logits.npz")
    (feature,) = (store / "features").glob("*/0.npy")
    for path in (result, feature):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 4
        path.write_bytes(data)
    output = finished(start(store, report, HEAD_ONLY))
    assert quality(report) == expected
    notes = [line for line in output.splitlines() if line.startswith("NOTE: ")]
    assert len(notes) == 2
    assert all("is damaged" in note for note in notes)
    assert "NOTE" not in finished(start(store, report, HEAD_ONLY))


@contextlib.contextmanager
def small_disk(directory, size):
    """Mount a separate file system, if this process may."""
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(directory)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this process may not mount a small file system")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "-l", str(directory)], check=True)


@posix
def test_a_disk_that_fills_during_extraction_ends_it_and_keeps_what_is_done(tmp_path):
    wanted = FeatureSpec(300, ((1000,),), 50, {})

    def prefix(rows):
        return [np.full((rows.stop - rows.start, 1000), rows.start, np.float32)]

    def filling(rows):
        if rows.start == 100:
            with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as file:
                while file.write(b"x" * 4096):
                    pass
        return prefix(rows)

    with small_disk(tmp_path / "disk", "2m") as disk:
        store = FeatureStore(disk / "store")
        with pytest.raises(StoreError, match=f"{NO_SPACE}; free space") as caught:
            store.extract("key", wanted, filling)
        assert "\n" not in str(caught.value)
        (disk / "filler").unlink()
        extraction = store.extract("key", wanted, prefix)
        assert extraction.computed == 200
        rows = np.arange(300)
        np.testing.assert_array_equal(extraction.tensors[0][rows][:, 0], rows // 50 * 50)


def test_features_that_cannot_fit_are_reported_before_the_work(tmp_path):
    wanted = FeatureSpec(10**9, ((10**6,),), 50, {})
    with pytest.raises(FerBenchError, match=r"need 3,638\.0 TiB"):
        FeatureStore(tmp_path).extract("key", wanted, lambda rows: pytest.fail("work began"))


@posix
@pytest.mark.network
def test_a_full_disk_ends_a_real_run_with_one_line_and_leaves_a_store_that_works(
    start, train, tmp_path
):
    (tmp_path / "deceived.py").write_text(
        "import shutil\n"
        "usage = shutil.disk_usage\n"
        "shutil.disk_usage = lambda path: usage(path)._replace(free=2**40)\n"
    )
    report = tmp_path / "report"
    with small_disk(tmp_path / "disk", "1m") as disk:
        process = start(disk / "store", report, HEAD_ONLY, "-p", "deceived")
        output, _ = process.communicate()
        assert process.returncode == pytest.ExitCode.TESTS_FAILED
        assert "Traceback" not in output
        (line,) = (line for line in output.splitlines() if line.startswith("ERROR: "))
        assert f"{NO_SPACE}; free space" in line
        document = json.loads((report / "results.json").read_text())
        assert "store cannot be used" in document["fer_bench"]["cells"][0]["reason"]
        done = len(shards(disk / "store"))
        assert done > 0
        subprocess.run(["mount", "-o", "remount,size=32m", str(disk)], check=True)
        assert train(disk / "store", HEAD_ONLY).history.epochs == EPOCHS
        assert len(shards(disk / "store")) == len(set(shards(disk / "store")))
