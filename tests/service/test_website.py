"""Pages of strangers, from real servers through the guard: what is asked, in which order, and what is not."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from creators.errors import SourceLimited, SourceRefused, SourceUnavailable, TargetGone
from creators.models import Platform, RawRecord
from creators.settings import SourceSettings
from creators.targets import TaskKind, page_target
from enrich.normalise.website import normalise
from fetchers.contract import Answer, Ask
from fetchers.guard import guarded_transport
from fetchers.http import Http
from fetchers.sources.website import MAX_HOPS, MAX_PAGE_BYTES, SOURCE, Website
from tests.fixtures.answering import Exchange, Listener, answering

PUBLIC = "93.184.215.14"
OPEN = {"/robots.txt": (404, {}, b"")}
PAGE = (
    b"<title>Ada</title><a rel=me href='https://www.youtube.com/@ada'>me</a><a href='https://github.com/grace'>g</a>"
    b"<a href='https://twitch.tv/ada'>t</a><a href='/shop'>s</a><a href='mailto:a@b.example'>m</a>"
)
HTML = {"content-type": "text/html; charset=utf-8"}
Said = Mapping[str, tuple[int, Mapping[str, str], bytes]]


class Web(httpx2.AsyncBaseTransport):
    """Every public address is one server; all that passes the guard is carried there as the product would."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._plain = httpx2.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        assert request.url.host == PUBLIC
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return await self._plain.handle_async_request(request)

    async def aclose(self) -> None:
        await self._plain.aclose()


@dataclass
class Direct:
    """A call without limits: what the controller lends a source, but for the counting."""

    http: Http
    settings: SourceSettings = field(default_factory=SourceSettings)
    credential: str | None = None

    async def send(self, ask: Ask) -> Answer:
        reply = await self.http.send("GET", ask.path, params=ask.params, headers=ask.headers)
        answer = Answer(ask.endpoint, reply.status, reply.headers, None, reply.content, reply.url, reply.received_at)
        SOURCE.judge(answer)
        return answer

    async def permit(self, endpoint: str, units: int = 1) -> str | None:
        del endpoint, units
        return None


async def names(host: str, port: int) -> list[str]:
    return ["127.0.0.1"] if host.startswith("inside.") else [PUBLIC]


@asynccontextmanager
async def site(said: Said) -> AsyncIterator[tuple[Listener, Direct]]:
    """Give a server that says so much for each ``host/path``, or ``/path`` of any host, and a call that reaches it."""

    async def answers(exchange: Exchange) -> None:
        path = urlsplit(exchange.target).path
        status, headers, body = said.get(exchange.headers["host"] + path) or said.get(path) or (404, {}, b"")
        await exchange.answer(body, status=status, **{name.replace("-", "_"): v for name, v in headers.items()})

    async with answering(answers) as server:
        transport = guarded_transport(resolve=names, inner=Web(server.port))
        async with Http(timeout_s=5, max_bytes=2_000_000, contact="ops@example.org", transport=transport) as http:
            yield server, Direct(http)


def asked(server: Listener) -> list[str]:
    return [one.headers["host"] + one.target for one in server.seen]


async def fetched(call: Direct, url: str = "https://ada.example/") -> RawRecord:
    found = await Website().fetch(page_target("instagram:42", url), call)
    (record,) = found.records
    assert found.cost_usd == 0
    return record


async def test_a_page_becomes_one_record_about_whoever_links_to_it():
    async with site(OPEN | {"/": (200, HTML, PAGE)}) as (server, call):
        record = await fetched(call, "https://ADA.example#top")
    assert asked(server) == ["ada.example/robots.txt", "ada.example/"]
    assert (record.account_id, record.kind, record.source) == ("instagram:42", "page", "website")
    assert record.target == "page:instagram:42 https://ADA.example#top"
    assert record.body["links"] == [
        "https://www.youtube.com/@ada",
        "https://github.com/grace",
        "https://twitch.tv/ada",
        "https://ada.example/shop",
    ]
    assert record.body["rel_me"] == ["https://www.youtube.com/@ada"]
    assert record.body["has_email"] is True
    assert record.body["html_sha256"] == hashlib.sha256(PAGE).hexdigest()
    assert record.body["html"] == PAGE.decode()
    assert RawRecord.model_validate_json(record.model_dump_json()) == record
    assert [(lead.platform, lead.value, lead.reason) for lead in normalise(record).leads] == [
        (Platform.YOUTUBE, "@ada", "page"),
        (Platform.GITHUB, "@grace", "page"),
    ]


async def test_redirects_are_followed_and_every_site_on_the_way_is_asked_first():
    said = OPEN | {
        "ada.example/": (301, {"location": "http://www.ada.example/home"}, b""),
        "www.ada.example/home": (302, {"location": "/en"}, b""),
        "www.ada.example/en": (200, HTML, PAGE),
    }
    async with site(said) as (server, call):
        record = await fetched(call)
    assert (record.body["url"], record.body["landed"]) == ("https://ada.example/", "http://www.ada.example/en")
    assert record.body["links"][-1] == "http://www.ada.example/shop"
    assert asked(server) == [
        "ada.example/robots.txt",
        "ada.example/",
        "www.ada.example/robots.txt",
        "www.ada.example/home",
        "www.ada.example/en",
    ]


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/",
        "http://127.0.0.1:9200/",
        "http://[::1]/",
        "http://inside.example/",
        "//localhost/",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data/",
        "http://ada.example:22/",
        "gopher://ada.example/",
        "http://[broken",
    ],
)
async def test_no_redirect_leads_inside(location):
    async with site(OPEN | {"/": (302, {"location": location}, b"")}) as (server, call):
        with pytest.raises(SourceUnavailable):
            await fetched(call)
    assert asked(server) == ["ada.example/robots.txt", "ada.example/"]


