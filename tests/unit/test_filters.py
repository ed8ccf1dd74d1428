"""Filters as a query: complete, and the same bytes for the same question, however it was asked."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mappings.fields import HAS_VALUES
from search.filters import Filters
from search.queries.filters import filter_clause

RICH = {
    "platforms": ["youtube", "instagram"],
    "domains": ["short_form", "long_form"],
    "niches": ["travel", "food"],
    "countries": ["Spain", "BR"],
    "languages": ["pt", "es"],
    "topics": ["Recipes", "Art"],
    "categories": ["Blogger"],
    "follower_bands": ["micro", "mid"],
    "sources": ["dataset"],
    "creator_ids": ["d", "c"],
    "keywords": ["sour dough", "bread"],
    "bio": ["baker"],
    "followers": {"min": 10_000, "max": 50_000},
    "engagement_rate": {"min": 0.03},
    "growth_30d": {"max": -0.1},
    "growth_90d": {},
    "growth_180d": {"min": 0},
    "account_count": {"min": 2},
    "joined": {"min": "2019-01-31"},
    "account_kinds": ["person", "media"],
    "content_types": ["vlog", "tutorial"],
    "pronouns": ["She/Her"],
    "brands": ["acme"],
    "brand_risk": ["none", "low"],
    "brand_risk_categories": ["alcohol"],
    "brand_safe": True,
    "audience_quality": {"min": 70},
    "audience_quality_bands": ["good"],
    "bot_probability": {"max": 0.2},
    "anomalies": ["follower_spike"],
    "sponsored_share": {"max": 0.5},
    "posts_per_week": {"min": 1},
    "momentum": {"min": 0},
    "shipping_velocity": {"min": 3},
    "technical_score": {"min": 0.5},
    "stars": {"min": 100},
    "degraded": False,
    "max_age_days": 90,
    "verified": True,
    "has": ["website", "email", "github"],
    "last_posted_days": 30,
    "accounts": {
        "youtube": {
            "engagement_rate": {"min": 0.03},
            "average_views": {"min": 100},
            "verified": False,
            "joined": {"max": "2020-12-31"},
            "last_posted_days": 7,
        },
        "instagram": {"followers": {"min": 10_000}, "verified": True},
    },
    "exclude": {
        "platforms": ["x"],
        "niches": ["gaming"],
        "countries": ["France"],
        "languages": ["fr"],
        "creator_ids": ["b", "a", "b"],
        "handles": ["@Rosa", "rosa", "Luis"],
        "domains": ["code"],
        "topics": ["War"],
        "categories": ["Politician"],
        "has": ["email"],
        "brands": ["bmca"],
        "brand_risk_categories": ["weapons"],
        "account_kinds": ["brand"],
        "anomalies": ["comment_pod"],
        "content_types": ["news"],
        "keywords": ["casino"],
    },
    "all": [{"niches": ["art"]}, {"verified": True}],
    "any": [{"niches": ["food"]}, {"followers": {"min": 5}, "exclude": {"niches": ["news"]}}],
    "none": [{"platforms": ["x"], "verified": True}],
}


def clause_of(given):
    return filter_clause(Filters.model_validate(given))


WHOLE = {
    "bool": {
        "filter": [
            {"terms": {"platforms": ["instagram", "youtube"]}},
            {"terms": {"domain": ["long_form", "short_form"]}},
            {"terms": {"niches": ["food", "travel"]}},
            {"terms": {"countries": ["BR", "ES"]}},
            {"terms": {"languages": ["es", "pt"]}},
            {"terms": {"topics": ["Art", "Recipes"]}},
            {"terms": {"categories": ["Blogger"]}},
            {"terms": {"brands": ["acme"]}},
            {"terms": {"brand_risk_categories": ["alcohol"]}},
            {"terms": {"account_kind": ["media", "person"]}},
            {"terms": {"anomalies": ["follower_spike"]}},
            {"terms": {"content_types": ["tutorial", "vlog"]}},
            {"terms": {"follower_band": ["micro", "mid"]}},
            {"terms": {"sources": ["dataset"]}},
            {"terms": {"pronouns": ["She/Her"]}},
            {"terms": {"brand_risk": ["low", "none"]}},
            {"terms": {"audience_quality_band": ["good"]}},
            {"terms": {"creator_id": ["c", "d"]}},
            {"term": {"has": "email"}},
            {"term": {"has": "github"}},
            {"term": {"has": "website"}},
            {"range": {"followers": {"gte": 10_000, "lte": 50_000}}},
            {"range": {"engagement_rate": {"gte": 0.03}}},
            {"range": {"growth_30d": {"lte": -0.1}}},
            {"exists": {"field": "growth_90d"}},
            {"range": {"growth_180d": {"gte": 0.0}}},
            {"range": {"account_count": {"gte": 2}}},
            {"range": {"audience_quality": {"gte": 70.0}}},
            {"range": {"bot_probability": {"lte": 0.2}}},
            {"range": {"sponsored_share": {"lte": 0.5}}},
            {"range": {"posts_per_week": {"gte": 1.0}}},
            {"range": {"momentum": {"gte": 0.0}}},
            {"range": {"shipping_velocity": {"gte": 3.0}}},
            {"range": {"technical_score": {"gte": 0.5}}},
            {"range": {"stars": {"gte": 100}}},
            {"range": {"joined_on": {"gte": "2019-01-31"}}},
            {"term": {"verified": True}},
            {"term": {"brand_safe": True}},
            {"bool": {"must_not": [{"term": {"degraded": True}}]}},
            {"range": {"last_posted_at": {"gte": "now-30d/d"}}},
            {"range": {"as_of": {"gte": "now-90d/d"}}},
            {"match_phrase": {"search_text": "bread"}},
            {"match_phrase": {"search_text": "sour dough"}},
            {"match_phrase": {"bio": "baker"}},
            {"term": {"platforms": "instagram"}},
            {"range": {"accounts.instagram.followers": {"gte": 10_000}}},
            {"term": {"accounts.instagram.verified": True}},
            {"term": {"platforms": "youtube"}},
            {"range": {"accounts.youtube.average_views": {"gte": 100}}},
            {"range": {"accounts.youtube.engagement_rate": {"gte": 0.03}}},
            {"bool": {"must_not": [{"term": {"accounts.youtube.verified": True}}]}},
            {"range": {"accounts.youtube.joined_on": {"lte": "2020-12-31"}}},
            {"range": {"accounts.youtube.last_posted_at": {"gte": "now-7d/d"}}},
            {"bool": {"filter": [{"terms": {"niches": ["art"]}}]}},
            {"bool": {"filter": [{"term": {"verified": True}}]}},
            {
                "bool": {
                    "should": [
                        {"bool": {"filter": [{"terms": {"niches": ["food"]}}]}},
                        {
                            "bool": {
                                "filter": [{"range": {"followers": {"gte": 5}}}],
                                "must_not": [{"terms": {"niches": ["news"]}}],
                            }
                        },
                    ],
                    "minimum_should_match": 1,
                }
            },
        ],
        "must_not": [
            {"terms": {"platforms": ["x"]}},
            {"terms": {"domain": ["code"]}},
            {"terms": {"niches": ["gaming"]}},
            {"terms": {"countries": ["FR"]}},
            {"terms": {"languages": ["fr"]}},
            {"terms": {"topics": ["War"]}},
            {"terms": {"categories": ["Politician"]}},
            {"terms": {"brands": ["bmca"]}},
            {"terms": {"brand_risk_categories": ["weapons"]}},
            {"terms": {"account_kind": ["brand"]}},
            {"terms": {"anomalies": ["comment_pod"]}},
            {"terms": {"content_types": ["news"]}},
            {"terms": {"has": ["email"]}},
            {"terms": {"creator_id": ["a", "b"]}},
            {"terms": {"handles": ["luis", "rosa"]}},
            {"match_phrase": {"search_text": "casino"}},
            {"bool": {"filter": [{"terms": {"platforms": ["x"]}}, {"term": {"verified": True}}]}},
        ],
    }
}


def test_a_rich_filter():
    assert clause_of(RICH) == WHOLE


def shuffled(value, random):
    if isinstance(value, list) and isinstance(value[0], dict):
        return [shuffled(group, random) for group in value]  # groups keep the order in which they were asked
    if isinstance(value, list):
        return random.sample(value, len(value)) + random.sample(value, 1)
    if isinstance(value, dict):
        return {key: shuffled(value[key], random) for key in random.sample(sorted(value), len(value))}
    return value


@given(st.randoms(use_true_random=False))
def test_the_order_of_what_is_asked_does_not_matter(random):
    assert json.dumps(clause_of(shuffled(RICH, random))) == json.dumps(clause_of(RICH))


@pytest.mark.parametrize("given", [{}, {"platforms": [], "exclude": {}, "accounts": {}}, {"exclude": {"niches": []}}])
def test_nothing_asked_is_no_clause(given):
    assert clause_of(given) is None


@pytest.mark.parametrize(
    ("given", "clause"),
    [
        ({"verified": False}, {"filter": [{"bool": {"must_not": [{"term": {"verified": True}}]}}]}),
        ({"exclude": {"platforms": ["x"]}}, {"must_not": [{"terms": {"platforms": ["x"]}}]}),
        ({"followers": {"min": 0}}, {"filter": [{"range": {"followers": {"gte": 0}}}]}),
        ({"followers": {}}, {"filter": [{"exists": {"field": "followers"}}]}),
        ({"accounts": {"x": {}}}, {"filter": [{"term": {"platforms": "x"}}]}),
        ({"none": [{}]}, {"must_not": [{"match_all": {}}]}),
        ({"any": [{}]}, {"filter": [{"bool": {"should": [{"match_all": {}}], "minimum_should_match": 1}}]}),
    ],
)
def test_single_filters(given, clause):
    assert clause_of(given) == {"bool": clause}


@pytest.mark.parametrize("name", sorted(RICH))
def test_no_filter_is_left_out(name):
    without = {key: value for key, value in RICH.items() if key != name}
    assert clause_of(without) != clause_of(RICH)


def test_every_filter_is_in_the_table_above():
    assert set(RICH) == set(Filters.model_fields), "a new filter: add it to the table"


def refusal(given):
    with pytest.raises(ValidationError) as caught:
        Filters.model_validate(given)
    (error,) = caught.value.errors()
    return ".".join(map(str, error["loc"])), error["msg"]


@pytest.mark.parametrize(
    ("given", "place", "words"),
    [
        ({"niches": ["foood"]}, "niches", "'foood' is not a niche; did you mean 'food'?"),
        ({"exclude": {"niches": ["travle"]}}, "exclude.niches", "did you mean 'travel'?"),
        ({"has": ["e-mail"]}, "has", "'e-mail' is not a value of has; did you mean 'email'?"),
        ({"countries": ["Atlantis"]}, "countries", "'Atlantis' is not a country"),
        ({"countries": ["BR", ""]}, "countries", "'' is not a country"),
        ({"languages": ["english"]}, "languages.0", "pattern"),
        ({"platforms": ["myspace"]}, "platforms.0", "'instagram'"),
        ({"domains": ["video"]}, "domains.0", "'short_form'"),
        ({"followers": {"min": 2, "max": 1}}, "followers", "min 2 is greater than max 1"),
        ({"followers": {"min": -1}}, "followers.min", "greater than or equal to 0"),
        ({"followers": {"max": 2**63}}, "followers.max", "less than or equal to"),
        ({"growth_30d": {"min": 0.2, "max": 0.1}}, "growth_30d", "min 0.2 is greater than max 0.1"),
        ({"engagement_rate": {"min": float("nan")}}, "engagement_rate.min", "finite"),
        ({"engagement_rate": {"max": float("inf")}}, "engagement_rate.max", "finite"),
        ({"accounts": {"x": {"followers": {"min": 2, "max": 1}}}}, "accounts.x.followers", "greater than max"),
        ({"last_posted_days": 0}, "last_posted_days", "greater than or equal to 1"),
        ({"topics": ["t"] * 101}, "topics", "at most 100"),
        ({"exclude": {"creator_ids": ["c"] * 10_001}}, "exclude.creator_ids", "at most 10000"),
        ({"joined": {"min": "2020-02-30"}}, "joined.min", "date"),
        ({"joined": {"min": "2021-01-01", "max": "2020-01-01"}}, "joined", "is greater than max"),
        ({"keywords": [" "]}, "keywords.0", "at least 1"),
        ({"follower_bands": ["mikro"]}, "follower_bands", "did you mean 'micro'?"),
        ({"any": [{"all": [{"none": [{"niches": ["foood"]}]}]}]}, "any.0.all.0.none.0.niches", "did you mean 'food'?"),
        ({"any": [{}] * 51}, "", "more than 50 groups"),
    ],
)
def test_what_cannot_be_asked_is_named_with_the_fix(given, place, words):
    found, message = refusal(given)
    assert found == place
    assert words in message


@pytest.mark.parametrize(
    ("names", "codes"),
    [(["Brazil"], ("BR",)), (["España", "ES", "spanish"], ("ES",)), (["Taiwan", "Brazil"], ("BR", "TW"))],
)
def test_countries_are_codes(names, codes):
    assert Filters(countries=names).countries == codes


def test_equal_bounds_are_a_range():
    assert clause_of({"followers": {"min": 7, "max": 7}}) == {
        "bool": {"filter": [{"range": {"followers": {"gte": 7, "lte": 7}}}]}
    }


def test_whatever_a_creator_has_can_be_asked_for():
    assert set(Filters(has=HAS_VALUES).has) == set(HAS_VALUES)
