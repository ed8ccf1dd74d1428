"""Accounts and signals become one document: exact, and silent about what is not known."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.models import Account, Domain, Link, Platform
from creators.signals.creator import NicheScore, Signals
from creators.signals.performance import Engagement, Growth
from indexers.documents import build_document, domain_of, primary_account
from mappings.fields import FOLLOWER_BANDS, follower_band
from tests.fixtures.signalled import spanish

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
LATER = AT + timedelta(days=1)


def account(platform="youtube", native_id="1", **more):
    return Account(**{"platform": platform, "native_id": native_id, "source": "list", "fetched_at": AT} | more)


def signals(**more):
    return Signals(**{"creator_id": "c", "text": "t", "text_hash": "hash", "encoder": "e", "vector": (1.0,)} | more)


def build(*accounts, **more):
    return build_document("c", accounts, signals(**more), recipe="v1")


YOUTUBE = account(
    "youtube",
    "UC1",
    handle="RosaCocina",
    name="Rosa  Cocina",
    bio="Recetas de mi abuela",
    country="MX",
    language="es",
    categories=("Howto",),
    topics=("Recipes",),
    followers=90_000,
    posts=0,
    verified=True,
    joined_on=date(2016, 5, 4),
    last_posted_at=AT,
    links=(Link(platform="x", handle="rosa"),),
    provenance="list.csv",
    person_key="list:1",
)
X = account(
    "x",
    "9",
    handle="rosa",
    name="Роза",
    bio="A longer text that nobody wrote by hand at all",
    bio_composed=True,
    website="https://rosa.example.org",
    has_email=True,
    country="US",
    followers=1_000,
    joined_on=date(2012, 1, 1),
    source="other",
    tier=2,
    degraded=True,
    fetched_at=LATER,
)

WHOLE = {
    "creator_id": "c",
    "domain": "long_form",
    "name": "Rosa Cocina",
    "names": ["Роза", "Rosa Cocina"],
    "names_ascii": ["roza", "rosa cocina"],
    "handles": ["rosa", "RosaCocina"],
    "platforms": ["x", "youtube"],
    "primary_platform": "youtube",
    "has": ["email", "website", "x", "youtube"],
    "website": "https://rosa.example.org",
    "links": [{"platform": "x", "handle": "rosa"}],
    "bio": "Recetas de mi abuela",
    "bio_composed": False,
    "categories": ["Howto"],
    "topics": ["Recipes"],
    "niches": ["food", "travel"],
    "primary_niche": "food",
    "niche_labels": ["Food & cooking", "Travel"],
    "niche_scores": {"food": 0.912, "travel": 0.4},
    "countries": ["US", "MX"],
    "languages": ["es"],
    "language_confidence": 0.8,
    "followers": 90_000,
    "follower_band": "mid",
    "engagement_rate": 0.03,
    "engagement": [
        {
            "account_id": X.account_id,
            "platform": "x",
            "rate": 0.01,
            "method": "m",
            "as_of": "2026-11-01T12:00:00Z",
        },
        {
            "account_id": YOUTUBE.account_id,
            "platform": "youtube",
            "rate": 0.03,
            "method": "sum",
            "sample_size": 12,
            "window_days": 60,
            "as_of": "2026-11-01T12:00:00Z",
        },
    ],
    "growth": [
        {
            "account_id": account_id,
            "platform": platform,
            "window_days": 30,
            "rate": rate,
            "method": "m",
            "sample_size": 2,
            "below_resolution": False,
            "as_of": "2026-11-01T12:00:00Z",
        }
        for account_id, platform, rate in ((X.account_id, "x", 9.0), (YOUTUBE.account_id, "youtube", 0.0))
    ],
    "growth_30d": 0.0,
    "verified": True,
    "joined_on": "2012-01-01",
    "last_posted_at": "2026-11-01T12:00:00+00:00",
    "as_of": "2026-11-02T12:00:00+00:00",
    "account_count": 2,
    "sources": ["other", "list"],
    "degraded": True,
    "accounts": {
        "x": {
            "account_id": "x:9",
            "native_id": "9",
            "handle": "rosa",
            "name": "Роза",
            "followers": 1_000,
            "engagement_rate": 0.01,
            "joined_on": "2012-01-01",
            "as_of": "2026-11-02T12:00:00+00:00",
            "source": "other",
            "tier": 2,
            "degraded": True,
        },
        "youtube": {
            "account_id": "youtube:UC1",
            "native_id": "UC1",
            "handle": "RosaCocina",
            "name": "Rosa  Cocina",
            "followers": 90_000,
            "posts": 0,
            "engagement_rate": 0.03,
            "verified": True,
            "joined_on": "2016-05-04",
            "last_posted_at": "2026-11-01T12:00:00+00:00",
            "as_of": "2026-11-01T12:00:00+00:00",
            "source": "list",
            "tier": 1,
            "degraded": False,
            "provenance": "list.csv",
        },
    },
    "signals": {
        "language": {
            "method": "m",
            "as_of": "2026-11-01T12:00:00Z",
            "confidence": 0.8,
            "language": "es",
            "read_from": "bio",
            "used": [{"language": "es", "share": 1.0}],
        }
    },
    "text_hash": "hash",
    "recipe": "v1",
    "embedding": [0.123457, -0.5],
}


def test_a_whole_document():
    x_rate = Engagement(account_id=X.account_id, platform="x", rate=0.01, method="m", as_of=AT)
    youtube_rate = Engagement(
        account_id=YOUTUBE.account_id,
        platform="youtube",
        rate=0.03,
        method="sum",
        sample_size=12,
        window_days=60,
        as_of=AT,
    )
    growth = [
        Growth(
            account_id=a.account_id, platform=a.platform, window_days=30, rate=r, sample_size=2, method="m", as_of=AT
        )
        for a, r in ((X, 9), (YOUTUBE, 0))
    ]
    doc = build(
        X,
        YOUTUBE,
        niches=(NicheScore(niche="food", confidence=0.91234), NicheScore(niche="travel", confidence=0.4)),
        language=spanish(),
        engagement=(x_rate, youtube_rate),
        growth=tuple(growth),
        vector=(0.1234567891, -0.5),
    )
    assert doc == WHOLE


def test_what_is_not_known_is_not_there():
    assert build(account("github", "7")) == {
        "creator_id": "c",
        "domain": "code",
        "name": "7",
        "platforms": ["github"],
        "primary_platform": "github",
        "has": ["github"],
        "as_of": "2026-11-01T12:00:00+00:00",
        "account_count": 1,
        "sources": ["list"],
        "degraded": False,
        "accounts": {
            "github": {
                "account_id": "github:7",
                "native_id": "7",
                "as_of": "2026-11-01T12:00:00+00:00",
                "source": "list",
                "tier": 1,
                "degraded": False,
            }
        },
        "text_hash": "hash",
        "recipe": "v1",
        "embedding": [1.0],
    }


def test_zero_is_known():
    doc = build(account(followers=0, views=0, engagement_rate=0.0, verified=False))
    assert (doc["followers"], doc["follower_band"]) == (0, "nano")
    assert doc["accounts"]["youtube"]["views"] == 0
    assert doc["accounts"]["youtube"]["verified"] is False
    assert "verified" not in doc


@pytest.mark.parametrize(
    ("accounts", "domain"),
    [
        ([account("instagram", followers=5), account("youtube", followers=4)], Domain.SHORT_FORM),
        ([account("instagram", followers=4), account("youtube", followers=5)], Domain.LONG_FORM),
        ([account("github"), account("x", followers=0)], Domain.MICROBLOG),
        ([account("github"), account("x")], Domain.CODE),
        ([account("x"), account("github")], Domain.MICROBLOG),
        ([account("tiktok", followers=7), account("x", followers=7)], Domain.MICROBLOG),
        ([account("x", followers=7), account("tiktok", followers=7)], Domain.MICROBLOG),
    ],
    ids=["larger", "larger too", "known", "none known: the first", "none known: the other", "tie", "tie, other order"],
)
def test_the_largest_known_audience_chooses_the_domain(accounts, domain):
    assert domain_of(accounts) == domain
    assert build(*accounts)["domain"] == domain


@given(st.lists(st.tuples(st.sampled_from(Platform), st.none() | st.integers(0, 3)), min_size=1, max_size=6), st.data())
def test_the_order_of_accounts_with_known_audiences_does_not_matter(facts, data):
    accounts = [account(platform, str(n), followers=followers) for n, (platform, followers) in enumerate(facts)]
    shuffled = data.draw(st.permutations(accounts))
    if any(one.followers is not None for one in accounts):
        assert primary_account(shuffled) == primary_account(accounts)
        assert primary_account(accounts).followers == max(
            one.followers for one in accounts if one.followers is not None
        )
    else:
        assert primary_account(shuffled) == shuffled[0]


def test_of_two_accounts_on_one_platform_the_larger_stands_for_it():
    doc = build(account("x", "1", followers=10, handle="a"), account("x", "2", followers=20, handle="b"))
    assert doc["accounts"]["x"]["account_id"] == "x:2"
    assert (doc["account_count"], doc["handles"], doc["platforms"]) == (2, ["a", "b"], ["x"])


@pytest.mark.parametrize(
    ("bios", "chosen"),
    [
        ([("short", False), ("a much longer composed one", True)], "short"),
        ([("a much longer composed one", True), ("short", False)], "short"),
        ([("longer words", False), ("short", False)], "longer words"),
        ([("composed", True), (None, False)], "composed"),
    ],
)
def test_a_composed_bio_loses_to_a_real_one(bios, chosen):
    accounts = [account(native_id=str(n), bio=bio, bio_composed=made) for n, (bio, made) in enumerate(bios)]
    doc = build(*accounts)
    assert doc["bio"] == chosen
    assert doc["bio_composed"] is dict(bios)[chosen]


def test_a_creator_without_an_engagement_rate_on_the_main_platform_shows_another():
    rate = Engagement(account_id="x:2", platform="x", rate=0.01, method="m", as_of=AT)
    doc = build(account("youtube", followers=9), account("x", "2", followers=1), engagement=(rate,))
    assert doc["engagement_rate"] == 0.01
    assert "engagement_rate" not in doc["accounts"]["youtube"]


def test_an_account_shows_its_own_rate_and_not_that_of_another_on_the_same_platform():
    rate = Engagement(account_id="x:small", platform="x", rate=0.5, method="m", as_of=AT)
    doc = build(account("x", "big", followers=9), account("x", "small", followers=1), engagement=(rate,))
    assert doc["accounts"]["x"]["account_id"] == "x:big"
    assert "engagement_rate" not in doc["accounts"]["x"]


def test_growth_is_that_of_the_main_platform_only():
    grown = Growth(account_id="x:2", platform="x", window_days=90, rate=0.5, sample_size=2, method="m", as_of=AT)
    doc = build(account("youtube", followers=9), account("x", "2", followers=1), growth=(grown,))
    assert "growth_90d" not in doc


@pytest.mark.parametrize(
    ("accounts", "name"),
    [
        ([account(name="Small", followers=1), account("x", name="Large", followers=2)], "Large"),
        ([account(name="Named", followers=1), account("x", handle="h", followers=2)], "Named"),
        ([account(handle="Rosa.C")], "Rosa.C"),
        ([account(native_id="UC1", name="\u200b")], "UC1"),
    ],
    ids=["main account", "any name", "handle", "native id"],
)
def test_the_name_shown(accounts, name):
    assert build(*accounts)["name"] == name


@pytest.mark.parametrize(
    ("followers", "band"),
    [
        (None, None),
        (0, "nano"),
        (9_999, "nano"),
        (10_000, "micro"),
        (49_999, "micro"),
        (50_000, "mid"),
        (499_999, "mid"),
        (500_000, "macro"),
        (999_999, "macro"),
        (1_000_000, "mega"),
        (9_999_999, "mega"),
        (10_000_000, "giga"),
        (10**12, "giga"),
    ],
)
def test_follower_bands(followers, band):
    assert follower_band(followers) == band


def test_bands_rise_from_zero():
    bounds = [least for _, least in FOLLOWER_BANDS]
    assert bounds == sorted(set(bounds))
    assert bounds[0] == 0
