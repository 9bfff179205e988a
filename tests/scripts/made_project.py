"""Project in a real git repository, with small stand-ins for ``pytest`` and ``fer-bench``.

They accept the options of the real programs. The file ``accuracy`` in a commit states the accuracy
of its code; ``pytest`` writes it as its results, or that of an earlier run in its store.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "scripts"
BENCHMARKS = {"benchmarks/test_it.py": "", "accuracy": "0.50"}

# Without json, pathlib and site-packages, a program starts in a third of the time.
PYTEST = """
import os, sys

given = dict(word[2:].split("=", 1) for word in sys.argv[1:] if "=" in word)
code = open("accuracy").read()
stored = given["store"] + "/accuracy"
trained = not os.path.exists(stored)
if trained:
    os.makedirs(given["store"])
    with open(stored, "w") as file:
        file.write(code)
seen = {
    "code": code,
    "words": sys.argv[1:],
    "timed": "--no-timing" not in sys.argv,
    "trained": trained,
    "folder": os.getcwd(),
    "variables": dict(os.environ),
}
with open(os.environ["TRACE"], "a") as trace:
    print(seen, file=trace)
if code.startswith("ends with"):
    print("the reason why")
    sys.exit(int(code.split()[-1]))
if "no tests" in code and "--no-timing" in sys.argv:
    sys.exit(5)
if code != "no results":
    os.makedirs(given["report-dir"])
    with open(given["report-dir"] + "/results.json", "w") as file:
        file.write(open(stored).read())
"""

FER_BENCH = """
import os, sys

def results(side):
    for folder, _, names in os.walk(side):
        yield from (open(f"{folder}/{name}").read() for name in names if name.endswith(".json"))

if sys.argv[1] == "run":
    program = os.path.dirname(sys.argv[0]) + "/pytest"
    if sys.argv[2] != "--help":
        os.execv(program, [program, "those of fer_bench", *sys.argv[2:]])
    sys.exit()
command, base, head, *words = sys.argv[1:]
given = dict(word[2:].split("=", 1) for word in words)
sides = [sorted(results(side)) for side in (base, head)]
if "breaks" in sides[1][0]:
    sys.exit(int(sides[1][0].split()[-1]))
text = f"{given['format']}: {sides}"
if "output" in given:
    with open(given["output"], "w") as file:
        file.write(text)
else:
    print(text)
sys.exit(given.get("fail-on") != "accuracy: off" and sides[1][0] < sides[0][0])
"""

WITHOUT_PIP = """
import sys
from pathlib import Path

sys.path.remove(str(Path(__file__).parent))
import venv

venv.main(["--without-pip", *sys.argv[1:]])
"""
"""Module ``venv`` that shadows Python's own, since installing pip takes seconds."""


class Project:
    """Repository with a prepared environment.

    Attributes:
        directory: working tree of the repository.
    """

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir()
        self.git("init", "--quiet", "--initial-branch=main", "--template=")

    def git(self, *words):
        """Run a git command and return its output."""
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", "-C", self.directory, *who, *words], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, files):
        """Write files, or remove those that are None, and return the commit's hash."""
        for name, text in files.items():
            path = self.directory / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=a change")
        return self.git("rev-parse", "HEAD")

    def environment(self):
        """Return the Python of an environment with only the two programs."""
        directory = self.directory.parent / "environment"
        write_programs(directory)
        python = directory / "python"
        if not python.exists():
            python.symlink_to(sys.executable)
            home = Path(sys.executable).resolve().parent
            settings = f"home = {home}\ninclude-system-site-packages = false\n"
            (directory / "pyvenv.cfg").write_text(settings)
        return str(python)

    def trace(self):
        """Return a record of each benchmark run: its code, arguments and environment, in order."""
        lines = Path(os.environ["TRACE"]).read_text().splitlines()
        return [ast.literal_eval(line) for line in lines]


def workflow_commands(log):
    """Return the workflow commands that GitHub's runner would find in a log."""
    fence, found = None, []
    for line in log.splitlines():
        if fence is not None:
            fence = None if line.strip() == f"::{fence}::" else fence
        elif line.strip().startswith("::stop-commands::"):
            fence = line.strip().removeprefix("::stop-commands::")
        elif line.strip().startswith("::") or "##[" in line:
            found.append(line)
    assert fence is None
    return found


def write_programs(directory):
    """Write the programs ``pytest`` and ``fer-bench``."""
    directory.mkdir(exist_ok=True)
    for name, program in (("pytest", PYTEST), ("fer-bench", FER_BENCH)):
        (directory / name).write_text(f"#!{sys.executable} -IS\n{program}")
        (directory / name).chmod(0o755)
