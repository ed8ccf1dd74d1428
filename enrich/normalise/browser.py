"""Profile pages as a browser shows them become accounts and leads.

What a page says for machines (JSON-LD after https://developers.google.com/search/docs/appearance/structured-data/profile-page,
Open Graph after https://ogp.me) goes before what it shows to readers; what neither says is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from creators.errors import BadInput, BadRecord, SchemaDrift
from creators.ids import is_provisional
from creators.models import Account, RawRecord
from creators.profiles import is_on_network, profile_of, profile_url
from creators.targets import parse_target
from creators.text import MAX_HANDLE
from creators.values import parse_date
from enrich.normalise.contact import contact_facts
from enrich.normalise.contract import Normalised, Payload, read_payload
from enrich.normalise.leads import Owner, addresses, lead_to, leads_in, links_to, unique
from enrich.normalise.masking import safe_line, safe_text
from enrich.normalise.post_facts import picture
from enrich.normalise.visible import counters_in

MAX_URL = 2_000
"""Characters of a website; more is no address."""
_ANYWHERE = frozenset({"person"})
_MEANT = frozenset({"person", "organization"})
_COUNTED = {"followaction": "followers", "subscribeaction": "followers"}
_OWN = {"followaction": "following", "writeaction": "posts"}
_LEVELS = 6
# Titles end in the handle or the name of the platform: after a bracket, a dot, a bar, a slash or a dash.
_TITLE_ENDS = re.compile(
    r"\s*(?:\(@[^)]{1,100}\).*|[•·|/\u2013-]\s*(?:instagram|youtube|tiktok|x|twitter|github|overview)\b.*)$",
    re.IGNORECASE,
)
# Instagram's description: counters, then the bio in quotation marks.
_QUOTED = re.compile(r"(?:on Instagram|• Instagram)[^:]{0,60}: [\"\u201c](.*)[\"\u201d]\s*$", re.DOTALL)
# GitHub adds this to every description.
_ADDED = re.compile(r"\s*\S{1,100} has [\d,]+ repositor(?:y|ies) available\. Follow their code on GitHub\.\s*$")


class PageRecord(Payload):
    """What the browser source files of a page."""

    url: str
    landed: str
    text: str
    properties: dict[str, str]
    json_ld: tuple[Any, ...]
    rel_me: tuple[str, ...]
    title: str | None = None
    canonical: str | None = None
    has_email: bool = False


def normalise(record: RawRecord) -> Normalised:
    """Return the account that a ``profile_page`` record shows.

    Raises:
        SchemaDrift: the record is none, or the page says nothing of an account: it has changed, or is another page.
    """
    if record.kind != "profile_page":
        detail = f"kind {record.kind!r} of {record.source} is not profile_page"
        raise SchemaDrift(detail, field="kind")
    page = read_payload(PageRecord, record.body)
    owner = Owner(record.platform, record.native_id, _handle(page, record))
    person = next((found for one in page.json_ld for found in _people(one, _LEVELS)), {})
    counters = {**counters_in(page.text), **_counters(person)}
    account = _account(page, owner, person, counters, record)
    said = tuple(_addresses(page, person))
    missing = tuple(
        name for name in ("name", "bio", "followers", "following", "posts") if getattr(account, name) is None
    )
    if {"name", "bio", "followers"} <= set(missing):
        detail = "json_ld: the page says nothing of an account, neither for machines nor for readers"
        raise SchemaDrift(detail, field="json_ld")
    leads = unique((*leads_in(account.bio, owner, pages=True), *(lead_to(url, owner) for url in said)))
    return Normalised(accounts=(account,), leads=leads, missing=missing)


def _account(
    page: PageRecord, owner: Owner, person: dict[str, Any], counters: dict[str, int], record: RawRecord
) -> Account:
    bio = _text(person, "description") or _described(page)
    said = tuple(_addresses(page, person))
    website = next((url for url in said if not is_on_network(url)), None)
    return Account(
        platform=owner.platform,
        native_id=owner.native_id,
        handle=owner.handle,
        name=safe_line(_text(person, "name") or _titled(page)),
        bio=safe_text(bio),
        url=profile_url(owner.platform, owner.handle, owner.native_id),
        website=safe_line(website, MAX_URL),
        avatar_url=picture(_text(person, "image"), page.properties.get("og:image")),
        followers=counters.get("followers"),
        following=counters.get("following"),
        posts=counters.get("posts"),
        joined_on=_joined(page),
        links=links_to((*addresses(bio), *said), owner),
        source=record.source,
        tier=record.tier,
        degraded=record.degraded,
        fetched_at=record.fetched_at,
        **contact_facts(bio, has_email=page.has_email or None),
    )


def _handle(page: PageRecord, record: RawRecord) -> str | None:
    """The handle as the page spells it, else as it was asked for."""
    told = _told_handle(page, record)
    return told if told and len(told) <= MAX_HANDLE else None


def _told_handle(page: PageRecord, record: RawRecord) -> str | None:
    for url in (page.canonical, page.properties.get("og:url"), page.landed):
        link = profile_of(url or "")
        if link is not None and link.platform == record.platform and link.handle:
            return link.handle
    if is_provisional(record.native_id):
        return record.native_id[1:]
    try:
        return parse_target(record.target).handle if record.target else None
    except BadInput:
        return None


def _people(value: Any, levels: int, *, meant: bool = False) -> Iterator[dict[str, Any]]:
    """Whom JSON-LD describes: what a page is about, then persons; an organisation may be the platform itself."""
    if isinstance(value, list):
        for one in value:
            yield from _people(one, levels, meant=meant)
    if not isinstance(value, dict) or levels == 0:
        return
    yield from _people(value.get("mainEntity"), levels - 1, meant=True)
    if _types(value) & (_MEANT if meant else _ANYWHERE):
        yield value
    yield from _people(value.get("@graph"), levels - 1)


def _types(value: dict[str, Any]) -> set[str]:
    named = value.get("@type")
    several = named if isinstance(named, list) else [named]
    return {one.rpartition("/")[2].lower() for one in several if isinstance(one, str)}


def _text(person: dict[str, Any], name: str) -> str | None:
    value = person.get(name)
    return value if isinstance(value, str) and value.strip() else None


def _counters(person: dict[str, Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, meaning in (("interactionStatistic", _COUNTED), ("agentInteractionStatistic", _OWN)):
        value = person.get(name)
        for one in value if isinstance(value, list) else [value]:
            counter = meaning.get(_action(one))
            count = one.get("userInteractionCount") if isinstance(one, dict) else None
            count = int(count) if isinstance(count, str) and count.isascii() and count.isdigit() else count
            if counter and isinstance(count, int) and not isinstance(count, bool) and 0 <= count < 10**12:
                found.setdefault(counter, count)
    return found


def _action(one: Any) -> str:
    named = one.get("interactionType") if isinstance(one, dict) else None
    named = named.get("@type") if isinstance(named, dict) else named
    return named.rpartition("/")[2].lower() if isinstance(named, str) else ""


def _titled(page: PageRecord) -> str | None:
    title = page.properties.get("og:title") or page.title
    return _TITLE_ENDS.sub("", title).strip() if title else None


def _described(page: PageRecord) -> str | None:
    """The description, unless it is the counters in words; of Instagram's the part that the creator wrote."""
    told = page.properties.get("og:description") or page.properties.get("description")
    if not told:
        return None
    quoted = _QUOTED.search(told)
    if quoted:
        return quoted[1]
    return None if "followers" in counters_in(told) else _ADDED.sub("", told) or None


def _addresses(page: PageRecord, person: dict[str, Any]) -> Iterator[str]:
    """Addresses that the page calls the account's own."""
    same = person.get("sameAs")
    for url in (*page.rel_me, *(same if isinstance(same, list) else [same])):
        if isinstance(url, str) and url.startswith(("http://", "https://")) and len(url) <= MAX_URL:
            yield url


def _joined(page: PageRecord) -> date | None:
    told = next((one["dateCreated"] for one in page.json_ld if isinstance(one, dict) and "dateCreated" in one), None)
    try:
        return parse_date(told, "dateCreated") if isinstance(told, str) else None
    except BadRecord:
        return None
