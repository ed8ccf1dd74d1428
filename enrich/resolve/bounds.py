"""The most that the weight of a pair can be, of millions of pairs at once, from columns of numbers; pure.

Never less than the exact weight, so that a pair whose bound is below a threshold need not be scored: what comes out is
what scoring every pair would give. What is cheap to know exactly is exact; of names and handles it is known what they
cannot be (two words that share too few letters are not one word), and every level that is left counts as possible.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from enrich.resolve import columns as has
from enrich.resolve.comparisons import AVATAR_NEAR, AVATAR_SAME, COMPARISONS, HANDLES, SCALE_FAR, SCALE_NEAR
from enrich.resolve.handle_bounds import handle_levels
from enrich.resolve.handles import HandleLevel
from enrich.resolve.model import MatchModel
from enrich.resolve.name_bounds import name_levels
from enrich.resolve.names import NameLevel
from enrich.resolve.rows import Bools, Pairs, shared

Floats = NDArray[np.float64]
Weights = Sequence[float]
_TOUCH = 1e-9


def _choice(known: Bools, yes: Bools, then: float, otherwise: float) -> Floats:
    return np.where(known, np.where(yes, then, otherwise), 0.0)


def _agreement(name: str) -> Callable[[Pairs, Weights], Floats]:
    def ask(pairs: Pairs, weights: Weights) -> Floats:
        left, right = pairs.both(name)
        return _choice((left != 0) & (right != 0), left == right, weights[1], weights[2])

    return ask


def _site(pairs: Pairs, weights: Weights) -> Floats:
    left, right = pairs.have(has.HAS_PLACE)
    met = shared(*pairs.both("places"))
    labels, plain, key = pairs.both("labels"), pairs.both("plain"), pairs.both("key")
    named = np.zeros(len(left), dtype=np.bool_)
    for own, other in ((0, 1), (1, 0)):
        there = (labels[own] == plain[other][:, None]) | (labels[own] == key[other][:, None])
        named |= (there & (labels[own] != 0)).any(axis=1)
    # A domain that both have may be one that many have, which says nothing.
    most = _choice(left & right, met, max(0.0, *weights[1:4]), weights[4])
    return np.where(named, np.maximum(most, weights[5]), most)


def _email(pairs: Pairs, weights: Weights) -> Floats:
    left, right = pairs.have(has.HAS_EMAIL)
    met = np.bitwise_and(*pairs.both("email")) != 0
    return _choice(left & right, met, max(weights[1:]), weights[2])


def _link(pairs: Pairs, weights: Weights) -> Floats:
    links, nodes = pairs.both("links"), pairs.both("nodes")
    more = np.logical_or(*pairs.have(has.ANY_LINK))
    there, back = shared(links[0], nodes[1]), shared(links[1], nodes[0])
    ways = np.where(there & back, weights[1], np.where(there | back, weights[2], 0.0))
    return np.where(more, max(0.0, *weights[1:]), ways)


def _bio(pairs: Pairs, weights: Weights) -> Floats:
    left, right = pairs.have(has.HAS_BIO)
    rare = np.asarray(np.bitwise_and(*pairs.both("bio")).any(axis=1))
    return _choice(left & right, rare, max(weights[1:]), max(weights[3:]))


def _scale(pairs: Pairs, weights: Weights) -> Floats:
    left, right = pairs.columns.followers[pairs.left], pairs.columns.followers[pairs.right]
    apart = np.abs(left - right)
    known = ~np.isnan(apart)
    # Two ways to a logarithm may differ in the last digit: at a limit both levels are possible.
    levels = [
        (apart <= SCALE_NEAR + _TOUCH, weights[1]),
        ((apart >= SCALE_NEAR - _TOUCH) & (apart <= SCALE_FAR + _TOUCH), weights[2]),
        (apart >= SCALE_FAR - _TOUCH, weights[3]),
    ]
    most = np.max([np.where(possible, weight, -np.inf) for possible, weight in levels], axis=0)
    return np.where(known, most, 0.0)


def _avatar(pairs: Pairs, weights: Weights) -> Floats:
    left, right = pairs.have(has.HAS_AVATAR)
    bits = np.bitwise_count(np.bitwise_xor(*pairs.both("avatar")))
    apart = np.where(bits <= AVATAR_SAME, weights[1], np.where(bits <= AVATAR_NEAR, weights[2], weights[3]))
    return np.where(left & right, apart, 0.0)


_CHEAP: dict[str, Callable[[Pairs, Weights], Floats]] = {
    "platform": _agreement("platform"),
    "country": _agreement("country"),
    "language": _agreement("language"),
    "scale": _scale,
    "site": _site,
    "email": _email,
    "link": _link,
    "bio": _bio,
    "avatar": _avatar,
}


def _naming(pairs: Pairs, weights: Weights) -> Floats:
    """Return the most that names and handles can weigh together."""
    possible = (name_levels(pairs) << HANDLES) | handle_levels(pairs)
    kinds, place = np.unique(possible, return_inverse=True)
    return np.array([_most(int(kind), weights) for kind in kinds])[place] if len(kinds) else np.empty(0)


def _most(possible: int, weights: Weights) -> float:
    names = [level for level in NameLevel if possible & (1 << (HANDLES + level))]
    handles = [level for level in HandleLevel if possible & (1 << level)]
    return max(weights[name * HANDLES + handle] for name in names for handle in handles)


def hopeful(pairs: Pairs, model: MatchModel, least: float) -> Pairs:
    """Return the pairs whose weight may be at least ``least`` bits; every pair whose weight is, is among them."""
    tables = dict(zip((one.name for one in COMPARISONS), model.weights, strict=True))
    # What is asked last is dear, and counts as good as it can be until then; so does what is not known here at all.
    left_open = sum(max(0.0, *table) for name, table in tables.items() if name not in _CHEAP)
    total = np.full(len(pairs.left), model.prior + left_open)
    for name in (one for one in _CHEAP if one in tables):
        total += _CHEAP[name](pairs, tables[name])
    kept = total >= least - _TOUCH
    pairs, total = pairs.only(kept), total[kept]
    total += _naming(pairs, tables["naming"]) - max(0.0, *tables["naming"])
    return pairs.only(total >= least - _TOUCH)
