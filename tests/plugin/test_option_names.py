"""Names of the options: prefixed ones are ours, short ones give way to anybody else's."""

import sys

import pytest

from fer_bench.plugin.options import OPTIONS

SEEDED = """
def pytest_addoption(parser):
    parser.addoption("--seed", type=int, default=7)
"""
SHOW_SEEDS = """
def test_seeds(pytestconfig):
    theirs = pytestconfig.getoption("--seed", "none")
    print("\\ntheirs", theirs, "ours", pytestconfig.option.fer_seed)
"""


@pytest.fixture
def run_seeds(run_pytest, pytester):
    """Run ``test_seeds``; return the values of the seed option of the project and of fer_bench."""
    pytester.makeini("[pytest]\n")
    pytester.makepyfile(test_seeds=SHOW_SEEDS)

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
def test_where_nobody_else_has_a_name_both_are_ours(run_seeds, words):
    assert run_seeds(*words) == ("none", "3")


@pytest.mark.parametrize("words", [[], ["--"], ["test_seeds.py"]])
def test_a_value_may_stand_on_its_own(run_seeds, words):
    assert run_seeds("--seed", "3", *words) == ("none", "3")


def test_the_last_of_both_names_counts(run_seeds):
    assert run_seeds("--fer-seed=3", "--seed=4") == ("none", "4")
    assert run_seeds("--seed=4", "--fer-seed=3") == ("none", "3")


def test_a_flag_has_a_short_name_too(run_seeds, pytester):
    pytester.makepyfile(
        test_seeds=SHOW_SEEDS.replace("option.fer_seed", "option.fer_no_timing").replace(
            "--seed", "-"
        )
    )
    assert run_seeds("--no-timing", "test_seeds.py") == ("none", "True")


@pytest.mark.parametrize("by", ["root", "argument", "plugin", "environment", "required"])
def test_short_names_give_way(run_seeds, pytester, monkeypatch, by):
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
    assert run_seeds(*words) == ("3", "4")
    assert run_seeds("--seed", "3", *words[1:]) == ("3", "4")
    assert run_seeds(*words[2:]) == ("7", "None")


def _inner(pytester, name):
    """Return a directory whose conftest.py defines --seed, with the only test."""
    directory = pytester.mkdir(name)
    (directory / "conftest.py").write_text(SEEDED)
    (pytester.path / "test_seeds.py").rename(directory / "test_seeds.py")
    return name


def test_short_names_give_way_to_a_plugin_that_is_loaded_before_ours(run_seeds, pytester):
    sys.modules.pop("first", None)
    pytester.makepyfile(first=f"import pytest\n{SEEDED}")
    pytester.syspathinsert()
    # Ours is loaded as an entry point, after those of -p.
    assert run_seeds("-p", "first", "--seed", "3") == ("3", "None")


def test_a_conftest_that_is_found_late_defines_its_option(run_seeds, pytester):
    _inner(pytester, "unit")
    assert run_seeds() == ("7", "None")


@pytest.mark.parametrize("by", ["root", "environment"])
def test_an_option_that_is_required_takes_no_short_name(run_seeds, pytester, monkeypatch, by):
    required = "def pytest_addoption(parser):\n    parser.addoption('--must', required=True)\n"
    if by == "root":
        pytester.makeconftest(required)
    else:
        pytester.makepyfile(demanding=required)
        pytester.syspathinsert()
        monkeypatch.setenv("PYTEST_PLUGINS", "demanding")
    assert run_seeds("--must=1", "--seed=3") == ("none", "3")
    assert run_seeds("--must=1", "--seed", "3", "--store", "a b") == ("none", "3")


def test_short_names_may_stand_in_addopts(run_seeds, pytester, monkeypatch):
    pytester.makeini("[pytest]\naddopts = --seed=3\n")
    assert run_seeds() == ("none", "3")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--seed 4")
    assert run_seeds() == ("none", "4")
    pytester.makeconftest(SEEDED)
    assert run_seeds() == ("4", "None")


def test_short_names_may_stand_in_a_file_of_arguments(run_seeds, pytester):
    (pytester.path / "more").write_text("--epochs=2\n--seed\n3\n")
    (pytester.path / "words").write_text("@more\n")
    assert run_seeds("@words") == ("none", "3")


def test_a_short_name_may_not_be_shortened(run_pytest):
    result = run_pytest("--see=3")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "unrecognized arguments: --see=3" in result.stderr.str()


@pytest.fixture
def run_store(run_seeds, pytester):
    pytester.makepyfile(test_seeds=SHOW_SEEDS.replace("fer_seed", "fer_store.replace(' ', '_')"))
    return run_seeds


def test_a_value_that_looks_like_a_short_name_stays(run_store):
    assert run_store("--store", "--seed=3 x") == ("none", "--seed=3_x")


@pytest.mark.parametrize("words", [["--store=a b"], ["--store", "a b"], ["--fer-store=a b"]])
def test_a_value_may_have_blanks(run_store, pytester, words):
    assert run_store(*words) == ("none", "a_b")
    _inner(pytester, "tests")
    assert run_store("--fer-seed=4", "--seed=3", *words)[0] == "3"


@pytest.mark.parametrize("testpaths", ["testpaths = unit", ""])
@pytest.mark.parametrize("name", ["4", "faces"])
def test_a_value_that_is_a_directory_hides_no_conftest(run_seeds, pytester, testpaths, name):
    """Values of options that look like paths to pytest before it knows the short names."""
    directory = "unit" if testpaths else "tests"
    _inner(pytester, directory)
    pytester.makeini(f"[pytest]\n{testpaths}\n")
    if name == "faces":
        pytester.mkdir(name)
    assert run_seeds("--dataset", name, "--fer-seed=4", "--seed=3") == ("3", "4")


def test_a_conftest_may_ask_for_the_plugin_itself(run_seeds, pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest("pytest_plugins = ['pytest_benchmark.plugin', 'fer_bench.plugin']")
    # Then the short name is an option of pytest's own parser, and nobody's but ours.
    assert run_seeds("--seed=3") == ("3", "3")
    assert run_seeds("--fer-seed", "3") == ("3", "3")
    pytester.makeconftest(
        f"pytest_plugins = ['pytest_benchmark.plugin', 'fer_bench.plugin']\n{SEEDED}"
    )
    assert run_seeds("--seed=3", "--fer-seed=4") == ("3", "4")


def test_help_shows_both_names(pytester):
    text = pytester.runpytest_inprocess("--help").stdout.str()
    _, _, group = text.partition("fer_bench")
    # pytest may break a line within a name.
    group = "".join(group.partition("[pytest] ")[0].split())
    for option in OPTIONS:
        assert option.flag in group
        assert not option.short or f"Short:{option.short}." in group


def test_workers_of_xdist_know_short_names(pytester, run_pytest):
    pytester.makepyfile("def test_seeds(pytestconfig): assert pytestconfig.option.fer_seed == '3'")
    run_pytest("--seed", "3", "-n", "1").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["--sweep"], "default"),
        (["--sweep", "test_seeds.py"], "default"),
        (["--fer-sweep", "test_seeds.py"], "default"),
        (["--sweep=learning-rate", "test_seeds.py"], "learning-rate"),
    ],
)
def test_an_option_that_needs_no_value_leaves_the_path_that_follows(
    run_seeds, pytester, words, value
):
    pytester.makepyfile(
        test_seeds=SHOW_SEEDS.replace("option.fer_seed", "option.fer_sweep").replace("--seed", "-")
    )
    assert run_seeds(*words) == ("none", value)
