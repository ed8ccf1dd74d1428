"""The state file: what is believed of it, and what is not."""

import os
import stat
import subprocess
import sys

import pytest

from stack.state import EngineName, EngineRecord, Mode, ProcessId, StateFile


def _record(process, engine=EngineName.REDIS, url=None):
    return EngineRecord(engine=engine, mode=Mode.OWNED, guard=process, process=process, version="6.2.14", url=url)


@pytest.fixture
def child():
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def test_a_running_engine_is_remembered(tmp_path, child):
    record = _record(ProcessId.of(child.pid), url="redis://:hidden@127.0.0.1:1/0")
    StateFile(tmp_path).put(record)
    assert StateFile(tmp_path).read() == {EngineName.REDIS: record}
    assert "hidden" not in repr(record)


def test_the_file_is_readable_by_its_owner_only(tmp_path, child):
    state = StateFile(tmp_path)
    state.put(_record(ProcessId.of(child.pid)))
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o600


def test_a_dead_engine_is_forgotten(tmp_path, child):
    state = StateFile(tmp_path)
    state.put(_record(ProcessId.of(child.pid)))
    child.kill()
    child.wait(10)
    assert state.read() == {}


def test_a_zombie_is_dead(tmp_path, child):
    state = StateFile(tmp_path)
    state.put(_record(ProcessId.of(child.pid)))
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, and still in the process table
    assert state.read() == {}


def test_another_process_with_the_same_number_is_not_the_engine(tmp_path, child):
    known = ProcessId.of(child.pid)
    state = StateFile(tmp_path)
    state.put(_record(known.model_copy(update={"created": known.created - 3600})))
    assert state.read() == {}


def test_engines_are_recorded_side_by_side(tmp_path, child):
    state, process = StateFile(tmp_path), ProcessId.of(child.pid)
    redis, opensearch = _record(process), _record(process, EngineName.OPENSEARCH)
    state.put(redis)
    state.put(opensearch)
    state.remove(redis)
    assert state.read() == {EngineName.OPENSEARCH: opensearch}


def test_a_newer_record_survives_the_removal_of_an_older_one(tmp_path, child):
    state, newer = StateFile(tmp_path), ProcessId.of(child.pid)
    state.put(_record(newer))
    state.remove(_record(ProcessId.of(os.getpid())))
    assert EngineName.REDIS in state.read()


@pytest.mark.parametrize("content", [b"", b"{", b'{"engines": {"redis": {}}}', b"\xff\xfe"])
def test_a_damaged_file_holds_nothing(tmp_path, content):
    state = StateFile(tmp_path)
    state.path.write_bytes(content)
    assert state.read() == {}
