"""What the client itself computes for an answer, beside a general one: it shares the machine with the server."""

from __future__ import annotations

import asyncio
import os
import platform
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import uvloop

from benchmarks.latency.client import Client

REQUESTS = 400
TURNS = 3
PAUSE_S = 0.002
BODY = b'{"text": "jazz piano", "limit": 20}'
ANSWER = b'{"hits": [' + b",".join(b'{"creator_id": "%036d"}' % place for place in range(650)) + b"]}"
Json = dict[str, Any]


def measure() -> Json:
    """Return milliseconds of CPU per answer, in turns: this client, ``httpx2``, and a loop that only waits."""
    command = [sys.executable, "-m", "benchmarks.latency.clients"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout
            url = f"http://127.0.0.1:{int(server.stdout.readline())}"
            found = uvloop.run(_in_turns(url))
        finally:
            server.kill()
    return {
        "requests": REQUESTS * TURNS,
        "answer_bytes": len(ANSWER),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "httpx2": httpx2.__version__},
        "load_average": [round(one, 1) for one in os.getloadavg()],
        "cpu_ms_per_answer": {name: round(sum(spent) / len(spent), 3) for name, spent in found.items()},
    }


async def _in_turns(url: str) -> dict[str, list[float]]:
    async with Client(url) as own, httpx2.AsyncClient(base_url=url) as general:
        ways: dict[str, Callable[[], Awaitable[object]]] = {
            "own": lambda: own.post("/", BODY),
            "httpx2": lambda: general.post("/", content=BODY),
            "waiting": lambda: asyncio.sleep(0),
        }
        found: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(TURNS):
            for name, ask in ways.items():
                await ask()
                before = time.process_time()
                for _ in range(REQUESTS):
                    await ask()
                    await asyncio.sleep(PAUSE_S)
                found[name].append((time.process_time() - before) / REQUESTS * 1000)
        return found


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(len(BODY))
        except EOFError:
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER)
        await writer.drain()


async def _serve() -> None:
    async with await asyncio.start_server(_answer, "127.0.0.1", 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
