"""Who is the same person: evidence joins accounts into creators, whatever arrives first.

The steps of the pipeline run in this process, one record a file, so that the order of arrival is the test's to choose.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from benchmarks.resolution.crowd import Crowd
from creators import ids
from creators.datasets import load_mapping
from creators.models import Account, Domain, Platform
from creators.stores import bulk, receipts
from enrich import profiles
from enrich.jobs import enrich_one, normalise_one
from enrich.resolve import matching
from enrich.resolve.current import current
from enrich.resolve.edges import pair_id
from enrich.resolve.resolution import resolve_one
from enrich.resolve.rules import rules_of
from enrich.resolve.whole import compare_all
from fetchers import intake
from fetchers.jobs import fetch_slice
from indexers import pipeline
from indexers.jobs import index_one
from mappings.registry import CREATORS
from tests.fixtures import generated

JANUARY, FEBRUARY, MARCH = "2026-01-10", "2026-02-10", "2026-03-10"
PERSONS = iter(range(10**6))


@pytest.fixture(scope="module")
def stores(new_installation):
    return new_installation()


@pytest.fixture(scope="module")
def api(stores):
    with TestClient(create_app(stores.settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def one():
    """A number that no other test uses: every test has people of its own."""
    return next(PERSONS)


@pytest.fixture
def arrive(stores, tmp_path):
    """Bring in records one after the other, each as a file of its own, or ``together`` in one."""

    def bring(*records, together=False):
        for rows in [records] if together else [[record] for record in records]:
            folder = tmp_path / str(next(PERSONS))
            folder.mkdir()
            file, mapping = folder / "some.csv", folder / "some.toml"
            generated.write_rows(file, rows)
            mapping.write_text(generated.MAPPING, encoding="utf-8")
            dataset = intake.register(stores.lake, file, load_mapping(mapping))
            before = set(stores.lake.list_keys())
            assert fetch_slice(stores, dataset.dataset_id, 0).landed == len(rows)
            work_off(stores, sorted(set(stores.lake.list_keys()) - before))
        stores.cluster.refresh(CREATORS)
        stores.cluster.refresh("identities")

    return bring


def work_off(stores, keys):
    for step in (normalise_one, enrich_one, index_one):
        for key in keys:
            step(stores, key)


def record(network, native_id, handle, **cells):
    """A row of one account, seen in January unless it says otherwise."""
    return {"network": network, "id": native_id, "handle": handle, "seen_at": JANUARY, "followers": "100", **cells}


def creators_with(stores, *account_ids):
    """The documents that hold any of these accounts, over all domains."""
    holds = [{"terms": {f"accounts.{network}.account_id": list(account_ids)}} for network in generated.NETWORKS]
    body = {"query": {"bool": {"should": holds}}, "sort": [{"creator_id": "asc"}, {"domain": "asc"}]}
    return [
        (
            hit["_source"]["creator_id"],
            hit["_source"]["domain"],
            {account["account_id"] for account in hit["_source"]["accounts"].values()},
        )
        for hit in stores.cluster.scan(CREATORS, body)
    ]


def identities_of(stores, *account_ids):
    """Creator id → accounts, of every identity that holds any of these."""
    body = {"query": {"terms": {"account_ids": list(account_ids)}}, "sort": [{"creator_id": "asc"}]}
    return {
        hit["_source"]["creator_id"]: hit["_source"]["account_ids"] for hit in stores.cluster.scan("identities", body)
    }


def is_one(stores, first, *others):
    """Whether all accounts are one creator, whose id is that of ``first``."""
    accounts = {first, *others}
    assert identities_of(stores, *accounts) == {ids.creator_id(first): sorted(accounts)}
    ((creator_id, _, own),) = creators_with(stores, *accounts)
    return creator_id == ids.creator_id(first) and own == accounts


def are_apart(stores, *account_ids):
    assert identities_of(stores, *account_ids) == {ids.creator_id(one): [one] for one in account_ids}
    found = creators_with(stores, *account_ids)
    return sorted(own for _, _, accounts in found for own in accounts) == sorted(account_ids)


def test_a_person_id_joins(stores, arrive, one):
    arrive(
        record("x", f"7{one}", "first", person=f"P{one}"),
        record("github", f"8{one}", "second", person=f"P{one}", seen_at=FEBRUARY),
    )
    assert is_one(stores, f"x:7{one}", f"github:8{one}")


def test_the_same_handle_alone_joins_nobody(stores, arrive, one):
    arrive(record("x", f"7{one}", f"same{one}"), record("github", f"8{one}", f"same{one}"))
    assert are_apart(stores, f"x:7{one}", f"github:8{one}")


@pytest.mark.parametrize("target_first", [True, False], ids=["target first", "link first"])
@pytest.mark.parametrize("by", ["handle", "native id"])
def test_a_declared_link_joins_in_both_orders(stores, arrive, one, by, target_first):
    if by == "handle":
        target, link = record("github", f"8{one}", f"Coder{one}"), f"https://github.com/coder{one}"
    else:
        channel = f"UC{one:022d}"
        target, link = record("youtube", channel, f"tube{one}"), f"https://www.youtube.com/channel/{channel}"
    source = record("x", f"7{one}", f"writer{one}", links=f'["{link}"]', seen_at=FEBRUARY)
    arrive(*((target, source) if target_first else (source, target)))
    assert is_one(stores, f"{target['network']}:{target['id']}", f"x:7{one}")


def test_a_chain_of_evidence_is_one_person(stores, arrive, one):
    arrive(
        record("tiktok", f"3{one}", f"c{one}", person=f"P{one}", seen_at=MARCH),
        record("x", f"7{one}", f"a{one}", links=f'["https://github.com/b{one}"]'),
        record("github", f"8{one}", f"b{one}", person=f"P{one}", seen_at=FEBRUARY),
    )
    assert is_one(stores, f"x:7{one}", f"github:8{one}", f"tiktok:3{one}")


def test_a_merge_leaves_one_document_and_redirects(stores, api, arrive, one):
    earlier, later = f"x:7{one}", f"github:8{one}"
    arrive(record("github", f"8{one}", f"b{one}", seen_at=FEBRUARY), record("x", f"7{one}", f"a{one}"))
    assert are_apart(stores, earlier, later)
    before = api.get(f"/v1/creators/{ids.creator_id(later)}").json()
    assert before["platforms"] == ["github"]
    arrive(record("x", f"7{one}", f"a{one}", links=f'["https://github.com/b{one}"]', seen_at=MARCH))
    assert is_one(stores, earlier, later)
    for old in (earlier, later):
        survivor = api.get(f"/v1/creators/{ids.creator_id(old)}")
        assert survivor.status_code == 200
        assert survivor.json()["creator_id"] == ids.creator_id(earlier)
        assert survivor.json()["platforms"] == ["github", "x"]
    similar = api.get(f"/v1/creators/{ids.creator_id(later)}/similar")
    assert similar.status_code == 200
    assert ids.creator_id(earlier) not in [hit["creator_id"] for hit in similar.json()["hits"]]


def test_a_renamed_handle_keeps_the_creator(stores, api, arrive, one):
    arrive(record("x", f"7{one}", f"before{one}"), record("x", f"7{one}", f"after{one}", seen_at=FEBRUARY))
    assert is_one(stores, f"x:7{one}")
    found = api.get("/v1/creators/lookup", params={"platform": "x", "handle": f"after{one}"})
    assert found.json()["creator_id"] == ids.creator_id(f"x:7{one}")
    gone = api.get("/v1/creators/lookup", params={"platform": "x", "handle": f"before{one}"})
    assert gone.status_code == 404


def test_a_handle_used_again_is_another_creator(stores, api, arrive, one):
    """The first holder renames and somebody else takes the handle: native ids tell them apart."""
    arrive(
        record("x", f"7{one}", f"wanted{one}", followers="1000"),
        record("x", f"7{one}", f"moved{one}", seen_at=FEBRUARY, followers="1000"),
        record("x", f"8{one}", f"wanted{one}", seen_at=MARCH, followers="5"),
    )
    assert are_apart(stores, f"x:7{one}", f"x:8{one}")
    found = api.get("/v1/creators/lookup", params={"platform": "x", "handle": f"@WANTED{one}"}).json()
    assert (found["creator_id"], found["followers"]) == (ids.creator_id(f"x:8{one}"), 5)


def test_a_late_old_record_changes_nothing_that_is_shown(stores, api, arrive, one):
    arrive(record("x", f"7{one}", f"now{one}", seen_at=MARCH, followers="300"))
    shown = api.get(f"/v1/creators/{ids.creator_id(f'x:7{one}')}").json()
    arrive(record("x", f"7{one}", f"then{one}", seen_at=JANUARY, followers="100"))
    late = api.get(f"/v1/creators/{ids.creator_id(f'x:7{one}')}").json()
    # What it adds is history: the growth since then.
    volatile = {"growth", "growth_30d", "growth_90d", "growth_180d"}
    assert {k: v for k, v in late.items() if k not in volatile} == {k: v for k, v in shown.items() if k not in volatile}


def test_a_creator_whose_domain_changes_stays_one_document(stores, api, arrive, one):
    """The largest audience decides the domain; when another account overtakes, so does its own."""
    person = {"person": f"P{one}"}
    arrive(
        record("x", f"7{one}", f"a{one}", followers="1000", **person),
        record("youtube", f"UC{one:022d}", f"b{one}", followers="10", **person),
    )
    ((creator_id, domain, _),) = creators_with(stores, f"x:7{one}")
    assert domain == Domain.MICROBLOG
    arrive(record("youtube", f"UC{one:022d}", f"b{one}", followers="5000", seen_at=FEBRUARY, **person))
    assert [(one_id, place) for one_id, place, _ in creators_with(stores, f"x:7{one}")] == [
        (creator_id, Domain.LONG_FORM)
    ]
    answer = api.post("/v1/creators/search", json={"filters": {"domains": ["microblog"]}, "limit": 100})
    assert creator_id not in [hit["creator_id"] for hit in answer.json()["hits"]]


def test_the_whole_state_is_that_of_a_rebuild(stores):
    """After all of the above, dropped and made again from the lake, in another order."""
    before = pipeline.digest(stores)
    assert before.creators > 10
    pipeline.rebuild(stores)
    for dataset_id in intake.registered(stores.lake):
        fetch_slice(stores, dataset_id, 0)
    work_off(stores, sorted(stores.lake.list_keys(), reverse=True))
    assert pipeline.digest(stores) == before


def end_state(stores, accounts):
    """Which accounts belong together under whose id, the test's own numbers taken out."""
    names = {f"{network}:{native_id}": letter for letter, (network, native_id) in accounts.items()}
    owners = {ids.creator_id(account): letter for account, letter in names.items()}
    identities = identities_of(stores, *names)
    shown = creators_with(stores, *names)
    assert {creator: sorted(own) for creator, _, own in shown} == identities
    assert len(shown) == len(identities)
    return {owners[creator]: {names[account] for account in own} for creator, own in identities.items()}


