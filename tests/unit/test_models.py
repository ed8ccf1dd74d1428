"""The types between stages: what they refuse, and that they survive the way through a store."""

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from creators.models import DOMAIN_OF, Account, Averages, Domain, Link, Observation, Platform, Post, RawRecord
from creators.signals.creator import NicheScore
from creators.signals.performance import Engagement, Growth

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
COUNTS = st.none() | st.integers(0, 2**53)
TIMES = st.datetimes(timezones=st.just(UTC))


def account(**more):
    return Account(**{"platform": "youtube", "native_id": "UC1", "source": "test", "fetched_at": AT} | more)


def post(**more):
    given = {"platform": "x", "native_id": "7", "account_id": "x:1", "source": "s", "fetched_at": AT}
    return Post(**given | more)


def raw(**more):
    given = {"platform": "x", "source": "s", "kind": "k", "native_id": "1", "fetched_at": AT, "body": {}}
    return RawRecord(**given | more)


def place_of(error):
    return [".".join(map(str, one["loc"])) for one in error.value.errors()]


@pytest.mark.parametrize("field", ["followers", "following", "posts", "views"])
@pytest.mark.parametrize("make", [account, lambda **given: Observation(at=AT, **given)], ids=["account", "observation"])
def test_negative_counts_are_refused(make, field):
    with pytest.raises(ValidationError) as error:
        make(**{field: -1})
    assert place_of(error) == [field]
    assert getattr(make(**{field: 0}), field) == 0
    assert getattr(make(), field) is None


@pytest.mark.parametrize("field", ["views", "likes", "comments", "shares"])
@pytest.mark.parametrize("make", [post, Averages], ids=["post", "averages"])
def test_negative_counters_are_refused(make, field):
    with pytest.raises(ValidationError) as error:
        make(**{field: -1})
    assert place_of(error) == [field]


@pytest.mark.parametrize(
    ("make", "given"),
    [
        (account, {"engagement_rate": -0.1}),
        (account, {"native_id": ""}),
        (account, {"native_id": "x" * 257}),
        (account, {"handle": ""}),
        (account, {"handle": "x" * 101}),
        (account, {"country": "br"}),
        (account, {"country": "BRA"}),
        (account, {"language": "PT"}),
        (account, {"platform": "myspace"}),
        (account, {"tier": 4}),
        (account, {"followers": 1.5}),
        (raw, {"cost_usd": -1}),
        (raw, {"native_id": ""}),
    ],
)
def test_values_that_cannot_be_are_refused(make, given):
    with pytest.raises(ValidationError) as error:
        make(**given)
    assert place_of(error) == list(given)


@pytest.mark.parametrize("confidence", [-0.01, 1.01])
def test_a_confidence_is_a_fraction(confidence):
    with pytest.raises(ValidationError):
        NicheScore(niche="food", confidence=confidence)


@pytest.mark.parametrize("make", [account, post, raw], ids=["account", "post", "raw"])
def test_unknown_fields_are_refused(make):
    with pytest.raises(ValidationError) as error:
        make(folowers=1)
    assert [(one["type"], one["loc"]) for one in error.value.errors()] == [("extra_forbidden", ("folowers",))]


def test_values_never_change():
    with pytest.raises(ValidationError, match="frozen"):
        account().followers = 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (datetime(2026, 1, 2, 3), datetime(2026, 1, 2, 3, tzinfo=UTC)),  # noqa: DTZ001 - naive is the case under test
        (datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=5))), datetime(2026, 1, 1, 22, tzinfo=UTC)),
        ("2026-01-02T03:00:00", datetime(2026, 1, 2, 3, tzinfo=UTC)),
        ("2026-01-02T03:00:00+05:00", datetime(2026, 1, 1, 22, tzinfo=UTC)),
    ],
)
def test_times_become_utc(given, expected):
    times = (account(fetched_at=given).fetched_at, post(posted_at=given).posted_at, raw(fetched_at=given).fetched_at)
    assert times == (expected,) * 3
    assert {one.tzinfo for one in times} == {UTC}


ACCOUNTS = st.builds(
    Account,
    platform=st.sampled_from(Platform),
    native_id=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    handle=st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    bio=st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    bio_composed=st.booleans(),
    has_email=st.none() | st.booleans(),
    country=st.none() | st.sampled_from(["BR", "TW"]),
    verified=st.none() | st.booleans(),
    topics=st.lists(st.sampled_from(["a", "b"])).map(tuple),
    followers=COUNTS,
    views=COUNTS,
    averages=st.builds(Averages, likes=st.none() | st.floats(0, 1e9)),
    engagement_rate=st.none() | st.floats(0, 10),
    joined_on=st.none() | st.dates(),
    last_posted_at=st.none() | TIMES,
    links=st.lists(st.builds(Link, platform=st.just("x"), handle=st.none() | st.just("a"))).map(tuple),
    history=st.lists(st.builds(Observation, at=TIMES, followers=COUNTS), max_size=3).map(tuple),
    source=st.just("test"),
    tier=st.sampled_from([1, 2, 3]),
    degraded=st.booleans(),
    fetched_at=TIMES,
)


@given(ACCOUNTS)
def test_an_account_survives_without_its_defaults(one):
    assert Account.model_validate(one.model_dump(exclude_defaults=True)) == one
    stored = json.loads(json.dumps(one.model_dump(mode="json", exclude_defaults=True)))
    assert Account.model_validate(stored) == one
    assert None not in stored.values()


def test_zero_is_stored_and_unknown_is_not():
    stored = account(followers=0, posts=None, verified=False).model_dump(mode="json", exclude_defaults=True)
    assert {name: stored.get(name, "absent") for name in ("followers", "posts", "verified")} == {
        "followers": 0,
        "posts": "absent",
        "verified": False,
    }


def test_ids_are_platform_and_native_id():
    assert account().account_id == "youtube:UC1"
    assert raw().account_id == "x:1"
    assert post().post_id == "x:7"


def test_an_observation_is_the_counters_of_the_record():
    one = account(handle="rosa", followers=4, following=3, posts=2, views=1, history=(Observation(at=AT),))
    assert one.observation == Observation(at=AT, handle="rosa", followers=4, following=3, posts=2, views=1)


def test_every_platform_has_its_domain():
    assert DOMAIN_OF == {
        Platform.INSTAGRAM: Domain.SHORT_FORM,
        Platform.TIKTOK: Domain.SHORT_FORM,
        Platform.YOUTUBE: Domain.LONG_FORM,
        Platform.X: Domain.MICROBLOG,
        Platform.GITHUB: Domain.CODE,
    }


def test_growth_may_be_negative_and_engagement_not():
    assert (
        Growth(account_id="x:a", platform="x", window_days=30, rate=-0.5, sample_size=2, method="m", as_of=AT).rate
        == -0.5
    )
    with pytest.raises(ValidationError):
        Engagement(account_id="x:a", platform="x", rate=-0.5, method="m", as_of=AT)


def test_dates_stay_dates():
    assert account(joined_on="2016-05-04").joined_on == date(2016, 5, 4)


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:00-10:00"])
def test_a_time_that_is_none_in_utc_is_wrong_input(time):
    with pytest.raises(ValidationError, match="years 1 to 9999"):
        Observation(at=time)
