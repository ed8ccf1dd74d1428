"""Launch posts: what says that something is out, and links to where it is.

A post is one where it has launch wording and links to a repository of the creator's own (its owner is one of their
GitHub accounts, or they have released from it) or to a product page of a store or a package registry.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from creators.models import COUNTED_KINDS, Post
from creators.text import normalise_handle

_WORDS = re.compile(
    r"\b(?:launch(?:ed|ing|es)?|introducing|announc(?:e|ing|ed)|(?:just |we |i )?shipped|now live|is (?:out|live|here)|"
    r"releas(?:e|ed|ing)|open[- ]sourc(?:ed|ing)|show hn|now available|v\d{1,3}\.\d{1,3}|"
    r"lanzamos|lanzamiento|presento|lançamos|lancement|veröffentlicht|リリース|发布|公開)\b",
    re.IGNORECASE,
)
_REPOSITORY = re.compile(r"(?:github|gitlab)\.com/([\w.-]{1,100})/[\w.-]{1,100}", re.IGNORECASE)
_PRODUCT = re.compile(
    r"(?:producthunt\.com/(?:posts|products)/|npmjs\.com/package/|pypi\.org/project/|crates\.io/crates/|"
    r"apps\.apple\.com/[^\s]{0,40}app/|play\.google\.com/store/apps/details|chromewebstore\.google\.com/detail/|"
    r"marketplace\.visualstudio\.com/items|news\.ycombinator\.com/item)[^\s<>\"']{1,200}",
    re.IGNORECASE,
)
_NAMED_FIRST = re.compile(r"([\w.-]{1,100})/[\w.-]{1,100}(?:\s|$)")
"""A release begins with ``owner/name``."""


def release_owners(posts: Iterable[Post]) -> frozenset[str]:
    """Return whose repositories some releases are of, normalised."""
    named = (_NAMED_FIRST.match(post.text or "") for post in posts if post.kind == "release")
    return frozenset(normalise_handle(match[1]) for match in named if match)


def launched(post: Post, own: Collection[str]) -> str | None:
    """Return the address of what a post launches, in small letters; None where it launches nothing.

    Args:
        post: any; releases and counts are no launch posts.
        own: normalised names whose repositories are the creator's.
    """
    text = post.text or ""
    if post.kind in COUNTED_KINDS or post.kind == "release" or not _WORDS.search(text):
        return None
    product = _PRODUCT.search(text)
    if product is not None:
        return product[0].lower().rstrip("/.,)")
    mine = (match for match in _REPOSITORY.finditer(text) if normalise_handle(match[1]) in own)
    found = next(mine, None)
    return found[0].lower().rstrip("/.,)") if found else None
