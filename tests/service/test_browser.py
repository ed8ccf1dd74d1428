"""Profile pages in a real Chromium, against a site on this machine: read, refused, crashed, hung, never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest
import pytest_asyncio

from creators.errors import SourceLimited, SourceRefused, SourceUnavailable, TargetGone
from creators.settings import SourceSettings
from creators.targets import parse_target
from enrich.normalise.browser import normalise
from fetchers.chromium import MAX_DEATHS, Chromium, Patience, Way, chromium_of
from fetchers.chromium_process import TOKEN, find_chromium, processes_of
from fetchers.http import Http
from fetchers.sources.browser import Browser
from fetchers.tabs import Seen
from tests.fixtures.direct import DirectCall

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="browser not tested: no Chromium is on the PATH")
in_one_loop = pytest.mark.asyncio(loop_scope="module")
SHORT, LONG = Patience(page_s=1, end_s=1), Patience()
ROBOTS = "User-agent: *\nDisallow: /instagram/forbidden\nDisallow: /inside\n"
PROFILE = """<!doctype html><html lang="en"><head><title>Marta Sol (@clay.and.kiln) • Instagram</title>
<meta property="og:title" content="Marta Sol (@clay.and.kiln) • Instagram photos and videos">
<script type="application/ld+json">{"@type": "ProfilePage", "mainEntity": {"@type": "Person", "name": "Marta Sol",
 "description": "Stoneware from Valencia", "sameAs": ["https://clay.example/"]}}</script></head>
