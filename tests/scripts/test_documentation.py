"""The documentation names the options and variables that there are."""

import re
from pathlib import Path

import options_page
import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SOURCE = "".join(path.read_text("utf-8") for path in (ROOT / "fer_bench").rglob("*.py"))
OTHERS = {
    # pytest and its plugins; "--fer-" begins the long names
    "--benchmark-autosave",
    "--benchmark-columns",
    "--collect-only",
    "--fer-",
    "--help",
    "--pyargs",
    "--reruns",
    "--version",
    # scripts/compare_commits.py
    "--python-of-base",
    "--python-of-head",
    "--repository",
    "--stores",
    # pip, git, gh, chromium, Slurm
    "--array",
    "--branch",
    "--cpus-per-task",
    "--dir",
    "--event",
    "--group",
    "--jq",
    "--window-size",
    "--screenshot",
    "--hide-scrollbars",
    "--headless",
    "--name",
    "--workflow",
}
KNOWN = set(re.findall(r"--[a-z][\w-]*", options_page.table())) | {
    option.flag for option in options_page.OPTIONS
}


def test_the_table_is_current():
    assert options_page.PAGE.read_text("utf-8") == options_page.page(), (
        "run python scripts/options_page.py"
    )


def test_the_table_has_every_variable():
    own = {name for name in options_page.VARIABLES if name.startswith("FER_BENCH_")}
    assert own == set(re.findall(r'"(FER_BENCH_[A-Z_]+)"', SOURCE))
    assert all(f'"{name}"' in SOURCE for name in options_page.VARIABLES)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_a_page_names_options_that_there_are(page):
    text = page.read_text("utf-8")
    named = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", text))
    assert named <= KNOWN | OTHERS


def test_the_readme_links_to_files_that_there_are():
    text = (ROOT / "README.md").read_text("utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)", text) if "://" not in target]
    assert targets
    assert all((ROOT / target).is_file() for target in targets)


def test_errors_are_named_as_the_package_words_them():
    text = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    errors = [
        " ".join(error.split()) for error in re.findall(r"^\*\*`([^`]+)`", text, re.MULTILINE)
    ]
    assert len(errors) > 10
    joined = re.sub(r'"\s+f?"', "", SOURCE)
    for error in errors:
        # Between values, which are quoted or left out, and numbers.
        words = max(re.split(r"'[^' ]+'|\.\.\.|\d+|\([^)]*\)|;", error), key=len).strip(" :.,")
        assert words in joined or "--backbone" in words, error
