"""What was read from a medium becomes an annotation of its account."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from creators.annotations import AVATAR, KIND, MAX_TEXT, Annotation
from creators.errors import SchemaDrift
from creators.models import RawRecord
from creators.signals.measured import Share
from enrich.normalise.contract import Normalised, Payload, read_payload
from enrich.normalise.masking import safe_text


class Read(Payload):
    """What :func:`enrich.media.taken.record_of` files."""

    medium: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    method: str
    text: str
    confidence: Share | None


class Looked(Payload):
    """What :func:`enrich.media.taken.avatar_of` files."""

    medium: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    method: str
    avatar_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] | None


def normalise(record: RawRecord) -> Normalised:
    """Return the annotation, its text without ways of contact.

    Raises:
        SchemaDrift: the record is no annotation as this version files it.
    """
    if record.kind == AVATAR:
        return _avatar(record)
    if record.kind != KIND:
        detail = f"media: kind {record.kind!r} is neither {KIND!r} nor {AVATAR!r}"
        raise SchemaDrift(detail, field="kind")
    read = read_payload(Read, record.body)
    annotation = Annotation(
        account_id=record.account_id,
        medium=read.medium,
        method=read.method,
        text=safe_text(read.text, MAX_TEXT),
        confidence=read.confidence,
        fetched_at=record.fetched_at,
    )
    return Normalised(accounts=(), annotations=(annotation,))


def _avatar(record: RawRecord) -> Normalised:
    looked = read_payload(Looked, record.body)
    annotation = Annotation(
        account_id=record.account_id,
        medium=looked.medium,
        method=looked.method,
        avatar_hash=looked.avatar_hash,
        is_avatar=True,
        fetched_at=record.fetched_at,
    )
    return Normalised(accounts=(), annotations=(annotation,))
