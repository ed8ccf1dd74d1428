"""The comparisons of two accounts: each gives one of its levels, 0 where one side says nothing; pure and symmetric."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from enrich.resolve.evidence import Evidence
from enrich.resolve.handles import HandleLevel
from enrich.resolve.names import NameLevel
from enrich.resolve.naming import naming_levels
from enrich.resolve.rarity import Rarity

Levels = tuple[int, ...]
"""One level of each comparison, in the order of :data:`COMPARISONS`."""
NAMED_SITE = 5
SHARED_PLACE = 6
"""A page or domain that more accounts have is a shared one, not one person's."""
RARE_BIO = 12
SOME_BIO = 2
AVATAR_SAME, AVATAR_NEAR = 4, 10
SCALE_NEAR, SCALE_FAR = 1.5, 3.0
HANDLES = len(HandleLevel)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One question about two accounts."""

    name: str
    levels: tuple[str, ...]
    """Names of its answers; the first is "unknown"."""
    ask: Callable[[Evidence, Evidence, Rarity], int]


def naming(left: Evidence, right: Evidence, rarity: Rarity) -> int:
    """How the names and the handles agree, jointly: ``name level * HANDLES + handle level``."""
    name, handle = naming_levels(left, right, rarity)
    return name * HANDLES + handle


def site(left: Evidence, right: Evidence, rarity: Rarity) -> int:
    """Whether they show one page or one domain, whether few or many do, or a page is called as the other's handle."""
    if not (left.website or left.domains) or not (right.website or right.domains):
        return NAMED_SITE if _named(left, right) else 0
    if left.website and left.website == right.website:
        return 1 if rarity.places.get(left.website, 0) <= SHARED_PLACE else 2
    shared = left.domains & right.domains
    if shared and min(rarity.places.get(domain, 0) for domain in shared) <= SHARED_PLACE:
        return 3
    if _named(left, right):
        return NAMED_SITE
    # A domain that many have says nothing: they may be one firm's, and the person's own page another.
    return 0 if shared else 4


def _named(left: Evidence, right: Evidence) -> bool:
    """Whether a website has the other's handle for a name; where the handles are one, that is no more than they say."""
    handles = ({left.handle_plain, left.handle_key}, {right.handle_plain, right.handle_key})
    if not handles[0].isdisjoint(handles[1]):
        return False
    return not (left.labels.isdisjoint(handles[1]) and right.labels.isdisjoint(handles[0]))


def email(left: Evidence, right: Evidence, rarity: Rarity) -> int:  # noqa: ARG001 - one form for all comparisons
    """Whether a keyed hash of an e-mail address is the same."""
    if not left.email_hashes or not right.email_hashes:
        return 0
    return 2 if left.email_hashes.isdisjoint(right.email_hashes) else 1


def link(left: Evidence, right: Evidence, rarity: Rarity) -> int:  # noqa: ARG001 - as above
    """Whether they link to each other, or one to the other; not to link says nothing."""
    ways = (not left.links.isdisjoint(right.nodes)) + (not right.links.isdisjoint(left.nodes))
    return (0, 2, 1)[ways]


def bio(left: Evidence, right: Evidence, rarity: Rarity) -> int:
    """How many words the bios share, the rare ones counted; no word is rare by a table that has none of bios."""
    if not left.bio_words or not right.bio_words:
        return 0
    shared = left.bio_words & right.bio_words
    rare = sum(rarity.bios.get(word, 0) <= RARE_BIO for word in shared) if rarity.bios else 0
    if rare >= SOME_BIO:
        return 1
    if rare:
        return 2
    return 3 if shared else 4


def country(left: Evidence, right: Evidence, rarity: Rarity) -> int:  # noqa: ARG001 - as above
    """Whether they are in one country."""
    if not left.country or not right.country:
        return 0
    return 1 if left.country == right.country else 2


def language(left: Evidence, right: Evidence, rarity: Rarity) -> int:  # noqa: ARG001 - as above
    """Whether they speak one language."""
    if not left.language or not right.language:
        return 0
    return 1 if left.language == right.language else 2


def scale(left: Evidence, right: Evidence, rarity: Rarity) -> int:  # noqa: ARG001 - as above
    """How far apart their followers are in powers of ten: near (1.5), far, or implausibly far (3)."""
    if left.followers is None or right.followers is None:
        return 0
    apart = abs(math.log10(left.followers + 1) - math.log10(right.followers + 1))
    return 1 if apart <= SCALE_NEAR else 2 if apart <= SCALE_FAR else 3


def avatar(left: Evidence, right: Evidence, rarity: Rarity) -> int:  # noqa: ARG001 - as above
    """How many bits of the perceptual hashes of their pictures differ: at most 4, at most 10, or more."""
    if not left.avatar_hash or not right.avatar_hash:
        return 0
    bits = (int(left.avatar_hash, 16) ^ int(right.avatar_hash, 16)).bit_count()
    return 1 if bits <= AVATAR_SAME else 2 if bits <= AVATAR_NEAR else 3


def platform(left: Evidence, right: Evidence, rarity: Rarity) -> int:  # noqa: ARG001 - as above
    """Whether they are on one platform, where hardly anybody has two accounts."""
    return 1 if left.platform == right.platform else 2


_NAMING = tuple(f"{name.name.lower()} · {handle.name.lower()}" for name in NameLevel for handle in HandleLevel)

COMPARISONS: tuple[Comparison, ...] = (
    Comparison("naming", ("unknown", *_NAMING[1:]), naming),
    Comparison("site", ("unknown", "page", "shared page", "domain", "other site", "named"), site),
    Comparison("email", ("unknown", "same", "other"), email),
    Comparison("link", ("unknown", "mutual", "one way"), link),
    Comparison("bio", ("unknown", "rare words", "rare word", "common words", "no word"), bio),
    Comparison("country", ("unknown", "same", "other"), country),
    Comparison("language", ("unknown", "same", "other"), language),
    Comparison("scale", ("unknown", "near", "far", "very far"), scale),
    Comparison("avatar", ("unknown", "same", "near", "other"), avatar),
    Comparison("platform", ("unknown", "same", "other"), platform),
)


def compare(left: Evidence, right: Evidence, rarity: Rarity) -> Levels:
    """Return the level of each comparison; the same for ``(right, left)``."""
    return tuple(comparison.ask(left, right, rarity) for comparison in COMPARISONS)
