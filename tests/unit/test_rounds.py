"""Rounds of a receipt: dead-lettered records are tried again, and the account balances before, during and after."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from creators.stores.receipts import ObjectReceipt, Settled, State, action_of
from indexers.replay import Pace

COUNTED = ("indexed", "stale", "dead_lettered", "pending")


def booked(receipt):
    """What the document adds to each sum of the balance."""
    doc = action_of(receipt).doc
    return {name: doc[name] for name in COUNTED}


def ended(receipt, dead, stale):
    """The receipt when its round is over: these places are dead, so many records are stale, the others indexed."""
    counts = {"stale": stale, "dead_lettered": len(dead), "indexed": receipt.due - stale - len(dead)}
    return receipt.model_copy(update={"state": State.INDEXED, "dead": sorted(dead), **counts})


def test_one_write_takes_records_from_dead_lettered_to_pending():
    first = ended(ObjectReceipt(key="k", records=10), dead={2, 5, 7}, stale=1)
    assert booked(first) == {"indexed": 6, "stale": 1, "dead_lettered": 3, "pending": 0}
    second = first.again([5, 7, 9])
    assert (second.round, second.only, second.due, second.state) == (1, [5, 7], 2, State.LANDED)
    assert booked(second) == {"indexed": 6, "stale": 1, "dead_lettered": 1, "pending": 2}
    assert action_of(second).version > action_of(first).version
    over = ended(second, dead={7}, stale=0)
    assert booked(over) == {"indexed": 7, "stale": 1, "dead_lettered": 2, "pending": 0}
    assert over.all_dead == [2, 7]


def test_nothing_is_tried_that_is_not_dead_or_is_on_its_way():
    over = ended(ObjectReceipt(key="k", records=4), dead={1}, stale=0)
    assert over.again([2, 3]) is None
    assert over.again([]) is None
    assert over.again([1]).again([1]) is None


def test_what_died_whole_is_tried_whole():
    dead = ObjectReceipt(key="k", records=4, state=State.DEAD, dead_lettered=4)
    again = dead.again([])
    assert (again.only, again.due, again.round) == (None, 4, 1)
    assert booked(again) == {"indexed": 0, "stale": 0, "dead_lettered": 0, "pending": 4}


def test_a_round_that_died_whole_leaves_its_records_dead():
    second = ended(ObjectReceipt(key="k", records=10), dead={2, 5}, stale=0).again([5])
    dead = second.model_copy(update={"state": State.DEAD, "dead": second.only, "dead_lettered": second.due})
    assert booked(dead) == {"indexed": 8, "stale": 0, "dead_lettered": 2, "pending": 0}
    assert dead.again([2, 5]).only == [2, 5]


def test_records_booked_elsewhere_as_dead_are_taken_from_there():
    landed = ObjectReceipt(key="k", records=3, settled=Settled(dead_lettered=-3))
    assert booked(landed) == {"indexed": 0, "stale": 0, "dead_lettered": -3, "pending": 3}
    assert booked(ended(landed, dead={9}, stale=0)) == {"indexed": 2, "stale": 0, "dead_lettered": -2, "pending": 0}


@given(st.integers(1, 30), st.lists(st.tuples(st.sets(st.integers(0, 29)), st.sets(st.integers(0, 29))), max_size=5))
def test_whatever_is_tried_again_the_account_stays_the_same_sum(records, rounds):
    receipt = ended(ObjectReceipt(key="k", records=records), dead=set(range(records)), stale=0)
    version = 0
    for wanted, fails in rounds:
        assert sum(booked(receipt).values()) == records
        following = receipt.again(wanted)
        if following is None:
            assert not wanted.intersection(receipt.all_dead)
            continue
        assert sum(booked(following).values()) == records
        assert set(following.only) == wanted.intersection(receipt.all_dead)
        before, receipt = receipt, ended(following, dead=fails.intersection(following.only), stale=0)
        assert set(receipt.all_dead) == set(before.all_dead) - (set(following.only) - fails)
        assert action_of(receipt).version > version
        version = action_of(receipt).version
    assert booked(receipt)["dead_lettered"] == len(receipt.all_dead)


def test_records_are_queued_no_faster_than_asked():
    now, waits = [100.0], []

    def sleep(seconds):
        waits.append(seconds)
        now[0] += seconds

    pace = Pace(per_s=10, sleep=sleep, clock=lambda: now[0])
    for records in (5, 20, 1):
        pace.spend(records)
    assert waits == [0.5, 2.0]
    now[0] += 60
    # Time that has passed unused is not made up for.
    pace.spend(10)
    pace.spend(10)
    assert waits[2:] == [1.0]
