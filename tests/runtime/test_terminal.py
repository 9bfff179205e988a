"""The door to the terminal, with streams as the system gives them."""

import ast
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_text import TEXTS, is_safe
from hypothesis import given

import fer_bench
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.escapes import displayed, printable
from fer_bench.runtime.progress_bar import ProgressBar
from fer_bench.runtime.terminal import echo, echo_command, echo_lines

SIGNS = "5 \xd7 3 \u2013 \xe9"
OPENED = "from fer_bench.runtime.terminal import echo, echo_lines\n"


def run(code, shell='exec "$@"', **variables):
    """Run code with the door in a process whose streams a shell connects."""
    return subprocess.run(
        ["/bin/bash", "-c", shell, "bash", sys.executable, "-c", OPENED + code],
        env={**os.environ, **variables},
        capture_output=True,
    )


class Stream(io.TextIOWrapper):
    """A terminal of an encoding."""

    def __init__(self, encoding, is_terminal=False):
        super().__init__(io.BytesIO(), encoding=encoding, newline="\n")
        self._is_terminal = is_terminal

    def isatty(self):
        return self._is_terminal

    def seen(self):
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)


# -- encodings


@given(TEXTS)
def test_a_line_is_one_safe_line(text):
    stream = Stream("cp437")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        echo(text)
        echo_lines(text + "\n")
    line, *lines = stream.seen().splitlines(keepends=True)
    assert line == displayed(printable(text), "cp437") + "\n"
    assert "".join(lines) == displayed(text, "cp437") + "\n"
    assert is_safe(stream.seen())


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"PYTHONIOENCODING": "utf-8"}, SIGNS.encode()),
        ({"PYTHONIOENCODING": "latin-1"}, b"5 \xd7 3 - \xe9"),
        ({"PYTHONIOENCODING": "cp932"}, b"5 \x81\x7e 3 - \\xe9"),
        ({"PYTHONIOENCODING": "ascii"}, b"5 x 3 - \\xe9"),
        (
            {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C", "PYTHONIOENCODING": ""},
            b"5 x 3 - \\xe9",
        ),
    ],
    ids=["utf-8", "latin-1", "cp932", "ascii", "C"],
)
def test_signs_become_what_the_terminal_has(variables, expected):
    done = run(f"echo({SIGNS!a}); echo({SIGNS!a}, err=True)", **variables)
    assert (done.returncode, done.stdout, done.stderr) == (0, expected + b"\n", expected + b"\n")


# -- streams that are closed, gone or full


@pytest.mark.parametrize(
    ("shell", "status"),
    [
        ('exec "$@" >&-', 7),
        ('exec "$@" 2>&-', 7),
        ('"$@" | true; exit ${PIPESTATUS[0]}', 7),
        ('"$@" 2>&1 | true; exit ${PIPESTATUS[0]}', 7),
        ('exec "$@" 2>/dev/full', 7),
        ('exec "$@" >/dev/full', 1),
    ],
    ids=["closed", "closed error", "gone", "both gone", "full error", "full"],
)
def test_the_exit_status_is_that_of_the_work(shell, status):
    code = "import sys\nfor _ in range(9): echo_lines('x' * 9999 + '\\n'); echo('y', err=True)\n"
    done = run(f"{code}sys.exit(7)", shell)
    assert done.returncode == status
    # What is left of standard error: no traceback but that of the test's own process.
    assert b"BrokenPipeError" not in done.stderr
    if status == 1:
        assert b"FerBenchError: the output cannot be written: No space left" in done.stderr


def test_a_file_takes_the_place_of_no_closed_stream():
    code = (
        "from fer_bench.runtime.terminal import occupy_closed\nimport os, sys\noccupy_closed()\n"
        "number = os.open(os.devnull, os.O_RDONLY)\n"
        "sys.exit(number <= 2)"
    )
    assert run(code, 'exec "$@" >&- 2>&-').returncode == 0
    assert run(code, 'exec "$@"').returncode == 0


def test_a_full_disk_is_one_line(monkeypatch):
    class Full(Stream):
        def write(self, text):
            raise OSError(28, "disk full")

    monkeypatch.setattr(sys, "stdout", Full("utf-8"))
    with pytest.raises(FerBenchError, match="output cannot be written") as raised:
        echo("a")
    assert raised.value.problem.endswith(": disk full")
    assert "\n" not in str(raised.value)


# -- colours and commands


@pytest.mark.parametrize(
    ("is_terminal", "variables", "expected"),
    [
        (True, {}, "\x1b[33ma\\x1b[0m\x1b[0m\n"),
        (True, {"NO_COLOR": "1"}, "a\\x1b[0m\n"),
        (False, {}, "a\\x1b[0m\n"),
    ],
)
def test_colours_are_only_ours(monkeypatch, is_terminal, variables, expected):
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    stream = Stream("utf-8", is_terminal)
    monkeypatch.setattr(sys, "stdout", stream)
    echo("a\x1b[0m", colour="yellow")
    assert stream.seen() == expected


def test_only_a_command_is_a_command(capsys):
    echo_command("::error title=a::b\nc")
    echo("::error title=a::b\nc")
    assert capsys.readouterr().out == "::error title=a::b\\nc\n: :error title=a::b\\nc\n"


# -- progress


def test_a_progress_bar_is_one_safe_line(monkeypatch):
    stream = Stream("cp437", is_terminal=True)
    monkeypatch.setattr(sys, "stderr", stream)
    bar = ProgressBar("a\x1b[31m\n::error::\u202e")
    bar("features", 0, 4)
    bar("features", 2, 4)
    bar.close()
    shown = stream.seen()
    assert r"a\x1b[31m ::error::\u202e: features: " in shown
    assert all(part.isprintable() for part in shown.split("\r"))


def test_a_progress_bar_is_silent_if_standard_error_is_closed(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    bar = ProgressBar("a")
    bar("features", 1, 4)
    bar.close()


# -- nothing goes past it


def _used(path):
    """Names of what a module calls, as its source has them."""
    tree = ast.parse(path.read_text("utf-8"))
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def test_no_other_module_writes_to_a_terminal():
    """The linter cannot know writers of pytest and the streams themselves by their names."""
    root = Path(fer_bench.__file__).parent
    direct = (".write_line", ".write_raw", ".rewrite", "stdout.write", "stderr.write")
    found = {
        (path.relative_to(root).as_posix(), name)
        for path in root.rglob("*.py")
        for name in _used(path)
        if name.endswith(direct)
    }
    assert found == {("runtime/terminal.py", "terminal.write_line")}
