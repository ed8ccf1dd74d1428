"""A tombstone becomes an account of which nothing is known but that it is gone."""

from __future__ import annotations

from creators.errors import SchemaDrift
from creators.models import Account, RawRecord
from creators.tombstones import GONE, Reason
from enrich.normalise.contract import Normalised, Payload, read_payload


class Tombstone(Payload):
    """What :func:`creators.tombstones.tombstone` files."""

    reason: Reason
    source: str


def normalise(record: RawRecord) -> Normalised:
    """Return the account as gone, with nothing else of it.

    Raises:
        SchemaDrift: the record is no tombstone as this version files it.
    """
    if record.kind != GONE:
        detail = f"gone: kind {record.kind!r} is not {GONE!r}"
        raise SchemaDrift(detail, field="kind")
    read_payload(Tombstone, record.body)
    account = Account(
        platform=record.platform,
        native_id=record.native_id,
        source=record.source,
        tier=record.tier,
        gone=True,
        fetched_at=record.fetched_at,
    )
    return Normalised(accounts=(account,))
