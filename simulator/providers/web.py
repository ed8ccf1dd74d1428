"""The web of the world: personal sites, link-in-bio pages, and public profile pages for a browser.

A page is asked for through a gateway (``/web?url=…``): a guard against server-side request forgery rightly refuses a
page on this machine. Profile pages are addresses of their own, ``/web/profile/<platform>/<handle>``.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from datetime import datetime
from html import escape
from http import HTTPStatus
from urllib.parse import urlsplit

from creators.models import Platform
from simulator.desk import Asked, Reply, Route
from simulator.dice import fraction
from simulator.people import Account, Person
from simulator.pictures import is_picture_host, picture
from simulator.posts import posts
from simulator.quotas import Admission
from simulator.world import View, World

FORBIDDEN = 0.02
"""Share of the personal sites whose robots.txt forbids everything."""
POSTS_SHOWN = 6
_HTML = "text/html; charset=utf-8"
_UNITS = ((1_000_000_000, "B"), (1_000_000, "M"), (10_000, "K"))
_COUNTED = {
    Platform.INSTAGRAM: ("Followers", "Following", "Posts"),
    Platform.TIKTOK: ("Followers", "Following", "Likes"),
    Platform.YOUTUBE: ("subscribers", "", "videos"),
    Platform.X: ("Followers", "Following", "posts"),
    Platform.GITHUB: ("followers", "following", "repositories"),
}


def counted(number: int) -> str:
    """Return a count as pages show it: ``9,089`` or ``12.3K``."""
    for size, unit in _UNITS:
        if number >= size:
            return f"{number / (1_000 if unit == 'K' else size):.1f}".removesuffix(".0") + unit
    return f"{number:,}"


def _page(title: str, head: str, body: str) -> Reply:
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{head}</head>'
        f"<body>{body}</body></html>"
    )
    return Reply(text=text, media_type=_HTML)


def _missing() -> Reply:
    return Reply(text="<!doctype html><title>Not found</title><p>Nothing here.</p>", status=404, media_type=_HTML)


def gateway(asked: Asked) -> Reply:
    """Answer the page, the feed, the picture or the robots.txt that ``url`` names."""
    url = asked.query.get("url", "")
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host.endswith(".example"):
        return _missing()
    if parts.path == "/robots.txt":
        return robots_of(host)
    if is_picture_host(host):
        return picture(asked.world, host, parts.path)
    person = asked.world.by_page(url.partition("#")[0].partition("?")[0])
    if person is None:
        return _missing()
    asked.stage.pages[person.page or url] += 1
    own = [asked.world.accounts[number] for number in person.accounts]
    if all(asked.world.gone(account, asked.now) for account in own):
        return Reply(text="Gone", status=410, media_type=_HTML)
    return _personal(asked.world, person, asked.now)


def robots_of(host: str) -> Reply:
    """Return the robots.txt of a host; a few sites forbid everything."""
    closed = host != "links.example" and fraction("robots", host) < FORBIDDEN
    return Reply(text=f"User-agent: *\n{'Disallow: /' if closed else 'Allow: /'}\n", media_type="text/plain")


def own_robots(asked: Asked) -> Reply:
    """Answer our own robots.txt: profiles may be read, the control doors not."""
    del asked
    return Reply(text="User-agent: *\nDisallow: /_control/\nAllow: /\n", media_type="text/plain")


def _personal(world: World, person: Person, now: datetime) -> Reply:
    links = []
    for account in world.page_accounts(person):
        mine = account.person == person.number
        rel = ' rel="me"' if mine else ""
        words = account.platform.title() if mine else "A friend"
        links.append(f'<li><a href="{escape(world.url_of(account, now))}"{rel}>{words}</a></li>')
    host = urlsplit(person.page or "").hostname
    head = (
        f'<link rel="canonical" href="{escape(person.page or "")}">'
        f'<link rel="alternate" type="application/rss+xml" href="https://{host}/feed.xml">'
        f'<meta property="og:title" content="{escape(person.name)}">'
        f'<meta property="og:description" content="{escape(person.bio)}">'
    )
    mail = f'<a href="mailto:hello@{host}">Write to me</a>'
    return _page(
        person.name, head, f"<h1>{escape(person.name)}</h1><p>{escape(person.bio)}</p><ul>{''.join(links)}</ul>{mail}"
    )


def profile(asked: Asked) -> Reply:
    """Answer the public page of a profile, as a browser sees it."""
    platforms = {str(platform): platform for platform in Platform}
    platform = platforms.get(asked.path["platform"])
    account = _account(asked, platform) if platform else None
    if account is None or asked.world.gone(account, asked.now):
        return _missing()
    asked.stage.fetched("web", account)
    return _profile_page(asked, asked.world.view(account, asked.now))


def _account(asked: Asked, platform: Platform) -> Account | None:
    handle = asked.path["handle"]
    return asked.world.by_handle(platform, handle, asked.now) or asked.world.by_native_id(platform, handle)


def _profile_page(asked: Asked, view: View) -> Reply:
    account, address = view.account, asked.world.url_of(view.account, asked.now)
    followers, following, third = _COUNTED[account.platform]
    number = view.likes if third == "Likes" else view.posts
    shown = [(view.followers, followers), (view.following, following), (number, third)]
    counters = ", ".join(f"{counted(amount)} {word}" for amount, word in shown if word)
    facts = {
        "@context": "https://schema.org",
        "@type": "ProfilePage",
        "mainEntity": {
            "@type": "Person",
            "name": view.name,
            "alternateName": f"@{view.handle}",
            "identifier": account.native_id,
            "description": view.bio,
            "url": address,
            "interactionStatistic": [
                {
                    "@type": "InteractionCounter",
                    "interactionType": "https://schema.org/FollowAction",
                    "userInteractionCount": view.followers,
                }
            ],
        },
    }
    head = (
        f'<link rel="canonical" href="{escape(address)}">'
        f'<meta property="og:type" content="profile"><meta property="og:url" content="{escape(address)}">'
        f'<meta property="og:title" content="{escape(view.name)} (@{escape(view.handle)})">'
        f'<meta property="og:description" content="{escape(f"{counters} - {view.bio}")}">'
        f'<script type="application/ld+json">{json.dumps(facts).replace("<", chr(92) + "u003c")}</script>'
    )
    link = f'<a href="{escape(view.link)}" rel="me nofollow">{escape(view.link)}</a>' if view.link else ""
    recent = [] if view.private else posts(asked.world, account, asked.now, POSTS_SHOWN)
    listed = "".join(f"<article>{escape(post.text)}</article>" for post in recent)
    visible = "".join(f"<span>{counted(amount)} {word}</span> " for amount, word in shown if word)
    intro = f"<h1>{escape(view.name)}</h1><h2>@{escape(view.handle)}</h2>{visible}<p>{escape(view.bio)}</p>{link}"
    return _page(f"{view.name} (@{view.handle})", head, f"{intro}{listed}")


class Web:
    """Pages for everybody."""

    name = "web"
    prefix = ""
    says_when = True

    def routes(self) -> tuple[Route, ...]:
        """Return its addresses."""
        return (
            Route("/web", "page", gateway, is_open=True),
            Route("/web/profile/{platform}/{handle}", "profile", profile, is_open=True),
            Route("/robots.txt", "robots", own_robots, is_open=True),
        )

    def credential(self, asked: Asked) -> str | None:
        """Return nobody: pages are open."""
        del asked
        return ""

    def refuse(self, asked: Asked) -> Reply:
        """Return 403."""
        del asked
        return self.failed(403)

    def limited(self, admission: Admission, now: datetime) -> Reply:
        """Return 429."""
        del admission, now
        return self.failed(429)

    def failed(self, status: int) -> Reply:
        """Return a page that says what went wrong."""
        return Reply(text=f"<!doctype html><title>{HTTPStatus(status).phrase}</title>", status=status, media_type=_HTML)

    def headers(self, admission: Admission, endpoint: str) -> Mapping[str, str]:
        """Return how long to wait where a request was one too many."""
        del endpoint
        return {} if admission.allowed else {"retry-after": str(max(1, math.ceil(admission.resets_at - time.time())))}
