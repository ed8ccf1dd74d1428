"""Facts of creators become their signals, a batch at a time; what has not changed is not computed again.

No clock decides anything: every value is dated by the newest record that it was computed from, so a rebuild gives the
same signals. What a value depends on is hashed; where hash and version are those of the stored value, that one stands.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter

from creators.ids import content_hash
from creators.models import Frozen
from creators.signals.creator import Signals
from enrich.signals.contract import Encode, Signal
from enrich.signals.embedding_text import by_audience, embedding_text, text_hash
from enrich.signals.facts import CreatorFacts

HASH_DIGITS = 16
FORM_DIGITS = 6
WITHHELD = "withheld"
"""Stands for the inputs where the owners of all accounts let nothing be computed from them."""

Reason = Literal["new", "version", "inputs", "unchanged"]


class Stamp(Frozen):
    """What one stored value was computed by and from."""

    version: str
    inputs: str
    """Hash of what it depends on."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored about one creator.

    Attributes:
        values: fields of ``Signals`` as JSON.
        stamps: name of a signal → what its value was computed by and from.
    """

    values: Mapping[str, Any]
    stamps: Mapping[str, Stamp]


@dataclass(frozen=True, slots=True)
class Computed:
    """The signals of one creator, each with what it was computed by and from."""

    signals: Signals
    stamps: dict[str, Stamp]


@dataclass(slots=True)
class Effort:
    """What a computation took.

    Attributes:
        computed: (signal, reason) → creators.
        seconds: signal → wall seconds, encoding included.
    """

    computed: dict[tuple[str, Reason], int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the time of a block to a signal."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun

    def count(self, name: str, reason: Reason) -> None:
        """Count one creator."""
        self.computed[name, reason] = self.computed.get((name, reason), 0) + 1

    def forget(self) -> None:
        """Begin at nothing again."""
        self.computed.clear()
        self.seconds.clear()


@dataclass(frozen=True, slots=True)
class Workshop:
    """What signals are computed with.

    Attributes:
        signals: in their order.
        encode: makes vectors.
        encoder: fingerprint of what makes them; it is stored beside them.
        effort: grows with every batch.
    """

    signals: tuple[Signal[Any], ...]
    encode: Encode
    encoder: str
    effort: Effort = field(default_factory=Effort)


_NOTHING = Known({}, {})


def compute_signals(
    creators: Sequence[CreatorFacts], workshop: Workshop, known: Mapping[str, Known] | None = None
) -> list[Computed]:
    """Return the signals of each creator, in the same order.

    Args:
        creators: the batch; each text is encoded once, however many creators share it.
        workshop: what to compute with.
        known: creator id → what is stored; what is current there is taken over.
    """
    stored = [(known or {}).get(facts.creator_id, _NOTHING) for facts in creators]
    readable = [derivable(facts) for facts in creators]
    values: list[dict[str, Any]] = [{} for _ in creators]
    stamps: list[dict[str, Stamp]] = [{} for _ in creators]
    for signal in workshop.signals:
        with workshop.effort.timed(signal.name):
            due = []
            for row, facts in enumerate(readable):
                stamp = Stamp(version=full_version(signal), inputs=_inputs(signal, facts))
                stamps[row][signal.name] = stamp
                reason = _reason(stored[row].stamps.get(signal.name), stamp)
                workshop.effort.count(signal.name, reason)
                if reason != "unchanged":
                    due.append(row)
                elif signal.name in stored[row].values:
                    values[row][signal.name] = stored[row].values[signal.name]
            _fill(values, signal, readable, due)
    found = [
        Signals.model_validate(one | {"creator_id": facts.creator_id, **_NO_TEXT})
        for facts, one in zip(creators, values, strict=True)
    ]
    with workshop.effort.timed("vector"):
        return list(map(Computed, _with_vectors(found, creators, workshop), stamps))


_NO_TEXT: dict[str, Any] = {"text": "", "text_hash": "", "encoder": "", "vector": ()}


def _fill(
    values: list[dict[str, Any]], signal: Signal[Any], readable: Sequence[CreatorFacts], due: Sequence[int]
) -> None:
    """Compute one signal for the rows that are due; where nothing may be computed it stays unknown."""
    rows = [row for row in due if readable[row].accounts]
    if rows:
        for row, value in zip(rows, signal.compute([readable[row] for row in rows]), strict=True):
            values[row][signal.name] = value


def _with_vectors(found: Sequence[Signals], creators: Sequence[CreatorFacts], workshop: Workshop) -> Iterator[Signals]:
    # The text is what the accounts say, it judges nothing: it is made of all of them.
    texts = [embedding_text(facts.accounts, one.niches) for facts, one in zip(creators, found, strict=True)]
    distinct = list(dict.fromkeys(texts))
    vectors = dict(zip(distinct, workshop.encode(distinct).tolist(), strict=True))
    for one, text in zip(found, texts, strict=True):
        embedded = {"text": text, "text_hash": text_hash(text), "encoder": workshop.encoder}
        yield one.model_copy(update=embedded | {"vector": tuple(vectors[text])})


def derivable(facts: CreatorFacts) -> CreatorFacts:
    """Return what signals may be computed from, in an order that does not depend on how it arrived.

    Accounts whose source does not let anything be derived are left out, with their posts, media and history.
    """
    accounts = tuple(by_audience(account for account in facts.accounts if account.may_derive))
    ids = {account.account_id for account in accounts}
    posts = (post for post in facts.posts if post.account_id in ids)
    return CreatorFacts(
        creator_id=facts.creator_id,
        accounts=accounts,
        posts=tuple(sorted(posts, key=lambda post: (post.posted_at or post.fetched_at, post.post_id), reverse=True)),
        observations={one: tuple(points) for one, points in sorted(facts.observations.items()) if one in ids},
        annotations=tuple(one for one in facts.annotations if one.account_id in ids),
    )


@cache
def _form_of(name: str) -> str:
    values: Any = Signals.model_fields[name].annotation
    form = json.dumps(TypeAdapter(values).json_schema(), sort_keys=True)
    return content_hash(form.encode())[:FORM_DIGITS]


def full_version(signal: Signal[Any]) -> str:
    """Return the version of a signal with that of the form of its values: a value of another form is outdated, too."""
    return f"{signal.version}+{_form_of(signal.name)}"


def _inputs(signal: Signal[Any], facts: CreatorFacts) -> str:
    if not facts.accounts:
        return WITHHELD
    canonical = json.dumps(signal.inputs(facts), sort_keys=True, separators=(",", ":"))
    return content_hash(canonical.encode())[:HASH_DIGITS]


def _reason(stored: Stamp | None, present: Stamp) -> Reason:
    if stored is None:
        return "new"
    if stored.version != present.version:
        return "version"
    return "unchanged" if stored.inputs == present.inputs else "inputs"
