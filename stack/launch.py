"""Starting one engine under its guard, waiting until it answers, ending it."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from creators.errors import EngineFailed
from stack.state import EngineName, EngineRecord, Mode, ProcessId

GUARD = Path(__file__).with_name("guard.py")
GRACE_S = 20.0
"""How long an engine may take to end after SIGTERM before it is killed, in seconds."""
REPORT_TIMEOUT_S = 30.0
POLL_S = 0.1
TELLING = re.compile(r"ERROR|FATAL|Exception|bootstrap check|Caused by|[Ee]rror|[Ff]ail|Unrecognized|# Warning")
NOISE = re.compile(r"^at |\[INFO *\]|\[DEBUG *\]")
LAST_LINES = 12
LINE_CHARS = 400
ENDED_AT_ONCE = "ended at once"
ENDED_EARLY = "ended during its start"
TOO_SLOW = "did not answer in time (CREATORSCOPE_START_TIMEOUT_S)"


@dataclass(frozen=True)
class LaunchPlan:
    """Everything that starting one engine takes.

    ``answer`` returns the engine's address once it serves, None before that. ``logs`` are the files the engine writes;
    ``output`` receives what it prints.
    """

    engine: EngineName
    version: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    output: Path
    logs: tuple[Path, ...]
    answer: Callable[[], str | None]
    uid: int | None = None


class LogTail:
    """What an engine has said since it was started, in its own words."""

    def __init__(self, paths: tuple[Path, ...]) -> None:
        self._starts = {path: path.stat().st_size if path.exists() else 0 for path in paths}

    def text(self) -> str:
        """Return everything that was added to the logs; a file that was rotated is read from its beginning."""
        return "\n".join(_read_from(path, start) for path, start in self._starts.items())

    def words(self) -> str:
        """Return the last lines that tell of a failure, or all of a few lines; each at most 400 characters."""
        lines = [line.strip() for line in self.text().splitlines() if line.strip()]
        short = len(lines) <= LAST_LINES  # then every line is worth reading
        telling = [line for line in lines if short or (TELLING.search(line) and not NOISE.search(line))]
        chosen = list(dict.fromkeys(line[:LINE_CHARS] for line in telling or lines))
        return "\n".join(chosen[-LAST_LINES:])


def _read_from(path: Path, start: int) -> str:
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(start if path.stat().st_size >= start else 0)
        return file.read().decode("utf-8", "replace")


class Child:
    """One engine that this process started. ``close`` ends it when it is owned and leaves it when it is detached."""

    def __init__(self, plan: LaunchPlan, mode: Mode) -> None:
        self.plan = plan
        self._log = LogTail(plan.logs)
        self._starter = os.getpid()
        self._pipe: int | None = None
        self._guard = self._spawn(mode)
        guard, engine = self._report()
        if mode is Mode.DETACHED:
            self._guard.wait(REPORT_TIMEOUT_S)  # what was started is only the parent of the guard that stays
        self.record = EngineRecord(engine=plan.engine, mode=mode, guard=guard, process=engine, version=plan.version)

    def _spawn(self, mode: Mode) -> subprocess.Popen[bytes]:
        # The guard keeps our environment, which this Python may need to run at all; the engine gets its own
        arguments = [sys.executable, "-I", str(GUARD), "--grace", str(GRACE_S)]
        arguments += ["--environment", json.dumps(dict(self.plan.environment))]
        arguments += ["--uid", str(self.plan.uid)] if self.plan.uid is not None else []
        readable = None
        if mode is Mode.OWNED:
            readable, self._pipe = os.pipe()
            arguments += ["--owner-fd", str(readable)]
        else:
            arguments.append("--detach")
        try:
            with self.plan.output.open("ab") as output:
                return subprocess.Popen(
                    [*arguments, "--", *self.plan.command],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=output,
                    pass_fds=[] if readable is None else [readable],
                    start_new_session=True,
                )
        finally:
            if readable is not None:
                os.close(readable)

    def _report(self) -> tuple[ProcessId, ProcessId]:
        stdout = self._guard.stdout
        line = b""
        if stdout is not None:
            ready, _, _ = select.select([stdout], [], [], REPORT_TIMEOUT_S)
            line = stdout.readline() if ready else b""
            stdout.close()
        try:
            said = json.loads(line)
            return ProcessId.of(said["guard"]), ProcessId.of(said["engine"])
        except (ValueError, KeyError, psutil.NoSuchProcess) as error:
            self.close()
            raise self._failed(ENDED_AT_ONCE, line.decode("utf-8", "replace")) from error

    def wait_ready(self, deadline: float) -> tuple[EngineRecord, str]:
        """Return the record and the address as soon as the engine answers; ``deadline`` is monotonic seconds.

        Raises:
            EngineFailed: it ended or did not answer in time; the message carries its own last lines.
        """
        while (url := self.plan.answer()) is None:
            if not self.record.alive:
                raise self._failed(ENDED_EARLY)
            if time.monotonic() > deadline:
                raise self._failed(TOO_SLOW)
            time.sleep(POLL_S)
        self.record = self.record.model_copy(update={"url": url})
        return self.record, url

    def _failed(self, what: str, printed: str = "") -> EngineFailed:
        logs = ", ".join(str(path) for path in self.plan.logs)
        words = f"{printed.strip()}\n{self._log.words()}".strip()
        detail = f"{self.plan.engine} {self.plan.version} {what}. Its own words:\n{words}\nLogs: {logs}"
        return EngineFailed(detail)

    @property
    def mine(self) -> bool:
        """Whether this process started it: a forked child must not end its parent's engines."""
        return os.getpid() == self._starter

    def let_go(self) -> None:
        """Tell the guard to end an owned engine, without waiting for it."""
        if self._pipe is not None and self.mine:
            os.close(self._pipe)
            self._pipe = None

    def close(self) -> None:
        """End an owned engine and wait until it is gone; a detached one stays."""
        if not self.mine:
            return
        self.let_go()
        try:
            self._guard.wait(GRACE_S + REPORT_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            end(self.record)
            self._guard.kill()
            self._guard.wait(REPORT_TIMEOUT_S)


def end(record: EngineRecord) -> None:
    """End an engine through its guard, and by force when the guard is gone or does not manage."""
    guard, engine = record.guard.process(), record.process.process()
    if guard is not None:
        with suppress(psutil.NoSuchProcess):
            guard.terminate()
        psutil.wait_procs([guard], timeout=GRACE_S + POLL_S)
    elif engine is not None:
        end_process(engine)
    for process in filter(None, (record.process.process(), record.guard.process())):
        with suppress(psutil.NoSuchProcess):
            process.kill()
        psutil.wait_procs([process], timeout=REPORT_TIMEOUT_S)


def end_process(process: psutil.Process) -> None:
    """End a process that has no guard: SIGTERM, the grace period, SIGKILL."""
    with suppress(psutil.NoSuchProcess):
        process.terminate()
        _, alive = psutil.wait_procs([process], timeout=GRACE_S)
        for stubborn in alive:
            stubborn.kill()
        psutil.wait_procs(alive, timeout=REPORT_TIMEOUT_S)


def orphans(program: str, marker: str) -> list[psutil.Process]:
    """Return the running processes of a program that have ``marker`` among their arguments."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        arguments = process.info["cmdline"] or [""]
        ours = Path(arguments[0]).name == program and marker in arguments
        if ours and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found
