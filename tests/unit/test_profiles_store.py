"""Profiles as they are written: which record wins does not depend on which came first."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from creators.models import Account, Observation, Post
from enrich.profiles import _observations, _post, _profile, account_version, newest

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
SECONDS = st.integers(0, 3)


def account(native_id="UC1", seconds=0, **more):
    given = {"platform": "youtube", "source": "test", "fetched_at": AT + timedelta(seconds=seconds)}
    return Account(native_id=native_id, **given | more)


RECORDS = st.lists(
    st.builds(account, native_id=st.sampled_from(["a", "b"]), seconds=SECONDS, followers=st.integers(0, 50)),
    max_size=12,
)


@given(RECORDS, st.data())
def test_the_order_of_arrival_does_not_matter(records, data):
    kept = newest(records)
    assert newest(data.draw(st.permutations(records))) == kept
    assert set(kept) == {one.account_id for one in records}
    for one in records:
        assert kept[one.account_id].fetched_at >= one.fetched_at
        assert account_version(kept[one.account_id]) >= account_version(one)


@given(RECORDS, RECORDS)
def test_batches_can_be_joined_in_any_way(one, other):
    assert newest([*newest(one).values(), *newest(other).values()]) == newest([*one, *other])


def test_the_later_record_wins_even_when_it_knows_less():
    old, new = account(followers=100, bio="words"), account(seconds=1)
    assert newest([new, old]) == newest([old, new]) == {"youtube:UC1": new}


def test_a_profile_carries_the_version_of_its_record():
    one = account(handle="@Rosa.Cocina", person_key="p", followers=7)
    action = _profile(one, "raw-key")
    assert (action.index, action.doc_id, action.version) == ("profiles-youtube", "youtube:UC1", account_version(one))
    assert action.doc == {
        "account_id": "youtube:UC1",
        "platform": "youtube",
        "native_id": "UC1",
        "handle": "rosa.cocina",
        "person_key": "p",
        "source": "test",
        "raw_key": "raw-key",
        "fetched_at": "2026-11-01T12:00:00+00:00",
        "account": {
            "platform": "youtube",
            "native_id": "UC1",
            "handle": "@Rosa.Cocina",
            "person_key": "p",
            "followers": 7,
            "source": "test",
            "fetched_at": "2026-11-01T12:00:00Z",
        },
    }
    assert _profile(account(), "k").doc["handle"] is None


def test_history_and_the_record_itself_are_points_of_their_days():
    past = Observation(at=AT - timedelta(days=30), followers=5)
    points = _observations(account(followers=7, history=(past,)))
    assert [(point.index, point.doc_id, point.doc) for point in points] == [
        (
            "observations",
            "youtube:UC1@2026-10-02",
            {"account_id": "youtube:UC1", "at": "2026-10-02T12:00:00Z", "followers": 5},
        ),
        (
            "observations",
            "youtube:UC1@2026-11-01",
            {"account_id": "youtube:UC1", "at": "2026-11-01T12:00:00Z", "followers": 7},
        ),
    ]


def test_a_handle_in_history_is_found_whatever_its_spelling():
    past = Observation(at=AT - timedelta(days=30), handle="@Old.Rosa")
    points = _observations(account(handle="Rosa", history=(past,)))
    assert [point.doc["handle"] for point in points] == ["old.rosa", "rosa"]


def test_the_latest_point_of_a_day_stands():
    early, late = (_observations(account(seconds=seconds, followers=7))[0] for seconds in (0, 1))
    assert early.doc_id == late.doc_id
    assert early.version < late.version


def test_a_post_is_versioned_by_the_time_it_was_fetched():
    given = {"platform": "x", "native_id": "7", "account_id": "x:1", "source": "s", "likes": 3}
    early, late = (_post(Post(**given, fetched_at=AT + timedelta(seconds=seconds))) for seconds in (0, 1))
    assert (early.index, early.doc_id) == ("posts-x", "x:7")
    assert early.version < late.version
    assert early.doc["posted_at"] is None
    assert Post.model_validate(early.doc["post"]) == Post(**given, fetched_at=AT)