def four_records(one):
    """A links to B's first handle; B is renamed; C shares a person id with A. The joins need all of them."""
    accounts = {"A": ("x", f"7{one}"), "B": ("github", f"8{one}"), "C": ("tiktok", f"3{one}")}
    records = [
        record(*accounts["A"], f"a{one}", links=f'["https://github.com/b{one}"]', person=f"P{one}", seen_at=FEBRUARY),
        record(*accounts["B"], f"b{one}", seen_at=JANUARY),
        record(*accounts["B"], f"renamed{one}", seen_at=MARCH),
        record(*accounts["C"], f"c{one}", person=f"P{one}", seen_at=MARCH),
    ]
    return accounts, records


def a_handle_that_moves(one):
    """A links to a handle that B had in January and D has since March; nobody may be in two places."""
    accounts = {"A": ("x", f"7{one}"), "B": ("github", f"8{one}"), "D": ("github", f"9{one}")}
    records = [
        record(*accounts["A"], f"a{one}", links=f'["https://github.com/b{one}"]', seen_at="2026-01-11"),
        record(*accounts["B"], f"b{one}", seen_at=JANUARY),
        record(*accounts["B"], f"renamed{one}", seen_at=FEBRUARY),
        record(*accounts["D"], f"b{one}", seen_at=MARCH),
    ]
    return accounts, records


