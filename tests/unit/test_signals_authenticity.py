"""Authenticity: bounded, additive, silent where too little is known, and never surer than it may be."""

import math
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.models import Account, Platform
from enrich.signals.authenticity import AuthenticitySignal, Curve, ProfileModel, authenticity
from enrich.signals.facts import CreatorFacts
from enrich.signals.profile_features import FEATURE_NAMES, Profile, in_words, profile_features

SEEN = datetime(2026, 11, 1, tzinfo=UTC)
COUNTS = st.none() | st.integers(0, 10**12)
TEXTS = st.none() | st.text(max_size=60)
PROFILES = st.builds(
    Profile,
    handle=TEXTS,
    name=TEXTS,
    bio=TEXTS,
    website=st.none() | st.booleans(),
    followers=COUNTS,
    following=COUNTS,
    posts=COUNTS,
    age_days=st.none() | st.floats(0, 20_000),
)


def account(**fields):
    known = {
        "platform": Platform.X,
        "native_id": "1",
        "handle": "maria_cooks",
        "name": "Maria Cooks",
        "bio": "Pastry chef in Porto",
        "followers": 12_000,
        "following": 300,
        "posts": 4_000,
        "joined_on": date(2015, 5, 1),
        "source": "test",
        "fetched_at": SEEN,
    }
    return Account(**(known | fields))


@pytest.fixture(scope="module")
def model():
    return ProfileModel.shipped()


@given(PROFILES)
def test_every_feature_is_finite_or_unknown_and_can_be_said(profile):
    for name, value in profile_features(profile).items():
        if value is not None:
            assert math.isfinite(value)
            assert value >= 0
            assert in_words(name, value)


@given(PROFILES)
def test_the_probability_is_what_bias_and_parts_add_up_to(profile):
    model = ProfileModel.shipped()
    features = profile_features(profile)
    probability = model.probability(features)
    assert 0 < probability < 1
    log_odds = math.log(probability / (1 - probability))
    assert log_odds == pytest.approx(model.bias + sum(model.parts(features).values()), abs=1e-6)


@given(st.floats(0, 1e12, allow_nan=False))
def test_a_curve_stays_between_its_values(value):
    curve = Curve((0.0, 2.0, 5.0), (-1.0, 0.5, 2.0))
    assert -1.0 <= curve.at(value) <= 2.0
    assert curve.at(0) == -1.0


def test_nothing_known_is_the_average_profile(model):
    assert model.parts(profile_features(Profile())) == {}
    assert model.probability({}) == pytest.approx(1 / (1 + math.exp(-model.bias)))
    assert set(model.curves) == set(FEATURE_NAMES)


def test_an_account_that_calls_itself_a_bot_is_likelier_one_and_the_reason_says_so(model):
    person = authenticity(account(), model)
    robot = authenticity(account(handle="recipe_bot", bio="A bot that tweets every recipe"), model)
    assert robot.probability > person.probability
    assert "calls itself a bot: 1: speaks for an automated account" in [reason.text for reason in robot.reasons]


def test_reasons_come_strongest_first_and_say_which_way_they_speak(model):
    found = authenticity(account(followers=1, following=4_900, posts=3), model)
    sizes = [abs(reason.weight) for reason in found.reasons]
    assert sizes == sorted(sizes, reverse=True)
    assert all(
        ("for" in reason.text) == (reason.weight > 0) for reason in found.reasons if "against" not in reason.text
    )
    assert all(reason.weight < 0 for reason in found.reasons if "against" in reason.text)


def test_too_little_known_gives_no_value(model):
    bare = account(name=None, bio=None, followers=None, following=None, posts=None)
    assert authenticity(bare, model) is None


def test_other_networks_are_answered_with_half_the_confidence(model):
    here, there = authenticity(account(), model), authenticity(account(platform=Platform.TIKTOK), model)
    assert there.probability == here.probability
    assert there.confidence == pytest.approx(here.confidence / 2, abs=1e-4)
    assert here.confidence <= model.reach


def test_a_composed_bio_and_the_order_of_accounts_change_nothing():
    signal = AuthenticitySignal()
    small, large = account(native_id="2", followers=10), account()
    one, other = CreatorFacts("c", (small, large)), CreatorFacts("c", (large, small))
    assert signal.inputs(one) == signal.inputs(other)
    assert signal.compute([one]) == signal.compute([other])
    assert [value.account_id for value in signal.compute([one])[0]] == ["x:1", "x:2"]
    unread = account(bio="A bot, automated", bio_composed=True)
    assert signal.compute([CreatorFacts("c", (unread,))]) == signal.compute([CreatorFacts("c", (account(bio=None),))])


def test_the_value_survives_being_stored():
    ((found,),) = AuthenticitySignal().compute([CreatorFacts("c", (account(),))])
    assert type(found).model_validate(found.model_dump(mode="json")) == found
    assert found.as_of == SEEN
