"""What a process computes signals with, made once, and the creators of one lake object computed with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from creators.stores.scripts import Shared
from creators.stores.steps import care
from creators.stores.tallies import Count, Tallies
from enrich import peers, signal_store
from enrich.encoders.opened import open_encoder
from enrich.signals.compute import Computed, Known, Workshop, compute_signals, full_version
from enrich.signals.judge import judge_of
from enrich.signals.registry import registered
from enrich.vectors import KnownVectors, Lookups

if TYPE_CHECKING:
    from collections.abc import Mapping

    from creators.stores.cluster import Cluster
    from creators.stores.session import Stores
    from enrich.signals.facts import CreatorFacts

INSTALLATIONS = 2
"""Of how many installations a process remembers what it computes with; a worker has one."""


class Bench:
    """A workshop with the vectors that it keeps in one installation."""

    def __init__(self, stores: Stores) -> None:
        encoder = open_encoder(stores.settings)
        self.vectors = KnownVectors(stores.cluster, encoder)
        is_shipped = stores.settings.encoder_dir is None
        self.peers = peers.current(stores)
        signals = registered(self.vectors.encode, judge_of(stores), is_shipped=is_shipped, peers=self.peers)
        self.workshop = Workshop(signals, self.vectors.encode, encoder.fingerprint)

    def told(self) -> list[Count]:
        """Return what was done since this was asked last, as counts."""
        effort, lookups = self.workshop.effort, self.vectors.lookups
        computed = [
            Count("signals_computed", {"signal": name, "reason": reason}, amount)
            for (name, reason), amount in effort.computed.items()
        ]
        seconds = [Count("signal_seconds", {"signal": name}, amount) for name, amount in effort.seconds.items()]
        vectors = [
            Count("vector_lookups", {"result": result}, getattr(lookups, result))
            for result in ("remembered", "found", "encoded")
        ]
        effort.forget()
        self.vectors.lookups = Lookups()
        return [*computed, *seconds, *vectors, Count("encoding_seconds", {}, lookups.seconds)]


_BENCHES: dict[Cluster, Bench] = {}


def bench_of(stores: Stores) -> Bench:
    """Return what this process computes an installation's signals with."""
    if stores.cluster in _BENCHES and _BENCHES[stores.cluster].peers.version != peers.current(stores).version:
        # Another reference was put in force: values of two versions must not mix.
        del _BENCHES[stores.cluster]
    if stores.cluster not in _BENCHES:
        for oldest in list(_BENCHES)[: 1 - INSTALLATIONS]:
            del _BENCHES[oldest]
        _BENCHES[stores.cluster] = Bench(stores)
    return _BENCHES[stores.cluster]


def current_versions(stores: Stores) -> dict[str, str]:
    """Return name → version of every signal of this program."""
    return {signal.name: full_version(signal) for signal in bench_of(stores).workshop.signals}


def compute(stores: Stores, facts: Sequence[CreatorFacts], places: Sequence[str]) -> tuple[list[Computed], set[str]]:
    """Return the signals of creators, and the ids of those that end every process that computes theirs.

    Args:
        stores: of the installation.
        facts: about the creators of one lake object.
        places: the ids of all creators of the object: the place of one in it is how a death is booked.

    Raises:
        QueueUnavailable, ClusterUnavailable: a store does not answer.
    """
    bench, known = bench_of(stores), care()
    stored = signal_store.known(stores.cluster, [fact.creator_id for fact in facts])
    if known.deaths:
        computed, lost = _one_by_one(bench.workshop, facts, stored, places)
    else:
        computed, lost = compute_signals(facts, bench.workshop, stored), set()
    Tallies(Shared(stores.queue.redis, stores.settings.index_prefix)).add(bench.told())
    return computed, lost


def _one_by_one(
    workshop: Workshop, facts: Sequence[CreatorFacts], stored: Mapping[str, Known], places: Sequence[str]
) -> tuple[list[Computed], set[str]]:
    known, lost = care(), set()
    computed: list[Computed] = []
    for fact in facts:
        place = places.index(fact.creator_id)
        if place in known.poisoned:
            lost.add(fact.creator_id)
            continue
        with known.in_hand(place):
            computed += compute_signals([fact], workshop, stored)
    return computed, lost
