"""Every document that the code writes has mapped fields only, and every mapped field is written by somebody."""

import json
from datetime import UTC, date, datetime

import numpy as np
import pytest

from creators.models import Account, Averages, Creator, Link, Observation, Platform, Post
from creators.signals.creator import Signals
from creators.stores import bulk, deadletters, receipts
from creators.stores.lake import LakeObject
from enrich import profiles, signal_store
from enrich.resolve import judgements, keyring, matching, resolver, reviews
from enrich.resolve.model import Match, Part
from enrich.signals.compute import Computed, Stamp
from enrich.vectors import KnownVectors, vector_id
from indexers.documents import build_document
from mappings.registry import FAMILIES, definition
from tests.fixtures.signalled import full_signals

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
DEFINITION_OF = {member: family.definition for family in FAMILIES for member in family.members}


def unmapped(doc, properties, prefix=""):
    """Return the fields of a document that a strict mapping refuses."""
    found = []
    for name, value in doc.items():
        path, field = f"{prefix}{name}", properties.get(name)
        if field is None:
            found.append(path)
        elif "properties" in field:
            for one in value if isinstance(value, list) else [value]:
                found += unmapped(one, field["properties"], f"{path}.")
    return found


class StrictCluster:
    """Takes bulk requests as OpenSearch does with strict mappings, and keeps what it took."""

    def __init__(self):
        self.taken = {}

    def name(self, logical):
        return logical

    def refresh(self, logical):
        assert logical in DEFINITION_OF or logical in DEFINITION_OF.values()

    def sources(self, logical, doc_ids, *, fields=None):
        del fields
        docs = self.taken.get(logical, {})
        return {doc_id: docs[doc_id] for doc_id in doc_ids if doc_id in docs}

    def documents(self, wanted):
        return {(logical, doc_id): self.taken[logical][doc_id] for logical, doc_id in wanted}

    def bulk(self, lines, *, refresh=False):
        del refresh
        parsed = [json.loads(line) for line in lines.splitlines()]
        items = []
        for action, doc in zip(parsed[::2], parsed[1::2], strict=True):
            ((verb, meta),) = action.items()
            refused = unmapped(doc, definition(DEFINITION_OF[meta["_index"]], encoder="any")["mappings"]["properties"])
            assert refused == [], f"{meta['_index']} has no field {refused}"
            self.taken.setdefault(meta["_index"], {})[meta["_id"]] = doc
            items.append({verb: {"_id": meta["_id"], "status": 201}})
        return {"errors": False, "items": items}


class Counting:
    """An encoder that remembers what it was asked for."""

    fingerprint, dimension = "counting", 2

    def __init__(self):
        self.asked = []

    def encode(self, texts):
        self.asked += texts
        return np.array([[len(self.asked), ord(text)] for text in texts], dtype=np.float32)


@pytest.fixture
def cluster():
    return StrictCluster()


def account(platform=Platform.YOUTUBE, native_id="UC1", **more):
    return Account(platform=platform, native_id=native_id, source="test", fetched_at=AT, **more)


def full_account(platform):
    return account(
        platform,
        f"{platform}-1",
        handle="Rosa.Cocina",
        name="Rosa Cocina",
        bio="Cocino recetas de mi abuela",
        bio_composed=True,
        url="https://example.org/rosa",
        website="https://rosa.example.org",
        has_email=True,
        has_phone=True,
        country="MX",
        language="es",
        verified=True,
        categories=("Howto & Style",),
        topics=("Recipes",),
        followers=90_000,
        following=10,
        posts=300,
        views=1_000_000,
        averages=Averages(views=1.0, likes=2.0, comments=3.0, shares=4.0),
        engagement_rate=0.03,
        joined_on=date(2016, 5, 4),
        last_posted_at=AT,
        person_key="list:1",
        links=(
            Link(platform="x", handle="rosa", native_id="9", url="https://x.com/rosa"),
            Link(platform="tiktok", handle="r"),
        ),
        history=(Observation(at=AT, handle="rosa", followers=1, following=2, posts=3, views=4),),
        provenance="list.csv",
        tier=2,
        degraded=True,
    )


def post():
    values = {"views": 1, "likes": 2, "comments": 3, "shares": 4}
    return Post(
        platform="x",
        native_id="7",
        account_id="x:1",
        text="t",
        posted_at=AT,
        hashtags=("a",),
        source="s",
        fetched_at=AT,
        **values,
    )


def paths_of(doc, properties, prefix=""):
    """Yield the mapped fields that a document fills; an object that is not indexed counts as one."""
    for name, value in doc.items():
        yield f"{prefix}{name}"
        if "properties" in properties[name]:
            yield from paths_of(value, properties[name]["properties"], f"{prefix}{name}.")


def all_paths(properties, prefix=""):
    for name, field in properties.items():
        yield f"{prefix}{name}"
        yield from all_paths(field.get("properties", {}), f"{prefix}{name}.")


def test_a_full_creator_fills_exactly_the_mapping():
    properties = definition("creators", encoder="any")["mappings"]["properties"]
    doc = build_document("c", [full_account(platform) for platform in Platform], full_signals(), recipe="v1")
    assert unmapped(doc, properties) == []
    copied = {target for field in properties.values() for target in field.get("copy_to", ())}
    assert set(paths_of(doc, properties)) == set(all_paths(properties)) - copied


