"""Bounded spaces on a real Redis, and the version of a real index: it changes when a search would, and only then."""

import asyncio
import socket
from contextlib import asynccontextmanager, closing

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr

from creators.stores import cache as caching
from creators.stores.cache import Cache, Space
from creators.stores.cluster import AsyncCluster
from search.caches import SearchCaches
from tests.fixtures.forwarder import Forwarder

SMALL = Space("small", ttl_s=60, max_entries=5, max_bytes=100)
ONE_SHARD = {"settings": {"number_of_shards": 1, "refresh_interval": "-1"}}


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    # What is checked here is what is kept; a busy machine must not turn that into a matter of speed.
    monkeypatch.setattr(caching, "WAIT_S", 10.0)


@pytest.fixture(scope="module")
def bare(new_installation):
    """An installation without any index."""
    return new_installation(prepare=False)


@pytest.fixture
def closed_port():
    """A port that nobody listens on, taken so that nobody will."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@asynccontextmanager
async def opened(stores, **changes):
    cache = Cache(stores.settings.model_copy(update=changes))
    try:
        yield cache
    finally:
        await cache.close()


def counted(name, **labels):
    return REGISTRY.get_sample_value(f"creatorscope_cache_{name}_total", labels) or 0.0


def keys_of(stores, space):
    return {
        key.decode() for key in stores.queue.redis.scan_iter(match=f"{stores.settings.index_prefix}cache:{{{space}}}*")
    }


async def test_any_bytes_come_back_and_are_counted(bare):
    before = [counted("reads", space="small", result=result) for result in ("hit", "miss")]
    async with opened(bare) as cache:
        shelf = cache.shelf(SMALL)
        value = bytes(range(100))
        assert await shelf.get("bytes") is None
        assert await shelf.put("bytes", value)
        assert await shelf.get("bytes") == value
        assert await cache.shelf(Space("other", 60, 5, 100)).get("bytes") is None
    after = [counted("reads", space="small", result=result) for result in ("hit", "miss")]
    assert [late - early for early, late in zip(before, after, strict=True)] == [1, 1]


async def test_the_oldest_are_pushed_out(bare):
    space = Space("counted", ttl_s=60, max_entries=5, max_bytes=100)
    async with opened(bare) as cache, opened(bare) as other_process:
        shelves = [cache.shelf(space), other_process.shelf(space)]
        for number in range(8):
            assert await shelves[number % 2].put(f"{number}", b"x")
            # The clock of Redis decides who is older; it is read in ms.
            await asyncio.sleep(0.002)
        assert [await shelves[0].get(f"{number}") for number in range(8)] == [None] * 3 + [b"x"] * 5
        # Written again, the oldest is the youngest.
        await shelves[0].put("3", b"y")
        await asyncio.sleep(0.002)
        await shelves[0].put("8", b"x")
        assert (await shelves[0].get("3"), await shelves[0].get("4")) == (b"y", None)
    assert len(keys_of(bare, "counted")) == 5 + 1
    assert counted("evicted", space="counted") == 4


async def test_writers_at_once_stay_within_the_bound(bare):
    space = Space("crowded", ttl_s=60, max_entries=7, max_bytes=100)
    async with opened(bare) as cache:
        shelf = cache.shelf(space)
        assert all(await asyncio.gather(*(shelf.put(f"{number}", b"x") for number in range(60))))
        found = await asyncio.gather(*(shelf.get(f"{number}") for number in range(60)))
    assert sum(value is not None for value in found) == 7


async def test_a_bound_that_was_lowered_is_reached_in_steps(bare, monkeypatch):
    monkeypatch.setattr(caching, "SCRIPT_SLACK", 4)
    async with opened(bare) as cache:
        wide, narrow = (cache.shelf(Space("lowered", 60, most, 100)) for most in (20, 2))
        for number in range(12):
            await wide.put(f"{number}", b"x")
        left = []
        for number in range(12, 17):
            await narrow.put(f"{number}", b"x")
            left.append(len(keys_of(bare, "lowered")) - 1)
    assert left == [9, 6, 3, 2, 2]


async def test_time_ends_values_and_the_space_itself(bare):
    async with opened(bare) as cache:
        shelf = cache.shelf(Space("brief", ttl_s=1, max_entries=5, max_bytes=100))
        assert await shelf.put("a", b"x")
        redis = bare.queue.redis
        assert -1 not in {redis.pttl(key) for key in keys_of(bare, "brief")}, "nothing is kept for ever"
        await asyncio.sleep(1.1)
        assert keys_of(bare, "brief") == set()
        assert await shelf.get("a") is None


async def test_a_value_that_is_too_large_is_not_kept(bare):
    async with opened(bare) as cache:
        shelf = cache.shelf(SMALL)
        assert not await shelf.put("large", b"x" * 101)
        assert await shelf.get("large") is None
    assert counted("writes", space="small", result="too_large") == 1


async def test_redis_that_hangs_is_left_alone_for_a_while(bare, monkeypatch):
    monkeypatch.setattr(caching, "WAIT_S", 0.05)
    space = Space("hanging", 60, 5, 100)
    with closing(Forwarder(bare.settings.redis_url.get_secret_value())) as forwarder:
        async with opened(bare, redis_url=SecretStr(forwarder.url)) as cache:
            shelf = cache.shelf(space)
            with forwarder.held():
                assert await shelf.get("a") is None
                assert await shelf.get("a") is None
                assert not await shelf.put("a", b"x")
            assert counted("reads", space="hanging", result="failed") == 1
            assert counted("reads", space="hanging", result="paused") == 1
            assert counted("writes", space="hanging", result="paused") == 1
            monkeypatch.setattr(caching, "WAIT_S", 10.0)
            shelf._line._closed_until = 0.0
            assert await shelf.put("a", b"x")
            assert await shelf.get("a") == b"x"


async def test_redis_that_is_gone_is_a_miss(bare, closed_port):
    async with opened(bare, redis_url=SecretStr(f"redis://127.0.0.1:{closed_port}/0")) as cache:
        shelf = cache.shelf(Space("gone", 60, 5, 100))
        assert await shelf.get("a") is None
        assert not await shelf.put("a", b"x")
    assert counted("reads", space="gone", result="failed") == 1


class Watched:
    """The alias ``creators`` over an index of its own, and what version searches of it have."""

    def __init__(self, stores, cluster):
        self.stores, self.cluster = stores, cluster

    async def version(self):
        return await self.cluster.visible_version("creators")

    def write(self, *ids, refresh=False):
        for one in ids:
            self.stores.cluster.bulk(f'{{"index": {{"_index": "{self.alias}", "_id": "{one}"}}}}\n{{"a": 1}}\n')
        if refresh:
            self.stores.cluster.refresh("creators")

    @property
    def alias(self):
        return self.stores.cluster.name("creators")

    def api(self, method, path, **params):
        return self.stores.cluster._client.transport.perform_request(method, path, params=params)


@pytest.fixture
async def watched(new_installation):
    stores = new_installation(prepare=False)
    for physical in ("creators-1", "creators-2"):
        stores.cluster.create_index(physical, ONE_SHARD)
    stores.cluster.update_aliases([("add", "creators-1", "creators")])
    cluster = AsyncCluster(stores.settings)
    yield Watched(stores, cluster)
    await cluster.close()


async def test_only_what_becomes_visible_changes_the_version(watched):
    watched.write("a", "b", refresh=True)
    first = await watched.version()
    watched.stores.cluster.refresh("creators")
    assert await watched.version() == first, "a refresh that shows nothing"
    watched.write("c")
    assert await watched.version() == first, "a write that nobody sees yet"
    watched.api("POST", f"/{watched.alias}/_flush", force="true")
    assert await watched.version() == first, "a flush is for the disk"
    watched.stores.cluster.refresh("creators")
    second = await watched.version()
    assert second != first, "the write is visible"
    watched.write("c", refresh=True)
    third = await watched.version()
    assert third not in {first, second}, "written again, the same document is another"
    watched.stores.cluster.bulk(f'{{"delete": {{"_index": "{watched.alias}", "_id": "a"}}}}\n', refresh=True)
    assert await watched.version() not in {first, second, third}, "a delete"


async def test_the_version_changes_with_the_alias_and_with_a_rebuilt_index(watched):
    watched.write("a", refresh=True)
    first = await watched.version()
    watched.stores.cluster.update_aliases([("remove", "creators-1", "creators"), ("add", "creators-2", "creators")])
    watched.write("a", refresh=True)
    second = await watched.version()
    assert second != first
    watched.stores.cluster.update_aliases([("remove", "creators-2", "creators"), ("add", "creators-1", "creators")])
    assert await watched.version() == first, "the same documents as before the swap"
    watched.stores.cluster.delete_indices(["creators-1"])
    watched.stores.cluster.create_index("creators-1", ONE_SHARD)
    watched.stores.cluster.update_aliases([("add", "creators-1", "creators")])
    watched.write("a", refresh=True)
    assert await watched.version() not in {first, second}, "the same name, segments and counts, but another index"


async def test_counts_are_kept_until_a_write_is_visible(watched):
    async with (
        opened(watched.stores) as cache,
        SearchCaches(watched.cluster, cache, encoder="e", dimension=3) as caches,
    ):
        before = await watched.version()
        caches.counts.put(before, b"{}", 7, {"niches": [("food", 7)]})
        caches.ranked.put(before, "f", {"ids": ["a"]})
        caches.vectors.put("music", (1.0, 0.0, 0.0))
        await caches._later.finish()
        async with SearchCaches(watched.cluster, cache, encoder="e", dimension=3) as other:
            assert await other.counts.get(before, b"{}", ("niches",)) == (7, {"niches": [("food", 7)]})
            assert await other.ranked.get(before, "f") == {"ids": ["a"]}
            watched.write("a", refresh=True)
            after = await watched.version()
            assert await other.counts.get(after, b"{}", ("niches",)) is None
            assert await other.ranked.get(after, "f") is None
            assert await other.vectors.get("music") == (1.0, 0.0, 0.0)
