"""Events of GitHub: what counts as work, by whom, and which week is told whole."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.models import RawRecord
from enrich.normalise import github_rest
from enrich.normalise.github_events import COMMITS_PER_REPOSITORY, MERGES_PER_REPOSITORY

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)  # a Sunday
MONDAY = datetime(2026, 2, 23, tzinfo=UTC)


def event(kind="PushEvent", at=NOW, repo="tilda/warp", login="tilda", **payload):
    return {
        "type": kind,
        "actor": {"id": 7, "login": login},
        "repo": {"name": repo},
        "created_at": at.isoformat(),
        "payload": payload,
    }


def merge(**more):
    return event("PullRequestEvent", action="merged", pull_request={"number": 1, **more})


def counted(*items, fetched_at=NOW):
    record = RawRecord(
        platform="github",
        source="github_rest",
        kind="events",
        native_id="7",
        fetched_at=fetched_at,
        body={"items": list(items)},
    )
    return {post.native_id: post.amount for post in github_rest.normalise(record).posts if post.kind != "release"}


WEEK = "7:2026-W09"


@pytest.mark.parametrize(
    ("payload", "commits"),
    [
        ({}, 1),
        ({"size": 4}, 4),
        ({"size": 4, "distinct_size": 2}, 2),
        ({"size": 0, "distinct_size": 0}, None),
        ({"size": 2, "commits": [{"message": "Merge pull request #1 from a/b"}, {"message": "Merges two lists"}]}, 1),
        ({"size": 1, "commits": [{"message": "Bump", "author": {"name": "renovate[bot]"}}]}, None),
        ({"size": 2, "distinct_size": 1, "commits": [{"message": "Merge branch 'a'", "distinct": False}, {}]}, 1),
        ({"size": 1, "commits": [{"message": None, "author": None}]}, 1),
    ],
)
def test_a_push_counts_for_its_new_commits_that_are_no_merges_and_by_no_program(payload, commits):
    assert counted(event(**payload)).get(f"commits:{WEEK}") == commits


@pytest.mark.parametrize(
    ("one", "merges"),
    [
        (merge(), 1),
        (merge(user={"login": "otto"}, head={"ref": "topic"}), 1),
        (merge(user={"login": "dependabot[bot]"}), None),
        (merge(head={"ref": "renovate/all"}), None),
        (event("PullRequestEvent", action="closed", pull_request={"merged": True}), 1),
        (event("PullRequestEvent", action="closed", pull_request={"merged": False}), None),
        (event("PullRequestEvent", action="opened", pull_request={"merged": None}), None),
        (event("WatchEvent", action="started"), None),
    ],
)
def test_a_merge_counts_in_the_old_and_the_new_form_unless_a_program_opened_it(one, merges):
    assert counted(one).get(f"merges:{WEEK}") == merges


def test_a_program_does_no_work():
    assert counted(event(login="tilda[bot]"), merge() | {"actor": {"id": 7, "login": "tilda[bot]"}}) == {}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 200)), max_size=20))
def test_one_repository_counts_up_to_its_limit_in_a_week(pushes):
    found = counted(*(event(repo=f"tilda/{name}", size=size) for name, size in pushes))
    by_repository = {name: sum(size for other, size in pushes if other == name) for name, _ in pushes}
    expected = sum(min(COMMITS_PER_REPOSITORY, size) for size in by_repository.values())
    assert found.get(f"commits:{WEEK}", 0) == expected


def test_merges_have_a_limit_too():
    assert counted(*[merge()] * 25) == {f"merges:{WEEK}": MERGES_PER_REPOSITORY}


def test_a_week_of_which_only_the_end_is_shown_is_left_to_the_answer_that_showed_it_whole():
    before, within = event(at=MONDAY - timedelta(days=2)), event(at=MONDAY)
    assert set(counted(within, before)) == {f"commits:{WEEK}", "commits:7:2026-W08"}
    # A full page may have been cut.
    assert set(counted(*[within] * 29, before)) == {f"commits:{WEEK}"}
    # So are events that are older than GitHub shows all of.
    assert set(counted(within, event(at=NOW - timedelta(days=30)))) == {f"commits:{WEEK}"}
    # Where nothing else is known, a part is better than nothing.
    assert set(counted(*[within] * 40)) == {f"commits:{WEEK}"}


def test_the_time_of_work_is_that_of_the_work():
    watched = event("WatchEvent", at=NOW, action="started")
    record = RawRecord(
        platform="github", source="github_rest", kind="events", native_id="7", fetched_at=NOW,
        body={"items": [watched, event(at=MONDAY)]},
    )  # fmt: skip
    (post,) = github_rest.normalise(record).posts
    assert (post.kind, post.posted_at, post.account_id) == ("commits", MONDAY, "github:7")


def repository(number, **more):
    return {
        "id": number,
        "name": f"r{number}",
        "owner": {"id": 7, "login": "tilda"},
        "fork": False,
        "pushed_at": (NOW - timedelta(days=number)).isoformat(),
        "stargazers_count": 10,
        **more,
    }


def stars(*items):
    record = RawRecord(
        platform="github",
        source="github_rest",
        kind="repos",
        native_id="7",
        fetched_at=NOW,
        body={"items": list(items)},
    )
    posts = github_rest.normalise(record).posts
    return [(post.native_id, post.stars) for post in posts if post.kind == "stars"], len(posts)


def test_stars_are_counted_over_all_own_repositories_where_the_list_is_whole():
    others = (repository(90, fork=True), repository(91, private=True), repository(92, owner={"id": 8, "login": "org"}))
    assert stars(repository(1), repository(2), *others) == ([("stars:7:2026-W09", 20)], 4)
    assert stars(repository(1), repository(2, stargazers_count=None)) == ([("stars:7:2026-W09", None)], 3)
    assert stars() == ([], 0)
    for size in (30, 100):
        assert stars(*map(repository, range(size))) == ([], 30)
    assert stars(*map(repository, range(31))) == ([("stars:7:2026-W09", 310)], 31)
