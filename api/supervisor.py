"""Worker processes that are started again when they die: a record that kills one must not stop the rest."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from creators.errors import EngineFailed

log = structlog.get_logger(__name__)

STOP_TIMEOUT_S = 60.0
"""A worker finishes the job at hand before it ends; longer than this it is ended for it, and the job is done again."""
WATCH_S = 0.2
ASKED = frozenset({0, -signal.SIGTERM, -signal.SIGINT, 128 + signal.SIGTERM, 128 + signal.SIGINT})
"""Exit codes of a process that ended because it was told to, or had nothing left to do."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a worker that dies is started again, in seconds and in deaths."""

    first_wait_s: float = 1.0
    max_wait_s: float = 10.0
    steady_s: float = 30.0
    """A worker that has lived so long is well: its earlier deaths are forgotten."""
    max_deaths: int = 20
    """Deaths in a row after which a worker stays dead; several records that each kill three must not use them up."""

    def wait_s(self, deaths: int) -> float:
        """Return how long to wait before a worker is started again that has died so many times in a row."""
        return min(self.max_wait_s, self.first_wait_s * 2.0 ** (deaths - 1))

    def gives_up(self, code: int, lived_s: float, deaths: int) -> bool:
        """Return whether a worker that ended with this exit code stays dead.

        One that was killed by a signal comes back; one that ended with words of its own does only when it had worked
        for a while: what it says at once, such as an index of another encoder, it would say again.
        """
        killed = code < 0
        return code in ASKED or deaths > self.max_deaths or not (killed or lived_s >= self.steady_s)


class Supervised:
    """One worker; its process is another one after each death. Read it like a :class:`subprocess.Popen`."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], patience: Patience) -> None:
        self._command, self._environment, self._patience = list(command), dict(environment), patience
        self._deaths = 0
        self._due: float | None = None
        self._code: int | None = None
        self.restarts = 0
        self._start()

    def _start(self) -> None:
        # A session of its own: Ctrl-C reaches this process, which then tells the workers.
        self._process = subprocess.Popen(self._command, env=self._environment, start_new_session=True)
        self._started, self._due = time.monotonic(), None

    @property
    def pid(self) -> int:
        """The process of the moment, or the last one."""
        return self._process.pid

    def poll(self) -> int | None:
        """Return None while it works or is about to be started again, else how it ended for good."""
        return self._code

    def watch(self) -> None:
        """Look after the process: start it again when it has died and its wait is over, or let it rest."""
        if self._due is None:
            self.notice()
        elif time.monotonic() >= self._due:
            self.restarts += 1
            self._start()

    def notice(self) -> None:
        """See whether the process has died, and start nothing."""
        code = self._process.poll()
        if self._code is not None or self._due is not None or code is None:
            return
        now = time.monotonic()
        lived = now - self._started
        self._deaths = 1 if lived >= self._patience.steady_s else self._deaths + 1
        if self._patience.gives_up(code, lived, self._deaths):
            self._code = code
            return
        wait_s = self._patience.wait_s(self._deaths)
        self._due = now + wait_s
        log.warning("worker_died", exit_code=code, lived_s=round(lived, 1), again_in_s=wait_s)

    def terminate(self) -> None:
        """Tell the process to finish its job and end."""
        self._process.terminate()

    def end(self, deadline: float) -> None:
        """Wait for the process until ``deadline`` (monotonic), then kill it."""
        try:
            self._process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def supervised(
    command: Sequence[str], environment: Mapping[str, str], count: int, *, patience: Patience | None = None
) -> Iterator[list[Supervised]]:
    """Run ``count`` processes of a command beside the block, and start again those that die.

    Raises:
        EngineFailed: at the end of the block, when one had ended by itself with an error, or died too often.
    """
    running = [Supervised(command, environment, patience or Patience()) for _ in range(count)]
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(WATCH_S):
            for worker in running:
                worker.watch()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield running
    finally:
        # The watcher first: it must not start what is ended here.
        stop.set()
        watcher.join()
        for worker in running:
            worker.notice()
        failed = [code for worker in running if (code := worker.poll()) not in {None, 0}]
        _end(running)
    if failed:
        detail = f"a worker ended by itself (exit code {failed[0]}); its own words are above"
        raise EngineFailed(detail)


def _end(running: Sequence[Supervised]) -> None:
    for worker in running:
        worker.terminate()
    deadline = time.monotonic() + STOP_TIMEOUT_S
    for worker in running:
        worker.end(deadline)


def wait(running: Sequence[Supervised]) -> None:
    """Wait until all have ended for good."""
    while any(worker.poll() is None for worker in running):
        time.sleep(WATCH_S)
