"""The processes of a browser: which program, with which arguments, and how to be sure that none is left."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
TOKEN = "CHROMIUM_OF_CREATORSCOPE"  # noqa: S105 - the name of a variable, not a secret
ARGUMENTS = (
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--dns-prefetch-disable",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--js-flags=--max-old-space-size=256",
    "--metrics-recording-only",
    "--mute-audio",
    "--no-first-run",
    "--no-pings",
)
"""Constant: nothing that a page or a target says becomes an argument."""


def find_chromium() -> str | None:
    """Return the path of a Chromium or Chrome of this machine, or None."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def processes_of(token: str) -> Iterator[int]:
    """Yield the processes that carry a token in their environment; none where the system has no ``/proc``."""
    if not sys.platform.startswith("linux"):
        return
    wanted = f"{TOKEN}={token}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if wanted in (entry / "environ").read_bytes():
                    yield int(entry.name)


def kill(token: str) -> None:
    """Kill the processes that carry a token, with the groups that they lead."""
    for process in tuple(processes_of(token)):
        with suppress(OSError):
            if os.getpgid(process) == process:
                os.killpg(process, signal.SIGKILL)
            os.kill(process, signal.SIGKILL)
