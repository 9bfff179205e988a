"""Names of the options: prefixed ones are ours, short ones give way to anybody else's."""

import sys

import pytest

from fer_bench.plugin.options import OPTIONS

SEEDED = """
def pytest_addoption(parser):
    parser.addoption("--seed", type=int, default=7)
"""
TOLD = """
def test_told(pytestconfig):
    theirs = pytestconfig.getoption("--seed", "none")
    print("\\ntheirs", theirs, "ours", pytestconfig.option.fer_seed)
"""


@pytest.fixture
def told(run_pytest, pytester):
    """Runs ``test_told`` and gives what --seed is to the project, and to us."""
    pytester.makeini("[pytest]\n")
    pytester.makepyfile(test_told=TOLD)

    def run(*arguments):
        result = run_pytest("-s", "-rN", *arguments)
        result.assert_outcomes(passed=1)
        (line,) = [line for line in result.stdout.lines if line.startswith("theirs")]
        _, theirs, _, ours = line.split()
        return theirs, ours

    return run


def test_each_option_has_a_name_that_begins_with_ours():
    assert all(option.flag.startswith("--fer-") for option in OPTIONS)
    shorts = [option.short for option in OPTIONS if option.short]
    assert {"--backbone", "--dataset", "--seed", "--no-timing"} <= set(shorts)
    assert not any(short.startswith("--fer-") for short in shorts)


@pytest.mark.parametrize("words", [["--fer-seed=3"], ["--fer-seed", "3"], ["--seed=3"]])
def test_where_nobody_else_has_a_name_both_are_ours(told, words):
    assert told(*words) == ("none", "3")


@pytest.mark.parametrize("words", [[], ["--"], ["test_told.py"]])
def test_a_value_may_stand_on_its_own(told, words):
    assert told("--seed", "3", *words) == ("none", "3")


def test_the_last_of_both_names_counts(told):
    assert told("--fer-seed=3", "--seed=4") == ("none", "4")
    assert told("--seed=4", "--fer-seed=3") == ("none", "3")


def test_a_flag_has_a_short_name_too(told, pytester):
    pytester.makepyfile(
        test_told=TOLD.replace("option.fer_seed", "option.fer_no_timing").replace("--seed", "-")
    )
    assert told("--no-timing", "test_told.py") == ("none", "True")


@pytest.mark.parametrize("by", ["root", "argument", "plugin", "environment", "required"])
def test_short_names_give_way(told, pytester, monkeypatch, by):
    words = ["--seed=3", "--fer-seed=4"]
    if by == "root":
        pytester.makeconftest(SEEDED)
    elif by == "argument":
        words.append(_inner(pytester, "unit"))
    else:
        pytester.makepyfile(seeded=SEEDED)
        pytester.syspathinsert()
        if by == "plugin":
            words += ["-p", "seeded"]
        elif by == "environment":
            monkeypatch.setenv("PYTEST_PLUGINS", "seeded")
        else:
            pytester.makeconftest("pytest_plugins = ['seeded']")
    assert told(*words) == ("3", "4")
    assert told("--seed", "3", *words[1:]) == ("3", "4")
    assert told(*words[2:]) == ("7", "None")


def _inner(pytester, name):
    """A directory whose conftest.py defines --seed, with the only test."""
    directory = pytester.mkdir(name)
    (directory / "conftest.py").write_text(SEEDED)
    (pytester.path / "test_told.py").rename(directory / "test_told.py")
    return name


def test_short_names_give_way_to_a_plugin_that_is_loaded_before_ours(told, pytester):
    sys.modules.pop("first", None)
    pytester.makepyfile(first=f"import pytest\n{SEEDED}")
    pytester.syspathinsert()
    # Ours is loaded as an entry point, after those of -p.
    assert told("-p", "first", "--seed", "3") == ("3", "None")


def test_a_conftest_that_is_found_late_defines_its_option(told, pytester):
    _inner(pytester, "unit")
    assert told() == ("7", "None")


