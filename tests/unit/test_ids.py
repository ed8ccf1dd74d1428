"""Ids: the same on every machine and for ever, because indices are full of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators import ids
from creators.errors import BadInput
from creators.models import Platform

MS = st.integers(min_value=0, max_value=2**42)
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)


@given(st.sampled_from(Platform), st.text(min_size=1, max_size=30))
def test_an_account_id_is_taken_apart_as_it_was_put_together(platform, native_id):
    assert ids.parse_account_id(ids.account_id(platform, native_id)) == (platform, native_id)


def test_a_native_id_may_hold_a_colon():
    assert ids.parse_account_id("x:a:b") == ("x", "a:b")


@pytest.mark.parametrize("value", ["", "x", "x:", ":1", ":"])
def test_anything_else_is_refused_by_name(value):
    with pytest.raises(BadInput, match="platform:native_id") as caught:
        ids.parse_account_id(value)
    assert caught.value.field == "account_id"


def test_ids_that_were_given_out_stay():
    assert ids.creator_id("youtube:UC1") == "9fd879f3-315b-5e34-a7e9-bb6492536bea"
    assert ids.content_hash(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert ids.provisional_native_id("rosa") == "@rosa"
    assert ids.account_id("x", "1") == "x:1"


def test_every_account_starts_another_creator():
    accounts = [ids.account_id(platform, str(number)) for platform in Platform for number in range(100)]
    assert len({ids.creator_id(account) for account in accounts}) == len(accounts)


@given(MS, MS, DIGESTS, DIGESTS)
def test_a_later_record_has_a_greater_version_whatever_it_says(earlier, later, one, other):
    if earlier == later:
        later += 1
    if earlier > later:
        earlier, later = later, earlier
    assert ids.version_of(earlier, one) < ids.version_of(later, other)


@given(MS, DIGESTS, DIGESTS)
def test_ties_are_broken_by_content(at, one, other):
    same = ids.version_of(at, one) == ids.version_of(at, other)
    assert same is (one[:5] == other[:5])


@given(MS, DIGESTS)
def test_a_version_fits_into_a_signed_long(at, digest):
    assert 0 <= ids.version_of(at, digest) < 2**63


def test_the_version_is_time_and_digest():
    assert ids.version_of(1_700_000_000_000, "abcdef0123") == (1_700_000_000_000 << 20) + 0xABCDE
