"""What a policy allows is stamped on records and carried into accounts; what it forbids to keep ends as a tombstone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from benchmarks.faults.plain import POLICY, Plain
from creators.errors import SchemaDrift
from creators.models import Account, Platform, RawRecord
from creators.settings import Settings, SourceSettings
from creators.stores.session import Stores
from creators.stores.tasks import Task, TaskState
from creators.tombstones import GONE, tombstone
from enrich import profiles
from enrich.batch import Reader
from enrich.normalise import normaliser_of
from fetchers.cadence import GONE_CONFIRMATIONS
from fetchers.policy import permitted, uses
from fetchers.retention import confirmed_gone
from fetchers.settlement import Ended, Settled
from fetchers.sources import all_sources

AT = datetime(2026, 11, 1, tzinfo=UTC)
USER = {
    "login": "tilda",
    "type": "User",
    "id": 7,
    "followers": 3,
    "following": 2,
    "public_repos": 1,
    "created_at": "2012-02-29T10:11:12Z",
}
agreed = st.sampled_from([None, True, False])


def record(source="plain", **more):
    about = {"platform": Platform.GITHUB, "kind": "user", "native_id": "7", "fetched_at": AT, "body": USER}
    return RawRecord(source=source, **{**about, **more})


def rights(one):
    return one.may_derive, one.may_merge


@given(st.booleans(), st.booleans(), agreed, agreed)
def test_an_agreement_outweighs_the_policy_and_silence_leaves_it(derive, merge, agreed_derive, agreed_merge):
    policy = replace(POLICY, may_derive=derive, may_merge=merge)
    settings = SourceSettings(may_derive=agreed_derive, may_merge=agreed_merge)
    expected = {
        "may_derive": derive if agreed_derive is None else agreed_derive,
        "may_merge": merge if agreed_merge is None else agreed_merge,
    }
    assert uses(policy, settings) == expected
    known = {"plain": Plain(policy=policy)}
    (stamped,) = permitted([record()], Settings(sources={"plain": settings}), known)
    assert rights(stamped) == tuple(expected.values())
    assert permitted([stamped], Settings(sources={"plain": settings}), known) == [stamped]


def test_what_was_forbidden_when_it_was_fetched_stays_so():
    known = {"plain": Plain()}
    older = record(may_derive=False)
    assert permitted([older], Settings(sources={"plain": SourceSettings(may_derive=True)}), known) == [older]


def test_what_is_no_source_is_the_operators_own():
    event = record(source="event")
    assert permitted([event], Settings(), all_sources()) == [event]


@pytest.mark.parametrize(("derive", "merge"), [(True, True), (False, True), (True, False), (False, False)])
def test_accounts_carry_what_their_record_allows(derive, merge):
    given_record = record("github_rest", may_derive=derive, may_merge=merge)
    (account,) = Reader(lake=None).normalise(given_record).accounts
    assert rights(account) == (derive, merge)
    assert account.followers == USER["followers"]


def test_policies_differ_as_their_owners_do():
    told = {name: (source.policy.may_derive, source.policy.may_merge) for name, source in all_sources().items()}
    assert told["youtube_data_api"] == (False, True)
    assert told["x_api_v2"] == (True, False)
    assert told["github_rest"] == (True, True)


def test_a_tombstone_is_an_account_of_which_nothing_is_known():
    ended = tombstone("x:7", at=AT, why="gone", source="x_api_v2")
    assert RawRecord.model_validate_json(ended.model_dump_json()) == ended
    (account,) = normaliser_of(ended.source)(ended).accounts
    assert account == Account(platform=Platform.X, native_id="7", source=GONE, gone=True, fetched_at=AT)
    assert profiles._observations(account) == []


@pytest.mark.parametrize("change", [{"kind": "user"}, {"body": {"reason": "bored", "source": "x"}}, {"body": {}}])
def test_what_is_no_tombstone_ends_nobody(change):
    with pytest.raises(SchemaDrift):
        normaliser_of(GONE)(tombstone("x:7", at=AT, why="too old", source="x_api_v2").model_copy(update=change))


def test_an_account_is_as_its_newest_record_says_in_any_order():
    before = Account(platform=Platform.X, native_id="7", handle="ann", source="x_api_v2", fetched_at=AT)
    (ended,) = normaliser_of(GONE)(tombstone("x:7", at=AT.replace(hour=1), why="gone", source="x_api_v2")).accounts
    back = before.model_copy(update={"fetched_at": AT.replace(hour=2)})
    for order in ([before, ended], [ended, before]):
        assert profiles.newest(order)["x:7"].gone
    for order in ([before, ended, back], [back, ended, before], [ended, back, before]):
        assert profiles.newest(order)["x:7"] == back


def task(target_id, attempts, **more):
    about = {"account_id": "x:7", "source": "x_api_v2", "error": str(Ended.GONE), "state": TaskState.WAITING}
    return Task(target_id, created_at=AT, attempts=attempts, **{**about, **more})


@pytest.mark.parametrize(
    ("known", "ended", "expected"),
    [
        (task("profile:x:7", GONE_CONFIRMATIONS - 1), Ended.GONE, {"x:7"}),
        (task("profile:x:7", GONE_CONFIRMATIONS - 2), Ended.GONE, set()),
        (task("profile:x:7", GONE_CONFIRMATIONS - 1, error="timeout"), Ended.GONE, set()),
        (task("profile:x:7", GONE_CONFIRMATIONS - 1), Ended.FAILED, set()),
        (task("profile:x:7", GONE_CONFIRMATIONS - 1), Ended.FOUND, set()),
        (task("profile:x:7", GONE_CONFIRMATIONS - 1, account_id=None), Ended.GONE, set()),
        (task("page:x:7 https://ann.example/", GONE_CONFIRMATIONS - 1), Ended.GONE, set()),
    ],
)
def test_only_the_last_of_several_answers_in_a_row_ends_an_account(known, ended, expected):
    stores = Stores(Settings(sources={"x_api_v2": SourceSettings(keys=SecretStr("k"))}))
    results = [Settled(known.target_id, ended), Settled("profile:x:unknown", ended)]
    assert confirmed_gone(stores, {known.target_id: known}, results, AT) == expected
