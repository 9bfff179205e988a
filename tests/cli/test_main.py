"""The command itself: help and mistakes."""

import subprocess
import sys
from importlib.metadata import entry_points

import click
import pytest
from click.testing import CliRunner

import fer_bench
from fer_bench import cli
from fer_bench.runtime.errors import FerBenchError


def run(*arguments):
    return CliRunner().invoke(cli.main, arguments)


def test_help_names_each_command():
    text = run("--help").output
    assert cli.main.commands
    assert {*cli._ENDING_WITH_2} <= {*cli.main.commands}
    for name, command in cli.main.commands.items():
        assert f"  {name} " in text
        assert command.get_short_help_str(limit=80) in text


def test_the_version_is_reported():
    assert run("--version").output.split()[-1] == fer_bench.__version__


def test_the_command_is_installed():
    (entry,) = entry_points(group="console_scripts", name="fer-bench")
    assert entry.load() is cli.main


@pytest.mark.parametrize("arguments", [["nonsense"], ["export-backbone"], ["--nonsense"]])
def test_bad_usage_ends_with_2(arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.stderr


@pytest.mark.parametrize(("name", "status"), [("fails", 1), ("compare", 2), ("merge", 2)])
def test_a_mistake_is_one_line_and_ends_with_the_status_of_the_command(name, status):
    error = FerBenchError("the cause 'value'", "another")

    @click.command()
    def fails():
        raise error

    group = type(cli.main)(commands={name: fails})
    result = CliRunner().invoke(group, [name])
    assert result.exit_code == status
    assert result.stderr == f"Error: {error}\n"
    assert result.stdout == ""


@pytest.mark.parametrize(("name", "status"), [("fails", 1), ("compare", 2), ("merge", 2)])
@pytest.mark.parametrize(
    "error", [ZeroDivisionError("why"), OSError(5, "why"), RuntimeError("why")]
)
def test_an_error_of_ours_in_the_code_stays_visible_and_is_no_regression(name, status, error):
    @click.command()
    def fails():
        raise error

    group = type(cli.main)(commands={name: fails})
    result = CliRunner().invoke(group, [name])
    assert result.exit_code == status
    assert result.stdout == ""
    first, *_, last = result.stderr.splitlines()
    assert first.startswith("Traceback ")
    assert ", in fails\n" in result.stderr
    assert last.startswith(f"{type(error).__name__}: ")
    assert group.main([name], standalone_mode=False) == status


@pytest.mark.parametrize("name", ["compare", "merge"])
@pytest.mark.parametrize(
    ("ends", "status"),
    [(click.exceptions.Exit(1), 1), (click.exceptions.Exit(0), 0), (click.UsageError("why"), 2)],
)
def test_a_command_ends_as_it_says(name, ends, status):
    @click.command()
    def command():
        raise ends

    result = CliRunner().invoke(type(cli.main)(commands={name: command}), [name])
    assert result.exit_code == status
    assert "Traceback" not in result.stderr


def test_the_package_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "fer_bench", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"fer-bench, version {fer_bench.__version__}\n"
