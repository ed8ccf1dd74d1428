"""Who is who in a whole population at once: the same pairs, probabilities and groups as one account after the other.

    evidence → keys and columns → pairs that share a key → pairs that can reach the threshold → scores → groups

Each step but the last is divided among processes. Only pairs that the columns cannot rule out (:mod:`enrich.resolve.
bounds`) are scored, by the same model as online; a pair below the threshold is nobody's match, scored or not.
"""

from __future__ import annotations

import gc
import math
import pickle
import resource
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from multiprocessing import get_context
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from creators.errors import CreatorscopeError
from enrich.resolve.blocks import Codes, hash_of, pairs_of, united
from enrich.resolve.bounds import hopeful
from enrich.resolve.clustering import Node, cluster
from enrich.resolve.columns import Columns, columns_of
from enrich.resolve.comparisons import compare
from enrich.resolve.evidence import Evidence
from enrich.resolve.keys import blocking_keys
from enrich.resolve.rarity import Rarity
from enrich.resolve.rows import Pairs
from enrich.resolve.thresholds import MERGE, REVIEW

if TYPE_CHECKING:
    from enrich.resolve.model import MatchModel

Pair = tuple[str, str]
Shard = Callable[[], Iterable[Evidence]]
"""A part of the population, read where it is worked on; the parts have no account in common."""
T = TypeVar("T")
A = TypeVar("A")
CHUNK = 1 << 18
"""Pairs that are looked at together."""
PACK = 256
"""Accounts whose evidence lies together."""
_FIELDS = tuple(one.name for one in fields(Evidence))
_VALUES = attrgetter(*_FIELDS)


class Scored(NamedTuple):
    """A pair of at least the probability that was asked for; ``left < right``."""

    left: str
    right: str
    probability: float


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides: the model, from which probability a match counts, from which it joins, and what people said."""

    model: MatchModel
    review: float = REVIEW
    merge: float = MERGE
    joined: tuple[Pair, ...] = ()
    apart: tuple[Pair, ...] = ()
    workers: int = 2


@dataclass(slots=True)
class Outcome:
    """Who is who.

    Attributes:
        groups: of at least two accounts, sorted; every other account stands alone.
        matches: pairs of at least the probability of a review, sorted.
        accounts: in the population.
        candidates: pairs that share a key.
        scored: pairs whose exact weight was computed; the others cannot be matches.
        seconds: by step.
        peak_mb: memory that the largest process held at its most, in MB.
    """

    groups: list[frozenset[str]] = field(default_factory=list)
    matches: list[Scored] = field(default_factory=list)
    accounts: int = 0
    candidates: int = 0
    scored: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    peak_mb: float = 0.0


class _Part(NamedTuple):
    """What one process knows of its shard."""

    ids: list[str]
    platforms: list[str]
    columns: Columns
    hashes: NDArray[np.uint64]
    sizes: NDArray[np.int64]
    packs: list[bytes]
    """Evidence of ``PACK`` accounts each; only the last has fewer."""


@dataclass(slots=True)
class _Shared:
    """What the processes of one step see; children inherit it when they are made."""

    terms: Terms
    shards: Sequence[Shard] = ()
    columns: Columns = field(default_factory=lambda: columns_of([], Rarity()))
    hashes: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    owners: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    total: int = 0
    packs: list[bytes] = field(default_factory=list)
    places: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """Of an account its place among the packs: pack times ``PACK`` and place in it."""
    opened: dict[int, list[Evidence]] = field(default_factory=dict)

    def evidence(self, account: int) -> Evidence:
        """Return the evidence of an account."""
        pack, at = divmod(int(self.places[account]), PACK)
        if pack not in self.opened:
            rows = pickle.loads(self.packs[pack])  # noqa: S301 - written by a process of this run
            self.opened[pack] = [Evidence(**dict(zip(_FIELDS, row, strict=True))) for row in rows]
        return self.opened[pack][at]


_HERE: list[_Shared] = []
"""What this process, or the parent that it was made of, works on."""


def resolve_population(
    shards: Sequence[Shard], terms: Terms, *, on_step: Callable[[str, int, int], None] = lambda *_: None
) -> Outcome:
    """Return who is who among all accounts.

    Args:
        shards: the population in parts.
        terms: what decides.
        on_step: told the name of a step, how much of it is done, and how much there is.

    Raises:
        CreatorscopeError: a process was ended from outside.
    """
    found = Outcome()
    run = _Run(terms, found, on_step)
    shared = _Shared(terms, shards)
    with run.timed("evidence"):
        parts = run.divided(shared, _read, list(range(len(shards))), "evidence")
        ids, platforms = _gathered(shared, parts)
        del parts
    found.accounts = shared.total
    with run.timed("pairs"):
        codes = united(run.divided(shared, _paired, list(range(terms.workers)), "pairs"))
        shared.hashes, shared.owners = np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)
    found.candidates = len(codes)
    with run.timed("bounds"):
        pieces = [codes[at : at + CHUNK] for at in range(0, len(codes), CHUNK)]
        kept = united(run.divided(shared, _bounded, pieces, "bounds"))
    found.scored = len(kept)
    with run.timed("scores"):
        step = max(1, min(CHUNK // 8, math.ceil(len(kept) / terms.workers)))
        pieces = [kept[at : at + step] for at in range(0, len(kept), step)]
        scores = [one for part in run.divided(shared, _scored, pieces, "scores") for one in part]
        found.matches = sorted(_named(ids, shared.total, *one) for one in scores)
    with run.timed("groups"):
        found.groups = _groups(ids, platforms, found.matches, terms)
    return found


@dataclass(slots=True)
class _Run:
    terms: Terms
    found: Outcome
    on_step: Callable[[str, int, int], None]

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Note how long a step takes."""
        started = time.perf_counter()
        yield
        self.found.seconds[step] = round(time.perf_counter() - started, 3)
        usage = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        self.found.peak_mb = max(self.found.peak_mb, round(max(usage) / 1024, 1))

    def divided(self, shared: _Shared, work: Callable[[A], T], pieces: Sequence[A], step: str) -> list[T]:
        """Return what the work makes of each piece, in their order; by several processes where more than one may."""
        _HERE.append(shared)
        # Millions of values and no cycle among them: to look for one again and again takes a third of the time.
        collects = gc.isenabled()
        gc.disable()
        try:
            return list(self._told(self._worked(work, pieces), step, len(pieces)))
        finally:
            _HERE.pop()
            if collects:
                gc.enable()

    def _worked(self, work: Callable[[A], T], pieces: Sequence[A]) -> Iterator[T]:
        if self.terms.workers == 1 or len(pieces) < 2:  # noqa: PLR2004 - nothing to divide
            yield from map(work, pieces)
            return
        # Not a `Pool`: that ends its processes by a signal, which one that was just forked can miss, and waits for ever
        # for the answer of one that was killed.
        with ProcessPoolExecutor(self.terms.workers, mp_context=get_context("fork")) as pool:
            try:
                yield from pool.map(work, pieces)
            except BrokenProcessPool as error:
                detail = (
                    f"one of {self.terms.workers} processes that compare accounts was ended from outside, most likely "
                    "for lack of memory: try again with fewer --workers"
                )
                raise CreatorscopeError(detail) from error

    def _told(self, results: Iterable[T], step: str, total: int) -> Iterator[T]:
        for done, result in enumerate(results, start=1):
            self.on_step(step, done, total)
            yield result


