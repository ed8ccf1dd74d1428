"""What a profile alone shows of how it came about: counts, rates and the shape of its names.

Every feature is there on most networks, and None where the profile does not say. Letters beyond ASCII are not read:
in the labelled profiles they are damaged, and the damage would be learnt in place of the people. How old an account is
counts in its rate of posts only: people of 2009 and bots of 2014 are how those profiles were collected.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rapidfuzz.distance import JaroWinkler

_BOT = re.compile(r"(?<![a-z])(?:ro)?bots?(?![a-z])|_bots?\b|bots?$|\bautomated\b|\btweets? every\b", re.IGNORECASE)
_LINK = re.compile(r"https?://\S+|www\.\S+")
_NOT_ASCII = re.compile(r"[^\x20-\x7e]+")
_TRAILING_DIGITS = re.compile(r"\d+$")


@dataclass(frozen=True, slots=True)
class Profile:
    """What is read of an account; None is unknown, "" is known to be empty.

    Attributes:
        handle: without ``@``.
        name: as shown.
        bio: in the account's own words.
        website: whether it names one.
        followers: accounts.
        following: accounts.
        posts: so far.
        age_days: since the account was opened.
    """

    handle: str | None = None
    name: str | None = None
    bio: str | None = None
    website: bool | None = None
    followers: float | None = None
    following: float | None = None
    posts: float | None = None
    age_days: float | None = None


def profile_features(profile: Profile) -> dict[str, float | None]:
    """Return the name of each feature → its value, in the unit that :data:`WORDS` tells; None where unknown."""
    return {name: measure(profile) for name, (measure, _) in _FEATURES.items()}


def in_words(name: str, value: float) -> str:
    """Return what a feature says, as a phrase for people."""
    return WORDS[name].format(value=value, round=round(value), percent=round(100 * value))


def _followers(profile: Profile) -> float | None:
    return profile.followers


def _following(profile: Profile) -> float | None:
    return profile.following


def _posts(profile: Profile) -> float | None:
    return profile.posts


def _following_per_follower(profile: Profile) -> float | None:
    if profile.followers is None or profile.following is None:
        return None
    return (profile.following + 1) / (profile.followers + 1)


def _posts_per_day(profile: Profile) -> float | None:
    if profile.posts is None or profile.age_days is None:
        return None
    return profile.posts / max(1.0, profile.age_days)


def _handle_length(profile: Profile) -> float | None:
    return float(len(profile.handle)) if profile.handle else None


def _handle_digits(profile: Profile) -> float | None:
    return sum(letter.isdigit() for letter in profile.handle) / len(profile.handle) if profile.handle else None


def _handle_trailing_digits(profile: Profile) -> float | None:
    if not profile.handle:
        return None
    found = _TRAILING_DIGITS.search(profile.handle)
    return float(len(found[0])) if found else 0.0


def _handle_entropy(profile: Profile) -> float | None:
    if not profile.handle:
        return None
    counts = Counter(profile.handle.casefold()).values()
    return -sum(count / len(profile.handle) * math.log2(count / len(profile.handle)) for count in counts)


def _name_like_handle(profile: Profile) -> float | None:
    name = re.sub(r"[^a-z0-9]", "", (profile.name or "").casefold())
    handle = re.sub(r"[^a-z0-9]", "", (profile.handle or "").casefold())
    return JaroWinkler.similarity(name, handle) if name and handle else None


def _bio_length(profile: Profile) -> float | None:
    return None if profile.bio is None else float(len(_plain(profile.bio)))


def _bio_tags(profile: Profile) -> float | None:
    return None if profile.bio is None else float(profile.bio.count("#"))


def _bio_mentions(profile: Profile) -> float | None:
    return None if profile.bio is None else float(profile.bio.count("@"))


def _website(profile: Profile) -> float | None:
    return None if profile.website is None else float(profile.website)


def _says_automated(profile: Profile) -> float | None:
    if profile.handle is None and profile.name is None and profile.bio is None:
        return None
    return float(any(_BOT.search(text or "") for text in (profile.handle, profile.name, profile.bio)))


def _plain(text: str) -> str:
    return " ".join(_NOT_ASCII.sub("", _LINK.sub("", text)).split())


Measure = Callable[[Profile], float | None]
_FEATURES: dict[str, tuple[Measure, str]] = {
    "followers": (_followers, "{round:,} followers"),
    "following": (_following, "follows {round:,} accounts"),
    "posts": (_posts, "{round:,} posts so far"),
    "following_per_follower": (_following_per_follower, "follows {value:.2g} accounts for each follower"),
    "posts_per_day": (_posts_per_day, "{value:.2g} posts a day since it was opened"),
    "handle_length": (_handle_length, "a handle of {round} characters"),
    "handle_digits": (_handle_digits, "{percent} % of the handle are digits"),
    "handle_trailing_digits": (_handle_trailing_digits, "{round} digits at the end of the handle"),
    "handle_entropy": (_handle_entropy, "a handle of {value:.1f} bits a character"),
    "name_like_handle": (_name_like_handle, "name and handle are {percent} % alike"),
    "bio_length": (_bio_length, "a bio of {round} characters"),
    "bio_tags": (_bio_tags, "{round} hashtags in the bio"),
    "bio_mentions": (_bio_mentions, "{round} mentions in the bio"),
    "website": (_website, "names a website: {round}"),
    "says_automated": (_says_automated, "calls itself a bot: {round}"),
}
WORDS: Mapping[str, str] = {name: words for name, (_, words) in _FEATURES.items()}
"""Feature → what it says, with its value in it."""
FEATURE_NAMES = tuple(_FEATURES)
