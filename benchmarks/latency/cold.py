"""The first requests after a restart, apart from all others."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import uvloop

from benchmarks.ingest.installed import Installed, installed
from benchmarks.latency import openloop
from benchmarks.latency.arms import ARMS
from benchmarks.latency.bench import Bench, bar, forget, meter_of
from benchmarks.latency.schedule import ARRIVALS
from benchmarks.latency.serving import served
from mappings.registry import CREATORS

FIRST = 100
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cold:
    """How often the API is started anew, and the rate and mix of the requests that it then meets at once."""

    creators: int
    qps: float = 10.0
    restarts: int = 3
    mix: str = "mixed"
    arrivals: str = "constant"
    seed: int = 1


def measure(cold: Cold) -> Json:
    """Return the first hundred answers after a restart, and the hundred after those.

    The API's process is new; its caches in Redis and OpenSearch's caches of this index are empty. OpenSearch itself
    goes on, and so does the page cache: dropping that would hit everybody on the machine.
    """
    firsts, seconds, starts = [], [], []
    with installed(cold.creators) as place, bar() as shown:
        for restart in range(cold.restarts):
            forget(place)
            with served(place.env) as api:
                bench = Bench(place, api, meter_of(place, api), shown)
                bench.client.indices.clear_cache(index=f"{place.prefix}{CREATORS}")
                outcome = uvloop.run(_after_start(bench, cold, restart))
                middle = float(outcome.planned_s[FIRST])
                firsts.append(outcome.before(middle))
                seconds.append(outcome.after(middle))
                starts.append(round(api.started_s, 2))
        state = _state(place, bench)
    return {
        "cold": asdict(cold),
        **state,
        "started_s": starts,
        f"first_{FIRST}": openloop.joined(firsts).summary(),
        f"next_{FIRST}": openloop.joined(seconds).summary(),
        "first_ten_ms": [[round(1000 * float(one), 1) for one in run.latency_s[:10]] for run in firsts],
    }


def _state(place: Installed, bench: Bench) -> Json:
    told = bench.state()
    told.pop("started_s")
    return told | {"corpus": place.corpus.fingerprint}


async def _after_start(bench: Bench, cold: Cold, restart: int) -> openloop.Outcome:
    seed = cold.seed * 1000 + restart
    plan = ARRIVALS[cold.arrivals](cold.qps, 2 * FIRST / cold.qps, seed)
    bench.bar.expect(f"restart {restart + 1}/{cold.restarts}", len(plan))
    async with bench.connected() as servers:
        return (await bench.ask(servers, ARMS["ours"], plan, bench.questions(len(plan), seed, cold.mix), 0.0)).outcome
