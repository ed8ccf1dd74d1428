"""Everything computed about one creator."""

from __future__ import annotations

from creators.models import Frozen
from creators.signals.authenticity import Authenticity
from creators.signals.builder import Builder
from creators.signals.content import (
    AccountType,
    BrandRisk,
    Brands,
    Contact,
    ContentUse,
    LanguageUse,
    Location,
    Pronouns,
    Sponsorship,
)
from creators.signals.measured import Share
from creators.signals.media import Media
from creators.signals.performance import Anomaly, AudienceQuality, Cadence, Engagement, Growth, Momentum


class NicheScore(Frozen):
    """One niche of the taxonomy with the confidence of the assignment, 0 to 1."""

    niche: str
    confidence: Share


class Signals(Frozen):
    """Everything computed about one creator, with the text and the vector that search uses.

    A field of a signal has the signal's name. Unknown is None, or nothing in a list; lists of values of accounts begin
    with the largest audience.
    """

    creator_id: str
    niches: tuple[NicheScore, ...] = ()
    language: LanguageUse | None = None
    location: Location | None = None
    account_type: AccountType | None = None
    pronouns: Pronouns | None = None
    contact: Contact | None = None
    content_type: ContentUse | None = None
    engagement: tuple[Engagement, ...] = ()
    growth: tuple[Growth, ...] = ()
    momentum: tuple[Momentum, ...] = ()
    cadence: tuple[Cadence, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()
    audience_quality: tuple[AudienceQuality, ...] = ()
    authenticity: tuple[Authenticity, ...] = ()
    brand_risk: BrandRisk | None = None
    sponsorship: Sponsorship | None = None
    brands: Brands | None = None
    builder: Builder | None = None
    media: Media | None = None
    text: str
    text_hash: str
    encoder: str
    vector: tuple[float, ...]
