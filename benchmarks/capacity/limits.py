"""A limit on the memory of several processes together, page cache included: a control group of the kernel."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from creators.errors import SetupError

ROOT = Path("/sys/fs/cgroup")
PATIENCE_S = 30.0
POLL_S = 0.2
MB = 1 << 20
STATS = ("rss", "anon", "cache", "file", "mapped_file", "pgmajfault")
HOW = (
    "run it as root, or start the service by hand under `systemd-run --scope -p MemoryMax=…` and measure it with "
    "`python -m benchmarks.latency`"
)


@dataclass(frozen=True, slots=True)
class Group:
    """A control group below that of this process, so that every limit of it holds as well."""

    folder: Path
    parent: Path
    is_v2: bool

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Put this process into the group for a block: what it starts meanwhile stays in it."""
        _write(self.folder / "cgroup.procs", os.getpid())
        try:
            yield
        finally:
            _write(self.parent / "cgroup.procs", os.getpid())

    def holds(self, pid: int) -> bool:
        """Tell whether a process is in the group."""
        return str(pid) in (self.folder / "cgroup.procs").read_text(encoding="ascii").split()

    def used(self) -> dict[str, Any]:
        """Return the most memory that was used at once, in MB, and what it is used for now."""
        peak = self.folder / ("memory.peak" if self.is_v2 else "memory.max_usage_in_bytes")
        lines = (self.folder / "memory.stat").read_text(encoding="ascii").splitlines()
        stats = {name: int(value) for name, value in map(str.split, lines) if name in STATS}
        used: dict[str, Any] = {
            name if name == "pgmajfault" else f"{name}_mb": value if name == "pgmajfault" else round(value / MB)
            for name, value in stats.items()
        }
        if peak.exists():
            used["peak_mb"] = round(int(peak.read_text(encoding="ascii")) / MB)
        return used


@contextmanager
def limited(memory_mb: int) -> Iterator[Group]:
    """Give a group with a limit; it is removed when all its processes have ended.

    Raises:
        SetupError: this process may not make one.
    """
    parent, is_v2 = _own()
    group = Group(parent / f"creatorscope-squeeze-{os.getpid()}", parent, is_v2)
    try:
        group.folder.mkdir()
        if is_v2:
            _write(group.folder / "memory.max", memory_mb * MB)
            with suppress(OSError):
                _write(group.folder / "memory.swap.max", 0)
        else:
            _write(group.folder / "memory.limit_in_bytes", memory_mb * MB)
    except OSError as error:
        with suppress(OSError):
            group.folder.rmdir()
        detail = f"no control group with a memory limit can be made ({error.strerror}): {HOW}"
        raise SetupError(detail) from error
    try:
        yield group
    finally:
        _remove(group.folder)


def _own() -> tuple[Path, bool]:
    """Return the folder of the memory group of this process, and whether it is of version 2."""
    found: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
        _, controllers, path = line.split(":", 2)
        found |= dict.fromkeys(controllers.split(","), path)
    if "memory" in found:
        return ROOT / "memory" / found["memory"].lstrip("/"), False
    return ROOT / found.get("", "/").lstrip("/"), True


def _remove(folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            folder.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_S)
        else:
            return


def _write(file: Path, value: int) -> None:
    file.write_text(str(value), encoding="ascii")


def forget(folder: Path) -> int:
    """Ask the kernel to drop the pages of every file below a folder; returns their number of bytes.

    A page belongs to the group that read it first: what another process has read would not count.
    """
    size = 0
    for path in folder.rglob("*"):
        if path.is_file():
            with suppress(OSError), path.open("rb") as file:
                size += path.stat().st_size
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return size
