"""A peer as the bench sees it: a process of its own that answers orders within its time."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil

from benchmarks.peers import kernel
from creators.errors import EngineFailed

ROOT = Path(__file__).parents[2]
END_S = 90
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Launch:
    """How a peer is started.

    Attributes:
        name: of the peer, for messages.
        worker: its module below ``benchmarks.peers.workers`` and, after a colon, what else it is told.
        python: the interpreter whose environment has its packages.
        material: folder of creators and questions.
        folder: where it keeps what it builds.
        env: environment variables beside those of this process.
        cores: that it may use.
        limit_s: seconds that all of its work may take together.
    """

    name: str
    worker: str
    python: Path
    material: Path
    folder: Path
    env: Mapping[str, str]
    cores: Sequence[int]
    limit_s: float


class Child:
    """The process of one peer; ends with the block."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.facts: Json = {}
        self._left_s = launch.limit_s
        self._rest = b""
        module, _, told = launch.worker.partition(":")
        command = [str(launch.python), "-m", f"benchmarks.peers.workers.{module}", str(launch.material)]
        command += [str(launch.folder), ",".join(map(str, launch.cores)), *([told] if told else [])]
        # A session of its own: Ctrl-C ends the bench, which then ends the peer in order.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **launch.env, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """End the process and all that it started."""
        self.end()

    def ask(self, order: str, **details: Any) -> Json:
        """Return the answer to an order.

        Raises:
            EngineFailed: it answers with an error, has ended, or its time is over.
        """
        start = time.monotonic()
        answer = self._line(json.dumps({"do": order, **details}), start + self._left_s)
        self._left_s -= time.monotonic() - start
        found: Json = json.loads(answer)
        if "error" in found:
            detail = f"{self.launch.name}, order {order!r}: {found['error']}"
            raise EngineFailed(detail)
        return found

    def processes(self) -> list[psutil.Process]:
        """Return its process, those below it, and the servers that work for it."""
        return kernel.tree([self._process.pid, *self.facts.get("pids", [])])

    def end(self) -> None:
        """Close its pipe, wait until it has cleaned up, and end by force what is still there."""
        below = kernel.tree([self._process.pid])
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(END_S)
        if self._process.stdout:
            self._process.stdout.close()
        for one in below:
            if one.is_running():
                one.send_signal(signal.SIGTERM)
        for one in psutil.wait_procs(below, timeout=10)[1]:
            one.kill()

    def _line(self, order: str, deadline: float) -> bytes:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            detail = f"{self.launch.name} has no pipes"
            raise EngineFailed(detail)
        try:
            stdin.write(order.encode() + b"\n")
            stdin.flush()
        except OSError as error:
            detail = f"{self.launch.name} has ended with {self._process.poll()}"
            raise EngineFailed(detail) from error
        with selectors.DefaultSelector() as ready:
            ready.register(stdout, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                left = deadline - time.monotonic()
                if left <= 0 or not ready.select(left):
                    detail = f"{self.launch.name} is over its {self.launch.limit_s:.0f} s (--limit-s)"
                    raise EngineFailed(detail)
                read = os.read(stdout.fileno(), 1 << 20)
                if not read:
                    detail = f"{self.launch.name} has ended with {self._process.wait(END_S)}"
                    raise EngineFailed(detail)
                self._rest += read
        line, _, self._rest = self._rest.partition(b"\n")
        return line
