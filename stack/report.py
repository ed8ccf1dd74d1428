"""What runs on a data folder: process, address, memory, size of the data."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from creators.settings import Settings
from stack import opensearch, redis
from stack.state import EngineName, EngineRecord, Mode, StateFile


@dataclass(frozen=True)
class EngineStatus:
    """One engine as it is now. Unknown values are None: of an external engine only its answer is known.

    ``url`` has no password; ``uptime_s`` is in seconds; ``memory_bytes`` is the resident set.
    """

    engine: EngineName
    running: bool
    mode: Mode | None = None
    pid: int | None = None
    url: str | None = None
    version: str | None = None
    uptime_s: float | None = None
    memory_bytes: int | None = None
    data_bytes: int | None = None


@dataclass(frozen=True)
class StackStatus:
    """Both engines."""

    engines: tuple[EngineStatus, ...]

    @property
    def running(self) -> bool:
        """Whether every engine answers."""
        return all(engine.running for engine in self.engines)


def status(settings: Settings) -> StackStatus:
    """Return what runs for these settings, asking each engine; starts and changes nothing."""
    records = StateFile(settings.data_dir).read()
    return StackStatus(tuple(_one(settings, name, records.get(name)) for name in EngineName))


def log_paths(settings: Settings) -> dict[EngineName, tuple[Path, ...]]:
    """Return the files that the embedded engines log to; they may not exist yet."""
    logs = opensearch.instance_folder(settings) / "logs"
    return {
        EngineName.REDIS: (redis.instance_folder(settings) / "redis.log",),
        EngineName.OPENSEARCH: (logs / f"{opensearch.CLUSTER}.log", logs / "opensearch.out"),
    }


def without_password(url: str) -> str:
    """Return the address without user and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _one(settings: Settings, name: EngineName, record: EngineRecord | None) -> EngineStatus:
    given = _given(settings, name)
    if given is not None:
        version = _version(name, given)
        return EngineStatus(name, version is not None, Mode.EXTERNAL, url=without_password(given), version=version)
    folder = (
        redis.instance_folder(settings) if name is EngineName.REDIS else opensearch.instance_folder(settings) / "data"
    )
    size = _size(folder)
    process = record.process.process() if record is not None else None
    if record is None or process is None:
        return EngineStatus(name, running=False, data_bytes=size)
    version = _version(name, record.url) if record.url is not None else None
    try:
        memory, created = process.memory_info().rss, process.create_time()
    except psutil.Error:
        return EngineStatus(name, running=False, data_bytes=size)
    return EngineStatus(
        engine=name,
        running=version is not None,
        mode=record.mode,
        pid=process.pid,
        url=without_password(record.url) if record.url is not None else None,
        version=version or record.version,
        uptime_s=time.time() - created,
        memory_bytes=memory,
        data_bytes=size,
    )


def _given(settings: Settings, name: EngineName) -> str | None:
    if name is EngineName.OPENSEARCH:
        return settings.opensearch_url
    return settings.redis_url.get_secret_value() if settings.redis_url is not None else None


def _version(name: EngineName, url: str) -> str | None:
    return redis.server_version(url) if name is EngineName.REDIS else opensearch.server_version(url)


def _size(folder: Path) -> int:
    """Return the bytes of the files below a folder; files that vanish meanwhile count nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).lstat().st_size
            except FileNotFoundError:
                continue
    return total
