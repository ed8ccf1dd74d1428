"""Dead letters on the real stores: kept, found, tried again after a fix, and accounted for at every moment."""

from __future__ import annotations

import csv
from datetime import UTC, datetime

import pytest

from creators.datasets import parse_mapping
from creators.errors import BadCursor, BadRecord, NotFound
from creators.stores import deadletters, receipts, tasks
from creators.stores.deadletters import DeadLetter, Wanted
from creators.stores.schedule import Schedule
from creators.stores.session import work_with
from creators.stores.tasks import Task, TaskState
from creators.stores.workers import work
from enrich import jobs as enrich_jobs
from enrich.normalise import dataset as normaliser
from fetchers import jobs as fetch_jobs
from indexers import pipeline
from indexers.replay import Pace, Replayed, replay

ROWS = 40
BATCH_ROWS = 10
UNREADABLE = {f"person{n}" for n in (3, 17, 18)}
UNKNOWN = {f"person{n}" for n in (5, 6, 21)}
MAPPING = parse_mapping(
    {
        "title": "t",
        "platform": "x",
        "observed_at": "2026-01-31",
        "account": {"handle": "user", "followers": "fans"},
    }
)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("letters") / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(["user", "fans"])
        rows.writerows([f"person{n}", 1000 + n] for n in range(ROWS))
    return path


def refuse(names, told):
    """A defect that the program could have: records with these names are refused."""

    def refused(row):
        if row["user"] in names:
            raise BadRecord(told, field="user")

    return refused


@pytest.fixture
def defects(monkeypatch):
    """The program as it was before it was mended: some rows cannot be read, some records not understood."""
    to_record, normalise = fetch_jobs.to_record, normaliser.normalise
    at_reading, at_normalising = refuse(UNREADABLE, "cannot be read"), refuse(UNKNOWN, "is not understood")

    def broken_reading(line, mapping, **more):
        at_reading(line.row)
        return to_record(line, mapping, **more)

    def broken_normalising(record, mapping):
        at_normalising(record.body["row"])
        return normalise(record, mapping)

    monkeypatch.setattr(fetch_jobs, "to_record", broken_reading)
    monkeypatch.setattr(normaliser, "normalise", broken_normalising)
    return monkeypatch


def work_off(stores):
    """Do what is queued, in this process, so that a test can break what it runs."""
    work_with(stores)
    work(stores.settings, burst=True)


def tried_again(stores, **wanted):
    return replay(stores, Wanted(**wanted), pace=Pace(per_s=10_000), on_progress=lambda _done: None)


def account(stores):
    balance = receipts.balance(stores.cluster)
    assert balance.is_balanced
    assert balance.rows_in == ROWS
    return balance.indexed, balance.dead_lettered, balance.pending


def unsettled(stores):
    stores.cluster.refresh("dlq")
    return stores.cluster.count("dlq", Wanted().query())


@pytest.fixture(scope="module")
def undisturbed(new_installation, file):
    stores = new_installation(batch_rows=BATCH_ROWS)
    pipeline.ingest(stores, file, MAPPING)
    work_off(stores)
    assert account(stores) == (ROWS, 0, 0)
    return pipeline.digest(stores)


@pytest.fixture(scope="module")
def stores(new_installation):
    return new_installation(batch_rows=BATCH_ROWS)


def test_records_are_tried_again_after_a_fix_and_every_one_is_accounted_for(stores, file, defects, undisturbed):
    bad = len(UNREADABLE | UNKNOWN)
    pipeline.ingest(stores, file, MAPPING)
    work_off(stores)
    assert account(stores) == (ROWS - bad, bad, 0)
    counted = deadletters.tally(stores.cluster, Wanted(), by=("stage", "error"))
    assert {one["stage"]: (one["error"], one["letters"], one["records"]) for one in counted} == {
        "fetch": ("bad_record", len(UNREADABLE), len(UNREADABLE)),
        "normalise": ("bad_record", len(UNKNOWN), len(UNKNOWN)),
    }

    # Nothing is mended yet: all comes back, with one attempt more, and what cannot be read is not even queued.
    defects.setattr("indexers.replay.to_record", fetch_jobs.to_record)
    assert tried_again(stores) == Replayed(queued=len(UNKNOWN), failed=len(UNREADABLE))
    assert account(stores) == (ROWS - bad, len(UNREADABLE), len(UNKNOWN))
    work_off(stores)
    assert account(stores) == (ROWS - bad, bad, 0)
    letters = deadletters.find(stores.cluster, Wanted()).letters
    assert [(one["state"], one["attempts"]) for one in letters] == [("open", 2)] * bad

    defects.undo()
    assert tried_again(stores) == Replayed(queued=bad)
    assert account(stores) == (ROWS - bad, 0, bad)
    # The command may be given again at any time: what is on its way is left alone.
    assert tried_again(stores) == Replayed(busy=bad)
    work_off(stores)
    assert account(stores) == (ROWS, 0, 0)
    assert unsettled(stores) == 0
    assert pipeline.digest(stores) == undisturbed
    assert tried_again(stores) == Replayed()
    assert sum(stores.queue.depth().values()) == 0
    assert deadletters.tally(stores.cluster, Wanted(states=("replayed",)), by=("state",))[0]["letters"] == bad


