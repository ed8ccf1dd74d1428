"""R2: OpenSearch is killed again and again while a file comes in: what it has shown stays, the rest comes again.

The node is killed without a word and started again where it was, under another port; workers reach it through a proxy
under one address and are never touched. Nobody does anything by hand.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from pathlib import Path

import psutil
from pydantic import SecretStr

from benchmarks.faults import people
from benchmarks.faults.kills import BATCH_ROWS, bring_in, crew_of, ended, undisturbed
from benchmarks.faults.report import Proof, Run, main
from benchmarks.faults.toxics import ToxicProxy
from creators.errors import CreatorscopeError
from creators.settings import Settings, load_settings
from creators.stores import receipts
from creators.stores.session import Stores
from indexers import pipeline
from stack.engines import EngineName, start_detached, status, stop

HEAP_MB = 512
DEADLINE_S = 1200.0
END_S = 60.0
POLL_S = 0.1


def prove(run: Run) -> Proof:
    """Return what the kills have done."""
    rows, kills = run.size(4000, 200), run.size(10, 1)
    names = [f"person{number}" for number in range(rows)]
    proof = Proof()
    expected = undisturbed(names)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        own = {"data_dir": Path(folder), "opensearch_heap_mb": HEAP_MB, "opensearch_url": None, "redis_url": None}
        settings = load_settings().model_copy(update=own)
        try:
            engines = start_detached(settings, progress=False)
            with closing(ToxicProxy(engines.opensearch_url)) as proxy:
                stores = _stores(settings, proxy.url, engines.redis_url)
                pipeline.prepare(stores)
                bring_in(stores, names)
                with crew_of(stores):
                    done = _disturb(proof, stores, (settings, proxy), (rows, kills))
                proof.claim("all of it came to its end", done)
                proof.claim("nobody is lost, nobody is there twice", sorted(people.found(stores)) == sorted(names))
                same = pipeline.digest(stores).checksum == expected
                proof.claim("the same documents as in a run that nothing disturbed", same)
                proof.account(receipts.balance(stores.cluster))
        finally:
            stop(settings)
    return proof


def _stores(settings: Settings, opensearch_url: str, redis_url: str) -> Stores:
    given = settings.model_dump(exclude_unset=True, exclude={"opensearch_url", "redis_url"})
    own = {"redis_url": SecretStr(redis_url), "batch_rows": BATCH_ROWS, "reconcile_s": 2.0}
    return Stores(Settings(**given, **own, opensearch_url=opensearch_url))


def _disturb(proof: Proof, stores: Stores, node: tuple[Settings, ToxicProxy], plan: tuple[int, int]) -> bool:
    """Kill the node at equal parts of the work; returns whether all of it came to its end."""
    (rows, kills), killed, lost, longest = plan, 0, 0, 0.0
    deadline = time.monotonic() + DEADLINE_S
    done = False
    while not done and time.monotonic() < deadline:
        done, count = ended(stores, rows)
        if killed < kills and count >= rows * (killed + 0.5) / kills:
            shown = set(people.found(stores))
            started = time.monotonic()
            _kill(node[0])
            node[1].point_at(start_detached(node[0], progress=False).opensearch_url)
            killed += 1
            lost += len(shown.difference(_shown(stores)))
            longest = max(longest, time.monotonic() - started)
        time.sleep(POLL_S)
    proof.facts |= {"rows": rows, "OpenSearch killed": killed, "longest until it answers again, s": round(longest, 1)}
    proof.claim("it was killed as often as planned", killed == kills)
    proof.claim("what was shown before a kill is shown after it", lost == 0)
    return done


def _shown(stores: Stores) -> list[str]:
    """Return what can be searched, as soon as the node has opened its indices again."""
    deadline = time.monotonic() + END_S
    while True:
        try:
            return people.found(stores)
        except CreatorscopeError:
            if time.monotonic() > deadline:
                raise
        time.sleep(POLL_S)


def _kill(settings: Settings) -> None:
    (engine,) = (one for one in status(settings).engines if one.engine is EngineName.OPENSEARCH)
    process = psutil.Process(engine.pid)
    process.kill()
    process.wait(END_S)


if __name__ == "__main__":
    main("nodes", prove)
