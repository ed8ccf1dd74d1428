"""The embedded OpenSearch: its configuration, its start, what it says about itself."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import stat
import tempfile
import time
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import psutil
import structlog

from creators.errors import EngineFailed
from creators.settings import Settings
from stack.artifacts import pinned, prepare
from stack.console import StartConsole
from stack.java import SIMD_MODULE, Java, find_java
from stack.launch import LaunchPlan
from stack.privileges import Placement, Privilege, place
from stack.state import EngineName

log = structlog.get_logger(__name__)

CLUSTER = "creatorscope"
MB = 1 << 20
LEAST_HEAP_MB, MOST_HEAP_MB = 1024, 4096
REPLACED_OPTIONS = (
    "-Xms",
    "-Xmx",
    "-XX:+HeapDumpOnOutOfMemoryError",
    "-XX:HeapDumpPath",
    "-XX:ErrorFile",
    "9-:-Xlog:gc",
)
"""Options of the shipped file that name folders inside the shared engine, or that are ours to decide."""
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
REQUEST_TIMEOUT_S = 5.0
RED_PATIENCE_S = 60.0
"""How long a node that serves may stay red before it counts as started, in seconds."""

LOGGING = """\
status = error
property.base = ${sys:opensearch.logs.base_path}/${sys:opensearch.logs.cluster_name}
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = ${base}.log
appender.file.filePattern = ${base}-%i.log.gz
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %marker%m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 64MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
"""


def instance_folder(settings: Settings) -> Path:
    """Return the folder of everything that the embedded OpenSearch keeps: ``config``, ``data``, ``logs``, ``tmp``."""
    return settings.data_dir.absolute() / "opensearch"


def heap_mb(settings: Settings, memory_bytes: int) -> int:
    """Return the heap in MB: the setting, else 1/8 of the machine's memory, at least 1 and at most 4 GB.

    The rest of the memory is page cache, in which Lucene keeps the index and the vectors.
    """
    if settings.opensearch_heap_mb is not None:
        return settings.opensearch_heap_mb
    return min(max(memory_bytes // MB // 8, LEAST_HEAP_MB), MOST_HEAP_MB)


def usable_memory(limit: Path = CONTAINER_LIMIT) -> int:
    """Return the bytes of memory that this process may use: the machine's, or less inside a container."""
    total: int = psutil.virtual_memory().total
    try:
        return min(total, int(limit.read_text(encoding="ascii")))
    except (OSError, ValueError):  # no container, or the word "max"
        return total


def node_name(instance: Path) -> str:
    """Return the name by which the node of this instance folder is told from any other."""
    return f"{CLUSTER}-{hashlib.sha256(str(instance).encode()).hexdigest()[:12]}"


def config_text(instance: Path) -> str:
    """Return ``opensearch.yml``: one node on loopback, on ports that the kernel chooses."""
    values: dict[str, str | int | bool] = {
        "cluster.name": CLUSTER,
        "node.name": node_name(instance),
        "network.host": "127.0.0.1",
        # Chosen at the moment of binding and reported in logs/http.ports: nothing can take it in between
        "http.port": 0,
        "transport.port": 0,
        "node.portsfile": True,
        "discovery.type": "single-node",
        "path.data": str(instance / "data"),
        "path.logs": str(instance / "logs"),
        # A laptop is often over 95 % full; OpenSearch would turn every index read-only and not say so at the write
        "cluster.routing.allocation.disk.threshold_enabled": False,
        # An index must be named to be deleted: a slip with `*` is not recoverable on one node
        "action.destructive_requires_name": True,
        # Else a deletion with a version makes the index that it does not find, whatever the request demands
        "action.auto_create_index": ".*",
    }
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in values.items())


def jvm_options(shipped: str, heap: int, *, simd: bool) -> str:
    """Return ``jvm.options``: the shipped ones with our heap, and without vector instructions where Java lacks them."""
    dropped = REPLACED_OPTIONS if simd else (*REPLACED_OPTIONS, f"20-:--add-modules={SIMD_MODULE}")
    lines = [line for line in shipped.splitlines() if line and not line.startswith(("#", *dropped))]
    return "\n".join(
        (*lines, f"-Xms{heap}m", f"-Xmx{heap}m", "-XX:ErrorFile=${OPENSEARCH_TMPDIR}/hs_err_pid%p.log", "")
    )


