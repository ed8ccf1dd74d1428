"""Everything that a command needs to run: engines with their addresses, and worker processes that end with it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from creators.errors import EngineFailed
from creators.settings import Settings, as_environment
from stack.engines import open_engines

STOP_TIMEOUT_S = 60.0
"""A worker finishes the job at hand before it ends; longer than this it is ended for it, and the job is done again."""


@contextmanager
def installation(settings: Settings, *, progress: bool = True) -> Iterator[Settings]:
    """Give the settings with the addresses of running engines; engines started here are stopped again."""
    with open_engines(settings, progress=progress) as engines:
        yield settings.model_copy(
            update={"opensearch_url": engines.opensearch_url, "redis_url": SecretStr(engines.redis_url)}
        )


@contextmanager
def workers(settings: Settings, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run worker processes beside the block.

    Raises:
        EngineFailed: at the end of the block, when a worker had ended by itself with an error.
    """
    command = [sys.executable, "-m", "api.cli", "worker", "--parent-pid", str(os.getpid())]
    environment = {**os.environ, **as_environment(settings)}
    # A session of their own: Ctrl-C reaches this process, which then tells the workers.
    running = [subprocess.Popen(command, env=environment, start_new_session=True) for _ in range(count)]
    try:
        yield running
    finally:
        failed = [worker.returncode for worker in running if worker.poll()]
        _end(running)
    if failed:
        detail = f"a worker ended by itself (exit code {failed[0]}); its own words are above"
        raise EngineFailed(detail)


def _end(running: list[subprocess.Popen[bytes]]) -> None:
    for worker in running:
        worker.terminate()
    deadline = time.monotonic() + STOP_TIMEOUT_S
    for worker in running:
        try:
            worker.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