async def test_redirects_in_a_circle_end():
    async with site(OPEN | {"/": (302, {"location": "/"}, b"")}) as (server, call):
        with pytest.raises(SourceUnavailable, match="redirects"):
            await fetched(call)
    assert asked(server).count("ada.example/") == MAX_HOPS + 1


async def test_what_robots_txt_forbids_is_not_asked():
    said = {"/robots.txt": (200, {}, b"User-agent: creatorscope\nDisallow: /private"), "/private": (200, HTML, PAGE)}
    async with site(said) as (server, call):
        with pytest.raises(SourceRefused, match=r"robots\.txt"):
            await fetched(call, "https://ada.example/private")
    assert asked(server) == ["ada.example/robots.txt"]


async def test_robots_txt_is_looked_for_where_it_has_moved():
    said = {
        "ada.example/robots.txt": (301, {"location": "https://www.ada.example/robots.txt"}, b""),
        "www.ada.example/robots.txt": (200, {}, b"User-agent: *\nDisallow: /"),
    }
    async with site(said) as (_, call):
        with pytest.raises(SourceRefused):
            await fetched(call)


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_a_site_that_cannot_say_what_it_allows_is_left_alone(status):
    async with site({"/robots.txt": (status, {}, b""), "/": (200, HTML, PAGE)}) as (server, call):
        with pytest.raises(SourceUnavailable):
            await fetched(call)
    assert asked(server) == ["ada.example/robots.txt"]


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (404, HTML, TargetGone),
        (410, HTML, TargetGone),
        (401, HTML, TargetGone),
        (403, HTML, TargetGone),
        (408, HTML, SourceUnavailable),
        (500, HTML, SourceUnavailable),
        (304, HTML, SourceUnavailable),
        (429, {"retry-after": "120"}, SourceLimited),
        (200, {"content-type": "image/png"}, TargetGone),
        (200, {"content-type": "application/pdf"}, TargetGone),
    ],
)
async def test_an_answer_without_a_page_says_what_to_do_next(status, headers, expected):
    async with site(OPEN | {"/": (status, headers, b"x")}) as (_, call):
        with pytest.raises(expected) as caught:
            await fetched(call)
    if isinstance(caught.value, SourceLimited):
        assert caught.value.retry_at is not None


async def test_an_address_of_this_machine_is_never_a_page():
    async with site(OPEN) as (server, call):
        with pytest.raises(TargetGone):
            await fetched(call, "http://127.0.0.1:9200/")
    assert server.seen == []


async def test_of_a_long_page_the_beginning_is_kept():
    page = PAGE + b"<p>" + b"x" * MAX_PAGE_BYTES + b"<a href='https://github.com/late'>"
    async with site(OPEN | {"/": (200, HTML, page)}) as (_, call):
        record = await fetched(call)
    assert len(record.body["html"]) == MAX_PAGE_BYTES
    assert "https://github.com/late" not in record.body["links"]


async def test_a_host_is_asked_one_thing_at_a_time_and_hosts_side_by_side():
    now: dict[str, int] = {}
    most: dict[str, int] = {}
    together = 0

    async def answers(exchange: Exchange) -> None:
        nonlocal together
        host = exchange.headers["host"]
        now[host] = now.get(host, 0) + 1
        most[host] = max(most.get(host, 0), now[host])
        together = max(together, sum(now.values()))
        await asyncio.sleep(0.02)
        now[host] -= 1
        await exchange.answer(PAGE, content_type="text/html")

    source = Website()
    async with answering(answers) as server:
        transport = guarded_transport(resolve=names, inner=Web(server.port))
        async with Http(timeout_s=5, max_bytes=100_000, transport=transport) as http:
            targets = [page_target("x:1", f"http://{host}.example/{n}") for host in "ab" for n in range(4)]
            await asyncio.gather(*(source.fetch(target, Direct(http)) for target in targets))
    assert most == {"a.example": 1, "b.example": 1}
    assert together == 2
    assert [one.target for one in server.seen].count("/robots.txt") == 2


async def test_a_gateway_is_asked_for_the_page_where_one_is_named():
    async def answers(exchange: Exchange) -> None:
        (url,) = parse_qs(urlsplit(exchange.target).query)["url"]
        status = 404 if url.endswith("robots.txt") else 200
        await exchange.answer(PAGE, status=status, content_type="text/html")

    async with answering(answers) as gateway, Http(timeout_s=5, max_bytes=100_000) as http:
        call = Direct(http, SourceSettings(base_url=f"{gateway.url}/web"))
        record = await fetched(call, "https://ada.example/a?b=c")
    assert [parse_qs(urlsplit(one.target).query)["url"] for one in gateway.seen] == [
        ["https://ada.example/robots.txt"],
        ["https://ada.example/a?b=c"],
    ]
    assert record.body["landed"] == "https://ada.example/a?b=c"


def test_the_source_says_what_it_serves():
    assert SOURCE.serves == {TaskKind.PAGE: frozenset(Platform)}
    assert SOURCE.policy.kind == "website"
    assert SOURCE.base_url == ""
