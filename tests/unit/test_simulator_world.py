"""The world of the simulator: the same for everybody, moving with time, and connected enough to be discovered."""

from datetime import timedelta

import pytest

from creators.models import Platform
from creators.profiles import profile_of
from creators.text import normalise_handle
from simulator.people import LONGEST_HANDLE
from simulator.posts import leads, posts, reachable, repositories, video
from simulator.world import START, World

SEEDS, DEPTH, WANTED = 20, 4, 2_000
FATES = ("renamed", "deleted", "suspended", "private")


@pytest.fixture(scope="module")
def world():
    return World()


def one(world, platform, fate=None):
    return next(account for account in world.accounts if account.platform == platform and account.fate == fate)


def test_the_same_seed_gives_the_same_world(world):
    again = World()
    assert again.accounts == world.accounts
    assert again.people == world.people
    later = START + timedelta(days=9)
    assert [again.view(account, later) for account in again.accounts[:50]] == [
        world.view(account, later) for account in world.accounts[:50]
    ]
    assert posts(again, again.accounts[7], later) == posts(world, world.accounts[7], later)


def test_another_seed_gives_other_people():
    assert World(1, 50).people != World(2, 50).people


def test_every_account_is_named_once_and_as_its_platform_allows(world):
    assert len({account.account_id for account in world.accounts}) == len(world.accounts)
    handles = {(account.platform, account.handle.lower()) for account in world.accounts}
    assert len(handles) == len(world.accounts)
    for account in world.accounts:
        assert 3 <= len(account.handle) <= LONGEST_HANDLE[account.platform]
        link = profile_of(world.url_of(account, world.start))
        assert link is not None
        assert (link.platform, link.handle) == (account.platform, world.handle_of(account, world.start))
        assert normalise_handle(account.handle)


def test_twenty_seeds_lead_to_thousands_of_people(world):
    found = reachable(world, world.seeds(SEEDS, world.start), DEPTH, world.start)
    assert len({world.accounts[number].person for number in found}) >= WANTED
    assert max(found.values()) == DEPTH


def test_a_deleted_account_leads_nowhere(world):
    account = one(world, Platform.X, "deleted")
    assert leads(world, account, account.fate_at) == set()
    assert leads(world, account, account.fate_at - timedelta(seconds=1)) != set()


@pytest.mark.parametrize("fate", FATES)
def test_fates_come_at_their_time_and_stay(world, fate):
    account = one(world, Platform.INSTAGRAM, fate)
    seen = []
    for at in (account.fate_at - timedelta(seconds=1), account.fate_at):
        view = world.view(account, at)
        seen.append((view.gone, view.private, view.handle))
    before, after = seen
    assert before == (None, False, account.handle)
    assert (
        after
        == {
            "renamed": (None, False, account.later_handle),
            "deleted": ("deleted", False, account.handle),
            "suspended": ("suspended", False, account.handle),
            "private": (None, True, account.handle),
        }[fate]
    )


def test_a_renamed_account_answers_to_one_handle_at_a_time(world):
    account = one(world, Platform.TIKTOK, "renamed")
    before, after = account.fate_at - timedelta(seconds=1), account.fate_at
    assert world.by_handle(Platform.TIKTOK, account.handle, before) == account
    assert world.by_handle(Platform.TIKTOK, account.later_handle, before) is None
    assert world.by_handle(Platform.TIKTOK, account.handle, after) is None
    assert world.by_handle(Platform.TIKTOK, f"@{account.later_handle.upper()}", after) == account


def test_refreshes_see_change(world):
    account = one(world, Platform.YOUTUBE)
    now, later = world.start, world.start + timedelta(days=14)
    assert world.followers(account, now) != world.followers(account, later)
    assert world.view(account, later).posts > world.view(account, now).posts
    old = {post.post_id: post for post in posts(world, account, now)}
    kept = [post for post in posts(world, account, later, limit=200) if post.post_id in old]
    assert kept
    assert all(post.likes >= old[post.post_id].likes and post.text == old[post.post_id].text for post in kept)


def test_posts_are_older_than_now_and_latest_first(world):
    for account in world.accounts[:200]:
        times = [post.created_at for post in posts(world, account, world.start)]
        assert times == sorted(times, reverse=True)
        assert all(account.created_at <= time <= world.start for time in times)


def test_a_video_is_found_again_by_its_id(world):
    account = one(world, Platform.YOUTUBE)
    for post in posts(world, account, world.start):
        assert video(world, post.post_id, world.start) == post
    newest = posts(world, account, world.start)[0]
    assert video(world, newest.post_id, newest.created_at - timedelta(days=30)) is None
    assert [video(world, bad, world.start) for bad in ("", "short", "AAAAAAAAAAA", "not base64!")] == [None] * 4


def test_repositories_do_not_change_their_past(world):
    account = one(world, Platform.GITHUB)
    now, later = world.start, world.start + timedelta(days=5)
    before = {one.number: one for one in repositories(world, account, now)}
    after = {one.number: one for one in repositories(world, account, later)}
    assert before.keys() <= after.keys()
    for number, old in before.items():
        new = after[number]
        assert (new.created_at, new.name, new.parent) == (old.created_at, old.name, old.parent)
        assert old.pushed_at <= new.pushed_at <= later
    assert repositories(world, one(world, Platform.X), now) == []
