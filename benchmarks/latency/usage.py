"""What a run costs the machine: CPU by process as the kernel counts it, steal time, load."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psutil


@dataclass(frozen=True, slots=True)
class Reading:
    """Counters at one moment, in seconds since the processes or the machine began."""

    at: float
    cpu_s: Mapping[str, float]
    steal_s: float
    machine_s: float
    """Of all cores together, idle or not."""


class Meter:
    """Reads the counters of named processes and of this one, the ``client``."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)

    def read(self) -> Reading:
        """Return the counters as they are now; of a process that is gone they are those of its children that live."""
        machine = psutil.cpu_times()
        steal = float(getattr(machine, "steal", 0.0))
        cpu = {name: _computed_s(pid) for name, pid in self._pids.items()}
        # Without its children: the server is one of them.
        own = psutil.Process().cpu_times()
        cpu["client"] = own.user + own.system
        return Reading(time.monotonic(), cpu, steal, float(sum(machine)))


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used between two readings."""

    seconds: float
    cpu_s: Mapping[str, float]
    steal_share: float
    load: float
    """Load average of the last minute at the end."""

    @classmethod
    def between(cls, first: Reading, last: Reading) -> Usage:
        """Return the difference of two readings."""
        machine = max(1e-9, last.machine_s - first.machine_s)
        cpu = {name: last.cpu_s[name] - first.cpu_s[name] for name in last.cpu_s}
        return cls(last.at - first.at, cpu, (last.steal_s - first.steal_s) / machine, os.getloadavg()[0])


def summary(usages: Sequence[Usage], requests: int) -> dict[str, Any]:
    """Return CPU per request in milliseconds, shares of the machine, steal and load over several runs."""
    seconds = sum(one.seconds for one in usages) or 1e-9
    cores = os.cpu_count() or 1
    cpu = {name: sum(one.cpu_s[name] for one in usages) for name in usages[0].cpu_s}
    return {
        "cpu_ms_per_request": {name: round(spent * 1000 / max(1, requests), 3) for name, spent in cpu.items()},
        "share_of_machine": {name: round(spent / seconds / cores, 4) for name, spent in cpu.items()},
        "steal_share": round(sum(one.steal_share * one.seconds for one in usages) / seconds, 4),
        "load_average": [round(one.load, 2) for one in usages],
    }


def listening(url: str) -> int | None:
    """Return the process that listens at an address of this machine, or None."""
    parts = urlsplit(url)
    with suppress(psutil.AccessDenied):
        for one in psutil.net_connections("tcp"):
            if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == parts.port:
                return one.pid
    return None


def _computed_s(pid: int) -> float:
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    spent = 0.0
    for one in family:
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            spent += times.user + times.system
    return spent
