"""Rows of dataset files become accounts and posts, as their mapping says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn

from pydantic import ValidationError

from creators import ids
from creators.cells import Cells, as_columns, cell, cells
from creators.datasets import AccountColumns, DatasetMapping, PostColumns
from creators.errors import BadRecord
from creators.models import Account, Averages, Link, Observation, Platform, Post, RawRecord
from creators.profiles import Identity, choose, identities, items_of, profile_of, profile_url
from creators.text import clean_line, normalise_handle, transliterate
from creators.values import parse_count, parse_instant
from enrich.normalise.composed_bio import Facts, compose_bio
from enrich.normalise.contact import contact_facts
from enrich.normalise.contract import Normalised
from enrich.normalise.masking import MAX_BIO, MAX_POST, safe_line, safe_text
from mappings.countries import country_code, country_names

MAX_URL = 2_000
"""Characters of a website; more is no address."""
MAX_LABELS = 100
"""Categories, topics or hashtags of one account or post that are kept, the first ones."""
SOURCE = "dataset"
_SLUG = re.compile(r"[^a-z0-9]+")
_LANGUAGE = re.compile(r"([a-z]{2})(?:[-_].*)?")
_WEBSITE = re.compile(r"(?:https?://)?[^\s/@]+\.[^\s/@]{2,}(?:/\S*)?")


def normalise(record: RawRecord, mapping: DatasetMapping) -> Normalised:
    """Return what the row of a ``dataset`` record says.

    Accounts of one row share a ``person_key``; profiles on networks that are not indexed become links.

    Raises:
        BadRecord: no account in it, or a cell that its field cannot hold; names the field, the value and the fix.
    """
    row = record.body.get("row")
    if not isinstance(row, Mapping):
        detail = "body.row: the record holds no row; ingest the file again"
        raise BadRecord(detail, field="row")
    found = identities(row, mapping)
    person_key = _person_key(row, mapping, found)
    links = _listed_links(row, mapping)
    try:
        accounts = tuple(_account(one, record, mapping, (person_key, links)) for one in found)
        posts = () if mapping.post is None else _posts(row, mapping.post, mapping, accounts[0])
    except ValidationError as error:
        _refuse(error)
    return Normalised(accounts=accounts, posts=posts)


def _account(
    one: Identity, record: RawRecord, mapping: DatasetMapping, shared: tuple[str | None, tuple[Link, ...]]
) -> Account:
    columns = mapping.account or AccountColumns()
    read = _reader(one.row, mapping)
    person_key, row_links = shared
    account = Account(
        platform=one.platform,
        native_id=one.native_id,
        handle=one.handle,
        name=safe_line(read.text(columns.name)),
        bio=safe_text(read.text(columns.bio), MAX_BIO),
        url=_url(one, read.text(columns.url)),
        website=_website(read.text(columns.website)),
        country=country_code(read.text(columns.country) or ""),
        language=_language(read.text(columns.language)),
        verified=read.flag(columns.verified),
        categories=_labels(read.texts(columns.categories)),
        topics=_labels(read.texts(columns.topics)),
        person_key=person_key,
        links=_links(one, columns, row_links),
        history=_history(read, columns),
        provenance=safe_line(read.text(columns.provenance)),
        source=record.source,
        tier=record.tier,
        degraded=record.degraded,
        fetched_at=record.fetched_at,
        **contact_facts(read.text(columns.name), read.text(columns.bio), email=read.text(columns.email)),
        **_counters(read, columns),
    )
    return _with_composed_bio(account) if mapping.compose_bio else account


def _reader(row: Mapping[str, Any], mapping: DatasetMapping) -> Cells:
    return Cells(row, decimal=mapping.decimal, separator=mapping.list_separator, rates=mapping.rates)


def _counters(read: Cells, columns: AccountColumns) -> dict[str, Any]:
    return {
        "followers": read.count(columns.followers),
        "following": read.count(columns.following),
        "posts": read.count(columns.posts),
        "views": read.count(columns.views),
        "averages": Averages(
            views=read.mean(columns.avg_views),
            likes=read.mean(columns.avg_likes),
            comments=read.mean(columns.avg_comments),
            shares=read.mean(columns.avg_shares),
        ),
        "engagement_rate": read.rate(columns.engagement_rate),
        "joined_on": read.day(columns.joined_on),
        "last_posted_at": read.instant(columns.last_posted_at),
    }


def _with_composed_bio(account: Account) -> Account:
    if account.bio is not None:
        return account
    facts = Facts(
        platform=account.platform,
        subjects=tuple(dict.fromkeys((*account.categories, *account.topics))),
        country=country_names().get(account.country or ""),
        since=account.joined_on.year if account.joined_on else None,
    )
    bio = compose_bio(facts, account.account_id)
    return account if bio is None else account.model_copy(update={"bio": bio, "bio_composed": True})


def _person_key(row: Mapping[str, Any], mapping: DatasetMapping, found: tuple[Identity, ...]) -> str | None:
    value = cell(row, mapping.person_id)
    if value is not None:
        slug = _SLUG.sub("-", transliterate(mapping.title)).strip("-")
        return f"{slug}:{clean_line(str(value))}"
    return ids.account_id(found[0].platform, found[0].native_id) if len(found) > 1 else None


def _url(one: Identity, given: str | None) -> str | None:
    """The canonical address where the facts give one; else the given one, where it leads to this platform."""
    canonical = profile_url(one.platform, one.handle, one.native_id)
    link = profile_of(given) if canonical is None and given else None
    return link.url if link is not None and link.platform == one.platform else canonical


def _website(value: str | None) -> str | None:
    text = clean_line(value or "")
    if len(text) > MAX_URL or not _WEBSITE.fullmatch(text):
        return None
    return text if text.lower().startswith(("http://", "https://")) else f"https://{text}"


def _language(value: str | None) -> str | None:
    match = _LANGUAGE.fullmatch(clean_line(value or "").lower())
    return match[1] if match else None


def _labels(texts: tuple[str, ...]) -> tuple[str, ...]:
    safe = (safe_line(text) for text in texts[:MAX_LABELS])
    return tuple(text for text in safe if text)


def _links(one: Identity, columns: AccountColumns, row_links: tuple[Link, ...]) -> tuple[Link, ...]:
    found = [*(_link(item) for item in cells(one.row, columns.links)), *row_links]
    found.append(profile_of(Cells(one.row).text(columns.website) or ""))
    for platform, column in columns.link_handles.items():
        handle = safe_line(Cells(one.row).text(column))
        found.append(Link(platform=platform, handle=handle.lstrip("@")) if handle else None)
    others = (link for link in found if link is not None and not _is_own(link, one))
    return tuple(
        {(link.platform, link.handle, link.native_id, link.handle or link.url): link for link in others}.values()
    )


def _is_own(link: Link, one: Identity) -> bool:
    same_handle = link.handle is not None and normalise_handle(link.handle) == normalise_handle(one.handle or "")
    return link.platform == one.platform and (same_handle or link.native_id == one.native_id)


def _listed_links(row: Mapping[str, Any], mapping: DatasetMapping) -> tuple[Link, ...]:
    """The profiles of a list of accounts that are on networks without an index here."""
    if mapping.accounts is None or mapping.account is None:
        return ()
    columns, links = mapping.account, []
    for item in items_of(row, mapping):
        choice = columns.platform or mapping.platform
        platform = choose(choice, item)
        if platform in set(Platform):
            continue
        named = None if isinstance(choice, str) or choice is None else cell(item, choice.column)
        handle = cell(item, columns.handle)
        link = _link({"platform": platform or named, "handle": handle, "url": cell(item, columns.url)})
        if link is not None:
            links.append(link)
    return tuple(links)


def _link(item: Any) -> Link | None:
    """A link from an address, or from an object with ``platform``, ``handle`` and ``url``."""
    if not isinstance(item, Mapping):
        return profile_of(str(item))
    url, handle, platform = (
        safe_line(str(item[key])) if item.get(key) else None for key in ("url", "handle", "platform")
    )
    known = profile_of(url or handle or "")
    if known is not None:
        return known
    if platform is None or not (handle or url):
        return None
    if handle is not None and "://" in handle:
        url, handle = handle, None
    return Link(platform=platform.casefold(), handle=handle.lstrip("@") if handle else None, url=url)


def _history(read: Cells, columns: AccountColumns) -> tuple[Observation, ...]:
    column = ", ".join(as_columns(columns.history))
    points = []
    for pair in (read.text(columns.history) or "").split(";"):
        if pair.strip():
            day, separator, followers = pair.partition("=")
            at = parse_instant(day, column)
            if not separator or at is None:
                detail = f"column {column!r}: {pair[:60]!r} is not YYYY-MM-DD=followers; write pairs joined by ';'"
                raise BadRecord(detail, field=column)
            points.append(Observation(at=at, followers=parse_count(followers, column)))
    return tuple(sorted(points, key=lambda point: point.at))


def _posts(row: Mapping[str, Any], columns: PostColumns, mapping: DatasetMapping, author: Account) -> tuple[Post, ...]:
    read = _reader(row, mapping)
    native_id = safe_line(read.text(columns.native_id))
    if native_id is None:
        return ()
    post = Post(
        platform=author.platform,
        native_id=native_id,
        account_id=author.account_id,
        text=safe_text(read.text(columns.text), MAX_POST),
        posted_at=read.instant(columns.posted_at),
        views=read.count(columns.views),
        likes=read.count(columns.likes),
        comments=read.count(columns.comments),
        shares=read.count(columns.shares),
        hashtags=tuple(tag.lstrip("#") for tag in _labels(read.texts(columns.hashtags))),
        source=author.source,
        fetched_at=author.fetched_at,
    )
    return (post,)


def _refuse(error: ValidationError) -> NoReturn:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"]) or "account"
    shown = clean_line(str(first["input"]))[:60]
    detail = (
        f"{field}: {shown!r} cannot be it ({first['msg']}); correct the cell, or leave the field out of the mapping"
    )
    raise BadRecord(detail, field=field) from error
