"""Whether the same group comments on everything: pods, from the hashed ids of commenters.

Two people are a pair where they commented together on at least half of the posts, and on three at least. A person alone
who comments on everything is a fan; three or more who always come together look like a pod. One to three of them among
twenty comments are normal, from half on it is worth a look (after HypeAuditor's description of comment authenticity).
Whole posts are compared too: the largest Jaccard overlap of the commenters of two posts, common ones / all of both.

Only posts of one account are compared; what a comment says is not read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

MIN_POSTS = 4
"""Posts with at least 5 known commenters."""
MIN_COMMENTERS = 5
MIN_TOGETHER = 3
TOGETHER_SHARE = 0.5
MIN_GROUP = 3
MAX_POSTS = 20
MAX_RECURRING = 200
"""Of those who comment often, so many are compared pair by pair, the most frequent ones."""


@dataclass(frozen=True, slots=True)
class Comments:
    """What the commenters of an account's posts have in common.

    Attributes:
        posts: how many were compared.
        group: how many people keep coming together.
        recurring_share: their share of all commenters' appearances, 0 to 1.
        overlap: largest Jaccard overlap of two posts, 0 to 1.
    """

    posts: int
    group: int
    recurring_share: float
    overlap: float

    @property
    def authenticity(self) -> float:
        """``1 - recurring_share``."""
        return 1 - self.recurring_share


def compare_commenters(posts: Sequence[Sequence[str]]) -> Comments | None:
    """Return what the commenters of posts, newest first, have in common; None with fewer than 4 comparable posts."""
    sets = [names for post in posts if len(names := frozenset(post)) >= MIN_COMMENTERS][:MAX_POSTS]
    if len(sets) < MIN_POSTS:
        return None
    least = max(MIN_TOGETHER, TOGETHER_SHARE * len(sets))
    appearances = Counter(name for names in sets for name in names)
    often = sorted((name for name, n in appearances.items() if n >= least), key=lambda name: (-appearances[name], name))
    group = _together(sets, frozenset(often[:MAX_RECURRING]), least)
    recurring = sum(appearances[name] for name in group)
    return Comments(
        posts=len(sets),
        group=len(group),
        recurring_share=recurring / appearances.total(),
        overlap=max(len(one & other) / len(one | other) for one, other in combinations(sets, 2)),
    )


def _together(sets: Sequence[frozenset[str]], often: frozenset[str], least: float) -> frozenset[str]:
    """Those who are in at least two pairs, so that three come together; nobody where they are fewer than three."""
    pairs = Counter(pair for names in sets for pair in combinations(sorted(names & often), 2))
    partners = Counter(name for pair, n in pairs.items() if n >= least for name in pair)
    group = frozenset(name for name, n in partners.items() if n >= MIN_GROUP - 1)
    return group if len(group) >= MIN_GROUP else frozenset()
