"""Machine facts of pytest-benchmark in the record of a run."""

import re

import pytest

from fer_bench.plugin.session_report import facts_of

MADE_BY_A = "Intel(R) Xeon(R) Processor"


@pytest.mark.parametrize(
    ("machine", "processor"),
    [
        ({"cpu": {"brand_raw": MADE_BY_A}}, MADE_BY_A),
        ({"cpu": "of a conftest.py"}, "of a conftest.py"),
        ({"cpu": {}}, "not known"),
        ({}, "not known"),
    ],
)
@pytest.mark.parametrize(
    ("commit", "name"),
    [
        ({"id": "ab12", "dirty": False}, "ab12"),
        ({"id": "ab12", "dirty": True}, "ab12, with changes .+"),
        ({"id": "unversioned", "dirty": False}, "none: .+"),
        ({}, "none: .+"),
        # A repository that git refuses as another user's.
        (
            {
                "id": "unknown",
                "dirty": False,
                "error": "CalledProcessError(128, 'fatal:\n dubious')",
            },
            "not known: git .+",
        ),
    ],
)
def test_processor_and_commit_are_reported(machine, processor, commit, name):
    found = facts_of({"machine_info": machine, "commit_info": commit, "benchmarks": []})
    assert found[:-1] == (("processor", processor),)
    key, recorded = found[-1]
    assert key == "commit"
    assert re.fullmatch(name, recorded)
