"""What signals cost, and that a rebuild encodes nothing again: ``python -m benchmarks.signals.rebuild``.

The bundled creators and those with written bios are brought in by one worker, then every derived index is dropped and
made again from the lake. Figures are those that `creatorscope signals ls` shows; seconds
are of one process.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import fetchers.bundled
from api.installation import workers
from benchmarks.faults.installed import installed
from benchmarks.faults.report import Proof, Run, main
from creators.datasets import load_mapping
from creators.stores.session import Stores
from enrich.refresh import VectorState, signal_states, vector_state
from indexers import pipeline

BUNDLED = Path(fetchers.bundled.__file__).parent / "creators.csv"
WRITTEN = Path(__file__).parents[1] / "relevance" / "creators" / "generated.csv"
RESULTS = Path(__file__).parent / "results"


def prove(run: Run) -> Proof:
    """Bring creators in, rebuild, and compare what was encoded."""
    proof = Proof()
    with installed() as stores:
        for table in (WRITTEN,) if run.smoke else (WRITTEN, BUNDLED):
            pipeline.ingest(stores, table, load_mapping(table.with_suffix(".toml")))
        first = worked(stores, lambda: None)
        before = pipeline.digest(stores)
        tell(proof, "first time", stores, VectorState(0, 0, 0, None, None), first)
        again = worked(stores, lambda: pipeline.rebuild(stores))
        tell(proof, "rebuild", stores, first, again)
        after = pipeline.digest(stores)
        proof.facts["creators"] = after.creators
        proof.claim("a rebuild encodes nothing", again.encoded == first.encoded)
        proof.claim("a rebuild gives the same index", after == before)
        proof.claim("nobody's signals are outdated", all(one.outdated == 0 for one in signal_states(stores)))
    return proof


def worked(stores: Stores, begin: Callable[[], object]) -> VectorState:
    """Begin something, let one worker do it to the end, and return what encoding took so far."""
    begin()
    with workers(stores.settings, 1) as running:
        pipeline.wait(
            stores, None, on_progress=lambda _balance: None, alive=lambda: all(one.poll() is None for one in running)
        )
    stores.cluster.refresh("vectors")
    return vector_state(stores)


def tell(proof: Proof, when: str, stores: Stores, before: VectorState, after: VectorState) -> None:
    """Note what was needed and encoded since ``before``, and what each signal has cost so far."""
    needed, encoded = after.needed - before.needed, after.encoded - before.encoded
    proof.facts[when] = {
        "vectors needed": needed,
        "encoded": encoded,
        "hit rate": round(1 - encoded / needed, 4),
        "vectors kept": after.kept,
        "s per 1,000 encoded": after.seconds_per_1000,
        "s per 1,000 values so far": {one.name: one.seconds_per_1000 for one in signal_states(stores)},
    }


if __name__ == "__main__":
    main("rebuild", prove, results=RESULTS)
