"""A sentence from the facts of an account that has no bio, so that it can be found by what is known about it.

Several wordings, chosen by the account's id, keep the texts of a large table from being one template: a text index and
an encoder would otherwise rank thousands of near-identical sentences by chance.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from creators.models import Platform

_NAMES = {
    Platform.INSTAGRAM: ("Instagram", "Instagram account"),
    Platform.TIKTOK: ("TikTok", "TikTok account"),
    Platform.YOUTUBE: ("YouTube", "YouTube channel"),
    Platform.X: ("X", "X account"),
    Platform.GITHUB: ("GitHub", "GitHub account"),
}
_MOST_SUBJECTS = 5
_STEPS = ((10**9, "B"), (10**6, "M"), (10**3, "K"))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a composed bio may say."""

    platform: Platform
    subjects: tuple[str, ...] = ()
    country: str | None = None
    """As a reader calls it."""
    followers: int | None = None
    since: int | None = None
    """Year of joining."""


def compose_bio(facts: Facts, account_id: str) -> str | None:
    """Return one or two sentences, or ``None`` where nothing but the platform is known.

    ``YouTube channel about Music & Dance from India, 229.5M followers, since 2006.``
    """
    subjects = _listed(facts.subjects[:_MOST_SUBJECTS])
    followers = f"{short_count(facts.followers)} followers" if facts.followers is not None else ""
    if not (subjects or facts.country or followers or facts.since):
        return None
    wordings = (_channel_about, _on_platform, _creator_of)
    chosen = hashlib.sha256(account_id.encode("utf-8", "replace")).digest()[0] % len(wordings)
    return wordings[chosen](facts, subjects, followers)


def _channel_about(facts: Facts, subjects: str, followers: str) -> str:
    head = _NAMES[facts.platform][1]
    head += f" about {subjects}" if subjects else ""
    head += f" from {facts.country}" if facts.country else ""
    return _sentence(head, followers, f"since {facts.since}" if facts.since else "")


def _on_platform(facts: Facts, subjects: str, followers: str) -> str:
    head = f"{subjects} on {_NAMES[facts.platform][0]}" if subjects else f"On {_NAMES[facts.platform][0]}"
    first = _sentence(head, f"from {facts.country}" if facts.country else "")
    second = _sentence(followers, f"joined in {facts.since}" if facts.since else "")
    return f"{first} {second[0].upper()}{second[1:]}" if second else first


def _creator_of(facts: Facts, subjects: str, followers: str) -> str:
    head = f"Creator of {subjects} content" if subjects else "Creator"
    head += f" on {_NAMES[facts.platform][0]}"
    head += f" with {followers}" if followers else ""
    based = f"based in {facts.country}" if facts.country else ""
    return _sentence(head, based, f"active since {facts.since}" if facts.since else "")


def _sentence(*parts: str) -> str:
    said = [part for part in parts if part]
    return f"{', '.join(said)}." if said else ""


def _listed(subjects: tuple[str, ...]) -> str:
    if len(subjects) < 2:  # noqa: PLR2004 - "and" joins two
        return "".join(subjects)
    return f"{', '.join(subjects[:-1])} and {subjects[-1]}"


def short_count(count: int) -> str:
    """Return a count as people write it: ``950``, ``12.3K``, ``229.5M``."""
    for size, unit in _STEPS:
        if count >= size:
            return f"{count / size:.1f}".removesuffix(".0") + unit
    return str(count)
