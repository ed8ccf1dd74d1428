"""What accounts post: worked out from the account, the number of the post and the time; nothing is stored."""

from __future__ import annotations

import base64
import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from creators.models import Platform
from simulator.dice import Dice, roll
from simulator.people import Account
from simulator.world import World

MENTIONED = 0.6
"""Share of the posts that mention somebody."""
FORKED = 0.35
"""Share of the repositories that are forks of a contact's."""
RECENT = 12
"""Posts of an account that the sources read."""
_RIPE_HOURS = 36.0
_TWITTER_EPOCH_MS = 1_288_834_974_657
_NUMBER_BITS, _CHECK_BITS = 24, 20


@dataclass(frozen=True, slots=True)
class Post:
    """One post at a time: a picture, a video, a tweet or a repository."""

    account: Account
    number: int
    post_id: str
    text: str
    tags: tuple[str, ...]
    mentions: tuple[Account, ...]
    created_at: datetime
    likes: int
    comments: int
    shares: int
    views: int
    seconds: int
    is_video: bool

    @property
    def short_code(self) -> str:
        """The name of the post in addresses of Instagram."""
        return base64.urlsafe_b64encode(roll("code", self.post_id).to_bytes(8, "big")).decode()[:11]


def posts(world: World, account: Account, at: datetime, limit: int = RECENT, skip: int = 0) -> list[Post]:
    """Return the posts of an account that exist at a time, latest first."""
    last = world.post_number(account, at) - 1 - skip
    return [_post(world, account, number, at) for number in range(last, max(-1, last - limit), -1)]


def _created_at(world: World, account: Account, number: int) -> datetime:
    late = 0.8 * (roll(world.seed, "late", account.number, number) % 1_000) / 1_000
    return account.created_at + account.posts_every * (number + late)


def _post(world: World, account: Account, number: int, at: datetime) -> Post:
    dice = Dice(world.seed, "post", account.number, number)
    niche = world.people[account.person].niche
    created_at = _created_at(world, account, number)
    age_h = max(0.0, (at - created_at).total_seconds() / 3_600)
    ripe = 1 - math.exp(-age_h / _RIPE_HOURS)
    likes = account.followers * account.engagement * dice.log_normal(1.0, 0.5) * ripe
    tags = tuple(dict.fromkeys((dice.choice(niche.tags), dice.choice(niche.tags), niche.tags[0])))
    mentions = _mentioned(world, account, number, dice)
    names = "".join(f" @{world.handle_of(one, created_at)}" for one in mentions)
    text = (
        f"{dice.choice(niche.posts).replace('{}', str(number % 90 + 2))}{names} {' '.join('#' + tag for tag in tags)}"
    )
    return Post(
        account=account,
        number=number,
        post_id=post_id(world, account, number, created_at),
        text=text,
        tags=tags,
        mentions=mentions,
        created_at=created_at,
        likes=int(likes),
        comments=int(likes * dice.log_normal(0.03, 0.4)),
        shares=int(likes * dice.log_normal(0.05, 0.5)),
        views=int(likes * dice.log_normal(12.0, 0.3)),
        seconds=dice.integer(15, 1_500),
        is_video=dice.chance(0.5),
    )


def _mentioned(world: World, account: Account, number: int, dice: Dice) -> tuple[Account, ...]:
    if not account.contacts or not dice.chance(MENTIONED):
        return ()
    return (world.accounts[account.contacts[number % len(account.contacts)]],)


def post_id(world: World, account: Account, number: int, created_at: datetime) -> str:
    """Return the id that the platform gives a post; on YouTube it names account and number, see :func:`video`."""
    if account.platform is Platform.YOUTUBE:
        return _video_id(world.seed, account.number, number)
    salt = roll(world.seed, "id", account.number, number)
    if account.platform is Platform.X:
        return str((int(created_at.timestamp() * 1_000) - _TWITTER_EPOCH_MS) << 22 | salt & 0x3FFFFF)
    if account.platform is Platform.TIKTOK:
        return str(int(created_at.timestamp()) << 32 | salt & 0xFFFFFFFF)
    if account.platform is Platform.INSTAGRAM:
        return str(17_800_000_000_000_000 + salt % 200_000_000_000_000)
    return str(1_000_000 + account.number * 10_000 + number)


def _video_id(seed: int, account: int, number: int) -> str:
    check = roll(seed, "video", account, number) >> (64 - _CHECK_BITS)
    packed = (account << _NUMBER_BITS | number) << _CHECK_BITS | check
    return base64.urlsafe_b64encode((packed ^ _scramble(seed)).to_bytes(8, "big")).decode().rstrip("=")


