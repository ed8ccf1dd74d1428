"""Whom and what a text names: addresses, mentions and hashtags become links and leads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from creators.ids import account_id, provisional_native_id
from creators.models import Lead, Link, Platform
from creators.profiles import is_on_network, profile_of
from creators.text import MARKS, MAX_HANDLE, clean, clean_line, normalise_handle
from enrich.normalise.masking import safe_line

MAX_LEADS = 50
"""Leads of one record that are kept, the first ones: a list of links is no reason to fetch for a day."""
MAX_ADDRESS = 400
"""Bytes of an address that is followed; a target's id, which holds it, has an end."""
MAX_HASHTAGS = 100
_SCANNED = 30_000
"""Characters of a text that are looked through."""

Reason = Literal["mention", "link", "repository", "search", "page"]

_ADDRESS = re.compile(
    r"(?<![\w@])(?:https?://|www\.)[^\s<>\"'()\[\]{}]{3,2000}"
    r"|(?<![\w@./-])(?:instagram|tiktok|youtube|twitter|x|github)\.com/[^\s<>\"'()\[\]{}]{1,300}",
    re.IGNORECASE,
)
_WEB_PAGE = re.compile(r"https?://[^\s/@?#]+\.[^\s/@?#]{2,}(?:[/?#]\S*)?", re.IGNORECASE)
_TRAILING = ".,;:!?…*_~|"
# What each network takes as a handle; a dot or a hyphen at the end belongs to the sentence.
_HANDLES = {
    Platform.INSTAGRAM: r"[A-Za-z0-9_](?:[A-Za-z0-9_.]{0,28}[A-Za-z0-9_])?(?![A-Za-z0-9_])",
    Platform.TIKTOK: r"[A-Za-z0-9_](?:[A-Za-z0-9_.]{0,22}[A-Za-z0-9_])?(?![A-Za-z0-9_])",
    Platform.YOUTUBE: r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{1,28})[A-Za-z0-9](?![A-Za-z0-9_])",
    Platform.X: r"[A-Za-z0-9_]{1,15}(?![A-Za-z0-9_])",
    Platform.GITHUB: r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?(?![A-Za-z0-9_-])",
}
_MENTIONS = {platform: re.compile(rf"(?<![\w@/.+%-])@({handle})") for platform, handle in _HANDLES.items()}
# Unicode, UAX #31: marks continue a hashtag and never begin one.
_HASHTAG = re.compile(rf"(?<![\w{MARKS}&/#])#(\w[\w{MARKS}]{{1,99}})")


@dataclass(frozen=True, slots=True)
class Owner:
    """The account in whose words something is named."""

    platform: Platform
    native_id: str
    handle: str | None = None

    @property
    def account_id(self) -> str:
        """``platform:native_id``."""
        return account_id(self.platform, self.native_id)

    def is_named_by(self, link: Link) -> bool:
        """Return whether a link leads to this account itself."""
        same = self.handle is not None and normalise_handle(link.handle or "") == normalise_handle(self.handle)
        return link.platform == self.platform and (same or link.native_id == self.native_id)


def addresses(text: str | None) -> tuple[str, ...]:
    """Return the web addresses that a text holds, each once, in its order."""
    found = (match[0].rstrip(_TRAILING) for match in _ADDRESS.finditer(clean((text or "")[:_SCANNED])))
    return tuple(dict.fromkeys(found))


def hashtags_in(text: str | None) -> tuple[str, ...]:
    """Return the hashtags of a text without ``#``, as written, each once."""
    found: dict[str, str] = {}
    for tag in _HASHTAG.findall(clean((text or "")[:_SCANNED])):
        if not tag.isdigit() and len(found) < MAX_HASHTAGS:
            found.setdefault(tag.casefold(), tag)
    return tuple(found.values())


def hashtags_of(named: Iterable[str], text: str | None) -> tuple[str, ...]:
    """Return the hashtags that a source names, each once; where it names none, those of the text."""
    tags = tuple(dict.fromkeys(filter(None, map(safe_line, named))))
    return tags[:MAX_HASHTAGS] or hashtags_in(text)


def links_to(urls: Iterable[str], owner: Owner) -> tuple[Link, ...]:
    """Return the profiles elsewhere that addresses lead to, each once; the owner's own is none."""
    found = (profile_of(url) for url in urls)
    others = (link for link in found if link is not None and not owner.is_named_by(link))
    return tuple(
        {(link.platform, link.native_id or normalise_handle(link.handle or "")): link for link in others}.values()
    )


def lead_to_handle(handle: str, platform: Platform, owner: Owner, reason: Reason) -> Lead | None:
    """Return the lead to the account of a handle; None for the owner's own, and for what can be no handle."""
    name = normalise_handle(handle[:MAX_ADDRESS])
    if not name or len(name) > MAX_HANDLE or owner.is_named_by(Link(platform=platform, handle=name)):
        return None
    return Lead(
        kind="profile", platform=platform, value=provisional_native_id(name), found_on=owner.account_id, reason=reason
    )


def lead_to(url: str, owner: Owner, reason: Reason = "link", *, pages: bool = True) -> Lead | None:
    """Return where an address leads: a profile on a platform of ours or, with ``pages``, a page to read for the owner.

    None for the owner's own profile, for posts and searches on a network, and for networks that are not indexed.
    """
    url = clean_line(url)
    link = profile_of(url)
    if link is None:
        return _page(url, owner, reason) if pages else None
    if link.platform not in set(Platform) or owner.is_named_by(link):
        return None
    platform = Platform(link.platform)
    if link.native_id is None:
        return lead_to_handle(link.handle or "", platform, owner, reason)
    return Lead(kind="profile", platform=platform, value=link.native_id, found_on=owner.account_id, reason=reason)


def _page(url: str, owner: Owner, reason: Reason) -> Lead | None:
    address = url if "//" in url else f"https://{url}"
    if len(address.encode()) > MAX_ADDRESS or not _WEB_PAGE.fullmatch(address) or is_on_network(address):
        return None
    return Lead(kind="page", platform=owner.platform, value=address, found_on=owner.account_id, reason=reason)


def mentions_in(text: str | None, owner: Owner) -> tuple[Lead, ...]:
    """Return the accounts of the owner's platform that a text mentions with ``@``; an e-mail address is no mention."""
    names = _MENTIONS[owner.platform].findall(clean((text or "")[:_SCANNED]))
    return unique(lead_to_handle(name, owner.platform, owner, "mention") for name in names)


def leads_in(text: str | None, owner: Owner, *, pages: bool) -> tuple[Lead, ...]:
    """Return whom a text mentions and where its addresses lead; ``pages`` where web pages are worth reading (a bio)."""
    linked = unique(lead_to(url, owner, pages=pages) for url in addresses(text))
    return unique((*mentions_in(text, owner), *linked))


def unique(leads: Iterable[Lead | None]) -> tuple[Lead, ...]:
    """Return the leads, each once by what it leads to, at most ``MAX_LEADS``."""
    found: dict[tuple[str, Platform, str], Lead] = {}
    for lead in leads:
        if lead is not None and len(found) < MAX_LEADS:
            found.setdefault((lead.kind, lead.platform, lead.value), lead)
    return tuple(found.values())