def test_a_bare_creator_has_mapped_fields_and_no_empty_one():
    bare = Signals(creator_id="c", text="1", text_hash="h", encoder="any", vector=(1.0,))
    doc = build_document("c", [account()], bare, recipe="v1")
    assert unmapped(doc, definition("creators", encoder="any")["mappings"]["properties"]) == []
    assert [name for name, value in doc.items() if value is None or value == []] == []


def test_profiles_observations_and_posts(cluster):
    accounts = [*map(full_account, Platform), account(native_id="bare")]
    profiles.save(cluster, accounts, [post()], raw_key="key")
    kept = profiles.load_accounts(cluster, [one.account_id for one in accounts])
    assert kept == {one.account_id: one for one in accounts}
    assert set(cluster.taken) == {*(f"profiles-{p}" for p in Platform), "observations", "posts-x"}


def test_signals(cluster):
    whole = Computed(full_signals(), {"language": Stamp(version="2+abc", inputs="hash")})
    assert signal_store.save(cluster, [whole], version=1) == {}
    assert signal_store.load(cluster, ["c"]) == {"c": whole.signals}
    known = signal_store.known(cluster, ["c"])["c"]
    assert (known.stamps, known.values["language"]["language"]) == (whole.stamps, "es")
    (stored,) = cluster.taken["signals"].values()
    assert set(stored) == set(definition("signals", encoder="any")["mappings"]["properties"])


def test_a_stored_value_of_another_version_of_the_program_is_unknown(cluster):
    signal_store.save(cluster, [Computed(full_signals(), {})], version=1)
    cluster.taken["signals"]["c"]["signals"] |= {"language": "es", "mood": 1}
    (read,) = signal_store.load(cluster, ["c"]).values()
    assert read == full_signals(language=None)


def test_kept_vectors(cluster):
    encoder = Counting()
    kept = KnownVectors(cluster, encoder)
    first = kept.encode(["a", "b", "a"])
    assert set(cluster.taken["vectors"][vector_id("counting", "a")]) == set(
        definition("vectors", encoder="any")["mappings"]["properties"]
    )
    kept.forget()
    again = KnownVectors(cluster, encoder).encode(["b", "a", "c"])
    assert encoder.asked == ["a", "b", "c"]
    assert (again[1] == first[0]).all()
    assert (again[0] == first[1]).all()


def test_identities_and_edges(cluster):
    assert resolver.save_edges(cluster, [full_account(Platform.YOUTUBE)], raw_key="key") == 3
    actions = resolver._identity_actions(Creator(creator_id="c", account_ids=("x:1", "youtube:UC1")))
    properties = definition("identities", encoder="any")["mappings"]["properties"]
    assert [unmapped(action.doc, properties) for action in actions] == [[], [], []]


def test_matches_judgements_keys_and_reviews(cluster):
    entries = [keyring.entry_of(full_account(platform)) for platform in (Platform.X, Platform.YOUTUBE)]
    keyring.save(cluster, entries, {})
    assert keyring.load(cluster, [one.account_id for one in entries]) == {one.account_id: one for one in entries}
    part = Part("name", "same", 2.5, "the names agree")
    match = Match(entries[0].account_id, entries[1].account_id, 0.7, 2.5, (part,))
    doc = matching.document(match, (entries[0], entries[1]), "v1")
    bulk.write(cluster, [bulk.Action(matching.EDGES, doc["edge_id"], doc), reviews.action_of(doc, "probability")])
    pair = (match.left, match.right)
    told = judgements.Judgement(pairs=(pair,), decision="same", user="ada", note="seen", at=AT)
    judgements.save_edges(cluster, f"creator-judgements/2026/11/01/{'0' * 64}.json", told)
    assert reviews.load(cluster, reviews.action_of(doc, "probability").doc_id).parts[0].detail == part.detail
    (judged,) = [one for one in cluster.taken[matching.EDGES].values() if one["kind"] == judgements.KIND]
    assert judgements.decided_of(judged).note == "seen"


def test_receipts(cluster):
    receipts.landed(cluster, [LakeObject("key", 3)], dataset_id="d")
    full = receipts.ObjectReceipt(
        key="key",
        records=3,
        state=receipts.State.INDEXED,
        dataset_id="d",
        indexed=1,
        stale=1,
        dead_lettered=1,
        attempts=2,
        records_of={"0": ["x:1"]},
        creator_ids=["c"],
    )
    receipts.save(cluster, full)
    receipts.save_slice(cluster, receipts.SliceReceipt("d", 0, 5, rows=4, landed=3, dead_lettered=1, complete=True))
    assert receipts.load(cluster, "key") == full
    assert len(cluster.taken["receipts"]) == 2


def test_dead_letters(cluster):
    letter = deadletters.DeadLetter("fetch", "bad_record", "why", field="handle", dataset_id="d", raw_key="k", line=7)
    deadletters.add(cluster, [letter])
    (stored,) = cluster.taken["dlq"].values()
    assert set(stored) == set(definition("dlq", encoder="any")["mappings"]["properties"])


def test_the_strict_cluster_refuses_what_is_not_mapped(cluster):
    line = {"index": {"_index": "identities", "_id": "1"}}
    with pytest.raises(AssertionError, match="no field"):
        cluster.bulk(f"{json.dumps(line)}\n{json.dumps({'nickname': 'x'})}\n")
