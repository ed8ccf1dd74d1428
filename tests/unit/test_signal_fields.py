"""What searches filter and sort by, out of the signals of a creator."""

import pytest

from creators.models import Account
from creators.signals.creator import NicheScore, Signals
from creators.signals.performance import Cadence, Engagement
from indexers.documents import build_document
from tests.fixtures.signalled import AT, content, full_signals, of_account

SHARED = {"creator_id", "text", "text_hash", "encoder", "vector"}


def account(platform, native_id, **more):
    return Account(platform=platform, native_id=native_id, source="list", fetched_at=AT, **more)


YOUTUBE = account("youtube", "UC1", country="MX", followers=90_000)
X = account("x", "9", followers=1_000, website="https://rosa.example.org")


def build(*accounts, **more):
    own = Signals(creator_id="c", text="t", text_hash="hash", encoder="e", vector=(1.0,), **more)
    return build_document("c", accounts, own, recipe="v1")


def values_of(found):
    return {name: getattr(found, name) for name in type(found).model_fields if name not in SHARED}


def test_every_signal_has_its_fields():
    doc = build(YOUTUBE, X, **values_of(full_signals((("youtube", "UC1"), ("x", "9")))))
    shown = {
        "engagement_rate": 0.03,
        "momentum": 0.01,
        "acceleration": 0.002,
        "posts_per_week": 2.5,
        "anomalies": ["follower_spike"],
        "audience_quality": 72.5,
        "audience_quality_band": "good",
        "audience_quality_coverage": 0.8,
        "bot_probability": 0.2,
        "brand_risk": "low",
        "brand_risk_categories": ["alcohol"],
        "brand_safe": True,
        "sponsored_share": 0.25,
        "brands": ["acme"],
        "account_kind": "person",
        "pronouns": ["she/her"],
        "content_types": ["tutorial"],
        "country": "MX",
        "country_confidence": 0.8,
        "has": ["email", "phone", "website", "x", "youtube"],
    }
    assert {name: doc[name] for name in shown} == shown
    assert doc["signals"]["brand_risk"]["method"] == "m"
    assert {"niches", "engagement", "growth"}.isdisjoint(doc["signals"])


@pytest.mark.parametrize(
    ("level", "niche", "safe"),
    [
        ("none", "food", True),
        ("low", "food", True),
        ("medium", "food", False),
        ("floor", "food", False),
        ("none", "politics", False),
        ("none", "comedy", True),
        (None, "politics", False),
        (None, "food", None),
    ],
)
def test_safe_for_brands_by_what_was_read_and_by_niche(level, niche, safe):
    risk = content()["brand_risk"].model_copy(update={"level": level}) if level else None
    doc = build(YOUTUBE, brand_risk=risk, niches=(NicheScore(niche=niche, confidence=0.9),))
    assert doc.get("brand_safe") is safe


@pytest.mark.parametrize(("confidence", "countries"), [(0.79, ["MX"]), (0.8, ["MX", "BR"]), (None, ["MX"])])
def test_a_country_that_was_inferred_counts_where_it_is_nearly_sure(confidence, countries):
    place = content()["location"].model_copy(update={"country": "BR", "confidence": confidence})
    doc = build(YOUTUBE, location=place)
    assert (doc["countries"], doc["country"]) == (countries, "BR")


def test_the_main_account_stands_for_the_creator_where_it_has_a_value():
    small = Cadence(posts_per_week=9.0, **of_account("x", "9"))
    main = Cadence(posts_per_week=1.0, **of_account("youtube", "UC1"))
    assert build(YOUTUBE, X, cadence=(small, main))["posts_per_week"] == 1.0
    assert build(YOUTUBE, X, cadence=(small,))["posts_per_week"] == 9.0


def test_a_rate_of_one_form_of_posts_is_not_the_rate_of_the_account():
    reels = Engagement(rate=0.5, form="short", **of_account())
    assert "engagement_rate" not in build(YOUTUBE, engagement=(reels,))
