"""What was read from a picture or a recording of an account, and how its own picture looks."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from creators.models import Frozen, Instant
from creators.signals.measured import Share

SOURCE = "media"
KIND = "annotation"
AVATAR = "avatar"
"""The kind of a record that tells how the picture of an account looks."""
MAX_TEXT = 4_000
"""Characters of one text that are kept."""


class Annotation(Frozen):
    """The text of one medium."""

    account_id: str
    medium: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of its bytes, under which the lake has it."""
    method: str
    """What read it: program or model, with its version."""
    text: str | None = None
    """Without ways of contact; None where nothing is written, shown or said."""
    confidence: Share | None = None
    avatar_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] | None = None
    """Perceptual hash (64 bits) of the picture of the account; None where it has none, and of other media."""
    is_avatar: bool = False
    """Whether it tells how the picture of the account looks, and not what is written on it."""
    fetched_at: Instant
