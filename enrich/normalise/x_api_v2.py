"""Answers of the X API v2 become accounts, posts and leads.

Forms: https://docs.x.com/x-api/fundamentals/data-dictionary. X leaves out what a user has left open, so a user without
a place has no ``location``; what was not asked for is not there either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

from pydantic import Field, NonNegativeInt

from creators.errors import SchemaDrift
from creators.models import Lead, Platform, Post, RawRecord
from creators.text import MAX_HANDLE
from enrich.normalise.contract import Normalised, Payload, read_payload
from enrich.normalise.fields import When, website_of
from enrich.normalise.leads import Owner, hashtags_of, lead_to, lead_to_handle, unique
from enrich.normalise.masking import MAX_POST, safe_line, safe_text
from enrich.normalise.own_words import OwnWords
from enrich.normalise.post_facts import handles, picture
from enrich.normalise.shortened import Id, expanded, posted_at
from enrich.normalise.x_media import Medium, media_facts
from mappings.countries import country_code

Text = Annotated[str, Field(min_length=1)]
Handle = Annotated[str, Field(min_length=1, max_length=MAX_HANDLE)]


class Address(Payload):
    """An address in a text: ``t.co`` and where it leads."""

    url: Text
    expanded_url: str | None = None
    unwound_url: str | None = None

    @property
    def full(self) -> str:
        """The address that a reader ends at, as far as it is known."""
        return self.unwound_url or self.expanded_url or self.url


class Tag(Payload):
    """A hashtag without ``#``."""

    tag: Text


class Mention(Payload):
    """An account that a text names."""

    username: Text


class Entities(Payload):
    """What X has found in a text."""

    urls: tuple[Address, ...] = ()
    hashtags: tuple[Tag, ...] = ()
    mentions: tuple[Mention, ...] = ()

    @property
    def addresses(self) -> dict[str, str]:
        """Short address → where it leads."""
        return {one.url: one.full for one in self.urls}


class UserEntities(Payload):
    """What X has found in the website and the bio of a user."""

    url: Entities = Entities()
    description: Entities = Entities()


class UserMetrics(Payload):
    """Counters of a user."""

    followers_count: NonNegativeInt
    following_count: NonNegativeInt
    tweet_count: NonNegativeInt


class User(Payload):
    """A user."""

    id: Id
    username: Handle
    name: str
    description: str | None = None
    location: str | None = None
    url: str | None = None
    verified: bool | None = None
    protected: bool | None = None
    profile_image_url: str | None = None
    created_at: When = None
    most_recent_tweet_id: str | None = None
    public_metrics: UserMetrics | None = None
    entities: UserEntities = UserEntities()


class TweetMetrics(Payload):
    """Counters of a post; impressions are there since 2022."""

    retweet_count: NonNegativeInt
    reply_count: NonNegativeInt
    like_count: NonNegativeInt
    quote_count: NonNegativeInt
    impression_count: NonNegativeInt | None = None


class LongText(Payload):
    """The whole of a post of more than 280 characters."""

    text: str
    entities: Entities = Entities()


class Reference(Payload):
    """What a post repeats or answers."""

    type: Text


class Attachments(Payload):
    """What is attached to a post, by its keys in ``includes.media``."""

    media_keys: tuple[str, ...] = ()


class Tweet(Payload):
    """A post."""

    id: Id
    text: str
    author_id: str | None = None
    created_at: When = None
    public_metrics: TweetMetrics | None = None
    entities: Entities = Entities()
    attachments: Attachments = Attachments()
    note_tweet: LongText | None = None
    referenced_tweets: tuple[Reference, ...] = ()

    @property
    def is_repost(self) -> bool:
        """Whether these are the words of somebody else."""
        return any(one.type == "retweeted" for one in self.referenced_tweets)

    @property
    def words(self) -> tuple[str, Entities]:
        """The whole text, and what X has found in it."""
        return (self.note_tweet.text, self.note_tweet.entities) if self.note_tweet else (self.text, self.entities)

    @property
    def addresses(self) -> Iterator[str]:
        """Where the addresses of its text lead; those of its own media stand in the short text only."""
        return (one.expanded_url or one.url for one in self.entities.urls)


class Included(Payload):
    """Posts that belong to an answer: the one that a user has pinned, or those that a search has found; and media."""

    tweets: tuple[Tweet, ...] = ()
    media: tuple[Medium, ...] = ()


class OneUser(Payload):
    """``GET /2/users/{id}``, ``GET /2/users/by/username/{username}``, or a user that a search has found."""

    data: User
    includes: Included = Included()


class Tweets(Payload):
    """``GET /2/users/{id}/tweets``."""

    data: tuple[Tweet, ...]
    includes: Included = Included()


class Followers(Payload):
    """``GET /2/users/{id}/followers``."""

    data: tuple[User, ...]


