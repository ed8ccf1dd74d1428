"""What every signal says beside its value: how, from how much, until when, how surely."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, NonNegativeInt

from creators.models import Frozen, Instant

Share = Annotated[float, Field(ge=0, le=1)]
"""A part of a whole or a probability, 0 to 1."""


class Measured(Frozen):
    """A computed value; unknown values are absent, never zero."""

    method: str
    """The formula or model by name, so that two values are compared only where it is the same."""
    as_of: Instant
    """The newest record that it was computed from."""
    confidence: Share | None = None
    sample_size: NonNegativeInt | None = None
    """Posts, followers or days that it was computed from."""
    window_days: NonNegativeInt | None = None
