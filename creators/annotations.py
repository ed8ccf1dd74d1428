"""What was read from a picture or a recording of an account."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from creators.models import Frozen, Instant
from creators.signals.measured import Share

SOURCE = "media"
KIND = "annotation"
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
    fetched_at: Instant
