"""The guard ends its engine whatever happens: real processes, no engine needed."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from stack.launch import GUARD

LIMIT_S = 20
SLEEPER = "import time; time.sleep(300)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(300)"
)
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEPER!r}])"
OWNER = """
import os, subprocess, sys, time
readable, writable = os.pipe()
subprocess.Popen(
    [sys.executable, "-I", sys.argv[1], "--grace", "5", "--owner-fd", str(readable), "--", *sys.argv[2:]],
    pass_fds=[readable], start_new_session=True,
)
os.close(readable)
os.fork()  # the other one inherits the owner's end of the pipe and lives on
time.sleep(300)
"""


@pytest.fixture
def guarded(tmp_path):
    """Start a guard with an owner pipe; yields a function that returns (guard, its pipe, engine process)."""
    started = []

    def start(code, *, grace=5.0):
        readable, writable = os.pipe()
        command = [sys.executable, "-I", str(GUARD), "--grace", str(grace), "--owner-fd", str(readable)]
        with (tmp_path / "output").open("wb") as output:
            guard = subprocess.Popen(
                [*command, "--", sys.executable, "-c", code],
                stdout=subprocess.PIPE,
                stderr=output,
                pass_fds=[readable],
                start_new_session=True,
            )
        os.close(readable)
        engine = psutil.Process(json.loads(guard.stdout.readline())["engine"])
        started.append((guard, engine))
        return guard, writable, engine

    yield start
    for guard, engine in started:
        guard.kill()
        guard.wait(LIMIT_S)
        guard.stdout.close()
        if engine.is_running():
            engine.kill()


def _until(condition):
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def _gone(process):
    return not psutil.wait_procs([process], timeout=LIMIT_S)[1]


def test_a_closed_pipe_ends_the_engine(guarded):
    guard, pipe, engine = guarded(SLEEPER)
    os.close(pipe)
    assert guard.wait(LIMIT_S) == 128 + signal.SIGTERM
    assert _gone(engine)


def test_everything_the_engine_started_goes_with_it(guarded):
    guard, pipe, engine = guarded(PARENT)
    _until(engine.children)
    [grandchild] = engine.children()
    os.close(pipe)
    guard.wait(LIMIT_S)
    assert _gone(grandchild)


def test_an_engine_that_ignores_the_request_is_killed(guarded, tmp_path):
    guard, pipe, engine = guarded(STUBBORN, grace=0.5)
    _until(lambda: (tmp_path / "output").stat().st_size)
    os.close(pipe)
    assert guard.wait(LIMIT_S) == 128 + signal.SIGKILL
    assert _gone(engine)


def test_the_guard_ends_with_the_engine_and_its_status(guarded):
    guard, pipe, _ = guarded("import sys; sys.exit(3)")
    assert guard.wait(LIMIT_S) == 3
    os.close(pipe)


def test_control_c_is_the_owners_decision(guarded):
    guard, pipe, engine = guarded(SLEEPER)
    guard.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        guard.wait(0.5)
    assert engine.is_running()
    os.close(pipe)
    guard.wait(LIMIT_S)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_an_engine_does_not_outlive_a_killed_guard(guarded):
    guard, pipe, engine = guarded(SLEEPER)
    guard.kill()
    assert _gone(engine)
    os.close(pipe)


def test_a_killed_owner_takes_the_engine_with_it_although_its_pipe_was_inherited(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(GUARD), sys.executable, "-c", SLEEPER], stdout=subprocess.PIPE
    ) as owner:
        said = json.loads(owner.stdout.readline())
        guard, engine = psutil.Process(said["guard"]), psutil.Process(said["engine"])
        _until(lambda: len(psutil.Process(owner.pid).children()) == 2)
        [heir] = [child for child in psutil.Process(owner.pid).children() if child != guard]
        owner.kill()
        try:
            assert _gone(engine)
            assert _gone(guard)
            assert heir.is_running()
        finally:
            heir.kill()


def test_the_engine_gets_the_environment_chosen_for_it():
    printing = "import json, os; print(json.dumps(dict(os.environ)))"
    guard = [sys.executable, "-I", str(GUARD), "--grace", "1", "--environment", '{"ONLY": "this"}', "--"]
    done = subprocess.run(
        [*guard, sys.executable, "-I", "-c", printing],
        capture_output=True,
        timeout=LIMIT_S,
        check=True,
        env=os.environ | {"STRAY": "1"},
    )
    seen = json.loads(done.stderr)
    assert seen["ONLY"] == "this"
    assert "STRAY" not in seen


def test_a_program_that_does_not_exist_is_reported(tmp_path):
    done = subprocess.run(
        [sys.executable, "-I", str(GUARD), "--grace", "1", "--", str(tmp_path / "missing")],
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 127
    assert "missing" in json.loads(done.stdout)["error"]
