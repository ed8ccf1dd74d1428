"""The engines, ready to use: given by address, already running on the data folder, or started here."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import psutil
import structlog
from filelock import BaseFileLock, FileLock, Timeout

from creators.errors import EngineFailed
from creators.settings import Settings
from stack import opensearch, redis
from stack.console import StartConsole
from stack.launch import Child, LaunchPlan, end, end_process, orphans
from stack.privileges import Privilege
from stack.report import EngineStatus, StackStatus, log_paths, status, without_password
from stack.state import EngineName, Mode, StateFile

__all__ = [
    "EngineName",
    "EngineStatus",
    "Engines",
    "StackStatus",
    "log_paths",
    "open_engines",
    "start_detached",
    "status",
    "stop",
]

log = structlog.get_logger(__name__)

FIRST_START_S = 1800.0
"""Added to the time limit for another process's start: it may be downloading."""
SILENCE_S = 30.0
"""How long a recorded engine may not answer before it is replaced, in seconds: it may be ending or very busy."""
ATTEMPTS = 3


@dataclass(frozen=True)
class Engines:
    """Addresses of both engines; ``owned`` tells whether this process started, and will end, any of them."""

    opensearch_url: str
    redis_url: str
    owned: bool

    def __repr__(self) -> str:
        """Show everything but the password."""
        opensearch_url, redis_url = without_password(self.opensearch_url), without_password(self.redis_url)
        return f"Engines({opensearch_url=}, {redis_url=}, owned={self.owned})"


@dataclass(frozen=True)
class _Start:
    """How missing engines are started, and those started so far."""

    settings: Settings
    mode: Mode
    console: StartConsole
    privilege: Privilege
    state: StateFile
    children: list[Child] = field(default_factory=list)

    def plan(self, name: EngineName) -> LaunchPlan:
        """Return how to start one engine; each call chooses a new port and password."""
        if name is EngineName.REDIS:
            return redis.plan(self.settings)
        return opensearch.plan(self.settings, self.console, self.privilege)


@contextmanager
def open_engines(settings: Settings, *, progress: bool = True, privilege: Privilege | None = None) -> Iterator[Engines]:
    """Yield the addresses of both engines, and end on exit what was started here.

    Each engine is looked for separately: an address in the settings, an engine that runs on the data folder already, a
    new child process. A child ends with this process, whatever ends this process.

    Raises:
        SetupError: an engine cannot be started; the message carries its own words and the fix.
    """
    start = _Start(
        settings, Mode.OWNED, StartConsole(enabled=progress), privilege or Privilege(), StateFile(settings.data_dir)
    )
    with ExitStack() as stack:
        stack.callback(_close, start)
        urls = _ensure(start)
        yield Engines(urls[EngineName.OPENSEARCH], urls[EngineName.REDIS], owned=bool(start.children))


def start_detached(settings: Settings, *, progress: bool = True, privilege: Privilege | None = None) -> Engines:
    """Start what does not run yet so that it stays when this process ends; :func:`stop` ends it.

    Raises:
        SetupError: an engine cannot be started; nothing that was started by this call stays.
    """
    start = _Start(
        settings, Mode.DETACHED, StartConsole(enabled=progress), privilege or Privilege(), StateFile(settings.data_dir)
    )
    try:
        urls = _ensure(start)
    except BaseException:
        for child in start.children:
            end(child.record)
        raise
    return Engines(urls[EngineName.OPENSEARCH], urls[EngineName.REDIS], owned=False)


def stop(settings: Settings) -> bool:
    """End every engine that runs on the data folder, whoever started it; False when there was none."""
    state = StateFile(settings.data_dir)
    records = list(state.read().values())
    for record in records:
        state.remove(record)
        end(record)
    strays = [process for name in EngineName for process in _strays(settings, name)]
    for process in strays:
        end_process(process)
    return bool(records or strays)


