"""What a run depends on, and what the engine computed for it."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from opensearchpy import OpenSearch

from creators.settings import Settings
from stack.engines import EngineName, status


def fingerprint(client: OpenSearch) -> dict[str, Any]:
    """Return the machine, the engine and how busy the machine was."""
    nodes = client.nodes.info(metric="jvm")["nodes"].values()
    jvm = next(iter(nodes))["jvm"]
    cpuinfo = Path("/proc/cpuinfo")
    models = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "load_average": [round(one, 1) for one in os.getloadavg()],
        "python": platform.python_version(),
        "numpy": np.__version__,
        "opensearch": client.info()["version"]["number"],
        "java": jvm["version"],
        "heap_mb": jvm["mem"]["heap_max_in_bytes"] >> 20,
    }


class EngineClock:
    """CPU time of the embedded engine: what a request costs, whatever else the machine does."""

    def __init__(self, settings: Settings) -> None:
        pids = [one.pid for one in status(settings).engines if one.engine is EngineName.OPENSEARCH]
        self._tasks = Path(f"/proc/{pids[0]}/task") if pids and pids[0] else None

    def read_ms(self) -> float:
        """Return milliseconds computed so far, all threads together; NaN where the engine is not a local Linux one."""
        if self._tasks is None or not self._tasks.exists():
            return float("nan")
        return sum(map(_on_cpu_ns, self._tasks.iterdir())) / 1e6


def _on_cpu_ns(task: Path) -> int:
    try:
        return int((task / "schedstat").read_text().split()[0])
    except OSError:  # the thread has ended meanwhile
        return 0
