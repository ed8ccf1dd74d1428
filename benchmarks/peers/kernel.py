"""What the kernel says of processes and files: time computed, memory held, pages of files that lie in memory."""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import psutil

PAGE = mmap.PAGESIZE


def tree(pids: Iterable[int]) -> list[psutil.Process]:
    """Return the processes and all below them that run, each once."""
    found: dict[int, psutil.Process] = {}
    for pid in pids:
        try:
            process = psutil.Process(pid)
            found |= {one.pid: one for one in (process, *process.children(recursive=True))}
        except psutil.NoSuchProcess:
            continue
    return list(found.values())


def cpu_s(processes: Iterable[psutil.Process]) -> float:
    """Return seconds computed so far, in the program and in the kernel for it, all threads, ended children too."""
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        # Those of children that have ended, too: PostgreSQL starts workers for single statements.
        total += times.user + times.system + times.children_user + times.children_system
    return total


def private_bytes(processes: Iterable[psutil.Process]) -> int:
    """Return memory that is not pages of files: anonymous and shared, what several share counted once (PSS)."""
    total = 0
    for process in processes:
        try:
            lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        except (OSError, ProcessLookupError):
            continue
        sizes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines) if rest}
        total += (sizes.get("Pss_Anon", 0) + sizes.get("Pss_Shmem", 0)) * 1024
    return total


def files_below(folders: Iterable[str]) -> Iterator[Path]:
    """Yield the regular files below folders, or the folders themselves where they are files."""
    for name in folders:
        top = Path(name)
        yield from (top,) if top.is_file() else (path for path in top.rglob("*") if path.is_file())


def disk_bytes(folders: Iterable[str]) -> int:
    """Return what the files take on the disk, holes left out."""
    return sum(path.stat().st_blocks * 512 for path in files_below(folders))


def cached_bytes(folders: Iterable[str]) -> int:
    """Return how much of the files lies in memory, whoever has read it, mapped or not (``mincore``)."""
    # A hole of a file may have pages in memory, too; they hold nothing.
    return sum(min(_cached(path), path.stat().st_blocks * 512) for path in files_below(folders))


def forget(folders: Iterable[str]) -> None:
    """Ask the kernel to drop the files from memory; pages that a process has mapped stay."""
    for path in files_below(folders):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(handle)


def listener(url: str) -> int | None:
    """Return the process that listens at the port of an address on this machine; None where it cannot be known."""
    port = urlsplit(url).port
    for one in psutil.net_connections("tcp"):
        if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port and one.pid:
            return one.pid
    return None


@contextmanager
def pinned(pids: Iterable[int], cores: Sequence[int]) -> Iterator[None]:
    """Let processes that run already use only these cores, for a block; threads that they start inherit it."""
    before = {task: allowed for pid in pids for task, allowed in _allowed(pid)}
    try:
        for task in before:
            _allow(task, set(cores))
        yield
    finally:
        for task, allowed in before.items():
            _allow(task, allowed)


def _allowed(pid: int) -> Iterator[tuple[int, set[int]]]:
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                yield int(task.name), os.sched_getaffinity(int(task.name))


def _allow(task: int, cores: set[int]) -> None:
    with suppress(OSError):  # it has ended meanwhile, or belongs to somebody else
        os.sched_setaffinity(task, cores)


def _cached(path: Path) -> int:
    size = path.stat().st_size
    if not size:
        return 0
    pages, libc = (ctypes.c_ubyte * -(-size // PAGE))(), _libc()
    with path.open("rb") as file:
        # Not Python's own mmap: it does not tell the address of a mapping that is read only.
        address = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(), 0)
    if address in {None, ctypes.c_void_p(-1).value}:
        return 0
    try:
        failed = libc.mincore(address, size, pages)
    finally:
        libc.munmap(address, size)
    return 0 if failed else int((np.frombuffer(bytes(pages), np.uint8) & 1).sum()) * PAGE


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    return libc
