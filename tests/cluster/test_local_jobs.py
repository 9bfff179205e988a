"""Jobs of the local backend: started, killed, started again, shared by processes."""

import dataclasses
import os
import signal
import subprocess
import sys
import time

import pytest
from made_launches import CELLS, IDS

from fer_bench.cluster import local
from fer_bench.cluster.attempt import run_job
from fer_bench.cluster.local import work
from fer_bench.cluster.run_directory import JobState, RunDirectory
from fer_bench.runtime.errors import FerBenchError


@pytest.fixture
def no_gpus(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def states(launched):
    return [launched.run.state(job) for job in launched.plan.jobs]


def until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "took too long"
        time.sleep(0.05)


def test_each_job_runs_once_and_its_outcome_is_recorded(launched):
    found = launched(*CELLS)
    work(found.run)
    assert found.started() == IDS
    assert [state.status for state in states(found)] == ["done"] * 4
    assert all(state.is_complete and state.attempts == 1 for state in states(found))
    assert [state.cells[0].id for state in states(found)] == IDS
    work(found.run)
    assert found.started() == IDS


def test_a_killed_job_is_started_again(launched):
    found = launched(*CELLS)
    found.let(IDS[1], "killed-once")
    work(found.run)
    assert sorted(found.started()) == sorted([*IDS, IDS[1]])
    assert [state.attempts for state in states(found)] == [1, 2, 1, 1]
    assert all(state.is_complete for state in states(found))


def test_a_job_that_is_always_killed_costs_only_its_cell(launched):
    found = launched(*CELLS, retries=2)
    found.let(IDS[0], "killed")
    work(found.run)
    assert found.started().count(IDS[0]) == 3
    first, *others = states(found)
    assert (first.status, first.attempts) == ("failed", 3)
    assert first.reason == "killed by signal 9 (3 attempts)"
    assert all(state.is_complete for state in others)


def test_a_job_that_fails_is_not_tried_again_until_the_next_launch(launched):
    found = launched(*CELLS)
    found.let(IDS[0], "exit4")
    work(found.run)
    job = found.job(IDS[0])
    assert found.run.state(job).reason == "exit status 4"
    assert found.run.last_lines(job) == [f"log of {IDS[0]}", "cause of the failure"]
    (found.place / IDS[0]).unlink()
    for one in found.plan.jobs:
        found.run.restart(one)
    work(found.run)
    assert found.run.state(job).is_complete
    assert found.started() == [*IDS, IDS[0]]


def test_a_session_without_results_has_failed(launched):
    found = launched(*CELLS)
    found.let(IDS[0], "exit1")
    work(found.run)
    assert found.run.state(found.job(IDS[0])).reason == "exit status 1"


def test_the_timing_job_comes_last_and_measures(launched):
    found = launched(*CELLS, timing_job=True)
    found.let(IDS[0], "killed-once")
    work(found.run)
    assert found.started()[-1] == "mini-pretrained-42,mini-random-42"
    assert found.run.state(found.plan.jobs[-1]).is_complete


def test_an_interrupted_attempt_does_not_count(launched, monkeypatch):
    """As a scheduler's signal interrupts it before a time limit."""
    found = launched(*CELLS)
    found.let(IDS[0], "sleep60")
    job = found.job(IDS[0])

    def interrupt(*_):
        raise SystemExit(1)

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(SystemExit):
            run_job(found.run, found.plan, job)
    finally:
        signal.signal(signal.SIGALRM, previous)
    state = found.run.state(job)
    assert (state.status, state.attempts) == ("waiting", 0)
    with pytest.raises(ProcessLookupError):
        os.kill(state.process, 0)


@pytest.mark.usefixtures("no_gpus")
def test_slots_share_the_jobs_and_survive_each_other(launched):
    """One of two is killed with its job; the launcher's own end would not matter to them."""
    found = launched(*CELLS)
    for cell in IDS:
        found.let(cell, "sleep0.5")
    slots = local.start_slots(found.run, 2)
    until(lambda: len(found.started()) >= 2)
    assert local.is_working(found.run, 0)
    assert [os.getsid(one.pid) for one in slots] == [one.pid for one in slots]
    assert local.start_slots(found.run, 2) == []
    os.killpg(slots[0].pid, signal.SIGKILL)
    reported = []
    local.wait(found.run, slots, lambda job, state: reported.append((job.id, state.is_complete)))
    assert sorted(reported) == [(job.id, True) for job in found.plan.jobs]
    assert len(found.started()) == 5
    assert sum(state.attempts for state in states(found)) == 5
    assert slots[1].wait(60) == 0


@pytest.mark.usefixtures("no_gpus")
def test_a_launcher_notices_that_all_slots_are_gone(launched):
    found = launched(*CELLS)
    found.let(IDS[0], "sleep60")
    slots = local.start_slots(found.run, 1)
    until(lambda: found.started())
    os.killpg(slots[0].pid, signal.SIGKILL)
    with pytest.raises(FerBenchError, match="all processes have ended"):
        local.wait(found.run, slots, print)
    job = found.job(IDS[0])
    until(lambda: not found.run.is_held("job", job.id))
    # The process may see its child end before it ends itself.
    assert found.run.state(job).status in ("running", "waiting")
    (found.place / IDS[0]).unlink()
    again = local.start_slots(found.run, 1)
    local.wait(found.run, again, lambda *_: None)
    assert found.run.state(job).attempts == 2


def test_each_process_has_a_gpu(launched, monkeypatch):
    found = launched(*CELLS)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-ab")
    given = []
    monkeypatch.setattr(subprocess, "Popen", lambda words, env, **_: given.append((words, env)))
    local.start_slots(found.run, 2)
    assert [words[-1] for words, _ in given] == ["0", "1"]
    assert [env["CUDA_VISIBLE_DEVICES"] for _, env in given] == ["3", "GPU-ab"]
    with pytest.raises(FerBenchError, match="3 processes cannot have a GPU each: there are 2"):
        local.start_slots(found.run, 3)


@pytest.mark.parametrize(("processes", "gpus"), [(1, ["0,1,2,3,4"]), (2, ["0,1", "2,3"])])
def test_processes_share_the_gpus_if_batches_are_divided(launched, monkeypatch, processes, gpus):
    found = launched(*CELLS)
    listed = dataclasses.replace(found.plan.listed, is_data_parallel=True)
    found.run.write_plan(dataclasses.replace(found.plan, listed=listed))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3,4")
    given = []
    monkeypatch.setattr(subprocess, "Popen", lambda _, env, **__: given.append(env))
    local.start_slots(found.run, processes)
    assert [env["CUDA_VISIBLE_DEVICES"] for env in given] == gpus
    for few in (3, 5):
        with pytest.raises(FerBenchError) as refused:
            local.start_slots(found.run, few)
        assert f"{few} processes cannot have two GPUs each: there are 5" in refused.value.problem
        assert refused.value.accepted == "processes of at most 2"


@pytest.mark.parametrize(("named", "gpus"), [("", []), ("-1", []), ("0,1", ["0", "1"])])
def test_gpus_are_those_that_the_environment_names(monkeypatch, named, gpus):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert local.visible_gpus() == gpus


def test_gpus_are_listed_by_the_driver(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert local.visible_gpus() == []
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\nprintf '0\\n1\\n'\n")
    program.chmod(0o755)
    assert local.visible_gpus() == ["0", "1"]


@pytest.mark.parametrize("content", [b"", b"{", b'{"status": "odd"}', b"[]", b"\xff"])
def test_a_damaged_state_is_one_line(tmp_path, launched, content):
    found = launched(*CELLS)
    job = found.plan.jobs[0]
    found.run.write_state(job, JobState())
    (found.run.directory(job) / "state.json").write_bytes(content)
    with pytest.raises(FerBenchError) as refused:
        found.run.state(job)
    assert refused.value.path == found.run.directory(job) / "state.json"


def test_a_directory_without_a_run_is_one_line(tmp_path):
    with pytest.raises(FerBenchError, match="no run was launched here"):
        RunDirectory(tmp_path).plan()


def test_a_log_of_any_bytes_has_last_lines(launched):
    found = launched(*CELLS)
    job = found.plan.jobs[0]
    assert found.run.last_lines(job) == []
    found.run.directory(job).mkdir(parents=True)
    found.run.log(job).write_bytes(b"x" * 99999 + b"\n\xffa\n\n  b\r\n")
    assert found.run.last_lines(job, 2) == ["\ufffda", "  b"]


@pytest.mark.usefixtures("no_gpus")
def test_a_slot_that_works_already_is_not_started_twice(launched):
    found = launched(*CELLS)
    found.let(IDS[0], "sleep60")
    (working,) = local.start_slots(found.run, 1)
    until(lambda: found.started())
    words = [sys.executable, "-m", local.__name__, str(found.run.path), "0"]
    subprocess.run(words, check=True, timeout=60)
    assert found.started() == [IDS[0]]
    os.killpg(working.pid, signal.SIGKILL)
    working.wait()
