"""What a creator has written, text by text, with where it stands: what signals read words from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from creators.models import Post
from enrich.signals.embedding_text import by_audience
from enrich.signals.facts import CreatorFacts

MAX_POSTS = 60
"""Posts of one creator that are read, the newest."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Said:
    """One text and where it stands.

    Attributes:
        evidence: the id of the post, or ``bio:<account id>``.
        account_id: whose it is.
        text: as written.
    """

    evidence: str
    account_id: str
    text: str


def bios(facts: CreatorFacts) -> list[Said]:
    """Return the bios in the creator's own words, each once, of the largest audience first."""
    found: dict[str, Said] = {}
    for account in by_audience(facts.accounts):
        if account.bio and not account.bio_composed:
            found.setdefault(account.bio, Said(f"bio:{account.account_id}", account.account_id, account.bio))
    return list(found.values())


def newest_posts(facts: CreatorFacts, limit: int = MAX_POSTS) -> list[Post]:
    """Return the newest posts, the newest first; their order in ``facts`` does not matter."""
    return sorted(facts.posts, key=lambda post: (post.posted_at or post.fetched_at, post.post_id), reverse=True)[:limit]


def captions(posts: Iterable[Post]) -> list[Said]:
    """Return the texts of posts, in their order."""
    return [Said(post.post_id, post.account_id, post.text) for post in posts if post.text]


def as_of(facts: CreatorFacts, posts: Sequence[Post] | None = None) -> datetime:
    """Return when the newest of the records was fetched; of all posts unless ``posts`` says of which."""
    read = facts.posts if posts is None else posts
    times = [account.fetched_at for account in facts.accounts] + [post.fetched_at for post in read]
    return max(times, default=_EPOCH)


def window_days(posts: Iterable[Post]) -> int | None:
    """Return the days from the oldest to the newest post, rounded up; None where none tells its time."""
    times = [post.posted_at for post in posts if post.posted_at is not None]
    if not times:
        return None
    span = max(times) - min(times)
    return span.days + (span.seconds > 0)


def host_of(url: str) -> str:
    """Return the host of an address in small letters, without ``www.``; empty where there is none."""
    try:
        host = urlsplit(url if "//" in url else f"https://{url}").hostname or ""
    except ValueError:  # a bracket that no address of a machine closes
        return ""
    return host.rstrip(".").removeprefix("www.")
