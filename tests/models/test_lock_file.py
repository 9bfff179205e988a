"""The lock file alone: what it records, what it refuses, and several processes at it."""

import errno
import hashlib
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.models import WeightsRecord
from fer_bench.models.weights import lock_file
from fer_bench.models.weights.lock_file import Lock, NotRecorded, read, record
from fer_bench.runtime.errors import FerBenchError

A, B, C, D = (letter * 64 for letter in "abcd")


def verified(values=A, file=B, provenance="Keras' cache"):
    return WeightsRecord(Path("/cache/w.h5"), 1, file, values, 1, 1, provenance, "proof")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Start processes that wait for each other."""
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def path(tmp_path):
    (tmp_path / "project").mkdir()
    return tmp_path / "project" / "fer-bench.lock"


def refusal(path, weights, **options):
    """Return the error; the lock file must be unchanged."""
    before = path.read_bytes()
    with pytest.raises(FerBenchError) as caught:
        record(path, weights, **options)
    assert path.read_bytes() == before
    assert not isinstance(caught.value, NotRecorded)
    text = str(caught.value)
    assert "\n" not in text
    assert repr(str(path)) in text
    return caught.value


def test_no_file_holds_nothing(path):
    assert read(path) == {}
    assert not path.exists()


def test_the_first_use_is_recorded_sorted_and_readable(path):
    assert record(path, {"openface": verified(C, D), "mobilenet": verified(A, B)})
    assert path.read_text() == (
        "{\n"
        '  "version": 1,\n'
        '  "weights": {\n'
        '    "mobilenet": {\n'
        f'      "files": [\n        "{B}"\n      ],\n'
        f'      "values": "{A}"\n'
        "    },\n"
        '    "openface": {\n'
        f'      "files": [\n        "{D}"\n      ],\n'
        f'      "values": "{C}"\n'
        "    }\n"
        "  }\n"
        "}\n"
    )
    assert [found.name for found in path.parent.iterdir()] == ["fer-bench.lock"]


def test_what_is_known_is_not_written_again(path):
    record(path, {"mini": verified()})
    before = path.stat()
    assert not record(path, {"mini": verified()})
    assert not record(path, {"mini": verified()}, replace=True)
    assert not record(path, {})
    assert path.stat().st_ino == before.st_ino
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_other_bytes_with_the_same_values_are_accepted_and_recorded(path):
    record(path, {"mini": verified(A, D)})
    assert record(path, {"mini": verified(A, B)})
    assert read(path) == {"mini": Lock(A, frozenset({B, D}))}
    assert json.loads(path.read_text())["weights"]["mini"]["files"] == [B, D]


def test_other_values_are_refused_with_all_that_is_needed_to_go_on(path):
    record(path, {"mini": verified(A, B)})
    error = refusal(path, {"other": verified(), "mini": verified(C, D)})
    assert error.path == Path("/cache/w.h5")
    assert "locked weights of 'mini'" in error.problem
    assert f"its values is {C}" in error.problem
    assert f"records {A}" in error.problem
    command = ["fer-bench", "weights", "verify", "mini", "--update-lock", f"--weights-lock={path}"]
    assert f"'{' '.join(command)}'" in error.hint


def test_known_bytes_do_not_help_other_values(path):
    """A record that contradicts the verification was edited by hand."""
    record(path, {"mini": verified(A, B)})
    assert C in refusal(path, {"mini": verified(C, B)}).problem


def test_the_command_that_accepts_finds_the_same_file(path):
    record(path, {"mini": verified(A, B)})
    error = refusal(path, {"mini": verified(C, D, "--weights-dir")})
    assert f"--weights-lock={path} --weights-dir=/cache'" in error.hint


def test_others_are_locked_again_where_that_is_asked_for(path):
    record(path, {"mini": verified(A, B), "openface": verified(A, B)})
    assert record(path, {"mini": verified(C, D)}, replace=True)
    assert read(path) == {"mini": Lock(C, frozenset({D})), "openface": Lock(A, frozenset({B}))}


DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
LOCKS = st.dictionaries(st.text(min_size=1), st.tuples(DIGESTS, DIGESTS), max_size=4)


@given(LOCKS, st.randoms())
def test_what_was_recorded_is_read_in_whatever_order_it_came(tmp_path_factory, locks, random):
    directory = tmp_path_factory.mktemp("locks")
    names = list(locks)
    texts = []
    for number in range(2):
        random.shuffle(names)
        path = directory / str(number)
        path.write_text('{"version": 1, "weights": {}}')
        for name in names:
            assert record(path, {name: verified(*locks[name])})
        assert read(path) == {
            name: Lock(values, frozenset({file})) for name, (values, file) in locks.items()
        }
        texts.append(path.read_bytes())
    assert texts[0] == texts[1]


def entry(**changes):
    return json.dumps({"version": 1, "weights": {"mini": {"files": [B], "values": A} | changes}})


@pytest.mark.parametrize(
    ("content", "facts"),
    [
        ("", ["is not valid JSON"]),
        ("{", ["is not valid JSON"]),
        ("<<<<<<< HEAD\n{}", ["is not valid JSON"]),
        (b"\xff\xfe", ["is not valid JSON"]),
        ("[" * 100_000, ["is not valid JSON"]),
        ('{"version": 1, "weights": {"a": {}, "a": {}}}', ["duplicate key 'a'"]),
        ("[]", ["version None", "accepted: 1; "]),
        ("{}", ["version None", "accepted: 1; "]),
        ('{"version": "1", "weights": {}}', ["version '1'", "accepted: 1; "]),
        ('{"version": true, "weights": {}}', ["version True", "accepted: 1; "]),
        ('{"version": 1.0, "weights": {}}', ["version 1.0", "accepted: 1; "]),
        ('{"version": 0, "weights": {}}', ["version 0", "accepted: 1; "]),
        ('{"version": 1}', ["contains {", "accepted: 'version', and"]),
        ('{"version": 1, "weights": []}', ["contains {", "accepted: 'version', and"]),
        ('{"version": 1, "weights": {}, "more": 1}', ["contains {", "accepted: 'version', and"]),
        (
            '{"version": 1, "weights": {"mini": null}}',
            ["has None for 'mini'", "accepted: an object"],
        ),
        (
            '{"version": 1, "weights": {"mini": {"values": "a"}}}',
            ["has {'values': 'a'} for 'mini'"],
        ),
        (entry(more=1), ["'more': 1", "accepted: an object"]),
        (entry(files=[]), ["{'files': [], ", "accepted: an object", "list of digests 'files'"]),
        (entry(files=B), ["{'files': 'bbbb", "for 'mini'"]),
        (entry(files=[1]), ["has the digest 1 for 'mini'", "accepted: a SHA-256"]),
        (
            entry(files=[B, B[:-1]]),
            ["digest 'bbbb", "SHA-256", "64 lower-case hexadecimal digits"],
        ),
        (entry(values=A.upper()), ["has the digest 'AAAA"]),
        (entry(values=f"{A}\n"), ["has the digest 'aaaa"]),
        (entry(values=None), ["has the digest None for 'mini'"]),
    ],
)
def test_what_is_no_lock_file_is_refused(path, content, facts):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    error = refusal(path, {"mini": verified()}, replace=True)
    text = str(error)
    assert [fact for fact in facts if fact not in text] == [], text
    assert "or remove it" in error.hint
    assert error.path == path
    assert len(text) < 600


def test_a_newer_layout_is_not_guessed_at(path):
    path.write_text('{"version": 2, "weights": [{"name": "mini"}]}')
    error = refusal(path, {})
    assert "has version 2," in error.problem
    assert "newer fer_bench" in error.problem
    assert error.accepted == "up to 1"


def test_a_directory_is_no_lock_file(path):
    path.mkdir()
    with pytest.raises(FerBenchError) as caught:
        read(path)
    assert caught.value.problem.endswith(f": {os.strerror(errno.EISDIR)}")
    assert "remove" not in caught.value.hint


def test_a_lock_file_that_cannot_be_written_is_distinguished(path, read_only):
    record(path, {"mini": verified()})
    read_only(path.parent)
    assert not record(path, {"mini": verified()})
    with pytest.raises(NotRecorded, match=r"write '.*fer-bench\.lock'") as caught:
        record(path, {"mini": verified(), "openface": verified()})
    assert "\n" not in str(caught.value)
    assert "--weights-lock" in caught.value.hint
    with pytest.raises(FerBenchError, match="locked weights of 'mini'"):
        record(path, {"mini": verified(C, D)})


def test_without_a_place_to_wait_nothing_is_written(path, cache):
    cache.write_text("no folder")
    with pytest.raises(NotRecorded, match="FER_BENCH_CACHE") as caught:
        record(path, {"mini": verified()})
    assert "\n" not in str(caught.value)
    assert not path.exists()


# A real WeightsRecord would load numpy first.
PROCESS = """
import sys
from pathlib import Path
from types import SimpleNamespace
from fer_bench.runtime.errors import FerBenchError
from fer_bench.models.weights.lock_file import record

