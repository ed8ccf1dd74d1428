"""The controller between real servers and a real Redis: order, failing over, limits, budgets, the log."""

from __future__ import annotations

import asyncio
import base64
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pydantic import SecretStr

from benchmarks.faults.plain import POLICY, Counting, Plain, Said, counting
from creators.errors import SourceRefused
from creators.models import Platform
from creators.settings import SourceSettings
from creators.stores.session import Stores
from creators.targets import Target, TaskKind
from fetchers import fetch_log
from fetchers.call import _packed
from fetchers.contract import Allowance, Ask, Found
from fetchers.controller import Controller
from fetchers.http import Reply
from fetchers.overview import Overview
from fetchers.policy import Switches
from mappings.registry import definition
from tests.fixtures.installations import sweep

TARGET = Target(TaskKind.PROFILE, Platform.X, "42")
PROVIDER = replace(POLICY, kind="provider", sees_all=False)


@dataclass
class Bench:
    """A controller over two sources, and the servers behind them."""

    stores: Stores
    controller: Controller
    first: Counting
    second: Counting


@pytest.fixture
def bench(made_here):
    """Open a bench; keyword arguments are settings of the first source."""

    @asynccontextmanager
    async def open_bench(plain: Plain | None = None, other: Plain | None = None, **own: object) -> AsyncIterator[Bench]:
        async with counting() as first, counting() as second:
            keys = {"keys": SecretStr("one"), **own}
            sources = {
                "plain": SourceSettings(base_url=first.url, **keys),
                "second": SourceSettings(base_url=second.url, keys=SecretStr("other")),
            }
            stores = made_here(prepare=False, sources=sources)
            shape = other or Plain(name="second", tier=2, policy=PROVIDER)
            async with Controller(stores, {"plain": plain or Plain(), "second": shape}) as controller:
                yield Bench(stores, controller, first, second)
            for key in stores.queue.redis.scan_iter(match=f"{stores.settings.index_prefix}*"):
                stores.queue.redis.delete(key)
            stores.queue.redis.close()
            stores.cluster.close()

    return open_bench


async def test_the_best_tier_is_asked_alone(bench):
    async with bench() as on:
        outcome = await on.controller.run(TARGET)
        assert (outcome.kind, outcome.source, outcome.calls) == ("found", "plain", 1)
        assert outcome.found.records[0].native_id == "42"
        assert not outcome.found.records[0].degraded
        assert on.second.calls == 0


async def test_where_it_fails_the_next_one_serves_and_the_records_are_flagged(bench):
    async with bench() as on:
        on.first.answer = lambda *_: Said(503)
        outcome = await on.controller.run(TARGET)
        assert (outcome.kind, outcome.source, outcome.tier) == ("found", "second", 2)
        assert [attempt.kind for attempt in outcome.attempts] == ["failed", "found"]
        assert outcome.served_by_lower_tier
        assert outcome.found.records[0].degraded


async def test_an_open_breaker_is_not_called_and_a_reset_one_is(bench):
    async with bench() as on:
        on.first.answer = lambda *_: Said(500)
        for _ in range(8):
            await on.controller.run(TARGET)
        assert on.first.calls == 5
        overview = Overview(on.stores, on.controller.sources)
        assert overview.states()["plain"].state == "open"
        on.first.answer = lambda *_: Said()
        overview.breakers.reset("plain")
        assert (await on.controller.run(TARGET)).source == "plain"


async def test_behind_an_open_breaker_nobody_is_asked_and_the_outcome_says_until_when(bench):
    async with bench(other=Plain(name="second", serves={})) as on:
        on.first.answer = lambda *_: Said(500)
        outcomes = [await on.controller.run(TARGET) for _ in range(6)]
        assert not any(outcome.was_not_asked for outcome in outcomes[:5])
        last = outcomes[5]
        assert (last.kind, last.was_not_asked) == ("failed", True)
        assert timedelta(0) < last.retry_at - datetime.now(UTC) <= timedelta(seconds=30)


