"""Requests for completions: what is long enough, where it is looked for, in which order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.queries.suggest import LONGEST_GRAM, LONGEST_MISTYPED, check_prefix, nearly_query, suggest_query


def asked_in(clauses: list[dict], field: str) -> list[str]:
    """Return what the match clauses ask for in a field."""
    return [clause["match"][field]["query"] for clause in clauses if field in clause["match"]]


def ways_of(body: dict) -> list[dict]:
    return body["query"]["bool"]["filter"][0]["bool"]["should"]


@pytest.mark.parametrize("typed", ["ro", "@ro", "田", "さ", "김", "🍕", "@🍕", "  ro  "])
def test_enough_is_typed(typed):
    assert check_prefix(typed) == typed.strip()


@pytest.mark.parametrize("typed", ["", " ", "r", "@r", " r ", "é", "@"])
def test_too_little_is_typed(typed):
    with pytest.raises(ValueError, match="2 characters"):
        check_prefix(typed)


def test_a_prefix_is_looked_for_as_typed_and_in_latin_letters():
    ways = ways_of(suggest_query("@Роза Кухня", limit=5))
    assert asked_in(ways, "suggest_handle") == ["РозаКухня", "rozakukhnya"]
    assert asked_in(ways, "suggest_name") == ["Роза Кухня", "roza kukhnya"]


def test_an_ascii_prefix_is_asked_for_once():
    ways = ways_of(suggest_query("rosa", limit=5))
    assert [list(way["match"]) for way in ways] == [["suggest_handle"], ["suggest_name"]]


def test_long_input_is_cut_to_what_is_indexed_and_punctuation_does_not_count():
    handle = "a.b_c-" * 10
    assert asked_in(ways_of(suggest_query(handle, limit=5)), "suggest_handle") == [("abc" * 10)[:LONGEST_GRAM]]


def test_exact_ones_come_first_then_the_larger():
    body = suggest_query("@rosa.cocina", limit=5)
    boosts = [
        (next(iter(way["constant_score"]["filter"]["term"].items())), way["constant_score"]["boost"])
        for way in body["query"]["bool"]["should"]
    ]
    assert boosts == [
        (("handles", "rosa.cocina"), 2),
        (("handle_skeletons", "rosa.cocina"), 1),
        (("names_ascii.exact", "rosa.cocina"), 1),
    ]
    assert [next(iter(order)) for order in body["sort"]] == ["_score", "followers", "creator_id"]


@pytest.mark.parametrize("typed", ["", "ros", "@ros", "r.o.s", "._-."])
def test_short_input_has_no_misspellings(typed):
    assert nearly_query(typed, limit=5) is None


@given(st.text(max_size=40))
def test_misspellings_are_looked_for_in_few_letters(typed):
    body = nearly_query(typed, limit=5)
    if body:
        for clause in body["query"]["dis_max"]["queries"]:
            (wanted,) = clause["match"].values()
            assert all(len(word) <= LONGEST_MISTYPED for word in wanted["query"].split())
            assert wanted["prefix_length"] == 1


@given(st.text(max_size=60), st.integers(1, 20))
def test_any_text_makes_a_request_of_one_shape(typed, limit):
    body = suggest_query(typed, limit=limit)
    assert body["size"] == limit
    assert "embedding" not in body["_source"]
    assert body["track_total_hits"] is False