path, values, digest = Path(sys.argv[1]), *sys.argv[2:]
verified = SimpleNamespace(
    path=Path("/cache/w.h5"), values_digest=values, sha256=digest, provenance="Keras' cache"
)
print("ready", flush=True)
for line in sys.stdin:
    message = ""
    try:
        for name in line.split():
            record(path, {name: verified})
    except FerBenchError as error:
        message = str(error)
    print(message, flush=True)
"""


@pytest.fixture
def at_once(path):
    """Record names in processes at the same moment; return the message of each."""
    running = []

    def run(*arguments):
        """Take the digest of the values and the names for each process, as many in each call."""
        if not running:
            running.extend(
                subprocess.Popen(
                    [sys.executable, "-c", PROCESS, str(path), values, B],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                for values, *_ in arguments
            )
            assert [process.stdout.readline() for process in running] == ["ready\n"] * len(running)
        for process, (_, *names) in zip(running, arguments, strict=True):
            process.stdin.write(f"{' '.join(names)}\n")
            process.stdin.flush()
        return [process.stdout.readline().strip() for process in running]

    yield run
    assert [process.communicate()[0] for process in running] == [""] * len(running)
    assert not any(process.returncode for process in running)


def test_processes_lose_nothing_of_each_other(path, at_once):
    names = [[f"{letter}{number}" for number in range(25)] for letter in "abc"]
    assert at_once(*([A, *own] for own in names)) == [""] * 3
    assert set(read(path)) == set(itertools.chain(*names))
    assert [found.name for found in path.parent.iterdir()] == ["fer-bench.lock"]


def test_of_two_processes_with_different_weights_one_is_refused(path, at_once):
    for name in (f"n{number}" for number in range(3)):
        printed = dict(zip((A, C), at_once([A, name], [C, name]), strict=True))
        (refused,) = (values for values, text in printed.items() if text)
        assert "the locked weights" in printed[refused]
        assert read(path)[name].values == ({A, C} - {refused}).pop()


@pytest.mark.smoke
def test_the_lock_file_is_held_to_without_keras(path):
    record(path, {"mini": verified()})
    code = (
        "import sys, pathlib; from fer_bench.models.weights import lock_file as w; "
        f"w.record(pathlib.Path({str(path)!r}), {{}}); w.read(pathlib.Path({str(path)!r})); "
        "print(sorted({'keras', 'tensorflow', 'h5py'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_digest_is_what_identity_gives(tmp_path, path):
    """Weights compared with the recorded bytes are written as recorded."""
    from fer_bench.models import identity

    (tmp_path / "w").write_bytes(b"one")
    digest = hashlib.sha256(b"one").hexdigest()
    assert identity(tmp_path / "w") == digest
    record(path, {"mini": verified(A, digest)})
    assert digest in read(path)["mini"].files
    assert lock_file.FILE == "fer-bench.lock"
