"""Variety: off by default, nobody is lost, scores stay, and who is moved is told why."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from search.rank.diversity import RECENT, Diversity, Traits, diversify, duplicates
from search.rank.features import Wish
from search.rank.model import rank
from tests.fixtures.candidates import candidates


def ranked_of(scores):
    """Candidates ``c00``, ``c01`` … in the order of these descending scores."""
    rows = [((score, *[math.nan] * 6), (None, None, ())) for score in scores]
    return rank(candidates(rows), {"text_match": 1.0}, Wish())


def traits(count, **more):
    return Traits(labels=tuple(f"creator {number}" for number in range(count)), **more)


def unit(*angles):
    """Vectors in the plane at these angles, in degrees."""
    radians = np.radians(np.array(angles, dtype=np.float64))
    return np.column_stack([np.cos(radians), np.sin(radians)]).astype(np.float32)


GROUPS = st.lists(st.sampled_from([None, "tiktok", "x", "youtube"]), min_size=1, max_size=40)
KINDS = st.sampled_from(
    [
        Diversity(suppress_duplicates=True),
        Diversity(spread="platform", strength=0.5),
        Diversity(spread="niche", strength=1.0),
        Diversity(spread="platform", strength=0.05, suppress_duplicates=True, duplicate_cosine=0.5),
    ]
)


@given(groups=GROUPS, wish=KINDS, seed=st.integers(0, 1000))
def test_nobody_is_lost_and_scores_stay(groups, wish, seed):
    rng = np.random.default_rng(seed)
    count = len(groups)
    ranked = ranked_of(np.sort(rng.random(count))[::-1] + 0.1)
    vectors = unit(*rng.integers(0, 360, count).tolist())
    keys = tuple(rng.choice(["a", "b", None], count).tolist())
    found = diversify(ranked, traits(count, groups=tuple(groups), vectors=vectors, keys=keys), wish)
    score_of = dict(zip(ranked.ids, ranked.scores, strict=True))
    assert sorted(found.ids) == sorted(ranked.ids)
    assert [score_of[one] for one in found.ids] == found.scores.tolist()
    assert math.isclose(found.contributions.sum(), ranked.contributions.sum(), abs_tol=1e-9)
    assert len(found.notes) == count
    for place, (one, note) in enumerate(zip(found.ids, found.notes, strict=True)):
        moved = place - ranked.ids.index(one)
        expected = {0: ("", "stays: near duplicate"), 1: ("held back",), -1: ("moved up",)}[int(np.sign(moved))]
        assert any(note.startswith(start) for start in expected)
        assert moved == 0 or str(abs(moved)) in note


@pytest.mark.parametrize("wish", [Diversity(), Diversity(spread="platform", strength=0.0)])
def test_it_is_off_by_default(wish):
    ranked = ranked_of([3, 2, 1])
    assert wish.is_off
    assert diversify(ranked, traits(3, groups=("x",) * 3, keys=("a",) * 3), wish) is ranked


def test_an_empty_window_stays_empty():
    ranked = ranked_of([])
    assert diversify(ranked, traits(0), Diversity(suppress_duplicates=True, spread="niche")).ids == ()


def test_near_duplicates_go_behind_everybody_else():
    ranked = ranked_of([5, 4, 3, 2, 1])
    found = diversify(
        ranked,
        traits(5, vectors=unit(0, 5, 90, 180, 182), keys=(None, None, "rosa", None, None)),
        Diversity(suppress_duplicates=True, duplicate_cosine=0.99),
    )
    assert found.ids == ("c00", "c02", "c03", "c01", "c04")
    assert found.notes == (
        "",
        "moved up 1 place: others were held back",
        "moved up 1 place: others were held back",
        "held back 2 places: near duplicate of creator 0 (cosine 1.00)",
        "stays: near duplicate of creator 3 (cosine 1.00)",
    )


def test_the_same_name_or_text_is_a_duplicate_without_vectors():
    found = duplicates(traits(4, keys=("rosa", None, "rosa", None)), 0.97)
    assert found == {2: (0, "the same name or text")}


def test_a_chain_of_small_differences_does_not_join_its_ends():
    # 0 and 10 degrees are near, 10 and 20 too; 0 and 20 are not.
    found = duplicates(traits(3, vectors=unit(0, 10, 20)), math.cos(math.radians(12)))
    assert found.keys() == {1}


def test_the_threshold_is_reached_at_equality_and_an_unknown_vector_is_nobodys_twin():
    vectors = np.array([[1, 0], [1, 0], [0, 0], [0, 0]], dtype=np.float32)
    assert duplicates(traits(4, vectors=vectors), 1.0).keys() == {1}


def runs_of(groups):
    """The longest run of one group."""
    longest = run = 1
    for before, after in pairwise(groups):
        run = run + 1 if before == after else 1
        longest = max(longest, run)
    return longest


def spread(scores, groups, strength):
    found = diversify(
        ranked_of(scores), traits(len(groups), groups=groups), Diversity(spread="platform", strength=strength)
    )
    return found, [groups[int(one[1:])] for one in found.ids]


def test_a_spread_page_has_several_platforms():
    groups = ("tiktok",) * 20 + ("x",) * 5 + ("youtube",) * 5
    scores = np.linspace(1.0, 0.4, 30)
    top = {strength: spread(scores, groups, strength)[1][:10] for strength in (0.1, 0.5, 0.9)}
    shares = [top[strength].count("tiktok") for strength in (0.1, 0.5, 0.9)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[-1]
    assert set(top[0.9]) == {"tiktok", "x", "youtube"}


def test_within_a_group_the_order_stays():
    groups = ("tiktok", "tiktok", "x", "tiktok", "x", "youtube") * 5
    found, _ = spread(np.linspace(1.0, 0.1, 30), groups, 0.8)
    for group in set(groups):
        own = [one for one in found.ids if groups[int(one[1:])] == group]
        assert own == sorted(own)


def test_full_strength_takes_turns_and_the_best_starts():
    found, order = spread(np.linspace(1.0, 0.1, 12), ("tiktok",) * 6 + ("x",) * 6, 1.0)
    assert found.ids[0] == "c00"
    assert runs_of(order) == 1


def test_who_has_no_group_is_never_redundant():
    found, _ = spread(np.linspace(1.0, 0.1, RECENT), (None,) * RECENT, 0.9)
    assert found.ids == tuple(sorted(found.ids))
    assert set(found.notes) == {""}


def test_one_group_alone_keeps_its_order():
    found, _ = spread([3, 2, 1], ("x", "x", "x"), 1.0)
    assert found.ids == ("c00", "c01", "c02")


def test_both_at_once():
    wish = Diversity(suppress_duplicates=True, spread="platform", strength=1.0)
    found = diversify(
        ranked_of([4, 3, 2, 1]),
        traits(4, keys=("a", "a", None, None), groups=("x", "x", "x", "tiktok")),
        wish,
    )
    assert found.ids == ("c00", "c03", "c02", "c01")
    assert found.notes == (
        "",
        "moved up 2 places: spread over platforms",
        "",
        "held back 2 places: near duplicate of creator 0 (the same name or text)",
    )


@pytest.mark.parametrize(
    "wrong", [{"strength": 1.1}, {"duplicate_cosine": -0.1}, {"spread": "country"}, {"suppres_duplicates": True}]
)
def test_what_cannot_be_wished_for_is_refused(wrong):
    with pytest.raises(ValidationError):
        Diversity(**wrong)
