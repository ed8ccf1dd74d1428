"""The state file ``stack.json``: which engines run on a data folder, who keeps them and how to reach them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import psutil
from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from creators.errors import EngineFailed

STATE_NAME = "stack.json"
LOCK_TIMEOUT_S = 10.0
CLOCK_TOLERANCE_S = 2.0
"""A process is the recorded one when its start differs by less: the kernel's boot time drifts with the clock."""


class EngineName(StrEnum):
    """The engines of the stack."""

    REDIS = "redis"
    OPENSEARCH = "opensearch"


class Mode(StrEnum):
    """Who ends an engine: the process that started it, or ``stack stop``; an external one is not ours to end."""

    OWNED = "owned"
    DETACHED = "detached"
    EXTERNAL = "external"


class ProcessId(BaseModel):
    """A process that cannot be confused with a later one of the same number."""

    model_config = ConfigDict(frozen=True)

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> ProcessId:
        """Return the identity of a process that runs now.

        Raises:
            psutil.NoSuchProcess: it does not.
        """
        return cls(pid=pid, created=psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """Return the live process, None when it has ended or its number belongs to another one."""
        try:
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.created) < CLOCK_TOLERANCE_S
            return found if same and found.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


class EngineRecord(BaseModel):
    """One started engine. ``url`` may hold a password and is kept out of every repr."""

    model_config = ConfigDict(frozen=True)

    engine: EngineName
    mode: Mode
    guard: ProcessId
    process: ProcessId
    version: str
    url: str | None = Field(default=None, repr=False)

    @property
    def alive(self) -> bool:
        """Whether the engine's process still runs; it may not answer yet."""
        return self.process.process() is not None


class _Document(BaseModel):
    engines: dict[EngineName, EngineRecord] = {}


_Edit = Callable[[dict[EngineName, EngineRecord]], None]


class StateFile:
    """Atomic reads and writes of the records, safe among processes, readable by their owner only."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir.absolute() / STATE_NAME
        self._lock = FileLock(self.path.with_suffix(".json.lock"), timeout=LOCK_TIMEOUT_S)

    def read(self) -> dict[EngineName, EngineRecord]:
        """Return the records of engines whose process runs; a missing or damaged file holds none."""
        return {name: record for name, record in self._load().items() if record.alive}

    def put(self, record: EngineRecord) -> None:
        """Add or replace the record of one engine and forget the dead ones."""
        self._change(lambda records: records.update({record.engine: record}))

    def remove(self, record: EngineRecord) -> None:
        """Forget one engine, unless another process has recorded a newer one meanwhile."""

        def forget(records: dict[EngineName, EngineRecord]) -> None:
            present = records.get(record.engine)
            if present is not None and present.process == record.process:
                del records[record.engine]

        self._change(forget)

    def _load(self) -> dict[EngineName, EngineRecord]:
        try:
            return _Document.model_validate_json(self.path.read_bytes()).engines
        except (FileNotFoundError, ValidationError):
            return {}

    def _change(self, edit: _Edit) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._lock:
                records = self.read()
                edit(records)
                self._replace(_Document(engines=records))
        except Timeout as error:
            detail = f"another process has held {self._lock.lock_file} for {LOCK_TIMEOUT_S:.0f} s; stop it"
            raise EngineFailed(detail) from error

    def _replace(self, document: _Document) -> None:
        handle, name = tempfile.mkstemp(prefix=".stack-", dir=self.path.parent)  # 0600 from its first byte
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(document.model_dump_json(indent=2))
        Path(name).replace(self.path)
