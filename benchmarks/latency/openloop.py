"""Sends by plan and counts from the plan: a server that stalls delays everybody who would have asked meanwhile.

A closed loop waits for answers before it asks again. While the server stalls it asks nothing, so the stall is one slow
request among many fast ones ("coordinated omission", https://github.com/giltene/wrk2). :func:`paced` is such a loop,
kept to show the difference.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.latency.histogram import Histogram
from benchmarks.latency.schedule import Plan

TIMEOUT_S = 10.0
LEAD_S = 0.05
"""Between the call and the first planned time, so that nothing is late before it begins."""
SHARES = (50, 90, 99, 99.9)
BROKEN = (OSError, EOFError)
"""What a broken connection raises; anything else is a defect of the caller and ends the run."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request.

    Attributes:
        ok: whether it is the answer that was asked for: its status, and hits where there must be some.
        status: of HTTP; 0 for a time-out or a broken connection.
        degraded: whether the server left something out for lack of time.
        stages: what the server says that its stages took, in milliseconds.
        size: bytes of the body.
        received: time of the event loop at which the last byte was there; None counts what the caller did with it.
        why: what was wrong, in few words.
    """

    ok: bool
    status: int = 200
    degraded: bool = False
    stages: Mapping[str, float] = field(default_factory=dict)
    size: int = 0
    received: float | None = None
    why: str = ""


Send = Callable[[int], Awaitable[Answer]]
"""Sends the request with this place in the plan."""


@dataclass(frozen=True)
class Outcome:
    """One run; arrays have one entry a request, in the order of the plan, in seconds from the start.

    Attributes:
        planned_s: when each was to be sent.
        sent_s: when it was.
        done_s: when its answer, its failure or its time-out was there.
        answers: what came back.
        counted_from: ``planned`` in open loop, ``sent`` in a closed one.
        timeout_s: longest wait for an answer.
    """

    planned_s: NDArray[np.float64]
    sent_s: NDArray[np.float64]
    done_s: NDArray[np.float64]
    answers: tuple[Answer, ...]
    counted_from: Literal["planned", "sent"]
    timeout_s: float

    def __len__(self) -> int:
        """Return the number of requests."""
        return len(self.answers)

    @property
    def latency_s(self) -> NDArray[np.float64]:
        """Seconds that each took; failures and time-outs are among them."""
        return self.done_s - (self.planned_s if self.counted_from == "planned" else self.sent_s)

    @property
    def strict_s(self) -> NDArray[np.float64]:
        """The same, where what failed or came degraded counts as a time-out: a refusal is not a fast answer."""
        good = np.array([one.ok and not one.degraded for one in self.answers], dtype=bool)
        return np.where(good, self.latency_s, np.maximum(self.latency_s, self.timeout_s))

    @property
    def lag_s(self) -> NDArray[np.float64]:
        """How late the generator itself was; it is part of the latency in open loop."""
        return self.sent_s - self.planned_s

    def after(self, seconds: float) -> Outcome:
        """Return the requests planned after the first ``seconds``: those before were for warming up."""
        return self._only(np.flatnonzero(self.planned_s >= seconds))

    def before(self, seconds: float) -> Outcome:
        """Return the requests planned in the first ``seconds``."""
        return self._only(np.flatnonzero(self.planned_s < seconds))

    def _only(self, kept: NDArray[np.intp]) -> Outcome:
        return replace(
            self,
            planned_s=self.planned_s[kept],
            sent_s=self.sent_s[kept],
            done_s=self.done_s[kept],
            answers=tuple(self.answers[place] for place in kept),
        )

    def histogram(self) -> Histogram:
        """Return the latencies as counts."""
        return Histogram(self.latency_s)

    def stages(self) -> dict[str, dict[str, float]]:
        """Return P50, P90 and P99 of every stage that the server names, in milliseconds, and how often it was there."""
        named: dict[str, list[float]] = {}
        for one in self.answers:
            for stage, took in one.stages.items():
                named.setdefault(stage, []).append(took)
        return {
            stage: {"count": len(times)}
            | {f"p{share}_ms": round(float(np.percentile(times, share)), 2) for share in (50, 90, 99)}
            for stage, times in sorted(named.items())
        }

    def summary(self) -> dict[str, Any]:
        """Return percentiles, and how many failed or came degraded."""
        counts, strict = self.histogram(), Histogram(self.strict_s)
        good = [one for one in self.answers if one.ok]
        lasted = float(self.done_s.max() - self.planned_s.min()) if len(self) else 0.0
        return {
            "count": len(self),
            **{f"p{str(share).replace('.', '_')}_ms": round(counts.percentile_ms(share), 2) for share in SHARES},
            "max_ms": round(counts.max_ms, 2),
            "strict_p50_ms": round(strict.percentile_ms(50), 2),
            "strict_p90_ms": round(strict.percentile_ms(90), 2),
            "strict_p99_ms": round(strict.percentile_ms(99), 2),
            "failed": len(self) - len(good),
            "degraded": sum(one.degraded for one in self.answers),
            "why": dict(Counter(one.why for one in self.answers if one.why).most_common(5)),
            "served_per_s": round(len(good) / lasted, 2) if lasted else 0.0,
            "lag_p99_ms": round(float(np.percentile(self.lag_s, 99)) * 1000, 2) if len(self) else 0.0,
            "bytes_p50": int(np.median([one.size for one in self.answers])) if len(self) else 0,
        }


def joined(outcomes: Sequence[Outcome]) -> Outcome:
    """Return runs as if each had begun when the one before was over."""
    offsets = np.cumsum([0.0, *(float(one.done_s.max(initial=0.0)) for one in outcomes[:-1])])

    def after_each_other(name: str) -> NDArray[np.float64]:
        return np.concatenate([getattr(one, name) + offset for one, offset in zip(outcomes, offsets, strict=True)])

    return replace(
        outcomes[0],
        planned_s=after_each_other("planned_s"),
        sent_s=after_each_other("sent_s"),
        done_s=after_each_other("done_s"),
        answers=tuple(answer for one in outcomes for answer in one.answers),
    )


class _Book:
    """Times and answers of a run while it goes on."""

    def __init__(self, plan: Plan, timeout_s: float) -> None:
        self.plan, self.timeout_s = plan, timeout_s
        self.clock = asyncio.get_running_loop().time
        self.start = self.clock() + LEAD_S
        self.sent, self.done = np.zeros(len(plan)), np.zeros(len(plan))
        self.answers = [Answer(ok=False, status=0, why="not sent")] * len(plan)
        self.is_broken = False

    async def until(self, place: int) -> None:
        """Wait for the planned time; a plan that is behind lets others work and goes on at once."""
        await asyncio.sleep(max(0.0, self.start + float(self.plan.at[place]) - self.clock()))

    async def ask(self, send: Send, place: int) -> None:
        """Send one request and note how it ended."""
        self.sent[place] = self.clock() - self.start
        try:
            async with asyncio.timeout(self.timeout_s):
                answer = await send(place)
        except TimeoutError:
            answer = Answer(ok=False, status=0, why="time-out")
        except BROKEN as error:
            answer = Answer(ok=False, status=0, why=type(error).__name__)
        self.done[place] = (answer.received or self.clock()) - self.start
        self.answers[place] = answer

    def look(self, task: asyncio.Task[None]) -> None:
        """Note a defect of the caller: nothing more is sent then."""
        self.is_broken |= not task.cancelled() and task.exception() is not None

    def outcome(self, counted_from: Literal["planned", "sent"]) -> Outcome:
        """Return the run."""
        planned = np.asarray(self.plan.at, dtype=np.float64)
        return Outcome(planned, self.sent, self.done, tuple(self.answers), counted_from, self.timeout_s)


async def run(plan: Plan, send: Send, *, timeout_s: float = TIMEOUT_S) -> Outcome:
    """Send every request at its planned time, however many are still unanswered; latency counts from that time."""
    book = _Book(plan, timeout_s)
    tasks = []
    for place in range(len(plan)):
        await book.until(place)
        if book.is_broken:
            break
        tasks.append(asyncio.create_task(book.ask(send, place)))
        tasks[-1].add_done_callback(book.look)
    await asyncio.gather(*tasks)
    return book.outcome("planned")


async def paced(plan: Plan, send: Send, *, users: int, timeout_s: float = TIMEOUT_S) -> Outcome:
    """Send the same requests in a closed loop: ``users`` take turns, none asks before it has its answer.

    The mean rate is that of the plan as long as the server keeps up; latency counts from the actual send, as closed
    tools count it.
    """
    book = _Book(plan, timeout_s)
    places = iter(range(len(plan)))

    async def user() -> None:
        for place in places:
            await book.until(place)
            await book.ask(send, place)

    await asyncio.gather(*(user() for _ in range(users)))
    return book.outcome("sent")
