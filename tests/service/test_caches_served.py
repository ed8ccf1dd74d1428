"""What a search keeps never outlives what it was made from: a write that is visible and a swap of the alias end it."""

import json
import time

import pytest
from fastapi.testclient import TestClient
from prometheus_client import REGISTRY

from api.app import create_app
from creators.stores import cache as caching
from enrich.encoders.opened import fingerprint_of
from mappings.registry import CREATORS, FAMILIES, definition, physical_name
from search import caches

SEARCH = "/v1/creators/search"
PATIENCE_S = 60
"""No measurement: what is out of date for longer than this is out of date for good."""


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    # What is found in a cache must not depend on how fast this machine is.
    monkeypatch.setattr(caching, "WAIT_S", 10.0)
    monkeypatch.setattr(caches, "VERSION_WAIT_S", 10.0)


@pytest.fixture
def own(installation):
    with TestClient(create_app(installation.settings), raise_server_exceptions=False) as client:
        yield installation, client


def write(stores, *ids):
    target = stores.cluster.name(CREATORS)
    lines = [
        json.dumps(line)
        for one in ids
        for line in (
            {"index": {"_index": target, "_id": one}},
            {"creator_id": one, "name": f"Ann {one}", "followers": 10, "verified": True},
        )
    ]
    assert not stores.cluster.bulk("\n".join(lines) + "\n", refresh=True)["errors"]


def page_of(client, **more):
    body = {"text": "ann", "facets": ["verified"], "budget_ms": 30_000, "ranking": {"arms": ["lexical"]}, **more}
    answer = client.post(SEARCH, json=body)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["degraded"] == []
    return page


def ids_of(page):
    return sorted(hit["creator_id"] for hit in page["hits"])


def comes_to_show(client, *ids):
    """Return whether the same question is answered with these creators, and counted so, after a while at most."""
    ends = time.monotonic() + PATIENCE_S
    expected = (list(ids), len(ids), [{"value": True, "count": len(ids)}] if ids else [])
    while time.monotonic() < ends:
        page = page_of(client)
        if (ids_of(page), page["total"]["value"], page["facets"]["verified"]) == expected:
            return True
        time.sleep(0.1)
    return False


def comes_from_caches(client, *ids):
    """Return whether the question is answered from what was kept, after a while at most: nobody waits for keeping."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        before = [hits_of(space) for space in ("count", "ranked")]
        assert ids_of(page_of(client)) == list(ids)
        if [hits_of(space) - count for space, count in zip(("count", "ranked"), before, strict=True)] == [1, 1]:
            return True
    return False


def hits_of(space):
    return REGISTRY.get_sample_value("creatorscope_cache_reads_total", {"space": space, "result": "hit"}) or 0.0


def test_a_write_ends_what_was_kept_once_it_is_visible(own):
    stores, client = own
    write(stores, "a")
    assert comes_to_show(client, "a")
    assert comes_from_caches(client, "a")
    write(stores, "b")
    assert comes_to_show(client, "a", "b")


def test_a_swap_of_the_alias_ends_what_was_kept(own):
    stores, client = own
    write(stores, "a")
    assert comes_to_show(client, "a")
    encoder = fingerprint_of(stores.settings)
    family = next(one for one in FAMILIES if CREATORS in one.members)
    old, new = (physical_name(CREATORS, family, encoder=encoder, generation=number) for number in (0, 1))
    assert stores.cluster.create_index(new, definition(family.definition, encoder=encoder))
    stores.cluster.update_aliases([("remove", old, CREATORS), ("add", new, CREATORS)])
    assert comes_to_show(client)
    write(stores, "c")
    assert comes_to_show(client, "c")


def test_two_processes_share_what_they_keep(own):
    stores, client = own
    write(stores, "a")
    with TestClient(create_app(stores.settings), raise_server_exceptions=False) as other:
        ends, most = time.monotonic() + PATIENCE_S, 1000
        # For two seconds after the write, one of them may still go by the version before it.
        while time.monotonic() < ends:
            most += 1
            body = {"filters": {"followers": {"max": most}}}
            assert ids_of(page_of(client, **body)) == ["a"]
            before = [hits_of(space) for space in ("count", "ranked")]
            assert ids_of(page_of(other, **body)) == ["a"]
            if [hits_of(space) - count for space, count in zip(("count", "ranked"), before, strict=True)] == [1, 1]:
                return
    pytest.fail("what one process kept was never found by the other")
