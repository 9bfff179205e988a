"""``fer-bench paper``: what the digits of the published tables show."""

import pytest
from click.testing import CliRunner

from fer_bench import cli


@pytest.mark.parametrize("width", [80, 120])
def test_the_evidence_is_printed_within_the_width(width, monkeypatch, snapshot):
    monkeypatch.setenv("COLUMNS", str(width))
    done = CliRunner().invoke(cli.main, ["paper"])
    assert (done.exit_code, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= width
    assert done.stdout == snapshot
