"""How far an export is, whoever asks and whoever wrote: the first word counts, nothing is rewritten."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from creators.errors import BadRange, LakeCorrupt, NotFound
from creators.ids import content_hash
from creators.settings import Settings
from creators.stores.session import Stores
from search.exports import ledger as ledgers
from search.exports import ranges
from search.exports.ledger import SLICE_STEPS, End, Export, Failure, File, Ledger, Part, Step
from search.exports.request import ExportRequest, Order
from search.exports.service import ORDER_NOTE, TEXT_NOTE, state_of
from search.exports.spool import Spool, rows_of

NOW = datetime(2026, 11, 1, 12, 30, 15, tzinfo=UTC)
ORDER = Order(request=ExportRequest(), created_at=NOW, target=100)
FIRST = Step(number=0, view="v", as_of=NOW, total=7)
PART = Part(key="k", rows=3, sha256="s")


@pytest.fixture
def stores(tmp_path):
    return Stores(Settings(data_dir=tmp_path, index_prefix="one-"))


@pytest.fixture
def ledger(stores):
    return Ledger(stores)


@pytest.fixture
def export_id(ledger):
    made = ledgers.new_id(NOW)
    ledger.open(made, ORDER)
    return made


def test_an_id_carries_its_time():
    made = ledgers.new_id(NOW)
    assert ledgers.created_at(made) == NOW
    assert ledgers.new_id(NOW) != made
    assert ledgers.new_id(NOW + timedelta(seconds=1)) > made


def test_an_export_goes_through_its_states(ledger, export_id):
    assert ledger.load(export_id) == Export(export_id=export_id, order=ORDER)
    assert ledger.take(export_id, FIRST)
    second = FIRST.following(rows=3, after=(5, "c"), parts=(PART,))
    assert ledger.take(export_id, second)
    assert ledger.load(export_id).step == second
    assert ledger.is_open(export_id)
    done = End(state="done", at=NOW, file=File(key="f", bytes=1, sha256="s"))
    assert ledger.finish(export_id, done) == done
    assert ledger.load(export_id).end == done
    assert not ledger.is_open(export_id)


def test_of_two_workers_at_one_step_the_first_counts(ledger, export_id):
    assert ledger.take(export_id, FIRST)
    assert ledger.take(export_id, FIRST), "the same worker, after a time limit"
    assert not ledger.take(export_id, FIRST.model_copy(update={"view": "other"}))
    assert ledger.load(export_id).step == FIRST


def test_of_two_ends_the_first_counts(ledger, export_id):
    cancelled = End(state="cancelled", at=NOW)
    assert ledger.finish(export_id, cancelled) == cancelled
    assert ledger.finish(export_id, End(state="done", at=NOW)) == cancelled


def test_what_is_deleted_is_gone(ledger, export_id, stores):
    ledger.take(export_id, FIRST)
    ledger.delete(export_id)
    with pytest.raises(NotFound, match=export_id):
        ledger.load(export_id)
    assert ledger.all() == {}
    assert not ledger.is_open(export_id)
    assert not (stores.settings.data_dir / "lake" / "one-exports" / export_id).exists()
    ledger.delete(export_id)


@pytest.mark.parametrize("export_id", ["", "..", "../creator-raw", "20260101000000-abc", "x" * 200, "a/b"])
def test_what_is_no_id_is_not_found(ledger, export_id):
    with pytest.raises(NotFound, match="no export has the id"):
        ledger.load(export_id)


def test_installations_that_share_a_lake_see_their_own(ledger, export_id, stores):
    other = Stores(stores.settings.model_copy(update={"index_prefix": "two-"}))
    assert Ledger(other).all() == {}
    assert ledger.all() == {export_id: {"request.json"}}


def test_raw_records_cannot_be_deleted(stores):
    stores.lake.put_json("creator-datasets/a/manifest.json", {})
    stores.lake.delete(["creator-datasets/a/manifest.json"])
    assert stores.lake.list_keys("creator-datasets") == ["creator-datasets/a/manifest.json"]


@given(st.lists(st.booleans(), max_size=30))
def test_every_step_is_of_the_slice_whose_job_takes_it(renewals):
    step = FIRST
    for renewed in renewals:
        following = step.following(views=step.views + 1) if renewed else step.following(rows=step.rows + 1)
        assert following.number == step.number + 1
        assert following.slice == ledgers.slice_of({f"step-{following.number:05d}.json", "request.json", "part-x"})
        step = following
    last = step.following(complete=True)
    assert last.slice == step.slice + 1, "the file is written by a job of its own"
    assert last.number % SLICE_STEPS == 0


def test_an_export_without_steps_is_of_the_first_slice():
    assert ledgers.slice_of({"request.json"}) == ledgers.slice_of(set()) == 0


def test_a_part_comes_back_row_by_row():
    spool = Spool()
    rows = [{"creator_id": "a", "name": "さ\nb\u2028c"}, {"creator_id": "b"}, {"creator_id": "c", "name": "\ud83d"}]
    for row in rows:
        spool.add(row)
    packed = spool.packed()
    assert spool.rows == 3
    assert list(rows_of(packed, sha256=content_hash(packed))) == [*rows[:2], {"creator_id": "c", "name": "\ufffd"}]


def test_a_part_that_was_changed_is_noticed():
    with pytest.raises(LakeCorrupt, match="changed after it was written"):
        list(rows_of(b"anything", sha256="0" * 64))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-", (0, 100)),
        ("bytes=10-19", (10, 10)),
        ("bytes=99-500", (99, 1)),
        ("bytes=-30", (70, 30)),
        ("bytes=-500", (0, 100)),
        ("bytes=19-10", None),
        ("bytes=0-1,5-6", None),
        ("rows=0-1", None),
        ("bytes=-", None),
        ("bytes=x-", None),
    ],
)
def test_parts_of_a_file(header, expected):
    assert ranges.wanted(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=-0", "bytes=1000-2000"])
def test_a_part_after_the_end(header):
    with pytest.raises(BadRange, match="100 bytes"):
        ranges.wanted(header, 100)


@given(st.integers(1, 1000), st.integers(0, 999), st.none() | st.integers(0, 2000))
def test_a_part_is_within_the_file(size, first, last):
    if first < size:
        part = ranges.wanted(f"bytes={first}-{'' if last is None else last}", size)
        if last is None or last >= first:
            assert part == (first, min(size - 1, size if last is None else last) - first + 1)


def state(request, step=None, end=None, target=100):
    order = Order(request=request, created_at=NOW, target=target)
    return state_of(Export(export_id="e", order=order, step=step, end=end), keep_days=7)


def test_a_state_says_what_an_export_is_made_from():
    asked = ExportRequest.model_validate({"creator_ids": ["b", "a", "b"], "format": "parquet", "fields": ["name"]})
    shown = state(asked)
    assert (shown.state, shown.selected, shown.fields, shown.total) == ("queued", 2, ("name",), None)
    assert shown.expires_at == NOW + timedelta(days=7)
    assert state(asked, FIRST).model_dump()["as_of"] == NOW
    failed = End(state="failed", at=NOW, error=Failure(code="cluster_refused", detail="why"))
    assert (state(asked, FIRST, failed).state, state(asked, FIRST, failed).error.detail) == ("failed", "why")


def test_notes_say_what_is_not_as_one_might_think():
    plain = ExportRequest.model_validate({"request": {"sort": {"field": "name", "order": "asc"}}})
    assert state(plain, FIRST).notes == ()
    assert state(ExportRequest.model_validate({"request": {"text": "chess"}})).notes == (TEXT_NOTE, ORDER_NOTE)
    assert state(plain, FIRST, target=5).notes == ("the first 5 of 7 creators",)
    (renewed,) = state(plain, FIRST.following(views=3)).notes
    assert "renewed 2 times" in renewed


@pytest.mark.parametrize(
    "body",
    [
        {"creator_ids": []},
        {"format": "xlsx"},
        {"fields": ["embedding"]},
        {"limit": 0},
        {"request": {"filters": {"folowers": {}}}},
        {"request": {"facets": ["niches"]}},
        {"request": {"sort": {"field": "size"}}},
    ],
)
def test_what_cannot_be_exported_is_refused(body):
    with pytest.raises(ValidationError):
        ExportRequest.model_validate(body)


def test_the_hash_names_the_question_and_not_the_form():
    first = ExportRequest.model_validate({"request": {"filters": {"niches": ["food"]}}, "format": "csv"})
    same = first.model_copy(update={"format": "parquet", "fields": ("name",)})
    assert first.query_hash == same.query_hash
    assert first.query_hash != ExportRequest().query_hash
    assert first.query_hash != first.model_copy(update={"limit": 3}).query_hash


def test_relevance_has_no_order_of_a_whole_result():
    assert ExportRequest().sort_clause()[0] == {"followers": {"order": "desc", "missing": "_last"}}
    by_name = ExportRequest.model_validate({"request": {"sort": {"field": "name", "order": "asc"}}})
    assert json.dumps(by_name.sort_clause()).startswith('[{"name.exact": {"order": "asc"')
    assert by_name.sort_clause()[-1] == {"creator_id": "asc"}
