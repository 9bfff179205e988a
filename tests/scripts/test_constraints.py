"""The versions that every change is tested with are ones that the package accepts."""

import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]
DECLARED = [Requirement(text) for text in PROJECT["dependencies"]]
DECLARED += [
    Requirement(text)
    for name in ("cpu", "export", "jax", "optuna", "predict", "test")
    for text in EXTRAS[name]
]
DECLARED += [Requirement(text) for text in PYPROJECT["dependency-groups"]["docs"]]
LINES = (ROOT / "constraints.txt").read_text().splitlines()
PINNED = [Requirement(line) for line in LINES if line and not line.startswith("#")]


def version(requirement, python):
    """Return the version a package is pinned to under a Python version, or None."""
    surroundings = {"python_version": python, "python_full_version": f"{python}.5"}
    surroundings |= {"sys_platform": "linux", "platform_system": "Linux"}
    if requirement.marker and not requirement.marker.evaluate(surroundings):
        return None
    found = [
        re.fullmatch("==(.+)", str(pin.specifier))[1]
        for pin in PINNED
        if pin.name == requirement.name
        and (pin.marker is None or pin.marker.evaluate(surroundings))
    ]
    assert len(found) == 1, requirement
    return found[0]


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
def test_each_declared_package_is_held_to_one_version_that_is_accepted(python):
    held = {str(one): version(one, python) for one in DECLARED}
    assert len(held) > 20
    for requirement in DECLARED:
        found = held[str(requirement)]
        assert found is None or requirement.specifier.contains(found), requirement
