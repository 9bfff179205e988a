"""The workflows run what a person can run with tox."""

import configparser
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
TOX = configparser.ConfigParser(interpolation=None)
TOX.read(ROOT / "tox.ini")
NIGHTLY = {"soak", "soak-jax", "soak-lowest", "soak-plugins"}


def environments(text):
    """Names of the environments that commands in a text run."""
    found = re.findall(r"\btox run -e ([\w,-]+)|\btox -e ([\w,-]+)", text)
    return {name for names in found for name in "".join(names).split(",")}


def runs_of(workflow):
    steps = [
        step
        for job in yaml.safe_load((ROOT / ".github" / "workflows" / workflow).read_text())[
            "jobs"
        ].values()
        for step in job["steps"]
    ]
    return environments("\n".join(step.get("run", "") for step in steps))


def test_every_change_runs_each_environment_of_tox_and_every_night_runs_the_others():
    everyday = {name.strip() for name in TOX["tox"]["env_list"].split(",")}
    assert runs_of("tests.yml") == everyday
    assert runs_of("soak.yml") == NIGHTLY
    assert {f"testenv:{name}" for name in everyday | NIGHTLY} == {
        name for name in TOX.sections() if name.startswith("testenv:")
    }


def test_the_readme_names_environments_that_there_are():
    named = environments((ROOT / "README.md").read_text())
    assert named
    assert {f"testenv:{name}" for name in named} <= set(TOX.sections())


def test_the_docs_name_actions_by_the_hashes_that_the_workflows_use():
    def actions(path):
        return set(re.findall(r"uses: (actions/.+)", path.read_text()))

    used = set().union(*map(actions, [ROOT / "action.yml", *ROOT.glob(".github/workflows/*.yml")]))
    used |= {action.replace("cache/restore@", "cache@") for action in used}
    named = actions(ROOT / "docs/ci.md")
    assert named
    assert named <= used