def _scramble(seed: int) -> int:
    return roll(seed, "scramble")


def video(world: World, video_id: str, at: datetime) -> Post | None:
    """Return the video of YouTube that an id names, or None where there is none at that time."""
    try:
        packed = int.from_bytes(base64.urlsafe_b64decode(f"{video_id}="), "big") ^ _scramble(world.seed)
    except ValueError:
        return None
    both = packed >> _CHECK_BITS
    place, number = both >> _NUMBER_BITS, both & (1 << _NUMBER_BITS) - 1
    if place >= len(world.accounts) or _video_id(world.seed, place, number) != video_id:
        return None
    account = world.accounts[place]
    exists = number < world.post_number(account, at) and world.gone(account, at) is None
    return _post(world, account, number, at) if exists else None


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository of a GitHub account at a time."""

    owner: Account
    number: int
    name: str
    description: str
    homepage: str | None
    parent: Account | None
    """Whose repository of the same name it was forked from."""
    created_at: datetime
    pushed_at: datetime
    stars: int
    forks: int
    language: str
    topics: tuple[str, ...]


LANGUAGES = ("Python", "Rust", "TypeScript", "Go", "C", "Julia")
MOST_REPOSITORIES = 24


def repositories(world: World, account: Account, at: datetime) -> list[Repository]:
    """Return the repositories of an account at a time, latest push first; empty on other platforms."""
    if account.platform is not Platform.GITHUB:
        return []
    made = min(MOST_REPOSITORIES, 2 + world.post_number(account, at) // 12)
    found = [_repository(world, account, number, at) for number in range(made)]
    return sorted(found, key=lambda one: one.pushed_at, reverse=True)


def _repository(world: World, account: Account, number: int, at: datetime) -> Repository:
    dice = Dice(world.seed, "repository", account.number, number)
    person = world.people[account.person]
    work = person.niche.works[number % len(person.niche.works)]
    parent = None
    if account.contacts and dice.chance(FORKED):
        parent = world.accounts[account.contacts[number % len(account.contacts)]]
        theirs = world.people[parent.person].niche.works
        work = theirs[0]
    # Kept short of the start, so that no repository is younger than its last push.
    created_at = account.created_at + (world.start - account.created_at) * (0.8 * number / MOST_REPOSITORIES)
    until = min(at, account.silent_from) if account.silent_from else at
    rhythm = account.posts_every * dice.integer(1, 40)
    pushed_at = max(created_at, created_at + rhythm * int((until - created_at) / rhythm))
    friend = world.accounts[dice.choice(account.contacts)] if account.contacts and dice.chance(0.3) else None
    thanks = f", with @{world.handle_of(friend, at)}" if friend else ""
    stars = account.followers * dice.log_normal(0.02, 1.2) * (0.05 if parent else 1)
    return Repository(
        owner=account,
        number=number,
        name=work if number < len(person.niche.works) or parent else f"{work}-{number}",
        description=f"{work.replace('-', ' ').capitalize()} for people who want less of it{thanks}",
        homepage=person.page if dice.chance(0.4) else None,
        parent=parent,
        created_at=created_at,
        pushed_at=pushed_at,
        stars=int(stars),
        forks=int(stars * 0.1),
        language=dice.choice(LANGUAGES),
        topics=tuple(dict.fromkeys((dice.choice(person.niche.tags), dice.choice(person.niche.tags)))),
    )


def leads(world: World, account: Account, at: datetime) -> set[int]:
    """Return the numbers of the accounts that an account shows: in its bio, its recent posts, its link, its works."""
    view = world.view(account, at)
    if view.gone:
        return set()
    person = view.person
    found = {number for number in person.accounts if person.page or view.link}
    if "@" in view.bio:
        found.add(account.contacts[-1])
    if person.page:
        found |= {one.number for one in world.page_accounts(person)}
    if account.platform is Platform.GITHUB:
        found |= {one.parent.number for one in repositories(world, account, at) if one.parent}
    elif not view.private:
        found |= {one.number for post in posts(world, account, at) for one in post.mentions}
    return found - {account.number}


def reachable(world: World, seeds: Iterable[Account], depth: int, at: datetime) -> dict[int, int]:
    """Return account number → least number of steps from ``seeds``, following only what accounts show at a time."""
    found = {seed.number: 0 for seed in seeds}
    ahead = deque(found)
    for number in _taken(ahead):
        if found[number] == depth:
            continue
        for other in sorted(leads(world, world.accounts[number], at) - found.keys()):
            found[other] = found[number] + 1
            ahead.append(other)
    return found


def _taken(ahead: deque[int]) -> Iterator[int]:
    while ahead:
        yield ahead.popleft()
