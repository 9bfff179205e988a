"""Jobs through submitit: its executors ``debug``, in this process, and ``local``, in others."""

import os
import signal
import time
from pathlib import Path

import pytest
from made_launches import CELLS, IDS

from fer_bench.cluster.submission import JobRunner, submit
from fer_bench.runtime.errors import FerBenchError

submitit = pytest.importorskip("submitit", reason="needs the cluster extra")


# The executor does not close its logs.
@pytest.mark.filterwarnings("ignore:.*FileIO:pytest.PytestUnraisableExceptionWarning")
def test_jobs_run_in_this_process(launched):
    found = launched(*CELLS[:2], timing_job=True)
    submitted = submit(found.run, {"cluster": "debug"})
    assert [job for job, _ in submitted] == list(found.plan.jobs)
    assert found.started() == [*IDS[::2], "mini-pretrained-42"]
    assert all(found.run.state(job).is_complete for job in found.plan.jobs)
    assert submit(found.run, {"cluster": "debug"}) == []


@pytest.fixture
def local(monkeypatch):
    """Let the processes of submitit's jobs be waited for."""
    handles = []
    original = submitit.LocalExecutor._submit_command

    def submitted(self, command):
        handles.append(original(self, command))
        return handles[-1]

    monkeypatch.setattr(submitit.LocalExecutor, "_submit_command", submitted)
    yield handles
    for handle in handles:
        handle._process.wait(60)


def test_jobs_run_in_processes_and_the_timing_job_waits(launched, local):
    found = launched(*CELLS[:2], timing_job=True)
    found.let(IDS[0], "sleep0.5 killed-once")
    submitted = submit(found.run, {"cluster": "local", "slurm_partition": "gpu", "timeout_min": 5})
    assert [name for _, name in submitted] == [found.run.scheduled(job) for job in found.plan.jobs]
    for handle in local:
        handle.wait()
    assert sorted(found.started()[:-1]) == sorted([*IDS[::2], IDS[0]])
    assert found.started()[-1] == IDS[0]
    assert [found.run.state(job).attempts for job in found.plan.jobs] == [2, 1, 1]


def test_a_job_is_requeued_before_its_time_limit(launched, local):
    """The signal of a scheduler: the attempt does not count, and the job ends in another one."""
    found = launched(CELLS[0], retries=0)
    found.let(IDS[0], "sleep60")
    submit(found.run, {"cluster": "local", "timeout_min": 5})
    (job,), (handle,) = found.plan.jobs, local
    end = time.monotonic() + 60
    while not found.started():
        assert time.monotonic() < end
        time.sleep(0.05)
    (found.place / IDS[0]).unlink()
    status = Path("/proc", str(found.run.state(job).process), "status").read_text()
    parent = int(status.partition("\nPPid:")[2].split()[0])
    os.kill(parent, signal.SIGUSR2)
    handle.wait()
    assert found.run.state(job).is_complete
    assert found.run.state(job).attempts == 1
    assert found.started() == [IDS[0]] * 2


def test_an_attempt_that_is_terminated_ends_and_does_not_count(launched):
    """As by Slurm before it requeues or cancels a job."""
    found = launched(CELLS[0], retries=0)
    found.let(IDS[0], "terminated")
    (job,) = found.plan.jobs
    runner = JobRunner(str(found.run.path))
    for _ in range(2):
        runner(job.id)
        assert (found.run.state(job).status, found.run.state(job).attempts) == ("waiting", 0)
    (found.place / IDS[0]).unlink()
    runner(job.id)
    assert found.run.state(job).is_complete


def test_a_checkpoint_is_the_same_job(launched):
    runner = JobRunner("/run")
    again = runner.checkpoint("1-a")
    assert (again.function, again.args) == (runner, ("1-a",))


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"cluster": "none"}, "none"),
        ({"cluster": "debug", "slurm_odd": 1}, "odd"),
        ({"cluster": "debug", "timeout_min": "long"}, "timeout_min"),
    ],
)
def test_a_parameter_that_submitit_refuses_is_one_line(launched, parameters, words):
    found = launched(CELLS[0])
    with pytest.raises(FerBenchError, match=words) as refused:
        submit(found.run, parameters)
    assert "\n" not in str(refused.value)
    assert found.started() == []
