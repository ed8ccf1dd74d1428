"""Processes are killed in the middle of the work: nothing is lost, nothing is there twice, the end is the same."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import psutil
import pytest
from pydantic import SecretStr

from creators.datasets import load_mapping
from creators.settings import Settings, as_environment, load_settings
from creators.stores import receipts
from creators.stores.session import Stores
from indexers import pipeline
from stack.engines import EngineName, start_detached, status, stop
from tests.fixtures import generated
from tests.fixtures.forwarder import Forwarder
from tests.fixtures.installations import ingest

ROWS = 150
BATCH_ROWS = 30
LIMIT_S = 240
STILL_S = 4
HEAP_MB = 512


@contextmanager
def worker(settings):
    """A worker process, ended with the block."""
    command = [sys.executable, "-m", "api.cli", "worker"]
    process = subprocess.Popen(command, env={**os.environ, **as_environment(settings)}, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(LIMIT_S)
        finally:
            process.kill()


def wait_until(condition, process):
    """Wait for something that the process does; fails when the process ends before, or takes for ever."""
    deadline = time.monotonic() + LIMIT_S
    while not (found := condition()):
        assert process.poll() is None, f"the worker ended with {process.returncode}"
        assert time.monotonic() < deadline, "the worker does not get on"
        time.sleep(0.05)
    return found


def balance(stores):
    return receipts.balance(stores.cluster)


def is_done(stores):
    found = balance(stores)
    return found.datasets_read == 1 and found.pending == 0 and found.unresolved == 0


def in_the_middle(stores, share):
    """Whether more than this share of the rows has come to its end, and not all of them."""
    found = balance(stores)
    return found.pending > 0 and found.rows_in - found.pending > share * ROWS


@pytest.fixture(scope="module")
def table():
    return generated.table(ROWS, seed=20)


@pytest.fixture(scope="module")
def files(table, tmp_path_factory):
    return table.write(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="module")
def undisturbed(new_installation, files):
    """The digest and the number of dead letters of a run in which nothing happened."""
    stores = new_installation(batch_rows=BATCH_ROWS)
    ended = ingest(stores, *files)
    assert ended.is_balanced
    return pipeline.digest(stores), letters_in(stores)


def letters_in(stores):
    stores.cluster.refresh("dlq")
    return stores.cluster.count("dlq")


def check_end(stores, table, undisturbed):
    """Everything arrived, once."""
    stores.cluster.refresh("creators")
    ended = balance(stores)
    assert ended.is_balanced
    assert (ended.rows_in, ended.pending) == (len(table.rows), 0)
    assert ended.dead_lettered == len(table.rows) - len(table.good)
    assert (pipeline.digest(stores), letters_in(stores)) == undisturbed


def start(stores, files):
    file, mapping = files
    pipeline.ingest(stores, file, load_mapping(mapping))


def test_workers_killed_in_the_middle_lose_nothing(new_installation, table, files, undisturbed):
    stores = new_installation(batch_rows=BATCH_ROWS)
    start(stores, files)
    for share in (0.0, 0.4):
        with worker(stores.settings) as victim:
            wait_until(lambda share=share: in_the_middle(stores, share), victim)
            victim.kill()
            victim.wait(LIMIT_S)
    assert balance(stores).pending > 0
    with worker(stores.settings) as heir:
        wait_until(lambda: is_done(stores), heir)
    check_end(stores, table, undisturbed)


def test_indexing_stops_with_the_worker_and_goes_on_with_the_next(new_installation, table, files, undisturbed):
    """The work is done by the worker's process and by nothing else."""
    stores = new_installation(batch_rows=BATCH_ROWS)
    start(stores, files)
    time.sleep(STILL_S)
    assert balance(stores).rows_in == 0
    with worker(stores.settings) as first:
        wait_until(lambda: in_the_middle(stores, 0.1), first)
        first.terminate()
        # It finishes the job at hand.
        first.wait(LIMIT_S)
    assert stores.queue.workers_alive() == 0
    before = balance(stores)
    assert before.pending > 0
    assert before.is_balanced
    digest = pipeline.digest(stores)
    time.sleep(STILL_S)
    assert balance(stores) == before
    assert pipeline.digest(stores) == digest
    with worker(stores.settings) as second:
        wait_until(lambda: is_done(stores), second)
    check_end(stores, table, undisturbed)


def test_a_worker_whose_parent_is_killed_ends(new_installation):
    stores = new_installation()
    keeper = subprocess.Popen(
        [sys.executable, "-c", KEEPER], env={**os.environ, **as_environment(stores.settings)}, stdout=subprocess.PIPE
    )
    try:
        child = psutil.Process(int(keeper.stdout.readline()))
        wait_until(lambda: stores.queue.workers_alive() == 1, keeper)
    finally:
        keeper.kill()
        keeper.communicate(timeout=LIMIT_S)
    assert not psutil.wait_procs([child], timeout=LIMIT_S)[1]


KEEPER = """
import time
from api.installation import workers
from creators.settings import load_settings
with workers(load_settings(), 1) as (worker,):
    print(worker.pid, flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(
    os.environ.get("CREATORSCOPE_TEST_ENGINE") == "docker", reason="kills an embedded OpenSearch by its process id"
)
def test_opensearch_killed_in_the_middle_loses_nothing(tmp_path, table, files, undisturbed):
    """The worker lives through it: it meets the new process under the same address."""
    own = {"data_dir": tmp_path / "home", "opensearch_heap_mb": HEAP_MB, "opensearch_url": None, "redis_url": None}
    settings = load_settings().model_copy(update=own)
    try:
        engines = start_detached(settings, progress=False)
        with closing(Forwarder(engines.opensearch_url)) as forwarder:
            stores = _stores(settings, forwarder.url, engines.redis_url)
            pipeline.prepare(stores)
            start(stores, files)
            with worker(stores.settings) as survivor:
                wait_until(lambda: in_the_middle(stores, 0.2), survivor)
                _kill_opensearch(settings)
                forwarder.point_at(start_detached(settings, progress=False).opensearch_url)
                wait_until(lambda: is_done(stores), survivor)
            check_end(stores, table, undisturbed)
    finally:
        stop(settings)


def _stores(settings, opensearch_url, redis_url):
    return Stores(
        Settings(
            **settings.model_dump(exclude_unset=True, exclude={"opensearch_url", "redis_url"}),
            opensearch_url=opensearch_url,
            redis_url=SecretStr(redis_url),
            batch_rows=BATCH_ROWS,
            reconcile_s=2.0,
        )
    )


def _kill_opensearch(settings):
    (engine,) = (one for one in status(settings).engines if one.engine is EngineName.OPENSEARCH)
    process = psutil.Process(engine.pid)
    process.kill()
    assert not psutil.wait_procs([process], timeout=LIMIT_S)[1]
