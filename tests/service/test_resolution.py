"""Accounts that look like one person become one creator, whatever comes in first; people have the last word."""

from __future__ import annotations

import random

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from creators import ids
from creators.errors import NotFound
from creators.stores import receipts
from creators.stores.session import Stores
from enrich.resolve import judgements, matching, resolution, resolver
from indexers import pipeline
from mappings.registry import CREATORS
from tests.fixtures.settled import bring, seen, settle

SYLLABLES = [
    c + v
    for c in ["b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z"]
    for v in ["a", "e", "i", "o", "u"]
]
NUMBERS = iter(range(10**6))


class Person:
    """Somebody whose rare name nobody else in these tests has, with four accounts."""

    def __init__(self, seed):
        rng = random.Random(f"person {seed}")  # noqa: S311 - makes names, guards nothing
        self.given, self.surname = ("".join(rng.sample(SYLLABLES, 3)).title() for _ in range(2))
        self.number = 10_000_000 + next(NUMBERS)
        self.name = f"{self.given} {self.surname}"
        self.plain = self.name.replace(" ", "").lower()
        self.site = f"https://{self.plain}.dev"
        self.ids = {
            "x": f"x:{self.number}",
            "github": f"github:{self.number}",
            "youtube": f"youtube:UC{self.number:022d}",
            "instagram": f"instagram:{self.number}",
        }

    def account(self, platform, **facts):
        native_id = self.ids[platform].partition(":")[2]
        handle = {"x": self.plain, "github": f"{self.given}-{self.surname}".lower()}.get(platform, self.plain)
        return seen(platform, native_id, **{"handle": handle, "name": self.name, **facts})

    def four(self):
        return [
            self.account("x", website=self.site, followers=9_000, at="2026-01-05T12:00:00+00:00"),
            self.account("github", website=self.site, bio="Rust and compilers"),
            self.account("youtube", followers=4_000),
            self.account("instagram", followers=2_000),
        ]


@pytest.fixture(scope="module")
def stores(new_installation):
    return new_installation()


@pytest.fixture(scope="module")
def api(stores):
    with TestClient(create_app(stores.settings), raise_server_exceptions=False, client=("127.0.0.1", 1)) as client:
        client.headers["host"] = "127.0.0.1"
        yield client


@pytest.fixture
def person():
    return Person(next(NUMBERS))


def home(stores, account_id):
    """The creator that an account belongs to, and its accounts."""
    doc = stores.cluster.sources("identities", [ids.creator_id(account_id)])[ids.creator_id(account_id)]
    if doc["redirect_to"]:
        doc = stores.cluster.sources("identities", [doc["redirect_to"]])[doc["redirect_to"]]
    return doc["creator_id"], doc["account_ids"]


def found(stores, name):
    """The creators that the index has under a name, each as the set of its accounts."""
    body = {"query": {"match_phrase": {"name": name}}, "sort": [{"creator_id": "asc"}]}
    hits = [hit["_source"] for hit in stores.cluster.scan(CREATORS, body)]
    return {hit["creator_id"]: {one["account_id"] for one in hit["accounts"].values()} for hit in hits}


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_four_accounts_in_any_order_are_one_creator_and_apart_again(stores, api, person, order):
    four = person.four()
    for place in order:
        bring(stores, four[place])
    survivor, accounts = home(stores, person.ids["x"])
    assert survivor == ids.creator_id(person.ids["x"])
    assert accounts == sorted(person.ids.values())
    assert found(stores, person.name) == {survivor: set(accounts)}
    later = ids.creator_id(person.ids["instagram"])
    assert api.get(f"/v1/creators/{later}").json()["creator_id"] == survivor

    told = api.get(f"/v1/creators/{later}/identity").json()
    assert told["creator_id"] == survivor
    assert [one["account"]["account_id"] for one in told["accounts"]] == accounts
    for one in told["accounts"]:
        reasons = [why for why in one["because"] if why["kind"] == "matched"]
        assert reasons
        assert all(why["probability"] >= 0.6 and why["parts"] for why in reasons)

    asked = {"account_ids": [person.ids["instagram"]], "user": "ada", "note": "a fan page"}
    assert api.post("/v1/identity/unmerge", json=asked).status_code == 200
    settle(stores)
    rest = set(accounts) - {person.ids["instagram"]}
    assert found(stores, person.name) == {survivor: rest, later: {person.ids["instagram"]}}
    assert api.get(f"/v1/creators/{later}").json()["creator_id"] == later
    told = api.get(f"/v1/creators/{survivor}/identity").json()
    assert {(one["decision"], one["user"]) for one in told["judgements"]} == {("different", "ada")}
    assert told["near_misses"][0]["words"] == "a person said that they are two"

    record = told["judgements"][0]["record"]
    assert api.post("/v1/identity/unmerge", json={"record": record, "user": "bob"}).status_code == 200
    settle(stores)
    assert found(stores, person.name) == {survivor: set(accounts)}


