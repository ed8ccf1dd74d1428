"""Short addresses are written out once, and ids of X tell the time that they hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.errors import SchemaDrift
from enrich.normalise.contract import Payload, read_payload
from enrich.normalise.fields import When
from enrich.normalise.shortened import Id, expanded, posted_at

SHORT = "https://t.co/abc123"


class Stamped(Payload):
    id: Id
    at: When = None


def test_times_are_read_in_both_forms_of_x():
    new = read_payload(Stamped, {"id": "1", "at": "2007-02-20T14:35:54.000Z"})
    old = read_payload(Stamped, {"id": "1", "at": "Tue Feb 20 14:35:54 +0000 2007"})
    assert new.at == old.at
    assert read_payload(Stamped, {"id": "1", "at": None}).at is None


@pytest.mark.parametrize(
    "body",
    [
        {"id": "1", "at": "0001-01-01T00:00:00+14:00"},
        {"id": "1", "at": "9999-12-31T23:59:59-14:00"},
        {"id": "1", "at": "yesterday"},
        {"id": "1", "at": {}},
        {"id": "@marta"},
        {"id": 1},
        {"id": "9" * 21},
    ],
)
def test_ids_and_times_that_are_none_are_drift(body):
    with pytest.raises(SchemaDrift):
        read_payload(Stamped, body)


def test_a_short_address_becomes_the_one_it_leads_to_and_others_stay():
    text = f"{SHORT} &amp; {SHORT}x &lt;3"
    assert expanded(text, {SHORT: "https://a.example/"}) == f"https://a.example/ & {SHORT}x <3"
    assert expanded(None, {}) is None


def test_what_an_address_leads_to_is_not_written_out_again():
    assert expanded(SHORT, {SHORT: f"{SHORT}/{SHORT}"}) == f"{SHORT}/{SHORT}"


@given(
    st.text(max_size=300),
    st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=5_000), max_size=5),
    st.integers(0, 50),
)
def test_no_answer_makes_a_text_grow_without_bound(text, addresses, times):
    addresses[SHORT] = "y" * 2_001
    assert len(expanded(text + SHORT * times, addresses) or "") <= len(text) * 2 + len(SHORT) * times


@given(st.integers(1_291_161_600_000, 3_155_760_000_000))
def test_an_id_tells_the_millisecond_of_its_post(ms):
    found = posted_at(str(((ms - 1_288_834_974_657) << 22) | 4_094))
    assert found is not None
    assert round(found.timestamp() * 1000) == ms


@given(st.one_of(st.none(), st.text(max_size=30), st.integers().map(str)))
def test_anything_else_tells_no_time_or_a_possible_one(value):
    found = posted_at(value)
    assert found is None or found.year >= 2010


def test_ids_that_were_counted_tell_nothing():
    assert posted_at("29700859247") is None
    assert posted_at("20") is None
    assert posted_at("1" * 40) is None
