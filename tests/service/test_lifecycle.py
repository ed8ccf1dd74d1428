"""Indices in the real OpenSearch: made once however many begin, never mixed, never edited, dropped without the dead."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from creators.errors import EncoderMismatch, IndexNotReady, IndexOutdated, NotFound
from creators.settings import as_environment
from creators.stores import bulk
from creators.stores.bulk import Action
from indexers import jobs, lifecycle, pipeline
from mappings import registry
from mappings.registry import CREATORS, FAMILIES

LIMIT_S = 120
MEMBERS = {member for family in FAMILIES for member in family.members}
DERIVED = {member for family in FAMILIES if family.derived for member in family.members}
PREPARE = """
import sys
from creators.settings import load_settings
from creators.stores.session import Stores
from indexers import pipeline
stores = Stores(load_settings())
stores.cluster.version()
print("ready", flush=True)
sys.stdin.readline()
print(*pipeline.prepare(stores))
"""


def prepared_at_once(settings, count):
    """Let several processes prepare one installation at the same moment; returns what each has created."""
    environment = {**os.environ, **as_environment(settings)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PREPARE], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(count)
    ]
    try:
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        created = [process.communicate(timeout=LIMIT_S)[0].split() for process in processes]
        assert [process.returncode for process in processes] == [0] * count
    finally:
        for process in processes:
            process.kill()
    return created


def physical_of(stores):
    """Write alias → the index behind it."""
    return {alias: name for name, held in stores.cluster.aliases().items() for alias in held & MEMBERS}


@pytest.fixture(scope="module")
def prepared(new_installation):
    """An installation that three processes have prepared at once, for tests that leave it as it is."""
    stores = new_installation(prepare=False)
    return stores, prepared_at_once(stores.settings, 3)


def test_three_processes_at_once_make_every_index_once(prepared):
    stores, created = prepared
    names = [name for one in created for name in one]
    assert len(names) == len(set(names)) == len(MEMBERS)
    assert set(names) == stores.cluster.aliases().keys()


def test_preparing_again_changes_nothing(prepared):
    stores, _ = prepared
    before = stores.cluster.aliases()
    assert pipeline.prepare(stores) == []
    assert stores.cluster.aliases() == before


def test_every_index_has_its_alias_and_a_split_family_a_common_one(prepared):
    held = prepared[0].cluster.aliases()
    encoder = pipeline.fingerprint_of(prepared[0].settings)
    expected = {}
    for family in FAMILIES:
        for member in family.members:
            physical = registry.physical_name(member, family, encoder=encoder)
            expected[physical] = {member, family.definition} if family.is_split else {member}
    assert held == expected
    assert sum(CREATORS in aliases for aliases in held.values()) == 1
    assert sum("profiles" in aliases for aliases in held.values()) == 5


def test_a_lost_alias_comes_back(prepared):
    stores, _ = prepared
    before = stores.cluster.aliases()
    (physical,) = (name for name, held in before.items() if CREATORS in held)
    stores.cluster.update_aliases([("remove", physical, CREATORS)])
    assert stores.cluster.aliases() != before
    # Made already, so not created again: what it holds stays.
    assert pipeline.prepare(stores) == []
    assert stores.cluster.aliases() == before


@pytest.mark.parametrize("member", sorted(MEMBERS))
def test_an_unknown_field_is_refused(prepared, member):
    cluster = prepared[0].cluster
    (refusal,) = bulk.write(cluster, [Action(member, "x", {"no_such_field": 1})]).refused
    assert refusal.reason.startswith("strict_dynamic_mapping_exception: ")
    assert "no_such_field" in refusal.reason
    assert cluster.sources(member, ["x"]) == {}


def test_an_unknown_field_of_an_account_is_refused_too(prepared):
    doc = {"accounts": {"youtube": {"followers": 1, "subscribers": 1}}}
    (refusal,) = bulk.write(prepared[0].cluster, [Action(CREATORS, "x", doc)]).refused
    assert "[subscribers] within [accounts.youtube]" in refusal.reason


@pytest.fixture(scope="module")
def foreign(new_installation):
    """An installation whose vectors another encoder has made."""
    stores = new_installation(prepare=False)
    lifecycle.ensure(stores.cluster, encoder="other")
    return stores


def test_an_index_of_another_encoder_is_not_written_to(foreign):
    before = foreign.cluster.aliases()
    with pytest.raises(EncoderMismatch, match="built by encoder other") as caught:
        pipeline.prepare(foreign)
    assert "creatorscope rebuild" in caught.value.detail
    with pytest.raises(EncoderMismatch):
        jobs.index_creators(foreign, ["anybody"])
    assert foreign.cluster.aliases() == before


def test_a_worker_of_another_encoder_stops_with_the_way_on(foreign):
    ended = subprocess.run(
        [sys.executable, "-m", "api.cli", "worker", "--burst"],
        env={**os.environ, **as_environment(foreign.settings)},
        check=False,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert ended.returncode == 1
    assert "built by encoder other" in ended.stderr
    assert "creatorscope rebuild" in ended.stderr


def test_the_api_does_not_compare_vectors_of_two_encoders(foreign):
    with TestClient(create_app(foreign.settings), raise_server_exceptions=False) as client:
        for answer in (
            client.post("/v1/creators/search", json={"text": "music"}),
            client.post("/v1/creators/search", json={"sort": {"field": "followers"}}),
            client.post("/v1/creators/similar", json={"seeds": [{"creator_id": "somebody"}]}),
        ):
            assert answer.status_code == 409, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"] == "encoder_mismatch"
            assert "creatorscope rebuild" in answer.json()["detail"]
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert "other" in ready.json()["checks"]["index"]


@pytest.fixture(scope="module")
def spare(new_installation):
    """An installation for tests that drop indices and leave it prepared again."""
    return new_installation()


def test_an_index_of_an_older_definition_is_refused_until_it_is_made_again(spare):
    stores = spare
    bulk.write(stores.cluster, [Action("dlq", "kept", {"reason": "bad row"})])
    current = physical_of(stores)
    older = "signals-0000000000"
    stores.cluster.create_index(older, registry.definition("signals", encoder=""))
    stores.cluster.update_aliases([("remove", current["signals"], "signals"), ("add", older, "signals")])
    for _ in range(2):
        with pytest.raises(IndexOutdated, match=older) as caught:
            pipeline.prepare(stores)
    assert current["signals"] in caught.value.detail
    assert "creatorscope rebuild" in caught.value.detail
    assert pipeline.rebuild(stores) == 0
    assert physical_of(stores) == current
    assert older not in stores.cluster.aliases()
    assert pipeline.prepare(stores) == []
    assert stores.cluster.sources("dlq", ["kept"]).keys() == {"kept"}


def test_a_changed_definition_is_noticed_by_its_content(prepared, monkeypatch):
    stores, _ = prepared
    original, before = registry.definition, stores.cluster.aliases()

    def changed(name, *, encoder):
        body = original(name, encoder=encoder)
        if name == "posts":
            body["mappings"]["properties"]["brand_new"] = {"type": "keyword"}
        return body

    for module in (registry, lifecycle):
        monkeypatch.setattr(module, "definition", changed)
    with pytest.raises(IndexOutdated, match="posts-instagram"):
        pipeline.prepare(stores)
    assert stores.cluster.aliases() == before


def test_dropping_what_is_derived_keeps_the_dead_letters(spare):
    stores = spare
    bulk.write(stores.cluster, [Action("dlq", "kept", {"reason": "bad row"}), Action("signals", "gone", {})])
    indices = physical_of(stores)
    assert lifecycle.drop_derived(stores.cluster) == sorted(indices[member] for member in DERIVED)
    assert stores.cluster.aliases() == {indices[member]: {member} for member in MEMBERS - DERIVED}
    assert stores.cluster.sources("dlq", ["kept"])["kept"] == {"reason": "bad row"}
    assert lifecycle.drop_derived(stores.cluster) == []
    check_nothing_makes_an_index(stores)
    assert pipeline.prepare(stores) == [
        indices[member] for family in FAMILIES for member in family.members if member in DERIVED
    ]
    assert stores.cluster.sources("signals", ["gone"]) == {}


def check_nothing_makes_an_index(stores):
    """A late writer must not make an index with a guessed mapping where the real one was dropped."""
    left = stores.cluster.aliases()
    for late in (
        Action("signals", "late", {"anything": 1}),
        Action(CREATORS, "late", {"name": "x"}, 1),
        Action("signals", "late", None),
        Action(CREATORS, "late", None, 1),
    ):
        # Not a refusal, which would make dead letters of good records: they are indexed once the index is there.
        with pytest.raises(IndexNotReady, match=late.index):
            bulk.write(stores.cluster, [late])
    assert stores.cluster.aliases() == left
    with pytest.raises(NotFound):
        pipeline.digest(stores)
