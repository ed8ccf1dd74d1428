"""Engines kept running, a worker started by hand, an ingest that only waits: three processes that find each other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from creators.settings import PREFIX

LIMIT_S = 180
GIVEN = (f"{PREFIX}OPENSEARCH_URL", f"{PREFIX}REDIS_URL", f"{PREFIX}INDEX_PREFIX")

pytestmark = pytest.mark.skipif(
    os.environ.get("CREATORSCOPE_TEST_ENGINE") == "docker", reason="`stack up` starts embedded engines"
)


@pytest.fixture
def run(tmp_path):
    kept = {name: value for name, value in os.environ.items() if name not in GIVEN}
    environment = kept | {f"{PREFIX}DATA_DIR": str(tmp_path / "home"), f"{PREFIX}OPENSEARCH_HEAP_MB": "512"}

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "api.cli", *arguments]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False, cwd=tmp_path
        )

    call.environment = environment
    assert call("stack", "up").returncode == 0
    yield call
    assert call("stack", "down").returncode == 0
    assert json.loads(call("stack", "status", "--json").stdout)["engines"][0]["running"] is False


def test_a_worker_started_by_hand_does_the_work_and_ends_in_order(run, tmp_path: Path):
    table, mapping = tmp_path / "table.csv", tmp_path / "table.toml"
    table.write_text("user,fans\nada,10\ngrace,ten\n")
    mapping.write_text('title = "t"\nplatform = "x"\n[account]\nhandle = "user"\nfollowers = "fans"\n')
    worker = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "worker"], env=run.environment, stderr=subprocess.PIPE, text=True
    )
    try:
        # Nobody works until the worker is up: the command says so rather than waiting for ever.
        answer = run("ingest", str(table), "--mapping", str(mapping), "--workers", "0", "--json")
        while answer.returncode and "no worker is left" in answer.stderr:
            answer = run("ingest", str(table), "--mapping", str(mapping), "--workers", "0", "--json")
        assert answer.returncode == 0, answer.stderr
        balance = json.loads(answer.stdout)
        assert (balance["rows_in"], balance["indexed"], balance["dead_lettered"]) == (2, 1, 1)
        assert [letter["line"] for letter in balance["dead_letters"]] == [3]
    finally:
        worker.send_signal(signal.SIGTERM)
        _, said = worker.communicate(timeout=LIMIT_S)
    assert worker.returncode == 0, said