<body><h1>clay.and.kiln</h1><div id="late"></div><script>
document.getElementById("late").innerText = "96 posts\\n48.2K followers\\n312 following"</script></body></html>"""
INNER = """<!doctype html><html><body><p>10 followers</p><img src="{0}/img"><iframe src="{0}/frame"></iframe>
<script src="{0}/script"></script><link rel="stylesheet" href="{0}/style"><script>
fetch("{0}/fetch").catch(() => 0); new WebSocket("{0}/socket".replace("http", "ws"));
navigator.sendBeacon("{0}/beacon", "x"); window.open("{0}/window");
fetch("{0}/name".replace("127.0.0.1", "localhost")).catch(() => 0);
fetch("{0}/six".replace("127.0.0.1", "[::1]")).catch(() => 0);
fetch("http://169.254.169.254/latest").catch(() => 0);
if (navigator.serviceWorker) navigator.serviceWorker.register("/worker.js").catch(() => 0);
</script></body></html>"""


PAGES: dict[str, tuple[int, str, dict[str, str]]] = {
    "/robots.txt": (200, ROBOTS, {"content-type": "text/plain"}),
    "/accounts/login/": (200, "<p>Log in</p>", {}),
    "/inside": (200, PROFILE, {}),
    "/instagram/clay.and.kiln": (200, PROFILE, {}),
    "/instagram/file": (200, "x" * 100, {"content-disposition": "attachment; filename=a.bin"}),
    "/instagram/hangs": (200, "late", {}),
    "/instagram/inner": (200, INNER, {}),
    "/instagram/led-in": (302, "", {"location": "{0}/redirect"}),
    "/instagram/limited": (429, "slow down", {"retry-after": "7"}),
    "/instagram/moved": (302, "", {"location": "/inside"}),
    "/instagram/shut": (403, "members only", {}),
    "/instagram/walled": (302, "", {"location": "/accounts/login/?next=/instagram/walled"}),
}


class Site(ThreadingHTTPServer):
    """Pages of a platform, and a count of what was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.let_go = Event()
        self.canary = 0
        super().__init__(("127.0.0.1", 0), _Pages)

    def handle_error(self, *_args: object) -> None:
        """Say nothing: a browser that is killed hangs up."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Pages(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked[path] += 1
        canary = f"http://127.0.0.1:{self.server.canary}"
        if path == "/instagram/hangs":
            self.server.let_go.wait(20)
        status, body, headers = PAGES.get(path, (404, "<h1>Not found</h1>", {}))
        self._send(status, body.replace("{0}", canary), {n: v.replace("{0}", canary) for n, v in headers.items()})

    def _send(self, status: int, body: str, headers: dict[str, str] | None = None) -> None:
        content = body.encode()
        self.send_response(status)
        for name, value in {"content-type": "text/html; charset=utf-8", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as one:
        Thread(target=one.serve_forever, daemon=True).start()
        yield one
        one.let_go.set()
        one.shutdown()


@pytest.fixture(scope="module")
def canary(site: Site) -> Iterator[Site]:
    """A site that nobody may reach."""
    with Site() as one:
        Thread(target=one.serve_forever, daemon=True).start()
        site.canary = one.server_address[1]
        yield one
        one.shutdown()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def source():
    one = Browser()
    yield one
    await one.aclose()


def _way(site: Site) -> Way:
    return Way(trusted=frozenset({("127.0.0.1", site.server_address[1])}))


async def _fetch(source: Browser, site: Site, handle: str):
    async with Http(timeout_s=5, max_bytes=1_000_000) as http:
        call = DirectCall(source, http, SourceSettings(base_url=site.url))
        try:
            found = await source.fetch(parse_target(f"profile:instagram:@{handle}"), call)
        finally:
            site.permitted = call.permitted
        return found


@in_one_loop
async def test_a_profile_is_read_as_its_reader_sees_it(source, site):
    (record,) = (await _fetch(source, site, "clay.and.kiln")).records
    assert (record.tier, record.native_id, record.body["status"]) == (3, "@clay.and.kiln", 200)
    (account,) = normalise(record).accounts
    assert (account.name, account.bio, account.website) == (
        "Marta Sol",
        "Stoneware from Valencia",
        "https://clay.example/",
    )
    assert (account.followers, account.following, account.posts) == (48_200, 312, 96)


@in_one_loop
@pytest.mark.parametrize(
    ("handle", "error", "permitted"),
    [
        ("forbidden", SourceRefused, 0),
        ("moved", SourceRefused, 1),
        ("walled", SourceUnavailable, 1),
        ("shut", SourceUnavailable, 1),
        ("file", SourceUnavailable, 1),
        ("limited", SourceLimited, 1),
        ("nobody", TargetGone, 1),
    ],
)
async def test_what_is_no_profile_says_why(source, site, handle, error, permitted):
    with pytest.raises(error):
        await _fetch(source, site, handle)
    assert site.permitted == permitted
    assert (site.asked[f"/instagram/{handle}"] > 0) == (permitted > 0)


@in_one_loop
async def test_a_page_leads_nowhere_but_to_the_open_web(source, site, canary):
    (record,) = (await _fetch(source, site, "inner")).records
    assert normalise(record.model_copy(update={"body": {**record.body, "title": "A"}})).accounts[0].followers == 10
    with pytest.raises(SourceUnavailable):
        await _fetch(source, site, "led-in")
    assert canary.asked == Counter()
    assert ("127.0.0.1", site.canary) in chromium_of(_way(site)).gate.refused
    assert site.asked["/worker.js"] == 0


async def test_a_name_is_looked_up_for_the_browser_and_goes_through_the_proxy_of_the_operator():
    heard: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A proxy that is also the page: what comes through its tunnel, it answers itself."""
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        body = PROFILE.encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34"] if (host, port) == ("profiles.example.com", 80) else ["10.0.0.1"]

    async with await asyncio.start_server(proxy, "127.0.0.1", 0) as server:
        way = Way(proxy=f"http://me:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}")
        async with Chromium(way, resolve=resolve) as browser:
            seen = await browser.view("http://profiles.example.com/clay")
    assert (seen.url, seen.status) == ("http://profiles.example.com/clay", 200)
    assert "48.2K followers" in seen.text
    assert heard[0].startswith(b"CONNECT 93.184.216.34:80 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic bWU6c2VjcmV0" in heard[0]
    assert heard[1].startswith(b"GET /clay HTTP/1.1\r\n")
    assert b"secret" not in heard[1]
    assert b" creatorscope/" in heard[1]


async def test_a_page_that_hangs_or_crashes_costs_one_page_and_no_secret_is_told(site, monkeypatch):
    monkeypatch.setenv("CREATORSCOPE_SOURCES__X_API_V2__KEYS", "secret-of-ours")
    async with Chromium(_way(site)) as browser:
        assert (await _seen(browser, site)).status == 200
        assert b"secret-of-ours" not in _environment(_main(browser.token))
        browser.patience = SHORT
        with pytest.raises(SourceUnavailable, match="did not load"):
            await browser.view(f"{site.url}/instagram/hangs")
        browser.patience = LONG
        viewing = asyncio.create_task(browser.view(f"{site.url}/instagram/hangs"))
        await _until(lambda: _renderers(browser.token) and site.asked["/instagram/hangs"] > 1)
        for renderer in _renderers(browser.token):
            os.kill(renderer, signal.SIGKILL)
        with pytest.raises(SourceUnavailable):
            await viewing
        assert (await _seen(browser, site)).status == 200
        assert (browser.starts, browser.deaths) == (1, 0)
        browser.patience = Patience(idle_s=0.1)
        assert (await _seen(browser, site)).status == 200
        await _until(lambda: not list(processes_of(browser.token)))
        assert browser.deaths == 0
    assert list(processes_of(browser.token)) == []


async def test_a_browser_that_dies_or_stops_is_started_again_and_not_for_ever(site):
    async with Chromium(_way(site)) as browser:
        assert (await _seen(browser, site)).status == 200
        os.kill(_main(browser.token), signal.SIGSTOP)
        browser.patience = SHORT
        with pytest.raises(SourceUnavailable):
            await _seen(browser, site)
        browser.patience = LONG
        assert (await _seen(browser, site)).status == 200
        for deaths in range(2, MAX_DEATHS):
            await _killed(browser, site)
            assert (browser.deaths, browser.starts) == (deaths, deaths + 1)
        with pytest.raises(SourceUnavailable, match="does not start it again"):
            await _killed(browser, site)
    assert list(processes_of(browser.token)) == []


@pytest.mark.parametrize("killed", [False, True], ids=["ended", "killed"])
def test_no_browser_outlives_its_worker(site, killed):
    script = textwrap.dedent(f"""
        import asyncio
        from fetchers.chromium import Way, chromium_of
        async def main():
            browser = chromium_of(Way(trusted=frozenset({{("127.0.0.1", {site.server_address[1]})}})))
            await browser.view("{site.url}/instagram/clay.and.kiln")
            print(browser.token, flush=True)
            {"await asyncio.sleep(60)" if killed else ""}
        asyncio.run(main())
    """)
    with subprocess.Popen([sys.executable, "-W", "ignore", "-c", script], stdout=subprocess.PIPE, text=True) as worker:
        token = worker.stdout.readline().strip()
        assert token
        if killed:
            worker.kill()
        worker.wait(20)
    for _ in range(100):
        if not list(processes_of(token)):
            break
        time.sleep(0.1)
    assert list(processes_of(token)) == []


async def _seen(browser: Chromium, site: Site) -> Seen:
    return await browser.view(f"{site.url}/instagram/clay.and.kiln")


async def _killed(browser: Chromium, site: Site) -> None:
    """Kill the browser, and view until another one has been started: its driver tells of the death a moment later."""
    before = browser.starts
    os.kill(_main(browser.token), signal.SIGKILL)
    for _ in range(20):
        try:
            await _seen(browser, site)
        except SourceUnavailable as error:
            if "again" in str(error):
                raise
        if browser.starts > before:
            return
    pytest.fail("the browser was not started again")


async def _until(is_so) -> None:
    for _ in range(200):
        if is_so():
            return
        await asyncio.sleep(0.05)
    pytest.fail("it did not come to that in 10 s")


def _main(token: str) -> int:
    return next(one for one in processes_of(token) if "--type=" not in _command(one))


def _renderers(token: str) -> list[int]:
    group = os.getpgid(_main(token))
    everyone = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [one for one in everyone if "--type=renderer" in _command(one) and os.getpgid(one) == group]


def _environment(process: int) -> bytes:
    return Path(f"/proc/{process}/environ").read_bytes()


def _command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def test_the_token_is_what_processes_are_known_by():
    assert list(processes_of("no such token")) == []
    assert TOKEN.endswith("CREATORSCOPE")
