"""A server that stalls: open loop shows what everybody would have waited, a closed loop hides it."""

import asyncio
from contextlib import asynccontextmanager

from benchmarks.latency import openloop
from benchmarks.latency.arms import posting
from benchmarks.latency.client import Client
from benchmarks.latency.openloop import Answer
from benchmarks.latency.schedule import constant

RATE, SECONDS = 100.0, 2.0
STALL = (0.5, 1.5)
BODY = b'{"hits": []}'
LONG = b"x" * 300_000


class Tiny:
    """A server that answers at once, except while it stalls; it closes every tenth connection after its answer."""

    def __init__(self, *, stalls=False, closes=False, body=BODY):
        self.stalls, self.closes, self.body = stalls, closes, body
        self.requests = self.connections = 0
        self.began = asyncio.get_running_loop().time()

    async def answer(self, reader, writer):
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
                await reader.readexactly(length)
                self.requests += 1
                since = asyncio.get_running_loop().time() - self.began
                if self.stalls and STALL[0] <= since < STALL[1]:
                    await asyncio.sleep(STALL[1] - since)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(self.body) + self.body)
                await writer.drain()
                if self.closes and not self.requests % 10:
                    return
        except (EOFError, OSError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def tiny(**how):
    server = Tiny(**how)
    async with await asyncio.start_server(server.answer, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with Client(f"http://127.0.0.1:{port}") as client:
            yield server, client


def read(reply):
    return Answer(ok=reply.status == 200, size=len(reply.body), received=reply.received)


async def measured(loop, **how):
    async with tiny(stalls=True) as (_, client):
        return (await loop(constant(RATE, SECONDS), posting(client, "/", [b"{}"], read), **how)).summary()


async def test_open_loop_shows_a_stall_that_a_closed_loop_hides():
    opened, closed = await asyncio.gather(measured(openloop.run), measured(openloop.paced, users=4))
    assert opened["count"] == closed["count"] == RATE * SECONDS
    assert opened["failed"] == closed["failed"] == 0
    # Half of the requests were planned during the second of the stall: nine tenths waited 0.8 s or less.
    assert opened["p90_ms"] > 700
    # The closed loop sent four of them then.
    assert closed["p90_ms"] < opened["p90_ms"] / 3
    assert closed["max_ms"] > 700


async def test_connections_are_kept_and_replaced_when_the_server_closes_them():
    async with tiny(closes=True) as (server, client):
        for _ in range(35):
            assert (await client.post("/", b"{}")).status == 200
        assert server.requests == 35
        assert server.connections == 4


async def test_a_long_answer_is_read_whole():
    async with tiny(body=LONG) as (_, client):
        assert (await client.get("/")).body == LONG


async def test_an_answer_after_its_time_is_not_taken_for_the_next_one():
    async with tiny(stalls=True) as (server, client):
        server.began -= STALL[0] + 0.5
        send = posting(client, "/", [b"{}"], read)
        outcome = await openloop.run(constant(50.0, 0.1), send, timeout_s=0.1)
        assert outcome.summary()["why"] == {"time-out": 5}
        await asyncio.sleep(0.5)
        server.body = b"fresh"
        assert (await client.post("/", b"{}")).body == b"fresh"
