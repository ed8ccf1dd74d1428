"""Creator ``i``: accounts and signals of the product's own types, from a stream of random numbers of its own."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from benchmarks.corpus import names
from benchmarks.corpus.bios import Person, bio, person_of
from benchmarks.corpus.content import Content, base_of, content
from benchmarks.corpus.facts import NOW, audience, numbers
from benchmarks.corpus.measured import signals_of
from benchmarks.corpus.tables import cultures, stream
from creators import ids
from creators.models import Account, Link, Platform
from creators.signals.creator import NicheScore, Signals
from enrich.signals.embedding_text import embedding_text
from mappings.niches import NICHES

SOURCE = "generated"
MORE_ACCOUNTS = (0.62, 0.86, 0.96, 0.99)
"""Shares of creators with at most one, two, three and four accounts."""
WITH_BIO, WITH_EMAIL, WITH_PHONE, WITH_WEBSITE = 0.86, 0.32, 0.03, 0.4
_ADDRESSES = {
    Platform.INSTAGRAM: "https://instagram.com/{}",
    Platform.TIKTOK: "https://tiktok.com/@{}",
    Platform.YOUTUBE: "https://youtube.com/@{}",
    Platform.X: "https://x.com/{}",
    Platform.GITHUB: "https://github.com/{}",
}
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True, slots=True)
class Made:
    """One creator as the product would hold it, without a vector."""

    creator_id: str
    accounts: tuple[Account, ...]
    signals: Signals
    content: Content


@dataclass(frozen=True, slots=True)
class _Whole:
    """What the accounts of one creator share."""

    creator: int
    content: Content
    person: Person
    own_name: str
    shown_name: str
    handle: str
    largest: int


def made(seed: int, creator: int) -> Made:
    """Return creator ``creator`` of the corpora of a seed."""
    about = content(seed, base_of(seed, creator))
    random = stream(f"{seed}/creator/{creator}")
    whole = _whole(creator, about, random)
    accounts = [_account(whole, platform, random) for platform in _platforms(about.platform, random)]
    creator_id = ids.creator_id(accounts[0].account_id)
    scores = _niches(about, random)
    text = embedding_text(accounts, scores)
    return Made(creator_id, tuple(accounts), signals_of(creator_id, accounts, scores, text, random), about)


def _whole(creator: int, about: Content, random: Random) -> _Whole:
    culture = cultures()[about.country.culture]
    own = names.person(random, culture, about.country.culture)
    shown = names.shown(random, own, culture, about.subjects[0])
    handle = names.handle(random, own, shown, creator)
    return _Whole(
        creator, about, person_of(about, handle, random), own, shown, handle, audience(about.platform, random)
    )


def _platforms(first: Platform, random: Random) -> list[Platform]:
    draw = random.random()
    others = [platform for platform in Platform if platform not in {first, Platform.GITHUB}]
    return [first, *random.sample(others, sum(draw > share for share in MORE_ACCOUNTS[: len(others)]))]


def _niches(about: Content, random: Random) -> tuple[NicheScore, ...]:
    first = NicheScore(niche=NICHES[about.niche].id, confidence=round(random.uniform(0.45, 0.99), 3))
    if about.second is None:
        return (first,)
    return (
        first,
        NicheScore(niche=NICHES[about.second].id, confidence=round(first.confidence * random.uniform(0.5, 0.9), 3)),
    )


def _account(whole: _Whole, platform: Platform, random: Random) -> Account:
    about, is_first = whole.content, platform is whole.content.platform
    size = whole.largest if is_first else max(30, int(whole.largest * 10 ** random.gauss(-0.7, 0.6)))
    handle = (
        whole.handle
        if random.random() < 0.65
        else names.handle(random, whole.own_name, whole.shown_name, whole.creator)
    )
    counted = numbers(platform, size, random)
    return Account(
        platform=platform,
        native_id=native_id(platform, whole.creator, random),
        handle=handle,
        name=whole.shown_name if random.random() < 0.8 else whole.own_name,
        bio=bio(about, whole.person, platform, random) if random.random() < WITH_BIO else None,
        url=_ADDRESSES[platform].format(handle),
        website=f"https://{whole.person.word.lower()}.example/{whole.creator}"
        if random.random() < WITH_WEBSITE
        else None,
        has_email=random.random() < WITH_EMAIL,
        has_phone=random.random() < WITH_PHONE,
        country=about.country.code if random.random() < 0.7 else None,
        language=about.language if random.random() < 0.5 else None,
        verified=counted.verified,
        categories=_categories(about, random),
        topics=about.topics if is_first else (),
        followers=counted.followers,
        following=counted.following,
        posts=counted.posts,
        views=counted.views,
        averages=counted.averages,
        engagement_rate=counted.rate,
        joined_on=counted.joined_on,
        last_posted_at=counted.last_posted_at,
        links=() if is_first else (Link(platform=about.platform, handle=whole.handle),),
        source=SOURCE,
        fetched_at=NOW.replace(day=random.randint(1, 20), hour=random.randrange(24), minute=random.randrange(60)),
    )


def _categories(about: Content, random: Random) -> tuple[str, ...]:
    return (NICHES[about.niche].aliases[0],) if random.random() < 0.35 else ()


def native_id(platform: Platform, creator: int, random: Random) -> str:
    """Return an id of the platform's form that no other creator has."""
    if platform is Platform.YOUTUBE:
        return "UC" + "".join(random.choice(_ALPHABET) for _ in range(14)) + f"{creator:08d}"
    return str(random.randrange(1, 9_000) * 100_000_000 + creator)
