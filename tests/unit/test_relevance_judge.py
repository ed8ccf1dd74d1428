"""The judged creators: the committed judgements are what rules and facts make, and the rules mean what they say."""

from __future__ import annotations

import json

import pytest

from benchmarks.relevance.creators.asked import keys_by_account
from benchmarks.relevance.creators.facts import TABLES, Facts, read_facts
from benchmarks.relevance.creators.figures import (
    BASELINE,
    Figures,
    comparison,
    figures,
    is_worse,
    read_baseline,
)
from benchmarks.relevance.creators.judge import (
    OVERRIDES,
    QRELS,
    Condition,
    Query,
    Rule,
    Rulebook,
    as_text,
    corrected,
    judge,
    read_overrides,
    read_qrels,
    read_queries,
    read_rules,
)
from creators.datasets import load_mapping

LEAST_QUERIES = 80


@pytest.fixture(scope="module")
def creators():
    return read_facts()


@pytest.fixture(scope="module")
def by_rules(creators):
    return judge(read_queries(), creators, read_rules())


def facts(**changes: object) -> Facts:
    kinds = ("category", "topic", "platform", "country", "language", "subject", "also", "source")
    labels = {kind: frozenset(changes.pop(kind, ())) for kind in kinds}
    plain = {"key": "x:1", "accounts": frozenset({"x:1"}), "names": ("Ann",), "bio": "", "followers": None}
    return Facts(**{**plain, **changes}, labels=labels)


def test_the_committed_judgements_are_what_rules_and_facts_make(by_rules, creators):
    made = as_text(corrected(by_rules, creators, read_overrides()))
    assert QRELS.read_text(encoding="utf-8") == made, "run: python -m benchmarks.relevance.creators.judge"


def test_every_query_has_a_rule_and_somebody_relevant():
    queries, judged = read_queries(), read_qrels()
    ids = [query.query_id for query in queries]
    assert len(set(ids)) == len(ids) >= LEAST_QUERIES
    assert set(read_rules().rules) == set(ids) == set(judged)
    assert [one for one in ids if 3 not in judged[one].values()] == []


def test_every_part_of_a_rule_is_met_by_somebody(creators):
    # A misspelt category or a pattern that nobody has would grade in silence.
    idle = [
        f"{query}: {condition.model_dump(exclude_defaults=True)}"
        for query, rule in read_rules().rules.items()
        for condition in (*rule.grade3, *rule.grade2, *rule.grade1, rule.within)
        if not any(condition.holds(one) for one in creators)
    ]
    assert idle == []


def test_every_subject_and_neighbour_is_one_of_the_table(creators):
    known = frozenset().union(*(one.labels["subject"] | one.labels["also"] for one in creators))
    book = read_rules()
    named = frozenset().union(*book.neighbours, *(rule.about for rule in book.rules.values()))
    assert named - known == set()


def test_every_override_changes_something_and_says_why(by_rules):
    for line in OVERRIDES.read_text(encoding="utf-8").splitlines()[1:]:
        query, key, grade, reason = line.split("\t")
        assert by_rules[query].get(key, 0) != int(grade), line
        assert len(reason.split()) > 2, line


@pytest.mark.parametrize("unknown", [("q", "x:9"), ("p", "x:1")])
def test_an_override_of_nobody_known_is_refused(unknown):
    with pytest.raises(ValueError, match="no such query or creator"):
        corrected({"q": {"x:1": 3}}, [facts()], {unknown: 1})


def test_an_override_replaces_adds_and_removes():
    known = [facts(key=key) for key in ("x:1", "x:2", "x:3")]
    given = {("q", "x:1"): 0, ("q", "x:2"): 1, ("q", "x:3"): 2}
    assert corrected({"q": {"x:1": 3, "x:2": 3}}, known, given) == {"q": {"x:2": 1, "x:3": 2}}


def test_the_index_never_sees_what_the_judge_grades_by():
    columns = load_mapping(TABLES[1].with_suffix(".toml")).account.model_dump(exclude_defaults=True)
    assert {"subject", "also", "language"}.isdisjoint(columns.values())


def test_accounts_belong_to_one_creator(creators):
    assert len(keys_by_account(creators)) == sum(len(one.accounts) for one in creators)
    assert all(one.key in one.accounts for one in creators)


