"""Answers of SocialData become accounts, posts and leads.

Forms: https://docs.socialdata.tools, in which a user and a post are those of the X API 1.1
(https://developer.x.com/en/docs/x-api/v1/data-dictionary) with times in ISO 8601; the old form of a time is read, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from pydantic import AliasChoices, Field, NonNegativeInt

from creators.errors import SchemaDrift
from creators.models import Lead, Platform, Post, RawRecord
from creators.text import MAX_HANDLE
from enrich.normalise.contract import Normalised, Payload, read_payload
from enrich.normalise.fields import When, website_of
from enrich.normalise.leads import (
    Owner,
    hashtags_of,
    lead_to,
    lead_to_handle,
    unique,
)
from enrich.normalise.masking import MAX_POST, safe_line, safe_text
from enrich.normalise.own_words import OwnWords
from enrich.normalise.post_facts import handles, picture
from enrich.normalise.shortened import Id, expanded
from enrich.normalise.x_media import ExtendedEntities, media_facts
from mappings.countries import country_code

Text = Annotated[str, Field(min_length=1)]
Handle = Annotated[str, Field(min_length=1, max_length=MAX_HANDLE)]


class Address(Payload):
    """An address in a text: ``t.co`` and where it leads."""

    url: Text
    expanded_url: str | None = None

    @property
    def full(self) -> str:
        """Where it leads."""
        return self.expanded_url or self.url


class Tag(Payload):
    """A hashtag without ``#``."""

    text: Text


class Mention(Payload):
    """An account that a text names."""

    screen_name: Text


class Entities(Payload):
    """What X has found in a text."""

    urls: tuple[Address, ...] = ()
    hashtags: tuple[Tag, ...] = ()
    user_mentions: tuple[Mention, ...] = ()

    @property
    def addresses(self) -> dict[str, str]:
        """Short address → where it leads."""
        return {one.url: one.full for one in self.urls}


class UserEntities(Payload):
    """What X has found in the website and the bio of a user."""

    url: Entities = Entities()
    description: Entities = Entities()


class Author(Payload):
    """Who has written a post, as far as it has to be known."""

    id_str: Id


class User(Author):
    """A user."""

    screen_name: Handle
    name: str
    followers_count: NonNegativeInt
    friends_count: NonNegativeInt
    statuses_count: NonNegativeInt
    description: str | None = None
    location: str | None = None
    url: str | None = None
    verified: bool | None = None
    protected: bool | None = None
    profile_image_url_https: str | None = None
    created_at: When = None
    entities: UserEntities = UserEntities()


class Tweet(Payload):
    """A post."""

    id_str: Id
    full_text: str | None = None
    text: str | None = None
    created_at: When = Field(default=None, validation_alias=AliasChoices("tweet_created_at", "created_at"))
    user: Author | None = None
    views_count: NonNegativeInt | None = None
    favorite_count: NonNegativeInt | None = None
    reply_count: NonNegativeInt | None = None
    retweet_count: NonNegativeInt | None = None
    quote_count: NonNegativeInt | None = None
    entities: Entities = Entities()
    extended_entities: ExtendedEntities | None = None
    retweeted_status: dict[str, Any] | None = None

    @property
    def words(self) -> str | None:
        """The whole text."""
        return self.full_text or self.text


class Tweets(Payload):
    """``GET /twitter/user/{id}/tweets``."""

    tweets: tuple[Tweet, ...]


class Hit(Tweet):
    """A post that a search has found; its author is described in full."""

    user: User


class Hits(Payload):
    """The posts of one author that ``GET /twitter/search`` has found."""

    tweets: Annotated[tuple[Hit, ...], Field(min_length=1)]


