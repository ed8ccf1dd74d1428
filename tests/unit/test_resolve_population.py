"""A whole population at once: the same pairs, weights and groups as one pair after the other, and nothing ruled out."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import replace
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.resolution.crowd import Crowd
from creators.errors import CreatorscopeError
from creators.models import Link
from enrich.resolve.blocks import hash_of, pairs_of
from enrich.resolve.bounds import hopeful
from enrich.resolve.clustering import Node, cluster
from enrich.resolve.columns import columns_of
from enrich.resolve.comparisons import COMPARISONS, compare
from enrich.resolve.evidence import Profile, describe
from enrich.resolve.keys import MAX_BLOCK, candidates
from enrich.resolve.model import MatchModel
from enrich.resolve.population import Scored, Terms, least_weight, resolve_population
from enrich.resolve.rarity import Rarity
from enrich.resolve.rows import Pairs

NAMES = (
    "Jane Doe",
    "Jane",
    "Doe, Jane",
    "J. Doe",
    "janedoe",
    "Jayne Doe",
    "Bill Gray",
    "William Gray",
    "Åsa Ek",
    "moonglum",
    "",
    "X Æ",
)
HANDLES = (
    "janedoe",
    "jane_doe",
    "JaneDoe4",
    "jdoe",
    "doej",
    "janedoe7",
    "therealjanedoe",
    "billgray",
    "graybill",
    "moonglum",
    "moonbeam",
    "zz",
    None,
)
SITES = (
    "https://janedoe.dev",
    "https://linktr.ee/janedoe",
    "https://janedoe.dev/about",
    "https://gray.example.org",
    "https://moonbeam.dev",
    None,
)
BIOS = ("Maker of looms and compilers in Oslo", "compilers, looms, bread", "Mother of three", None)
AVATARS = ("ffff0000ffff0000", "ffff0000ffff0001", "0000ffff0000ffff", None)


def made(weights):
    """A model with any weights at all: what is ruled out must not depend on what was learnt."""
    rarity = Rarity(words={"jane": 900, "doe": 13}, handles={"janedoe": 40}, bios={"looms": 20}, total=1000)
    return MatchModel((), weights.pop(), 0.7, 0.1, rarity, "any", tuple(weights))


@st.composite
def models(draw):
    rng = random.Random(draw(st.integers(0, 10**6)))  # noqa: S311 - any weights
    tables = [(0.0, *(rng.uniform(-6, 6) for _ in one.levels[1:])) for one in COMPARISONS]
    return made([*tables, rng.uniform(-8, 2)])


@st.composite
def accounts(draw):
    platform = draw(st.sampled_from(("x", "github", "tiktok")))
    number = str(draw(st.integers(0, 10**6)))
    return describe(
        Profile(
            account_id=f"{platform}:{number}",
            platform=platform,
            native_id=number,
            handle=draw(st.sampled_from(HANDLES) | st.text("janedo_.1é ", min_size=1, max_size=9)),
            name=draw(st.sampled_from(NAMES) | st.text("Jane Doy'. 4", max_size=14)),
            bio=draw(st.sampled_from(BIOS)),
            website=draw(st.sampled_from(SITES)),
            links=tuple(
                Link(platform="x", handle=handle) for handle in draw(st.lists(st.sampled_from(HANDLES[:4]), max_size=6))
            ),
            email_hashes=tuple(draw(st.lists(st.sampled_from("ab"), max_size=1))),
            country=draw(st.sampled_from(("DE", "US", None))),
            language=draw(st.sampled_from(("de", "en", None))),
            followers=draw(st.sampled_from((None, 0, 30, 31, 999, 10**6))),
            avatar_hash=draw(st.sampled_from(AVATARS)),
        )
    )


def exact(left, right, model):
    return model.score(compare(left, right, model.rarity))[0]


@settings(max_examples=60, deadline=None)
@given(st.lists(accounts(), min_size=2, max_size=12), models(), st.floats(-20, 20))
def test_no_pair_that_reaches_a_weight_is_ruled_out(found, model, least):
    pairs = list(combinations(range(len(found)), 2))
    left, right = np.array(pairs).T
    kept = hopeful(Pairs(columns_of(found, model.rarity), left, right), model, least)
    there = set(zip(kept.left.tolist(), kept.right.tolist(), strict=True))
    missed = [pair for pair in pairs if exact(found[pair[0]], found[pair[1]], model) >= least and pair not in there]
    assert not missed, [(found[one], found[other]) for one, other in missed]


@cache
def crowd():
    return [describe(profile) for _, profile in Crowd.of(7).part(0, 600)]


@cache
def trusted():
    """A model that believes names and handles, in the order of their levels, and nothing else much."""
    naming = COMPARISONS[0].levels
    tables = [(0.0, *(9 - 18 * at / len(naming) for at in range(1, len(naming))))]
    tables += [(0.0, *(3.0 - 2 * at for at in range(1, len(one.levels)))) for one in COMPARISONS[1:]]
    return replace(made([*tables, -3.0]), rarity=Rarity.of(crowd()))


@pytest.mark.parametrize("workers", [1, 2])
def test_all_at_once_is_as_one_after_the_other(workers):
    found, model = crowd(), trusted()
    judged = {"joined": (("x:0-0", "github:0-1"),), "apart": ((found[0].account_id, found[1].account_id),)}
    terms = Terms(model, workers=workers, **judged)
    steps = []
    outcome = resolve_population(
        [lambda at=at: found[at::3] for at in range(3)], terms, on_step=lambda *told: steps.append(told)
    )
    evidences = {one.account_id: one for one in found}
    matches = [
        Scored(one, other, model.score(compare(evidences[one], evidences[other], model.rarity))[1])
        for one, other in candidates(evidences)
    ]
    assert (outcome.accounts, outcome.candidates) == (len(found), len(matches))
    assert [tuple(one) for one in outcome.matches] == sorted(
        (m.left, m.right, m.probability) for m in matches if m.probability >= terms.review
    )
    assert 10 < len(outcome.matches) <= outcome.scored < len(matches)
    nodes = {one.account_id: Node(one.platform) for one in found}
    groups = cluster(nodes, matches, terms.joined, terms.apart, terms.merge)
    assert outcome.groups == [group for group in groups if len(group) > 1]
    assert {step for step, _, _ in steps} == set(outcome.seconds) - {"groups"}


_LATE = {"forked": 0, "wanted": -1}


def _late_where_wanted():
    if _LATE["forked"] == _LATE["wanted"]:
        time.sleep(1)


os.register_at_fork(before=lambda: _LATE.update(forked=_LATE["forked"] + 1), after_in_child=_late_where_wanted)


@pytest.fixture
def late(monkeypatch):
    """The second process begins when the first has done all there is, and no signal ends it: it may come too early."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    monkeypatch.setitem(_LATE, "wanted", _LATE["forked"] + 2)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.timeout(60)
