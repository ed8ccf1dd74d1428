"""Owning, sharing and losing an engine, with a real Redis: it starts in a moment."""

import json
import signal
import subprocess
import sys

import psutil
import pytest
import redis as client
from pydantic import SecretStr

from creators.errors import EngineFailed
from creators.settings import Settings
from stack import redis
from stack.engines import EngineName, open_engines, start_detached, status, stop
from stack.report import StackStatus
from stack.state import StateFile

pytestmark = pytest.mark.engines

LIMIT_S = 40
NOT_ASKED = "http://127.0.0.1:9"
OWNER = """
import signal, sys
# A run in the background of a shell hands SIGINT down as ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
from creators.settings import Settings
from stack.engines import open_engines
with open_engines(Settings(data_dir=sys.argv[1], opensearch_url=sys.argv[2])) as engines:
    print(engines.owned, engines.redis_url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def settings(tmp_path):
    """Settings that leave only Redis to be started."""
    found = Settings(data_dir=tmp_path, opensearch_url=NOT_ASKED, redis_url=None)
    yield found
    stop(found)


@pytest.fixture
def owner(settings):
    """Start another process that opens the engines and keeps them until its stdin closes."""
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(settings.data_dir), NOT_ASKED],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=LIMIT_S)


def _said(process):
    """Return what the owner printed, past its log lines."""
    for line in process.stdout:
        if line.startswith(("True", "False")):
            owned, url = line.split()
            return owned == "True", url
    pytest.fail("the owner ended without an answer")


def _redis_status(settings):
    return next(engine for engine in status(settings).engines if engine.engine is EngineName.REDIS)


def _processes(settings):
    record = StateFile(settings.data_dir).read()[EngineName.REDIS]
    return [psutil.Process(record.process.pid), psutil.Process(record.guard.pid)]


def _gone(processes):
    return not psutil.wait_procs(processes, timeout=LIMIT_S)[1]


def test_it_serves_with_its_password_only_and_ends_with_the_block(settings):
    with open_engines(settings) as engines:
        assert engines.owned
        assert engines.opensearch_url == NOT_ASKED
        with client.Redis.from_url(engines.redis_url) as connection:
            assert connection.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        found = _redis_status(settings)
        assert (found.running, found.mode) == (True, "owned")
        with client.Redis.from_url(found.url) as stranger, pytest.raises(client.AuthenticationError):
            stranger.ping()
        processes = _processes(settings)
        password = client.connection.parse_url(engines.redis_url)["password"]
        assert not any(password in argument for process in processes for argument in process.cmdline())
    assert _gone(processes)
    assert not _redis_status(settings).running


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_owner_that_is_ended_leaves_no_child(settings, owner, number):
    process = owner()
    assert _said(process)[0]
    processes = _processes(settings)
    process.send_signal(number)
    assert _gone(processes)
    assert StateFile(settings.data_dir).read() == {}


def test_processes_that_start_together_share_one_engine(settings, owner):
    processes = [owner() for _ in range(3)]
    said = [_said(process) for process in processes]
    assert len({url for _, url in said}) == 1
    assert sorted(owned for owned, _ in said) == [False, False, True]


def test_a_guest_does_not_end_what_it_does_not_own(settings, owner):
    _, url = _said(owner())
    with open_engines(settings) as engines:
        assert (engines.owned, engines.redis_url) == (False, url)
    assert redis.answers(url)


def test_an_engine_that_nobody_remembers_is_replaced(settings):
    first = start_detached(settings)
    strays = _processes(settings)
    StateFile(settings.data_dir).path.unlink()
    with open_engines(settings) as engines:
        assert engines.owned
        assert _gone(strays)
        assert not redis.answers(first.redis_url)
        assert redis.answers(engines.redis_url)


def test_an_engine_that_no_longer_answers_is_replaced(settings, monkeypatch):
    monkeypatch.setattr("stack.engines.SILENCE_S", 0.5)
    start_detached(settings)
    hung, guard = _processes(settings)
    hung.suspend()
    monkeypatch.setattr("stack.launch.GRACE_S", 0.5)
    with open_engines(settings) as engines:
        assert engines.owned
        assert redis.answers(engines.redis_url)
        assert _gone([hung, guard])


def test_detached_engines_stay_until_they_are_stopped(settings):
    engines = start_detached(settings)
    assert not engines.owned
    assert start_detached(settings) == engines
    processes = _processes(settings)
    with client.Redis.from_url(engines.redis_url) as connection:
        connection.set("kept", "yes")
    assert stop(settings)
    assert _gone(processes)
    assert not stop(settings)
    with open_engines(settings) as again, client.Redis.from_url(again.redis_url) as connection:
        assert connection.get("kept") == b"yes"


def test_a_port_that_was_taken_meanwhile_is_exchanged(settings, monkeypatch):
    with open_engines(Settings(data_dir=settings.data_dir / "other", opensearch_url=NOT_ASKED)) as other:
        taken = client.connection.parse_url(other.redis_url)["port"]
        ports = iter([taken, redis.free_port()])
        monkeypatch.setattr(redis, "free_port", lambda: next(ports))
        with open_engines(settings) as engines:
            assert client.connection.parse_url(engines.redis_url)["port"] != taken


def test_a_server_that_cannot_start_is_quoted(settings, monkeypatch):
    text = redis.config_text
    monkeypatch.setattr(redis, "config_text", lambda *args: text(*args) + "no-such-directive 1\n")
    with pytest.raises(EngineFailed, match=r"(?s)no-such-directive.*Bad directive.*redis\.log"), open_engines(settings):
        pytest.fail("it started")
    assert StateFile(settings.data_dir).read() == {}


def test_given_addresses_are_used_and_nothing_is_started(settings):
    given = settings.model_copy(update={"redis_url": SecretStr("redis://:hidden@127.0.0.1:9/0")})
    with open_engines(given) as engines:
        assert (engines.redis_url, engines.owned) == ("redis://:hidden@127.0.0.1:9/0", False)
    found: StackStatus = status(given)
    assert [engine.mode for engine in found.engines] == ["external", "external"]
    assert "hidden" not in json.dumps([engine.url for engine in found.engines])
    assert not list(settings.data_dir.iterdir())
