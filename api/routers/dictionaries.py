"""The words that requests may use."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from creators.models import Domain, Platform
from mappings import fields
from mappings.niches import NICHES
from search.explain import documentation
from search.rank.model import PROFILES

router = APIRouter(prefix="/v1", tags=["dictionaries"])


@router.get("/dictionaries")
async def dictionaries() -> dict[str, Any]:
    """Return platforms, domains, niches, facets, sorts, follower bands, and what ranking features mean."""
    return {
        "platforms": list(Platform),
        "domains": list(Domain),
        "niches": [{"id": niche.id, "label": niche.label} for niche in NICHES],
        "facets": sorted(fields.FACETS),
        "sorts": ["relevance", *fields.SORTS],
        "has": sorted(fields.HAS_VALUES),
        "follower_bands": [{"band": band, "from": least} for band, least in fields.FOLLOWER_BANDS],
        "features": documentation(),
        "profiles": PROFILES,
    }