@pytest.mark.usefixtures("late")
def test_a_process_that_begins_late_ends_too():
    outcome = resolve_population([lambda at=at: crowd()[at::2] for at in range(2)], Terms(trusted(), workers=2))
    assert outcome.accounts == len(crowd())


@pytest.mark.timeout(60)
def test_a_process_that_is_killed_is_an_error_that_says_what_to_do():
    def killed():
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(CreatorscopeError, match="lack of memory: try again with fewer --workers"):
        resolve_population([killed, crowd], Terms(trusted(), workers=2))


def test_a_population_of_nobody_is_nobody():
    outcome = resolve_population([list], Terms(trusted(), workers=1))
    assert (outcome.accounts, outcome.candidates, outcome.groups, outcome.matches) == (0, 0, [], [])


@given(st.floats(0.01, 0.99), st.floats(0.1, 3), st.floats(-3, 3))
def test_the_least_weight_is_where_the_probability_begins(review, slope, intercept):
    terms = Terms(replace(trusted(), slope=slope, intercept=intercept), review=review)
    weight = least_weight(terms)
    assert 1 / (1 + np.exp(-(slope * weight + intercept))) == pytest.approx(review)


@given(st.lists(st.frozensets(st.integers(0, 30), max_size=6), max_size=25), st.integers(1, 5))
@example([frozenset({1})] * 6, 5)
def test_pairs_are_those_that_share_a_key_of_few(keys, most):
    hashes = np.array([hash_of(str(key)) for some in keys for key in sorted(some)], dtype=np.uint64)
    owners = np.repeat(np.arange(len(keys)), [len(some) for some in keys]).astype(np.int64)
    codes = pairs_of(hashes, owners, len(keys), most=most)
    usable = {key for some in keys for key in some if sum(key in other for other in keys) <= most}
    expected = {pair for pair in combinations(range(len(keys)), 2) if keys[pair[0]] & keys[pair[1]] & usable}
    assert [divmod(int(code), len(keys)) for code in codes] == sorted(expected)
    assert MAX_BLOCK > 1