def normalise(record: RawRecord) -> Normalised:
    """Return what a ``user``, ``search``, ``tweets`` or ``followers`` record says.

    Raises:
        SchemaDrift: its form is not the documented one.
    """
    match record.kind:
        case "user" | "search":
            return _user(read_payload(OneUser, record.body), record)
        case "tweets":
            answer = read_payload(Tweets, record.body)
            told = Included(tweets=answer.data, media=answer.includes.media)
            return _posts(told, Owner(Platform.X, record.native_id), record)
        case "followers":
            return _followers(read_payload(Followers, record.body).data, Owner(Platform.X, record.native_id))
    detail = f"kind {record.kind!r} of {record.source} is none of user, search, tweets, followers"
    raise SchemaDrift(detail, field="kind")


def _user(answer: OneUser, record: RawRecord) -> Normalised:
    user = answer.data
    owner = Owner(Platform.X, user.id, user.username)
    words = OwnWords(
        owner,
        user.name,
        expanded(user.description, user.entities.description.addresses),
        website_of(next((one.full for one in user.entities.url.urls), user.url)),
    )
    metrics = user.public_metrics
    posts = _posts(answer.includes, owner, record)
    account = words.account(
        record,
        avatar_url=picture(user.profile_image_url),
        country=country_code(user.location or ""),
        location=safe_line(user.location),
        verified=user.verified,
        followers=metrics.followers_count if metrics else None,
        following=metrics.following_count if metrics else None,
        posts=metrics.tweet_count if metrics else None,
        joined_on=user.created_at.date() if user.created_at else None,
        last_posted_at=posted_at(user.most_recent_tweet_id),
    )
    optional = ("description", "location", "url", "verified", "created_at", "public_metrics", "most_recent_tweet_id")
    found = _search_lead(owner, record) if record.kind == "search" else None
    leads = unique((found, *words.leads(), *posts.leads))
    return Normalised(
        accounts=(account,), posts=posts.posts, leads=leads, missing=(*user.missing(*optional), *posts.missing)
    )


def _search_lead(owner: Owner, record: RawRecord) -> Lead:
    # The account is known at once; the lead books it to its topic, so that its posts are fetched within that budget.
    return Lead(kind="profile", platform=owner.platform, value=owner.native_id, found_on=record.target, reason="search")


def _posts(told: Included, owner: Owner, record: RawRecord) -> Normalised:
    media = {one.media_key: one for one in told.media}
    posts: list[Post] = []
    leads: list[Lead | None] = []
    missing: dict[str, None] = {}
    for tweet in told.tweets:
        if tweet.author_id not in {None, owner.native_id}:
            continue
        leads.extend(_leads(tweet, owner))
        if not tweet.is_repost:
            posts.append(_post(tweet, media, owner, record))
            missing |= dict.fromkeys(f"posts.{name}" for name in tweet.missing("created_at", "public_metrics"))
    return Normalised(accounts=(), posts=tuple(posts), leads=unique(leads), missing=tuple(missing))


def _post(tweet: Tweet, media: Mapping[str, Medium], owner: Owner, record: RawRecord) -> Post:
    text, entities = tweet.words
    keys = tweet.attachments.media_keys
    attached = [media[key].attached for key in keys if key in media]
    metrics = tweet.public_metrics
    return Post(
        platform=owner.platform,
        native_id=tweet.id,
        account_id=owner.account_id,
        text=safe_text(expanded(text, entities.addresses), MAX_POST),
        mentions=handles(one.username for one in entities.mentions),
        posted_at=tweet.created_at,
        views=metrics.impression_count if metrics else None,
        likes=metrics.like_count if metrics else None,
        comments=metrics.reply_count if metrics else None,
        shares=metrics.retweet_count + metrics.quote_count if metrics else None,
        hashtags=hashtags_of((one.tag for one in entities.hashtags), text),
        source=record.source,
        fetched_at=record.fetched_at,
        **media_facts(attached, tweet.addresses, is_all=len(attached) == len(keys)),
    )


def _leads(tweet: Tweet, owner: Owner) -> Iterator[Lead | None]:
    _text, entities = tweet.words
    for one in entities.mentions:
        yield lead_to_handle(one.username, owner.platform, owner, "mention")
    for address in entities.urls:
        yield lead_to(address.full, owner, pages=False)


def _followers(users: Iterable[User], owner: Owner) -> Normalised:
    """Followers as leads, those with most followers of their own first: discovery decides whom to fetch."""
    known = sorted(users, key=lambda user: -(user.public_metrics.followers_count if user.public_metrics else 0))
    leads = (
        Lead(kind="profile", platform=owner.platform, value=user.id, found_on=owner.account_id, reason="follower")
        for user in known
        if not user.protected
    )
    return Normalised(accounts=(), leads=unique(leads))