@pytest.mark.parametrize(
    ("condition", "changes", "holds"),
    [
        ({"category": ["Music", "Film"]}, {"category": {"film"}}, True),
        ({"category": "Music"}, {"category": {"film"}}, False),
        ({"category": "Music"}, {}, False),
        ({"language": ["ja", ""]}, {}, True),
        ({"language": ["ja", ""]}, {"language": {"ko"}}, False),
        ({"name": "^ann$", "category": "Music"}, {"category": {"music"}}, True),
        ({"name": "^ann$", "category": "Music"}, {}, False),
        ({"name": "^bob$"}, {}, False),
        ({"bio": "bread"}, {"bio": "Fresh BREAD daily"}, True),
        ({"account": "x:1"}, {}, True),
        ({"account": "x:2"}, {}, False),
        ({"followers_min": 10}, {"followers": 10}, True),
        ({"followers_min": 10}, {"followers": 9}, False),
        ({"followers_max": 10}, {"followers": 10}, True),
        ({"followers_max": 10}, {"followers": 11}, False),
        ({"followers_max": 10}, {}, False),
        ({}, {}, True),
    ],
)
def test_a_condition_holds_when_all_of_its_parts_do(condition, changes, holds):
    assert Condition.model_validate(condition).holds(facts(**changes)) is holds


@pytest.mark.parametrize(
    ("changes", "grade"),
    [
        ({"subject": {"tea"}, "language": {"es"}}, 3),
        ({"subject": {"tea"}, "language": {"en"}}, 1),
        ({"subject": {"cake"}, "also": {"tea"}, "language": {"es"}}, 2),
        ({"subject": {"coffee"}, "language": {"es"}}, 1),
        ({"bio": "kettles", "language": {"es"}}, 2),
        ({"subject": {"cake"}, "language": {"es"}}, 0),
    ],
)
def test_a_rule_takes_the_best_grade_and_caps_it_outside(changes, grade):
    rule = Rule.model_validate(
        {"about": "tea", "grade2": [{"bio": "kettle"}], "within": {"language": "es"}, "outside": 1}
    )
    assert rule.grade(facts(**changes), frozenset({"coffee"})) == grade


def test_neighbours_share_a_group_and_are_not_the_subject_itself():
    book = Rulebook(neighbours=(frozenset({"a", "b"}), frozenset({"b", "c"}), frozenset({"d", "e"})), rules={})
    assert book.beside(["b"]) == {"a", "c"}
    assert book.beside(["a"]) == {"b"}
    assert book.beside(["z"]) == set()


def test_whoever_does_not_pass_the_filters_of_a_query_has_no_grade():
    query = Query.model_validate({"_id": "q", "intent": "word", "text": "t", "filters": {"followers": {"max": 5}}})
    book = Rulebook(neighbours=(), rules={"q": Rule(grade3=(Condition(name="ann"),))})
    small, large = facts(key="x:1", followers=5), facts(key="x:2", followers=6)
    assert judge([query], [small, large], book) == {"q": {"x:1": 3}}


def test_a_filter_that_the_judge_does_not_know_is_refused():
    query = Query.model_validate({"_id": "q", "intent": "word", "text": "t", "filters": {"verified": True}})
    with pytest.raises(ValueError, match="verified"):
        judge([query], [], Rulebook(neighbours=(), rules={"q": Rule()}))


def test_the_figures_are_means_over_queries_and_kinds():
    queries = [Query.model_validate({"_id": one, "intent": one[0], "text": one}) for one in ("a1", "a2", "b1")]
    judged = {"a1": {"x": 3}, "a2": {"x": 3}, "b1": {"y": 1}}
    found = figures({"a1": ["x"], "a2": ["z"], "b1": ["y"]}, judged, queries)
    assert found.intents == {"a": 0.5, "b": 1.0}
    assert found.ndcg == pytest.approx(2 / 3, abs=1e-4)
    assert found.queries == {"a1": 1.0, "a2": 0.0, "b1": 1.0}
    assert "-1.0000  a2" in comparison(found, found._replace(queries={"a2": 1.0}), queries)


@pytest.mark.parametrize(("now", "worse"), [(0.6, False), (0.5, False), (0.481, False), (0.479, True), (0.0, True)])
def test_a_loss_counts_beyond_the_allowance_only(now, worse):
    found, frozen = (Figures(ndcg=value, recall=1.0, intents={}, queries={}) for value in (now, 0.5))
    assert is_worse(found, frozen) is worse


def test_the_frozen_figures_are_of_these_queries():
    frozen = read_baseline()
    assert set(frozen.queries) == {query.query_id for query in read_queries()}
    assert frozen.ndcg == pytest.approx(sum(frozen.queries.values()) / len(frozen.queries), abs=1e-3)
    assert json.loads(BASELINE.read_text(encoding="utf-8")).keys() == set(Figures._fields)
