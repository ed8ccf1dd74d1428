"""YouTube and GitHub from a provider over real sockets to accounts; and what an operator sees of it and does to it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api import cli
from api.app import create_app
from creators.errors import SchemaDrift
from creators.models import Platform
from creators.settings import as_environment
from creators.stores import receipts
from creators.stores.session import Stores
from creators.targets import parse_target
from enrich.jobs import normalise_one
from enrich.normalise import normaliser_of
from fetchers import fetch_log
from fetchers.controller import Controller
from fetchers.landing import land
from fetchers.outcomes import Outcome
from fetchers.sources import NAMES, all_sources

TERM = {Platform.YOUTUBE: "youtube_data_api", Platform.GITHUB: "github_rest"}


@pytest.fixture(scope="module")
def stores(new_installation, simulated) -> Stores:
    return new_installation(sources=simulated.sources())


@pytest.fixture(scope="module")
def local(stores) -> Iterator[TestClient]:
    app = create_app(stores.settings)
    with TestClient(app, base_url="http://localhost", client=("127.0.0.1", 50_000)) as client:
        yield client


async def _fetched(stores: Stores, *targets: str) -> list[Outcome]:
    async with Controller(stores, all_sources()) as controller:
        outcomes = await controller.run_all([parse_target(target) for target in targets])
    fetch_log.write(stores.cluster, outcomes)
    return outcomes


def _known(simulated, platform: Platform) -> str:
    """A handle of somebody who is on a platform, as the provider's own list of seeds or its world has it."""
    prefix = f"profile:{platform}:"
    return next(target for target in simulated.control.seeds(200) if target.startswith(prefix))


@pytest.mark.parametrize("platform", list(TERM))
async def test_a_profile_comes_with_what_it_posted_and_whom_it_names(stores, simulated, platform):
    target = _known(simulated, platform)
    (outcome,) = await _fetched(stores, target)
    assert (outcome.kind, outcome.source, outcome.error) == ("found", TERM[platform], None)
    records = outcome.found.records
    found = [normaliser_of(record.source)(record) for record in records]
    (account,) = [account for one in found for account in one.accounts]
    posts = [post for one in found for post in one.posts]
    assert account.platform == platform
    assert f"@{account.handle}".lower() == target.rpartition(":")[2].lower()
    assert posts
    assert {post.account_id for post in posts} == {account.account_id} == {record.account_id for record in records}
    assert None not in (account.name, account.bio, account.posts, account.joined_on, account.url)
    by_id = parse_target(f"profile:{platform}:{account.native_id}").target_id
    (again,) = await _fetched(stores, by_id)
    assert {record.account_id for record in again.found.records} == {account.account_id}


async def test_an_account_that_is_not_there_is_gone(stores):
    outcomes = await _fetched(stores, "profile:github:@nobody-of-that-name", "profile:youtube:@nobody.of.that.name")
    assert [outcome.kind for outcome in outcomes] == ["gone", "gone"]


@pytest.mark.parametrize("platform", list(TERM))
async def test_a_renamed_field_is_drift_and_not_a_wrong_account(new_installation, new_simulator, platform):
    simulator = new_simulator(people=60)
    provider = "youtube" if platform is Platform.YOUTUBE else "github"
    simulator.control.faults(provider=provider, kind="drift", share=1.0)
    stores = new_installation(prepare=False, sources=simulator.sources(), source_strategy="official_only")
    async with Controller(stores, all_sources()) as controller:
        outcome = await controller.run(parse_target(_known(simulator, platform)))
    first = outcome.found.records[0]
    with pytest.raises(SchemaDrift):
        normaliser_of(first.source)(first)


def _source(local: TestClient, name: str) -> dict:
    return next(one for one in local.get("/v1/admin/sources").json()["sources"] if one["name"] == name)


