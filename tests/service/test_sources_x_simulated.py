"""The two sources of X against the simulator: what comes over a socket is filed, and read as accounts and posts."""

from __future__ import annotations

import pytest

from creators.errors import SourceRefused, TargetGone
from creators.models import Platform
from creators.settings import SourceSettings
from creators.targets import Target, TaskKind
from enrich.normalise import normaliser_of
from fetchers.http import Http
from fetchers.sources.socialdata import SOURCE as SOCIALDATA
from fetchers.sources.x_api_v2 import SOURCE as X_API
from tests.fixtures.direct import DirectCall

BOTH = pytest.mark.parametrize("source", [X_API, SOCIALDATA], ids=lambda source: source.name)


@pytest.fixture
async def http():
    async with Http(timeout_s=10, max_bytes=5_000_000) as one:
        yield one


def _call(source, http: Http, simulated, **changed) -> DirectCall:
    return DirectCall(source, http, SourceSettings(**{**simulated.sources()[source.name], **changed}))


def _target(simulated, kind: TaskKind = TaskKind.PROFILE) -> Target:
    seeds = [one for one in simulated.control.seeds(20) if one.startswith("profile:x:")]
    if kind is TaskKind.SEARCH:
        return Target(kind, Platform.X, "python")
    assert seeds, "no seed of the simulator is on X"
    return Target(kind, Platform.X, seeds[0].removeprefix("profile:x:"))


def _read(found):
    read = [normaliser_of(record.source)(record) for record in found.records]
    return [one for part in read for one in part.accounts], [one for part in read for one in part.posts]


@BOTH
async def test_a_user_is_an_account_with_posts_and_the_same_by_id(source, http, simulated):
    found = await source.fetch(_target(simulated), _call(source, http, simulated))
    (account,), posts = _read(found)
    assert account.native_id.isdigit()
    assert account.followers is not None
    assert account.joined_on is not None
    assert {post.account_id for post in posts} == {account.account_id}
    assert all(post.posted_at and post.likes is not None for post in posts)
    by_id = await source.fetch(Target(TaskKind.PROFILE, Platform.X, account.native_id), _call(source, http, simulated))
    ((again,), _) = _read(by_id)
    assert (again.native_id, again.handle) == (account.native_id, account.handle)


async def test_both_sources_tell_the_same_id_of_one_user(http, simulated):
    target = _target(simulated)
    found = [await source.fetch(target, _call(source, http, simulated)) for source in (X_API, SOCIALDATA)]
    ids = {one.native_id for part in found for one in _read(part)[0]}
    assert len(ids) == 1


@BOTH
async def test_a_search_finds_accounts(source, http, simulated):
    found = await source.fetch(_target(simulated, TaskKind.SEARCH), _call(source, http, simulated))
    accounts, posts = _read(found)
    assert accounts
    assert len({one.native_id for one in accounts}) == len(found.records)
    assert {one.account_id for one in posts} <= {one.account_id for one in accounts}


@BOTH
async def test_nobody_is_gone_and_a_wrong_key_is_refused(source, http, simulated):
    with pytest.raises(TargetGone):
        await source.fetch(Target(TaskKind.PROFILE, Platform.X, "@no_such_user_x"), _call(source, http, simulated))
    with pytest.raises(SourceRefused):
        await source.fetch(_target(simulated), _call(source, http, simulated, keys="wrong"))
