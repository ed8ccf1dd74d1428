"""``creatorscope serve`` as a child process: its own interpreter, a real socket, nothing shared with the client."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from creators.errors import EngineFailed

START_S = 180.0
STOP_S = 20.0
ASK_S = 5.0
TAIL = 2000


@dataclass(frozen=True, slots=True)
class Api:
    """A served API: where it answers and which process it is."""

    url: str
    pid: int
    started_s: float
    """From the start of the process until it said that it is ready."""


@contextmanager
def served(env: Mapping[str, str]) -> Iterator[Api]:
    """Serve the installation that the environment names; the process ends with the block.

    Raises:
        EngineFailed: it ended, or was not ready within three minutes; the message has the end of its log.
    """
    port = _free_port()
    command = [sys.executable, "-m", "api.cli", "serve", "--host", "127.0.0.1", "--port", str(port)]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "serve.log"
        with log.open("wb") as out:
            began = time.monotonic()
            child = subprocess.Popen(command, env=dict(env), stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(child, url, log)
            yield Api(url, child.pid, time.monotonic() - began)
        finally:
            _end(child)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait(child: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while not _is_ready(url):
        if child.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-TAIL:]
            detail = f"`creatorscope serve` did not become ready (exit status {child.poll()}): {tail}"
            raise EngineFailed(detail)
        time.sleep(0.2)


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=ASK_S) as answer:  # noqa: S310 - http to this machine
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    with suppress(subprocess.TimeoutExpired):
        child.wait(STOP_S)
    child.kill()
    child.wait(STOP_S)