def within_one_day(one):
    """All of it on one day, B renamed at noon: the points of a day collapse, the end state may not differ."""
    accounts = {"A": ("x", f"7{one}"), "B": ("github", f"8{one}"), "C": ("tiktok", f"3{one}")}
    records = [
        record(*accounts["A"], f"a{one}", links=f'["https://github.com/b{one}"]', seen_at=f"{JANUARY}T11:00:00Z"),
        record(*accounts["B"], f"b{one}", seen_at=f"{JANUARY}T10:00:00Z"),
        record(*accounts["B"], f"renamed{one}", seen_at=f"{JANUARY}T12:00:00Z", person=f"P{one}"),
        record(*accounts["C"], f"c{one}", person=f"P{one}", seen_at=f"{JANUARY}T09:00:00Z"),
    ]
    return accounts, records


ORDERS = [*list(permutations(range(4)))[::3], (3, 2, 1, 0)]
"""Nine of the twenty-four: each record comes first, and last, at least once."""


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (four_records, {"B": {"A", "B", "C"}}),
        (a_handle_that_moves, {"B": {"A", "B"}, "D": {"D"}}),
        (within_one_day, None),
    ],
)
def test_every_order_of_arrival_ends_the_same(stores, arrive, make, expected):
    ends = []
    for order in ORDERS:
        accounts, records = make(next(PERSONS))
        arrive(*(records[position] for position in order))
        ends.append(end_state(stores, accounts))
    assert all(end == ends[0] for end in ends)
    assert expected in (None, ends[0])


