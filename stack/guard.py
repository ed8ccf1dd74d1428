"""Keeper of one engine: a tiny process that ends the engine when its owner is gone, however the owner went.

Run by path with ``python -I`` and the standard library only, so that it starts in milliseconds and does not depend on
what is importable. It reports ``{"guard": pid, "engine": pid}`` on stdout once, then stays silent.

The owner is gone when its end of the pipe closes or when this process gets another parent. A detached guard has no
owner and lives until it is told SIGTERM. It ignores SIGINT: Ctrl-C is the owner's decision.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from types import FrameType

PR_SET_PDEATHSIG = 1
PARENT_CHECK_S = 1.0
PDEATHSIG_WORKS = sys.platform == "linux"


def main(argv: list[str]) -> int:
    """Run the command until it ends or its owner does; the exit status is the engine's."""
    options = _parse(argv)
    if options.detach and os.fork():
        return 0
    wake = _catch_signals()
    owner = os.getppid() if options.owner_fd is not None else None
    try:
        engine = _spawn(options)
    except OSError as error:
        _report({"error": f"cannot run {options.command[0]}: {error}"})
        return 127
    _report({"guard": os.getpid(), "engine": engine.pid})
    _watch(engine, wake, options.owner_fd, owner)
    _end(engine, options.grace)
    return engine.returncode if engine.returncode >= 0 else 128 - engine.returncode


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--owner-fd", type=int)
    parser.add_argument("--detach", action="store_true")
    parser.add_argument("--uid", type=int)
    parser.add_argument("--grace", type=float, required=True)
    parser.add_argument("--environment", type=json.loads)
    parser.add_argument("command", nargs="+")
    return parser.parse_args(argv)


def _catch_signals() -> int:
    """Return a descriptor that becomes readable when the engine ends or SIGTERM arrives."""

    def noticed(_number: int, _frame: FrameType | None) -> None:
        """Leave the work to the loop: a handler only has to exist for the descriptor to be written."""

    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, noticed)
    signal.signal(signal.SIGCHLD, noticed)
    return readable


def _spawn(options: argparse.Namespace) -> subprocess.Popen[bytes]:
    guard = os.getpid()
    libc = ctypes.CDLL(None) if PDEATHSIG_WORKS else None

    def die_with_guard() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != guard:  # it went before the request was made
                os._exit(1)

    return subprocess.Popen(
        options.command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        env=options.environment,
        start_new_session=True,
        user=options.uid,
        group=options.uid,
        extra_groups=None if options.uid is None else [],
        preexec_fn=die_with_guard,  # noqa: PLW1509 - this process has one thread, which is what makes it safe
    )


def _report(message: dict[str, object]) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.close(silent)


def _watch(engine: subprocess.Popen[bytes], wake: int, owner_fd: int | None, owner: int | None) -> None:
    """Return when the engine has ended, SIGTERM came, or the owner is gone."""
    watched = [wake] if owner_fd is None else [wake, owner_fd]
    while True:
        ready, _, _ = select.select(watched, [], [], None if owner is None else PARENT_CHECK_S)
        if owner_fd in ready or (owner is not None and os.getppid() != owner):
            return
        if wake in ready and (signal.SIGTERM in os.read(wake, 512) or engine.poll() is not None):
            return


def _end(engine: subprocess.Popen[bytes], grace: float) -> None:
    """End the engine and everything it started: SIGTERM, ``grace`` seconds, SIGKILL."""
    deadline = time.monotonic() + grace
    _signal_group(engine.pid, signal.SIGTERM)
    while engine.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal_group(engine.pid, signal.SIGKILL)
    engine.wait()


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS answers the second for a group of zombies
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
