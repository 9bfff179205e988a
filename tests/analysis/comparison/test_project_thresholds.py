"""Rules out of the nearest pyproject.toml."""

import pytest

from fer_bench.analysis.comparison import Thresholds, default_thresholds, parse, project_thresholds
from fer_bench.runtime.errors import FerBenchError

ACCURACY = '[tool.fer_bench.compare]\nfail_on = ["accuracy: 2pp", "gone: off"]\n'


def put(folder, text):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pyproject.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def test_rules_in_their_order(tmp_path):
    put(tmp_path, ACCURACY)
    assert project_thresholds(tmp_path) == parse(["accuracy: 2pp", "gone: off"], "here")


def test_the_nearest_file_counts_and_no_other(tmp_path):
    put(tmp_path, ACCURACY)
    nearer = tmp_path / "a"
    (nearer / "b").mkdir(parents=True)
    assert project_thresholds(nearer / "b") == parse(["accuracy: 2pp, gone: off"], "here")
    put(nearer, "[project]\nname = 'other'\n")
    assert project_thresholds(nearer / "b") == Thresholds(())


def test_a_folder_of_that_name_is_no_file(tmp_path):
    put(tmp_path, ACCURACY)
    (tmp_path / "a" / "pyproject.toml").mkdir(parents=True)
    assert project_thresholds(tmp_path / "a") == parse(["accuracy: 2pp, gone: off"], "here")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[tool.other]\nfail_on = 3\n",
        "[tool.fer_bench]\n",
        "[tool.fer_bench.compare]\n",
        "[tool.fer_bench.compare]\nfail_on = []\n",
    ],
)
def test_a_file_may_say_nothing_of_it(tmp_path, text):
    put(tmp_path, text)
    assert project_thresholds(tmp_path) == Thresholds(())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tool.fer_bench.compare]\nfail_on = [", ["not valid TOML"]),
        (b"\xff\xfe", ["not valid TOML"]),
        ("a = " + "[" * 100_000, ["not valid TOML"]),
        ("tool = 3", ["tool is 3; accepted: a table"]),
        ("tool.fer_bench = 'x'", ["tool.fer_bench is 'x'; accepted: a table"]),
        ("[tool.fer_bench]\ncompare = []", ["tool.fer_bench.compare is []; accepted: a table"]),
        ("[tool.fer_bench.comparison]", ["has the unknown key 'comparison'; accepted: compare"]),
        (
            "[tool.fer_bench.compare]\nfail-on = []",
            ["has the unknown key 'fail-on'; accepted: fail_on"],
        ),
        (
            "[tool.fer_bench.compare]\nfail_on = 'a: 1%'",
            ["fail_on is 'a: 1%'", "a list of strings"],
        ),
        ("[tool.fer_bench.compare]\nfail_on = [1]", ["fail_on is [1]; accepted: a list"]),
        (
            "[tool.fer_bench.compare]\nfail_on = ['acuracy: 1pp']",
            ["tool.fer_bench.compare.fail_on: 'acuracy: 1pp'", "did you mean 'accuracy'?"],
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_the_file(tmp_path, text, words):
    path = put(tmp_path, text)
    with pytest.raises(FerBenchError) as raised:
        project_thresholds(tmp_path)
    told = str(raised.value)
    assert raised.value.path == path or str(path) in raised.value.problem
    assert "\n" not in told
    for word in words:
        assert word in told


def test_later_rules_count_more_than_the_defaults(tmp_path):
    put(tmp_path, ACCURACY)
    thresholds = (
        default_thresholds() + project_thresholds(tmp_path) + parse(["accuracy: 3pp"], "here")
    )
    assert thresholds.of("mini-random", "accuracy").text == "3pp"
    assert thresholds.of("mini-random", "gone") is None
    assert thresholds.of("mini-random", "training.speed").text == "5%"
