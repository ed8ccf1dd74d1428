"""The share of posts that somebody paid for, as far as they say so.

A post counts where the platform labels it, where it discloses a cooperation (``#ad``, ``bezahlte Partnerschaft``),
hands out a discount code, or carries a link that pays whoever shares it. Posts without a text and a label are not
counted at all: they could not say it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

from creators.models import Post
from creators.signals.content import Sponsorship
from enrich.normalise.leads import addresses, hashtags_in
from enrich.signals.facts import CreatorFacts
from enrich.signals.said import as_of, host_of, newest_posts, window_days
from mappings.disclosure import disclosure
from mappings.versions import data_version
from mappings.wording import Phrases, Wording

Hint = Literal["label", "hashtag", "phrase", "code", "link"]
"""What says that a post is sponsored, the strongest first."""
LEAST_POSTS = 3
MAX_EVIDENCE = 10
MAX_CHARACTERS = 5_000
METHOD = "disclosed"
_CODE = re.compile(r"(?<![\w#@/])(?=[A-Z0-9]*[A-Z])[A-Z0-9]{4,20}(?![\w/])")
_CODE_REACH = 30
_AMAZON = re.compile(r"(?:^|\.)amazon\.[a-z.]{2,6}$")
_PERCENT = re.compile(r"\d{1,2} ?%")


class SponsorshipSignal:
    """The share of sponsored posts among a creator's newest."""

    name = "sponsorship"
    version = f"2.{data_version('disclosure.toml')}"

    def inputs(self, facts: CreatorFacts) -> Any:
        """Return the posts that are read."""
        posts = newest_posts(facts)
        read = [
            [post.post_id, post.is_sponsored, post.text, list(post.hashtags), str(post.posted_at)] for post in posts
        ]
        return [read, as_of(facts, posts).isoformat()]

    def compute(self, batch: Sequence[CreatorFacts]) -> list[Sponsorship | None]:
        """Return the share of each creator; None under 3 posts that could say it."""
        return [_sponsorship(facts) for facts in batch]


def _sponsorship(facts: CreatorFacts) -> Sponsorship | None:
    posts = [post for post in newest_posts(facts) if post.text or post.is_sponsored is not None]
    if len(posts) < LEAST_POSTS:
        return None
    hints = {post.post_id: found for post in posts if (found := sponsored_by(post))}
    kinds = [kind for found in hints.values() for kind in found]
    return Sponsorship(
        share=round(len(hints) / len(posts), 4),
        sponsored=len(hints),
        labelled=kinds.count("label"),
        hints={kind: kinds.count(kind) for kind in sorted(set(kinds))},
        evidence=tuple(hints)[:MAX_EVIDENCE],
        method=METHOD,
        as_of=as_of(facts, posts),
        sample_size=len(posts),
        window_days=window_days(posts),
    )


def sponsored_by(post: Post) -> tuple[Hint, ...]:
    """Return what says that a post is sponsored, the strongest first; empty where nothing does.

    A post that denies it (``not sponsored``) has no hint but the platform's label.
    """
    label: tuple[Hint, ...] = ("label",) if post.is_sponsored else ()
    text = (post.text or "")[:MAX_CHARACTERS]
    if any(_denials().find(text)) or _denied(text):
        return label
    found: dict[Hint, bool] = {
        "hashtag": bool(disclosing_tags(post)),
        "phrase": any(_phrases().find(text)),
        "code": _has_code(text),
        "link": any(map(is_affiliate, addresses(text))),
    }
    return (*label, *(kind for kind, there in found.items() if there))


def disclosing_tags(post: Post) -> list[str]:
    """Return the hashtags of a post that disclose a cooperation, in small letters."""
    tags = (*post.hashtags, *hashtags_in((post.text or "")[:MAX_CHARACTERS]))
    return [tag for tag in dict.fromkeys(tag.casefold() for tag in tags) if tag in disclosure().hashtags]


def disclosures(text: str) -> list[Wording]:
    """Return the phrases and hashtags of a text that disclose a cooperation, with their places."""
    return [*_phrases().find(text), *_tags().find(text)]


def is_affiliate(url: str) -> bool:
    """Return whether an address pays whoever shares it: a known host, or a parameter made for it."""
    host, query = host_of(url), f"&{url.partition('?')[2].lower()}"
    if _AMAZON.search(host):
        return "&tag=" in query
    known = disclosure()
    return host in known.affiliate_hosts or any(f"&{name}" in query for name in known.affiliate_parameters)


def _has_code(text: str) -> bool:
    """Return whether a code in capitals, with a digit or near a percentage, stands soon after a word for it."""
    codes = list(_CODE.finditer(text))
    if not codes:
        return False
    words = [*_code_words().find(text)]
    off = _PERCENT.search(text) is not None
    return any(
        0 <= code.start() - word.end <= _CODE_REACH and (off or any(letter.isdigit() for letter in code[0]))
        for code in codes
        for word in words
    )


def _denied(text: str) -> bool:
    small = text.casefold()
    return any(denial in small for denial in disclosure().denials if denial.startswith("#"))


@cache
def _phrases() -> Phrases:
    return Phrases(disclosure().phrases)


@cache
def _tags() -> Phrases:
    return Phrases(f"#{tag}" for tag in disclosure().hashtags)


@cache
def _denials() -> Phrases:
    return Phrases(denial for denial in disclosure().denials if not denial.startswith("#"))


@cache
def _code_words() -> Phrases:
    return Phrases(disclosure().code_words)
