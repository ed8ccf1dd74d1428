"""Deterministic ids: built and parsed here and nowhere else."""

from __future__ import annotations

import hashlib
from uuid import UUID, uuid5

from creators.errors import BadInput

CREATOR_NAMESPACE = UUID("6f1f2a0e-3f0b-5c58-9a63-0d4c1b7f7a11")
TIE_BITS = 20
MAX_ID_BYTES = 512
"""The longest document id that OpenSearch takes."""


def account_id(platform: str, native_id: str) -> str:
    """Return ``platform:native_id``; the handle is never part of an identity."""
    return f"{platform}:{native_id}"


def parse_account_id(value: str) -> tuple[str, str]:
    """Return ``(platform, native_id)``; the inverse of :func:`account_id`."""
    platform, separator, native_id = value.partition(":")
    if not separator or not platform or not native_id:
        detail = f"account id {value!r} is not of the form platform:native_id"
        raise BadInput(detail, field="account_id")
    return platform, native_id


def provisional_native_id(handle: str) -> str:
    """Return the native id of an account whose source knows only a handle (``@`` marks it as provisional)."""
    return f"@{handle}"


def is_provisional(native_id: str) -> bool:
    """Return whether a native id is a handle, for want of a better one."""
    return native_id.startswith("@")


def creator_id(first_account_id: str) -> str:
    """Return the id of the creator that this account started."""
    return str(uuid5(CREATOR_NAMESPACE, first_account_id))


def content_hash(data: bytes) -> str:
    """Return the SHA-256 of ``data`` as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def version_of(fetched_at_ms: int, digest: str) -> int:
    """Return the external version of a record: its time in ms, ties broken by content.

    Two records of one millisecond keep one order on every replay, whichever arrives first. A time before 1970 counts as
    1970: versions are not negative.
    """
    return (max(0, fetched_at_ms) << TIE_BITS) | int(digest[:5], 16)