def _ensure(start: _Start) -> dict[EngineName, str]:
    """Return the address of each engine, starting those that are neither given nor running."""
    settings = start.settings
    urls: dict[EngineName, str] = {}
    if settings.redis_url is not None:
        urls[EngineName.REDIS] = settings.redis_url.get_secret_value()
    if settings.opensearch_url is not None:
        urls[EngineName.OPENSEARCH] = settings.opensearch_url
    missing = [name for name in (EngineName.REDIS, EngineName.OPENSEARCH) if name not in urls]
    if missing:
        with _only_starter(start):
            for name in missing:  # Redis first: it answers within a second and tells of a bad data folder at once
                urls[name] = _running(start, name) or _start_one(start, name)
    return urls


@contextmanager
def _only_starter(start: _Start) -> Iterator[None]:
    """Keep every other process from starting engines on this data folder."""
    folder = start.settings.data_dir.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        detail = f"cannot write {folder}: {error}; set CREATORSCOPE_DATA_DIR to a folder of yours"
        raise EngineFailed(detail, field="data_dir") from error
    lock = FileLock(folder / "stack.lock", timeout=start.settings.start_timeout_s + FIRST_START_S)
    try:
        _acquire(lock, start.console)
    except Timeout as error:
        detail = f"another process has been starting engines on {folder} for {lock.timeout:.0f} s; stop it"
        raise EngineFailed(detail) from error
    try:
        yield
    finally:
        lock.release()


def _acquire(lock: BaseFileLock, console: StartConsole) -> None:
    with suppress(Timeout):
        lock.acquire(timeout=0)
        return
    with console.waiting("Waiting for another process that starts the engines"):
        lock.acquire()


def _running(start: _Start, name: EngineName) -> str | None:
    """Return the address of an engine that already serves this data folder; end one that no longer answers."""
    record = start.state.read().get(name)
    deadline = time.monotonic() + SILENCE_S
    while record is not None and record.alive and time.monotonic() < deadline:
        if record.url is None:
            break  # its starter died: nobody else can be starting it while we hold the lock
        if _answers(start.settings, record.url, name):
            return record.url
        time.sleep(0.2)
    if record is not None:
        log.warning("engine.replaced", engine=name, pid=record.process.pid)
        end(record)
    for process in _strays(start.settings, name):
        log.warning("engine.stray_ended", engine=name, pid=process.pid)
        end_process(process)
    return None


def _answers(settings: Settings, url: str, name: EngineName) -> bool:
    if name is EngineName.REDIS:
        return redis.answers(url)
    return opensearch.is_ours(url, opensearch.instance_folder(settings))


def _strays(settings: Settings, name: EngineName) -> list[psutil.Process]:
    if name is EngineName.REDIS:
        return orphans("redis-server", str(redis.instance_folder(settings) / "redis.conf"))
    config = opensearch.instance_folder(settings).resolve() / "config"
    return orphans("java", f"-Dopensearch.path.conf={config}")


def _start_one(start: _Start, name: EngineName, attempts: int = ATTEMPTS) -> str:
    """Start one engine and return its address; try another port when the chosen one was taken meanwhile."""
    plan = start.plan(name)
    try:
        with start.console.waiting(f"Starting {name} {plan.version}"):
            return _launch(start, plan)
    except EngineFailed as error:
        if redis.PORT_TAKEN not in error.detail or attempts == 1:
            raise
    log.info("engine.port_taken", engine=name)
    return _start_one(start, name, attempts - 1)


def _launch(start: _Start, plan: LaunchPlan) -> str:
    child = Child(plan, start.mode)
    start.children.append(child)
    start.state.put(child.record)
    record, url = child.wait_ready(time.monotonic() + start.settings.start_timeout_s)
    start.state.put(record)
    log.info("engine.started", engine=plan.engine, version=plan.version, pid=record.process.pid)
    return url


def _close(start: _Start) -> None:
    """End the owned engines, all at once; their records go first, so that nobody adopts an engine that is ending."""
    for child in start.children:
        if child.mine:
            start.state.remove(child.record)
    for child in start.children:
        child.let_go()
    for child in start.children:
        child.close()