@pytest.mark.parametrize("by", ["root", "environment"])
def test_an_option_that_is_required_takes_no_short_name(told, pytester, monkeypatch, by):
    required = "def pytest_addoption(parser):\n    parser.addoption('--must', required=True)\n"
    if by == "root":
        pytester.makeconftest(required)
    else:
        pytester.makepyfile(demanding=required)
        pytester.syspathinsert()
        monkeypatch.setenv("PYTEST_PLUGINS", "demanding")
    assert told("--must=1", "--seed=3") == ("none", "3")
    assert told("--must=1", "--seed", "3", "--store", "a b") == ("none", "3")


def test_short_names_may_stand_in_addopts(told, pytester, monkeypatch):
    pytester.makeini("[pytest]\naddopts = --seed=3\n")
    assert told() == ("none", "3")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--seed 4")
    assert told() == ("none", "4")
    pytester.makeconftest(SEEDED)
    assert told() == ("4", "None")


def test_short_names_may_stand_in_a_file_of_arguments(told, pytester):
    (pytester.path / "more").write_text("--epochs=2\n--seed\n3\n")
    (pytester.path / "words").write_text("@more\n")
    assert told("@words") == ("none", "3")


def test_a_short_name_may_not_be_shortened(run_pytest):
    result = run_pytest("--see=3")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "unrecognized arguments: --see=3" in result.stderr.str()


@pytest.fixture
def told_store(told, pytester):
    pytester.makepyfile(test_told=TOLD.replace("fer_seed", "fer_store.replace(' ', '_')"))
    return told


def test_a_value_that_looks_like_a_short_name_stays(told_store):
    assert told_store("--store", "--seed=3 x") == ("none", "--seed=3_x")


@pytest.mark.parametrize("words", [["--store=a b"], ["--store", "a b"], ["--fer-store=a b"]])
def test_a_value_may_have_blanks(told_store, pytester, words):
    assert told_store(*words) == ("none", "a_b")
    _inner(pytester, "tests")
    assert told_store("--fer-seed=4", "--seed=3", *words)[0] == "3"


@pytest.mark.parametrize("testpaths", ["testpaths = unit", ""])
@pytest.mark.parametrize("name", ["4", "faces"])
def test_a_value_that_is_a_folder_hides_no_conftest(told, pytester, testpaths, name):
    """What an option's value looks like to pytest, before it knows our short names: a path."""
    directory = "unit" if testpaths else "tests"
    _inner(pytester, directory)
    pytester.makeini(f"[pytest]\n{testpaths}\n")
    if name == "faces":
        pytester.mkdir(name)
    assert told("--dataset", name, "--fer-seed=4", "--seed=3") == ("3", "4")


def test_a_conftest_may_ask_for_the_plugin_itself(told, pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest("pytest_plugins = ['pytest_benchmark.plugin', 'fer_bench.plugin']")
    # Then the short name is an option of pytest's own parser, and nobody's but ours.
    assert told("--seed=3") == ("3", "3")
    assert told("--fer-seed", "3") == ("3", "3")
    pytester.makeconftest(
        f"pytest_plugins = ['pytest_benchmark.plugin', 'fer_bench.plugin']\n{SEEDED}"
    )
    assert told("--seed=3", "--fer-seed=4") == ("3", "4")


def test_help_shows_both_names(pytester):
    text = pytester.runpytest_inprocess("--help").stdout.str()
    _, _, group = text.partition("fer_bench")
    # pytest may break a line within a name.
    group = "".join(group.partition("[pytest] ")[0].split())
    for option in OPTIONS:
        assert option.flag in group
        assert not option.short or f"Short:{option.short}." in group


def test_workers_of_xdist_know_short_names(pytester, run_pytest):
    pytester.makepyfile("def test_told(pytestconfig): assert pytestconfig.option.fer_seed == '3'")
    run_pytest("--seed", "3", "-n", "1").assert_outcomes(passed=1)
