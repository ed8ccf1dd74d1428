"""Answers over the bundled creators against a brute-force count over the table itself."""

from __future__ import annotations

import pytest

from tests.fixtures.oracle import RATES, beside, counted, passes, read_oracle, seeded

COMBINATIONS = 50
FACETS = ("platforms", "niches", "countries", "languages", "follower_band", "domain", "verified")
FACET_SIZE = 50


@pytest.fixture(scope="module")
def oracle():
    return read_oracle()


def ask(client, **body):
    answer = client.post("/v1/creators/search", json=body)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["degraded"] == []
    return page


@pytest.fixture(scope="module")
def whole_index(client):
    """Every creator as displayed, by walking the pages of a sorted search."""
    found, cursor = {}, None
    while True:
        page = ask(client, sort={"field": "name", "order": "asc"}, limit=100, cursor=cursor)
        for hit in page["hits"]:
            assert hit["creator_id"] not in found
            found[hit["creator_id"]] = hit["creator"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def test_the_index_holds_the_creators_of_the_table_and_no_others(oracle, whole_index):
    assert len(oracle.creators) > 3000
    assert whole_index.keys() == oracle.creators.keys()


@pytest.mark.parametrize("name", ["platforms", "niches", "countries", "languages", "has"])
def test_every_creator_has_the_values_of_its_rows(oracle, whole_index, name):
    assert {one: set(shown.get(name, ())) for one, shown in whole_index.items()} == {
        one: facts[name] for one, facts in oracle.creators.items()
    }


@pytest.mark.parametrize("name", ["domain", "followers", "follower_band", "verified", *RATES])
def test_every_creator_has_the_number_of_its_rows(oracle, whole_index, name):
    shown = {one: creator.get(name) for one, creator in whole_index.items()}
    assert shown == {one: facts[name] for one, facts in oracle.creators.items()}


def some_range(rng, value):
    """Bounds around a value; sometimes only one of them."""
    width = rng.choice([0.1, 0.5, 2.0]) * max(abs(value), 0.001)
    low, high = value - rng.random() * width, value + rng.random() * width
    if isinstance(value, int):
        low, high = max(0, int(low)), int(high) + 1
    bounds = {"min": low, "max": high}
    if rng.random() < 0.3:
        bounds.pop(rng.choice(["min", "max"]))
    return bounds


def some_values(rng, own, every):
    return sorted({rng.choice(sorted(own)), *rng.sample(every, rng.randint(0, 2))})


def account_conditions(rng, facts):
    platform = rng.choice(sorted(facts["accounts"]))
    known = {name: v for name, v in facts["accounts"][platform].items() if v is not None and name != "verified"}
    return {platform: {name: some_range(rng, value) for name, value in known.items() if rng.random() < 0.6}}


def exclusions(rng, facts, every):
    """What the creator at hand does not have, so that it still passes."""
    name = rng.choice(["platforms", "niches", "countries"])
    others = [value for value in every[name] if value not in facts[name]]
    return {name: sorted(rng.sample(others, 2)), "creator_ids": rng.sample(every["creator_ids"], 3)}


def combination(rng, oracle, every):
    """Conditions that a creator drawn from the table passes, some of them in groups."""
    facts = rng.choice(list(oracle.creators.values()))
    filters = conditions(rng, facts, every)
    if rng.random() < 0.3:
        other = rng.choice(list(oracle.creators.values()))
        filters["any"] = [conditions(rng, other, every), conditions(rng, facts, every)]
    if rng.random() < 0.3:
        filters["all"] = [conditions(rng, facts, every)]
    others = [conditions(rng, rng.choice(list(oracle.creators.values())), every) for _ in range(2)]
    if rng.random() < 0.3:
        filters["none"] = [group for group in others if not passes(facts, group)]
    return filters


def conditions(rng, facts, every):
    """One to four conditions that a creator passes."""
    lists = {name: facts[name] for name in ("platforms", "niches", "countries", "topics") if facts[name]}
    ranges = {name: facts[name] for name in ("followers", *RATES) if facts[name] is not None}
    chosen = rng.sample(sorted([*lists, *ranges, "domains", "has", "accounts", "exclude"]), rng.randint(1, 4))
    filters = {name: some_values(rng, values, every[name]) for name, values in lists.items() if name in chosen}
    filters |= {name: some_range(rng, value) for name, value in ranges.items() if name in chosen}
    if "domains" in chosen:
        filters["domains"] = [facts["domain"]]
    if "has" in chosen:
        filters["has"] = sorted(rng.sample(sorted(facts["has"]), rng.randint(1, min(2, len(facts["has"])))))
    if "accounts" in chosen:
        filters["accounts"] = account_conditions(rng, facts)
    if "exclude" in chosen:
        filters["exclude"] = exclusions(rng, facts, every)
        filters["exclude"]["creator_ids"] = [i for i in filters["exclude"]["creator_ids"] if i != facts["creator_id"]]
    return filters


@pytest.fixture(scope="module")
def every_value(oracle):
    names = ("platforms", "niches", "countries", "topics")
    values = {name: sorted(counted(oracle.creators.values(), name)) for name in names}
    return {**values, "creator_ids": sorted(oracle.creators)}


@pytest.mark.parametrize("seed", range(COMBINATIONS))
def test_total_and_facets_are_what_counting_the_table_gives(client, oracle, every_value, seed):
    rng = seeded(seed)
    filters = combination(rng, oracle, every_value)
    expected = oracle.passing(filters)
    assert expected
    text = rng.choice(["", "", "music", "teaches people to cook"])
    page = ask(client, text=text, filters=filters, facets=list(FACETS), limit=100)
    assert page["total"] == {"value": len(expected), "relation": "eq"}, filters
    for hit in page["hits"]:
        assert passes(hit["creator"], filters), (filters, hit)
        assert passes(oracle.creators[hit["creator_id"]], filters), (filters, hit)
    for facet in FACETS:
        counts = {entry["value"]: entry["count"] for entry in page["facets"][facet]}
        truth = counted(oracle.passing(beside(filters, facet)), facet)
        # Of more values than a facet shows, the most frequent ones.
        assert sorted(counts.values()) == sorted(truth.values())[-FACET_SIZE:]
        assert counts.items() <= truth.items()


def test_the_combinations_are_worth_asking(oracle, every_value):
    totals = [len(oracle.passing(combination(seeded(s), oracle, every_value))) for s in range(COMBINATIONS)]
    assert sum(1 < total < len(oracle.creators) / 2 for total in totals) > COMBINATIONS / 2
    assert len(set(totals)) > COMBINATIONS / 2


def test_a_filter_without_a_match_finds_nobody(client):
    page = ask(client, text="music", filters={"platforms": ["github"], "followers": {"min": 10**12}})
    assert (page["hits"], page["total"]["value"], page["ranked"]) == ([], 0, 0)


def test_an_empty_request_counts_everybody_and_shows_the_largest(client, oracle):
    page = ask(client, limit=100, ranking={"profile": "relevance"})
    assert page["total"]["value"] == len(oracle.creators)
    shown = [hit["creator"]["followers"] for hit in page["hits"]]
    largest = sorted((f["followers"] for f in oracle.creators.values() if f["followers"]), reverse=True)
    assert shown == largest[:100]
