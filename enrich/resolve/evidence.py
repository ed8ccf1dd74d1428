"""What an account shows that can tell who is behind it, in forms that two accounts can share; pure.

Everything here is a function of the account alone: the same account is the same evidence on every machine and at any
time, so pairs may be scored online, in batches and again after a rebuild with the same result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from creators.ids import account_id as id_of
from creators.ids import is_provisional
from creators.models import Account, Link
from creators.text import normalise_handle, transliterate
from enrich.resolve import sites, wording

MAX_BIO_WORDS = 60
MAX_LABELS = 4
MIN_LABEL = 4
_WORD = re.compile(r"[a-z][a-z0-9+#]{2,}")
_STOP = frozenset(
    [
        "the",
        "and",
        "for",
        "with",
        "you",
        "your",
        "our",
        "are",
        "was",
        "were",
        "that",
        "this",
        "from",
        "have",
        "has",
        "not",
        "but",
        "who",
        "all",
        "can",
        "what",
        "about",
        "more",
        "just",
        "into",
        "like",
        "love",
        "life",
        "his",
        "her",
        "she",
        "him",
        "they",
        "them",
        "their",
        "its",
        "new",
        "out",
        "get",
        "use",
        "also",
        "one",
        "now",
        "than",
        "then",
        "how",
        "why",
        "when",
        "will",
        "would",
        "www",
        "http",
        "https",
        "com",
        "org",
        "net",
        "follow",
        "official",
        "account",
        "email",
        "twitter",
        "github",
        "instagram",
        "youtube",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The fields of an account, of any network, that identity looks at; None is unknown."""

    account_id: str
    platform: str
    native_id: str | None = None
    handle: str | None = None
    name: str | None = None
    bio: str | None = None
    website: str | None = None
    links: tuple[Link, ...] = ()
    email_hashes: tuple[str, ...] = ()
    country: str | None = None
    language: str | None = None
    followers: int | None = None
    avatar_hash: str | None = None
    may_merge: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One account as comparisons see it; empty is unknown."""

    account_id: str
    platform: str
    native_id: str | None = None
    handle: str | None = None
    handle_key: str = ""
    """Skeleton: no case, separators, digits around it, affixes (:func:`enrich.resolve.wording.skeleton`)."""
    handle_plain: str = ""
    """Lower-case ASCII letters and digits of the handle, nothing else removed."""
    handle_words: tuple[str, ...] = ()
    name: str | None = None
    name_words: tuple[str, ...] = ()
    bio_words: frozenset[str] = frozenset()
    nodes: frozenset[str] = frozenset()
    """What others call this account when they link to it."""
    links: frozenset[str] = frozenset()
    """Nodes that the account links to."""
    website: str | None = None
    """Its page, canonical: host and path without scheme and ``www``."""
    domains: frozenset[str] = frozenset()
    """Domains that can be one person's own: registrable ones, or the host below an institution's."""
    labels: frozenset[str] = frozenset()
    """What its website is called, as a handle would be: ``janedoe`` and ``janedoedev`` of ``janedoe.dev``."""
    email_hashes: frozenset[str] = frozenset()
    country: str | None = None
    language: str | None = None
    followers: int | None = None
    avatar_hash: str | None = None
    may_merge: bool = field(default=True)


def evidence_of(account: Account) -> Evidence:
    """Return the evidence that a normalised account carries."""
    return describe(
        Profile(
            account_id=account.account_id,
            platform=account.platform,
            native_id=account.native_id,
            handle=account.handle,
            name=account.name,
            bio=None if account.bio_composed else account.bio,
            website=account.website,
            links=account.links,
            email_hashes=account.email_hashes,
            country=account.country,
            language=account.language,
            followers=account.followers,
            avatar_hash=account.avatar_hash,
            may_merge=account.may_merge,
        )
    )


def describe(profile: Profile) -> Evidence:
    """Return the evidence of any account, also of a network that is not indexed."""
    handle = wording.plain_handle(profile.handle)
    site = sites.read(profile.website)
    # On Bluesky whatever has a dot is a domain; elsewhere a short suffix may be a word.
    own = sites.domain_handle(handle, sure=profile.platform == "bluesky")
    if own:
        handle = own.name
    domains = {domain for domain in (site.domain if site else None, own.domain if own else None) if domain}
    return Evidence(
        account_id=profile.account_id,
        platform=profile.platform,
        native_id=profile.native_id,
        handle=handle,
        handle_key=wording.skeleton(handle) if handle else "",
        handle_plain=wording.compact(handle) if handle else "",
        handle_words=wording.handle_words(handle) if handle else (),
        name=profile.name or None,
        name_words=wording.name_words(profile.name) if profile.name else (),
        bio_words=_bio_words(profile.bio),
        nodes=_own_nodes(profile),
        links=_link_nodes(profile.links),
        website=site.page if site else None,
        domains=frozenset(domains),
        labels=_labels(*([site.page] if site else []), *([own.domain] if own else [])),
        email_hashes=frozenset(profile.email_hashes),
        country=profile.country,
        language=profile.language,
        followers=profile.followers,
        avatar_hash=profile.avatar_hash,
        may_merge=profile.may_merge,
    )


def _labels(*pages: str) -> frozenset[str]:
    found = {label for label in map(wording.compact, sites.labels(*pages)) if len(label) >= MIN_LABEL}
    return frozenset(sorted(found)[:MAX_LABELS])


def _bio_words(bio: str | None) -> frozenset[str]:
    if not bio:
        return frozenset()
    found = dict.fromkeys(word for word in _WORD.findall(transliterate(bio)) if word not in _STOP)
    return frozenset(list(found)[:MAX_BIO_WORDS])


def _node(platform: str, handle: str | None, native_id: str | None) -> Iterable[str]:
    if native_id and not is_provisional(native_id):
        yield id_of(platform, native_id)
    key = normalise_handle(handle or "")
    if key:
        yield f"handle:{platform}:{key}"


def _own_nodes(profile: Profile) -> frozenset[str]:
    return frozenset({profile.account_id, *_node(profile.platform, profile.handle, profile.native_id)})


def _link_nodes(links: Iterable[Link]) -> frozenset[str]:
    return frozenset(node for link in links for node in _node(link.platform, link.handle, link.native_id))


_SETS = frozenset({"bio_words", "nodes", "links", "domains", "labels", "email_hashes"})
_TUPLES = frozenset({"handle_words", "name_words"})


def to_json(evidence: Evidence) -> dict[str, Any]:
    """Return the evidence as JSON: equal evidence gives equal text."""
    values = ((part.name, getattr(evidence, part.name)) for part in fields(Evidence))
    return {name: sorted(value) if name in _SETS else value for name, value in values}


def of_json(data: Mapping[str, Any]) -> Evidence:
    """Return the evidence that :func:`to_json` wrote."""
    return Evidence(**{name: _typed(name, value) for name, value in data.items()})


def _typed(name: str, value: Any) -> Any:
    if name in _SETS:
        return frozenset(value)
    return tuple(value) if name in _TUPLES else value
