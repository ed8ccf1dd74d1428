"""Workers that die are started again, and those that would only die again are not."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from api.supervisor import Patience, supervised, wait
from creators.errors import EngineFailed

LIMIT_S = 30
QUICK = Patience(first_wait_s=0.01, max_wait_s=0.02, steady_s=60, max_deaths=3)
DIES_AT_ONCE = "import os, signal; open(os.environ['LOG'], 'a').write('x'); os.kill(os.getpid(), signal.SIGKILL)"
DIES_ONCE = """
import os, signal, time
with open(os.environ["LOG"], "a") as log:
    log.write("x")
if os.path.getsize(os.environ["LOG"]) == 1:
    os.kill(os.getpid(), signal.SIGSEGV)
time.sleep(600)
"""


def started(tmp_path):
    log = tmp_path / "log"
    return log.stat().st_size if log.exists() else 0


def run(script, tmp_path, count=1):
    return supervised(
        [sys.executable, "-c", script], {**os.environ, "LOG": str(tmp_path / "log")}, count, patience=QUICK
    )


def until(condition):
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_worker_that_was_killed_is_started_again(tmp_path):
    with run(DIES_ONCE, tmp_path) as (worker,):
        first = worker.pid
        until(lambda: started(tmp_path) == 2)
        until(lambda: worker.restarts == 1)
        assert worker.poll() is None
        assert worker.pid != first


def test_a_worker_that_always_dies_stays_dead_in_the_end(tmp_path):
    with pytest.raises(EngineFailed, match="exit code -9"), run(DIES_AT_ONCE, tmp_path) as running:
        wait(running)
    assert started(tmp_path) == QUICK.max_deaths + 1


def test_a_worker_that_says_what_is_wrong_is_not_asked_again(tmp_path):
    script = "import os; open(os.environ['LOG'], 'a').write('x'); raise SystemExit(1)"
    with pytest.raises(EngineFailed, match="exit code 1"), run(script, tmp_path) as running:
        wait(running)
    assert started(tmp_path) == 1


def test_workers_that_have_nothing_left_to_do_end_in_peace(tmp_path):
    with run("pass", tmp_path, count=2) as running:
        wait(running)
        assert [worker.poll() for worker in running] == [0, 0]


def test_workers_end_with_the_block(tmp_path):
    with run("import time; time.sleep(600)", tmp_path, count=2) as running:
        pids = [worker.pid for worker in running]
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_waits_grow_to_a_limit():
    patience = Patience(first_wait_s=1, max_wait_s=10)
    assert [patience.wait_s(deaths) for deaths in range(1, 7)] == [1, 2, 4, 8, 10, 10]


@pytest.mark.parametrize("code", [0, -signal.SIGTERM, -signal.SIGINT, 130, 143])
def test_a_worker_that_was_told_to_end_stays_ended(code):
    assert Patience().gives_up(code, lived_s=1000, deaths=1)


def test_a_worker_that_had_worked_for_a_while_comes_back_whatever_it_says():
    patience = Patience()
    assert not patience.gives_up(1, lived_s=patience.steady_s, deaths=1)
    assert patience.gives_up(1, lived_s=0, deaths=1)
    assert not patience.gives_up(-signal.SIGKILL, lived_s=0, deaths=patience.max_deaths)
    assert patience.gives_up(-signal.SIGKILL, lived_s=0, deaths=patience.max_deaths + 1)
