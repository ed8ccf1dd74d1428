"""A medium is taken in: its bytes and what was read from them lie in the lake, once, and a record tells of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from creators.annotations import AVATAR, KIND, MAX_TEXT, SOURCE
from creators.errors import NotFound
from creators.ids import content_hash, parse_account_id
from creators.models import Platform, RawRecord
from creators.stores.lake import MEDIA
from enrich.media import dhash
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

    def told() -> dict[str, Any] | None:
        found = read(data)
        return None if found is None else asdict(found) | {"text": found.text[:MAX_TEXT]}

    kept = _once(lake, data, method, told)
    return None if kept is None else record_of(account_id, medium, kept)


def avatar_of(lake: Lake, account_id: str, data: bytes, look: Callable[[bytes], str | None]) -> RawRecord:
    """Return the record of how the picture of an account looks; as with :func:`take_in`, the same bytes once.

    Args:
        lake: where it is kept.
        account_id: whose picture it is.
        data: the file.
        look: returns its hash, as :func:`enrich.media.dhash.dhash` does.

    Raises:
        BadInput, SetupError: as ``look`` does.
    """
    kept = _once(lake, data, dhash.METHOD, lambda: {"avatar_hash": look(data), "method": dhash.METHOD})
    body = {name: (kept or {})[name] for name in ("avatar_hash", "method")}
    return _record(account_id, AVATAR, kept or {}, {"medium": content_hash(data), **body})


def keep(lake: Lake, data: bytes) -> str:
    """Keep the bytes of a medium; returns their hash, under which they are found again."""
    medium = content_hash(data)
    lake.create(f"{_folder(medium)}/bytes", data)
    return medium


def bytes_of(lake: Lake, medium: str) -> bytes:
    """Return the bytes of a medium; raises :class:`NotFound`."""
    return lake.get(f"{_folder(medium)}/bytes")


def _folder(medium: str) -> str:
    return f"{MEDIA}/{medium[:2]}/{medium}"


def _once(lake: Lake, data: bytes, method: str, read: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
    """What a method found in a medium, from the lake where it was found before."""
    key = f"{_folder(content_hash(data))}/{content_hash(method.encode())[:16]}.json"
    try:
        return lake.get_json(key)
    except NotFound:
        found = read()
        if found is None:
            return None
        keep(lake, data)
        return lake.put_json(key, found | {"read_at": datetime.now(UTC).replace(microsecond=0).isoformat()})


def record_of(account_id: str, medium: str, kept: dict[str, Any]) -> RawRecord:
    """Return the record of what is kept about a medium, as one of an account."""
    body = {"medium": medium, "method": kept["method"], "text": kept["text"], "confidence": kept["confidence"]}
    return _record(account_id, KIND, kept, body)


def _record(account_id: str, kind: str, kept: dict[str, Any], body: dict[str, Any]) -> RawRecord:
    platform, native_id = parse_account_id(account_id)
    return RawRecord(
        platform=Platform(platform),
        source=SOURCE,
        kind=kind,
        native_id=native_id,
        fetched_at=datetime.fromisoformat(kept["read_at"]),
        body=body,
    )