def test_all_in_one_file_ends_as_one_by_one(stores, arrive):
    ends = []
    for together in (False, True):
        accounts, records = four_records(next(PERSONS))
        arrive(*records, together=together)
        ends.append(end_state(stores, accounts))
    assert ends[0] == ends[1]


def test_shared_evidence_of_a_crowd_joins_nobody(stores, arrive, one):
    """More accounts than one person has: an agency's page that all link to."""
    crowd = [record("x", f"7{one}{n:03d}", f"talent{one}n{n}", person=f"AGENCY{one}") for n in range(51)]
    arrive(*crowd[:3])
    assert len(identities_of(stores, *(f"x:{row['id']}" for row in crowd[:3]))) == 1
    arrive(*crowd[3:], together=True)
    assert are_apart(stores, *(f"x:{row['id']}" for row in crowd))


def crowd(count):
    """Accounts of people who show themselves on several networks; every seventh may not be matched."""
    shown = (profile for _, profile in Crowd.of(3).part(0, count))
    same = ("native_id", "handle", "name", "bio", "website", "links", "country", "language", "followers")
    return [
        Account(
            platform=Platform(profile.platform),
            source="event",
            fetched_at=datetime(2026, 1, 10, tzinfo=UTC),
            may_merge=number % 7 > 0,
            **{name: getattr(profile, name) for name in same},
        )
        for number, profile in enumerate(shown)
    ]


def matches_of(stores):
    """Pair → version of every match in the index."""
    stores.cluster.refresh("identity-edges")
    body = {"query": {"term": {"kind": "match"}}, "sort": [{"edge_id": "asc"}]}
    docs = (hit["_source"] for hit in stores.cluster.scan("identity-edges", body))
    return {(doc["left"], doc["right"]): doc["version"] for doc in docs}


def test_everything_at_once_is_as_one_after_the_other(stores):
    accounts = crowd(150)
    profiles.save(stores.cluster, accounts, [], raw_key="crowd")
    found = compare_all(stores, workers=2)
    assert matches_of(stores).keys() == {match[:2] for match in found.outcome.matches}
    assert len(found.outcome.matches) > 10
    may = {account.account_id for account in accounts if account.may_merge}
    others = {account.account_id for account in accounts} - may
    assert not others.intersection(one for match in found.outcome.matches for one in match[:2])
    plan = matching.plan(stores.cluster, sorted(may | others), current(stores), rules_of(stores.settings))
    assert (plan.edges, plan.dropped) == ({}, {})
    pair = tuple(sorted(others)[:2])
    false = {"edge_id": pair_id(pair), "left": pair[0], "right": pair[1], "kind": "match", "version": 1}
    bulk.write(stores.cluster, [bulk.Action("identity-edges", pair_id(pair), false, 1)], refresh=True)
    again = compare_all(stores, workers=1)
    assert (again.written, again.dropped, again.regrouped) == (0, 1, 2)
    for receipt in receipts.unresolved(stores.cluster):
        resolve_one(stores, receipt.key)
    stores.cluster.refresh("identities")
    groups = {frozenset(own) for own in identities_of(stores, *may).values() if len(own) > 1}
    # The tests before this one have left people of their own.
    assert groups == {group for group in found.outcome.groups if group <= may}
