"""Records that kill the process that works on them cost themselves, and nothing beside them."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from redis.exceptions import TimeoutError as RedisTimeout

from creators.datasets import parse_mapping
from creators.settings import as_environment
from creators.stores import deadletters, receipts, steps
from creators.stores.deadletters import Wanted
from creators.stores.steps import MAX_ATTEMPTS, MAX_DEATHS
from fetchers.intake import register
from fetchers.jobs import fetch_slice
from tests.fixtures.killing import ENCODER, READER

ROOT = Path(__file__).parents[2]
LIMIT_S = 120
HANDLES = ["ada", f"{READER}-1", "grace", f"{ENCODER}-1", f"{READER}-2", "edsger"]
GOOD = [handle for handle in HANDLES if not handle.startswith((READER, ENCODER))]
MAPPING = parse_mapping({"title": "t", "platform": "x", "observed_at": "2026-01-31", "account": {"handle": "user"}})


@pytest.fixture(scope="module")
def stores(new_installation):
    return new_installation()


@pytest.fixture(scope="module")
def key(stores, tmp_path_factory):
    path = tmp_path_factory.mktemp("poison") / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([["user"], *([handle] for handle in HANDLES)])
    fetch_slice(stores, register(stores.lake, path, MAPPING).dataset_id, 0)
    (landed,) = stores.lake.list_keys()
    return landed


def test_each_poison_is_known_after_three_attempts_and_its_neighbours_are_indexed(stores, key):
    ended = subprocess.run(
        [sys.executable, "-m", "tests.fixtures.killing", key],
        env={**os.environ, **as_environment(stores.settings)},
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    # The first death of a step names nobody; each poison takes two more.
    deaths = (1 + 2 * 2) + (1 + 2)
    assert list(map(int, ended.stdout.split())) == [-signal.SIGKILL] * deaths + [0]
    letters = deadletters.find(stores.cluster, Wanted()).letters
    assert {(one["stage"], one["error"], one["line"], one["attempts"]) for one in letters} == {
        ("normalise", "poison", 3, MAX_ATTEMPTS),
        ("enrich", "poison", 5, MAX_ATTEMPTS),
        ("normalise", "poison", 6, MAX_ATTEMPTS),
    }
    balance = receipts.balance(stores.cluster)
    assert balance.is_balanced
    assert (balance.indexed, balance.dead_lettered, balance.pending) == (len(GOOD), len(letters), 0)
    stores.cluster.refresh("creators")
    names = {"query": {"match_all": {}}, "sort": [{"creator_id": "asc"}]}
    found = {handle for hit in stores.cluster.scan("creators", names) for handle in hit["_source"]["handles"]}
    assert found == set(GOOD)
    # Nothing is remembered of it that would make the next round of this object slow.
    assert not list(stores.queue.redis.scan_iter(match=f"{stores.settings.index_prefix}started:*"))


def test_work_that_is_cut_off_again_and_again_is_given_up_late(stores):
    """A machine that is switched off is no fault of what it worked on."""
    redis, mark = stores.queue.redis, f"{stores.settings.index_prefix}started:step:{receipts.receipt_id('k')}"
    redis.set(mark, MAX_DEATHS - 1)
    with steps.careful(stores, "step", "k") as care:
        assert (care.deaths, care.is_hopeless, care.poisoned) == (MAX_DEATHS - 1, False, frozenset())
        assert steps.care() is care
    assert not redis.exists(mark)
    redis.set(mark, MAX_DEATHS)
    with steps.careful(stores, "step", "k") as care:
        assert care.is_hopeless
    redis.set(mark, MAX_DEATHS + 1)
    redis.hset(f"{mark}:in-hand", mapping={"4": 1, "7": 2})
    with steps.careful(stores, "step", "k") as care:
        assert (care.is_hopeless, care.poisoned) == (False, {7})
    assert steps.care().deaths == 0


def test_an_error_keeps_what_was_learnt_and_counts_for_nothing(stores):
    redis, mark = stores.queue.redis, f"{stores.settings.index_prefix}started:step:{receipts.receipt_id('e')}"
    redis.set(mark, 2)
    redis.hset(f"{mark}:in-hand", "7", 1)

    def fail():
        with steps.careful(stores, "step", "e") as care, care.in_hand(3):
            assert redis.hget(f"{mark}:in-hand", "3") == b"1"
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (redis.get(mark), redis.hgetall(f"{mark}:in-hand")) == (b"2", {b"7": b"1"})


def test_an_object_that_kills_without_a_record_in_hand_is_dead_lettered_whole(stores, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("user\nalan\n")
    fetch_slice(stores, register(stores.lake, path, MAPPING).dataset_id, 0)
    (key,) = (one.key for one in receipts.unfinished(stores.cluster))
    mark = f"{stores.settings.index_prefix}started:never:{receipts.receipt_id(key)}"
    stores.queue.redis.set(mark, MAX_DEATHS)

    def never(*_args):
        pytest.fail("it would kill again")

    steps.run_step(stores, key, never)
    (letter,) = deadletters.find(stores.cluster, Wanted(raw_key=key)).letters
    assert (letter["error"], letter["line"], letter["records"]) == ("object_failed", None, 1)
    assert "processes died" in letter["reason"]
    balance = receipts.balance(stores.cluster)
    assert balance.is_balanced
    assert balance.pending == 0


def test_a_mark_that_redis_was_too_slow_to_take_back_is_no_death(stores, monkeypatch):
    def too_slow(*_names):
        raise RedisTimeout

    with monkeypatch.context() as slow, steps.careful(stores, "step", "slow"):
        slow.setattr(stores.queue.redis, "delete", too_slow)
    with steps.careful(stores, "step", "slow") as care:
        assert care.deaths == 0
