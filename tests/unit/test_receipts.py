"""Receipts: how far an object is only moves forward, and every record is accounted for."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.stores.queue import JOBS
from creators.stores.receipts import (
    NEXT_JOB,
    Balance,
    ObjectReceipt,
    State,
    _open_states,
    _parse,
    action_of,
    receipt_id,
    slice_id,
)

COUNTS = st.integers(0, 10**9)
FULL = ObjectReceipt(
    key="creator-raw/x",
    records=7,
    state=State.ENRICHED,
    dataset_id="d",
    indexed=1,
    stale=2,
    dead_lettered=3,
    attempts=4,
    records_of={"0": ["x:1", "x:2"]},
    creator_ids=["c"],
)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_a_balance_adds_up_or_does_not(indexed, stale, dead, pending):
    balance = Balance(indexed + stale + dead + pending, indexed, stale, dead, pending, datasets_read=1)
    assert balance.is_balanced
    assert not replace(balance, rows_in=balance.rows_in + 1).is_balanced


@pytest.mark.parametrize("part", ["indexed", "stale", "dead_lettered", "pending"])
def test_every_part_of_a_balance_counts(part):
    balance = Balance(4, 1, 1, 1, 1, datasets_read=0)
    assert not replace(balance, **{part: 2}).is_balanced


def test_states_are_in_the_order_of_the_way():
    assert [state.name for state in sorted(State)] == ["LANDED", "NORMALISED", "ENRICHED", "INDEXED", "DEAD"]


def test_every_state_but_the_ends_has_a_next_job():
    assert set(State) - set(NEXT_JOB) == {State.INDEXED, State.DEAD}
    assert [NEXT_JOB[state] for state in sorted(NEXT_JOB)] == ["normalise_object", "enrich_object", "index_object"]
    assert set(NEXT_JOB.values()) <= set(JOBS)
    assert _open_states() == ["landed", "normalised", "enriched"]


@pytest.mark.parametrize("state", State)
def test_a_receipt_is_read_as_it_was_written(state):
    receipt = FULL.model_copy(update={"state": state})
    action = action_of(receipt)
    assert _parse(action.doc) == receipt
    assert (action.doc["kind"], action.doc["state"]) == ("object", state.name.lower())


def test_the_state_is_the_version_so_a_job_that_runs_twice_cannot_set_it_back():
    versions = [action_of(FULL.model_copy(update={"state": state})).version for state in sorted(State)]
    assert versions == sorted(set(versions))


def test_a_fresh_receipt_has_landed_and_owes_everything():
    fresh = ObjectReceipt(key="k", records=3)
    assert (fresh.state, fresh.attempts, fresh.dataset_id) == (State.LANDED, 0, None)
    assert (fresh.indexed, fresh.stale, fresh.dead_lettered) == (0, 0, 0)
    assert _parse(action_of(fresh).doc) == fresh


def test_ids_of_receipts_stay():
    assert receipt_id("creator-raw/x") == action_of(FULL).doc_id == "3d27e64b3f667a5c4cdd2e04e825acbe"
    assert slice_id("d", 250) == "slice-d-250"
