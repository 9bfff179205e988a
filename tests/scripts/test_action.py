"""The action for GitHub's workflows: its steps run here as GitHub's runner would run them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from made_project import BENCHMARKS, workflow_commands, write_programs

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS = ACTION["runs"]["steps"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
OF_THE_RUNNER = {"GITHUB_ACTION_PATH", "GITHUB_OUTPUT"}


def step(name):
    (found,) = [one for one in STEPS if one.get("id") == name]
    return found


class Runner:
    """Run the script steps of a composite action as GitHub's runner does."""

    def __init__(self, directory, monkeypatch):
        self.directory = directory
        self.values = {f"inputs.{name}": one["default"] for name, one in ACTION["inputs"].items()}
        self.values["runner.temp"] = str(directory / "temp")
        (directory / "temp").mkdir()
        (directory / "bin").mkdir()
        (directory / "bin" / "python").symlink_to(sys.executable)
        monkeypatch.setenv("PATH", f"{directory / 'bin'}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("GITHUB_ACTION_PATH", str(ROOT))
        monkeypatch.setenv("GITHUB_OUTPUT", str(directory / "output"))

    def run(self, name):
        """Run a step; later steps know its outputs."""
        output = self.directory / "output"
        output.write_text("")
        one = step(name)
        assert one["shell"] == "bash"
        variables = {name: self.filled_in(text) for name, text in one["env"].items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", one["run"]],
            cwd=self.directory,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
        )
        for line in output.read_text().splitlines():
            key, _, value = line.partition("=")
            self.values[f"steps.{name}.outputs.{key}"] = value
        return done

    def filled_in(self, text):
        return EXPRESSION.sub(lambda found: self.values[found[1].strip()], text)


@pytest.fixture
def runner(project, without_pip, tmp_path, monkeypatch):
    """Return a runner for the change from 0.50 to 0.40, with the project checked out."""
    directory = tmp_path / "workspace"
    directory.mkdir()
    project.commit(BENCHMARKS)
    project.commit({"accuracy": "0.40"})
    clone = directory / ".fer_bench" / "repository"
    clone.parent.mkdir()
    subprocess.run(["git", "clone", "--quiet", project.directory, clone], check=True)
    programs = tmp_path / "programs"
    write_programs(programs)
    made = Runner(directory, monkeypatch)
    made.values["inputs.install"] = f'cp "{programs}"/* "$VIRTUAL_ENV"/bin'
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    return made


def test_the_scripts_of_the_action_work_together(runner, project):
    commits = runner.run("commits")
    assert commits.returncode == 0, commits.stderr
    tree = project.git("rev-parse", "HEAD^{tree}")
    assert runner.values["steps.commits.outputs.head-tree"] == tree
    runner.values["inputs.rounds"] = "2"
    runner.values["inputs.arguments"] = "--backbone=mini -k 'a or b'"
    runner.values["inputs.fail-on"] = "accuracy: 1pp, loss: off"
    done = runner.run("compare")
    assert done.returncode == 1, done.stderr
    sides = [["0.50", "0.50"], ["0.40", "0.40"]]
    assert done.stdout.splitlines()[-1] == f"github: {sides}"
    assert runner.values["steps.compare.outputs.compared"] == "true"
    results = runner.directory / "temp" / "fer_bench" / "benchmark"
    assert (results / "comparison.md").read_text() == f"markdown: {sides}"
    for run in project.trace():
        assert run["variables"]["PYTEST_ADDOPTS"] == "--backbone=mini -k 'a or b'"
        assert run["words"][0] == "benchmarks"
        assert "PYTHONPATH" not in run["variables"]
    # What is cached is where the runs keep it.
    stores = {path.name for path in (runner.directory / ".fer_bench" / "stores").iterdir()}
    for side in ("base", "head"):
        path = runner.filled_in(step(f"{side}-store")["with"]["path"])
        assert (runner.directory / path).is_dir()
        stores.remove(Path(path).name)
    assert not stores


def test_what_cannot_be_compared_is_an_annotation(runner):
    runner.run("commits")
    runner.values["inputs.benchmarks"] = "nowhere else"
    runner.values["inputs.install"] = "exit 7"
    done = runner.run("compare")
    assert done.returncode == 2
    (command,) = workflow_commands(done.stderr)
    assert command.startswith("::error title=Not compared::")
    assert "installing the base" in command
    assert " exit status 7; see " in command
    assert "steps.compare.outputs.compared" not in runner.values


def test_what_a_failing_installation_prints_is_no_command(runner):
    runner.run("commits")
    planted = "::error::planted\n  ::add-mask::0\n##[error]planted\n::stop-commands::mine"
    runner.values["inputs.install"] = f"cat << END\n{planted}\nEND\nexit 7\n"
    done = runner.run("compare")
    assert done.returncode == 2
    assert planted in done.stderr
    assert workflow_commands(done.stdout) == []
    (command,) = workflow_commands(done.stderr)
    assert command.startswith("::error title=Not compared::")
    assert "installing the base" in command
    # A whole line, which ends with where the log is.
    assert command.endswith("base-install.txt'")


def test_what_is_saved_is_what_is_looked_for():
    saved = {one["with"]["path"]: one for one in STEPS if "cache/save" in one.get("uses", "")}
    for side in ("base", "head"):
        restored = step(f"{side}-store")
        assert restored["with"]["key"].endswith(f"{side}-tree }}}}")
        assert restored["with"]["path"].endswith(f"{side}-tree }}}}")
        save = saved.pop(restored["with"]["path"])
        primary = f"steps.{side}-store.outputs.cache-primary-key"
        assert save["with"]["key"] == f"${{{{ {primary} }}}}"
        assert f"steps.{side}-store.outputs.cache-hit != 'true'" in save["if"]
    assert not saved
    base, head = (step(f"{side}-store")["with"] for side in ("base", "head"))
    assert json.dumps(base).replace("base", "head") == json.dumps(head)


def test_a_failed_comparison_is_shown_all_the_same():
    after = STEPS[STEPS.index(step("compare")) + 1 :]
    assert len(after) == 4
    assert all("!cancelled() && " in one["if"] for one in after)


def every_step():
    for one in STEPS:
        yield "action.yml", one
    for path in WORKFLOWS:
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            for one in job["steps"]:
                yield path.name, one


def test_nothing_from_outside_is_pasted_into_a_script():
    scripts = [one["run"] for _, one in every_step() if "run" in one]
    assert len(scripts) > 5
    assert not [script for script in scripts if "${{" in script]


def test_each_variable_of_a_script_is_given():
    for one in STEPS:
        if "run" in one:
            used = set(re.findall(r"\$\{?([A-Z_]+)", one["run"]))
            assert used - OF_THE_RUNNER <= set(one["env"])


def test_other_actions_are_pinned():
    used = [one["uses"] for _, one in every_step() if "uses" in one]
    assert len(used) > 5
    for name in used:
        assert name == "./" or re.fullmatch(r"[\w/-]+@(v\d+|[0-9a-f]{40})", name)


def only_publishes(job):
    """Return True if a job runs nothing of the repository and no action but GitHub's for Pages."""
    used = [one.get("uses", "").partition("@")[0] for one in job["steps"]]
    return set(used) == {"actions/deploy-pages"}


@pytest.mark.parametrize(
    "step", [{"uses": "./"}, {"uses": "some/action@v1"}, {"run": "make"}], ids=str
)
def test_a_job_that_publishes_runs_nothing_else(step):
    publishes = {"uses": "actions/deploy-pages@v5"}
    assert only_publishes({"steps": [publishes]})
    assert not only_publishes({"steps": [step, publishes]})


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_may_do_no_more_than_they_must(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    # YAML 1.1 reads the key `on` as true.
    assert "pull_request_target" not in workflow[True]
    for job in workflow["jobs"].values():
        allowed = {("contents", "read"), ("pull-requests", "write")}
        if only_publishes(job):
            allowed |= {("pages", "write"), ("id-token", "write")}
        assert job.get("permissions", {}).items() <= allowed
        for one in job["steps"]:
            if one.get("uses", "").startswith("actions/checkout@"):
                assert one["with"]["persist-credentials"] is False


def indented_blocks(text):
    """Code blocks of Markdown, which are indented by four spaces."""
    for block in re.findall(r"(?:^    .*\n|^\n)+", text, re.MULTILINE):
        yield re.sub(r"^    ", "", block, flags=re.MULTILINE)


def test_the_examples_are_workflows_that_use_the_action():
    found = 0
    for block in indented_blocks((ROOT / "docs" / "ci.md").read_text()):
        if "OWNER/fer_bench@main" in block:
            for job in yaml.safe_load(block)["jobs"].values():
                for one in job["steps"]:
                    if one.get("uses") == "OWNER/fer_bench@main":
                        found += 1
                        assert set(one.get("with", {})) <= set(ACTION["inputs"])
    assert found


def test_shards_on_several_runners_measure_no_speeds():
    (shard,) = [
        yaml.safe_load(block)["jobs"]["shard"]
        for block in indented_blocks((ROOT / "docs" / "ci.md").read_text())
        if "--shard=" in block
    ]
    (words,) = [one["run"].split() for one in shard["steps"] if "--shard=" in one.get("run", "")]
    assert words[:2] == ["pytest", "benchmarks"]
    assert "--no-timing" in words
    # One line of YAML, with GitHub's expression whole.
    assert " ".join(words).endswith(" --shard=${{ matrix.shard }}/4")


def test_each_input_is_described():
    text = (ROOT / "docs" / "ci.md").read_text()
    for name in ACTION["inputs"]:
        assert f"`{name}`" in text
