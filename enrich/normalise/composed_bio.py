"""A sentence from the facts of an account that has no bio, so that it can be found by what is known about it.

Several wordings, chosen by the account's id, keep the texts of a large table from being one template: a text index and
an encoder would otherwise rank thousands of near-identical sentences by chance. Counts are left out: a bio that changed
with every new follower would be encoded again with every new follower.
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


@dataclass(frozen=True, slots=True)
class Facts:
    """What a composed bio may say."""

    platform: Platform
    subjects: tuple[str, ...] = ()
    country: str | None = None
    """As a reader calls it."""
    since: int | None = None
    """Year of joining."""


def compose_bio(facts: Facts, account_id: str) -> str | None:
    """Return one or two sentences, or ``None`` where nothing but the platform is known.

    ``YouTube channel about Music & Dance from India, since 2006.``
    """
    subjects = _listed(facts.subjects[:_MOST_SUBJECTS])
    if not (subjects or facts.country or facts.since):
        return None
    wordings = (_channel_about, _on_platform, _creator_of)
    chosen = hashlib.sha256(account_id.encode("utf-8", "replace")).digest()[0] % len(wordings)
    return wordings[chosen](facts, subjects)


def _channel_about(facts: Facts, subjects: str) -> str:
    head = _NAMES[facts.platform][1]
    head += f" about {subjects}" if subjects else ""
    head += f" from {facts.country}" if facts.country else ""
    return _sentence(head, f"since {facts.since}" if facts.since else "")


def _on_platform(facts: Facts, subjects: str) -> str:
    head = f"{subjects} on {_NAMES[facts.platform][0]}" if subjects else f"On {_NAMES[facts.platform][0]}"
    first = _sentence(head, f"from {facts.country}" if facts.country else "")
    return f"{first} Joined in {facts.since}." if facts.since else first


def _creator_of(facts: Facts, subjects: str) -> str:
    head = f"Creator of {subjects} content" if subjects else "Creator"
    head += f" on {_NAMES[facts.platform][0]}"
    based = f"based in {facts.country}" if facts.country else ""
    return _sentence(head, based, f"active since {facts.since}" if facts.since else "")


def _sentence(*parts: str) -> str:
    said = [part for part in parts if part]
    return f"{', '.join(said)}." if said else ""


def _listed(subjects: tuple[str, ...]) -> str:
    if len(subjects) < 2:  # noqa: PLR2004 - "and" joins two
        return "".join(subjects)
    return f"{', '.join(subjects[:-1])} and {subjects[-1]}"