async def test_what_an_operator_sees(stores, local, simulated):
    (outcome,) = await _fetched(stores, _known(simulated, Platform.GITHUB))
    stores.cluster.refresh(fetch_log.INDEX)
    seen = local.get("/v1/admin/sources").json()
    assert {one["name"] for one in seen["sources"]} == set(NAMES)
    assert all(one["reason"] for one in seen["sources"])
    assert seen["decisions"][0]["target"]
    github = _source(local, "github_rest")
    assert (github["enabled"], github["breaker"]["state"], github["breaker"]["success_rate"]) == (True, "closed", 1.0)
    assert {limit["endpoint"]: limit["amount"] for limit in github["limits"]} == {"core": 5000, "search": 30, "*": 900}
    assert github["calls_today"] >= outcome.calls
    assert github["costs_today"][0]["platform"] == "github"
    assert github["policy"]["terms_url"].startswith("https://")
    credentials = {limit["credential"] for limit in github["limits"]}
    assert len(credentials) == 1
    text = local.get("/v1/admin/sources").text
    for own in stores.settings.sources.values():
        assert not any(credential in text for credential in own.credentials)


async def test_a_source_is_switched_off_and_on_and_its_breaker_reset(stores, local, simulated):
    target = _known(simulated, Platform.YOUTUBE)
    assert local.post("/v1/admin/sources/youtube_data_api/disable").json()["enabled"] is False
    (outcome,) = await _fetched(stores, target)
    assert outcome.source != "youtube_data_api"
    assert "switched off" in outcome.decision.reason
    assert local.post("/v1/admin/sources/youtube_data_api/enable").json()["enabled"] is True
    async with Controller(stores, all_sources()) as controller:
        controller.overview.breakers.force("youtube_data_api", "open")
    assert _source(local, "youtube_data_api")["breaker"]["state"] == "open"
    assert local.post("/v1/admin/sources/youtube_data_api/reset-breaker").json()["breaker"]["state"] == "closed"
    assert (await _fetched(stores, target))[0].source == "youtube_data_api"


def test_what_does_not_exist_and_who_is_elsewhere(stores, local):
    unknown = local.post("/v1/admin/sources/nobody/enable")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    assert local.post("/v1/admin/sources/apify/explode").status_code == 422
    assert local.get("/v1/admin/creators/nobody/cost").status_code == 404
    for headers in ({"origin": "https://evil.example"}, {"x-forwarded-for": "127.0.0.1"}, {"host": "evil.example"}):
        for verb, path in (("GET", "sources"), ("POST", "sources/apify/disable"), ("GET", "creators/x/cost")):
            refused = local.request(verb, f"/v1/admin/{path}", headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (403, "not_local"), (verb, path, headers)


async def test_a_creator_has_a_cost(stores, local, simulated):
    (outcome,) = await _fetched(stores, _known(simulated, Platform.GITHUB))
    (key,) = land(stores, outcome.found.records, landed_on=outcome.at.date())
    creator_id = normalise_one(stores, key).creator_ids[0]
    stores.cluster.refresh(fetch_log.INDEX)
    cost = local.get(f"/v1/admin/creators/{creator_id}/cost").json()
    assert [one["account_id"] for one in cost["costs"]] == [outcome.found.records[0].account_id]
    assert cost["calls"] == cost["costs"][0]["calls"] >= outcome.calls
    assert receipts.load(stores.cluster, key) is not None


def test_the_command_shows_switches_and_tries_sources(stores, simulated, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = CliRunner(env={**as_environment(stores.settings), "COLUMNS": "200", "NO_COLOR": "1"})

    def creatorscope(*words: str, good: bool = True):
        done = run.invoke(cli.app, ["source", *words], catch_exceptions=False)
        assert (done.exit_code == 0) is good, done.output
        return done.stdout

    assert {one["name"] for one in json.loads(creatorscope("ls", "--json"))["sources"]} == set(NAMES)
    assert "github_rest" in creatorscope("ls")
    assert json.loads(creatorscope("disable", "github_rest", "--json"))["enabled"] is False
    handle = _known(simulated, Platform.GITHUB).rpartition(":")[2]
    off = json.loads(creatorscope("test", "github_rest", handle, "--json", good=False))
    assert "switched off" in off["detail"]
    assert json.loads(creatorscope("enable", "github_rest", "--json"))["enabled"] is True
    tried = json.loads(creatorscope("test", "github_rest", handle, "--json"))
    assert (tried["outcome"], tried["records"][0]["kind"], tried["cost_usd"]) == ("found", "user", 0)
    assert f"@{tried['records'][0]['accounts'][0]['handle']}".lower() == handle
    gone = json.loads(creatorscope("test", "github_rest", "@nobody-of-that-name", "--json", good=False))
    assert gone["outcome"] == "gone"