def _read(shard: int) -> _Part:
    shared = _HERE[-1]
    evidences = list(shared.shards[shard]())
    keys = [blocking_keys(one) for one in evidences]
    rows = [_VALUES(one) for one in evidences]
    return _Part(
        ids=[one.account_id for one in evidences],
        platforms=[one.platform for one in evidences],
        columns=columns_of(evidences, shared.terms.model.rarity),
        hashes=np.array([hash_of(key) for some in keys for key in some], dtype=np.uint64),
        sizes=np.array([len(some) for some in keys], dtype=np.int64),
        packs=[pickle.dumps(rows[at : at + PACK], pickle.HIGHEST_PROTOCOL) for at in range(0, len(rows), PACK)],
    )


def _gathered(shared: _Shared, parts: Sequence[_Part]) -> tuple[list[str], list[str]]:
    """Put the parts together; returns the ids and the platforms of all accounts by their places."""
    ids = [account_id for part in parts for account_id in part.ids]
    shared.total = len(ids)
    shared.columns = Columns.joined_of([part.columns for part in parts])
    shared.hashes = np.concatenate([part.hashes for part in parts])
    shared.owners = np.repeat(np.arange(len(ids)), np.concatenate([part.sizes for part in parts]))
    first = np.cumsum([0, *(len(part.packs) for part in parts)])[:-1]
    shared.places = np.concatenate(
        [start * PACK + np.arange(len(part.ids)) for start, part in zip(first, parts, strict=True)]
    )
    shared.packs = [pack for part in parts for pack in part.packs]
    return ids, [platform for part in parts for platform in part.platforms]


def _paired(worker: int) -> Codes:
    shared = _HERE[-1]
    own = shared.hashes % np.uint64(shared.terms.workers) == worker
    return pairs_of(shared.hashes[own], shared.owners[own], shared.total)


def _bounded(codes: Codes) -> Codes:
    shared = _HERE[-1]
    left, right = np.divmod(codes.astype(np.int64), shared.total)
    kept = hopeful(Pairs(shared.columns, left, right), shared.terms.model, least_weight(shared.terms))
    return (kept.left * shared.total + kept.right).astype(np.uint64)


def least_weight(terms: Terms) -> float:
    """Return the weight in bits from which a pair has the probability of a review."""
    model = terms.model
    if model.slope <= 0:
        return -math.inf
    return (math.log(terms.review / (1 - terms.review)) - model.intercept) / model.slope


def _scored(codes: Codes) -> list[tuple[int, float]]:
    shared = _HERE[-1]
    model = shared.terms.model
    found = []
    for code in codes.tolist():
        left, right = divmod(code, shared.total)
        _, probability = model.score(compare(shared.evidence(left), shared.evidence(right), model.rarity))
        if probability >= shared.terms.review:
            found.append((code, probability))
    return found


def _named(ids: Sequence[str], total: int, code: int, probability: float) -> Scored:
    left, right = sorted((ids[code // total], ids[code % total]))
    return Scored(left, right, probability)


def _groups(
    ids: Sequence[str], platforms: Sequence[str], matches: Sequence[Scored], terms: Terms
) -> list[frozenset[str]]:
    """Return the groups of those that anything joins."""
    touched = {one for match in matches for one in match[:2]} | {one for pair in terms.joined for one in pair}
    nodes = {
        account_id: Node(platform) for account_id, platform in zip(ids, platforms, strict=True) if account_id in touched
    }
    groups = cluster(nodes, matches, terms.joined, terms.apart, terms.merge)
    return [group for group in groups if len(group) > 1]
