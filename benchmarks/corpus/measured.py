"""Signals of a made creator: the types are the product's, the values are drawn; ``method`` says so in each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any

from benchmarks.corpus.facts import NOW, growth_a_day
from creators.models import Account, Platform
from creators.signals.authenticity import Authenticity
from creators.signals.builder import Builder
from creators.signals.content import (
    AccountType,
    BrandMention,
    BrandRisk,
    Brands,
    Contact,
    CountryEvidence,
    LanguageShare,
    LanguageUse,
    Location,
    Pronouns,
    RiskFinding,
    Sponsorship,
)
from creators.signals.creator import NicheScore, Signals
from creators.signals.media import Media
from creators.signals.performance import Anomaly, AudienceQuality, Cadence, Clue, Engagement, Growth, Momentum
from enrich.signals.embedding_text import text_hash
from indexers.documents import primary_account
from mappings.brand_risk import risk_vocabulary
from mappings.fields import ANOMALIES, QUALITY_BANDS

METHOD = "generated"
ENCODER = "generated"
WINDOWS = (30, 90, 180)
HISTORY_KNOWN, POSTS_KNOWN, WORDS_READ = 0.55, 0.6, 0.8
"""Shares of creators of whom a history of followers, posts, or enough words are known."""
_QUALITY_LIMITS = (20, 40, 60, 75, 90)


def signals_of(
    creator_id: str, accounts: Sequence[Account], niches: tuple[NicheScore, ...], text: str, random: Random
) -> Signals:
    """Return the signals of a creator, without a vector."""
    first = primary_account(accounts)
    counted = [account for account in accounts if account.platform is not Platform.GITHUB]
    found: dict[str, Any] = {"creator_id": creator_id, "niches": niches}
    found["engagement"] = tuple(_engagement(one, random) for one in counted if one.engagement_rate is not None)
    if random.random() < HISTORY_KNOWN:
        found |= _history(first, random)
    if random.random() < POSTS_KNOWN:
        found |= _posting(first, random)
    if random.random() < WORDS_READ:
        found |= _words(accounts, random)
    found["contact"] = _contact(accounts)
    found["authenticity"] = (_authenticity(first, random),)
    if any(account.platform is Platform.GITHUB for account in accounts):
        found["builder"] = _builder(random)
    return Signals(**found, text=text, text_hash=text_hash(text), encoder=ENCODER, vector=())


def _of(account: Account) -> dict[str, Any]:
    return {
        "account_id": account.account_id,
        "platform": account.platform,
        "method": METHOD,
        "as_of": account.fetched_at,
    }


def _engagement(account: Account, random: Random) -> Engagement:
    return Engagement(
        **_of(account),
        rate=account.engagement_rate or 0.0,
        confidence=0.5,
        percentile=round(random.random(), 4) if random.random() < 0.6 else None,
        peers=random.randint(200, 3_000),
        likes_per_comment=round(random.lognormvariate(3.2, 0.7), 2),
    )


def _history(first: Account, random: Random) -> dict[str, Any]:
    daily = growth_a_day(first.followers or 1_000, random)
    growth = tuple(
        Growth(
            **{**_of(first), "method": "interpolated"},
            window_days=days,
            sample_size=random.randint(2, 60),
            rate=round(math.expm1(days * (daily + random.gauss(0, 0.0002))), 6),
            daily_log_rate=round(daily, 8),
        )
        for days in WINDOWS
    )
    momentum = Momentum(
        **_of(first),
        basis="followers",
        rate=round(daily + random.gauss(0, 0.0003), 8),
        acceleration=random.gauss(0, 2e-4),
    )
    flags = [flag for flag in ANOMALIES if random.random() < 0.015]
    anomalies = tuple(
        Anomaly(
            **_of(first),
            flag=flag,
            severity=round(random.random(), 3),
            evidence=(
                Clue(what="followers_gained", value=float(random.randint(100, 90_000)), at=NOW - timedelta(days=9)),
            ),
        )
        for flag in flags
    )
    return {"growth": growth, "momentum": (momentum,), "anomalies": anomalies}


def _posting(first: Account, random: Random) -> dict[str, Any]:
    cadence = Cadence(
        **_of(first),
        posts_per_week=round(random.lognormvariate(0.8, 0.9), 3),
        median_gap_days=round(random.lognormvariate(0.9, 0.8), 3),
        regularity=round(random.betavariate(4, 4), 3),
        sample_size=random.randint(3, 60),
        window_days=180,
    )
    score = round(100 * random.betavariate(5, 3), 1)
    quality = AudienceQuality(
        **_of(first),
        score=score,
        band=QUALITY_BANDS[sum(score >= limit for limit in _QUALITY_LIMITS)],
        coverage=random.choice((0.5, 0.75, 1.0)),
        parts=(),
    )
    found: dict[str, Any] = {"cadence": (cadence,), "audience_quality": (quality,)}
    share = round(max(0.0, random.gauss(0.04, 0.08)), 4)
    about = {"method": METHOD, "as_of": first.fetched_at, "window_days": 180, "sample_size": random.randint(5, 60)}
    found["sponsorship"] = Sponsorship(**about, share=share, sponsored=int(share * 60), labelled=0)
    if share > 0.05:
        named = f"brand{int(random.paretovariate(0.8)) % 5_000}"
        mention = BrandMention(
            name=named, posts=random.randint(1, 5), evidence=(f"{first.platform}:{random.getrandbits(40)}",)
        )
        found["brands"] = Brands(method=METHOD, as_of=first.fetched_at, mentions=(mention,))
    if random.random() < 0.15:
        found["media"] = Media(
            method=METHOD, as_of=first.fetched_at, texts=(_caption(first, random),), with_text=1, coverage=0.5
        )
    return found


def _caption(first: Account, random: Random) -> str:
    words = (first.bio or first.name or "new post").split()
    return " ".join(random.choice(words) for _ in range(random.randint(3, 14)))


def _words(accounts: Sequence[Account], random: Random) -> dict[str, Any]:
    first = primary_account(accounts)
    about = {"method": METHOD, "as_of": first.fetched_at}
    found: dict[str, Any] = {"brand_risk": _risk(accounts, random)}
    language = next((account.language for account in accounts if account.language), None)
    if language:
        share = LanguageShare(language=language, share=1.0)
        confidence = round(random.uniform(0.6, 1), 3)
        found["language"] = LanguageUse(
            **about, language=language, read_from="bio", used=(share,), confidence=confidence
        )
    country = next((account.country for account in accounts if account.country), None)
    if country:
        hint = CountryEvidence(kind="declared", country=country, account_id=first.account_id, detail=country)
        found["location"] = Location(
            **about, country=country, evidence=(hint,), confidence=round(random.uniform(0.5, 1), 3)
        )
    kind = random.choices(("person", "brand", "media"), (80, 13, 7))[0]
    sure = round(random.uniform(0.5, 0.99), 3)
    found["account_type"] = AccountType(
        **about, kind=kind, probabilities={kind: sure}, reasons=("a first name",), confidence=sure
    )
    if random.random() < 0.06:
        stated = random.choice(("she/her", "he/him", "they/them"))
        found["pronouns"] = Pronouns(**about, pronouns=(stated,), declared=(stated,))
    return found


def _risk(accounts: Sequence[Account], random: Random) -> BrandRisk:
    level = random.choices(("none", "low", "medium", "high", "floor"), (82, 11, 5, 1.7, 0.3))[0]
    findings: tuple[RiskFinding, ...] = ()
    if level != "none":
        category = random.choice(risk_vocabulary().categories).id
        found = RiskFinding(
            category=category,
            level=level,
            probability=0.8,
            found_by=("words",),
            evidence=(f"bio:{accounts[0].account_id}",),
        )
        findings = (found,)
    return BrandRisk(
        method=METHOD, as_of=accounts[0].fetched_at, vocabulary="generated", level=level, findings=findings
    )


def _contact(accounts: Sequence[Account]) -> Contact:
    return Contact(
        method="shown",
        as_of=accounts[0].fetched_at,
        email=any(account.has_email for account in accounts),
        phone=any(account.has_phone for account in accounts),
        website=any(account.website for account in accounts),
        platforms=tuple(sorted(str(account.platform) for account in accounts if account.has_email)),
    )


def _authenticity(first: Account, random: Random) -> Authenticity:
    return Authenticity(**_of(first), probability=round(random.betavariate(1.2, 9), 4), confidence=0.6)


def _builder(random: Random) -> Builder:
    return Builder(
        method=METHOD,
        as_of=NOW,
        sample_size=26,
        velocity=round(random.lognormvariate(1.5, 1.2), 3),
        technical_score=round(random.betavariate(2, 3), 4),
        commits=int(random.lognormvariate(4, 1.3)),
        stars=int(random.lognormvariate(4, 2.2)),
        repositories=random.randint(1, 60),
    )