def test_a_late_twin_of_an_earlier_job_does_not_end_a_round(stores, file, defects, undisturbed):
    """Each step of every object once more, in the wrong order, while records are being tried again."""
    stores.cluster.refresh("receipts")
    rounds = {}
    for key in stores.lake.list_keys():
        receipt = receipts.load(stores.cluster, key)
        following = receipt.model_copy(update={"dead": [int(line) for line in list(receipt.records_of)[:1]]})
        rounds[key] = following.model_copy(update={"indexed": receipt.indexed - 1, "dead_lettered": 1}).again(
            following.dead
        )
        receipts.save(stores.cluster, rounds[key])
    assert account(stores)[1:] == (0, len(rounds))
    for job in ("index_object", "enrich_object", "normalise_object"):
        for key in rounds:
            assert stores.queue.enqueue(job, key)
    defects.undo()
    work_off(stores)
    assert account(stores) == (ROWS, 0, 0)
    assert pipeline.digest(stores) == undisturbed


def test_an_object_that_died_whole_is_tried_whole(new_installation, file, monkeypatch, undisturbed):
    stores = new_installation(batch_rows=ROWS)
    with monkeypatch.context() as broken:
        broken.setattr(enrich_jobs.profiles, "save", lambda *_args, **_more: 1 / 0)
        pipeline.ingest(stores, file, MAPPING)
        for _ in range(3):
            work_off(stores)
            pipeline.reconcile(stores)
    assert account(stores) == (0, ROWS, 0)
    (letter,) = deadletters.find(stores.cluster, Wanted()).letters
    assert (letter["error"], letter["records"], letter["attempts"]) == ("object_failed", ROWS, 3)
    assert tried_again(stores) == Replayed(queued=1)
    assert account(stores) == (0, 0, ROWS)
    work_off(stores)
    assert account(stores) == (ROWS, 0, 0)
    assert unsettled(stores) == 0
    assert pipeline.digest(stores) == undisturbed


@pytest.fixture(scope="module")
def box(new_installation):
    """Letters to look through."""
    stores = new_installation()
    letters = [
        DeadLetter("normalise", "bad_record", f"'many{n}' is not a count", field="followers", raw_key="k", line=n)
        for n in range(5)
    ]
    letters.append(DeadLetter("fetch", "gone", "no such account", source="x_api_v2", target="profile:x:@ada"))
    deadletters.add(stores.cluster, letters)
    return stores


def test_letters_are_found_by_what_is_known_about_them(box):
    def lines(**wanted):
        return sorted(str(one["line"]) for one in deadletters.find(box.cluster, Wanted(**wanted)).letters)

    assert lines() == ["0", "1", "2", "3", "4", "None"]
    assert lines(stage="normalise", field="followers", text="many3 count") == ["3"]
    assert lines(error="gone") == lines(source="x_api_v2") == lines(target="profile:x:@ada") == ["None"]
    assert lines(states=("replayed",)) == lines(text="nowhere") == []
    now = datetime.now(UTC)
    assert lines(since=now) == []
    assert len(lines(before=now)) == 6


def test_letters_are_paged_without_gaps(box):
    seen, after = [], None
    while True:
        page = deadletters.find(box.cluster, Wanted(), limit=4, after=after)
        seen += [one["letter_id"] for one in page.letters]
        if (after := page.after) is None:
            break
    assert len(seen) == len(set(seen)) == 6
    with pytest.raises(BadCursor, match="after"):
        deadletters.find(box.cluster, Wanted(), after="yesterday")


def test_a_letter_is_shown_by_the_beginning_of_its_id(box):
    one = deadletters.find(box.cluster, Wanted(error="gone")).letters[0]
    assert deadletters.show(box.cluster, one["letter_id"][:12]) == one
    for wrong in ("nothing", ""):
        with pytest.raises(NotFound, match="begin"):
            deadletters.show(box.cluster, wrong)


def test_a_target_that_failed_is_fetched_again_and_purged_letters_are_gone(box):
    ended = {"state": TaskState.FAILED, "attempts": 3}
    tasks.offer(box.cluster, [Task("profile:x:@ada", created_at=datetime.now(UTC), **ended)])
    assert tried_again(box, error="gone") == Replayed(queued=1)
    assert tasks.load(box.cluster, ["profile:x:@ada"])["profile:x:@ada"].state is TaskState.WAITING
    assert Schedule(box).depth()["fresh"] == 1
    assert tried_again(box, error="gone") == Replayed()
    assert deadletters.purge(box.cluster, Wanted(field="followers", text="many1")) == 1
    assert unsettled(box) == 4
