"""Whom a creator names where a cooperation is disclosed: mention and disclosure in one post, no list of brands.

Every handle counts where the post is labelled by the platform or names only one. Otherwise those count that come right
after a disclosing phrase or hashtag, or, where none does, those within 80 characters of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from creators.models import Post
from creators.signals.content import BrandMention, Brands
from creators.text import normalise_handle
from enrich.signals.facts import CreatorFacts
from enrich.signals.said import as_of, newest_posts, window_days
from enrich.signals.sponsorship import MAX_CHARACTERS, disclosing_tags, disclosures, sponsored_by
from mappings.versions import data_version

REACH = 80
ADJACENT = 12
MAX_BRANDS = 20
MAX_EVIDENCE = 5
METHOD = "mention_beside_disclosure"
_MENTION = re.compile(r"(?<![\w@/.+%-])@([A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,38}[A-Za-z0-9_])?)")
_CLEAR = frozenset({"label", "hashtag", "phrase"})


class BrandsSignal:
    """The brands that a creator has named beside a disclosure."""

    name = "brands"
    version = f"2.{data_version('disclosure.toml')}"

    def inputs(self, facts: CreatorFacts) -> Any:
        """Return the posts that are read, and the creator's own handles."""
        posts = newest_posts(facts)
        read = [
            [post.post_id, post.is_sponsored, post.text, list(post.hashtags), list(post.mentions), str(post.posted_at)]
            for post in posts
        ]
        return [read, sorted(_own(facts)), as_of(facts, posts).isoformat()]

    def compute(self, batch: Sequence[CreatorFacts]) -> list[Brands | None]:
        """Return whom each creator names; None where no post was read or none names anybody."""
        return [_brands(facts) for facts in batch]


def _brands(facts: CreatorFacts) -> Brands | None:
    posts, own = newest_posts(facts), _own(facts)
    named: dict[str, list[str]] = {}
    for post in posts:
        for handle in brands_in(post):
            if handle not in own:
                named.setdefault(handle, []).append(post.post_id)
    if not named:
        return None
    ordered = sorted(named.items(), key=lambda item: (-len(item[1]), item[0]))[:MAX_BRANDS]
    return Brands(
        mentions=tuple(
            BrandMention(name=name, posts=len(ids), evidence=tuple(ids[:MAX_EVIDENCE])) for name, ids in ordered
        ),
        method=METHOD,
        as_of=as_of(facts, posts),
        sample_size=len(posts),
        window_days=window_days(posts),
    )


def brands_in(post: Post) -> tuple[str, ...]:
    """Return the handles that a post names beside a disclosure, normalised, each once."""
    if not _CLEAR.intersection(sponsored_by(post)):
        return ()
    text = (post.text or "")[:MAX_CHARACTERS]
    mentions = [(normalise_handle(match[1]), match.start(), match.end()) for match in _MENTION.finditer(text)]
    names = dict.fromkeys([name for name, _, _ in mentions] or post.mentions)
    if post.is_sponsored or len(names) == 1:
        return tuple(names)
    places = [(wording.start, wording.end) for wording in disclosures(text)]
    if not places and disclosing_tags(post):  # the source keeps the hashtags apart from the text
        return tuple(names)
    told = [one for one in mentions if _follows(places, one[1])]
    return tuple(dict.fromkeys(name for name, start, end in told or mentions if told or _near(places, start, end)))


def _follows(places: Iterable[tuple[int, int]], start: int) -> bool:
    """Return whether a mention comes right after a disclosure: "in partnership with @…" says by whom."""
    return any(0 <= start - stop <= ADJACENT for _, stop in places)


def _near(places: Iterable[tuple[int, int]], start: int, end: int) -> bool:
    return any(start - stop <= REACH and begin - end <= REACH for begin, stop in places)


def _own(facts: CreatorFacts) -> frozenset[str]:
    return frozenset(normalise_handle(account.handle) for account in facts.accounts if account.handle)
