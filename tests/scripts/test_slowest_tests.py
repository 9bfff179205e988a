"""The slowest tests of several runs."""

import slowest_tests

RUN = """<?xml version="1.0"?>
<testsuites><testsuite name="pytest" tests="3">
<testcase classname="tests.test_a" name="test_slow[&#x202e;]" time="{slow}"/>
<testcase classname="tests.test_a" name="test_quick" time="0.5"><skipped message="x"/></testcase>
<testcase classname="tests.test_b" name="test_broken"><error message="x">e</error></testcase>
</testsuite></testsuites>
"""


def test_totals_and_the_slowest_of_all_runs_first(tmp_path, capsys):
    for name, slow in (("unit", "12.25"), ("full", "40")):
        (tmp_path / f"{name}.xml").write_text(RUN.format(slow=slow))
    status = slowest_tests.main([str(tmp_path / "unit.xml"), str(tmp_path / "full.xml")])
    assert status == 0
    unit, full, _, *slowest, count, name = capsys.readouterr().out.splitlines()
    assert unit.split()[:4] == ["unit:", "3", "tests,", "13"]
    assert full.split()[:4] == ["full:", "3", "tests,", "40"]
    assert [line.split()[::2] for line in slowest[:2]] == [["40.0", "full"], ["12.2", "unit"]]
    assert len(slowest) == 6
    assert all(line.isprintable() for line in slowest)
    assert count == "skipped in every run: 1"
    assert name.strip() == "tests.test_a::test_quick"


def test_no_more_than_so_many(tmp_path, capsys):
    cases = "".join(f'<testcase classname="a" name="t{n}" time="{n}"/>' for n in range(60))
    (tmp_path / "unit.xml").write_text(f"<testsuite>{cases}</testsuite>")
    slowest_tests.main([str(tmp_path / "unit.xml")])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 + slowest_tests.COUNT
    assert lines[2].endswith("a::t59")


def test_no_files_are_a_mistake(capsys):
    assert slowest_tests.main([]) == 2
    assert capsys.readouterr().err.startswith("Error: no files; accepted: ")


def test_a_module_that_one_run_skips_and_another_one_runs_is_not_skipped_everywhere(tmp_path):
    whole = '<testcase classname="" name="tests.{}" time="0"><skipped message="x"/></testcase>'
    unit = whole.format("test_a") + whole.format("test_b")
    (tmp_path / "unit.xml").write_text(f"<testsuite>{unit}</testsuite>")
    full = '<testcase classname="tests.test_a" name="test_it" time="1"/>'
    (tmp_path / "full.xml").write_text(f"<testsuite>{full}</testsuite>")
    tests = [test for path in tmp_path.glob("*.xml") for test in slowest_tests.tests_in(path)]
    assert slowest_tests.skipped_everywhere(tests) == ["::tests.test_b"]
