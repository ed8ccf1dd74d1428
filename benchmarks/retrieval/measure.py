"""Many variants, each asked the same questions in turns, and what that comes to."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from opensearchpy import OpenSearch

from benchmarks.retrieval.machine import EngineClock

Json = dict[str, Any]
Key = tuple[Any, ...]


@dataclass
class Sample:
    """One question, one variant, all rounds: milliseconds, and the ids of the last round."""

    took: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Ask:
    """One request of one variant."""

    variant: Key
    question: int
    index: str
    body: Json


@dataclass(frozen=True)
class Bench:
    """The engine under test, its clock, and how often everything is asked."""

    client: OpenSearch
    clock: EngineClock
    rounds: int


def in_turns(bench: Bench, asks: Sequence[Ask]) -> dict[Key, dict[int, Sample]]:
    """Send every request ``rounds`` times and once before, in an order that is drawn anew for every round."""
    samples: dict[Key, dict[int, Sample]] = defaultdict(lambda: defaultdict(Sample))
    random = np.random.default_rng(1)
    for turn in range(bench.rounds + 1):
        for place in random.permutation(len(asks)):
            ask = asks[place]
            start = bench.clock.read_ms()
            answer = bench.client.search(index=ask.index, body=ask.body)
            cpu = bench.clock.read_ms() - start
            if turn:
                sample = samples[ask.variant][ask.question]
                sample.took.append(answer["took"])
                sample.cpu.append(cpu)
                sample.ids = [hit["fields"]["creator_id"][0] for hit in answer["hits"]["hits"]]
    return samples


def percentiles(samples: dict[int, Sample]) -> Json:
    """Return P50 and P90 over the questions; of one question its median over the rounds counts."""
    return {
        f"{name}_p{share}_ms": round(
            float(np.percentile([np.median(getattr(one, name)) for one in samples.values()], share)), 2
        )
        for name in ("took", "cpu")
        for share in (50, 90)
    }


def recall(samples: dict[int, Sample], truth: Callable[[int], set[str]]) -> Json:
    """Return the mean and the smallest share of the true neighbours among as many first hits."""
    shares = []
    for question, sample in samples.items():
        wanted = truth(question)
        shares.append(len(wanted & set(sample.ids[: len(wanted)])) / len(wanted) if wanted else 1.0)
    return {"recall": round(float(np.mean(shares)), 4), "recall_min": round(min(shares), 3)}


def stamp() -> str:
    """Return the day of the run."""
    return time.strftime("%Y-%m-%d", time.gmtime())
