"""Signals that an older version of this program computed: whose they are, and how they are computed again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING
from uuid import uuid4

from creators.errors import BadInput
from creators.stores import receipts
from creators.stores.receipts import NEXT_JOB, ObjectReceipt, State
from creators.stores.scripts import Shared
from creators.stores.tallies import Tallies
from enrich import signal_store
from enrich.signal_store import version_key
from enrich.workshop import current_versions

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster
    from creators.stores.session import Stores

AGAIN = "signals"
"""How the key of a receipt begins that is about creators and not about records."""
BATCH = 200
"""Creators in one job."""
_PER = 1_000


@dataclass(frozen=True, slots=True)
class SignalState:
    """One signal and the creators that have it.

    Attributes:
        name, version: of this program.
        current: creators whose value was computed by this version.
        outdated: those whose value was not, or who have none yet.
        computed: values computed so far, by all processes, since Redis began to count.
        kept: values that stood because nothing had changed.
        seconds_per_1000: of computing 1,000 values, encoding included; None where none was computed.
    """

    name: str
    version: str
    current: int
    outdated: int
    computed: int
    kept: int
    seconds_per_1000: float | None


@dataclass(frozen=True, slots=True)
class VectorState:
    """What encoding took, and saved.

    Attributes:
        kept: vectors in the index.
        needed: vectors that were asked for so far.
        encoded: of these, how many had to be computed.
        hit_rate: share of those that had not; None where none was asked for.
        seconds_per_1000: of computing 1,000 vectors; None where none was computed.
    """

    kept: int
    needed: int
    encoded: int
    hit_rate: float | None
    seconds_per_1000: float | None


def signal_states(stores: Stores) -> list[SignalState]:
    """Return every signal of this program with how far the creators are; of the index as it is now."""
    stores.cluster.refresh(signal_store.INDEX)
    creators, having = signal_store.versions(stores.cluster)
    told = _told(stores)
    states = []
    for name, version in current_versions(stores).items():
        current = having.get(version_key(name, version), 0)
        kept = told.get(("signals_computed", name, "unchanged"), 0.0)
        computed = sum(told.get(("signals_computed", name, reason), 0.0) for reason in ("new", "version", "inputs"))
        seconds = told.get(("signal_seconds", name, ""), 0.0)
        cost = round(seconds / computed * _PER, 3) if computed else None
        states.append(SignalState(name, version, current, creators - current, int(computed), int(kept), cost))
    return states


def vector_state(stores: Stores) -> VectorState:
    """Return how many vectors are kept and how often one was found."""
    told = _told(stores)
    by_result = {result: told.get(("vector_lookups", "", result), 0.0) for result in ("remembered", "found", "encoded")}
    needed, encoded = sum(by_result.values()), by_result["encoded"]
    seconds = told.get(("encoding_seconds", "", ""), 0.0)
    return VectorState(
        kept=stores.cluster.count("vectors"),
        needed=int(needed),
        encoded=int(encoded),
        hit_rate=round(1 - encoded / needed, 4) if needed else None,
        seconds_per_1000=round(seconds / encoded * _PER, 3) if encoded else None,
    )


def model_usd_per_1000(stores: Stores) -> float | None:
    """Return what a language model cost for 1,000 creators whose brand risk was computed, in USD; None without one."""
    counts = Tallies(Shared(stores.queue.redis, stores.settings.index_prefix)).read()
    usd = sum(count.amount for count in counts if count.name == "llm_usd")
    creators = next((one.computed for one in signal_states(stores) if one.name == "brand_risk"), 0)
    return round(usd / creators * _PER, 4) if usd and creators else None


def _told(stores: Stores) -> dict[tuple[str, str, str], float]:
    counts = Tallies(Shared(stores.queue.redis, stores.settings.index_prefix)).read()
    return {
        (
            count.name,
            count.labels.get("signal", ""),
            count.labels.get("reason", count.labels.get("result", "")),
        ): count.amount
        for count in counts
    }


def outdated(stores: Stores, names: Collection[str] = ()) -> Iterator[str]:
    """Yield the creators with a signal of another version; of these signals only, where some are named.

    Raises:
        BadInput: there is no such signal.
    """
    versions = current_versions(stores)
    if unknown := sorted(set(names) - versions.keys()):
        detail = f"{unknown[0]!r} is not a signal: one of {', '.join(versions)}"
        raise BadInput(detail, field="signal")
    stores.cluster.refresh(signal_store.INDEX)
    wanted = [version_key(name, version) for name, version in versions.items() if not names or name in names]
    return signal_store.outdated(stores.cluster, wanted)


def book(stores: Stores, creator_ids: Iterator[str]) -> Iterator[tuple[str, int]]:
    """Book creators to be computed and indexed again, and yield the key of each piece of work with their number.

    The delivery account does not count them: no record comes in. What is booked is worked off, whatever dies.
    """
    while batch := list(islice(creator_ids, BATCH)):
        key = f"{AGAIN}/{uuid4().hex}"
        receipts.save(stores.cluster, ObjectReceipt(key=key, records=0, state=State.NORMALISED, creator_ids=batch))
        stores.queue.enqueue(NEXT_JOB[State.NORMALISED], key)
        yield key, len(batch)


def unfinished(cluster: Cluster, keys: Sequence[str]) -> list[str]:
    """Return which pieces of work are still to be done."""
    pending = []
    for key in keys:
        receipt = receipts.load(cluster, key)
        if receipt is not None and receipt.is_open:
            pending.append(key)
    return pending
