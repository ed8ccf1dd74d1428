"""What of a creator's signals searches filter, count and sort by; pure.

Of values of several accounts, that of the main account stands for the creator, else that of the largest which has one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from creators.models import Account
from creators.signals.creator import Signals
from creators.signals.measured import Measured
from creators.signals.performance import AudienceQuality, Cadence, Engagement, Growth, Momentum, OfAccount
from mappings.fields import RISKS_BRANDS_ACCEPT, follower_band
from mappings.niches import NICHES

OfOne = TypeVar("OfOne", bound=OfAccount)
GROWTH_WINDOWS = (30, 90, 180)
LEAST_PLACE_CONFIDENCE = 0.8
"""From here on an inferred country counts like one that a source states."""
_RISKY_NICHES = frozenset(niche.id for niche in NICHES if niche.risk in {"medium", "high"})
_TOLD = (
    *("language", "location", "account_type", "pronouns", "contact", "momentum", "cadence", "anomalies"),
    *("audience_quality", "authenticity", "brand_risk", "sponsorship", "brands", "builder", "media"),
    "content_type",
)
"""Signals that a reader sees whole under ``signals``; niches, engagement and growth have fields of their own."""


def metric_fields(first: Account, signals: Signals) -> dict[str, Any]:
    """Return audience, engagement and growth; growth of the main account only."""
    engagement = rate_of(signals.engagement, first.account_id) or rate_of(signals.engagement)
    growth: dict[int, Growth] = {}
    for one in signals.growth:
        if one.account_id == first.account_id:
            growth[one.window_days] = one
    return {
        "followers": first.followers,
        "follower_band": follower_band(first.followers),
        "engagement_rate": engagement.rate if engagement else None,
        "engagement": _dumped(signals.engagement),
        "growth": _dumped(signals.growth),
        **{f"growth_{days}d": growth[days].rate if days in growth else None for days in GROWTH_WINDOWS},
    }


def rate_of(engagement: Iterable[Engagement], account_id: str | None = None) -> Engagement | None:
    """Return the rate over posts of every form, of one account or of the first that has one."""
    return next((e for e in engagement if e.form is None and account_id in {None, e.account_id}), None)


def signal_fields(first: Account, signals: Signals) -> dict[str, Any]:
    """Return the fields that stand for the other signals."""
    return {
        **_audience_fields(first, signals),
        **_risk_fields(signals),
        **_posting_fields(first, signals),
        **_person_fields(signals),
        **_builder_fields(signals),
        "media_text": list(signals.media.texts) if signals.media else [],
        "signals": {name: _dumped(getattr(signals, name)) for name in _TOLD if getattr(signals, name)} or None,
    }


def country_of(signals: Signals) -> str | None:
    """Return the country that was inferred, where that is as good as stated."""
    place = signals.location
    return place.country if place and (place.confidence or 0.0) >= LEAST_PLACE_CONFIDENCE else None


def _audience_fields(first: Account, signals: Signals) -> dict[str, Any]:
    scored = [one for one in signals.audience_quality if one.score is not None]
    quality: AudienceQuality | None = _of_account(scored, first)
    doubt = next((one for one in signals.authenticity if one.account_id == first.account_id), None)
    return {
        "audience_quality": quality.score if quality else None,
        "audience_quality_band": quality.band if quality else None,
        "audience_quality_coverage": quality.coverage if quality else None,
        "bot_probability": doubt.probability if doubt else None,
        "anomalies": sorted({one.flag for one in signals.anomalies}),
    }


def _risk_fields(signals: Signals) -> dict[str, Any]:
    risk = signals.brand_risk
    found = [one.category for one in risk.findings if one.level != "none"] if risk else []
    niche_is_risky = any(score.niche in _RISKY_NICHES for score in signals.niches)
    is_known = niche_is_risky or risk is not None
    accepted = risk is not None and risk.level in RISKS_BRANDS_ACCEPT
    return {
        "brand_risk": risk.level if risk else None,
        "brand_risk_categories": sorted(set(found)),
        "brand_safe": accepted and not niche_is_risky if is_known else None,
    }


def _posting_fields(first: Account, signals: Signals) -> dict[str, Any]:
    cadence: Cadence | None = _of_account(signals.cadence, first)
    moving = [one for one in signals.momentum if one.account_id == first.account_id and one.rate is not None]
    by_basis = sorted(moving, key=lambda one: one.basis != "followers")
    momentum: Momentum | None = next(iter(by_basis), None)
    return {
        "posts_per_week": cadence.posts_per_week if cadence else None,
        "momentum": momentum.rate if momentum else None,
        "acceleration": momentum.acceleration if momentum else None,
        "sponsored_share": signals.sponsorship.share if signals.sponsorship else None,
        "brands": [one.name for one in signals.brands.mentions] if signals.brands else [],
    }


def _person_fields(signals: Signals) -> dict[str, Any]:
    place, kind = signals.location, signals.account_type
    return {
        "country": place.country if place else None,
        "country_confidence": place.confidence if place else None,
        "account_kind": kind.kind if kind else None,
        "pronouns": list(signals.pronouns.pronouns) if signals.pronouns else [],
        "content_types": [one.type for one in signals.content_type.types] if signals.content_type else [],
    }


def _builder_fields(signals: Signals) -> dict[str, Any]:
    built = signals.builder
    return {
        "shipping_velocity": built.velocity if built else None,
        "technical_score": built.technical_score if built else None,
        "stars": built.stars if built else None,
    }


def _of_account(values: Sequence[OfOne], first: Account) -> OfOne | None:
    return next((one for one in values if one.account_id == first.account_id), next(iter(values), None))


def _dumped(value: Measured | Sequence[Measured]) -> Any:
    if isinstance(value, Measured):
        return value.model_dump(mode="json", exclude_none=True)
    return [one.model_dump(mode="json", exclude_none=True) for one in value] or None
