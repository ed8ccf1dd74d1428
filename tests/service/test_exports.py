"""Whole results as files, on real engines: nobody is lost or there twice, whatever happens to the worker meanwhile."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from creators.errors import ClusterUnavailable
from creators.ids import creator_id
from creators.settings import as_environment
from creators.stores import bulk
from creators.stores.session import Stores
from mappings.fields import SORTS
from search.exports.ledger import SLICE_STEPS, Ledger
from search.exports.request import ExportRequest, Order
from search.exports.service import ORDER_NOTE, TEXT_NOTE, Exports
from search.exports.walk import Walk
from search.exports.writer import write_slice
from search.shown import HIDDEN
from tests.fixtures.crowd import people, write

CROWD = 4000
PART_ROWS = 400
LIMIT_S = 120
ROUTE = "/v1/exports"
WANTED = {"platforms": ["youtube"], "followers": {"min": 1000}}


@pytest.fixture(scope="module")
def crowd():
    docs = list(people(CROWD))
    return {doc["creator_id"]: {name: value for name, value in doc.items() if name not in HIDDEN} for doc in docs}


@pytest.fixture(scope="module")
def stores(new_installation, crowd):
    """An installation with a crowd, which tests only read."""
    made = new_installation(export_part_rows=PART_ROWS, opensearch_timeout_s=60)
    write(made, list(crowd.values()))
    return made


@pytest.fixture(scope="module")
def client(stores):
    with TestClient(create_app(stores.settings), raise_server_exceptions=False) as test_client:
        yield test_client


@pytest.fixture(scope="module")
def other(new_installation):
    """An installation that tests write to, each a crowd of its own source."""
    return new_installation(export_part_rows=100, opensearch_timeout_s=60)


def passing(crowd):
    return {
        one: doc for one, doc in crowd.items() if "youtube" in doc["platforms"] and (doc.get("followers") or 0) >= 1000
    }


def of_source(source):
    return ExportRequest.model_validate({"request": {"filters": {"sources": [source]}}, "format": "ndjson"})


def rows_of(stores, state):
    data = b"".join(Exports(stores).read(state.export_id, 0, state.file.bytes))
    return [json.loads(line) for line in data.splitlines()]


def work_off(stores, export_id):
    """Do the work of an export here, job by job, and return its state."""
    while (state := Exports(stores).get(export_id)).state in {"queued", "running"}:
        write_slice(stores, export_id)
    return state


def ask(client, **body):
    answer = client.post(ROUTE, json=body)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"{ROUTE}/{answer.json()['export_id']}"
    return answer.json()["export_id"]


def fetch(client, stores, **body):
    """Return state and file of an export that was worked off."""
    export_id = ask(client, **body)
    assert work_off(stores, export_id).state == "done"
    file = client.get(f"{ROUTE}/{export_id}/download")
    assert file.status_code == 200
    return client.get(f"{ROUTE}/{export_id}").json(), file


def lines_of(file):
    return [json.loads(line) for line in file.text.split("\n") if line]


def problem(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    return answer.json()["detail"]


def in_order(rows):
    """The order of followers: the largest first, unknown last, ties by id."""
    return sorted(rows, key=lambda row: (-row.get("followers", -1), row["creator_id"]))


def test_ndjson_is_the_whole_result_in_order(client, stores, crowd):
    state, file = fetch(client, stores, request={"filters": WANTED}, format="ndjson")
    expected = passing(crowd)
    assert 2 * PART_ROWS < len(expected) < CROWD
    assert lines_of(file) == in_order(expected.values())
    assert (state["rows"], state["total"], state["state"]) == (len(expected), len(expected), "done")
    assert [part["rows"] for part in state["parts"]][:-1] == [PART_ROWS] * (len(expected) // PART_ROWS)
    assert state["filters"]["platforms"] == ["youtube"]
    assert datetime.fromisoformat(state["as_of"]) <= datetime.now(UTC)
    assert state["notes"] == [ORDER_NOTE]


@pytest.mark.parametrize("sort", ["name", "engagement_rate", "last_posted_at", "growth_90d"])
def test_csv_has_everybody_in_any_order(client, stores, crowd, sort):
    body = {"filters": WANTED, "sort": {"field": sort, "order": "asc"}, "text": "chess"}
    state, file = fetch(client, stores, request=body, fields=["followers", "accounts.youtube.handle"])
    rows = list(csv.DictReader(io.StringIO(file.text, newline="")))
    expected = {
        one: (str(doc["followers"]), doc["accounts"]["youtube"]["handle"]) for one, doc in passing(crowd).items()
    }
    assert len(rows) == len(expected)
    assert {row["creator_id"]: (row["followers"], row["accounts.youtube.handle"]) for row in rows} == expected
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert file.headers["content-disposition"].endswith('.csv"')
    assert state["notes"] == [TEXT_NOTE]


def test_parquet_is_one_file_with_everybody(client, stores, crowd):
    state, file = fetch(client, stores, format="parquet")
    table = pq.read_table(io.BytesIO(file.content))
    followers = dict(zip(table["creator_id"].to_pylist(), table["followers"].to_pylist(), strict=True))
    assert table.num_rows == CROWD
    assert followers == {one: doc.get("followers") for one, doc in crowd.items()}
    assert table.schema.names[0] == "creator_id"
    assert "embedding" not in table.schema.names
    assert state["file"]["sha256"] == hashlib.sha256(file.content).hexdigest()
    assert state["file"]["bytes"] == len(file.content)


def test_selected_ids_and_what_became_of_them(client, stores, crowd):
    chosen = sorted(crowd)[:30]
    merged, target = creator_id("x:merged"), chosen[3]
    identity = {"creator_id": merged, "account_ids": [], "redirect_to": target}
    bulk.write(stores.cluster, [bulk.Action("identities", merged, identity)])
    state, file = fetch(client, stores, creator_ids=[*chosen[4:], merged, "nobody"], format="ndjson")
    assert {row["creator_id"] for row in lines_of(file)} == {*chosen[4:], target}
    assert (state["selected"], state["missing"], state["missing_ids"]) == (28, 1, ["nobody"])


def test_filters_hold_for_selected_ids_too(client, stores, crowd):
    chosen = sorted(crowd)[:200]
    state, file = fetch(client, stores, request={"filters": WANTED}, creator_ids=chosen, format="ndjson")
    expected = passing(crowd).keys() & set(chosen)
    assert {row["creator_id"] for row in lines_of(file)} == expected
    assert state["missing"] == 200 - len(expected)


def test_a_limit_takes_the_first(client, stores, crowd):
    limit = PART_ROWS + 7
    state, file = fetch(client, stores, limit=limit, format="ndjson", fields=["followers"])
    first = in_order(crowd.values())[:limit]
    assert [row["creator_id"] for row in lines_of(file)] == [row["creator_id"] for row in first]
    assert f"the first {limit} of {CROWD} creators" in state["notes"]


def test_nobody_is_a_file_too(client, stores):
    state, file = fetch(client, stores, request={"filters": {"followers": {"min": 10**12}}}, fields=["name"])
    assert (state["rows"], state["parts"], file.text) == (0, [], "creator_id,name\r\n")


def test_a_download_that_broke_off_goes_on(client, stores):
    export_id = ask(client, format="parquet")
    work_off(stores, export_id)
    route = f"{ROUTE}/{export_id}/download"
    whole = client.get(route)
    first = client.get(route, headers={"range": "bytes=0-999"})
    rest = client.get(route, headers={"range": "bytes=1000-", "if-range": whole.headers["etag"]})
    assert (first.status_code, rest.status_code) == (206, 206)
    assert first.content + rest.content == whole.content
    assert rest.headers["content-range"] == f"bytes 1000-{len(whole.content) - 1}/{len(whole.content)}"
    changed = client.get(route, headers={"range": "bytes=1000-", "if-range": '"another file"'})
    assert (changed.status_code, changed.content) == (200, whole.content)
    problem(client.get(route, headers={"range": f"bytes={len(whole.content)}-"}), 416, "bad_range")


def test_unknown_exports(client):
    for call in (client.get, client.delete):
        problem(call(f"{ROUTE}/20260101000000-0123456789abcdef"), 404, "not_found")
    problem(client.get(f"{ROUTE}/..%2f..%2fcreator-raw/download"), 404, "not_found")
    problem(client.get(f"{ROUTE}/nothing/download"), 404, "not_found")


def test_a_file_before_it_is_written(client, stores):
    export_id = ask(client)
    assert "0 rows" in problem(client.get(f"{ROUTE}/{export_id}/download"), 409, "export_not_ready")
    write_slice(stores, export_id)
    state = client.get(f"{ROUTE}/{export_id}").json()
    assert (state["state"], state["rows"], state["total"]) == ("running", SLICE_STEPS * PART_ROWS, CROWD)
    problem(client.get(f"{ROUTE}/{export_id}/download"), 409, "export_not_ready")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"request": {"filters": {"folowers": {"min": 3}}}}, "/request/filters/folowers"),
        ({"creator_ids": []}, "/creator_ids"),
        ({"creator_ids": ["x"] * 10_001}, "/creator_ids"),
        ({"format": "xlsx"}, "/format"),
        ({"fields": ["embedding"]}, "/fields"),
        ({"request": {"limit": 5}}, "/request/limit"),
    ],
)
def test_what_cannot_be_exported_is_named(client, body, pointer):
    answer = client.post(ROUTE, json=body)
    problem(answer, 422, "invalid_request")
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_more_rows_than_an_export_may_have(client):
    assert "250000" in problem(client.post(ROUTE, json={"limit": 250_001}), 422, "bad_input")


def test_an_export_that_is_cancelled_stops_and_leaves_no_rows(client, stores):
    export_id = ask(client)
    write_slice(stores, export_id)
    assert client.delete(f"{ROUTE}/{export_id}").status_code == 204
    assert client.get(f"{ROUTE}/{export_id}").json()["state"] == "cancelled"
    assert "was cancelled" in problem(client.get(f"{ROUTE}/{export_id}/download"), 409, "export_not_ready")
    names = Ledger(stores).all()[export_id]
    assert not any(name.startswith(("part-", "file-")) for name in names)
    write_slice(stores, export_id)
    assert Ledger(stores).all()[export_id] == names
    assert client.delete(f"{ROUTE}/{export_id}").status_code == 204
    problem(client.get(f"{ROUTE}/{export_id}"), 404, "not_found")


@pytest.mark.parametrize("deleted", [False, True])
def test_a_worker_notices_in_the_middle_of_a_part(stores, monkeypatch, deleted):
    exports = Exports(stores)
    export_id = exports.ask(ExportRequest()).export_id
    pages = []
    page = Walk.page

    def page_and_then_nobody_wants_it(self, *arguments):
        pages.append(arguments)
        if len(pages) == 3:
            exports.give_up(export_id)
            if deleted:
                exports.give_up(export_id)
        return page(self, *arguments)

    monkeypatch.setattr(Walk, "page", page_and_then_nobody_wants_it)
    write_slice(stores, export_id)
    assert len(pages) == 3
    left = Ledger(stores).all().get(export_id, set())
    assert not any(name.startswith(("part-", "file-")) for name in left)
    assert ("end.json" in left) is not deleted


def test_a_view_that_expired_is_renewed_and_nobody_comes_twice(other):
    docs = {doc["creator_id"]: doc for doc in people(1000, seed=5, source="view")}
    write(other, list(docs.values()))
    export_id = Exports(other).ask(of_source("view")).export_id
    write_slice(other, export_id)
    step = Ledger(other).load(export_id).step
    other.cluster.close_point_in_time(step.view)
    rows = in_order(docs.values())
    # One who was written comes again further down, one is gone, one is new: the others must all be there once.
    again, gone = rows[10] | {"followers": 20}, rows[900]
    new = next(people(1, seed=9, first=5000, source="view")) | {"followers": 30}
    write(other, [again, new])
    bulk.write(other.cluster, [bulk.Action("creators", gone["creator_id"], None)], refresh=True)
    state = work_off(other, export_id)
    assert "renewed 1 times" in " ".join(state.notes)
    ids = [row["creator_id"] for row in rows_of(other, state)]
    assert len(ids) == len(set(ids))
    assert set(ids) == {*docs, new["creator_id"]} - {gone["creator_id"]}
    assert ids[: step.rows] == [row["creator_id"] for row in rows[: step.rows]]


def test_writes_while_it_is_walked_do_not_show(other):
    docs = {doc["creator_id"]: doc for doc in people(1000, seed=6, source="writes")}
    write(other, list(docs.values()))
    export_id = Exports(other).ask(of_source("writes")).export_id
    write_slice(other, export_id)
    write(other, [doc | {"followers": number} for number, doc in enumerate(docs.values())])
    state = work_off(other, export_id)
    shown = [{name: value for name, value in doc.items() if name not in HIDDEN} for doc in in_order(docs.values())]
    assert rows_of(other, state) == shown


def test_a_store_that_does_not_answer_ends_no_export(stores):
    exports = Exports(stores)
    export_id = exports.ask(ExportRequest()).export_id
    away = Stores(stores.settings.model_copy(update={"opensearch_url": "http://127.0.0.1:9"}))
    with pytest.raises(ClusterUnavailable):
        write_slice(away, export_id)
    assert exports.get(export_id).state == "queued"
    exports.give_up(export_id)


def test_an_error_that_stays_ends_the_export_and_is_told(stores, client, monkeypatch):
    # Such as a sort by a field that the index of an older program lacks.
    monkeypatch.setitem(SORTS, "name", "name.that_is_not_there")
    request = ExportRequest.model_validate({"request": {"sort": {"field": "name"}}})
    exports = Exports(stores)
    export_id = exports.ask(request).export_id
    with pytest.raises(Exception, match="refused"):
        write_slice(stores, export_id)
    state = client.get(f"{ROUTE}/{export_id}").json()
    assert (state["state"], state["error"]["code"]) == ("failed", "cluster_refused")
    assert "has failed" in problem(client.get(f"{ROUTE}/{export_id}/download"), 409, "export_not_ready")


def test_tending_queues_what_is_open_and_deletes_what_is_old(new_installation):
    stores = new_installation(prepare=False)
    exports, ledger = Exports(stores), Ledger(stores)
    now = datetime.now(UTC)
    order = Order(request=ExportRequest(), created_at=now, target=1)
    old, fresh = (f"{now - timedelta(days=days):%Y%m%d%H%M%S}-{'0' * 16}" for days in (8, 6))
    for export_id in (old, fresh):
        ledger.open(export_id, order)
    assert exports.reconcile() == 1
    assert exports.reconcile() == 0, "it is waiting already"
    assert ledger.all().keys() == {fresh}
    assert stores.queue.depth()["export"] == 1
    exports.give_up(fresh)
    stores.queue.queue("export").empty()
    assert exports.reconcile() == 0, "there is nothing left to do"


def worker(stores, *options):
    command = [sys.executable, "-m", "api.cli", "worker", *options]
    environment = {**os.environ, **as_environment(stores.settings)}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def until(condition, process):
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, "the worker does not get on"
        time.sleep(0.02)


def test_workers_killed_in_the_middle_lose_nobody(other):
    docs = {doc["creator_id"]: doc for doc in people(5000, seed=7, source="killed")}
    write(other, list(docs.values()))
    exports = Exports(other)
    export_id = exports.ask(of_source("killed")).export_id
    for rows in (100, 1500):
        victim = worker(other)
        try:
            until(lambda rows=rows: exports.get(export_id).rows >= rows, victim)
        finally:
            victim.kill()
            victim.communicate(timeout=LIMIT_S)
        assert exports.get(export_id).state == "running"
    heir = worker(other)
    try:
        until(lambda: exports.get(export_id).state != "running", heir)
    finally:
        heir.terminate()
        heir.communicate(timeout=LIMIT_S)
    state = exports.get(export_id)
    assert (state.state, state.rows, len(state.parts)) == ("done", 5000, 50)
    assert [row["creator_id"] for row in rows_of(other, state)] == [
        doc["creator_id"] for doc in in_order(docs.values())
    ]
