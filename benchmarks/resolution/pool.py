"""One pool of all accounts of a file with its strangers, labels apart; the same for one seed, whatever the level."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal
from urllib.parse import urlsplit

from benchmarks.resolution.distractors import KINDS, Model
from benchmarks.resolution.people import Handle, Person
from benchmarks.resolution.shown import HALF, display_name, drawn_bios, drawn_name, drawn_websites
from creators.text import normalise_handle

Level = Literal["handles", "names", "links and bios"]
LEVELS: tuple[Level, ...] = ("handles", "names", "links and bios")
DISTRACTORS = 0.30
"""Share of the pool that is strangers, at least."""
SHARED_HOST = 3
"""A host with the pages of this many people belongs to none of them: a stranger may have a page there, too."""
ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class PoolAccount:
    """What a level shows of one account; "" is unknown."""

    account_id: str
    platform: str
    native_id: str | None
    handle: str | None
    name: str = ""
    bio: str = ""
    website: str = ""

    def at(self, level: Level) -> PoolAccount:
        """Return what ``level`` shows of it."""
        if level == "handles":
            return replace(self, name="", bio="", website="")
        return replace(self, bio="", website="") if level == "names" else self


@dataclass(frozen=True, slots=True)
class Pool:
    """Accounts without labels, and the labels."""

    accounts: tuple[PoolAccount, ...]
    """In the order of their ids, which says nothing about who is who."""
    truth: Mapping[str, str]
    """Account id → person; a stranger is a person of its own."""
    strangers: Mapping[str, tuple[str, str]]
    """Account id of a stranger → its kind, and the person whom it looks like."""

    def at(self, level: Level) -> Pool:
        """Return the pool as ``level`` shows it."""
        return replace(self, accounts=tuple(account.at(level) for account in self.accounts))


def make_pool(people: Sequence[Person], seed: int, level: Level = "links and bios") -> Pool:
    """Return the pool of all accounts of ``people`` with strangers who look like them, as ``level`` shows it.

    Every draw of a person comes from the seed and the person's place in the file alone.
    """
    accounts: dict[str, PoolAccount] = {}
    truth: dict[str, str] = {}
    for person in people:
        for account in _accounts_of(person, Random(f"{seed}|{person.person_id}")):  # noqa: S311 - a draw, no secret
            accounts[account.account_id] = account
            truth[account.account_id] = person.person_id
    strangers = _Strangers(people, Random(f"{seed}|strangers")).add(accounts)  # noqa: S311 - as above
    truth |= {account_id: f"stranger:{account_id}" for account_id in strangers}
    return Pool(tuple(accounts[one] for one in sorted(accounts)), truth, strangers).at(level)


def _accounts_of(person: Person, random: Random) -> list[PoolAccount]:
    count = len(person.accounts)
    bios, websites = drawn_bios(person, count, random), drawn_websites(person.websites, count, random)
    return [
        _account(handle, display_name(drawn_name(person, random), handle, random), bio, website)
        for handle, bio, website in zip(person.accounts, bios, websites, strict=True)
    ]


def _account(handle: Handle, name: str, bio: str, website: str) -> PoolAccount:
    return PoolAccount(handle.account_id, handle.platform, handle.native_id, handle.handle, name, bio, website)


class _Strangers:
    """Draws strangers until they are a share ``DISTRACTORS`` of the pool."""

    def __init__(self, people: Sequence[Person], random: Random) -> None:
        self._random = random
        self._people = [person for person in people if person.accounts and person.names]
        self._known = {name.casefold() for person in people for name in person.names}
        self._words = [word for person in people for word in person.bio.split()]
        self._with_website = sum(bool(person.websites) for person in people) / max(len(people), 1)
        hosts = Counter(host for person in people for host in {urlsplit(one).netloc for one in person.websites} if host)
        self._hosts = sorted(host for host, count in hosts.items() if count >= SHARED_HOST)

    def add(self, accounts: dict[str, PoolAccount]) -> dict[str, tuple[str, str]]:
        """Add strangers to ``accounts``; returns account id → kind and the person whom it looks like."""
        wanted = math.ceil(len(accounts) * DISTRACTORS / (1 - DISTRACTORS)) if self._people else 0
        platforms = sorted(account.platform for account in accounts.values())
        kinds = list(KINDS)
        found: dict[str, tuple[str, str]] = {}
        order: list[Person] = []
        while len(found) < wanted:
            if not order:
                order = self._random.sample(self._people, len(self._people))
            person, kind = order.pop(), kinds[len(found) % len(kinds)]
            stranger = self._stranger(person, kind, self._random.choice(platforms), accounts)
            accounts[stranger.account_id] = stranger
            found[stranger.account_id] = (kind, person.person_id)
        return found

    def _stranger(self, person: Person, kind: str, platform: str, taken: Mapping[str, PoolAccount]) -> PoolAccount:
        random = self._random
        model = Model(person, random.choice(person.accounts), self._people, self._known)
        for attempt in range(ATTEMPTS):
            name, written = KINDS[kind](model, random)
            written += str(random.randrange(1000)) if attempt > ATTEMPTS // 2 else ""
            if normalise_handle(written) and f"{platform}:@{normalise_handle(written)}" not in taken:
                break
        else:
            written = f"user{len(taken)}"
        handle = Handle(platform, written, None)
        return _account(handle, display_name(name, handle, random), self._bio(), self._website(written))

    def _bio(self) -> str:
        """Return words that people of the file use, in no order that anybody wrote."""
        random = self._random
        if not self._words or random.random() < HALF:
            return ""
        return " ".join(random.choices(self._words, k=random.randrange(4, 12)))

    def _website(self, handle: str) -> str:
        """Return a page of the stranger's own: on a host that many share, or on one of its own."""
        random = self._random
        if random.random() >= HALF * self._with_website:
            return ""
        if self._hosts and random.random() < HALF:
            return f"https://{random.choice(self._hosts)}/{handle}"
        return f"https://{normalise_handle(handle).strip('._-')}.example.org"
