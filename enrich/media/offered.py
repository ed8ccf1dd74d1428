"""Which pictures of accounts are worth a look: the one of the profile, and those of the newest posts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from creators.stores import pictures
from creators.stores.pictures import Picture

if TYPE_CHECKING:
    from datetime import datetime

    from creators.stores.session import Stores
    from enrich.signals.facts import CreatorFacts

JOB = "look_pictures"


def offer(stores: Stores, facts: Iterable[CreatorFacts], now: datetime) -> int:
    """Enter the pictures of creators into the ledger where the settings ask for it; returns how many are new.

    Raises:
        ClusterUnavailable, QueueUnavailable: doing it again is harmless.
    """
    if stores.settings.media_fetch == "off":
        return 0
    found = [one for each in facts for one in worth_a_look(each, stores.settings.media_posts, now)]
    new = pictures.offer(stores.cluster, found)
    if new:
        stores.queue.enqueue(JOB, "0")
    return new


def worth_a_look(facts: CreatorFacts, posts: int, now: datetime) -> Iterator[Picture]:
    """Yield the pictures of one creator: of every account its own, and those of its newest posts.

    Accounts whose source does not let anything be derived have none, nor have accounts that are gone.

    Args:
        facts: of the creator.
        posts: how many pictures of posts are wanted of each account.
        now: when they are due.
    """
    for account in facts.accounts:
        if account.gone or not account.may_derive:
            continue
        if account.avatar_url:
            yield Picture(account.account_id, account.avatar_url, "avatar", now)
        shown = [one for one in facts.posts if one.account_id == account.account_id and one.picture_url]
        shown.sort(key=lambda one: (one.posted_at or one.fetched_at, one.post_id), reverse=True)
        for post in shown[:posts]:
            yield Picture(account.account_id, str(post.picture_url), "post", now)
