"""Websites as identity sees them: whose page, and whether a domain can be one person's own; pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from tldextract import TLDExtract

SHARED_HOSTS = frozenset(
    [
        "linktr.ee",
        "beacons.ai",
        "bio.link",
        "bio.site",
        "allmylinks.com",
        "carrd.co",
        "lnk.bio",
        "solo.to",
        "about.me",
        "campsite.bio",
        "linkin.bio",
        "taplink.cc",
        "msha.ke",
        "withkoji.com",
        "hoo.be",
        "stan.store",
        "snipfeed.co",
        "flow.page",
        "biodrop.io",
        "bit.ly",
        "tinyurl.com",
        "t.co",
        "goo.gl",
        "ow.ly",
        "buff.ly",
        "amzn.to",
        "youtu.be",
        "forms.gle",
        "instagram.com",
        "facebook.com",
        "fb.com",
        "fb.me",
        "twitter.com",
        "x.com",
        "youtube.com",
        "tiktok.com",
        "github.com",
        "gitlab.com",
        "linkedin.com",
        "twitch.tv",
        "discord.gg",
        "discord.com",
        "t.me",
        "telegram.me",
        "wa.me",
        "whatsapp.com",
        "patreon.com",
        "ko-fi.com",
        "buymeacoffee.com",
        "gofundme.com",
        "medium.com",
        "dev.to",
        "hashnode.com",
        "hashnode.dev",
        "substack.com",
        "wordpress.com",
        "blogspot.com",
        "tumblr.com",
        "wixsite.com",
        "weebly.com",
        "squarespace.com",
        "google.com",
        "apple.com",
        "spotify.com",
        "soundcloud.com",
        "bandcamp.com",
        "amazon.com",
        "etsy.com",
        "pinterest.com",
        "reddit.com",
        "snapchat.com",
        "threads.net",
        "bsky.app",
        "bsky.social",
        "mastodon.social",
        "ruby.social",
        "speakerdeck.com",
        "slideshare.net",
        "stackoverflow.com",
        "npmjs.com",
        "pypi.org",
        "docs.google.com",
        "sites.google.com",
        "bitbucket.org",
        "codepen.io",
        "vimeo.com",
        "bilibili.com",
        "weibo.com",
        "pixiv.net",
        "fanbox.cc",
        "secure.actblue.com",
        "actblue.com",
        "winred.com",
        "wikipedia.org",
        "ballotpedia.org",
        "votesmart.org",
    ]
)
"""Hosts on which anybody has a page: the page can be one person's, the domain cannot."""
_INSTITUTION_SUFFIXES = ("gov", "edu", "mil", "ac", "gob", "gouv")
MAX_URL = 2_000


@dataclass(frozen=True, slots=True)
class Site:
    """A website: its canonical page, and the domain where that can be one person's."""

    page: str
    domain: str | None


@cache
def _extract() -> TLDExtract:
    from tldextract import TLDExtract

    # The list that the package brings, private suffixes included: `jane.github.io` is Jane's; nothing is fetched.
    return TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


@lru_cache(maxsize=65536)
def read(url: str | None) -> Site | None:
    """Return the page and the own domain of an address, with or without a scheme; None where it is none."""
    text = (url or "").strip()
    if not text or len(text) > MAX_URL or any(char.isspace() for char in text):
        return None
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = (parts.hostname or "").rstrip(".").removeprefix("www.").removeprefix("m.")
    except ValueError:
        return None
    found = _extract()(host)
    if not found.domain or not found.suffix:
        return None
    query = f"?{parts.query}" if parts.query else ""
    page = f"{host}{parts.path.rstrip('/')}{query}".lower()
    shared = host in SHARED_HOSTS or f"{found.domain}.{found.suffix}" in SHARED_HOSTS
    if shared and page == host:
        return None
    return Site(page, None if shared else _own_domain(host, found.domain, found.suffix))


def _own_domain(host: str, label: str, suffix: str) -> str:
    """An institution's domain is nobody's own; the host below it may be (``doe.house.gov``)."""
    institution = any(part in _INSTITUTION_SUFFIXES for part in suffix.split("."))
    return host if institution else f"{label}.{suffix}"


def labels(*pages: str) -> list[str]:
    """Return what pages are called: a domain with and without its suffix, or the first part of a path on a shared host.

    So ``janedoe.dev`` is called ``janedoe`` and ``janedoe.dev``, ``linktr.ee/janedoe`` is called ``janedoe``.
    """
    called = []
    for page in pages:
        host, _, path = page.partition("?")[0].partition("/")
        found = _extract()(host)
        if host in SHARED_HOSTS or f"{found.domain}.{found.suffix}" in SHARED_HOSTS:
            called.append(path.partition("/")[0].lstrip("@"))
        elif not any(part in _INSTITUTION_SUFFIXES for part in found.suffix.split(".")):
            called += [found.domain, f"{found.domain}.{found.suffix}"]
    return called


class DomainHandle(NamedTuple):
    """A domain that serves as a handle."""

    domain: str
    """That can be one person's own."""
    name: str
    """What a person chose of it: ``jane`` of ``jane.example.dev``, ``janedoe`` of ``janedoe.dev``."""


def domain_handle(handle: str | None, *, sure: bool = False) -> DomainHandle | None:
    """Return the domain that serves as a handle (``jane.example.dev`` on Bluesky), else None.

    ``sure``: whether what has the form of a domain is one, whatever its suffix.
    """
    text = (handle or "").strip().lower()
    if "/" in text or "@" in text or "." not in text or "_" in text:
        return None
    found = _extract()(text)
    # Short words that happen to be suffixes end many handles (`jane.doe`): a host has the form of one.
    if not found.domain or not found.suffix or not (sure or found.suffix in _COMMON_SUFFIXES):
        return None
    domain = f"{found.domain}.{found.suffix}"
    if domain in SHARED_HOSTS:
        return None
    below = found.subdomain.removeprefix("www.").partition(".")[0]
    return DomainHandle(domain, found.domain if below in _NOBODYS else below)


_NOBODYS = frozenset({"", "www", "blog", "me", "hi", "hello", "the", "social", "about", "mail"})
"""Hosts below a domain that say nothing of who it is."""
_COMMON_SUFFIXES = frozenset({"com", "org", "net", "io", "dev", "app", "social", "blog", "tech", "xyz"})
