"""What callers post into the pipeline: it lies in the lake before it is answered, and can be followed.

A batch is named by its content. Posting it again finds what the first time left, at whatever point that ended, and goes
on from there: the same records, with the same times, are the same lake objects.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from creators.errors import BadInput, BadRecord, NotFound
from creators.ids import content_hash
from creators.models import Frozen, Instant, NativeId, Platform, RawRecord
from creators.stores import receipts
from creators.stores.lake import serialise
from creators.stores.receipts import State
from enrich.normalise import event, normaliser_of
from fetchers.landing import land
from fetchers.sources import all_sources

if TYPE_CHECKING:
    from creators.stores.session import Stores

INBOX = "creator-ingest"
MAX_RECORDS = 500
CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of ours a caller's clock may be; a record from the future would outlive everything that comes after."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

PostedState = Literal["landed", "normalised", "enriched", "indexed", "dead"]


class EventBatch(Frozen):
    """Profiles as the caller saw them."""

    source: Literal["event"]
    records: Annotated[tuple[event.ProfileEvent, ...], Field(min_length=1, max_length=MAX_RECORDS)]


class Payload(Frozen):
    """One answer of a source, exactly as it came."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
    platform: Platform
    native_id: NativeId
    body: dict[str, Any]
    observed_at: event.Moment | None = None


class PayloadBatch(Frozen):
    """Answers of one source that the caller has fetched."""

    source: str
    records: Annotated[tuple[Payload, ...], Field(min_length=1, max_length=MAX_RECORDS)]

    @field_validator("source")
    @classmethod
    def _is_known(cls, value: str, _info: ValidationInfo) -> str:
        if value not in all_sources():
            detail = f"{value[:60]!r} is no source; choose event or one of {', '.join(all_sources())}"
            raise ValueError(detail)
        return value


class PostedObject(Frozen):
    """One lake object of a batch: how far its records are."""

    key: str
    state: PostedState
    records: int
    indexed: int
    stale: int
    dead_lettered: int
    pending: int


class Posted(Frozen):
    """A batch that was taken in: ``records`` = ``indexed`` + ``stale`` + ``dead_lettered`` + ``pending``."""

    receipt_id: str
    received_at: Instant
    records: int
    indexed: int
    stale: int
    dead_lettered: int
    pending: int
    objects: tuple[PostedObject, ...]


def take_in(stores: Stores, batch: EventBatch | PayloadBatch) -> Posted:
    """Land a batch before everything else that waits, and return how far it is.

    Raises:
        BadInput: a record that cannot be used, named by its place; then nothing of the batch is taken in.
    """
    receipt_id = content_hash(_canonical(batch))[:32]
    now = datetime.now(UTC).replace(microsecond=0)
    _check_times([one.observed_at for one in batch.records], now)
    _check_readable(_records(batch, now))
    received = stores.lake.put_json(_request_key(receipt_id), {"received_at": now.isoformat()})
    # The first time that it came, not this time: what is posted again is the same object.
    received_at = datetime.fromisoformat(received["received_at"])
    records = _records(batch, received_at)
    keys = land(stores, records, landed_on=received_at.date(), urgent=True)
    stores.lake.put_json(_objects_key(receipt_id), {"keys": keys, "records": len(records)})
    return follow(stores, receipt_id)


def follow(stores: Stores, receipt_id: str) -> Posted:
    """Return how far the records of a batch are; raises :class:`NotFound` where none was taken in under the id."""
    received = stores.lake.get_json(_request_key(receipt_id))
    landed = stores.lake.get_json(_objects_key(receipt_id))
    objects = tuple(_object(stores, key) for key in landed["keys"])
    sums = {name: sum(getattr(one, name) for one in objects) for name in PostedObject.model_fields if name in _COUNTS}
    return Posted(receipt_id=receipt_id, received_at=received["received_at"], objects=objects, **sums)


def _canonical(batch: EventBatch | PayloadBatch) -> bytes:
    try:
        # Not in JSON mode, which writes null for a number that JSON does not have.
        return json.dumps(batch.model_dump(exclude_unset=True), sort_keys=True, allow_nan=False, default=str).encode()
    except ValueError as error:
        detail = f"a record cannot be stored as JSON ({error}): send numbers and text that JSON has"
        raise BadInput(detail, field="records") from error


