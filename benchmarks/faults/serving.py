"""The API of one installation over a real socket, for a block."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx2
import uvicorn

from api.app import create_app

if TYPE_CHECKING:
    from creators.settings import Settings

START_S = 60.0
TIMEOUT_S = 30.0


@contextmanager
def served(settings: Settings) -> Iterator[httpx2.Client]:
    """Give a client of the API; the server ends with the block.

    Raises:
        TimeoutError: it did not start.
    """
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_S
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            detail = "the API did not start"
            raise TimeoutError(detail)
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT_S) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(START_S)
