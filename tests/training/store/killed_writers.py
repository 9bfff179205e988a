"""Script that kills a process at each operation on a store's files, and checks that work resumes.

Run as a script in a process of its own: it forks, which is safe only if no library has started
threads. Takes the number of images and of epochs as arguments; prints the number of kills.
"""

import os
import signal
import sys
import tempfile
from pathlib import Path

import numpy as np

from fer_bench.protocol.cell import Cell
from fer_bench.protocol.settings import Protocol
from fer_bench.results.quality import History, Quality
from fer_bench.results.records import CellResult, DatasetSummary, Run
from fer_bench.runtime.locks import locked
from fer_bench.training.store.checkpoints import Checkpoints, Expected, Seconds, TrainingState
from fer_bench.training.store.features import FeatureStore
from fer_bench.training.store.results import ResultStore
from fer_bench.training.store.shard_files import FeatureSpec

IMAGES, EPOCHS = map(int, sys.argv[1:])
SHARD, KEY, FINGERPRINT = 16, "k" * 64, "f" * 64
EVENTS = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.scandir", "shutil.rmtree"}


def prefix(rows):
    numbers = np.arange(rows.start, rows.stop, dtype=np.float32)
    return [numbers[:, None] / np.arange(1, 8, dtype=np.float32)]


def grown(history, value):
    longer = {
        name: (*getattr(history, name), 1 / (1 + value) if name.endswith("accuracy") else value)
        for name in history.__dataclass_fields__
    }
    return History(**longer)


def record(cells):
    summary = DatasetSummary("d", "d", (("a", 1),), "paper", 1, 1, 1)
    return Run(tuple(Protocol(epochs=EPOCHS).settings()), summary, (), cells)


def work(store):
    """Do a cell's work, with arithmetic for a network: features, epochs, checkpoints, result."""
    wanted = FeatureSpec(IMAGES, ((7,),), SHARD, {})
    (tensor,) = FeatureStore(store).extract(KEY, wanted, prefix).tensors
    results, checkpoints = ResultStore(store), Checkpoints(store, FINGERPRINT, {})
    with locked(store, "cell", FINGERPRINT):
        stored = results.find(FINGERPRINT, Cell("mini", "random", "d", 1), record)
        if stored is not None:
            checkpoints.discard()
            return stored.result.quality.history, stored.logits
        state = checkpoints.latest(Expected(EPOCHS, (((7,), np.dtype(np.float32)),), True))
        history, weights = History((), (), *([(0.5,)] * 6)), np.ones(7, np.float32)
        if state is not None:
            history, (weights,) = state.history, state.variables
        for epoch in range(history.epochs + 1, EPOCHS + 1):
            weights = weights / 3 + tensor[np.array([epoch, 7 * epoch])].mean(axis=0)
            history = grown(history, float(weights.sum()))
            checkpoints.keep(TrainingState(history, Seconds(), [weights]))
        logits = weights[None, :1]
        quality = Quality(history, 1.0, 0.5, (1.0,), ((1,),))
        cell = CellResult(
            "mini", "mini", "random", "d", 1, "ok", fingerprint=FINGERPRINT, quality=quality
        )
        results.save(record((cell,)), logits, [weights], {})
        checkpoints.discard()
    return history, logits


def killed(store, operation):
    """Work in a child process that dies at its n-th operation; return True if it was killed."""
    child = os.fork()
    if child == 0:
        left = operation

        def die(event, arguments):
            nonlocal left
            if event in EVENTS and str(store) in str(arguments[0]):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(die)
        try:
            work(store)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def main():
    with tempfile.TemporaryDirectory() as directory:
        history, logits = work(Path(directory) / "undisturbed")
        kills = 0
        while killed(store := Path(directory) / str(kills), kills + 1):
            kills += 1
            killed(store, kills)  # again, on what the first kill left behind
            found, values = work(store)
            assert found == history, f"after a kill at operation {kills}"
            np.testing.assert_array_equal(values, logits)
            lines = (store / "features" / KEY / "shards.jsonl").read_text().splitlines()
            assert len(lines) <= -(-IMAGES // SHARD) + 2, f"operation {kills}: shards made again"
            assert [path.name for path in (store / "results").iterdir()] == [FINGERPRINT]
            assert list((store / "checkpoints").iterdir()) == []
        print(kills)


if __name__ == "__main__":
    main()
