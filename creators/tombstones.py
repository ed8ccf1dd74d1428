"""The record that an account may not be kept any longer: landed like every record, so that a rebuild knows of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from creators.ids import parse_account_id
from creators.models import Platform, RawRecord

GONE = "gone"
"""Source and kind of such records: this installation says so, not an answer."""

Reason = Literal["gone", "too old"]


def tombstone(account_id: str, *, at: datetime, why: Reason, source: str) -> RawRecord:
    """Return the record that ends an account at a time; whatever is told of it later revives it.

    Args:
        account_id: ``platform:native_id``.
        at: from when on; no record of that time or before counts any more.
        why: the platform has said often enough that there is no such account, or nothing was told of it for longer
            than its owner lets data be kept.
        source: whose policy asks for it.
    """
    platform, native_id = parse_account_id(account_id)
    body = {"reason": why, "source": source}
    return RawRecord(platform=Platform(platform), source=GONE, kind=GONE, native_id=native_id, fetched_at=at, body=body)
