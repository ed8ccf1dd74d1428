"""Which way to the nearest vectors is chosen, from what is known about the filter."""

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.counts import CountTable, Spread, estimate, read_table, table_request
from search.filters import AccountFilter, CountRange, DateRange, Exclusions, Filters, RateRange
from search.plan import EXPLORE, EXPLORE_FILTERED, MOST_NEIGHBOURS, choose, exact_ms, walk_ms

DAY_MS = 86_400_000
NOW_MS = 20_000 * DAY_MS
MILLION = 1_000_000
TABLE = CountTable(
    documents=1_000,
    values={
        "platforms": {"youtube": 500, "tiktok": 400, "x": 100},
        "niches": {"food": 50, "music": 200},
        "countries": {"BR": 100},
        "languages": {"pt": 120},
        "follower_band": {"micro": 300, "mega": 20},
        "domain": {"long_form": 600, "short_form": 400},
        "has": {"email": 300, "website": 500},
        "verified": {"true": 100, "false": 850},
        "degraded": {"false": 1_000},
    },
    spreads={
        "followers": Spread(1_000, tuple(float(1_000 * place) for place in range(21))),
        "engagement_rate": Spread(400, tuple(place / 200 for place in range(21))),
        "last_posted_at": Spread(800, tuple(float(NOW_MS - (200 - 10 * place) * DAY_MS) for place in range(21))),
        "joined_on": Spread(1_000, tuple(float(18_000 + place) * DAY_MS for place in range(21))),
    },
)


def share(**filters):
    return estimate(Filters(**filters), TABLE, now_ms=NOW_MS)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, 1.0),
        ({"platforms": ("youtube",)}, 0.5),
        ({"platforms": ("youtube", "tiktok")}, 1 - 0.5 * 0.6),
        ({"domains": ("long_form", "short_form")}, 1.0),
        ({"follower_bands": ("micro", "mega")}, 0.32),
        ({"platforms": ("youtube",), "niches": ("food",)}, 0.025),
        ({"has": ("email", "website")}, 0.15),
        ({"verified": True}, 0.1),
        ({"verified": False}, 0.9),
        ({"niches": ("sports",)}, 0.0),
        ({"followers": CountRange(min=10_000)}, 0.5),
        ({"followers": CountRange(min=5_000, max=10_000)}, 0.25),
        ({"followers": CountRange(max=0)}, 0.001),
        ({"followers": CountRange(min=10**9)}, 0.001),
        ({"engagement_rate": RateRange(min=0.05)}, 0.2),
        ({"engagement_rate": RateRange()}, 0.4),
        ({"growth_30d": RateRange(min=0)}, 0.001),
        ({"last_posted_days": 100}, 0.4),
        ({"joined": DateRange(min=date(1970, 1, 1), max=date(2100, 1, 1))}, 1.0),
        ({"creator_ids": ("a", "b")}, 0.002),
        ({"exclude": Exclusions(niches=("music",))}, 0.8),
        ({"exclude": Exclusions(creator_ids=("a",), handles=("b",))}, 0.998),
        ({"accounts": {"youtube": AccountFilter(verified=True)}}, 0.05),
        ({"any": (Filters(platforms=("youtube",)), Filters(verified=True))}, 1 - 0.5 * 0.9),
        ({"none": (Filters(platforms=("youtube",)),)}, 0.5),
        ({"all": (Filters(platforms=("youtube",)), Filters(verified=True))}, 0.05),
    ],
)
def test_the_share_follows_from_the_counts(filters, expected):
    assert share(**filters) == pytest.approx(expected)


def test_conditions_that_are_not_counted_narrow_all_the_same():
    assert share(keywords=("bread",)) < 0.1
    assert share(accounts={"x": AccountFilter(followers=CountRange(min=1))}) < share(accounts={"x": AccountFilter()})


def test_an_empty_index_has_no_share():
    assert estimate(Filters(), CountTable(0), now_ms=NOW_MS) == 0.0