def normalise(record: RawRecord) -> Normalised:
    """Return what a ``user``, ``tweets`` or ``search`` record says.

    Raises:
        SchemaDrift: its form is not the documented one.
    """
    match record.kind:
        case "user":
            return _user(read_payload(User, record.body), (), record)
        case "tweets":
            return _posts(read_payload(Tweets, record.body).tweets, Owner(Platform.X, record.native_id), record)
        case "search":
            found = read_payload(Hits, record.body).tweets
            return _user(found[0].user, found, record)
    detail = f"kind {record.kind!r} of {record.source} is none of user, tweets, search"
    raise SchemaDrift(detail, field="kind")


def _user(user: User, tweets: Iterable[Tweet], record: RawRecord) -> Normalised:
    owner = Owner(Platform.X, user.id_str, user.screen_name)
    words = OwnWords(
        owner,
        user.name,
        expanded(user.description, user.entities.description.addresses),
        website_of(next((one.full for one in user.entities.url.urls), user.url)),
    )
    posts = _posts(tweets, owner, record)
    account = words.account(
        record,
        avatar_url=picture(user.profile_image_url_https),
        country=country_code(user.location or ""),
        location=safe_line(user.location),
        verified=user.verified,
        followers=user.followers_count,
        following=user.friends_count,
        posts=user.statuses_count,
        joined_on=user.created_at.date() if user.created_at else None,
    )
    optional = ("description", "location", "url", "verified", "created_at")
    found = _search_lead(owner, record) if record.kind == "search" else None
    leads = unique((found, *words.leads(), *posts.leads))
    return Normalised(
        accounts=(account,), posts=posts.posts, leads=leads, missing=(*user.missing(*optional), *posts.missing)
    )


def _search_lead(owner: Owner, record: RawRecord) -> Lead:
    # The account is known at once; the lead books it to its topic, so that its posts are fetched within that budget.
    return Lead(kind="profile", platform=owner.platform, value=owner.native_id, found_on=record.target, reason="search")


def _posts(tweets: Iterable[Tweet], owner: Owner, record: RawRecord) -> Normalised:
    posts: list[Post] = []
    leads: list[Lead | None] = []
    missing: dict[str, None] = {}
    for tweet in tweets:
        if tweet.user is not None and tweet.user.id_str != owner.native_id:
            continue  # a timeline also holds the posts that were answered
        leads.extend(_leads(tweet, owner))
        if tweet.retweeted_status is None:
            posts.append(_post(tweet, owner, record))
            missing |= dict.fromkeys(f"posts.{name}" for name in tweet.missing(*_COUNTED))
    return Normalised(accounts=(), posts=tuple(posts), leads=unique(leads), missing=tuple(missing))


_COUNTED = ("full_text", "created_at", "favorite_count", "reply_count", "retweet_count", "quote_count", "views_count")


def _post(tweet: Tweet, owner: Owner, record: RawRecord) -> Post:
    return Post(
        platform=owner.platform,
        native_id=tweet.id_str,
        account_id=owner.account_id,
        text=safe_text(expanded(tweet.words, tweet.entities.addresses), MAX_POST),
        mentions=handles(one.screen_name for one in tweet.entities.user_mentions),
        posted_at=tweet.created_at,
        views=tweet.views_count,
        likes=tweet.favorite_count,
        comments=tweet.reply_count,
        shares=_sum(tweet.retweet_count, tweet.quote_count),
        hashtags=hashtags_of((one.text for one in tweet.entities.hashtags), tweet.words),
        source=record.source,
        fetched_at=record.fetched_at,
        **media_facts(
            tweet.extended_entities.attached if tweet.extended_entities else (), tweet.entities.addresses.values()
        ),
    )


def _sum(reposts: int | None, quotes: int | None) -> int | None:
    # A sum that lacks one of its parts is not the number of shares.
    return None if reposts is None or quotes is None else reposts + quotes


def _leads(tweet: Tweet, owner: Owner) -> Iterator[Lead | None]:
    for one in tweet.entities.user_mentions:
        yield lead_to_handle(one.screen_name, owner.platform, owner, "mention")
    for address in tweet.entities.urls:
        yield lead_to(address.full, owner, pages=False)
