"""One seeded world: who exists, and what of it can be seen at a time. The same seed and time give the same answers."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from creators.models import Platform
from simulator.dice import fraction
from simulator.people import Account, Person, Settlers, acquaint

START = datetime(2026, 11, 1, tzinfo=UTC)
BIO_MENTIONS = 0.6
"""Share of the bios that mention somebody."""
LINKED = {
    Platform.INSTAGRAM: "https://www.instagram.com/{}/",
    Platform.TIKTOK: "https://www.tiktok.com/@{}",
    Platform.YOUTUBE: "https://www.youtube.com/@{}",
    Platform.X: "https://x.com/{}",
    Platform.GITHUB: "https://github.com/{}",
}
_DAY_S = 86_400.0
_WAVE_DAYS = 9.0


@dataclass(frozen=True, slots=True)
class View:
    """What an account looks like at a time."""

    account: Account
    person: Person
    at: datetime
    handle: str
    name: str
    bio: str
    link: str | None
    followers: int
    following: int
    posts: int
    gone: Literal["deleted", "suspended"] | None
    private: bool

    @property
    def likes(self) -> int:
        """Of all posts together."""
        return int(self.followers * self.account.engagement * max(1, self.posts) * 0.6)


class World:
    """People and their accounts; everything else is worked out when it is asked for."""

    def __init__(self, seed: int = 1, people: int = 3_000, start: datetime = START) -> None:
        settlers = Settlers(seed, start)
        for number in range(people):
            settlers.settle(number)
        self.seed = seed
        self.start = start
        self.people = settlers.people
        self.accounts = acquaint(seed, settlers.accounts)
        self._by_native = {(one.platform, one.native_id): one for one in self.accounts}
        self._by_handle = {(one.platform, one.handle.lower()): one for one in self.accounts}
        self._by_later = {(one.platform, one.later_handle.lower()): one for one in self.accounts if one.later_handle}
        self._by_page = {person.page: person for person in self.people if person.page}
        self._by_word: dict[tuple[Platform, str], list[Account]] = {}

    def by_native_id(self, platform: Platform, native_id: str) -> Account | None:
        """Return the account with an id, whatever has become of it."""
        return self._by_native.get((platform, native_id))

    def by_handle(self, platform: Platform, handle: str, at: datetime) -> Account | None:
        """Return the account that has a handle at a time; case does not matter."""
        key = (platform, handle.lower().lstrip("@"))
        before, after = self._by_handle.get(key), self._by_later.get(key)
        if before is not None and (before.fate != "renamed" or at < before.fate_at):
            return before
        return after if after is not None and at >= after.fate_at else None

    def by_page(self, url: str) -> Person | None:
        """Return whose page an address is."""
        return self._by_page.get(url) or self._by_page.get(f"{url}/")

    def search(self, platform: Platform, text: str, at: datetime) -> list[Account]:
        """Return the accounts that can be seen and that a term is about, those with most followers first."""
        words = [word.strip("#@\"'").lower() for word in text.split() if ":" not in word]
        found = [self._word_index(platform).get((platform, word), []) for word in words if word]
        numbers = dict.fromkeys(account.number for accounts in found for account in accounts)
        return [self.accounts[number] for number in numbers if self.gone(self.accounts[number], at) is None]

    def _word_index(self, platform: Platform) -> dict[tuple[Platform, str], list[Account]]:
        if not any(key[0] == platform for key in self._by_word):
            index: dict[tuple[Platform, str], list[Account]] = defaultdict(list)
            for account in sorted(self.accounts, key=lambda one: (-one.followers, one.number)):
                person = self.people[account.person]
                words = {*person.niche.tags, person.niche.name, *person.ascii_name.lower().split(), account.handle}
                for word in words if account.platform == platform else ():
                    index[platform, word].append(account)
            self._by_word.update(index)
        return self._by_word

    @staticmethod
    def gone(account: Account, at: datetime) -> Literal["deleted", "suspended"] | None:
        """Return why an account cannot be seen at a time, or None."""
        if at < account.fate_at:
            return None
        return "deleted" if account.fate == "deleted" else "suspended" if account.fate == "suspended" else None

    @staticmethod
    def handle_of(account: Account, at: datetime) -> str:
        """Return the handle that an account has at a time."""
        return account.later_handle if account.fate == "renamed" and at >= account.fate_at else account.handle

    def url_of(self, account: Account, at: datetime) -> str:
        """Return the address of a profile as people write it."""
        return LINKED[account.platform].format(self.handle_of(account, at))

    def followers(self, account: Account, at: datetime) -> int:
        """Return a count that grows steadily, with a wave of some days on it."""
        days = (at - self.start).total_seconds() / _DAY_S
        wave = 0.01 * math.sin(2 * math.pi * (days / _WAVE_DAYS + fraction(self.seed, "wave", account.number)))
        return max(0, int(account.followers * math.exp(max(-3.0, min(3.0, account.growth * days)) + wave)))

    def post_number(self, account: Account, at: datetime) -> int:
        """Return how many posts an account has at a time."""
        until = min(at, account.silent_from) if account.silent_from else at
        return max(0, int((until - account.created_at) / account.posts_every))

    def view(self, account: Account, at: datetime) -> View:
        """Return what an account looks like at a time."""
        person = self.people[account.person]
        return View(
            account=account,
            person=person,
            at=at,
            handle=self.handle_of(account, at),
            name=person.name if fraction(self.seed, "name", account.number) < 0.85 else person.ascii_name,  # noqa: PLR2004 - a share
            bio=self._bio(account, person, at),
            link=self._link(account, person, at),
            followers=self.followers(account, at),
            following=30 + int(900 * fraction(self.seed, "following", account.number)),
            posts=self.post_number(account, at),
            gone=self.gone(account, at),
            private=account.fate == "private" and at >= account.fate_at,
        )

    def _bio(self, account: Account, person: Person, at: datetime) -> str:
        text = f"{person.bio} {person.culture.place}."
        if account.contacts and fraction(self.seed, "bio", account.number) < BIO_MENTIONS:
            friend = self.accounts[account.contacts[-1]]
            text += f" With @{self.handle_of(friend, at)}"
        return text

    def _link(self, account: Account, person: Person, at: datetime) -> str | None:
        if person.page:
            return person.page
        others = [number for number in person.accounts if number != account.number]
        return self.url_of(self.accounts[others[0]], at) if others else None

    def page_accounts(self, person: Person) -> list[Account]:
        """Return the accounts that the page of a person links to: all of their own, and one friend."""
        own = [self.accounts[number] for number in person.accounts]
        return [*own, *(self.accounts[number] for number in own[0].contacts[:1])]

    def seeds(self, count: int, at: datetime) -> list[Account]:
        """Return accounts to begin with: seen at that time, of middling size, from all platforms in turn."""
        turns = [[one for one in self.accounts if one.platform == platform] for platform in Platform]
        wanted: list[Account] = []
        for place in range(max(map(len, turns), default=0)):
            row = [turn[place] for turn in turns if place < len(turn)]
            wanted += [one for one in row if self.gone(one, at) is None and not self.view(one, at).private]
        return wanted[:count]