def test_all_at_once_and_one_by_one_end_the_same(stores, person):
    bring(stores, *person.four())
    assert found(stores, person.name) == {ids.creator_id(person.ids["x"]): set(person.ids.values())}


def test_a_judgement_outweighs_a_declared_link_and_is_taken_back(stores, person):
    bring(
        stores,
        person.account("x", links=[f"https://github.com/{person.given}-{person.surname}".lower()]),
        person.account("github", name="Somebody Else"),
    )
    pair = (person.ids["github"], person.ids["x"])
    assert home(stores, pair[0])[1] == sorted(pair)
    for decision, apart in (("different", True), ("unsure", False)):
        judge(stores, pair, decision)
        assert (home(stores, pair[0]) != home(stores, pair[1])) is apart
    history = [one.decision for one in judgements.history(stores.cluster, pair)]
    assert history == ["different", "unsure"]


def judge(stores, pair, decision, user="ada"):
    from api.identity import _now

    told = judgements.Judgement(pairs=(pair,), decision=decision, user=user, at=_now())
    resolution.judge(stores, told)
    settle(stores)


def test_a_pair_that_is_not_certain_waits_for_a_person(stores, api, person):
    """Two accounts of one platform look like the one on another: only one of them can be joined."""
    other = seen("x", str(person.number + 5), handle=f"{person.plain}_2", name=person.name, website=person.site)
    bring(stores, person.account("x", website=person.site), person.account("github", website=person.site), other)
    open_ids = {person.ids["github"], f"x:{person.number + 5}", person.ids["x"]}
    waiting = api.get("/v1/identity/reviews", params={"platform": "github", "limit": 100}).json()["reviews"]
    own = [one for one in waiting if {one["pair"]["left"], one["pair"]["right"]} <= open_ids]
    assert [one["pair"]["reason"] for one in own] == ["conflict"]
    assert own[0]["pair"]["weight"] == sum(part["weight"] for part in own[0]["pair"]["parts"])
    verdict = {"decision": "same", "user": "ada"}
    answer = api.post(f"/v1/identity/reviews/{own[0]['pair']['review_id']}", json=verdict)
    assert answer.status_code == 200
    settle(stores)
    assert {own[0]["pair"]["left"], own[0]["pair"]["right"]} <= set(home(stores, own[0]["pair"]["left"])[1])
    assert api.post(f"/v1/identity/reviews/{own[0]['pair']['review_id']}", json=verdict).status_code == 404


def test_creators_that_nothing_joins_are_merged_by_hand(stores, api):
    one, other = Person(next(NUMBERS)), Person(next(NUMBERS))
    bring(stores, one.account("x"), other.account("github"))
    creator_ids = [ids.creator_id(one.ids["x"]), ids.creator_id(other.ids["github"])]
    assert len({home(stores, one.ids["x"])[0], home(stores, other.ids["github"])[0]}) == 2
    answer = api.post("/v1/identity/merge", json={"creator_ids": creator_ids, "user": "ada"})
    assert sorted(answer.json()["changed"]) == sorted(creator_ids)
    settle(stores)
    assert home(stores, one.ids["x"]) == home(stores, other.ids["github"])
    again = api.post("/v1/identity/merge", json={"creator_ids": ["nobody", creator_ids[0]], "user": "ada"})
    assert again.status_code == 404


