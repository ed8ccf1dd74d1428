"""How much a creator builds and ships, as the public record of GitHub and launch posts elsewhere show it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt

from creators.models import Frozen
from creators.signals.measured import Measured, Share

BuilderPartName = Literal["velocity", "stars_gained", "stars", "repositories"]


class BuilderPart(Frozen):
    """One part of a technical score."""

    name: BuilderPartName
    value: float
    """Points a week, stars, or repositories."""
    score: Share


class Builder(Measured):
    """Shipping of all GitHub accounts of a creator together; ``sample_size`` is the number of weeks that are known."""

    velocity: NonNegativeFloat | None = None
    """Weighted points a week; None where somebody pushes and no source tells how much."""
    technical_score: Share | None = None
    """Mean of the scores of ``parts``, on a fixed scale."""
    percentile: Share | None = None
    """Share of the peers (builders with as many followers on GitHub) with a lower technical score; None without."""
    peers: NonNegativeInt | None = None
    """How many peers ``percentile`` compares with."""
    parts: tuple[BuilderPart, ...] = ()
    commits: NonNegativeInt = 0
    """Of the window, as far as they count; so are the next three."""
    merges: NonNegativeInt = 0
    releases: NonNegativeInt = 0
    launches: NonNegativeInt = 0
    stars: NonNegativeInt | None = None
    """Of all own repositories, forks left out."""
    stars_gained: int | None = None
    """Within 90 days; None until two counts are that far apart, below 0 where stars were taken back."""
    repositories: NonNegativeInt = 0
    """Own ones that were pushed to within 90 days, as far as they are known."""
    evidence: Annotated[tuple[str, ...], Field(max_length=10)] = ()
    """Ids of releases and launch posts, the newest first."""
