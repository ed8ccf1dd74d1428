"""Opaque, signed page cursors: what they point at lies in the cache, so pages never repeat or miss a creator."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass

from creators.errors import BadCursor

_SIGNATURE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Position:
    """Where the next page starts: ``offset`` in the stored list ``token`` of the query ``fingerprint``."""

    token: str
    offset: int
    fingerprint: str


def new_token() -> str:
    """Return a name under which a result list can be kept."""
    return secrets.token_urlsafe(12)


def _sign(key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, payload, hashlib.sha256)[:_SIGNATURE_BYTES]


def encode(position: Position, key: bytes) -> str:
    """Return the cursor of a position."""
    payload = json.dumps(asdict(position), separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_sign(key, payload) + payload).decode().rstrip("=")


def decode(cursor: str, key: bytes, *, fingerprint: str) -> Position:
    """Return the position of a cursor.

    Raises:
        BadCursor: it was not made here, or belongs to another query.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        detail = "cursor is not one of ours: send next_cursor of the page before, unchanged"
        raise BadCursor(detail, field="cursor") from error
    signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _sign(key, payload)):
        detail = "cursor is not one of ours: send next_cursor of the page before, unchanged"
        raise BadCursor(detail, field="cursor")
    position = Position(**json.loads(payload))
    if position.fingerprint != fingerprint:
        detail = "cursor belongs to another query: send the same text, filters, sort and ranking, or no cursor"
        raise BadCursor(detail, field="cursor")
    return position
