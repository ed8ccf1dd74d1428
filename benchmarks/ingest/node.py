"""An OpenSearch of its own for one comparison: the product's, with its gRPC transport switched on beside REST."""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from creators.settings import Settings
from stack import opensearch
from stack.console import StartConsole
from stack.launch import Child
from stack.privileges import Privilege
from stack.state import Mode

HEAP_MB = 1536


@dataclass(frozen=True, slots=True)
class Node:
    """A node that runs."""

    settings: Settings
    url: str
    grpc: str
    """Host and port."""


@contextmanager
def own_node(settings: Settings) -> Iterator[Node]:
    """Give a fresh node with its data in a temporary folder; nothing of it is left afterwards.

    Raises:
        SetupError: it cannot be had, or does not start.
    """
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        own = settings.model_copy(
            update={"data_dir": Path(folder), "opensearch_url": None, "opensearch_heap_mb": HEAP_MB}
        )
        planned = opensearch.plan(own, StartConsole(enabled=False), Privilege())
        asked = ("-Eaux.transport.types=transport-grpc", f"-Eaux.transport.transport-grpc.port={port}")
        child = Child(replace(planned, command=(*planned.command, *asked)), Mode.OWNED)
        try:
            _, url = child.wait_ready(time.monotonic() + own.start_timeout_s)
            yield Node(own.model_copy(update={"opensearch_url": url}), url, f"127.0.0.1:{port}")
        finally:
            child.close()


def _free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        port: int = opened.getsockname()[1]
    return port
