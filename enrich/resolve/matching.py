"""Accounts that are probably one person, found by their keys and kept as edges.

Which pairs are edges is a function of the accounts as they are now and of the model, whatever came in first: two
accounts are compared exactly if they share a key that at most ``MAX_BLOCK`` accounts have. A key that outgrows this
takes with it the edges that nothing else carries; one that shrinks back brings all its accounts to be compared again.
Jobs run beside each other: each makes its keys visible before it looks for others, so of two the later sees both, and
looks once more at the keys of what it wrote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from creators.stores import bulk, receipts
from enrich.profiles import account_version
from enrich.resolve import keyring
from enrich.resolve.edges import Pair, pair_id, pair_of
from enrich.resolve.keyring import Around, Entry
from enrich.resolve.keys import MAX_BLOCK
from enrich.resolve.neighbourhood import MATCH, SIDES, TERMS_BATCH

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster
    from creators.stores.receipts import ObjectReceipt
    from enrich.resolve.current import InForce
    from enrich.resolve.model import Match
    from enrich.resolve.rules import Rules

EDGES = "identity-edges"
BESIDE = 10
"""Accounts that other jobs may take from a key at the same time: who leaves last sees more gone than its own."""
Doc = dict[str, Any]


@dataclass(slots=True)
class Plan:
    """What comparing some accounts has found, before it is written."""

    edges: dict[Pair, Doc] = field(default_factory=dict)
    """New and changed matches, by pair."""
    dropped: dict[Pair, int] = field(default_factory=dict)
    """Pairs that are no match any more, with the version of their deletion."""
    scored: int = 0
    """Pairs compared."""
    kept: set[Pair] = field(default_factory=set)
    """Pairs that are a match now, whether they were before or not."""
    booked: bool = False
    """Whether the receipt says already that all whom this concerns are to be grouped anew."""
    lost_keys: dict[str, int] = field(default_factory=dict)
    """Key → by how many accounts it has become less: whoever has it may have to be compared again."""

    @property
    def accounts(self) -> list[str]:
        """The accounts whose evidence changes, sorted."""
        return sorted({account_id for pair in (*self.edges, *self.dropped) for account_id in pair})


def document(match: Match, entries: tuple[Entry, Entry], model: str) -> Doc:
    """Return the document of a match: how probable it is, why, and by which keys it was found."""
    left, right = entries
    return {
        "edge_id": pair_id((match.left, match.right)),
        "left": match.left,
        "right": match.right,
        "kind": MATCH,
        "probability": round(match.probability, 9),
        "model": model,
        "keys": sorted(left.keys & right.keys),
        # Each account's version only grows, so of two comparisons of a pair that of the later state stands.
        "version": left.version + right.version,
        "at": max(left.at, right.at).isoformat(),
        "evidence": {
            "weight": match.weight,
            "parts": [asdict(part) for part in match.parts],
        },
    }


def plan(
    cluster: Cluster, account_ids: Iterable[str], model: InForce, rules: Rules, receipt: ObjectReceipt | None = None
) -> Plan:
    """Compare accounts, as they are now, with all that share a key; returns what changes by it.

    Their keys are written on the way, and into the receipt what a process that dies has still to do: nothing but the
    keys themselves tells that they have changed, and nothing but an edge that it has been found. A key that so many
    had before, and so few have now, that it is a key again, brings all who have it.
    """
    accounts, before = keyring.load_with_accounts(cluster, account_ids)
    entries = {one: keyring.entry_of(a) for one, a in accounts.items() if keyring.takes_part(a, rules)}
    departed = {one: account_version(accounts[one]) for one in before if one in accounts and one not in entries}
    stranded = Counter(receipt.lost_keys if receipt else {})  # a process that was at it has died
    lost = _lost(before, entries) | stranded
    changed = [entry for one, entry in entries.items() if before.get(one) != entry]
    booked = _save_keys(cluster, changed, departed, lost, receipt)
    own = {key for entry in entries.values() for key in entry.keys}
    known, around = _read(cluster, [*entries, *departed], own | lost.keys())
    counts = around.counts
    again = {
        key for key, fewer in lost.items() if counts.get(key, 0) <= MAX_BLOCK < counts.get(key, 0) + fewer + BESIDE
    }
    again |= {key for key in stranded if counts.get(key, 0) <= MAX_BLOCK}
    freed = {one: entry for one, entry in around.entries.items() if not again.isdisjoint(entry.keys)}
    if freed:
        entries |= freed
        known, around = _read(cluster, [*entries, *departed], {key for one in entries.values() for key in one.keys})
    found = _compared(_Seen(entries, departed, around, known), model, rules)
    found.dropped |= _outgrown(cluster, entries, around, found)
    found.booked = booked and not freed and not found.dropped
    found.lost_keys = dict(lost)
    return found


def _save_keys(
    cluster: Cluster,
    changed: list[Entry],
    departed: Mapping[str, int],
    lost: Mapping[str, int],
    receipt: ObjectReceipt | None,
) -> bool:
    """Write keys; returns whether the receipt says that whose keys they are is to be grouped anew."""
    if receipt is None or not (changed or departed):
        keyring.save(cluster, changed, departed)
        return False
    regroup = sorted({*receipt.regroup, *(entry.account_id for entry in changed), *departed})
    booking = receipt.model_copy(update={"regroup": regroup, "lost_keys": dict(lost)})
    if lost:
        # First: once they are written, nothing else tells which keys have become less.
        receipts.save(cluster, booking)
        keyring.save(cluster, changed, departed)
    else:
        keyring.save(cluster, changed, departed, beside=[receipts.action_of(booking)])
    return True


def _read(cluster: Cluster, account_ids: Sequence[str], keys: Collection[str]) -> tuple[dict[Pair, Doc], Around]:
    """Return the matches of accounts in the index, and who has one of some keys; in one request if it can be."""
    few = keyring.search_for(keys) if keys else None
    edges = [
        _match_search(
            {"bool": {"should": [{"terms": {side: list(account_ids[at : at + TERMS_BATCH])}} for side in SIDES]}}
        )
        for at in range(0, len(account_ids), TERMS_BATCH)
    ]
    found, asked = cluster.scan_all(edges, beside=[(keyring.INDEX, few)] if few else [])
    if not keys:
        return _by_pair(chain.from_iterable(found)), Around({}, {})
    around = keyring.around(cluster, keys, limit=MAX_BLOCK, answer=asked[0] if asked else None)
    return _by_pair(chain.from_iterable(found)), around


def _lost(before: Mapping[str, Entry], now: Mapping[str, Entry]) -> Counter[str]:
    """Return by how many accounts each key has become less by what has changed."""
    had = Counter(key for entry in before.values() for key in entry.keys)
    have = Counter(key for entry in now.values() for key in entry.keys)
    return had - have


@dataclass(frozen=True, slots=True)
class _Seen:
    """What comparing some accounts goes by."""

    seeds: Mapping[str, Entry]
    departed: Mapping[str, int]
    """Accounts that take no part any more, with their version."""
    around: Around
    known: Mapping[Pair, Doc]
    """Matches that are in the index."""


def _compared(seen: _Seen, model: InForce, rules: Rules) -> Plan:
    """Return what changes by comparing seeds with all around them, by a model and rules."""
    everyone = {**seen.around.entries, **seen.seeds}
    usable = {key for one in seen.seeds.values() for key in one.keys if seen.around.counts.get(key, 0) <= MAX_BLOCK}
    found = Plan()
    wanted: dict[Pair, Doc] = {}
    for pair in _pairs(seen.seeds, everyone, usable):
        found.scored += 1
        match = model.model.match(everyone[pair[0]].evidence, everyone[pair[1]].evidence)
        if match.probability >= rules.review:
            wanted[pair] = document(match, (everyone[pair[0]], everyone[pair[1]]), model.version)
    found.edges = {pair: doc for pair, doc in wanted.items() if seen.known.get(pair) != doc}
    found.kept = {*wanted}
    versions = {**seen.departed, **{account_id: entry.version for account_id, entry in everyone.items()}}
    for pair, doc in seen.known.items():
        if pair not in wanted:
            found.dropped[pair] = max(doc["version"], sum(versions.get(one, 0) for one in pair))
    return found


def _outgrown(cluster: Cluster, seeds: Mapping[str, Entry], around: Around, found: Plan) -> dict[Pair, int]:
    """Return the matches that are carried by nothing but keys of seeds which too many have by now."""
    overgrown = {key for one in seeds.values() for key in one.keys if around.counts.get(key, 0) > MAX_BLOCK}
    return {pair: at for pair, at in _uncarried(cluster, overgrown).items() if pair not in found.kept}


def _pairs(seeds: Mapping[str, Entry], around: Mapping[str, Entry], usable: Collection[str]) -> list[Pair]:
    """Return the pairs of a seed and an account that shares a usable key with it, each once, sorted."""
    block: dict[str, list[str]] = {}
    for account_id, entry in around.items():
        for key in entry.keys.intersection(usable):
            block.setdefault(key, []).append(account_id)
    return sorted(
        {
            pair_of(account_id, other)
            for account_id, entry in seeds.items()
            for key in entry.keys.intersection(usable)
            for other in block[key]
            if other != account_id
        }
    )


def _match_search(query: Doc) -> tuple[str, Doc]:
    return EDGES, {"query": {"bool": {"filter": [{"term": {"kind": MATCH}}, query]}}, "sort": [{"edge_id": "asc"}]}


def _by_pair(hits: Iterable[Doc]) -> dict[Pair, Doc]:
    docs = (hit["_source"] for hit in hits)
    return {(doc["left"], doc["right"]): doc for doc in docs}


def _uncarried(cluster: Cluster, overgrown: Collection[str]) -> dict[Pair, int]:
    """Return the matches that were found by keys which too many have by now, and by no other."""
    ordered = sorted(overgrown)
    found: dict[Pair, Doc] = {}
    for start in range(0, len(ordered), TERMS_BATCH):
        found |= _by_pair(cluster.scan(*_match_search({"terms": {"keys": ordered[start : start + TERMS_BATCH]}})))
    return _without_key(cluster, found)


def _without_key(cluster: Cluster, edges: Mapping[Pair, Doc]) -> dict[Pair, int]:
    """Return those of some matches that no key carries any more, with their versions."""
    counts = keyring.counts(cluster, {key for doc in edges.values() for key in doc["keys"]}) if edges else {}
    return {
        pair: doc["version"]
        for pair, doc in edges.items()
        if all(counts.get(key, 0) > MAX_BLOCK for key in doc["keys"])
    }


def apply(cluster: Cluster, found: Plan) -> list[Pair]:
    """Write what was found, visible at once; returns the pairs that are no match any more."""
    actions = [bulk.Action(EDGES, doc["edge_id"], doc, doc["version"]) for doc in found.edges.values()]
    actions += [bulk.Action(EDGES, pair_id(pair), None, version) for pair, version in found.dropped.items()]
    dropped = dict(found.dropped)
    if actions:
        bulk.write(cluster, actions, refresh=True)
    if found.edges:
        # A key may have outgrown its limit since it was counted; whoever made it so did not see these edges.
        late = _without_key(cluster, found.edges)
        if late:
            bulk.write(
                cluster, [bulk.Action(EDGES, pair_id(pair), None, at) for pair, at in late.items()], refresh=True
            )
        dropped |= late
    return sorted(dropped)
