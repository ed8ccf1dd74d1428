"""Comparisons, weights and the waterfall of the match model."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.errors import SetupError
from creators.models import Link
from enrich.resolve.comparisons import COMPARISONS, HANDLES, compare
from enrich.resolve.estimation import Labelled, calibration, chances
from enrich.resolve.evidence import Evidence, Profile, describe
from enrich.resolve.handles import Fit, HandleLevel, fit
from enrich.resolve.model import MatchModel
from enrich.resolve.names import NameLevel, name_level
from enrich.resolve.naming import naming_levels
from enrich.resolve.rarity import Rarity

NOBODY = Rarity()
WORDS = st.lists(st.sampled_from(["jane", "thom", "thomas", "doe", "roe", "j", "d", "janedoe"]), max_size=3).map(tuple)
PROFILES = st.builds(
    Profile,
    account_id=st.sampled_from(["x:1", "github:2", "youtube:3"]),
    platform=st.sampled_from(["x", "github"]),
    handle=st.sampled_from(
        [None, "janedoe", "jdoe", "rep_jane_doe", "doe1987", "kestrel", "kestrell", "UC" + "a" * 22]
    ),
    name=st.sampled_from([None, "Jane Doe", "Jane", "J. Doe", "Thomas Roe", "kestrel"]),
    bio=st.sampled_from([None, "woodturner from Leeds", "woodturner and potter"]),
    website=st.sampled_from([None, "https://janedoe.dev", "https://janedoe.dev/about", "https://example.org"]),
    followers=st.one_of(st.none(), st.integers(0, 10**8)),
    country=st.sampled_from([None, "GB", "US"]),
    avatar_hash=st.sampled_from([None, "00ff00ff00ff00ff", "00ff00ff00ff00fe", "f" * 16]),
    email_hashes=st.sampled_from([(), ("a",), ("b",)]),
)


def seen(platform: str, **fields: object) -> Evidence:
    return describe(Profile(account_id=f"{platform}:{fields.get('handle')}", platform=platform, **fields))


def level(left: Evidence, right: Evidence, name: str, rarity: Rarity = NOBODY) -> str:
    at = next(at for at, comparison in enumerate(COMPARISONS) if comparison.name == name)
    return COMPARISONS[at].levels[compare(left, right, rarity)[at]]


@given(left=PROFILES, right=PROFILES)
def test_comparing_has_no_direction_and_every_level_has_a_name(left, right):
    one, other = describe(left), describe(right)
    levels = compare(one, other, NOBODY)
    assert levels == compare(other, one, NOBODY)
    assert all(0 <= at < len(comparison.levels) for at, comparison in zip(levels, COMPARISONS, strict=True))


@given(left=WORDS, right=WORDS)
def test_names_have_no_direction(left, right):
    assert name_level(left, right, NOBODY) == name_level(right, left, NOBODY)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("jane doe", "doe jane", NameLevel.FULL_RARE),
        ("thom roe", "thomas roe", NameLevel.FULL_RARE),
        ("janedoe", "jane doe", NameLevel.FULL_RARE),
        ("j doe", "jane doe", NameLevel.INITIAL_RARE),
        ("jane d", "jane doe", NameLevel.INITIAL_COMMON),
        ("jane", "jane doe", NameLevel.PART_RARE),
        ("mary doe", "jane doe", NameLevel.FAMILY_ONLY),
        ("jane roe", "jane doe", NameLevel.GIVEN_ONLY),
        ("molly roe", "martha m roe", NameLevel.FAMILY_ONLY),
        ("mary roe", "jane doe", NameLevel.CLASH),
        ("m r", "mary", NameLevel.UNKNOWN),
        ("", "jane doe", NameLevel.UNKNOWN),
    ],
)
def test_how_names_relate(left, right, expected):
    assert name_level(tuple(left.split()), tuple(right.split()), NOBODY) == expected


def test_what_many_have_is_common():
    crowded = Rarity(words={"jane": 900, "doe": 700}, total=10_000)
    assert name_level(("jane", "doe"), ("jane", "doe"), crowded) == NameLevel.FULL_COMMON
    assert name_level(("jane",), ("jane", "doe"), crowded) == NameLevel.PART_COMMON


@pytest.mark.parametrize(
    ("name", "handle", "expected"),
    [
        ("jane doe", "janedoe", Fit.FULL),
        ("jane doe", "jdoe", Fit.INITIALS),
        ("jane doe", "doej", Fit.INITIALS),
        ("jane mary doe", "jmdoe", Fit.INITIALS),
        ("jane doe", "janeworks", Fit.PART),
        ("jane doe", "kestrel", Fit.NONE),
    ],
)
def test_how_much_of_a_name_a_handle_shows(name, handle, expected):
    assert fit(tuple(name.split()), handle) == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (("Jane Doe", "kestrel"), ("Jane Doe", "kestrel"), (NameLevel.FULL_RARE, HandleLevel.SAME_RARE)),
        (("Jane Doe", "RepJaneDoe"), ("Jane Doe", "janedoe"), (NameLevel.FULL_RARE, HandleLevel.AFFIX_DIFFERS)),
        (("Jane Doe", "kestrel1"), ("Jane Doe", "kestrel2"), (NameLevel.FULL_RARE, HandleLevel.DIGITS_CLASH)),
        (("Jane Doe", "kestrel"), ("Mary Roe", "kestrell"), (NameLevel.CLASH, HandleLevel.NEAR)),
        (("Jane Doe", "jdoe"), ("Jane Doe", "janedoe"), (NameLevel.FULL_RARE, HandleLevel.BOTH_NAMED)),
        (("Jane Doe", "jdoe"), ("Jane Doe", "kestrel"), (NameLevel.FULL_RARE, HandleLevel.NAMED_AND_NOT)),
        (("Jane", "doeforleeds"), ("Jane Doe", "kestrel"), (NameLevel.FULL_SPLIT, HandleLevel.PARTLY_AND_NOT)),
        (("janedoe1", "janedoe1"), ("Jane Doe", "jdoe"), (NameLevel.FULL_SHOWN, HandleLevel.BOTH_NAMED)),
        (("kestrel", "kestrel"), ("Jane Doe", "wren"), (NameLevel.UNKNOWN, HandleLevel.UNRELATED)),
        # Letters in a row that are in no name; one word as a name, held against each handle; a number of the network's.
        (("Jane Doe", "moonglum"), ("Jane Doe", "moonbeam"), (NameLevel.FULL_RARE, HandleLevel.RUN_SHARED)),
        (("Jane Doe", "janeglum"), ("Jane Doe", "janebeam"), (NameLevel.FULL_RARE, HandleLevel.BOTH_PARTLY)),
        (("Jane Doe", "janeglum"), ("Jane Doe", "jaguar"), (NameLevel.FULL_RARE, HandleLevel.PART_AND_HINT)),
        (("kestrel", "kestrel"), ("Kestrel", "wren"), (NameLevel.ONE_WORD, HandleLevel.NAMED_AND_NOT)),
        (("kestrel", "kestrel"), ("Kestrel", "kestrelgb"), (NameLevel.ONE_WORD, HandleLevel.CONTAINED)),
        (("Jane Doe", "janedoe"), ("Jane Doe", "jane-doe-6a888521b"), (NameLevel.FULL_RARE, HandleLevel.AFFIX_DIFFERS)),
        # A name that is full itself is not completed by its handle, and one word of a handle shows no other.
        (("JaneDoe", "janedoe"), ("Janedoe Roe", "janedoe_roe"), (NameLevel.PART_RARE, HandleLevel.CONTAINED)),
        (("Manish", "manishty"), ("Manish Mani", "wren"), (NameLevel.PART_RARE, HandleLevel.NAMED_AND_NOT)),
    ],
)
def test_names_and_handles_together(left, right, expected):
    accounts = [seen(net, name=name, handle=handle) for net, (name, handle) in (("x", left), ("github", right))]
    assert naming_levels(*accounts, NOBODY) == expected


def test_a_website_of_many_is_nobodys():
    left, right = (seen(net, handle=net, website="https://example.org/team") for net in ("x", "github"))
    assert level(left, right, "site") == "page"
    assert level(left, right, "site", Rarity(places={"example.org/team": 40}, total=100)) == "shared page"


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ({"website": "https://kestrel.dev"}, {"handle": "kestrel_dev"}, "named"),
        ({"website": "https://blog.kestrel.eu/me"}, {"handle": "kestrel"}, "named"),
        ({"website": "https://linktr.ee/kestrel"}, {"handle": "kestrel9", "website": "https://wren.org"}, "named"),
        ({"website": "https://kestrel.dev"}, {"handle": "wren"}, "unknown"),
        ({"handle": "kestrel", "website": "https://kestrel.dev"}, {"handle": "kestrel"}, "unknown"),
        ({"website": "https://kestrel.ac.uk"}, {"handle": "kestrel"}, "unknown"),
        ({"website": "https://a.kestrel.dev"}, {"website": "https://b.kestrel.dev"}, "domain"),
        ({"website": "https://wren.dev"}, {"website": "https://kestrel.dev"}, "other site"),
    ],
)
def test_a_website_can_be_called_as_the_others_handle(left, right, expected):
    accounts = seen("x", **{"handle": "one", **left}), seen("github", **{"handle": "other", **right})
    assert level(*accounts, "site") == level(*reversed(accounts), "site") == expected


def test_a_domain_of_many_says_nothing():
    left, right = (seen(net, handle=net, website=f"https://{net}.example.org") for net in ("x", "github"))
    assert level(left, right, "site", Rarity(places={"example.org": 40}, total=100)) == "unknown"


def test_a_table_without_words_of_bios_calls_none_of_them_rare():
    left, right = (
        describe(Profile(account_id=f"{network}:1", platform=network, handle="a", bio="coffee lover"))
        for network in ("x", "tiktok")
    )
    assert level(left, right, "bio") == "common words"
    assert level(left, right, "bio", Rarity(bios={"coffee": 40}, total=100)) == "rare word"
    assert level(left, right, "bio", Rarity(bios={"coffee": 40, "lover": 30}, total=100)) == "common words"
    assert level(left, right, "bio", Rarity(bios={"tea": 40}, total=100)) == "rare words"


def test_links_e_mail_and_pictures():
    left = seen("x", handle="jane", links=(Link(platform="github", handle="jdoe"),), email_hashes=("a",))
    right = seen("github", handle="jdoe", links=(Link(platform="x", handle="Jane"),), email_hashes=("a", "b"))
    assert level(left, right, "link") == "mutual"
    assert level(left, seen("github", handle="jdoe"), "link") == "one way"
    assert level(left, right, "email") == "same"
    near = [seen(net, handle=net, avatar_hash=bits) for net, bits in (("x", "0" * 16), ("github", "0" * 15 + "7"))]
    assert level(*near, "avatar") == "same"


@given(left=PROFILES, right=PROFILES)
def test_the_waterfall_adds_up_exactly(left, right):
    one, other = describe(left), describe(right)
    match = MatchModel.shipped().match(one, other)
    assert sum(part.weight for part in match.parts) == match.weight
    assert 0 <= match.probability <= 1
    turned = MatchModel.shipped().match(other, one)
    assert (turned.probability, turned.weight, turned.parts) == (match.probability, match.weight, match.parts)


def test_the_shipped_model_tells_people_apart():
    model = MatchModel.shipped()
    jane = seen("x", handle="janekestrel", name="Jane Kestrel")
    assert model.match(jane, seen("github", handle="janekestrel", name="Jane Kestrel")).probability > 0.95
    assert model.match(jane, seen("github", handle="janekestrel1", name="Mary Roe")).probability < 0.6
    assert model.match(jane, seen("github", handle="janeroe", name="Jane Roe")).probability < 0.05
    assert model.match(jane, seen("x", handle="janekestrel_", name="Jane Kestrel")).probability < 0.95


def test_the_probability_grows_with_the_weight():
    model = MatchModel.shipped()
    scored = sorted(model.score((cell, *[0] * (len(COMPARISONS) - 1))) for cell in range(len(COMPARISONS[0].levels)))
    assert [probability for _, probability in scored] == sorted(probability for _, probability in scored)


def test_a_model_survives_json_and_another_has_another_version():
    model = MatchModel.shipped()
    copy = MatchModel.of_json(json.loads(json.dumps(model.as_json())))
    assert (copy.version, copy.weights) == (model.version, model.weights)
    assert model.with_rarity(Rarity(total=7)).version != model.version


def test_a_model_of_other_levels_is_refused_with_what_to_do():
    data = MatchModel.shipped().as_json()
    with pytest.raises(SetupError, match="identity learn"):
        MatchModel.of_json(data | {"comparisons": {}})


def test_chances_are_shares_and_an_unseen_level_keeps_a_chance():
    blank = [0] * len(COMPARISONS)
    cell = NameLevel.FULL_RARE * HANDLES + HandleLevel.SAME_RARE
    pairs = [Labelled((cell, 1, *blank[2:]), same=True)] * 30 + [Labelled((0, 5, *blank[2:]), same=False)] * 60
    naming, site = chances(pairs)[:2]
    assert sum(naming.m) == pytest.approx(1)
    assert sum(site.u[1:]) == pytest.approx(1)
    assert naming.m[cell] > naming.u[cell] > 0
    assert site.m[1] > 0.5
    assert 0.1 > site.u[1] > 0


def test_calibration_finds_the_line_that_made_the_labels():
    random = np.random.default_rng(7)
    weights = random.uniform(-8, 8, 20_000)
    same = (random.random(20_000) < 1 / (1 + np.exp(-(0.5 * weights - 1)))).astype(float)
    slope, intercept = calibration(weights, same, np.ones_like(weights))
    assert slope == pytest.approx(0.5, abs=0.05)
    assert intercept == pytest.approx(-1, abs=0.1)
