"""Can this machine run the stack? One check per thing that has stopped somebody before, each with its fix."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from creators.errors import SetupError
from creators.settings import Settings
from stack import opensearch, redis
from stack.artifacts import engine_home, pinned
from stack.java import OLDEST, find_java
from stack.privileges import namespaces_allowed
from stack.report import EngineStatus, status
from stack.state import Mode

GB = 1 << 30
OLDEST_PYTHON = (3, 11)
NEEDED_DISK_GB = 5
BESIDE_HEAP_GB = 2
"""Memory wanted beside the heap, in GB: the encoder, the API and the page cache."""
NEEDED_FILES = 65_535
WANTED_MAPS = 262_144
MAX_MAP_COUNT = Path("/proc/sys/vm/max_map_count")


@dataclass(frozen=True)
class Check:
    """One finding. ``ok`` is None when it is information only; ``fix`` is empty when there is nothing to do."""

    name: str
    ok: bool | None
    detail: str
    fix: str = ""


def examine(settings: Settings) -> list[Check]:
    """Return every check in a fixed order; starts nothing and downloads nothing."""
    checks: tuple[Callable[[Settings], Check], ...] = (
        _python,
        _memory,
        _disk,
        _java,
        _redis,
        _artifacts,
        _user,
        _open_files,
        _memory_maps,
        _engines,
    )
    return [check(settings) for check in checks]


def _python(_settings: Settings) -> Check:
    enough = sys.version_info[:2] >= OLDEST_PYTHON
    return Check(
        "python", enough, f"{platform.python_version()} at {sys.executable}", "" if enough else "Use Python 3.11+."
    )


def _memory(settings: Settings) -> Check:
    total = opensearch.usable_memory() / GB
    available = psutil.virtual_memory().available / GB
    heap_gb = opensearch.heap_mb(settings, opensearch.usable_memory()) / 1024
    enough = total >= heap_gb + BESIDE_HEAP_GB
    detail = f"{total:.1f} GB, {available:.1f} GB available; OpenSearch takes a {heap_gb:.1f} GB heap"
    fix = f"Set CREATORSCOPE_OPENSEARCH_HEAP_MB lower, or use a machine with {heap_gb + BESIDE_HEAP_GB:.0f} GB."
    return Check("memory", enough, detail, "" if enough else fix)


def _disk(settings: Settings) -> Check:
    folders = {_existing(settings.data_dir.absolute()), _existing(settings.cache_dir.absolute())}
    free = {folder: shutil.disk_usage(folder).free / GB for folder in sorted(folders)}
    enough = min(free.values()) >= NEEDED_DISK_GB
    detail = ", ".join(f"{gb:.1f} GB free at {folder}" for folder, gb in free.items())
    fix = f"Free {NEEDED_DISK_GB} GB, or set CREATORSCOPE_DATA_DIR and CREATORSCOPE_CACHE_DIR to a larger disk."
    return Check("disk", enough, detail, "" if enough else fix)


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.is_dir())


def _java(settings: Settings) -> Check:
    if settings.opensearch_url is not None:
        return Check("java", None, "not needed: CREATORSCOPE_OPENSEARCH_URL is set")
    try:
        java = find_java(settings.java_home)
    except SetupError as error:
        return Check("java", ok=False, detail=error.detail, fix=f"Install Java {OLDEST} or newer.")
    vectors = "vector instructions" if java.simd else "no vector instructions: exact scans are about three times slower"
    fix = "" if java.simd else f"Install a full JDK {OLDEST}+ and set CREATORSCOPE_JAVA_HOME for faster exact scans."
    return Check("java", ok=True, detail=f"{java.version} at {java.home} (from {java.origin}), {vectors}", fix=fix)


def _redis(settings: Settings) -> Check:
    if settings.redis_url is not None:
        return Check("redis", None, "no server needed: CREATORSCOPE_REDIS_URL is set")
    try:
        binary = redis.find_redis()
    except SetupError as error:
        return Check("redis", ok=False, detail=error.detail, fix="Install Redis 6.2 or newer.")
    return Check("redis", ok=True, detail=f"{binary.version_text} at {binary.path} (from {binary.origin})")


def _artifacts(settings: Settings) -> Check:
    if settings.opensearch_url is not None:
        return Check("artifacts", None, "not needed: CREATORSCOPE_OPENSEARCH_URL is set")
    pins = pinned()
    home = engine_home(settings.cache_dir, pins)
    parts = ", ".join(f"{pin.artifact} {pin.version}" for pin in pins)
    if home.is_dir():
        return Check("artifacts", ok=True, detail=f"{parts} at {home}")
    megabytes = sum(pin.size for pin in pins) / 1e6
    return Check("artifacts", None, f"{parts} not fetched yet; the first start downloads {megabytes:.0f} MB")


def _user(settings: Settings) -> Check:
    if os.geteuid() != 0 or settings.opensearch_url is not None:
        return Check("user", ok=True, detail=f"uid {os.geteuid()}")
    way = "a user namespace" if namespaces_allowed() else "another user id (user namespaces are not allowed here)"
    return Check("user", ok=True, detail=f"root; OpenSearch, which refuses root, runs in {way}")


def _open_files(_settings: Settings) -> Check:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = hard == resource.RLIM_INFINITY or hard >= NEEDED_FILES
    fix = f"Raise the hard limit to {NEEDED_FILES} (ulimit -Hn) before loading millions of creators."
    # Java raises its own soft limit to the hard one, so only the hard one can be too low; it still starts then
    return Check("open files", True if enough else None, f"soft {soft}, hard {hard}", "" if enough else fix)


def _memory_maps(_settings: Settings) -> Check:
    if not MAX_MAP_COUNT.exists():
        return Check("memory maps", None, "this system has no vm.max_map_count")
    count = int(MAX_MAP_COUNT.read_text(encoding="ascii"))
    fix = f"sysctl -w vm.max_map_count={WANTED_MAPS} (as the administrator) before loading millions of creators."
    return Check("memory maps", None, f"vm.max_map_count is {count}", "" if count >= WANTED_MAPS else fix)


def _engines(settings: Settings) -> Check:
    found = status(settings)
    detail = ", ".join(_in_words(engine) for engine in found.engines)
    dead = [engine.engine for engine in found.engines if engine.mode is Mode.EXTERNAL and not engine.running]
    if dead:
        return Check("engines", ok=False, detail=detail, fix=f"Check the address of {' and '.join(dead)}.")
    return Check("engines", True if found.running else None, detail)


def _in_words(status: EngineStatus) -> str:
    if not status.running:
        return f"{status.engine} is down"
    return f"{status.engine} {status.version} at {status.url} ({status.mode})"
