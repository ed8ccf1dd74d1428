"""A source of one endpoint and the server behind it, which counts when every request came and answers as it is told."""

from __future__ import annotations

import asyncio
import bisect
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise

from creators.models import Platform
from creators.settings import SourceSettings
from creators.targets import Target, TaskKind
from fetchers.contract import Allowance, Answer, Ask, Auth, Call, Found, Origin, Policy, Quota, judge_status
from fetchers.limits import utc_now

POLICY = Policy(
    kind="official",
    max_age_days=None,
    may_derive=True,
    may_merge=True,
    delete_when_gone=True,
    needs_acknowledgement=False,
    terms_url="https://example.org/terms",
    note="A server of the benchmark.",
    sees_all=True,
)


@dataclass(frozen=True)
class Plain:
    """The simplest source: one request answers one profile."""

    limits: tuple[Allowance, ...] = ()
    name: str = "plain"
    tier: int = 1
    policy: Policy = POLICY
    base_url: str = "http://127.0.0.1:9"
    price: float = 0.0
    serves: Mapping[TaskKind, frozenset[Platform]] = field(
        default_factory=lambda: {TaskKind.PROFILE: frozenset({Platform.X})}
    )

    def allowances(self, settings: SourceSettings) -> Sequence[Allowance]:  # noqa: ARG002 - the shape of a source
        """Return the limits given."""
        return self.limits

    def price_usd(self, target: Target) -> float:  # noqa: ARG002 - the shape of a source
        """Return the price given."""
        return self.price

    async def authorise(self, credential: str, call: Call) -> Auth:  # noqa: ARG002 - the shape of a source
        """Return the credential as it is."""
        return Auth(headers={"authorization": credential})

    def judge(self, answer: Answer) -> None:
        """Raise what the status means."""
        judge_status(answer)

    def quotas(self, answer: Answer) -> Sequence[Quota]:  # noqa: ARG002 - the shape of a source
        """Return nothing: the server does not tell."""
        return ()

    async def fetch(self, target: Target, call: Call) -> Found:
        """Return the one record."""
        answer = await call.send(Ask("users", f"users/{target.value}", revalidate=True))
        record = Origin(self.name, self.tier, target).record("user", target.value, dict(answer.body), answer)  # type: ignore[arg-type]  # a tier is a number here
        return Found((record,), cost_usd=self.price)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: a status and headers."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Counting:
    """The server's side: when each credential called, by the server's own clock, and what it was told."""

    url: str
    answer: Callable[[str, float], Said] = lambda _credential, _at: Said()
    arrivals: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    called: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by the first request."""

    @property
    def calls(self) -> int:
        """All requests that came."""
        return sum(map(len, self.arrivals.values()))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        with suppress(OSError, EOFError, asyncio.LimitOverrunError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                at = time.monotonic()
                credential = _header(head, b"authorization")
                self.arrivals[credential].append(at)
                self.called.set()
                writer.write(_answer(self.answer(credential, at)))
                await writer.drain()
        writer.close()

    def most_in(self, window_s: float) -> int:
        """Return the most requests of one credential in any window of so many seconds."""
        most = 0
        for times in self.arrivals.values():
            first = 0
            for last, at in enumerate(times):
                # Half open: a window that begins with one request does not hold the one exactly its length later.
                first = bisect.bisect_right(times, at - window_s, first, last + 1)
                most = max(most, last - first + 1)
        return most

    def gaps(self) -> list[float]:
        """Return the pauses between the requests of each credential, in seconds."""
        return [after - before for times in self.arrivals.values() for before, after in pairwise(times)]


@asynccontextmanager
async def counting(answer: Callable[[str, float], Said] | None = None) -> AsyncIterator[Counting]:
    """Run the server on a free port."""
    state = Counting("", **({"answer": answer} if answer else {}))
    talks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(state.serve(reader, writer))
        talks[task] = writer
        task.add_done_callback(talks.pop)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    state.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield state
    finally:
        server.close()
        left = dict(talks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for writer in left.values():
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def _header(head: bytes, name: bytes) -> str:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip().decode()
    return ""


def _answer(said: Said) -> bytes:
    body = json.dumps({"name": "somebody", "at": utc_now().isoformat()}).encode()
    own = {"content-type": "application/json", "content-length": str(len(body)), **said.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in own.items())
    return f"HTTP/1.1 {said.status} Said\r\n{lines}\r\n".encode() + body