_COUNTS = frozenset({"records", "indexed", "stale", "dead_lettered", "pending"})


def _request_key(receipt_id: str) -> str:
    return f"{INBOX}/{receipt_id}/request.json"


def _objects_key(receipt_id: str) -> str:
    return f"{INBOX}/{receipt_id}/objects.json"


def _object(stores: Stores, key: str) -> PostedObject:
    receipt = receipts.load(stores.cluster, key)
    if receipt is None:
        detail = f"batch object {key} is not booked: post the same body again"
        raise NotFound(detail)
    ended = 0 if receipt.is_open else 1
    settled = receipt.settled
    return PostedObject(
        key=key,
        state=_named(receipt.state),
        records=receipt.records,
        indexed=settled.indexed + ended * receipt.indexed,
        stale=settled.stale + ended * receipt.stale,
        dead_lettered=settled.dead_lettered + ended * receipt.dead_lettered,
        pending=0 if ended else receipt.due,
    )


def _named(state: State) -> PostedState:
    names: dict[State, PostedState] = {
        State.LANDED: "landed",
        State.NORMALISED: "normalised",
        State.ENRICHED: "enriched",
        State.INDEXED: "indexed",
        State.DEAD: "dead",
    }
    return names[state]


def _check_times(times: Sequence[datetime | None], now: datetime) -> None:
    for place, at in enumerate(times):
        if at is not None and not EARLIEST <= at <= now + CLOCK_SKEW:
            detail = f"{at.isoformat()} is not between {EARLIEST.date()} and now: send the time at which it was seen"
            raise BadInput(detail, field=f"records/{place}/observed_at")


def _check_readable(records: Sequence[RawRecord]) -> None:
    for place, record in enumerate(records):
        if record.platform not in _platforms_of(record.source):
            detail = f"{record.source} tells nothing about {record.platform}"
            raise BadInput(detail, field=f"records/{place}/platform")
        try:
            found = normaliser_of(record.source)(record)
        except BadRecord as error:
            inside = "" if error.field is None else f"/body/{error.field.replace('.', '/')}"
            raise BadInput(error.detail, field=f"records/{place}{inside}") from error
        _check_storable(record, f"records/{place}/body")
        described = [account.account_id for account in found.accounts]
        if described and record.account_id not in described:
            detail = f"the body is about {', '.join(described)[:200]}: send the id that it names"
            raise BadInput(detail, field=f"records/{place}/native_id")


def _check_storable(record: RawRecord, field: str) -> None:
    """Refuse what could be written into the lake and never be read again, at the cost of its whole object."""
    try:
        RawRecord.model_validate_json(serialise([record]))
    except (ValueError, RecursionError) as error:
        detail = "it could not be read again from where it is kept: it is nested too deeply"
        raise BadInput(detail, field=field) from error


def _platforms_of(source: str) -> frozenset[Platform]:
    if source == event.SOURCE:
        return frozenset(Platform)
    return frozenset().union(*all_sources()[source].serves.values())


def _records(batch: EventBatch | PayloadBatch, received_at: datetime) -> list[RawRecord]:
    if isinstance(batch, EventBatch):
        return [_event_record(one, received_at) for one in batch.records]
    return [_payload_record(one, batch.source, received_at) for one in batch.records]


def _event_record(one: event.ProfileEvent, received_at: datetime) -> RawRecord:
    return RawRecord(
        platform=one.platform,
        source=event.SOURCE,
        kind=event.KIND,
        native_id=one.account_native_id,
        fetched_at=one.observed_at or received_at,
        body=one.model_dump(mode="json", exclude_unset=True),
    )


def _payload_record(one: Payload, source: str, received_at: datetime) -> RawRecord:
    return RawRecord(
        platform=one.platform,
        source=source,
        kind=one.kind,
        native_id=one.native_id,
        fetched_at=one.observed_at or received_at,
        tier=all_sources()[source].tier,
        body=one.body,
    )