@pytest.mark.parametrize("dies_at", ["around", "_compared"])
def test_a_key_that_has_become_one_again_is_not_forgotten(stores, person, monkeypatch, dies_at):
    """The process dies after it has taken an account off a key: by the key alone nobody could tell any more."""
    monkeypatch.setattr(matching, "MAX_BLOCK", 1)
    pair = [person.account("x"), person.account("github")]
    third = seen("tiktok", str(person.number), handle=person.plain, name=person.name)
    bring(stores, *pair, third)
    assert matches(stores, [*person.ids.values(), third.account_id]) == set()
    monkeypatch.setattr(matching, "MAX_BLOCK", 2)

    def die(*_arguments, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(*((matching.keyring, dies_at) if dies_at == "around" else (matching, dies_at)), die)
        with pytest.raises(KeyboardInterrupt):
            bring(
                stores, seen("tiktok", third.native_id, handle="unlike", name="Qq Zz", at="2026-02-10T12:00:00+00:00")
            )
    settle(stores)
    assert matches(stores, [*person.ids.values(), third.account_id]) == {tuple(sorted(one.account_id for one in pair))}


@pytest.mark.parametrize("said_by", ["owner", "operator"])
def test_who_may_not_be_merged_is_joined_by_links_only(stores, person, said_by):
    excluding = stores.settings.model_copy(update={"identity_exclude": "x"})
    other = Stores(excluding) if said_by == "operator" else stores
    four = [one.model_copy(update={"may_merge": said_by == "operator"}) for one in person.four()[:2]]
    bring(other, *four)
    assert home(other, person.ids["x"])[1] == [person.ids["x"]]
    linked = person.account("x", links=[f"https://github.com/{person.given}-{person.surname}".lower()])
    bring(stores, linked.model_copy(update={"fetched_at": four[1].fetched_at.replace(month=2)}))
    assert home(other, person.ids["x"])[1] == sorted(person.ids[one] for one in ("x", "github"))


def test_what_was_lost_on_the_way_is_brought_back(stores, person, monkeypatch):
    """The process dies after the edges are written: nothing but the receipt knows that creators are to change."""

    def die(*_arguments, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(resolver, "resolve_changed", die)
        with pytest.raises(KeyboardInterrupt):
            bring(stores, *person.four()[:2])
    assert home(stores, person.ids["x"])[1] == [person.ids["x"]]
    assert receipts.balance(stores.cluster).unresolved > 0
    assert receipts.balance(stores.cluster).is_balanced
    stores.queue.queue("resolve").empty()
    assert pipeline.reconcile(stores) > 0
    settle(stores)
    assert len(home(stores, person.ids["x"])[1]) == 2
    assert receipts.balance(stores.cluster).unresolved == 0


def matches(stores, accounts):
    body = {"query": {"bool": {"filter": [{"term": {"kind": "match"}}]}}, "sort": [{"edge_id": "asc"}]}
    pairs = {(hit["_source"]["left"], hit["_source"]["right"]) for hit in stores.cluster.scan("identity-edges", body)}
    return {pair for pair in pairs if set(pair) <= set(accounts)}


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0)])
def test_a_key_that_too_many_have_joins_nobody_in_any_order(stores, person, monkeypatch, order):
    """Five accounts share every key, four are allowed: what was found while they were few goes."""
    monkeypatch.setattr(matching, "MAX_BLOCK", 4)
    crowd = [person.account(platform, handle=person.plain) for platform in person.ids]
    crowd.append(seen("tiktok", str(person.number), handle=person.plain, name=person.name))
    accounts = [one.account_id for one in crowd]
    bring(stores, *(crowd[place] for place in order[:4]))
    assert len(matches(stores, accounts)) == 6
    bring(stores, crowd[order[4]])
    assert matches(stores, accounts) == set()
    assert [home(stores, one)[1] for one in accounts] == [[one] for one in accounts]
    bring(stores, seen("tiktok", str(person.number), handle="unlike", name="Qq Zz", at="2026-02-10T12:00:00+00:00"))
    assert len(matches(stores, accounts)) == 6
    assert home(stores, person.ids["x"])[1] == sorted(person.ids.values())


def test_the_whole_state_is_that_of_a_rebuild(stores):
    """After all of the above: matches, judgements and what became of them come back from the lake alone."""
    before = pipeline.digest(stores)
    identities = sorted(str(one["_source"]) for one in everything(stores, "identities", "creator_id"))
    pending = sorted(one["_source"]["review_id"] for one in everything(stores, "identity-reviews", "review_id"))
    pipeline.rebuild(stores)
    settle(stores)
    assert sorted(str(one["_source"]) for one in everything(stores, "identities", "creator_id")) == identities
    assert sorted(one["_source"]["review_id"] for one in everything(stores, "identity-reviews", "review_id")) == pending
    assert pipeline.digest(stores) == before


def test_several_questions_in_one_request_are_answered_as_each_alone(stores, person):
    bring(stores, *person.four())
    search = ("identities", {"query": {"match_all": {}}, "sort": [{"creator_id": "asc"}]})
    stores.cluster.refresh("identities")
    alone = list(stores.cluster.scan(*search))
    (one, other), beside = stores.cluster.scan_all([search, search], beside=[("identities", {"size": 0})], size=3)
    assert one == other == alone
    assert (len(alone) > 3, beside[0]["hits"]["total"]["value"]) == (True, len(alone))
    with pytest.raises(NotFound):
        stores.cluster.msearch([search, ("no-such-index", {"size": 0})])
    known = ("identities", alone[0]["_id"])
    found = stores.cluster.documents([known, ("identities", "nobody"), ("profiles-x", person.ids["x"])])
    assert found.keys() == {known, ("profiles-x", person.ids["x"])}
    assert found[known] == alone[0]["_source"]


def everything(stores, index, key):
    stores.cluster.refresh(index)
    return stores.cluster.scan(index, {"query": {"match_all": {}}, "sort": [{key: "asc"}]})
