"""R5: OpenSearch refuses a third of all items for lack of room, some for good, and tears answers; nothing is lost.

What is refused for lack of room lands in the end; what is refused for good lies in the dead letters with OpenSearch's
reason; every row of the file is in one of both places.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path

from api.installation import workers
from benchmarks.faults import people
from benchmarks.faults.bulk_proxy import REFUSAL, BulkProxy, Faults
from benchmarks.faults.installed import installed
from benchmarks.faults.report import Proof, Run, main
from creators.stores import receipts
from creators.stores.session import Stores
from indexers import pipeline


def prove(run: Run) -> Proof:
    """Bring a file in through the proxy and see where every row of it ended."""
    proof, faults = Proof(), Faults(run.seed)
    names = [f"person{n}" for n in range(run.size(5_000, 500))]
    with installed(reconcile_s=1.0) as stores, tempfile.TemporaryDirectory() as folder:
        people.write(Path(folder, "people.csv"), names)
        with closing(BulkProxy(stores.settings.opensearch_url or "", faults)) as proxy:
            through = Stores(stores.settings.model_copy(update={"opensearch_url": proxy.url}))
            dataset = pipeline.ingest(through, Path(folder, "people.csv"), people.mapping())
            with workers(through.settings, 1) as running:
                balance = pipeline.wait(
                    stores,
                    dataset.dataset_id,
                    on_progress=lambda _balance: None,
                    alive=lambda: all(worker.poll() is None for worker in running),
                )
            proof.facts["restarts of the worker"] = sum(worker.restarts for worker in running)
        proof.account(receipts.balance(stores.cluster))
        check(proof, stores, names)
        proof.facts["items and answers"] = dict(faults.counts)
        proof.claim("every kind of fault happened", all(faults.counts[kind] for kind in ("429", "503", "400", "torn")))
        proof.claim("every row came in", balance.rows_in == len(names))
    return proof


def check(proof: Proof, stores: Stores, names: list[str]) -> None:
    """Claim that every row is found or dead-lettered, that none is both or twice, and that reasons are given."""
    found, letters = Counter(people.found(stores)), people.dead(stores)
    lost = {names[line - people.FIRST_LINE]: letter for line, letter in letters.items()}
    proof.facts |= {"found": len(found), "dead-lettered": len(lost)}
    proof.claim("no creator is there twice", all(count == 1 for count in found.values()))
    proof.claim("every row is found or dead-lettered", found.keys() | lost.keys() == set(names))
    proof.claim("no row is both", not found.keys() & lost.keys())
    proof.claim("every dead letter has OpenSearch's reason", all(REFUSAL in one["reason"] for one in lost.values()))
    balance = proof.facts["balance"]
    proof.claim(
        "as many are booked as are there", (balance["indexed"], balance["dead_lettered"]) == (len(found), len(lost))
    )


if __name__ == "__main__":
    main("bulk", prove)
