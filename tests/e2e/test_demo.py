"""``creatorscope demo`` as a newcomer runs it: an answer out of nothing, and nothing left behind."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx2
import psutil
import pytest

from creators.settings import PREFIX

START_S = 300
END_S = 60
CLI = [sys.executable, "-m", "api.cli"]
GIVEN = (f"{PREFIX}OPENSEARCH_URL", f"{PREFIX}REDIS_URL", f"{PREFIX}INDEX_PREFIX")

pytestmark = pytest.mark.skipif(
    os.environ.get("CREATORSCOPE_TEST_ENGINE") == "docker", reason="the demo starts embedded engines"
)


def environment(home):
    kept = {name: value for name, value in os.environ.items() if name not in GIVEN}
    return kept | {f"{PREFIX}DATA_DIR": str(home), f"{PREFIX}OPENSEARCH_HEAP_MB": "512"}


def processes_of(home):
    """Every process that works on the data folder: it is in the arguments of the engines, else in the environment."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), *process.environ().values()]
            if process.pid != os.getpid() and any(str(home) in word for word in words):
                found.append(process)
        except psutil.Error:
            continue
    return found


def assert_nobody_left(home):
    left = psutil.wait_procs(processes_of(home), timeout=END_S)[1]
    assert [process.cmdline() for process in left] == []
    assert processes_of(home) == []


def lake_of(home):
    return {path: path.stat().st_mtime_ns for path in sorted((home / "lake").rglob("*")) if path.is_file()}


def demo(home):
    done = subprocess.run(
        [*CLI, "demo", "--exit", "--json"],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout), done.stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture(scope="module")
def first(home):
    """What the first run in a fresh folder prints."""
    answers, words = demo(home)
    assert_nobody_left(home)
    return answers, words


def test_three_questions_are_answered(first):
    answers, words = first
    assert answers.keys() == {"text", "similar", "lookup"}
    for name in ("text", "similar"):
        page = answers[name]
        assert [hit["rank"] for hit in page["hits"]] == [1, 2, 3, 4, 5]
        for hit in page["hits"]:
            contributions = sum(reason["contribution"] for reason in hit["explanation"]["reasons"])
            assert math.isclose(contributions, hit["score"], abs_tol=1e-6)
    assert all("youtube" in hit["creator"]["platforms"] for hit in answers["text"]["hits"])
    assert all(1_000_000 <= hit["creator"]["followers"] <= 20_000_000 for hit in answers["similar"]["hits"])
    assert answers["lookup"]["accounts"]["instagram"]["handle"] == "cristiano"
    assert answers["lookup"]["creator_id"] not in [hit["creator_id"] for hit in answers["similar"]["hits"]]
    rows, indexed, stale, dead, pending = map(int, re.search(ACCOUNT, words).groups())
    assert rows == indexed + stale + dead + pending
    assert rows > 3000
    assert pending == 0


ACCOUNT = r"(\d+) records in = (\d+) indexed \+ (\d+) stale \+ (\d+) dead-lettered \+ (\d+) pending"


def test_a_second_run_answers_the_same_without_reading_the_table_again(first, home):
    lake = lake_of(home)
    assert lake
    answers, words = demo(home)
    assert lake_of(home) == lake
    assert re.search(ACCOUNT, words).group() == re.search(ACCOUNT, first[1]).group()
    for name in ("text", "similar"):
        ids = [[hit["creator_id"] for hit in page[name]["hits"]] for page in (first[0], answers)]
        assert ids[0] == ids[1]
    assert answers["lookup"] == first[0]["lookup"]
    assert_nobody_left(home)


@contextmanager
def serving(home):
    """A demo that serves, and its address."""
    command = [*CLI, "demo", "--port", "0"]
    with subprocess.Popen(command, env=environment(home), stderr=subprocess.PIPE, text=True) as process:
        try:
            url = next((found[0] for line in process.stderr if (found := re.search(r"http://\S+", line))), None)
            assert url, "the demo ended without serving"
            _until_ready(url, process)
            yield process, url
        finally:
            process.kill()
            for one in processes_of(home):
                one.kill()


def _until_ready(url, process):
    deadline = time.monotonic() + START_S
    while True:
        assert process.poll() is None
        assert time.monotonic() < deadline
        try:
            if httpx2.get(f"{url}/readyz", timeout=5).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.2)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_demo_and_all_it_started(first, home, number, status):
    with serving(home) as (process, url):
        wanted = {"text": "football", "limit": 3, "budget_ms": 20_000}
        answer = httpx2.post(f"{url}/v1/creators/search", json=wanted, timeout=30)
        assert answer.status_code == 200
        assert len(answer.json()["hits"]) == 3
        assert len(processes_of(home)) >= 4
        process.send_signal(number)
        process.wait(END_S)
        assert process.returncode in {0, status, -number}
        assert "Traceback" not in process.stderr.read()
        assert_nobody_left(home)


def test_a_killed_demo_takes_its_engines_with_it(first, home):
    with serving(home) as (process, _):
        assert len(processes_of(home)) >= 4
        process.kill()
        process.wait(END_S)
        assert_nobody_left(home)


def test_a_port_in_use_is_said_at_once(home):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        done = subprocess.run(
            [*CLI, "demo", "--port", str(port)],
            env=environment(home),
            capture_output=True,
            text=True,
            timeout=END_S,
            check=False,
        )
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
    assert processes_of(home) == []
