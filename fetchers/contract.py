"""The shape of every source: what it serves, what it may use, and how its answers become raw records.

A source says which requests answer a target and files the answers, unread, as raw records. Who may call, when, with
which credential, within which limits and time, is the controller's, which hands the source a :class:`Call`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal, Protocol

from creators.errors import SourceLimited, SourceRefused, SourceUnavailable, TargetGone
from creators.models import Platform, RawRecord, Tier
from creators.settings import SourceSettings
from creators.targets import Target, TaskKind

JSON = Any
"""What a source sent, parsed and not yet believed."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the owner of a platform and the law allow, shown by ``GET /v1/admin/sources``.

    All of it is enforced: ``needs_acknowledgement`` before any call; ``may_derive`` and ``may_merge`` by stamps on the
    records, where no agreement of the operator's says otherwise (:func:`fetchers.policy.permitted`); ``max_age_days``
    by the time between two fetches and, with ``delete_when_gone``, by tombstones (:mod:`fetchers.retention`).
    """

    kind: Literal["official", "provider", "browser", "website"]
    max_age_days: int | None
    """Stored data must be fetched again or dropped after so many days; None: no limit is documented."""
    may_derive: bool
    """Whether scores may be computed from its data without an agreement of its own."""
    may_merge: bool
    """Whether its accounts may be joined with accounts of other platforms without the creator's declaration."""
    delete_when_gone: bool
    """Whether a deletion at the source must be followed here."""
    needs_acknowledgement: bool
    """Whether a person must have accepted its terms (``acknowledged_by``) before the first call."""
    terms_url: str
    note: str
    sees_all: bool = False
    """Whether its finding no account proves that there is none; else another source is asked before one is gone."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most ``amount`` units in any ``window_s`` seconds (or a day of the source) on one endpoint, per credential."""

    endpoint: str
    """Name of an endpoint, or ``*`` for all of them together."""
    amount: int
    window_s: float
    day_of: str | None = None
    """IANA time zone whose midnight resets a daily amount, where the source counts by calendar day."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What an answer says is left on one endpoint of the credential it was made with."""

    endpoint: str
    remaining: int
    resets_at: datetime


@dataclass(frozen=True, slots=True)
class Auth:
    """What a request carries to be let in."""

    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer that arrived whole, within the limits of size and time."""

    endpoint: str
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: JSON
    """Parsed JSON, or None where the answer is no JSON."""
    content: bytes
    url: str
    """Where it came from, after redirects; never with a credential."""
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of a source.

    ``path`` is relative to the source's base address; an absolute address is for pages only.
    """

    endpoint: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: JSON = None
    """Sent as a POST where it is not None."""
    form: Mapping[str, str] | None = None
    """Sent as a form POST where it is not None."""
    units: int = 1
    """What the request costs of its allowance."""
    same_credential: bool = False
    """Go with the credential of the request before: what it started is its own."""
    revalidate: bool = False
    """Send the ``ETag`` of the last answer, and take that answer again on 304."""


class Call(Protocol):
    """What the controller lends a source for one target."""

    @property
    def settings(self) -> SourceSettings:
        """The settings of this source."""

    @property
    def credential(self) -> str | None:
        """The credential of the last request, for a source that must name it in a path (an account's own id)."""

    async def send(self, ask: Ask) -> Answer:
        """Return the answer of one request, judged by ``Source.judge``.

        Raises:
            SourceLimited: no allowance is left now, or the source says so; ``retry_at`` tells when.
            SourceUnavailable: timeout, 5xx, a torn or oversized answer. SourceRefused: the credential is not good.
            TargetGone: there is no such account.
        """

    async def permit(self, endpoint: str, units: int = 1) -> str | None:
        """Take from the allowance what a request costs that the source makes itself; returns the credential.

        Raises:
            SourceLimited: no allowance is left now.
        """


@dataclass(frozen=True, slots=True)
class Found:
    """What a source answered for one target."""

    records: tuple[RawRecord, ...]
    cost_usd: float = 0.0


class Source(Protocol):
    """One way to the outside world; stateless beside a cache of tokens."""

    name: str
    tier: Tier
    policy: Policy
    base_url: str
    serves: Mapping[TaskKind, frozenset[Platform]]

    def allowances(self, settings: SourceSettings) -> Sequence[Allowance]:
        """Return the documented limits, for the plan of the settings where they depend on one."""

    def price_usd(self, target: Target) -> float:
        """Return what one target is expected to cost."""

    async def authorise(self, credential: str, call: Call) -> Auth:
        """Return what a request with this credential carries; ``call`` is for exchanging it for a token."""

    def judge(self, answer: Answer) -> None:
        """Raise what an answer means that is not good; start from :func:`judge_status`."""

    def quotas(self, answer: Answer) -> Sequence[Quota]:
        """Return what the headers or the body say is left."""

    async def fetch(self, target: Target, call: Call) -> Found:
        """Return the raw records for one target, in the order in which they were answered."""


def judge_status(answer: Answer, *, retry_at: datetime | None = None) -> None:
    """Raise what a status means everywhere; 2xx is good.

    Args:
        answer: to judge.
        retry_at: when the source says that asking again makes sense.
    """
    status = answer.status
    detail = f"{answer.endpoint} answered {status}"
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise SourceLimited(detail, retry_at=retry_at)
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        raise TargetGone(detail)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise SourceRefused(detail)
    raise SourceUnavailable(detail)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the records of one target come from: what all of them share."""

    source: str
    tier: Tier
    target: Target

    def record(self, kind: str, native_id: str, body: dict[str, JSON], answer: Answer) -> RawRecord:
        """Return one answer, or one item of an answer, as a raw record."""
        return RawRecord(
            platform=self.target.platform,
            source=self.source,
            kind=kind,
            native_id=native_id,
            fetched_at=answer.received_at,
            tier=self.tier,
            target=self.target.target_id,
            body=body,
        )
