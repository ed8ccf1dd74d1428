"""Signals over the real stores: computed once, again only where something changed, vectors kept by a rebuild."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from creators.errors import NotFound
from creators.stores import receipts
from creators.stores.scripts import Shared
from creators.stores.tallies import Tallies
from enrich import peers, refresh, signal_store, vectors
from enrich.workshop import bench_of
from fetchers.jobs import fetch_dataset
from fetchers.landing import land
from indexers import pipeline
from mappings.peers import MIN_PEERS
from tests.fixtures import crowd
from tests.fixtures.settled import DAY, bring_rows, drive, seen

PAYLOADS = Path(__file__).parents[1] / "fixtures" / "payloads"
ROWS = [
    {"user": "baker", "about": "Sourdough, rye and patience. Recipes every Sunday morning", "followers": 1200},
    {"user": "painter", "about": "Watercolours of harbours and the sea. she/her", "followers": 800},
    {"user": "twin", "about": "Sourdough, rye and patience. Recipes every Sunday morning", "followers": 5},
]


def computed(stores):
    """Return (signal, reason) → how often, since Redis began to count."""
    counts = Tallies(Shared(stores.queue.redis, stores.settings.index_prefix)).read()
    return {
        (one.labels["signal"], one.labels["reason"]): int(one.amount)
        for one in counts
        if one.name == "signals_computed"
    }


@pytest.fixture(scope="module")
def people(new_installation, tmp_path_factory):
    """An installation of three creators, ingested in this process."""
    stores = new_installation()
    bring_rows(stores, tmp_path_factory.mktemp("people"), ROWS)
    return stores


def test_everybody_has_every_signal_of_this_version(people):
    states = refresh.signal_states(people)
    assert {(one.current, one.outdated) for one in states} == {(len(ROWS), 0)}
    assert list(refresh.outdated(people)) == []


def test_peers_are_measured_when_somebody_says_so_and_only_what_uses_them_is_computed_again(new_installation):
    stores = new_installation(identity_matching="off")
    rates = {f"{number}": number / 10_000 for number in range(1, MIN_PEERS + 11)}
    land(
        stores,
        [
            seen("instagram", name, handle=f"p{name}", followers=4_000 + place, engagement_rate=rate)
            for place, (name, rate) in enumerate(rates.items())
        ],
        landed_on=DAY,
    )
    drive(stores)
    assert peers.in_force(stores) == peers.SHIPPED
    found = peers.learn(stores)
    assert (found.is_new, found.creators, found.samples, found.groups) == (True, len(rates), len(rates), 1)
    assert peers.in_force(stores) == found.version
    using = {"engagement", "anomalies", "audience_quality"}
    assert {one.name for one in refresh.signal_states(stores) if one.outdated} == using
    list(refresh.book(stores, refresh.outdated(stores)))
    drive(stores)
    assert {one.outdated for one in refresh.signal_states(stores)} == {0}
    signals = signal_store.load(
        stores.cluster, [hit["_id"] for hit in stores.cluster.scan("signals", {"sort": ["creator_id"]})]
    )
    by_rate = sorted((rate.rate, rate.percentile, rate.peers) for one in signals.values() for rate in one.engagement)
    assert [peers_ for *_, peers_ in by_rate] == [len(rates)] * len(rates)
    assert [round(share, 2) for _, share, _ in by_rate] == sorted(round(share, 2) for _, share, _ in by_rate)
    assert (by_rate[0][1], by_rate[-1][1]) == (0.0, 1.0)
    # Measured on the same creators again, nothing is new; Redis may forget which one is in force.
    assert peers.learn(stores).is_new is False
    stores.queue.redis.delete(Shared(stores.queue.redis, stores.settings.index_prefix).key("peers:reference"))
    assert peers.in_force(stores) == found.version
    peers.adopt(stores, peers.SHIPPED)
    assert {one.name for one in refresh.signal_states(stores) if one.outdated} == using
    with pytest.raises(NotFound, match="was measured here"):
        peers.adopt(stores, "0" * 12)


def test_a_signal_that_changed_is_computed_again_alone_and_the_index_follows(people, monkeypatch):
    before, digest = computed(people), pipeline.digest(people)
    changed = next(signal for signal in bench_of(people).workshop.signals if signal.name == "contact")
    monkeypatch.setattr(type(changed), "version", f"{changed.version}-next")
    assert {one.name for one in refresh.signal_states(people) if one.outdated} == {"contact"}
    booked = list(refresh.book(people, refresh.outdated(people, ["contact"])))
    assert [count for _, count in booked] == [len(ROWS)]
    assert refresh.unfinished(people.cluster, [key for key, _ in booked]) == [booked[0][0]]
    drive(people)
    assert refresh.unfinished(people.cluster, [key for key, _ in booked]) == []
    more = {which: times - before.get(which, 0) for which, times in computed(people).items()}
    assert more.pop(("contact", "version")) == len(ROWS)
    assert {reason for (_, reason), times in more.items() if times} == {"unchanged"}
    assert {one.outdated for one in refresh.signal_states(people)} == {0}
    assert pipeline.digest(people) == digest
    assert receipts.balance(people.cluster).is_balanced


def test_a_rebuild_encodes_nothing_again_and_gives_the_same(people):
    digest = pipeline.digest(people)
    bench_of(people).vectors.forget()
    people.cluster.refresh(vectors.INDEX)
    pipeline.rebuild(people)
    fetch_dataset(next(iter(pipeline.intake.registered(people.lake))), "0")
    before = refresh.vector_state(people)
    drive(people)
    after = refresh.vector_state(people)
    assert (after.encoded, after.kept) == (before.encoded, before.kept)
    assert after.needed > before.needed
    assert pipeline.digest(people) == digest


def test_vectors_beyond_the_bound_go(people):
    people.cluster.refresh(vectors.INDEX)
    held = people.cluster.count(vectors.INDEX)
    assert vectors.trim(people.cluster, held) == 0
    assert 0 < vectors.trim(people.cluster, held - 1) <= held


def test_signals_of_a_creator_that_is_gone_are_forgotten(people):
    people.cluster.refresh(signal_store.INDEX)
    someone = next(iter(people.cluster.search(signal_store.INDEX, {"size": 1})["hits"]["hits"]))["_id"]
    signal_store.forget(people.cluster, [someone, "nobody"], version=2**60)
    assert signal_store.load(people.cluster, [someone]) == {}


@pytest.fixture(scope="module")
def asked(people):
    """The API over invented creators with every kind of signal, beside the others."""
    docs = list(crowd.people(120))
    crowd.write(people, docs)
    with TestClient(create_app(people.settings)) as client:
        yield client, docs


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        ({"brand_safe": True}, lambda doc: doc.get("brand_safe") is True),
        ({"brand_risk": ["low"], "account_kinds": ["person"]}, lambda doc: doc.get("brand_risk") == "low"),
        ({"pronouns": ["She/Her"]}, lambda doc: "she/her" in doc.get("pronouns", [])),
        ({"brands": ["ACME"]}, lambda doc: "acme" in doc.get("brands", [])),
        ({"sponsored_share": {"max": 0.5}, "has": ["phone"]}, lambda doc: "sponsored_share" in doc),
        ({"anomalies": ["follower_spike"]}, lambda doc: "follower_spike" in doc.get("anomalies", [])),
        ({"exclude": {"anomalies": ["follower_spike"]}}, lambda doc: "anomalies" not in doc),
    ],
)
def test_creators_are_filtered_by_their_signals(asked, filters, holds):
    client, docs = asked
    body = {"filters": filters | {"sources": ["crowd"]}, "limit": 100}
    answer = client.post("/v1/creators/search", json=body).json()
    expected = {doc["creator_id"] for doc in docs if holds(doc)}
    assert 0 < len(expected) < len(docs)
    assert answer["total"]["value"] == len(expected)
    assert {hit["creator_id"] for hit in answer["hits"]} <= expected


def test_a_signal_is_shown_with_what_it_rests_on(asked):
    client, docs = asked
    doc = next(one for one in docs if one.get("brand_risk"))
    shown = client.get(f"/v1/creators/{doc['creator_id']}").json()
    risk = shown["signals"]["brand_risk"]
    assert {"method", "as_of", "confidence", "sample_size", "window_days", "findings"} <= risk.keys()
    facets = client.post("/v1/facets", json={"facets": ["brand_risk"], "filters": {"sources": ["crowd"]}}).json()[
        "facets"
    ]
    assert facets["brand_risk"] == [{"value": "low", "count": sum("brand_risk" in one for one in docs)}]


def test_a_builder_is_found_by_what_github_tells_of_their_work(people):
    records = []
    for kind in ("user", "repos", "events"):
        told = json.loads((PAYLOADS / "github_rest" / f"{kind}.json").read_text(encoding="utf-8"))
        answer = {name: told[name] for name in ("platform", "kind", "native_id", "body")}
        records.append(answer | {"observed_at": told["fetched_at"]})
    with TestClient(create_app(people.settings), base_url="http://localhost", client=("127.0.0.1", 50_000)) as client:
        assert client.post("/v1/ingest", json={"source": "github_rest", "records": records}).status_code == 202
        drive(people)
        wanted = {"shipping_velocity": {"min": 3}, "technical_score": {"min": 0.3}, "stars": {"min": 1_840}}
        body = {"filters": wanted, "sort": {"field": "shipping_velocity"}}
        (hit,) = client.post("/v1/creators/search", json=body).json()["hits"]
        shown = client.get(f"/v1/creators/{hit['creator_id']}").json()
    built = shown["signals"]["builder"]
    assert (built["commits"], built["merges"], built["releases"], built["stars"]) == (3, 2, 1, 1_840)
    assert built["evidence"] == ["github:release:3001"]
    assert (shown["shipping_velocity"], shown["stars"]) == (built["velocity"], built["stars"])
