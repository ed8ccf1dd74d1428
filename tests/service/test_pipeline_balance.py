"""In = indexed + stale + dead-lettered + pending, counted by the file and by the index, not by the program alone.

``CREATORSCOPE_TEST_ACCOUNTS=20000 pytest tests/service/test_pipeline_balance.py`` runs it over 20,000 rows.
"""

from __future__ import annotations

import csv
import time

import pytest

from api.installation import workers
from creators.datasets import load_mapping
from creators.stores import receipts
from indexers import pipeline
from mappings.registry import CREATORS
from tests.fixtures import generated
from tests.fixtures.installations import ingest

SMALL = max(200, generated.ACCOUNTS // 5)
"""Rows of the tables that are read several times over, in several orders."""


def accounts_shown(stores):
    """Account id → facts, of every account that a search could show."""
    found = {}
    stores.cluster.refresh(CREATORS)
    body = {"query": {"match_all": {}}, "sort": [{"creator_id": "asc"}], "_source": ["accounts", "account_count"]}
    for hit in stores.cluster.scan(CREATORS, body):
        own = hit["_source"]["accounts"].values()
        assert len(own) == hit["_source"]["account_count"]
        for account in own:
            assert account["account_id"] not in found
            found[account["account_id"]] = account
    return found


def dead_lines(stores, dataset_id):
    stores.cluster.refresh("dlq")
    body = {"query": {"term": {"dataset_id": dataset_id}}, "sort": [{"line": "asc"}]}
    return [hit["_source"]["line"] for hit in stores.cluster.scan("dlq", body)]


def rows_of(file):
    with file.open(encoding="utf-8", newline="") as opened:
        return sum(1 for _ in csv.DictReader(opened))


def until_idle(stores, running):
    """Wait until no job waits or runs: what is asserted then is the end, not a moment."""
    while any(stores.queue.depth().values()) or stores.queue.running():
        assert all(worker.poll() is None for worker in running)
        time.sleep(0.2)


@pytest.fixture(scope="module")
def large():
    return generated.table(generated.ACCOUNTS, seed=1)


@pytest.fixture(scope="module")
def files(large, tmp_path_factory):
    return large.write(tmp_path_factory.mktemp("large"))


@pytest.fixture(scope="module")
def progress():
    return []


@pytest.fixture(scope="module")
def loaded(new_installation, files, progress):
    """The large table, watched all the way."""
    stores = new_installation()
    file, mapping = files
    dataset = pipeline.ingest(stores, file, load_mapping(mapping))
    with workers(stores.settings, 1) as running:
        pipeline.wait(
            stores,
            dataset.dataset_id,
            on_progress=progress.append,
            alive=lambda: all(worker.poll() is None for worker in running),
        )
        until_idle(stores, running)
    return stores, dataset.dataset_id


def test_the_table_is_as_varied_as_it_claims(large, files):
    good = large.good
    assert len(large.rows) - len(good) >= len(generated.BAD)
    assert {row.cells["network"] for row in good} == set(generated.NETWORKS)
    assert len(large.account_ids) < len(good)
    assert any(len(rows) > 1 for rows in large.newest().values())
    assert rows_of(files[0]) == len(large.rows)
    assert generated.table(300, seed=5) == generated.table(300, seed=5) != generated.table(300, seed=6)


def test_every_row_of_the_file_ends_in_exactly_one_place(loaded, large, files):
    stores, dataset_id = loaded
    balance = receipts.balance(stores.cluster, dataset_id)
    dead = dead_lines(stores, dataset_id)
    assert balance.rows_in == rows_of(files[0]) == len(large.rows)
    assert balance.dead_lettered == len(dead) == len(large.rows) - len(large.good)
    assert balance.pending == 0
    assert balance.indexed + balance.stale == len(large.good)
    assert balance.is_balanced
    # Whatever is booked as indexed can be found; a stale row is a superseded sighting of an account that can be found.
    assert accounts_shown(stores).keys() == large.account_ids
    assert len(large.account_ids) <= balance.indexed
    assert balance.stale > 0


def test_the_account_balances_all_the_way(loaded, progress):
    assert all(balance.is_balanced for balance in progress)
    assert any(balance.pending for balance in progress)
    counts = [balance.rows_in - balance.pending for balance in progress]
    assert counts == sorted(counts)


def test_dead_letters_name_the_lines_of_the_file(loaded, large, files):
    starts = generated.line_numbers(files[0])
    bad = [line for line, row in zip(starts, large.rows, strict=True) if row.is_bad]
    assert dead_lines(*loaded) == bad


def test_of_every_account_the_newest_row_stands(loaded, large):
    shown = accounts_shown(loaded[0])
    for account_id, rows in large.newest().items():
        allowed = {cells["followers"].replace(",", "") for cells in rows}
        assert str(shown[account_id].get("followers", "")) in allowed, account_id
        assert shown[account_id]["handle"] in {cells["handle"] for cells in rows}


def test_people_that_the_table_names_are_one_creator(loaded, large):
    stores, _ = loaded
    identities = stores.cluster.scan("identities", {"query": {"match_all": {}}, "sort": [{"creator_id": "asc"}]})
    creator_of = {account: h["_source"]["creator_id"] for h in identities for account in h["_source"]["account_ids"]}
    assert creator_of.keys() == large.account_ids
    people = {}
    for row in large.good:
        if row.cells.get("person"):
            people.setdefault(row.cells["person"], set()).add(creator_of[row.account_id])
    assert len(people) > 10
    assert all(len(creators) == 1 for creators in people.values())


def test_the_same_file_again_changes_nothing(loaded, files, tmp_path):
    stores, dataset_id = loaded
    before, balance = pipeline.digest(stores), receipts.balance(stores.cluster)
    copy = tmp_path / "another name.csv"
    copy.write_bytes(files[0].read_bytes())
    again = pipeline.ingest(stores, copy, load_mapping(files[1]))
    assert again.dataset_id == dataset_id
    assert pipeline.reconcile(stores) == 0
    assert sum(stores.queue.depth().values()) == 0
    assert (pipeline.digest(stores), receipts.balance(stores.cluster)) == (before, balance)


def test_every_job_again_changes_nothing(loaded):
    """At-least-once delivery at its worst: every step of every object runs a second time."""
    stores, dataset_id = loaded
    before, balance = pipeline.digest(stores), receipts.balance(stores.cluster)
    for job in ("normalise_object", "enrich_object", "index_object"):
        for key in stores.lake.list_keys():
            assert stores.queue.enqueue(job, key)
    stores.queue.enqueue("fetch_dataset", dataset_id, "0")
    with workers(stores.settings, 1) as running:
        until_idle(stores, running)
    assert stores.queue.failures() == {}
    assert pipeline.digest(stores) == before
    after = receipts.balance(stores.cluster)
    assert (after.rows_in, after.dead_lettered, after.pending) == (balance.rows_in, balance.dead_lettered, 0)
    assert after.is_balanced


def test_a_rebuild_from_the_lake_ends_in_the_same_digest(loaded, large):
    stores, dataset_id = loaded
    before, balance = pipeline.digest(stores), receipts.balance(stores.cluster)
    lake = stores.lake.list_keys()
    assert pipeline.rebuild(stores) == len(lake)
    assert pipeline.digest(stores).creators == 0
    with workers(stores.settings, 1) as running:
        pipeline.wait(stores, None, on_progress=lambda _balance: None)
        until_idle(stores, running)
    assert pipeline.digest(stores) == before
    assert stores.lake.list_keys() == lake
    after = receipts.balance(stores.cluster)
    assert (after.rows_in, after.dead_lettered, after.pending) == (balance.rows_in, balance.dead_lettered, 0)
    assert after.is_balanced
    assert len(dead_lines(stores, dataset_id)) == balance.dead_lettered


@pytest.fixture(scope="module")
def small():
    return generated.table(SMALL, seed=2)


@pytest.fixture(scope="module")
def undisturbed(new_installation, small, tmp_path_factory):
    stores = new_installation(batch_rows=50)
    assert ingest(stores, *small.write(tmp_path_factory.mktemp("small"))).is_balanced
    return pipeline.digest(stores)


def test_another_order_of_the_rows_ends_in_the_same_digest(new_installation, undisturbed, small, tmp_path):
    stores = new_installation(batch_rows=17)
    assert ingest(stores, *small.shuffled(3).write(tmp_path), count=2).is_balanced
    assert accounts_shown(stores).keys() == small.account_ids
    assert pipeline.digest(stores) == undisturbed


def test_two_files_in_reverse_order_end_in_the_same_digest(new_installation, undisturbed, small, tmp_path):
    stores = new_installation(batch_rows=250)
    for half in reversed(small.shuffled(4).halves()):
        assert ingest(stores, *half.write(tmp_path / str(len(half.good)))).is_balanced
    balance = receipts.balance(stores.cluster)
    assert (balance.rows_in, balance.datasets_read) == (len(small.rows), 2)
    assert pipeline.digest(stores) == undisturbed


def test_one_row_a_batch_ends_in_the_same_digest(new_installation, tmp_path):
    few = generated.table(30, seed=9)
    digests = []
    for batch_rows in (1, 100):
        stores = new_installation(batch_rows=batch_rows)
        assert ingest(stores, *few.write(tmp_path)).is_balanced
        digests.append(pipeline.digest(stores))
    assert digests[0] == digests[1]
