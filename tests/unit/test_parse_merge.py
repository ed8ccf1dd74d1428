"""Filters of the request and of its text: what the request says explicitly wins, field by field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.filters import Filters
from search.parse.merge import apply
from search.parse.parser import parse

QUERY = (
    "vegan bakers in brazil, 10k-50k followers, youtube engagement over 3%, no crypto, not on x, 100 comments per post"
)
FIELDS = {
    "countries": ["ES"],
    "followers": {"min": 1},
    "niches": ["music"],
    "verified": True,
    "languages": ["pt"],
    "has": ["email"],
    "last_posted_days": 7,
}


def dumped(filters):
    return filters.model_dump(mode="json", exclude_defaults=True)


def test_an_empty_request_takes_what_the_text_says():
    parsed = parse(QUERY)
    assert apply(Filters(), parsed) == parsed.filters


@given(st.sets(st.sampled_from(sorted(FIELDS))))
def test_a_field_of_the_request_wins_and_the_others_come_from_the_text(names):
    asked = {name: FIELDS[name] for name in names}
    parsed = parse(QUERY)
    both = dumped(apply(Filters.model_validate(asked), parsed))
    assert {name: both[name] for name in names} == asked
    assert {k: v for k, v in both.items() if k not in names} == {
        k: v for k, v in dumped(parsed.filters).items() if k not in names
    }


def test_accounts_and_exclusions_are_merged_inside():
    asked = Filters.model_validate(
        {
            "accounts": {"youtube": {"followers": {"min": 5}}, "tiktok": {"verified": True}},
            "exclude": {"niches": ["gaming"], "languages": ["de"]},
        }
    )
    both = dumped(apply(asked, parse(QUERY)))
    assert both["accounts"] == {
        "youtube": {"followers": {"min": 5}, "engagement_rate": {"min": 0.03}},
        "tiktok": {"verified": True},
    }
    assert both["exclude"] == {"niches": ["gaming"], "languages": ["de"], "platforms": ["x"]}


def test_the_same_fact_of_an_account_is_that_of_the_request():
    asked = Filters.model_validate({"accounts": {"youtube": {"engagement_rate": {"max": 0.5}}}})
    assert apply(asked, parse(QUERY)).accounts["youtube"].engagement_rate.min is None


def test_groups_of_both_hold():
    asked = Filters.model_validate({"all": [{"verified": True}], "none": [{"countries": ["US"]}]})
    both = apply(asked, parse(QUERY))
    assert len(both.all) == 2
    assert len(both.none) == 1


@pytest.mark.parametrize(
    ("query", "followers"),
    [
        ("over 10k followers, under 50k followers", {"min": 10_000, "max": 50_000}),
        ("over 10k followers, over 20k followers", {"min": 20_000}),
        ("over 50k followers, under 10k followers", {"min": 50_000}),
    ],
)
def test_ranges_of_one_fact_are_narrowed(query, followers):
    parsed = parse(query)
    assert dumped(parsed.filters) == {"followers": followers}
    contradicted = [clause for clause in parsed.clauses if not clause.applied]
    assert len(contradicted) == (followers == {"min": 50_000})
