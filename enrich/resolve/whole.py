"""Every account of an installation compared with all others at once: after a new model, new keys, or a large import.

The end is that of comparing one object after the other (:mod:`enrich.resolve.matching`), at a fraction of the cost;
only what differs from what is in the index is written. Whose evidence changes by it is booked first and grouped anew by
workers, so that it may be cut off anywhere: what is booked is worked off, and the rest is found when it is done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from creators.models import Account
from creators.stores import bulk, receipts
from creators.stores.cluster import Cluster
from creators.stores.receipts import ObjectReceipt, State
from enrich import annotation_store
from enrich.profiles import account_version
from enrich.resolve import keyring, matching, reviews
from enrich.resolve.current import current
from enrich.resolve.edges import Pair, pair_id
from enrich.resolve.matching import EDGES, Plan
from enrich.resolve.neighbourhood import MATCH
from enrich.resolve.population import Outcome, Terms, resolve_population
from enrich.resolve.resolver import CHANGES
from enrich.resolve.rules import Rules, rules_of

if TYPE_CHECKING:
    from creators.settings import Settings
    from creators.stores.session import Stores
    from enrich.resolve.current import InForce

SLICES = 8
"""Parts that the profiles are read in for each process."""
PAGE = 1_000
KEEP_S = 600
"""How long the view of the profiles outlives the last page of it that was read."""
T = TypeVar("T")
Doc = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Compared:
    """What comparing everything has found and changed."""

    outcome: Outcome
    written: int
    """Matches that are new or other than before."""
    dropped: int
    """Matches that are none any more."""
    regrouped: int
    """Accounts that workers group anew."""


@dataclass(frozen=True, slots=True)
class _Slice:
    """One part of the profiles, read by the process that works on it."""

    settings: Settings
    rules: Rules
    view: str
    number: int
    of: int

    def __call__(self) -> Iterator[Any]:
        """Yield the evidence of the accounts that take part; their keys are written where they have changed."""
        with closing(Cluster(self.settings)) as cluster:
            any_looked = cluster.count(annotation_store.INDEX) > 0
            for page in self._pages(cluster):
                by_id = {account.account_id: account for account in page}
                accounts = list((annotation_store.with_avatars(cluster, by_id) if any_looked else by_id).values())
                taking = {a.account_id: keyring.entry_of(a) for a in accounts if keyring.takes_part(a, self.rules)}
                before = keyring.load(cluster, [account.account_id for account in accounts])
                left = {a.account_id: account_version(a) for a in accounts if a.account_id not in taking}
                changed = [entry for account_id, entry in taking.items() if before.get(account_id) != entry]
                departed = {account_id: version for account_id, version in left.items() if account_id in before}
                if changed or departed:
                    keyring.save(cluster, changed, departed)
                yield from (entry.evidence for entry in taking.values())

    def _pages(self, cluster: Cluster) -> Iterator[list[Account]]:
        body: Doc = {
            "pit": {"id": self.view, "keep_alive": f"{KEEP_S}s"},
            "query": {"match_all": {}},
            "_source": ["account"],
            "sort": [{"account_id": "asc"}],
            "size": PAGE,
            "track_total_hits": False,
        }
        if self.of > 1:
            body["slice"] = {"id": self.number, "max": self.of}
        while hits := cluster.search_point_in_time(body)["hits"]["hits"]:
            yield [Account.model_validate(hit["_source"]["account"]) for hit in hits]
            body["search_after"] = hits[-1]["sort"]


def compare_all(
    stores: Stores,
    *,
    workers: int = 2,
    regroup: bool = False,
    on_step: Callable[[str, int, int], None] = lambda *_: None,
) -> Compared:
    """Compare every account with all others, write what changes, and queue the grouping of those whom it concerns.

    Args:
        stores: to work with.
        workers: processes that compare.
        regroup: whether every account with a match is grouped anew, as after a change of the thresholds; else those
            whose matches have changed.
        on_step: told the name of a step, how much of it is done, and how much there is.

    Raises:
        ClusterUnavailable, QueueUnavailable: do it again; what was written by then is not written a second time.
    """
    cluster, rules, model = stores.cluster, rules_of(stores.settings), current(stores)
    cluster.refresh("profiles")
    view = cluster.open_point_in_time("profiles", keep_alive_s=KEEP_S)
    try:
        parts = SLICES * workers
        shards = [_Slice(stores.settings, rules, view, number, parts) for number in range(parts)]
        terms = Terms(model.model, rules.review, rules.merge, workers=workers)
        outcome = resolve_population(shards, terms, on_step=on_step)
    finally:
        cluster.close_point_in_time(view)
    written = dropped = 0
    concerned: set[str] = set()
    for found in _plans(cluster, outcome, model):
        _apply(stores, found)
        concerned.update(found.accounts)
        written, dropped = written + len(found.edges), dropped + len(found.dropped)
    if regroup:
        others = sorted({one for match in outcome.matches for one in match[:2]} - concerned)
        for batch in _batches(others, PAGE):
            stores.queue.enqueue("resolve_object", _book(stores, batch))
        concerned.update(others)
    return Compared(outcome, written, dropped, len(concerned))


def _plans(cluster: Cluster, outcome: Outcome, model: InForce) -> Iterator[Plan]:
    """Yield what has to be written, a part at a time."""
    for batch in _batches([match[:2] for match in outcome.matches], PAGE):
        edges = _changed(cluster, batch, model)
        if edges:
            yield Plan(edges=edges)
    wanted = {match[:2] for match in outcome.matches}
    cluster.refresh(EDGES)
    body = {"query": {"term": {"kind": MATCH}}, "_source": ["left", "right", "version"], "sort": [{"edge_id": "asc"}]}
    docs = (hit["_source"] for hit in cluster.scan(EDGES, body))
    stray = [((doc["left"], doc["right"]), doc["version"]) for doc in docs if (doc["left"], doc["right"]) not in wanted]
    for batch_of_strays in _batches(stray, PAGE):
        yield Plan(dropped=dict(batch_of_strays))


def _changed(cluster: Cluster, pairs: Sequence[Pair], model: InForce) -> dict[Pair, Doc]:
    """Return the documents of matches that are not in the index as they should be."""
    entries = keyring.load(cluster, {account_id for pair in pairs for account_id in pair})
    known = cluster.sources(EDGES, [pair_id(pair) for pair in pairs])
    found = {}
    for pair in pairs:
        if pair[0] not in entries or pair[1] not in entries:
            continue  # one left while the others were compared; whoever wrote that has compared it
        both = (entries[pair[0]], entries[pair[1]])
        match = model.model.match(both[0].evidence, both[1].evidence)
        doc = matching.document(match, both, model.version)
        if known.get(pair_id(pair)) != doc:
            found[pair] = doc
    return found


def _apply(stores: Stores, found: Plan) -> None:
    """Book whose evidence changes, write it, and have them grouped anew."""
    key = _book(stores, found.accounts)
    dropped = matching.apply(stores.cluster, found)
    bulk.write(stores.cluster, [reviews.deletion_of(pair) for pair in dropped])
    stores.queue.enqueue("resolve_object", key)


def _book(stores: Stores, account_ids: Sequence[str]) -> str:
    """Book accounts that are to be grouped anew, as an object without records; returns its key."""
    told: Doc = {"unresolved": len(account_ids), "regroup": list(account_ids)}
    receipt = ObjectReceipt(key=f"{CHANGES}/{uuid4().hex}", records=0, state=State.INDEXED, **told)
    receipts.save(stores.cluster, receipt)
    return receipt.key


def _batches(values: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    return (values[start : start + size] for start in range(0, len(values), size))
