"""What is kept between searches: keys, bounds in the process, and when the version of the index is asked for."""

import asyncio
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.errors import ClusterUnavailable
from creators.stores import visible
from search import caches
from search.caches import CountCache, IndexVersion, Later, RankedCache, VectorCache, _digest

DIMENSION = 3


class Memory:
    """A shelf in a dictionary: what these tests check is before it."""

    def __init__(self):
        self.values = {}

    async def get(self, key):
        return self.values.get(key)

    async def put(self, key, value):
        self.values[key] = value
        return True


class Index:
    """Says versions one after the other; an exception is raised, an event waited for."""

    def __init__(self, *says):
        self.says, self.asked = list(says), 0

    async def visible_version(self, _logical, *, timeout_s):
        assert timeout_s > 0
        self.asked += 1
        says = self.says.pop(0)
        if isinstance(says, asyncio.Event):
            await says.wait()
            return "late"
        if isinstance(says, Exception):
            raise says
        return says


@pytest.fixture
def clock(monkeypatch):
    now = SimpleNamespace(s=1000.0)
    monkeypatch.setattr(caches, "time", SimpleNamespace(monotonic=lambda: now.s))
    return now


async def test_the_version_is_asked_for_once_a_second(clock):
    index = Index("a", "b")
    version = IndexVersion(index)
    assert await asyncio.gather(*(version.current() for _ in range(20))) == ["a"] * 20
    clock.s += 0.9
    assert (await version.current(), index.asked) == ("a", 1)
    # Past its time it still serves while the next reading runs; nobody waits.
    clock.s += 0.2
    assert await version.current() == "a"
    await asyncio.sleep(0)
    assert (await version.current(), index.asked) == ("b", 2)


async def test_after_a_quiet_time_searches_wait_for_the_version(clock):
    index = Index("a", "b")
    version = IndexVersion(index)
    assert await version.current() == "a"
    clock.s += 3600
    assert await version.current() == "b"


async def test_a_version_that_cannot_be_had_switches_the_caches_off(clock):
    index = Index("a", ClusterUnavailable("down"), ClusterUnavailable("down"), "b")
    version = IndexVersion(index)
    assert await version.current() == "a"
    clock.s += 1.5
    assert await version.current() == "a"
    await asyncio.sleep(0)
    clock.s += 0.6
    assert await version.current() is None
    assert index.asked == 2
    for expected, asked in ((None, 3), (None, 3)):
        clock.s += 0.5
        assert (await version.current(), index.asked) == (expected, asked)
    clock.s += 0.5
    assert await version.current() == "b"


async def test_nobody_waits_twice_for_a_reading_that_hangs(clock, monkeypatch):
    waits = []

    async def wait(_tasks, **limit):
        waits.append(limit["timeout"])
        await asyncio.sleep(0)

    monkeypatch.setattr(caches.asyncio, "wait", wait)
    hanging = asyncio.Event()
    version = IndexVersion(Index(hanging))
    assert await version.current() is None
    clock.s += 0.2
    assert await version.current() is None
    assert waits == [pytest.approx(caches.VERSION_WAIT_S), 0.0]
    hanging.set()
    await version._reading
    assert await version.current() == "late"
    # It is as old as the question, not as the answer.
    clock.s += caches.FRESH_S + caches.GRACE_S - 0.1
    await version.close()
    assert await version.current() is None


async def test_a_vector_comes_back_as_it_was(clock):
    vector = tuple(np.array([0.1, -0.2, 1 / 3], dtype=np.float32).tolist())
    shelf, later = Memory(), Later()
    first = VectorCache(shelf, later, encoder="e", dimension=DIMENSION)
    first.put("music", vector)
    await later.finish()
    assert await first.get("music") == vector
    other_process = VectorCache(shelf, later, encoder="e", dimension=DIMENSION)
    assert await other_process.get("music") == vector
    assert await other_process.get("Music") is None
    shelf.values.clear()
    assert await other_process.get("music") == vector


async def test_a_vector_of_another_encoder_or_length_is_not_returned():
    shelf, later = Memory(), Later()
    VectorCache(shelf, later, encoder="e", dimension=DIMENSION).put("music", (1.0, 2.0, 3.0))
    await later.finish()
    assert await VectorCache(shelf, later, encoder="f", dimension=DIMENSION).get("music") is None
    assert await VectorCache(shelf, later, encoder="e", dimension=DIMENSION + 1).get("music") is None