async def test_gone_is_believed_from_an_official_source_and_checked_otherwise(bench):
    async with bench() as on:
        on.first.answer = lambda *_: Said(404)
        assert (await on.controller.run(TARGET)).kind == "gone"
        assert on.second.calls == 0
    async with bench(Plain(policy=PROVIDER)) as on:
        on.first.answer = lambda *_: Said(404)
        assert (await on.controller.run(TARGET)).source == "second"
        on.second.answer = lambda *_: Said(404)
        assert (await on.controller.run(TARGET)).kind == "gone"
        on.second.answer = lambda *_: Said(500)
        assert (await on.controller.run(TARGET)).kind == "failed"


async def test_retry_after_parks_the_credential_and_another_one_goes_on(bench):
    async with bench(keys=SecretStr("one,two")) as on:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
        on.first.answer = lambda credential, _: Said(429, {"retry-after": date}) if credential == "one" else Said()
        outcomes = [await on.controller.run(TARGET) for _ in range(12)]
        assert {outcome.kind for outcome in outcomes} == {"found"}
        assert len(on.first.arrivals["one"]) <= 1
        assert Overview(on.stores, on.controller.sources).states()["plain"].state == "closed"


async def test_all_limited_says_until_when(bench):
    async with bench(other=Plain(name="second", serves={})) as on:
        on.first.answer = lambda *_: Said(429, {"retry-after": "50"})
        for _ in range(3):
            outcome = await on.controller.run(TARGET)
        assert outcome.kind == "limited"
        assert timedelta(seconds=35) < outcome.retry_at - datetime.now(UTC) <= timedelta(seconds=50)
        assert on.first.calls == 1


async def test_a_credential_that_is_not_let_in_is_left_alone(bench):
    async with bench(keys=SecretStr("good,bad")) as on:
        on.first.answer = lambda credential, _: Said(401 if credential == "bad" else 200)
        for _ in range(8):
            await on.controller.run(TARGET)
        assert len(on.first.arrivals["bad"]) <= 1


async def test_the_budget_of_a_day_ends_the_calls(bench):
    async with bench(Plain(price=0.4), daily_usd=1.0) as on:
        outcomes = [await on.controller.run(TARGET) for _ in range(4)]
        assert [outcome.source for outcome in outcomes] == ["plain", "plain", "second", "second"]
        assert on.first.calls == 2
        usage = Overview(on.stores, on.controller.sources).usage("plain")
        assert usage.usd == pytest.approx(0.8)


async def test_a_call_waits_a_moment_for_its_allowance_and_no_longer(bench):
    async with bench(Plain((Allowance("users", 2, 0.5),)), other=Plain(name="second", serves={})) as on:
        assert [(await on.controller.run(TARGET)).kind for _ in range(4)] == ["found"] * 4
        assert on.first.most_in(0.5) <= 2
    async with bench(Plain((Allowance("users", 1, 60),)), other=Plain(name="second", serves={})) as on:
        assert [(await on.controller.run(TARGET)).kind for _ in range(3)] == ["found", "limited", "limited"]


async def test_an_answer_that_has_not_changed_is_taken_again(bench):
    async with bench() as on:
        on.first.answer = lambda *_: Said(200, {"etag": '"1"'})
        before = await on.controller.run(TARGET)
        on.first.answer = lambda *_: Said(304)
        after = await on.controller.run(TARGET)
        assert after.found.records[0].body == before.found.records[0].body
        assert after.found.records[0].fetched_at > before.found.records[0].fetched_at


async def test_what_a_person_switches_off_is_not_called(bench):
    async with bench() as on:
        Switches(on.controller.overview.shared).set("plain", enabled=False)
        outcome = await on.controller.run(TARGET)
        assert outcome.source == "second"
        assert "creatorscope source enable plain" in outcome.decision.reason
        assert not outcome.served_by_lower_tier


async def test_one_source_is_tried_past_its_breaker_but_not_past_its_policy(bench):
    async with bench() as on:
        on.controller.overview.breakers.force("plain", "open")
        assert (await on.controller.try_source("plain", TARGET)).kind == "found"
        assert (await on.controller.try_source("plain", replace(TARGET, platform=Platform.GITHUB))).kind == "failed"
        assert on.first.calls == 1


async def test_targets_that_were_not_begun_in_time_come_back(bench):
    async with bench() as on:
        outcomes = await on.controller.run_all([TARGET] * 3, within_s=0)
        assert [outcome.error for outcome in outcomes] == ["no_time_left"] * 3
        assert on.first.calls == 0