def plan(settings: Settings, console: StartConsole, privilege: Privilege) -> LaunchPlan:
    """Return how to start OpenSearch on the data folder, fetching it first where it is not there yet.

    Raises:
        ArtifactError: OpenSearch cannot be had.
        JavaMissing: no Java fits.
        EngineFailed: this user cannot run it.
    """
    java = find_java(settings.java_home)
    if not java.simd:
        log.warning("java.no_simd", home=str(java.home), meaning="exact vector scans are about three times slower")
    placement = place(prepare(settings.cache_dir, console), java.home, instance_folder(settings), privilege)
    temporary = _write_instance(settings, placement, java)
    placement.hand_over()
    logs = placement.instance / "logs"
    return LaunchPlan(
        engine=EngineName.OPENSEARCH,
        version=pinned()[0].version,
        command=(*placement.prefix, str(placement.home / "bin" / "opensearch")),
        environment=_environment(placement, temporary),
        output=logs / "opensearch.out",
        logs=(logs / "opensearch.out", logs / f"{CLUSTER}.log"),
        answer=_Answer(logs / "http.ports", node_name(placement.instance)),
        uid=placement.uid,
    )


def _write_instance(settings: Settings, placement: Placement, java: Java) -> Path:
    """Write the configuration and return the folder for temporary files."""
    instance = placement.instance
    for name in ("config", "data", "logs", "tmp"):
        (instance / name).mkdir(exist_ok=True)
    config = instance / "config"
    shipped = (placement.home / "config" / "jvm.options").read_text(encoding="utf-8")
    heap = heap_mb(settings, usable_memory())
    (config / "opensearch.yml").write_text(config_text(instance), encoding="utf-8")
    (config / "jvm.options").write_text(jvm_options(shipped, heap, simd=java.simd), encoding="utf-8")
    (config / "log4j2.properties").write_text(LOGGING, encoding="utf-8")
    (instance / "logs" / "http.ports").unlink(missing_ok=True)
    (instance / "logs" / "opensearch.out").write_bytes(b"")
    return _temporary(placement)


def _temporary(placement: Placement) -> Path:
    """Return a folder without blanks in its path: the start script of OpenSearch splits JVM options at blanks.

    Raises:
        EngineFailed: the folder chosen instead belongs to somebody else.
    """
    inside = placement.instance / "tmp"
    if not any(letter.isspace() for letter in str(inside)):
        return inside
    outside = Path(tempfile.gettempdir()) / node_name(placement.instance)
    outside.mkdir(mode=0o700, exist_ok=True)
    found = outside.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), placement.uid}:
        detail = f"{outside} belongs to another user; remove it or set CREATORSCOPE_DATA_DIR to a path without blanks"
        raise EngineFailed(detail, field="data_dir")
    if os.geteuid() == 0:
        os.chown(outside, placement.uid or 0, placement.uid or 0)
    return outside


def _environment(placement: Placement, temporary: Path) -> dict[str, str]:
    """Return a clean environment: stray JVM options of the user must not reach the engine."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
    return {
        **kept,
        "HOME": str(placement.instance),
        "OPENSEARCH_HOME": str(placement.home),
        "OPENSEARCH_JAVA_HOME": str(placement.java_home),
        "OPENSEARCH_PATH_CONF": str(placement.instance / "config"),
        "OPENSEARCH_TMPDIR": str(temporary),
    }


@dataclass
class _Answer:
    """Returns the address of the node once it is the one we started and its indices are recovered."""

    ports: Path
    node: str
    served_since: float | None = None

    def __call__(self) -> str | None:
        try:
            address = self.ports.read_text(encoding="utf-8").split()[0]
        except (OSError, IndexError):
            return None
        url = f"http://{address}"
        info, health = get_json(url, "/"), get_json(url, "/_cluster/health")
        if info is None or health is None or info.get("name") != self.node:
            return None
        self.served_since = self.served_since or time.monotonic()
        if health["status"] != "red":
            return url
        # An index that cannot be recovered must not keep the engine down: rebuilding it needs the engine
        return url if time.monotonic() - self.served_since > RED_PATIENCE_S else None


def get_json(url: str, path: str) -> dict[str, Any] | None:
    """Return the JSON object behind a path of an OpenSearch, None when it does not answer so."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=REQUEST_TIMEOUT_S)
    try:
        connection.request("GET", parts.path.rstrip("/") + path, headers=_credentials(parts))
        response = connection.getresponse()
        body = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return body if response.status == http.HTTPStatus.OK and isinstance(body, dict) else None


def _credentials(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def is_ours(url: str, instance: Path) -> bool:
    """Tell whether the node of this instance folder answers at the address."""
    info = get_json(url, "/")
    return info is not None and info.get("name") == node_name(instance.resolve())


def server_version(url: str) -> str | None:
    """Return the version of the OpenSearch at this address, None when it does not answer."""
    info = get_json(url, "/")
    return str(info["version"]["number"]) if info is not None and "version" in info else None
