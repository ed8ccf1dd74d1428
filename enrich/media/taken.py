"""A medium is taken in: its bytes and what was read from them lie in the lake, once, and a record tells of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from creators.annotations import KIND, MAX_TEXT, SOURCE
from creators.errors import NotFound
from creators.ids import content_hash, parse_account_id
from creators.models import Platform, RawRecord
from creators.stores.lake import MEDIA
from enrich.media.ocr import Reading

if TYPE_CHECKING:
    from creators.stores.lake import Lake


def take_in(
    lake: Lake, account_id: str, data: bytes, method: str, read: Callable[[bytes], Reading | None]
) -> RawRecord | None:
    """Return the record of what a medium says; None where it could not be read.

    The same bytes are read once by one method; the record is that of the first time, whenever it is asked for.

    Args:
        lake: where it is kept.
        account_id: whose it is.
        data: the file.
        method: that ``read`` is.
        read: returns what the file says.

    Raises:
        BadInput, SetupError: as ``read`` does.
    """
    medium = content_hash(data)
    folder = f"{MEDIA}/{medium[:2]}/{medium}"
    key = f"{folder}/{content_hash(method.encode())[:16]}.json"
    try:
        kept = lake.get_json(key)
    except NotFound:
        found = read(data)
        if found is None:
            return None
        lake.create(f"{folder}/bytes", data)
        read_at = datetime.now(UTC).replace(microsecond=0).isoformat()
        kept = lake.put_json(key, asdict(found) | {"read_at": read_at, "text": found.text[:MAX_TEXT]})
    return record_of(account_id, medium, kept)


def record_of(account_id: str, medium: str, kept: dict[str, Any]) -> RawRecord:
    """Return the record of what is kept about a medium, as one of an account."""
    platform, native_id = parse_account_id(account_id)
    return RawRecord(
        platform=Platform(platform),
        source=SOURCE,
        kind=KIND,
        native_id=native_id,
        fetched_at=datetime.fromisoformat(kept["read_at"]),
        body={"medium": medium, "method": kept["method"], "text": kept["text"], "confidence": kept["confidence"]},
    )
