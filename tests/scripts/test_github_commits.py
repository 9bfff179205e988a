"""Commits that a workflow compares, in real clones as made by GitHub."""

import json
import subprocess
import sys

import github_commits
import pytest
from made_project import BENCHMARKS

NEVER = "0" * 40
GONE = "1234567890" * 4


@pytest.fixture
def clone(project, tmp_path):
    """Clones the project with one commit checked out, as actions/checkout does."""

    def make(sha):
        directory = tmp_path / "clone"
        subprocess.run(["git", "clone", "--quiet", project.directory, directory], check=True)
        checkout = ["git", "-C", directory, "checkout", "--quiet", "--detach", sha]
        subprocess.run(checkout, check=True)
        # The remote's branches are known by its name alone.
        delete = ["git", "-C", directory, "branch", "--quiet", "-D", "main"]
        subprocess.run(delete, check=True)
        return directory

    return make


@pytest.fixture
def run_script(tmp_path, monkeypatch, capsys):
    """Call the script in an event of GitHub's; return its outputs by name, or its error."""

    def run(directory, event="pull_request", before=None, base=""):
        path = tmp_path / "event.json"
        path.write_text(json.dumps({} if before is None else {"before": before}))
        monkeypatch.setenv("GITHUB_EVENT_NAME", event)
        monkeypatch.setenv("GITHUB_EVENT_PATH", str(path))
        monkeypatch.setattr(sys, "argv", ["github_commits", str(directory), f"--base={base}"])
        status = github_commits.main()
        printed = capsys.readouterr()
        if status:
            assert status == 2
            assert not printed.out
            return printed.err
        return dict(line.split("=", 1) for line in printed.out.splitlines())

    return run


def test_a_pull_request_is_compared_with_its_target_as_it_was_merged(project, clone, run_script):
    project.commit(BENCHMARKS)
    project.git("switch", "--quiet", "-c", "change")
    project.commit({"accuracy": "0.60"})
    project.git("switch", "--quiet", "main")
    target = project.commit({"other": "someone else's"})
    project.git("merge", "--quiet", "--no-ff", "--message=merge", "change")
    merge = project.git("rev-parse", "HEAD")
    outputs = run_script(clone(merge))
    assert (outputs["base"], outputs["head"]) == (target, merge)


def test_a_push_is_compared_with_what_the_branch_was_before(project, clone, run_script):
    before = project.commit(BENCHMARKS)
    parent = project.commit({"accuracy": "0.60"})
    head = project.commit({"accuracy": "0.70"})
    directory = clone(head)
    assert run_script(directory, "push", before)["base"] == before
    for no_more in (NEVER, GONE):
        assert run_script(directory, "push", no_more)["base"] == parent
    assert run_script(directory, "workflow_dispatch")["base"] == parent


def test_a_base_may_be_named(project, clone, run_script):
    first = project.commit(BENCHMARKS)
    project.git("tag", "v1")
    second = project.commit({"accuracy": "0.60"})
    head = project.commit({"accuracy": "0.70"})
    project.git("branch", "stable", second)
    directory = clone(head)
    for name, sha in (("stable", second), ("v1", first), (first, first), ("HEAD~2", first)):
        assert run_script(directory, "push", NEVER, name)["base"] == sha
    error = run_script(directory, base="nowhere")
    assert error.startswith("::error title=")
    assert "::'nowhere' names no commit" in error


def test_a_first_commit_has_no_base(project, clone, run_script):
    assert "'HEAD^1' names no commit" in run_script(clone(project.commit(BENCHMARKS)))


def test_stores_are_known_by_the_files_of_a_commit(project, clone, run_script):
    project.commit(BENCHMARKS)
    base = project.commit({"accuracy": "0.60"})
    head = project.commit({"accuracy": "0.50"})
    outputs = run_script(clone(head))
    assert outputs["base-tree"] == project.git("rev-parse", f"{base}^{{tree}}")
    assert outputs["head-tree"] == project.git("rev-parse", "HEAD~2^{tree}")
    assert outputs["base-tree"] != outputs["head-tree"]
    assert set(outputs) == {"base", "head", "base-tree", "head-tree", "processor"}
    assert outputs["processor"].isalnum()