@given(
    st.builds(
        Filters,
        platforms=st.lists(st.sampled_from(["youtube", "tiktok", "x"]), max_size=3).map(tuple),
        niches=st.lists(st.sampled_from(["food", "music", "sports"]), max_size=3).map(tuple),
        verified=st.sampled_from([None, True, False]),
        followers=st.builds(CountRange, min=st.none() | st.integers(0, 30_000)),
        keywords=st.lists(st.sampled_from(["a", "b"]), max_size=2).map(tuple),
    )
)
def test_a_share_is_a_share_and_a_further_condition_never_widens(filters):
    found = estimate(filters, TABLE, now_ms=NOW_MS)
    narrower = estimate(filters.model_copy(update={"has": ("email",)}), TABLE, now_ms=NOW_MS)
    assert 0 <= narrower <= found <= 1
    inverse = estimate(Filters(none=(filters,)), TABLE, now_ms=NOW_MS)
    assert found + inverse == pytest.approx(1)


def test_a_table_survives_the_cache():
    assert CountTable.from_json(TABLE.as_json()) == TABLE


def test_a_table_is_read_from_the_answer_to_its_request():
    names = table_request()["aggs"]
    answer = {"hits": {"total": {"value": 7}}, "aggregations": {}}
    for name in names:
        kind, _, _field = name.partition(":")
        answer["aggregations"][name] = {
            "values": {"buckets": [{"key": 1, "key_as_string": "true", "doc_count": 3}]},
            "known": {"value": 5.0},
            "points": {"values": [{"key": 0.0, "value": 1.0}, {"key": 100.0, "value": None}]},
        }[kind]
    table = read_table(answer)
    assert (table.documents, table.values["verified"]) == (7, {"true": 3})
    assert table.spreads["followers"] == Spread(5, (1.0,))


def test_the_ways_by_share():
    def strategy(part, documents=MILLION):
        return choose(part, documents, is_filtered=True, size=200).strategy

    assert choose(None, 0, is_filtered=False, size=200).strategy == "unfiltered"
    assert strategy(None) == "filtered"
    assert strategy(0.97) == "post_filter"
    assert strategy(0.3) == "filtered"
    assert strategy(0.001) == "exact"
    assert strategy(0.0) == "exact"
    assert strategy(0.97, documents=300) == "exact"


def test_a_filter_off_the_topic_is_read_through_while_that_is_affordable():
    def strategy(part, documents=200_000, **more):
        return choose(part, documents, is_filtered=True, size=200, **more).strategy

    assert [strategy(part) for part in (0.2, 0.5)] == ["filtered", "filtered"]
    assert [strategy(part, is_off_topic=True) for part in (0.2, 0.5)] == ["exact", "exact"]
    assert strategy(0.5, documents=MILLION, is_off_topic=True) == "filtered"
    assert strategy(0.95, is_off_topic=True) == "post_filter"
    assert strategy(None, is_off_topic=True) == "filtered"


@given(st.floats(0, 1), st.integers(1, 10**9), st.integers(1, 1_000))
def test_a_plan_can_be_asked(part, documents, size):
    plan = choose(part, documents, is_filtered=True, size=size)
    assert size <= plan.k <= MOST_NEIGHBOURS
    kept = {"exact": 0, "filtered": max(EXPLORE_FILTERED, plan.k), "post_filter": max(EXPLORE, plan.k)}
    assert plan.ef_search == kept[plan.strategy]
    assert plan.share == part
    assert f"{documents:,}" in plan.reason
    if plan.strategy == "exact":
        assert exact_ms(part, documents) <= walk_ms(part, documents)


@given(st.floats(0.0001, 1), st.integers(1, 10**8))
def test_costs_are_finite_and_a_scan_costs_more_the_more_it_reads(part, documents):
    assert 0 < exact_ms(part / 2, documents) <= exact_ms(part, documents)
    assert math.isfinite(walk_ms(part, documents))
