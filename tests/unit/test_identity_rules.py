"""Which accounts are one creator, given the evidence; whose decision stands; what is open."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from creators.errors import SetupError
from creators.models import Account
from creators.settings import Settings
from creators.stores.queue import MEDIA, QUEUES, RESOLVE
from creators.stores.workers import queues_of
from enrich.resolve.edges import Edge, pair_id, pair_of
from enrich.resolve.grouping import MAX_ACCOUNTS, declared_pairs, group, open_pairs
from enrich.resolve.judgements import Decided, Judgement, between, standing, together
from enrich.resolve.neighbourhood import Neighbourhood
from enrich.resolve.rules import Rules, rules_of

AT = datetime(2026, 11, 1, tzinfo=UTC)
RULES = Rules()
PLATFORMS = ("x", "github", "youtube", "tiktok")


def account(account_id, *, gone=False):
    platform, _, native_id = account_id.partition(":")
    return Account(platform=platform, native_id=native_id, source="test", fetched_at=AT, gone=gone)


def known(*account_ids, gone=()):
    return {one: account(one, gone=one in gone) for one in account_ids}


def match(one, other, probability):
    left, right = pair_of(one, other)
    return (left, right), {"left": left, "right": right, "probability": probability}


def decided(one, other, decision, *, days=0, record="a"):
    left, right = pair_of(one, other)
    at = AT + timedelta(days=days)
    told = {"user": "ada", "purpose": "review", "record": record, "at": at}
    return Decided(left=left, right=right, decision=decision, **told)


def found(*, declared=(), matches=(), judged=()):
    edges = {(left, right): Edge(left, right, "declared_link", AT) for left, right in declared}
    return Neighbourhood(declared=edges, matches=dict(matches), judged=standing(judged))


def test_a_match_joins_from_the_threshold_on():
    accounts = known("x:1", "github:2", "youtube:3")
    told = found(matches=[match("x:1", "github:2", 0.95), match("x:1", "youtube:3", 0.7)])
    groups = group(told, accounts, RULES)
    assert groups == [frozenset({"github:2", "x:1"}), frozenset({"youtube:3"})]
    assert open_pairs(told, groups, RULES) == {("github:2", "x:1"): None, ("x:1", "youtube:3"): "probability"}


def test_of_two_accounts_of_one_platform_the_more_probable_joins_and_the_other_waits():
    accounts = known("x:1", "x:2", "github:3")
    told = found(matches=[match("x:1", "github:3", 0.97), match("x:2", "github:3", 0.99)])
    groups = group(told, accounts, RULES)
    assert groups == [frozenset({"github:3", "x:2"}), frozenset({"x:1"})]
    assert open_pairs(told, groups, RULES) == {("github:3", "x:1"): "conflict", ("github:3", "x:2"): None}


def test_an_account_that_is_gone_leaves_its_place():
    accounts = known("x:1", "x:2", "github:3", gone={"x:1"})
    told = found(declared=[("x:1", "github:3")], matches=[match("x:2", "github:3", 0.97)])
    assert group(told, accounts, RULES) == [frozenset(accounts)]


def test_a_pair_that_was_judged_is_not_asked_again():
    accounts = known("x:1", "github:2")
    for decision in ("different", "unsure"):
        told = found(matches=[match("x:1", "github:2", 0.7)], judged=[decided("x:1", "github:2", decision)])
        assert open_pairs(told, group(told, accounts, RULES), RULES) == {("github:2", "x:1"): None}


def test_whoever_is_judged_different_goes_and_the_others_stay():
    """Three name the same person; one is judged to be somebody else than either of the others."""
    accounts = known("x:1", "github:2", "youtube:3")
    hub = [(one, "person:p") for one in accounts]
    judged = [decided("x:1", other, "different") for other in ("github:2", "youtube:3")]
    assert group(found(declared=hub), accounts, RULES) == [frozenset(accounts)]
    assert group(found(declared=hub, judged=judged), accounts, RULES) == [
        frozenset({"github:2", "youtube:3"}),
        frozenset({"x:1"}),
    ]


def test_people_may_join_two_accounts_of_one_platform():
    accounts = known("x:1", "x:2")
    assert group(found(judged=[decided("x:1", "x:2", "same")]), accounts, RULES) == [frozenset(accounts)]


def test_a_crowd_that_shares_a_link_is_not_joined_and_its_matches_are():
    accounts = known("github:0", *(f"x:{number}" for number in range(MAX_ACCOUNTS + 1)))
    hub = [(one, "person:agency") for one in accounts]
    assert declared_pairs(accounts, hub) == set()
    groups = group(found(declared=hub, matches=[match("github:0", "x:7", 0.99)]), accounts, RULES)
    assert max(groups, key=len) == frozenset({"github:0", "x:7"})
    assert sum(map(len, groups)) == len(accounts)


def test_unseen_accounts_and_handles_in_between_join_those_around_them():
    accounts = known("x:1", "github:2", "youtube:3")
    chain = [("x:1", "handle:tiktok:rosa"), ("tiktok:@rosa", "handle:tiktok:rosa"), ("github:2", "tiktok:@rosa")]
    assert declared_pairs(accounts, chain) == {("github:2", "x:1")}


ACCOUNTS = [f"{platform}:{number}" for platform in PLATFORMS for number in range(2)]
PAIRS = st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(ACCOUNTS)).filter(lambda pair: pair[0] != pair[1])


@given(
    st.lists(PAIRS, max_size=4),
    st.lists(st.tuples(PAIRS, st.floats(0.5, 1)), max_size=10),
    st.lists(st.tuples(PAIRS, st.sampled_from(["same", "different", "unsure"])), max_size=4),
    st.integers(0, 10**6),
)
def test_groups_part_the_accounts_keep_judgements_and_know_no_order(declared, matches, judged, seed):
    scored = [match(*pair, probability) for pair, probability in {pair_of(*p): (p, q) for p, q in matches}.values()]
    said = [decided(*pair, decision, days=day) for day, (pair, decision) in enumerate(judged)]
    told = found(declared=declared, matches=scored, judged=said)
    groups = group(told, known(*ACCOUNTS), RULES)
    assert sorted(one for members in groups for one in members) == sorted(ACCOUNTS)
    home = {one: members for members in groups for one in members}
    for pair, one in told.judged.items():
        if one.decision == "different":
            assert home[pair[0]] != home[pair[1]]
    shuffle = random.Random(seed).sample  # noqa: S311 - an order, guards nothing
    accounts = known(*shuffle(ACCOUNTS, len(ACCOUNTS)))
    again = found(
        declared=shuffle(declared, len(declared)), matches=shuffle(scored, len(scored)), judged=shuffle(said, len(said))
    )
    assert group(again, accounts, RULES) == groups


def test_the_latest_judgement_of_a_pair_stands_in_any_order():
    said = [
        decided("x:1", "github:2", "same", days=0),
        decided("github:2", "x:1", "different", days=2, record="b"),
        decided("x:1", "github:2", "unsure", days=2, record="a"),
        decided("x:1", "youtube:3", "same", days=9),
    ]
    for order in permutations(said):
        latest = standing(order)
        assert latest["github:2", "x:1"].decision == "different"
        assert latest["x:1", "youtube:3"].decision == "same"


def test_a_judgement_names_its_pairs_one_way_and_refuses_what_is_no_pair():
    told = {"decision": "same", "user": " ada ", "at": AT}
    one = Judgement(pairs=(("x:1", "github:2"), ("github:2", "x:1")), **told)
    assert one.pairs == (("github:2", "x:1"),)
    assert (one.accounts, one.user) == (["github:2", "x:1"], "ada")
    for pairs in ((), (("x:1", "x:1"),)):
        with pytest.raises(ValidationError):
            Judgement(pairs=pairs, **told)
    with pytest.raises(ValidationError):
        Judgement(pairs=one.pairs, **{**told, "user": " "})


def test_pairs_that_keep_groups_together_and_apart():
    assert together([["x:1", "github:2"], ["youtube:3"]]) == [
        ("github:2", "x:1"),
        ("github:2", "youtube:3"),
        ("x:1", "youtube:3"),
    ]
    assert between(["x:1"], ["github:2", "youtube:3"]) == [("github:2", "x:1"), ("x:1", "youtube:3")]
    assert pair_id(pair_of("x:1", "github:2")) == pair_id(("github:2", "x:1"))


def test_rules_are_those_of_the_settings():
    rules = rules_of(Settings(identity_exclude="x,tiktok", identity_merge=0.9))
    assert (rules.merge, rules.review, rules.exclude) == (0.9, 0.6, frozenset({"x", "tiktok"}))
    assert not rules.allows("x:1")
    assert rules.allows("github:1")
    with pytest.raises(SetupError, match="CREATORSCOPE_IDENTITY_REVIEW"):
        rules_of(Settings(identity_merge=0.7, identity_review=0.8))
    with pytest.raises(ValidationError):
        Settings(identity_exclude="myspace")


def test_a_worker_serves_the_queues_that_its_settings_say():
    assert queues_of(Settings()) == tuple(queue for queue in QUEUES if queue != MEDIA)
    assert queues_of(Settings(media_fetch="on")) == QUEUES
    assert queues_of(Settings(media_fetch="others")) == queues_of(Settings())
    assert queues_of(Settings(media_fetch="only")) == (MEDIA,)
    assert queues_of(Settings(identity_matching="only")) == (RESOLVE,)
    assert set(QUEUES) - set(queues_of(Settings(identity_matching="off"))) == {RESOLVE, MEDIA}
