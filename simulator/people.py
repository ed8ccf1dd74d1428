"""Who lives in the world: people, their accounts, whom they know, and what becomes of their accounts."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from creators.models import Platform
from simulator.dice import Dice, roll
from simulator.names import CULTURES, Culture
from simulator.words import NICHES, Niche

Fate = Literal["renamed", "deleted", "suspended", "private"]

LETTERS = {
    "i": Platform.INSTAGRAM,
    "t": Platform.TIKTOK,
    "y": Platform.YOUTUBE,
    "x": Platform.X,
    "g": Platform.GITHUB,
}
LONGEST_HANDLE = {
    Platform.INSTAGRAM: 30,
    Platform.TIKTOK: 24,
    Platform.YOUTUBE: 30,
    Platform.X: 15,
    Platform.GITHUB: 39,
}
SEPARATORS = {
    Platform.INSTAGRAM: ("", ".", "_"),
    Platform.TIKTOK: ("", ".", "_"),
    Platform.YOUTUBE: ("", "-", "_"),
    Platform.X: ("", "_"),
    Platform.GITHUB: ("", "-"),
}
CONTACTS = 6
FATES: tuple[tuple[float, Fate], ...] = ((0.03, "renamed"), (0.05, "deleted"), (0.065, "suspended"), (0.095, "private"))
"""Share of accounts, added up, that meet each fate between ``FATE_DAYS`` before and after the start of the world."""
FATE_DAYS = (-60, 30)
MEDIAN_FOLLOWERS = 12_000
FOLLOWERS_SIGMA = 1.8
MOST_FOLLOWERS = 80_000_000
OLDEST_DAYS = 4_000


@dataclass(frozen=True, slots=True)
class Account:
    """One account: what does not change with time, and how the rest does."""

    number: int
    """Its place among all accounts of the world."""
    person: int
    platform: Platform
    native_id: str
    handle: str
    later_handle: str
    """Its handle after it was renamed."""
    created_at: datetime
    followers: float
    """At the start of the world."""
    growth: float
    """Of the logarithm of the followers, per day."""
    engagement: float
    posts_every: timedelta
    silent_from: datetime | None
    fate: Fate | None
    fate_at: datetime
    verified: bool
    contacts: tuple[int, ...] = ()
    """Numbers of the accounts on the same platform that it mentions."""

    @property
    def account_id(self) -> str:
        """``platform:native_id``, as everywhere in Creatorscope."""
        return f"{self.platform}:{self.native_id}"


@dataclass(frozen=True, slots=True)
class Person:
    """One person with the accounts, by number, and at most one page of their own."""

    number: int
    name: str
    ascii_name: str
    culture: Culture
    niche: Niche
    bio: str
    accounts: tuple[int, ...]
    page: str | None
    """Address of a personal site or of a link-in-bio page."""


def channel_id(seed: int, number: int) -> str:
    """Return ``UC`` and 22 letters, as YouTube has them."""
    both = roll(seed, "channel", number).to_bytes(8, "big") + roll(seed, "channel", number, 2).to_bytes(8, "big")
    return "UC" + base64.urlsafe_b64encode(both).decode().rstrip("=")


def _native_id(seed: int, platform: Platform, number: int) -> str:
    if platform is Platform.YOUTUBE:
        return channel_id(seed, number)
    # The number itself makes it unique; the multiplier keeps ids from being neighbours.
    first, step = {
        Platform.INSTAGRAM: (2_000_000_000, 977_351),
        Platform.TIKTOK: (6_800_000_000_000_000_000, 91_000_000_007),
        Platform.X: (90_000_000, 523_007),
        Platform.GITHUB: (100_000, 4_099),
    }[platform]
    return str(first + step * (number + 1) + seed % 1_000)


class _Handles:
    """Gives every account of a platform a handle of its own."""

    def __init__(self) -> None:
        self._taken: set[tuple[Platform, str]] = set()

    def give(self, platform: Platform, words: Sequence[str], dice: Dice) -> str:
        separator = dice.choice(SEPARATORS[platform])
        stem = separator.join(words)[: LONGEST_HANDLE[platform] - 4].strip("._-")
        handle = stem
        while (platform, handle) in self._taken:
            handle = f"{stem}{dice.integer(2, 9_999)}"
        self._taken.add((platform, handle))
        return handle


def _platforms(niche: Niche, dice: Dice) -> tuple[Platform, ...]:
    wanted = dice.choice((1, 2, 2, 3))
    chosen: dict[Platform, None] = {}
    for _ in range(wanted * 3):
        if len(chosen) < wanted:
            chosen[LETTERS[dice.choice(niche.platforms)]] = None
    return tuple(chosen)


def _fate(dice: Dice) -> Fate | None:
    drawn = dice.fraction()
    return next((fate for share, fate in FATES if drawn < share), None)


class Settlers:
    """Makes the people of a world, one after the other."""

    def __init__(self, seed: int, start: datetime) -> None:
        self._seed = seed
        self._start = start
        self._handles = _Handles()
        self.accounts: list[Account] = []
        self.people: list[Person] = []

    def settle(self, number: int) -> None:
        """Add one person with all accounts."""
        dice = Dice(self._seed, "person", number)
        culture, niche = dice.choice(CULTURES), dice.choice(NICHES)
        given, family = dice.choice(culture.given), dice.choice(culture.family)
        parts = (family, given) if culture.family_first else (given, family)
        numbers = []
        for platform in _platforms(niche, dice):
            numbers.append(len(self.accounts))
            self.accounts.append(self._account(number, platform, (given[1], family[1], niche.name), dice))
        handle = self.accounts[numbers[0]].handle
        self.people.append(
            Person(
                number=number,
                name=("" if culture.language in {"ja", "ko", "zh"} else " ").join(part[0] for part in parts),
                ascii_name=f"{given[1].title()} {family[1].title()}",
                culture=culture,
                niche=niche,
                bio=dice.choice(niche.bios),
                accounts=tuple(numbers),
                page=self._page(handle, number, dice),
            )
        )

    def _page(self, handle: str, number: int, dice: Dice) -> str | None:
        drawn = dice.fraction()
        host = handle.replace(".", "-").replace("_", "-").strip("-").lower()
        own, listed = f"https://{host}-{number}.example/", f"https://links.example/{handle}-{number}"
        return own if drawn < 0.4 else listed if drawn < 0.75 else None  # noqa: PLR2004 - shares, drawn once

    def _account(self, person: int, platform: Platform, words: tuple[str, str, str], dice: Dice) -> Account:
        number = len(self.accounts)
        given, family, niche = words
        styles = ((given, family), (given, niche), (niche, family), (given, family, niche), (family, given))
        age = timedelta(days=dice.integer(200, OLDEST_DAYS), seconds=dice.integer(0, 86_399))
        silent = timedelta(days=dice.integer(40, 199)) if dice.chance(0.1) else None
        fate = _fate(dice)
        return Account(
            number=number,
            person=person,
            platform=platform,
            native_id=_native_id(self._seed, platform, number),
            handle=self._handles.give(platform, dice.choice(styles), dice),
            later_handle=self._handles.give(platform, ("the", given, niche), dice) if fate == "renamed" else "",
            created_at=self._start - age,
            followers=min(MOST_FOLLOWERS, max(20.0, dice.log_normal(MEDIAN_FOLLOWERS, FOLLOWERS_SIGMA))),
            growth=(dice.fraction() - 0.35) * 0.004,
            engagement=min(0.4, dice.log_normal(0.03, 0.7)),
            posts_every=timedelta(hours=min(720.0, max(3.0, dice.log_normal(50, 0.9)))),
            silent_from=self._start - silent if silent else None,
            fate=fate,
            fate_at=self._start + timedelta(days=dice.integer(*FATE_DAYS), seconds=dice.integer(0, 86_399)),
            verified=dice.chance(0.06),
        )


def acquaint(seed: int, accounts: Sequence[Account]) -> list[Account]:
    """Return the accounts with their contacts: everybody is known to somebody, some people to many.

    The first contact goes round in a ring through each platform, in an order of chance, so that no account is left
    out; the others are drawn, every second one among those that many know.
    """
    on_platform: dict[Platform, list[int]] = {}
    for account in accounts:
        on_platform.setdefault(account.platform, []).append(account.number)
    known: list[Account] = list(accounts)
    for numbers in on_platform.values():
        ring = sorted(numbers, key=lambda number: roll(seed, "ring", number))
        famous = sorted(numbers, key=lambda number: -accounts[number].followers)[: max(1, len(numbers) // 4)]
        for place, number in enumerate(ring):
            dice = Dice(seed, "contacts", number)
            drawn = [dice.choice(famous if turn % 3 == 2 else numbers) for turn in range(CONTACTS * 2)]  # noqa: PLR2004 - the third
            contacts = dict.fromkeys([ring[(place + 1) % len(ring)], *drawn])
            contacts.pop(number, None)
            known[number] = replace(accounts[number], contacts=tuple(contacts)[:CONTACTS])
    return known
