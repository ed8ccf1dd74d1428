"""Accounts that are probably one person, found by their keys and kept as edges.

Which pairs are edges is a function of the accounts as they are now and of the model, whatever came in first: two
accounts are compared exactly if they share a key that at most ``MAX_BLOCK`` accounts have. A key that outgrows this
takes with it the edges that nothing else carries; one that shrinks back brings all its accounts to be compared again.
Jobs run beside each other: each makes its keys visible before it looks for others, so of two the later sees both, and
looks once more at the keys of what it wrote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from creators.stores import bulk
from enrich import profiles
from enrich.profiles import account_version
from enrich.resolve import keyring
from enrich.resolve.edges import Pair, pair_id, pair_of
from enrich.resolve.keyring import Around, Entry
from enrich.resolve.keys import MAX_BLOCK
from enrich.resolve.neighbourhood import MATCH, TERMS_BATCH

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster
    from enrich.resolve.current import InForce
    from enrich.resolve.model import Match
    from enrich.resolve.rules import Rules

EDGES = "identity-edges"
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


def plan(cluster: Cluster, account_ids: Iterable[str], model: InForce, rules: Rules) -> Plan:
    """Compare accounts, as they are now, with all that share a key; returns what changes by it.

    Their keys are written on the way; nothing else is. A key that so many had before, and so few have now, that it is a
    key again, brings all who have it.
    """
    wanted = sorted(set(account_ids))
    accounts = profiles.load_accounts(cluster, wanted)
    before = keyring.load(cluster, wanted)
    entries = {one: keyring.entry_of(a) for one, a in accounts.items() if keyring.takes_part(a, rules)}
    departed = {one: account_version(accounts[one]) for one in before if one in accounts and one not in entries}
    keyring.save(cluster, [entry for one, entry in entries.items() if before.get(one) != entry], departed)
    own = {key for entry in entries.values() for key in entry.keys}
    lost = _lost(before, entries)
    around = keyring.around(cluster, own | lost.keys(), limit=MAX_BLOCK) if own or lost else Around({}, {})
    counts = around.counts
    again = {key for key, fewer in lost.items() if counts.get(key, 0) <= MAX_BLOCK < counts.get(key, 0) + fewer}
    freed = {one: entry for one, entry in around.entries.items() if not again.isdisjoint(entry.keys)}
    if freed:
        entries |= freed
        around = keyring.around(cluster, {key for entry in entries.values() for key in entry.keys}, limit=MAX_BLOCK)
    return _compared(cluster, entries, departed, around, (model, rules))


def _lost(before: Mapping[str, Entry], now: Mapping[str, Entry]) -> Counter[str]:
    """Return by how many accounts each key has become less by what has changed."""
    had = Counter(key for entry in before.values() for key in entry.keys)
    have = Counter(key for entry in now.values() for key in entry.keys)
    return had - have


def _compared(
    cluster: Cluster,
    seeds: Mapping[str, Entry],
    departed: Mapping[str, int],
    around: Around,
    by: tuple[InForce, Rules],
) -> Plan:
    """Return what changes by comparing seeds with all around them, by a model and rules."""
    (model, rules), everyone = by, {**around.entries, **seeds}
    usable = {key for entry in seeds.values() for key in entry.keys if around.counts.get(key, 0) <= MAX_BLOCK}
    found = Plan()
    wanted: dict[Pair, Doc] = {}
    for pair in _pairs(seeds, everyone, usable):
        found.scored += 1
        match = model.model.match(everyone[pair[0]].evidence, everyone[pair[1]].evidence)
        if match.probability >= rules.review:
            wanted[pair] = document(match, (everyone[pair[0]], everyone[pair[1]]), model.version)
    known = _known(cluster, [*seeds, *departed])
    found.edges = {pair: doc for pair, doc in wanted.items() if known.get(pair) != doc}
    versions = {**departed, **{account_id: entry.version for account_id, entry in everyone.items()}}
    for pair, doc in known.items():
        if pair not in wanted:
            found.dropped[pair] = max(doc["version"], sum(versions.get(one, 0) for one in pair))
    overgrown = {key for entry in seeds.values() for key in entry.keys} - usable
    found.dropped |= {p: v for p, v in _uncarried(cluster, overgrown).items() if p not in wanted}
    return found


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


def _known(cluster: Cluster, account_ids: list[str]) -> dict[Pair, Doc]:
    """Return the matches of accounts that are in the index."""
    found: dict[Pair, Doc] = {}
    for start in range(0, len(account_ids), TERMS_BATCH):
        batch = account_ids[start : start + TERMS_BATCH]
        found |= _matches(cluster, {"bool": {"should": [{"terms": {"left": batch}}, {"terms": {"right": batch}}]}})
    return found


def _matches(cluster: Cluster, query: Doc) -> dict[Pair, Doc]:
    body = {"query": {"bool": {"filter": [{"term": {"kind": MATCH}}, query]}}, "sort": [{"edge_id": "asc"}]}
    docs = (hit["_source"] for hit in cluster.scan(EDGES, body))
    return {(doc["left"], doc["right"]): doc for doc in docs}


def _uncarried(cluster: Cluster, overgrown: Collection[str]) -> dict[Pair, int]:
    """Return the matches that were found by keys which too many have by now, and by no other."""
    ordered = sorted(overgrown)
    found: dict[Pair, Doc] = {}
    for start in range(0, len(ordered), TERMS_BATCH):
        found |= _matches(cluster, {"terms": {"keys": ordered[start : start + TERMS_BATCH]}})
    counts = keyring.counts(cluster, {key for doc in found.values() for key in doc["keys"]}) if found else {}
    return {
        pair: doc["version"]
        for pair, doc in found.items()
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
        late = _uncarried(cluster, {key for doc in found.edges.values() for key in doc["keys"]})
        if late:
            bulk.write(
                cluster, [bulk.Action(EDGES, pair_id(pair), None, at) for pair, at in late.items()], refresh=True
            )
        dropped |= late
    return sorted(dropped)
