"""Whatever is typed: no error, places that are true, nothing invented, and what is left says nothing more."""

from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from search.filters import Filters
from search.parse.clauses import Clause, ParsedQuery
from search.parse.parser import parse
from search.parse.reader import Reader

PIECES = (Path(__file__).parents[1] / "data" / "parse_pieces.txt").read_text(encoding="utf-8").split()
QUERIES = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
)


def applied(parsed: ParsedQuery) -> list[Clause]:
    return [clause for clause in parsed.clauses if clause.applied]


@given(QUERIES)
@example("10k-50k 10k-50k-")
@example("no no no crypto, or")
@example("\ud800 10k")
def test_places_are_true_and_do_not_overlap(query):
    parsed = parse(query)
    last = 0
    for clause in parsed.clauses:
        assert parsed.query[clause.start : clause.end] == clause.words
        assert last <= clause.start < clause.end
        last = clause.end


@given(QUERIES)
def test_filters_are_those_of_the_applied_clauses(query):
    parsed = parse(query)
    dumped = parsed.filters.model_dump(mode="json", exclude_defaults=True)
    assert Filters.model_validate(dumped) == parsed.filters
    fields = {clause.field for clause in applied(parsed)}
    assert bool(dumped) == bool(fields - {"sort"})
    assert (parsed.sort is not None) == ("sort" in fields)
    for clause in applied(parsed):
        assert holds(dumped, clause), clause


def holds(dumped: dict, clause: Clause) -> bool:
    if clause.field == "sort":
        return True
    if clause.field.startswith("accounts.any."):
        name = clause.field.rpartition(".")[2]
        groups = [next(iter(group["any"][0]["accounts"].values())) for group in dumped["all"]]
        return {name: clause.value} in groups
    value = dumped
    for name in clause.field.split("."):
        # A default, such as an empty exclusion, is not written out.
        value = value.get(name, {})
    if isinstance(clause.value, list):
        return set(clause.value) <= set(value)
    if isinstance(clause.value, dict):
        return set(clause.value) <= set(value)
    return value == clause.value or clause.field.endswith("last_posted_days")


@given(QUERIES)
def test_nothing_is_invented(query):
    """Without its words a clause is gone: its value comes from them and from nothing else."""
    parsed = parse(query)
    for clause in applied(parsed):
        same = [other for other in parsed.clauses if other.field == clause.field]
        assume(len(same) == 1)
        rest = parse(f"{parsed.query[: clause.start]} qqq qqq {parsed.query[clause.end :]}")
        assert clause.value not in [other.value for other in applied(rest) if other.field == clause.field]


@given(QUERIES)
@example("0K AVERAGE 0 FOLLOWER")
def test_what_is_left_says_nothing_more(query):
    """A second number for a field that has one is left as a word; read alone it would be that field again."""
    parsed = parse(query)
    said = {clause.field for clause in parsed.clauses} | {"niches"}
    again = parse(parsed.text)
    assert [clause for clause in applied(again) if clause.field not in said] == []


@given(QUERIES)
def test_words_that_rank_are_words_of_the_query(query):
    parsed = parse(query)
    written = [token.text for token in Reader(parsed.query).tokens]
    assert all(token.text in written for token in Reader(parsed.text).tokens if token.kind != "sign")


@pytest.mark.parametrize("query", ["a" * 5000, "10k " * 2000, '"' * 999, "no " * 800, "in the " * 500, "1" * 400])
def test_a_hostile_query_is_read_to_the_limit(query):
    parsed = parse(query)
    assert len(parsed.query) <= 1000
    assert len(query.strip()) <= 1000 or any("1000" in note for note in parsed.notes)