async def test_a_process_forgets_the_vector_that_was_not_used_for_longest(monkeypatch):
    monkeypatch.setattr(caches, "VECTORS_IN_PROCESS", 2)
    shelf, later = Memory(), Later()
    vectors = VectorCache(shelf, later, encoder="e", dimension=DIMENSION)
    for text in ("a", "b"):
        vectors.put(text, (1.0, 2.0, 3.0))
    await vectors.get("a")
    vectors.put("c", (1.0, 2.0, 3.0))
    await later.finish()
    shelf.values.clear()
    assert [await vectors.get(text) is not None for text in "abc"] == [True, False, True]


async def test_counts_belong_to_version_filters_and_facets():
    later = Later()
    counts = CountCache(Memory(), later)
    facets = {"verified": [(True, 5), (False, 2)], "niches": [("food", 4)]}
    counts.put("v1", b"{}", 7, facets)
    await later.finish()
    assert await counts.get("v1", b"{}", ("verified", "niches")) == (7, facets)
    for other in (
        ("v2", b"{}", ("verified", "niches")),
        ("v1", b"{ }", ("verified", "niches")),
        ("v1", b"{}", ("niches", "verified")),
        ("v1", b"{}", ()),
    ):
        assert await counts.get(*other) is None


async def test_windows_belong_to_version_request_and_encoder():
    shelf, later = Memory(), Later()
    window = {"ids": ["a"], "raw": [[None, 1e-300, 0.1]]}
    RankedCache(shelf, later, encoder="e").put("v1", "f1", window)
    await later.finish()
    assert await RankedCache(shelf, later, encoder="e").get("v1", "f1") == window
    assert await RankedCache(shelf, later, encoder="g").get("v1", "f1") is None
    assert await RankedCache(shelf, later, encoder="e").get("v2", "f1") is None
    assert await RankedCache(shelf, later, encoder="e").get("v1", "f2") is None


async def test_writes_that_nobody_waits_for_are_bounded(monkeypatch):
    monkeypatch.setattr(caches, "WRITES_UNDER_WAY", 2)
    done, gate, later = [], asyncio.Event(), Later()

    async def write(number):
        await gate.wait()
        done.append(number)
        return True

    for number in range(5):
        later.start(write(number), space=caches.COUNTS)
    gate.set()
    await later.finish()
    assert done == [0, 1]
    later.start(write(6), space=caches.COUNTS)
    await later.finish()
    assert done == [0, 1, 6]


@given(st.lists(st.text() | st.binary(), max_size=4), st.lists(st.text() | st.binary(), max_size=4))
def test_keys_of_different_parts_differ(one, other):
    def raw(parts):
        return [part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part for part in parts]

    assert (_digest(*one) == _digest(*other)) == (raw(one) == raw(other))


def segments(**counts):
    copy = {"routing": {"node": "n1"}, "segments": counts}
    return {"_shards": {"failed": 0}, "indices": {"creators-1": {"shards": {"0": [copy]}}}}


def shown(documents, deleted=0, *, search=True):
    return {"search": search, "num_docs": documents, "deleted_docs": deleted}


UUIDS = {"creators-1": {"settings": {"index": {"uuid": "u1"}}}}


def test_the_digest_is_of_what_is_searched():
    plain = visible.digest(segments(_0=shown(3)), UUIDS)
    assert plain == visible.digest(segments(_1=shown(9, search=False), _0=shown(3)), UUIDS)
    others = [
        visible.digest(segments(_0=shown(3), _1=shown(9)), UUIDS),
        visible.digest(segments(_0=shown(2, 1)), UUIDS),
        visible.digest(segments(_1=shown(3)), UUIDS),
        visible.digest(segments(_0=shown(3)), {"creators-1": {"settings": {"index": {"uuid": "u2"}}}}),
        visible.digest({"_shards": {"failed": 0}, "indices": {}}, {}),
    ]
    assert len({plain, *others}) == len(others) + 1


def test_an_order_says_nothing():
    one, other = segments(_0=shown(3), _1=shown(4)), segments(_1=shown(4), _0=shown(3))
    assert visible.digest(one, UUIDS) == visible.digest(other, UUIDS)


def test_a_shard_that_does_not_say_is_no_version():
    silent = segments(_0=shown(3)) | {"_shards": {"failed": 1}}
    with pytest.raises(ClusterUnavailable, match="1 shards"):
        visible.digest(silent, UUIDS)