@dataclass(frozen=True)
class Hanging(Plain):
    """Never done with one of its targets."""

    async def fetch(self, target, call):
        found = await Plain.fetch(self, target, call)
        if target != TARGET:
            await asyncio.Event().wait()
        return found


async def test_a_target_that_is_not_done_in_time_does_not_take_the_others_with_it(bench):
    async with bench(Hanging()) as on:
        found, left = await on.controller.run_all([TARGET, replace(TARGET, value="7")], done_s=1)
        assert (found.kind, len(found.found.records)) == ("found", 1)
        assert (left.kind, left.error, left.was_not_asked) == ("failed", "no_time_left", False)


@dataclass(frozen=True)
class Asking(Plain):
    """A source that asks for whatever it is told."""

    path: str = ""

    async def fetch(self, target, call):
        if not self.path:
            raise SourceRefused(f"no address for {target}")  # noqa: TRY003, EM102 - as a source would say it
        await call.send(Ask("users", self.path))
        return Found(())


@pytest.mark.parametrize("path", ["http://169.254.169.254/latest", "https://elsewhere.example/users/42"])
async def test_a_source_does_not_leave_its_own_address(bench, path):
    async with bench(Asking(path=path), other=Plain(name="second", serves={})) as on:
        outcome = await on.controller.run(TARGET)
        assert outcome.kind == "failed"
        assert "does not belong to it" in outcome.attempts[0].detail
        assert outcome.calls == 0


async def test_a_refusal_of_the_source_itself_costs_nothing(bench):
    async with bench(Asking()) as on:
        for _ in range(8):
            outcome = await on.controller.run(TARGET)
        assert outcome.source == "second"
        assert not outcome.found.records[0].degraded
        assert Overview(on.stores, on.controller.sources).states()["plain"].state == "closed"


async def test_the_account_of_a_credential_stands_in_the_path_where_it_is_asked_for(bench):
    async with bench(Asking(path="{account}/users"), keys=SecretStr("178:secret")) as on:
        assert (await on.controller.run(TARGET)).kind == "found"
        assert list(on.first.arrivals) == ["178:secret"]


def test_a_stored_answer_holds_no_more_than_it_needs():
    reply = Reply(200, {"etag": '"1"', "set-cookie": "secret"}, b"{}" * 10, "https://x", datetime.now(UTC), 0.1)
    packed = _packed(reply)
    assert b"secret" not in packed
    assert base64.b85encode(zlib.compress(reply.content)) in packed


async def test_metrics_tell_of_calls_breakers_and_quotas(bench):
    async with bench(Plain((Allowance("users", 10, 60),))) as on:
        await on.controller.run(TARGET)
        lines = on.controller.overview.exposition().decode().splitlines()
        assert 'creatorscope_source_calls_total{endpoint="users",outcome="2xx",source="plain"} 1.0' in lines
        assert 'creatorscope_source_quota_left{endpoint="users",source="plain"} 9.0' in lines
        assert 'creatorscope_source_breaker_state{source="plain"} 0.0' in lines


@pytest.fixture
def logged(made_here):
    """An installation with the index of the log alone."""
    stores = made_here(prepare=False)
    index = f"{fetch_log.INDEX}-1"
    stores.cluster.create_index(index, definition(fetch_log.INDEX, encoder=""))
    stores.cluster.update_aliases([("add", index, fetch_log.INDEX)])
    yield stores
    sweep(stores)


async def test_the_log_tells_decisions_and_costs_and_forgets(bench, logged):
    async with bench(Plain(price=0.25)) as on:
        outcomes = await on.controller.run_all([TARGET, TARGET])
    old = replace(outcomes[0], at=datetime.now(UTC) - timedelta(days=31))
    fetch_log.write(logged.cluster, [*outcomes, old])
    logged.cluster.refresh(fetch_log.INDEX)
    assert len(fetch_log.recent(logged.cluster, source="plain")) == 3
    since = datetime.now(UTC) - timedelta(days=1)
    cost = fetch_log.costs(logged.cluster, ("source", "platform"), since=since)["plain", "x"]
    assert (cost.usd, cost.calls, cost.targets) == (0.5, 2, 2)
    own = fetch_log.costs(logged.cluster, ("account_id",), since=since, account_id="x:42")
    assert own["x:42",].usd == 0.5
    assert fetch_log.expire(logged.cluster, datetime.now(UTC)) == 1
