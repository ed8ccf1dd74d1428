"""Whose account a row or an address is about.

One table knows the networks: their hosts, the paths that lead to a profile, and the words that look like a profile
and are not. The fetcher and the normaliser both ask :func:`identities`, so the account that a record is filed under is
the account it becomes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from creators import ids
from creators.cells import Cells, as_columns, cell, cells, find
from creators.datasets import AccountColumns, Choice, DatasetMapping
from creators.errors import BadRecord
from creators.models import Link, Platform
from creators.text import MAX_HANDLE, clean_line, normalise_handle
from creators.values import is_missing

CHANNEL_ID = re.compile(r"UC[\w-]{22}")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_MAX_NATIVE_ID = 256
_ADDRESS = re.compile(
    r"\S*(?:://|(?:instagram|tiktok|youtube|twitter|github|x)\.com/)\S*"  # a whole address
    r"|(?:c|user|channel)/[^\s/]+/?"  # or the path of one
    r"|@?[^\s/?#]+(?:/|/?\?\S*=\S*)"
)
"""What stands in a column of handles and is none; a title such as ``AC/DC`` is not an address."""
_ROUNDED_ID = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d+")
_PLAIN_HANDLE = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Network:
    """How the addresses of one network name a profile; ``profile`` matches the path."""

    platform: str
    hosts: tuple[str, ...]
    profile: re.Pattern[str]
    address: str | None = None
    """The address of a handle, where every handle has one."""


_RESERVED = {
    "instagram": r"p|reel|reels|tv|explore|accounts|about|direct|legal|developer",
    "tiktok": r"tag|music|video|discover|foryou|t|v",
    "youtube": r"watch|playlist|shorts|feed|results|embed|live|hashtag|gaming|premium|about|account|redirect|v|t",
    "x": r"i|home|search|hashtag|intent|share|explore|settings|messages|notifications|login|signup|tos|privacy",
    "github": r"orgs|topics|features|sponsors|marketplace|explore|about|login|settings|search|apps|trending",
}


_BARE = r"(?!(?:c|user)$|channel(?:/|$))"


def _path(platform: str, pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?!(?:{_RESERVED[platform]})(?:/|$)){pattern}(?:/.*)?")


_NETWORKS = (
    Network(
        "instagram",
        ("instagram.com", "instagr.am"),
        _path("instagram", r"(?:stories/|_u/)?@?(?P<handle>[\w.]{1,40})"),
        "https://www.instagram.com/{}/",
    ),
    Network("tiktok", ("tiktok.com",), _path("tiktok", r"@(?P<handle>[\w.-]{1,40})"), "https://www.tiktok.com/@{}"),
    Network(
        "youtube",
        ("youtube.com",),
        _path(
            "youtube",
            rf"(?:channel/(?P<native_id>{CHANNEL_ID.pattern})|(?:c/|user/|@)?(?P<handle>{_BARE}[^/]{{1,100}}))",
        ),
    ),
    Network("x", ("x.com", "twitter.com"), _path("x", r"(?:#!/)?@?(?P<handle>[A-Za-z0-9_]{1,20})"), "https://x.com/{}"),
    Network("github", ("github.com",), _path("github", r"@?(?P<handle>[A-Za-z0-9-]{1,40})"), "https://github.com/{}"),
    Network("twitch", ("twitch.tv",), re.compile(r"(?P<handle>\w{2,30})(?:/.*)?"), "https://www.twitch.tv/{}"),
    Network("facebook", ("facebook.com", "fb.com"), re.compile(r"(?!profile\.php)(?P<handle>[\w.-]{2,80})/?")),
    Network("linkedin", ("linkedin.com",), re.compile(r"(?:in|company)/(?P<handle>[^/]{2,100})/?")),
    Network("bluesky", ("bsky.app",), re.compile(r"profile/(?P<handle>[\w.:-]{3,100})/?")),
    Network("threads", ("threads.net", "threads.com"), re.compile(r"@(?P<handle>[\w.]{1,40})/?")),
)
_BY_HOST = {host: network for network in _NETWORKS for host in network.hosts}
_BY_PLATFORM = {network.platform: network for network in _NETWORKS}
_SUBDOMAINS = ("www.", "m.", "mobile.", "music.", "web.")
_SHORT_HOSTS = frozenset({"youtu.be", "fb.me", "vm.tiktok.com", "gist.github.com"})


def profile_of(url: str) -> Link | None:
    """Return the profile that an address leads to, or ``None`` for a post, a search, a page elsewhere.

    ``platform`` is one of :class:`creators.models.Platform`, or twitch, facebook, linkedin, bluesky, threads;
    ``native_id`` is set for ``youtube.com/channel/UC…``, ``handle`` (case kept, without ``@``) for all others.
    """
    text = clean_line(url).strip("<>\"' ")
    try:
        parts = urlsplit(text if "//" in text else f"https://{text}")
        network = _BY_HOST.get(_bare_host(parts.hostname))
    except ValueError:
        return None
    path = unquote(parts.path).strip("/") or parts.fragment.removeprefix("!").strip("/")
    match = network.profile.fullmatch(path) if network and parts.scheme in ("http", "https") else None
    if network is None or match is None:
        return None
    found = match.groupdict()
    handle, native_id = found.get("handle"), found.get("native_id")
    return Link(platform=network.platform, handle=handle, native_id=native_id, url=text)


def _bare_host(host: str | None) -> str:
    bare = (host or "").lower()
    for subdomain in _SUBDOMAINS:
        bare = bare.removeprefix(subdomain)
    return bare


def is_on_network(url: str) -> bool:
    """Return whether an address lies on a network of accounts, be it a profile, a post or a search there."""
    try:
        host = _bare_host(urlsplit(url if "//" in url else f"https://{url}").hostname)
    except ValueError:
        return False
    return host in _BY_HOST or host in _SHORT_HOSTS


def profile_url(platform: str, handle: str | None, native_id: str | None) -> str | None:
    """Return the canonical address of a profile, or ``None`` where the facts do not give one.

    A name on YouTube may be a handle, a custom address or a legacy user name, so only a channel id has an address.
    """
    if platform == Platform.YOUTUBE:
        return f"https://www.youtube.com/channel/{native_id}" if CHANNEL_ID.fullmatch(native_id or "") else None
    address = _BY_PLATFORM[platform].address if platform in _BY_PLATFORM else None
    return address.format(handle) if address and handle and _PLAIN_HANDLE.fullmatch(handle) else None


@dataclass(frozen=True, slots=True)
class Identity:
    """One account of a row: who it is, and the cells that describe it."""

    platform: Platform
    native_id: str
    handle: str | None
    """As the source spells it, without ``@``."""
    row: Mapping[str, Any]


def choose(choice: str | Choice | None, row: Mapping[str, Any]) -> str | None:
    """Return the value that a mapping fixes or translates from a column; letter case of the cell does not matter."""
    if not isinstance(choice, Choice):
        return choice
    value = cell(row, choice.column)
    text = "" if value is None else clean_line(str(value)).casefold()
    known = {key.casefold(): translated for key, translated in choice.values.items()}
    return known.get(text, choice.default)


def identities(row: Mapping[str, Any], mapping: DatasetMapping) -> tuple[Identity, ...]:
    """Return the accounts of a row, in its order, each once.

    Raises:
        BadRecord: no account on a known platform with an id or a handle, or one whose id cannot be one.
    """
    columns = mapping.account or AccountColumns()
    if mapping.accounts is None:
        found = [_identity(row, columns, mapping)]
    else:
        found = []
        for item in items_of(row, mapping):
            if _platform(item, columns, mapping) is not None and _names(item, columns, mapping) != (None, None):
                found.append(_identity(item, columns, mapping))
    if not found:
        where = ", ".join(as_columns(mapping.accounts))
        detail = (
            f"column {where!r}: no account on {', '.join(Platform)} with a handle or an id; add one, or drop the row"
        )
        raise BadRecord(detail, field=where)
    once: dict[tuple[Platform, str], Identity] = {}
    for one in found:
        once.setdefault((one.platform, one.native_id), one)
    return tuple(once.values())


def items_of(row: Mapping[str, Any], mapping: DatasetMapping) -> list[dict[str, Any]]:
    """Return the accounts that a row lists, each laid over the row; an address alone is an account with a ``url``."""
    items = cells(row, mapping.accounts)
    named = [item if isinstance(item, Mapping) else {"url": item} for item in items]
    return [{**row, **{key: value for key, value in item.items() if not is_missing(value)}} for item in named]


def _platform(row: Mapping[str, Any], columns: AccountColumns, mapping: DatasetMapping) -> Platform | None:
    chosen = choose(columns.platform or mapping.platform, row)
    return Platform(chosen) if chosen in set(Platform) else None


def _identity(row: Mapping[str, Any], columns: AccountColumns, mapping: DatasetMapping) -> Identity:
    platform = _platform(row, columns, mapping)
    if platform is None:
        choice = columns.platform or mapping.platform
        column = choice.column if isinstance(choice, Choice) else "platform"
        detail = (
            f"column {column!r}: {clean_line(str(find(row, column)))!r} is not a platform; "
            f"translate it to one of {', '.join(Platform)} in the mapping"
        )
        raise BadRecord(detail, field=column)
    native_id, handle = _names(row, columns, mapping)
    if native_id is None and handle is None:
        named = ", ".join(name for name in ("native_id", "handle", "url") if getattr(columns, name) is not None)
        detail = (
            f"the row has no account: none of its {named} columns holds an id or a handle; fill one, or drop the row"
        )
        raise BadRecord(detail, field="native_id")
    _check(native_id, handle)
    if native_id is None:
        native_id = ids.provisional_native_id(normalise_handle(handle or ""))
    return Identity(platform, native_id, handle, row)


def _names(row: Mapping[str, Any], columns: AccountColumns, mapping: DatasetMapping) -> tuple[str | None, str | None]:
    """Native id and handle, from their own columns first, then from the address."""
    platform = _platform(row, columns, mapping)
    reader = Cells(row)
    by_platform = columns.native_ids.get(platform) if platform else None
    native_id = _native_id(cell(row, by_platform)) or _native_id(cell(row, columns.native_id))
    written = clean_line(reader.text(columns.handle) or "")
    if platform == Platform.YOUTUBE and CHANNEL_ID.fullmatch(written.lstrip("@")):
        native_id, written = native_id or written.lstrip("@"), ""
    handle = written.lstrip("@").strip()
    link = profile_of(reader.text(columns.url) or "")
    if _ADDRESS.fullmatch(handle):
        own = profile_of(handle) or profile_of(f"{_BY_PLATFORM[platform].hosts[0]}/{handle}" if platform else "")
        handle, link = "", own or link
    if link is not None and link.platform == platform:
        native_id, handle = native_id or link.native_id, handle or link.handle or ""
    return native_id, handle if normalise_handle(handle) else None


def _native_id(value: Any) -> str | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a column of ids with gaps is read as floats
    return clean_line(str(value)) or None if value is not None else None


def _check(native_id: str | None, handle: str | None) -> None:
    if handle is not None and len(handle) > MAX_HANDLE:
        detail = f"handle: {handle[:40]!r}… has {len(handle)} characters; a handle has at most {MAX_HANDLE}"
        raise BadRecord(detail, field="handle")
    if native_id is None and handle is not None and "\ufffd" in handle:
        detail = (
            f"handle: {handle[:40]!r} is damaged (U+FFFD); export the table in its own encoding, or add a native_id"
        )
        raise BadRecord(detail, field="handle")
    if handle is not None and EMAIL.fullmatch(handle):
        detail = "handle: the cell holds an e-mail address; map the column of the handle, addresses are never stored"
        raise BadRecord(detail, field="handle")
    if native_id is not None and (len(native_id) > _MAX_NATIVE_ID or native_id.startswith("@")):
        detail = f"native_id: {native_id[:40]!r} is not the id of an account; map the handle as handle instead"
        raise BadRecord(detail, field="native_id")
    if native_id is not None and _ROUNDED_ID.fullmatch(native_id):
        detail = f"native_id: {native_id!r} was rounded by a spreadsheet; export the column of ids as text"
        raise BadRecord(detail, field="native_id")
