"""Ledger, schedule, planner and frontier on the real engines: nothing is queued twice, and nothing is forgotten."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from creators.errors import CreatorscopeError
from creators.models import Account, Lead, Platform, Post
from creators.stores import budgets, bulk, deadletters, schedule, tasks
from creators.stores.bloom import Bloom
from creators.stores.budgets import Budget
from creators.stores.schedule import Claim, Schedule
from creators.stores.tasks import Lane, Task, TaskState
from creators.targets import TaskKind, parse_target, profile_target
from creators.text import MAX_HANDLE
from enrich import profiles
from fetchers import backfill, frontier, planner
from fetchers.planner import Planner
from fetchers.refreshes import Indexed, schedule_accounts
from fetchers.settlement import Ended, Settled, ask_again, settle

NOW = datetime.now(UTC).replace(microsecond=0)
SERVED = {TaskKind.PROFILE: frozenset(Platform), TaskKind.PAGE: frozenset(Platform)}


@pytest.fixture(scope="module")
def stores(new_installation):
    return new_installation(
        fetch_batch=2, discovery_depth=1, discovery_per_root=3, discovery_per_day=1000, discovery_min_followers=100
    )


def forget(stores, *patterns):
    """Let Redis lose keys, named without the prefix."""
    redis = stores.queue.redis
    for pattern in patterns:
        for key in redis.scan_iter(match=pattern.format(stores.settings.index_prefix), count=1000):
            redis.delete(key)


@pytest.fixture(autouse=True)
def emptied(stores):
    """Leave nothing scheduled, queued or entered behind."""
    yield
    forget(stores, "{}*", "rq:*{}*")
    tasks.refresh(stores.cluster)
    left = stores.cluster.scan("tasks", {"sort": [{"target": "asc"}]})
    bulk.write(stores.cluster, [bulk.Action("tasks", hit["_id"], None) for hit in left], refresh=True)


def task(name, *, platform=Platform.X, due=NOW, **more):
    return Task(f"profile:{platform}:{name}", created_at=NOW, due_at=due, **more)


def enter(stores, *wanted):
    tasks.offer(stores.cluster, wanted)
    Schedule(stores).put(wanted)
    Schedule(stores).mark_made()


def queued(stores, name="fetch"):
    return [list(job.args) for job in stores.queue.queue(name).jobs]


def test_a_target_is_entered_once_and_changed_by_field(stores):
    first = task("1", priority=0.5, root="profile:x:1")
    assert tasks.offer(stores.cluster, [first, task("2")]) == {"profile:x:1", "profile:x:2"}
    assert tasks.offer(stores.cluster, [replace(first, priority=0.9), task("3")]) == {"profile:x:3"}
    assert tasks.revise(stores.cluster, {"profile:x:1": {"followers": 7}, "profile:x:9": {"followers": 1}}) == {
        "profile:x:9"
    }
    assert tasks.load(stores.cluster, ["profile:x:1", "profile:x:9"]) == {"profile:x:1": replace(first, followers=7)}
    with pytest.raises(CreatorscopeError, match="no field"):
        tasks.revise(stores.cluster, {"profile:x:1": {"nonsense": 1}})


def test_what_is_due_becomes_jobs_of_one_group_each(stores):
    later = task("later", due=NOW + timedelta(hours=1))
    enter(stores, *(task(str(n)) for n in range(3)), task("yt", platform=Platform.YOUTUBE), later)
    ticked = Planner(stores).tick()
    assert (ticked.leads, ticked.queued, ticked.jobs) == (True, 4, 3)
    assert sorted(queued(stores)) == [["profile:x:0", "profile:x:1"], ["profile:x:2"], ["profile:youtube:yt"]]
    assert Schedule(stores).depth() == {"fresh": 1, "backfill": 0, "taken": 4}


def test_only_one_planner_leads(stores):
    enter(stores, task("1"))
    assert not Schedule(stores).hand_over("nobody", [Claim(Lane.FRESH, ("profile:x:1",))])
    first, second = Planner(stores), Planner(stores)
    assert first.tick().queued == 1
    assert not second.tick().leads
    # One that slept through its lease has nothing to say any more.
    forget(stores, "{}schedule:leader")
    enter(stores, task("2"))
    assert second.tick().queued == 1
    assert not Schedule(stores).hand_over(first._token, [Claim(Lane.FRESH, ("profile:x:3",))])
    assert Schedule(stores).come_back(first._token, [task("1")]) == {}
    assert not first.tick().leads
    assert len(queued(stores)) == 2


def test_the_queue_stays_short_and_backfills_have_their_own(stores):
    many = [task(f"{n:03}") for n in range(40)]
    slow = [task(f"s{n}", lane=Lane.BACKFILL) for n in range(2)]
    enter(stores, *many, *slow)
    ticked = Planner(stores).tick()
    assert ticked.queued == planner.MAX_QUEUED_JOBS * 2 + 2
    assert len(queued(stores)) == planner.MAX_QUEUED_JOBS
    assert queued(stores, "backfill") == [["profile:x:s0", "profile:x:s1"]]
    assert Planner(stores).tick().queued == 0


def test_a_group_on_hold_is_left(stores):
    enter(stores, task("1"), task("2", platform=Platform.GITHUB))
    Schedule(stores).hold("profile:x", datetime.now(UTC) + timedelta(minutes=5))
    Planner(stores).tick()
    assert queued(stores) == [["profile:github:2"]]


def test_a_lost_schedule_is_made_again(stores):
    enter(stores, task("1"), task("2", due=NOW + timedelta(days=1)), task("3", state=TaskState.RESOLVED))
    forget(stores, "{}schedule:*")
    ticked = Planner(stores).tick()
    assert (ticked.restored, ticked.queued) == (2, 1)
    # Some of it lost: the sweep finds what is due and not there.
    forget(stores, "{}schedule:taken", "{}schedule:leader")
    assert Planner(stores).tick().restored == 1


def test_targets_of_a_dead_job_come_back_alone_and_are_given_up(stores, monkeypatch):
    enter(stores, task("1"), task("2"), task("done"))
    monkeypatch.setattr(schedule, "IN_HAND_S", -1)
    plan = Planner(stores)
    plan.tick()
    # Its job died after it had been booked.
    tasks.revise(stores.cluster, {"profile:x:done": {"due_at": NOW + timedelta(hours=1)}})
    assert plan.tick().returned == 0, "jobs that wait are alive"
    for round_ in range(1, planner.MAX_RETURNS + 1):
        for job in stores.queue.queue("fetch").jobs:
            job.delete()
        ticked = plan.tick()
        assert ticked.returned == (2 if round_ < planner.MAX_RETURNS else 0)
        assert all(len(ids) == 1 for ids in queued(stores))
    assert ticked.given_up == 2
    assert tasks.load(stores.cluster, ["profile:x:1"])["profile:x:1"].state is TaskState.FAILED
    assert Schedule(stores).depth() == {"fresh": 1, "backfill": 0, "taken": 0}
    stores.cluster.refresh(deadletters.INDEX)
    letters = stores.cluster.search(deadletters.INDEX, {"query": {"term": {"target": "profile:x:1"}}})
    assert letters["hits"]["hits"][0]["_source"]["error"] == deadletters.POISON


def test_settling_books_and_schedules(stores):
    enter(stores, *(task(str(n)) for n in range(4)))
    Planner(stores).tick()
    until = NOW + timedelta(hours=2)
    settle(
        stores,
        [
            Settled("profile:x:0", Ended.FOUND, source="x_api_v2"),
            Settled("profile:x:1", Ended.GONE),
            Settled("profile:x:2", Ended.LIMITED, until=until),
            Settled("profile:x:3", Ended.FAILED, error="source_unavailable"),
            Settled("profile:x:asked-directly", Ended.FOUND),
        ],
        now=NOW,
    )
    known = tasks.load(stores.cluster, [f"profile:x:{n}" for n in range(4)])
    found, gone, limited, failed = (known[f"profile:x:{n}"] for n in range(4))
    assert (found.fetched_at, found.source, found.attempts) == (NOW, "x_api_v2", 0)
    assert timedelta(seconds=3600) <= found.due_at - NOW <= timedelta(seconds=604_800)
    assert (gone.attempts, gone.state) == (1, TaskState.WAITING)
    assert until <= limited.due_at <= until + timedelta(minutes=2)
    assert failed.due_at < NOW + timedelta(minutes=6)
    assert Schedule(stores).depth() == {"fresh": 4, "backfill": 0, "taken": 0}


def account(native_id, *, handle=None, platform=Platform.X, followers=5000, **more):
    return Account(
        platform=platform,
        native_id=native_id,
        handle=handle,
        followers=followers,
        source="x_api_v2",
        fetched_at=NOW,
        **more,
    )


def test_an_account_has_one_target_whatever_led_to_it(stores):
    led = task("@ann", root="search:x:chess", depth=1, found_on="x:7", reason="mention")
    enter(stores, led)
    ann = account("1", handle="Ann")
    indexed = Indexed([ann, account("2", platform=Platform.GITHUB)], {"profile:x:@ann": ["x:1"]})
    served = {TaskKind.PROFILE: frozenset({Platform.X})}
    assert schedule_accounts(stores, indexed, served, now=NOW) == 1
    known = tasks.load(stores.cluster, ["profile:x:@ann", "profile:x:1", "profile:github:2"])
    assert known.keys() == {"profile:x:@ann", "profile:x:1"}
    assert (known["profile:x:@ann"].state, known["profile:x:@ann"].account_id) == (TaskState.RESOLVED, "x:1")
    own = known["profile:x:1"]
    assert (own.root, own.depth, own.found_on, own.followers) == ("search:x:chess", 1, "x:7", 5000)
    assert Schedule(stores).depth()["fresh"] == 1
    # Again: nothing changes; with more followers it is due sooner.
    assert schedule_accounts(stores, indexed, served, now=NOW) == 0
    assert tasks.load(stores.cluster, ["profile:x:1"])["profile:x:1"] == own
    schedule_accounts(stores, Indexed([account("1", handle="Ann", followers=50_000_000)]), served, now=NOW)
    assert tasks.load(stores.cluster, ["profile:x:1"])["profile:x:1"].due_at < own.due_at


def test_what_an_answer_tells_sets_the_next_time_though_it_was_booked_minutes_later(stores):
    far = NOW + timedelta(days=300)
    enter(stores, task("1", due=far, fetched_at=NOW + timedelta(minutes=4)))
    enter(stores, task("2", due=far, fetched_at=NOW + timedelta(minutes=6)))
    schedule_accounts(stores, Indexed([account("1"), account("2")]), SERVED)
    one, two = (tasks.load(stores.cluster, [key])[key] for key in ("profile:x:1", "profile:x:2"))
    assert one.due_at < NOW + timedelta(days=8)
    assert two.due_at == far, "fetched again since"


def test_an_account_that_no_target_can_name_does_not_keep_the_others(stores):
    # One letter that is eighteen when two spellings are compared; and an id whose document has just room for it.
    handle, native_id = "\ufdfa" * MAX_HANDLE, "é" * 252
    others = [account("2", handle=handle), account("3", handle=handle, platform=Platform.INSTAGRAM), account(native_id)]
    assert schedule_accounts(stores, Indexed([account("1"), *others]), SERVED) == 2
    assert tasks.load(stores.cluster, ["profile:x:1", "profile:x:2"]).keys() == {"profile:x:1", "profile:x:2"}


def test_on_instagram_an_account_is_asked_for_by_its_handle(stores):
    old = task("@old", platform=Platform.INSTAGRAM, root="profile:instagram:@root", depth=1)
    enter(stores, old)
    renamed = account("17", handle="New", platform=Platform.INSTAGRAM)
    nameless = account("18", platform=Platform.INSTAGRAM)
    indexed = Indexed([renamed, nameless], {old.target_id: ["instagram:17"]})
    assert schedule_accounts(stores, indexed, SERVED, now=NOW) == 1
    known = tasks.load(stores.cluster, [old.target_id, "profile:instagram:@new"])
    assert known[old.target_id].state is TaskState.RESOLVED
    assert (known["profile:instagram:@new"].account_id, known["profile:instagram:@new"].depth) == ("instagram:17", 1)
    tasks.refresh(stores.cluster)
    assert tasks.of_accounts(stores.cluster, ["instagram:17"]) == {"instagram:17": "profile:instagram:@new"}
    assert frontier.seed(stores, [old.target]) == 0
    assert tasks.load(stores.cluster, ["profile:instagram:@new"])["profile:instagram:@new"].depth == 0


def lead(value, found_on="x:1", reason="mention", **more):
    return Lead(kind="profile", platform=Platform.X, value=value, found_on=found_on, reason=reason, **more)


def test_leads_become_tasks_within_depth_and_budgets(stores):
    finders = {one.account_id: one for one in (account("1"), account("2", followers=5))}
    schedule_accounts(stores, Indexed(list(finders.values())), SERVED, now=NOW)
    others = [lead("2"), lead("@eve", "x:2"), lead("@zed", "x:404"), page("https://a.example/", "x:1")]
    leads = [lead("@bob"), lead("@bob"), lead("33"), *others]
    offered = frontier.offer(stores, leads, finders, SERVED, now=NOW)
    assert offered == frontier.Offered(new=3, known=2, below=2)
    bob = tasks.load(stores.cluster, ["profile:x:@bob"])["profile:x:@bob"]
    assert (bob.root, bob.depth, bob.found_on, bob.reason) == ("profile:x:1", 1, "x:1", "mention")
    assert frontier.offer(stores, leads, finders, SERVED, now=NOW).new == 0
    # Three of one root are enough, and what bob names is too deep.
    assert frontier.offer(stores, [lead("44")], finders, SERVED, now=NOW).over_budget == 1
    schedule_accounts(stores, Indexed([account("9", handle="bob")], {"profile:x:@bob": ["x:9"]}), SERVED, now=NOW)
    assert frontier.offer(stores, [lead("55", "x:9")], {}, SERVED, now=NOW).too_deep == 1
    # Redis forgot what was used: the ledger knows.
    forget(stores, "{}*")
    assert frontier.offer(stores, [lead("44")], finders, SERVED, now=NOW).over_budget == 1


def page(url, found_on):
    return Lead(kind="page", platform=Platform.X, value=url, found_on=found_on, reason="page")


def test_a_page_is_read_once_whoever_links_to_it(stores):
    finders = {one.account_id: one for one in (account("1"), account("2"))}
    schedule_accounts(stores, Indexed(list(finders.values())), SERVED, now=NOW)
    leads = [page("https://a.example/x", "x:1"), page("http://www.a.example/x/#top", "x:1")]
    assert frontier.offer(stores, leads, finders, SERVED, now=NOW).new == 1
    others = [page("https://a.example/x", "x:2"), page("https://a.example/x?a=1", "x:2")]
    assert frontier.offer(stores, others, finders, SERVED, now=NOW) == frontier.Offered(new=1, known=1)
    # The one that was first died before it had entered the page.
    entered = [f"page:x:1 {lead.value}" for lead in leads]
    bulk.write(stores.cluster, [bulk.Action("tasks", one, None) for one in entered], refresh=True)
    assert frontier.offer(stores, others, finders, SERVED, now=NOW).new == 0
    assert frontier.offer(stores, leads, finders, SERVED, now=NOW).new == 1


def test_a_topic_asks_for_what_its_search_finds(stores):
    (topic,) = frontier.searches("  chess   openings ", [Platform.X])
    assert frontier.seed(stores, [topic], depth=0) == 1
    assert frontier.seed(stores, [topic], depth=2) == 0
    hits = [lead("7", str(topic), "search"), lead("8", str(topic), "search")]
    assert frontier.offer(stores, hits, {}, SERVED).new == 2
    seven = tasks.load(stores.cluster, ["profile:x:7"])["profile:x:7"]
    assert (seven.root, seven.depth, seven.max_depth) == ("search:x:chess openings", 0, 2)


@pytest.mark.parametrize("ended", [TaskState.GONE, TaskState.FAILED])
def test_what_has_ended_begins_again_when_somebody_asks_for_it(stores, ended):
    enter(stores, task("1", due=None, state=ended, attempts=3, error="gone"), task("2", attempts=2))
    assert ask_again(stores, ["profile:x:1", "profile:x:2", "profile:x:3"], now=NOW) == 2
    one, two = tasks.load(stores.cluster, ["profile:x:1", "profile:x:2"]).values()
    assert (one.state, one.due_at, one.attempts, one.error) == (TaskState.WAITING, NOW, 0, None)
    assert two.attempts == 2, "it was on its way"
    assert Schedule(stores).depth()["fresh"] == 3
    tasks.revise(stores.cluster, {"profile:x:1": {"state": ended, "due_at": None}})
    assert frontier.seed(stores, [parse_target("profile:x:1")]) == 0
    assert tasks.load(stores.cluster, ["profile:x:1"])["profile:x:1"].state is TaskState.WAITING


def test_a_backfill_starts_pauses_goes_on_and_ends(stores):
    enter(
        stores,
        task("1", due=NOW + timedelta(hours=5)),
        task("@ann", due=None, state=TaskState.RESOLVED, account_id="x:1"),
    )
    asked = [profile_target(Platform.X, handle="ann"), parse_target("profile:x:2"), parse_target("profile:x:3")]
    assert backfill.start(stores, "b1", asked) == 3
    assert Schedule(stores).depth() == {"fresh": 1, "backfill": 3, "taken": 0}
    assert backfill.pause(stores, "b1") == 3
    assert Schedule(stores).depth() == {"fresh": 1, "backfill": 0, "taken": 0}
    (paused,) = backfill.standings(stores)
    assert (paused.progress.total, paused.progress.paused, paused.progress.done) == (3, 3, 0)
    assert backfill.resume(stores) == 3
    Planner(stores).tick()
    assert sorted(one for ids in queued(stores, "backfill") for one in ids) == [
        "profile:x:1",
        "profile:x:2",
        "profile:x:3",
    ]
    settle(stores, [Settled("profile:x:1", Ended.FOUND), Settled("profile:x:2", Ended.FOUND)])
    (half,) = backfill.standings(stores)
    assert (half.progress.done, half.progress.waiting, half.per_minute) == (2, 1, 0.2)
    assert half.left_s == 300
    assert Schedule(stores).depth() == {"fresh": 2, "backfill": 0, "taken": 1}


def test_a_backfill_finds_who_is_stale_and_who_has_no_post(stores):
    seen = [account("70", handle="ann"), account("71", handle="bob"), account("72", platform=Platform.TIKTOK)]
    old = account("73").model_copy(update={"fetched_at": NOW - timedelta(days=40)})
    post = Post(platform=Platform.X, native_id="1", account_id="x:70", source="x_api_v2", fetched_at=NOW)
    profiles.save(stores.cluster, [*seen, old], [post], raw_key="k")
    stores.cluster.refresh("profiles")
    without = backfill.without_posts(stores.cluster, Platform.X)
    assert {str(target) for target in without} == {"profile:x:71", "profile:x:73"}
    stale = backfill.stale(stores.cluster, Platform.X, NOW - timedelta(days=30))
    assert [str(target) for target in stale] == ["profile:x:73"]
    # On TikTok sources are asked by handle, and none is known.
    assert list(backfill.without_posts(stores.cluster, Platform.TIKTOK)) == []
    # Whoever is indexed is no discovery, by whichever name.
    finders = {"x:70": seen[0]}
    assert frontier.offer(stores, [lead("71", "x:70"), lead("@bob", "x:70")], finders, SERVED).known == 2


@pytest.mark.parametrize("native", [False, True])
def test_the_filter_forgets_nothing(stores, native):
    bloom = Bloom(stores, "test", native=native)
    if native and not Bloom(stores, "test").is_native:
        pytest.skip("this Redis has no BF.* commands")
    names = [f"profile:x:{n}" for n in range(1200)]
    assert not any(bloom.may_have(names))
    bloom.add(names[:600])
    bloom.add(names[500:600])
    answers = bloom.may_have(names)
    assert all(answers[:600])
    assert sum(answers[600:]) < 10


def test_two_budgets_are_taken_from_together(stores):
    asked = []

    def used():
        asked.append(1)
        return 2

    first, second = Budget("a", 5, used), Budget("b", 100, used)
    assert [budgets.take(stores, 2, first, second) for _ in range(3)] == [2, 1, 0]
    assert len(asked) == 2
    budgets.give_back(stores, 1, "a", "b")
    assert budgets.take(stores, 5, first, second) == 1
    assert json.loads(stores.queue.redis.get(f"{stores.settings.index_prefix}budget:b")) == 5
