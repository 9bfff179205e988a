"""One process at a time."""

import subprocess
import sys

from fer_bench.store.locking import lock_if_free, locked

HOLD = """
import sys, time
from pathlib import Path
from fer_bench.store.locking import locked
with locked(Path(sys.argv[1]), "cell", "key"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_is_seen_and_ends_with_its_block(tmp_path):
    def is_free(key="key"):
        with lock_if_free(tmp_path, "cell", key) as held:
            return held

    assert is_free()
    with locked(tmp_path, "cell", "key"):
        assert not is_free()
        assert is_free("other")
    assert is_free()
    with lock_if_free(tmp_path, "cell", "key"):
        assert not is_free()


def test_the_lock_of_a_killed_process_is_free_and_waiting_is_told(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    told = []

    def progress(stage, done, total):
        told.append(stage)
        holder.kill()

    with locked(tmp_path, "cell", "key", progress):
        assert told == ["waiting for another process that works on the same cell"]
    holder.wait()
    holder.stdout.close()
