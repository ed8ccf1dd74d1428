"""Items of the X actor of Apify: each is a post that describes its author.

Form: https://apify.com/apidojo/tweet-scraper (as described; no authentic item was at hand).
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, NonNegativeInt

from creators.models import Account, Lead, Platform, Post, RawRecord
from enrich.normalise.contract import Normalised, Payload, read_payload
from enrich.normalise.fields import Digits, UserName, When, lacking, latest, website_of
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
from enrich.normalise.shortened import expanded
from enrich.normalise.x_media import ExtendedEntities, media_facts
from mappings.countries import country_code


class Address(Payload):
    """An address in a post: ``t.co`` and where it leads."""

    url: str
    expanded_url: str | None = None


class Tag(Payload):
    """A hashtag of a post."""

    text: str


class Mention(Payload):
    """An account that a post names."""

    screen_name: str


class Entities(Payload):
    """What X has found in a post."""

    hashtags: tuple[Tag, ...] = ()
    urls: tuple[Address, ...] = ()
    user_mentions: tuple[Mention, ...] = ()

    @property
    def addresses(self) -> dict[str, str]:
        """Short address → where it leads."""
        return {one.url: one.expanded_url or one.url for one in self.urls}


class AuthorEntities(Payload):
    """What X has found in the bio and the website of an author."""

    description: Entities = Entities()
    url: Entities = Entities()


class Author(Payload):
    """``author`` of a post."""

    id: Digits
    user_name: UserName = Field(alias="userName")
    name: str
    followers: NonNegativeInt
    following: NonNegativeInt
    description: str | None = None
    location: str | None = None
    profile_picture: str | None = Field(default=None, alias="profilePicture")
    is_verified: bool | None = Field(default=None, alias="isVerified")
    is_blue_verified: bool | None = Field(default=None, alias="isBlueVerified")
    statuses_count: NonNegativeInt | None = Field(default=None, alias="statusesCount")
    created_at: When = Field(default=None, alias="createdAt")
    entities: AuthorEntities = AuthorEntities()

    @property
    def is_marked(self) -> bool | None:
        """Whether X marks the account as verified in one of its two ways; None where one is unknown."""
        marks = {self.is_verified, self.is_blue_verified}
        return True if True in marks else (None if None in marks else False)


class Item(Payload):
    """One item of the X actor."""

    id: Digits
    author: Author
    text: str | None = None
    full_text: str | None = Field(default=None, alias="fullText")
    created_at: When = Field(default=None, alias="createdAt")
    view_count: NonNegativeInt | None = Field(default=None, alias="viewCount")
    like_count: NonNegativeInt | None = Field(default=None, alias="likeCount")
    reply_count: NonNegativeInt | None = Field(default=None, alias="replyCount")
    retweet_count: NonNegativeInt | None = Field(default=None, alias="retweetCount")
    quote_count: NonNegativeInt | None = Field(default=None, alias="quoteCount")
    is_retweet: bool = Field(default=False, alias="isRetweet")
    entities: Entities = Entities()
    extended: ExtendedEntities | None = Field(default=None, alias="extendedEntities")

    @property
    def words(self) -> str | None:
        """The whole text."""
        return self.full_text or self.text


class Items(Payload):
    """What a run of one account returns."""

    items: tuple[Item, ...] = Field(min_length=1)


# Name in the model → name in the item.
_AUTHOR = {
    "description": "description",
    "location": "location",
    "is_blue_verified": "isBlueVerified",
    "statuses_count": "statusesCount",
    "created_at": "createdAt",
}
_POST = {
    "full_text": "fullText",
    "created_at": "createdAt",
    "view_count": "viewCount",
    "like_count": "likeCount",
    "reply_count": "replyCount",
    "retweet_count": "retweetCount",
    "quote_count": "quoteCount",
}


def x(record: RawRecord) -> Normalised:
    """Return the author of the posts of a run, and the posts that are no reposts.

    Raises:
        SchemaDrift: they have another form.
    """
    found = read_payload(Items, record.body).items
    author = found[0].author
    own = tuple(one for one in found if one.author.id == author.id)
    owner = Owner(Platform.X, author.id, author.user_name)
    posts = tuple(_post(one, owner, record) for one in own if not one.is_retweet)
    words = _words(author, owner)
    account = _account(author, words, record).model_copy(update={"last_posted_at": latest(posts)})
    named = (lead for one in own for lead in _post_leads(one, owner))
    leads = (*words.leads(), *named)
    return Normalised(
        accounts=(account,),
        posts=posts,
        leads=unique(leads),
        missing=(*lacking((author,), _AUTHOR, "author"), *lacking(own, _POST, "items")),
    )


def _words(author: Author, owner: Owner) -> OwnWords:
    website = next(iter(author.entities.url.addresses.values()), None)
    bio = expanded(author.description, author.entities.description.addresses)
    return OwnWords(owner, author.name, bio, website_of(website))


def _account(author: Author, words: OwnWords, record: RawRecord) -> Account:
    return words.account(
        record,
        avatar_url=picture(author.profile_picture),
        country=country_code(author.location or ""),
        location=safe_line(author.location),
        verified=author.is_marked,
        followers=author.followers,
        following=author.following,
        posts=author.statuses_count,
        joined_on=author.created_at.date() if author.created_at else None,
    )


def _post(one: Item, owner: Owner, record: RawRecord) -> Post:
    parts = (one.retweet_count, one.quote_count)
    return Post(
        platform=owner.platform,
        native_id=one.id,
        account_id=owner.account_id,
        text=safe_text(expanded(one.words, one.entities.addresses), MAX_POST),
        mentions=handles(mention.screen_name for mention in one.entities.user_mentions),
        posted_at=one.created_at,
        views=one.view_count,
        likes=one.like_count,
        comments=one.reply_count,
        # A sum that lacks one of its parts is not the number of shares.
        shares=None if None in parts else sum(part or 0 for part in parts),
        hashtags=hashtags_of((tag.text for tag in one.entities.hashtags), one.words),
        source=record.source,
        fetched_at=record.fetched_at,
        **media_facts(one.extended.attached if one.extended else (), one.entities.addresses.values()),
    )


def _post_leads(one: Item, owner: Owner) -> Iterator[Lead | None]:
    for mention in one.entities.user_mentions:
        yield lead_to_handle(mention.screen_name, owner.platform, owner, "mention")
    for url in one.entities.addresses.values():
        yield lead_to(url, owner, pages=False)
