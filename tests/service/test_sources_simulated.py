"""Every source reads what the simulator says of its provider: the accounts, posts and leads are those of the world."""

from importlib import import_module

import pytest

from creators.errors import SourceLimited, SourceRefused, SourceUnavailable, TargetGone
from creators.models import Platform
from creators.settings import SourceSettings
from creators.targets import Target, TaskKind, page_target, profile_target
from fetchers.http import Http
from simulator.dice import fraction
from simulator.posts import posts
from simulator.providers.instagram import PERSONAL
from tests.fixtures.straight import MAX_BYTES, TIMEOUT_S, Straight, fetch_straight

PROFILES = (
    ("youtube_data_api", Platform.YOUTUBE),
    ("github_rest", Platform.GITHUB),
    ("x_api_v2", Platform.X),
    ("socialdata", Platform.X),
    ("instagram_graph", Platform.INSTAGRAM),
    ("tiktok_research", Platform.TIKTOK),
    ("apify", Platform.INSTAGRAM),
    ("apify", Platform.TIKTOK),
    ("apify", Platform.X),
)
SEARCHES = ("youtube_data_api", "github_rest", "x_api_v2", "socialdata", "tiktok_research")
TERMS = {"github_rest": "programming"}


def source_named(name):
    return import_module(f"fetchers.sources.{name}").SOURCE


def normalised(records):
    return [import_module(f"enrich.normalise.{record.source}").normalise(record) for record in records]


def plain(simulated, platform):
    """An account that nothing befalls, with a link, that mentions somebody in a recent post."""
    world, now = simulated.world, simulated.stage.now()
    for account in world.accounts:
        view = world.view(account, now)
        discovered = platform is not Platform.INSTAGRAM or fraction("personal", account.native_id) >= PERSONAL
        usual = account.fate is None and account.silent_from is None and view.link and account.number % 29
        recent = posts(world, account, now, 3)
        if account.platform == platform and usual and discovered and any(post.mentions for post in recent):
            return view
    raise AssertionError(platform)


@pytest.mark.parametrize(("name", "platform"), PROFILES)
async def test_a_profile_is_read_as_it_is(simulated, name, platform):
    view = plain(simulated, platform)
    target = profile_target(platform, handle=view.handle)
    found = await fetch_straight(source_named(name), target, simulated)
    assert {record.target for record in found.records} == {str(target)}
    told = normalised(found.records)
    accounts = [account for one in told for account in one.accounts]
    assert accounts
    for account in accounts:
        assert (account.platform, account.handle, account.name) == (platform, view.handle, view.name)
        if name != "tiktok_research":  # it does not know the id
            assert account.native_id == view.account.native_id
    counted = next(account.followers for account in accounts if account.followers is not None)
    assert counted == pytest.approx(view.followers, rel=0.01)
    posted = [post for one in told for post in one.posts]
    assert posted
    assert {post.account_id for post in posted} == {accounts[0].account_id}
    leads = {lead.value for one in told for lead in one.leads}
    assert leads


@pytest.mark.parametrize("name", SEARCHES)
async def test_a_search_finds_people_to_fetch(simulated, name):
    source = source_named(name)
    platform = next(iter(source.serves[TaskKind.SEARCH]))
    found = await fetch_straight(source, Target(TaskKind.SEARCH, platform, TERMS.get(name, "baking")), simulated)
    told = normalised(found.records)
    known = [account.account_id for one in told for account in one.accounts]
    named = [lead for one in told for lead in one.leads if lead.platform == platform]
    assert known or named


@pytest.mark.parametrize(("name", "platform"), PROFILES)
async def test_a_deleted_account_is_gone(simulated, name, platform):
    world, now = simulated.world, simulated.stage.now()
    gone = next(
        account for account in world.accounts if account.platform == platform and world.gone(account, now) == "deleted"
    )
    with pytest.raises(TargetGone):
        await fetch_straight(source_named(name), profile_target(platform, handle=gone.handle), simulated)


@pytest.mark.parametrize("name", sorted({name for name, _ in PROFILES}))
async def test_a_bad_credential_is_refused(simulated, name):
    source = source_named(name)
    fields = simulated.sources()[name]
    bad = {"instagram_graph": "17841400000000001:wrong", "tiktok_research": "wrong:wrong"}.get(name, "wrong")
    platform = dict(PROFILES)[name]
    settings = SourceSettings(**{**fields, "keys": bad})
    async with Http(timeout_s=TIMEOUT_S, max_bytes=MAX_BYTES) as http:
        with pytest.raises(SourceRefused):
            await source.fetch(profile_target(platform, handle="anybody"), Straight(source, settings, http))


async def test_a_page_leads_to_the_accounts_of_its_person(simulated):
    world, now = simulated.world, simulated.stage.now()
    person = next(
        person
        for person in world.people
        if person.page and person.page.startswith("https://links.") and len(person.accounts) > 1
    )
    account = world.accounts[person.accounts[0]]
    found = await fetch_straight(source_named("website"), page_target(account.account_id, person.page), simulated)
    (told,) = normalised(found.records)
    assert {world.handle_of(world.accounts[number], now).lower() for number in person.accounts} <= {
        lead.value.lstrip("@").lower() for lead in told.leads
    }


@pytest.fixture
def small(new_simulator):
    return new_simulator(quotas=[])


@pytest.mark.parametrize(
    ("name", "provider", "platform"),
    [
        ("youtube_data_api", "youtube", Platform.YOUTUBE),
        ("github_rest", "github", Platform.GITHUB),
        ("x_api_v2", "x", Platform.X),
        ("socialdata", "socialdata", Platform.X),
        ("instagram_graph", "instagram", Platform.INSTAGRAM),
        ("tiktok_research", "tiktok", Platform.TIKTOK),
        ("apify", "apify", Platform.INSTAGRAM),
    ],
)
async def test_a_request_too_many_is_a_limit(small, name, provider, platform):
    small.control.quotas([{"provider": provider, "amount": 0, "window_s": 60}])
    target = profile_target(platform, handle=plain(small, platform).handle)
    with pytest.raises(SourceLimited):
        await fetch_straight(source_named(name), target, small)
    (credential,) = (key for key in small.control.counts()[provider] if key)
    counted = small.control.counts()[provider][credential]
    assert sum(row.get("limited", 0) for row in counted.values()) == 1


@pytest.mark.parametrize("kind", ["error", "reset", "torn", "malformed", "hang"])
async def test_an_answer_that_breaks_is_no_answer(small, kind):
    small.control.faults(provider="x", kind=kind, seconds=0.2)
    target = profile_target(Platform.X, handle=plain(small, Platform.X).handle)
    with pytest.raises(SourceUnavailable):
        await fetch_straight(source_named("x_api_v2"), target, small)
