"""What the pictures, recordings and films of a creator say."""

from __future__ import annotations

from pydantic import NonNegativeInt

from creators.signals.measured import Measured, Share


class Media(Measured):
    """Texts read from media; ``sample_size`` is how many media were read."""

    texts: tuple[str, ...]
    """Distinct, the newest first."""
    with_text: NonNegativeInt
    """Media that say anything."""
    coverage: Share
    """``with_text / sample_size``."""
