"""Pages of the real index: each creator once, in order, whatever is written between two pages."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import groupby

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from creators.stores import bulk
from creators.stores.coordination import clock_ms
from indexers.jobs import index_creators
from mappings.registry import CREATORS
from search.cursor import Position, encode, new_token
from search.paging import VIEW_KEY
from tests.fixtures import generated
from tests.fixtures.forwarder import Forwarder
from tests.fixtures.installations import ingest

SEARCH = "/v1/creators/search"
BUDGET_MS = 60_000
SHARDS = 3
CREATORS_MADE = 300
HELD_BACK = 40
"""Creators that are not in the index at first: the writer brings them in between two pages."""
WINDOW = 200
FOLLOWS_S = 30
FOLLOWED = [None, 0, 7, 7, 1_000, 1_000, 1_000, 52_000, 1_000_000]
NAMES = ["Zoë", "zoe", "Émile", "adam", "Adam", "Ωmega", "Ольга", "さくら", "Bea 2", "bea 10", "Çelik"]
TOPICS = ["cooking", "chess", "travel"]


def rows():
    """One account each; many share their number of followers or their name, some have none."""
    for number in range(CREATORS_MADE):
        followers = FOLLOWED[number % len(FOLLOWED)]
        name = NAMES[number % len(NAMES)]
        yield {
            "network": generated.NETWORKS[number % 4],
            "id": f"UC{number:022d}" if number % 4 == 2 else str(10_000 + number),
            "handle": f"maker{number}",
            "name": name,
            "bio": f"{TOPICS[number % 3]} every day",
            "followers": "" if followers is None else str(followers),
            "seen_at": generated.START.isoformat(),
        }


@pytest.fixture(scope="module")
def stores(new_installation, tmp_path_factory):
    # Numbered makers of one name look like one person.
    stores = new_installation(identity_matching="off", creators_shards=SHARDS)
    folder = tmp_path_factory.mktemp("paging")
    file, mapping = folder / "makers.csv", folder / "makers.toml"
    generated.write_rows(file, rows())
    mapping.write_text(generated.MAPPING, encoding="utf-8")
    balance = ingest(stores, file, mapping)
    assert (balance.indexed, balance.pending) == (CREATORS_MADE, 0)
    return stores


@pytest.fixture(scope="module")
def everyone(stores):
    """Creator id → its document, of all creators."""
    body = {"query": {"match_all": {}}, "sort": [{"creator_id": "asc"}], "_source": ["name", "followers", "domain"]}
    found = {hit["_id"]: hit["_source"] for hit in stores.cluster.scan(CREATORS, body)}
    assert len(found) == CREATORS_MADE
    return found


@contextmanager
def api(settings, **changes):
    with TestClient(create_app(settings.model_copy(update=changes)), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def client(stores):
    with api(stores.settings) as client:
        yield client


class Writer:
    """Takes creators out of the index and brings them back, as the indexer does."""

    def __init__(self, stores, everyone):
        self._stores, self._everyone = stores, everyone

    def remove(self, creator_ids):
        version = clock_ms(self._stores.queue.redis)
        gone = [bulk.Action(CREATORS, one, None, version) for one in creator_ids]
        assert len(bulk.write(self._stores.cluster, gone).written) == len(creator_ids)
        self._stores.cluster.refresh(CREATORS)

    def add(self, creator_ids):
        indexed, refused = index_creators(self._stores, creator_ids)
        assert (set(indexed.values()), refused) == (set(creator_ids), {})
        self._stores.cluster.refresh(CREATORS)


@pytest.fixture
def writer(stores, everyone):
    """A writer; the index is whole again after the test."""
    writer = Writer(stores, everyone)
    yield writer
    body = {"query": {"match_all": {}}, "sort": [{"creator_id": "asc"}], "_source": False}
    writer.add(everyone.keys() - {hit["_id"] for hit in stores.cluster.scan(CREATORS, body)})


def page(client, **body):
    answer = client.post(SEARCH, json={"budget_ms": BUDGET_MS, **body})
    assert answer.status_code == 200, answer.text
    assert answer.json()["degraded"] == []
    return answer.json()


def pages(client, *, between=lambda _number: None, **body):
    """All pages, with something done after each."""
    found = [page(client, **body)]
    while found[-1]["next_cursor"]:
        between(len(found))
        found.append(page(client, **body, cursor=found[-1]["next_cursor"]))
    return found


def ids_of(found):
    return [hit["creator_id"] for one in found for hit in one["hits"]]


def ranks_of(found):
    return [hit["rank"] for one in found for hit in one["hits"]]


def until_total(client, wanted, **body):
    """Wait until what was counted before is too old to be told again."""
    deadline = time.monotonic() + FOLLOWS_S
    while (total := page(client, limit=1, **body)["total"]["value"]) != wanted:
        assert time.monotonic() < deadline, f"the total stays {total}"
        time.sleep(0.2)


def in_order(everyone, field, order):
    """The whole index by a field; unknown last, whichever the direction, and ties by id."""

    def value(creator_id):
        return everyone[creator_id].get(field)

    known = sorted(one for one in everyone if value(one) is not None)
    known.sort(key=value, reverse=order == "desc")
    return known + sorted(one for one in everyone if value(one) is None)


@pytest.mark.parametrize("text", ["cooking", ""])
def test_relevance_pages_are_the_ranked_window_while_creators_come_in(client, writer, everyone, text):
    newcomers = sorted(everyone)[::7][:HELD_BACK]
    writer.remove(newcomers)
    until_total(client, CREATORS_MADE - HELD_BACK, text=text)
    window = ids_of(pages(client, text=text, limit=100))
    assert len(set(window)) == len(window) == WINDOW
    assert not set(newcomers) & set(window)

    def someone_arrives(number):
        writer.add(newcomers[number * 6 - 6 : number * 6])

    found = pages(client, text=text, limit=30, between=someone_arrives)
    assert ids_of(found) == window
    assert ranks_of(found) == list(range(1, WINDOW + 1))
    assert [len(one["hits"]) for one in found] == [30] * 6 + [20]
    assert {one["ranked"] for one in found} == {WINDOW}
    # The writer did write.
    until_total(client, CREATORS_MADE - HELD_BACK + 36, text=text)


def test_a_page_of_another_length_goes_on_where_the_one_before_ended(client):
    window = ids_of(pages(client, text="chess", limit=100))
    found = [page(client, text="chess", limit=7)]
    for limit in (1, 50, 100, 100):
        found.append(page(client, text="chess", limit=limit, cursor=found[-1]["next_cursor"]))
    assert found[-1]["next_cursor"] is None
    assert ids_of(found) == window


@pytest.mark.parametrize(("field", "order"), [("followers", "desc"), ("followers", "asc")])
def test_sorted_pages_walk_the_whole_index_and_the_unknown_come_last(client, everyone, field, order):
    found = pages(client, sort={"field": field, "order": order}, limit=37)
    assert ids_of(found) == in_order(everyone, field, order)
    assert ranks_of(found) == list(range(1, CREATORS_MADE + 1))
    assert found[-1]["hits"][-1]["creator"].get("followers") is None
    assert found[0]["hits"][0]["creator"]["followers"] == (1_000_000 if order == "desc" else 0)


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_names_are_in_order_whatever_their_case_and_accents(client, everyone, order):
    found = pages(client, sort={"field": "name", "order": order}, limit=100)
    assert sorted(ids_of(found)) == sorted(everyone)
    names = [spelt(hit["creator"]["name"]) for one in found for hit in one["hits"]]
    alphabet = ["adam", "bea 10", "bea 2", "celik", "emile", "zoe", "ωmega", "ольга", "さくら"]
    assert [name for name, _ in groupby(names)] == (alphabet if order == "asc" else alphabet[::-1])


def spelt(name):
    return name.lower().replace("ë", "e").replace("é", "e").replace("ç", "c")


def view_key(stores):
    return f"{stores.settings.index_prefix}cache:{VIEW_KEY}"


@pytest.fixture
def no_view(stores, client):
    """No view of the index is shared at first, as when none was asked for some seconds ago."""

    def forget():
        client.app.state.search._pages._view_until = 0.0
        stores.queue.redis.delete(view_key(stores))

    forget()
    yield forget
    forget()


@pytest.mark.parametrize("sort", [{"field": "followers"}, {"field": "name", "order": "asc"}])
def test_sorted_pages_are_those_of_the_first_page_while_a_writer_writes(client, writer, everyone, no_view, sort):
    newcomers, leavers = sorted(everyone)[::7][:HELD_BACK], sorted(everyone)[3::7][:HELD_BACK]
    writer.remove(newcomers)
    expected = ids_of(pages(client, sort=sort, limit=100))
    assert len(expected) == CREATORS_MADE - HELD_BACK
    no_view()

    def come_and_go(number):
        writer.add(newcomers[number * 6 - 6 : number * 6])
        writer.remove(leavers[number * 6 - 6 : number * 6])

    found = pages(client, sort=sort, limit=37, between=come_and_go)
    assert ids_of(found) == expected
    assert ranks_of(found) == list(range(1, len(expected) + 1))
    # A first page within the same seconds is cut from the same view, a later one sees what has happened.
    assert ids_of(pages(client, sort=sort, limit=100)) == expected
    no_view()
    changes = len(found) * 6 - 6
    now = (set(expected) | set(newcomers[:changes])) - set(leavers[:changes])
    assert set(ids_of(pages(client, sort=sort, limit=100))) == now


def views_open(stores):
    stats = stores.cluster._client.indices.stats(index=stores.cluster.name("creators"), metric="search")
    return stats["_all"]["total"]["search"]["point_in_time_current"]


def test_any_number_of_first_pages_share_one_view(stores, client, no_view):
    """OpenSearch keeps 300 shards open for all views together, and a view holds every shard of the index."""
    before = views_open(stores)
    body = {"sort": {"field": "followers"}, "limit": 1}
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: page(client, **body), range(100)))
    assert views_open(stores) == before + SHARDS
    assert {tuple(ids_of([one])) for one in found} == {tuple(ids_of(found[:1]))}
    # Each goes on by itself.
    second = [page(client, **body, cursor=one["next_cursor"]) for one in found[:3]]
    assert {one["hits"][0]["rank"] for one in second} == {2}


def test_processes_share_a_view_and_one_without_redis_has_its_own(stores, client, no_view):
    body = {"sort": {"field": "followers"}, "limit": 5}
    first = page(client, **body)
    before = views_open(stores)
    with api(stores.settings) as other:
        assert ids_of([page(other, **body)]) == ids_of([first])
    assert views_open(stores) == before
    with (
        closing(Forwarder(stores.settings.redis_url.get_secret_value())) as forwarder,
        api(stores.settings, redis_url=SecretStr(forwarder.url)) as lonely,
        forwarder.held(),
    ):
        for _ in range(2):
            answer = lonely.post(SEARCH, json={"budget_ms": 1500, **body})
            assert ids_of([answer.json()]) == ids_of([first])
            assert (answer.json()["degraded"], answer.json()["next_cursor"]) == (["next_cursor"], None)
    assert views_open(stores) == before + SHARDS


def test_a_view_that_is_gone_is_taken_anew_and_its_cursors_have_expired(stores, client, no_view):
    body = {"sort": {"field": "followers"}, "limit": 5}
    first = page(client, **body)
    view = json.loads(stores.queue.redis.get(view_key(stores)))
    stores.cluster._client.delete_pit(body={"pit_id": [view]})
    assert "expired" in refused(client, **body, cursor=first["next_cursor"])
    again = page(client, **body)
    assert ids_of([again]) == ids_of([first])
    assert page(client, **body, cursor=again["next_cursor"])["hits"][0]["rank"] == 6


def test_filters_hold_on_every_page(client, everyone):
    filters = {"followers": {"min": 7, "max": 1_000}}
    found = pages(client, filters=filters, sort={"field": "followers"}, limit=20)
    ordered = in_order(everyone, "followers", "desc")
    assert ids_of(found) == [one for one in ordered if 7 <= (everyone[one].get("followers") or 0) <= 1_000]
    assert {one["total"]["value"] for one in found} == {len(ids_of(found))}


KINDS = [{"text": "cooking"}, {"sort": {"field": "followers"}}, {"sort": {"field": "name", "order": "asc"}}]


@pytest.mark.parametrize("body", KINDS)
def test_the_same_cursor_twice_is_the_same_page(client, body):
    first = page(client, **body, limit=10)
    second = page(client, **body, limit=10, cursor=first["next_cursor"])
    third = page(client, **body, limit=10, cursor=second["next_cursor"])
    # Back again, although the reader has gone on meanwhile.
    again = page(client, **body, limit=10, cursor=first["next_cursor"])
    assert ids_of([again]) == ids_of([second])
    assert ranks_of([again]) == ranks_of([second]) == list(range(11, 21))
    assert ids_of([page(client, **body, limit=10, cursor=again["next_cursor"])]) == ids_of([third])


def refused(client, **body):
    answer = client.post(SEARCH, json={"budget_ms": BUDGET_MS, **body})
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "bad_cursor"
    assert [one["pointer"] for one in problem["errors"]] == ["/cursor"]
    return problem["detail"]


@pytest.mark.parametrize("body", KINDS[:2])
def test_a_cursor_expires(stores, body):
    with api(stores.settings, cursor_ttl_s=1) as client:
        cursor = page(client, **body, limit=5)["next_cursor"]
        time.sleep(1.5)
        assert "expired after 1 s" in refused(client, **body, cursor=cursor)


def test_a_cursor_of_another_query_is_refused(client):
    ranked = page(client, text="cooking", limit=5)["next_cursor"]
    by_size = page(client, sort={"field": "followers"}, limit=5)["next_cursor"]
    for body in (
        {"text": "chess", "cursor": ranked},
        {"text": "cooking", "filters": {"followers": {"min": 1}}, "cursor": ranked},
        {"text": "cooking", "ranking": {"profile": "relevance"}, "cursor": ranked},
        {"text": "cooking", "sort": {"field": "followers"}, "cursor": ranked},
        {"sort": {"field": "followers", "order": "asc"}, "cursor": by_size},
        {"sort": {"field": "name"}, "cursor": by_size},
        {"cursor": by_size},
    ):
        assert "belongs to another query" in refused(client, **body)


def test_a_forged_cursor_is_refused(client):
    good = page(client, text="cooking", limit=5)["next_cursor"]
    swapped = "A" if good[0] != "A" else "B"
    elsewhere = encode(Position(new_token(), 5, "0" * 16), b"another key")
    for cursor in (swapped + good[1:], good[:-4], good + "AAAA", "%", "é", elsewhere):
        assert "not one of ours" in refused(client, text="cooking", cursor=cursor)
