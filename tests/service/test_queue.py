"""Work in the real Redis: what an attacker queues does not run, and what fell out of the queue comes back."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from rq import Queue
from rq.job import JobStatus
from rq.serializers import JSONSerializer
from rq.utils import now, utcformat

from creators.datasets import load_mapping
from creators.settings import as_environment
from creators.stores import receipts
from creators.stores.queue import JOBS, LEASE_S, QUEUES, AllowedJob
from enrich.jobs import normalise_one
from fetchers.jobs import SLICE_BATCHES, fetch_slice
from indexers import pipeline
from tests.fixtures import generated
from tests.fixtures.attacks import BESIDE, CANARY, DIRECT, PLAIN_WORKER, Listener, beside, direct, plant_broken

LIMIT_S = 120
ROWS = 12


@pytest.fixture(scope="module")
def canary(tmp_path_factory):
    """The attacker's module, as the attacker sees it."""
    path = tmp_path_factory.mktemp("attacker") / "canary.py"
    path.write_text(CANARY)
    spec = importlib.util.spec_from_file_location("canary", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["canary"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["canary"]


@pytest.fixture(scope="module")
def listener():
    listener = Listener()
    yield listener
    listener.close()


def run(command, settings, **environment):
    return subprocess.run(
        [sys.executable, *command],
        env={**os.environ, **as_environment(settings), **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )


def work_until_empty(settings, **environment):
    return run(["-m", "api.cli", "worker", "--burst"], settings, **environment)


def within_reach(canary, folder):
    return {"PYTHONPATH": str(canary.__spec__.origin).removesuffix("/canary.py"), "CANARIES": str(folder)}


def fired(folder):
    return {path.name for path in folder.iterdir()}


def test_the_attacks_succeed_on_a_worker_without_the_list(new_installation, canary, listener, tmp_path):
    stores = new_installation(prepare=False)
    prefix, redis = stores.settings.index_prefix, stores.queue.redis
    for attack in [
        *direct(canary, tmp_path),
        *beside(listener.url, ("builtins.len", ("abc",)), ("builtins.len", (3,))),
    ]:
        attack.push(redis, prefix + ("json" if attack.serializer is JSONSerializer else "pickle"))
    url = stores.settings.redis_url.get_secret_value()
    ended = run(["-c", PLAIN_WORKER, url, prefix], stores.settings, **within_reach(canary, tmp_path))
    assert ended.returncode == 0, ended.stderr
    assert fired(tmp_path) == {*DIRECT, *BESIDE}
    assert listener.connections() == len(BESIDE)


def good_work(stores, folder, rows=ROWS):
    """Queue a good file; returns the id of its dataset."""
    table = generated.Table(tuple(generated.table(2 * rows, seed=8).good[:rows]))
    file, mapping = table.write(folder)
    return pipeline.ingest(stores, file, load_mapping(mapping)).dataset_id


@dataclass
class Aftermath:
    """What is left when a worker has met the attacks."""

    stores: Any
    ended: subprocess.CompletedProcess
    dataset_id: str
    fired: set[str]
    connections: int

    @property
    def prefix(self):
        return f"{self.stores.settings.index_prefix}index"


@pytest.fixture(scope="module")
def aftermath(new_installation, canary, listener, tmp_path_factory):
    stores, canaries = new_installation(), tmp_path_factory.mktemp("canaries")
    redis, first = stores.queue.redis, f"{stores.settings.index_prefix}index"
    dataset_id = good_work(stores, tmp_path_factory.mktemp("good"))
    good, bad = (JOBS["fetch_dataset"].function, (dataset_id,)), (JOBS["index_object"].function, ("nothing",))
    # Into the queue that is served first: the good work comes after all of it.
    for attack in [*direct(canary, canaries), *beside(listener.url, good, bad)]:
        attack.push(redis, first)
    plant_broken(redis, first)
    listener.connections()
    ended = work_until_empty(stores.settings, **within_reach(canary, canaries))
    return Aftermath(stores, ended, dataset_id, fired(canaries), listener.connections())


def test_nothing_that_was_named_or_pickled_has_run(aftermath):
    assert not aftermath.fired & set(DIRECT)


def test_no_callback_was_called_and_no_address_was_told(aftermath):
    assert not aftermath.fired & set(BESIDE)
    assert aftermath.connections == 0


@pytest.mark.parametrize("attack", DIRECT)
def test_an_attack_is_refused_with_its_reason(aftermath, attack):
    reason = aftermath.stores.queue.failures()[f"{aftermath.prefix}-{attack}"]
    if attack.startswith("pickled"):
        # Not even looked into: what is no JSON is no job.
        assert reason.startswith("rq.exceptions.DeserializationError")
    else:
        assert reason.startswith("creators.errors.JobRefused")
        assert "not on the list of jobs: refused" in reason


def test_a_function_of_the_list_is_not_asked_of_an_object(aftermath):
    failures = aftermath.stores.queue.failures()
    for name in ("instance", "method", "other-module"):
        assert "JobRefused" in failures[f"{aftermath.prefix}-broken-{name}"]


def test_the_worker_survives_and_goes_on_with_good_work(aftermath):
    assert aftermath.ended.returncode == 0, aftermath.ended.stderr
    balance = receipts.balance(aftermath.stores.cluster, aftermath.dataset_id)
    assert (balance.rows_in, balance.indexed + balance.stale, balance.pending) == (ROWS, ROWS, 0)
    assert aftermath.stores.queue.depth() == dict.fromkeys(QUEUES, 0)
    assert aftermath.stores.queue.running() == 0
    assert aftermath.stores.queue.workers_alive() == 0
    assert pipeline.reconcile(aftermath.stores) == 0


@pytest.fixture
def stores(new_installation):
    """Queues of their own; no index is needed."""
    return new_installation(prepare=False)


def test_the_same_work_twice_is_one_job(stores):
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: stores.queue.enqueue("index_object", "key"), range(40)))
    assert sorted(said) == [False] * 39 + [True]
    assert stores.queue.depth() == dict.fromkeys(QUEUES, 0) | {"index": 1}
    assert stores.queue.enqueue("index_object", "another key")
    assert stores.queue.enqueue("enrich_object", "key")
    assert stores.queue.depth() == dict.fromkeys(QUEUES, 0) | {"index": 2, "enrich": 1}


def test_a_lease_ends_with_its_worker(stores):
    stores.queue.renew_lease("one")
    stores.queue.renew_lease("other")
    assert stores.queue.workers_alive() == 2
    assert 0 < stores.queue.redis.ttl(stores.queue._lease_key("one")) <= LEASE_S
    stores.queue.end_lease("one")
    assert stores.queue.workers_alive() == 1


@pytest.fixture
def landed(new_installation, tmp_path):
    """An installation with a file of two slices, the first of them landed: its rows, one an object, are queued."""
    stores = new_installation(batch_rows=1)
    dataset_id = good_work(stores, tmp_path, rows=SLICE_BATCHES + 5)
    take(stores, "fetch")
    fetch_slice(stores, dataset_id, 0)
    forget(stores, stores.queue.job_id("fetch_dataset", dataset_id, "0"))
    assert stores.queue.depth() == dict.fromkeys(QUEUES, 0) | {"enrich": SLICE_BATCHES, "fetch": 1}
    return stores, dataset_id


def take(stores, queue):
    """Take the next job off its queue, as a worker does before it starts it."""
    job, _ = Queue.dequeue_any([stores.queue.queue(queue)], None, stores.queue.redis, AllowedJob, JSONSerializer)
    return job


def forget(stores, job_id):
    AllowedJob.fetch(job_id, stores.queue.redis, JSONSerializer).delete()


def lose_everything(stores):
    prefix, redis = stores.settings.index_prefix, stores.queue.redis
    keys = [key for pattern in (f"rq:*{prefix}*", f"{prefix}*") for key in redis.scan_iter(match=pattern, count=1000)]
    assert keys
    redis.delete(*keys)
    assert sum(stores.queue.depth().values()) == 0


def test_a_queue_that_lost_everything_is_filled_again(landed):
    stores, dataset_id = landed
    keys = stores.lake.list_keys()
    for key in keys[:3]:
        normalise_one(stores, key)
    lose_everything(stores)
    assert pipeline.reconcile(stores) == SLICE_BATCHES + 1
    assert stores.queue.depth() == dict.fromkeys(QUEUES, 0) | {"enrich": SLICE_BATCHES, "fetch": 1}
    expected = {stores.queue.job_id("enrich_object" if key in keys[:3] else "normalise_object", key) for key in keys}
    assert set(stores.queue.queue("enrich").job_ids) == expected
    # All of it waits already.
    assert pipeline.reconcile(stores) == 0
    ended = work_until_empty(stores.settings)
    assert ended.returncode == 0, ended.stderr
    balance = receipts.balance(stores.cluster, dataset_id)
    assert (balance.rows_in, balance.pending, balance.dead_lettered) == (SLICE_BATCHES + 5, 0, 0)
    assert balance.is_balanced
    assert pipeline.reconcile(stores) == 0


def test_work_of_a_dead_worker_is_queued_again_and_that_of_a_living_one_is_not(landed):
    stores, _ = landed
    job = take(stores, "enrich")
    waiting = SLICE_BATCHES - 1
    # Taken, and its worker died before it could say so.
    assert pipeline.reconcile(stores) == 1
    started = [take(stores, "enrich") for _ in range(2)]
    for one, worker in zip(started, ("alive", "dead"), strict=True):
        stores.queue.renew_lease(worker)
        with stores.queue.redis.pipeline() as pipe:
            one.prepare_for_execution(worker, pipe)
            pipe.execute()
    assert pipeline.reconcile(stores) == 0
    stores.queue.end_lease("dead")
    assert pipeline.reconcile(stores) == 1
    jobs = stores.queue.queue("enrich").job_ids
    assert len(jobs) == len(set(jobs)) == waiting
    assert {job.id, started[1].id} <= set(jobs)
    assert started[0].id not in jobs
    assert started[0].get_status(refresh=True) == JobStatus.STARTED
    stores.queue.end_lease("alive")
    assert pipeline.reconcile(stores) == 1
    assert started[0].id in stores.queue.queue("enrich").job_ids


def test_work_that_a_living_worker_has_just_taken_is_left_to_it(landed):
    stores, _ = landed
    stores.queue.renew_lease("alive")
    job = take(stores, "enrich")
    assert pipeline.reconcile(stores) == 0
    # Taken longer ago than any worker needs to start it.
    earlier = utcformat(now() - timedelta(seconds=2 * LEASE_S))
    stores.queue.redis.hset(job.key, "enqueued_at", earlier)
    assert pipeline.reconcile(stores) == 1
    assert job.id in stores.queue.queue("enrich").job_ids
