"""Pictures by themselves: fetched over real sockets, hostile ones too, and what becomes of them in an installation."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from PIL import Image, ImageDraw, ImageFont

from creators.errors import BadInput, SourceLimited, SourceUnavailable, TargetGone
from creators.settings import Settings, SourceSettings
from creators.stores import deadletters, pictures, receipts
from creators.stores.deadletters import Wanted
from creators.stores.lake import MEDIA
from creators.stores.pictures import PictureState
from creators.stores.session import Stores, work_with
from enrich import annotation_store, profiles
from enrich.media.dhash import distance
from enrich.resolve import keyring
from fetchers.guard import guarded_transport
from fetchers.pictures import fetch_all
from indexers import pictures as looking
from indexers import pipeline, replay
from simulator.pictures import png_of, shown_by
from tests.fixtures.answering import answering
from tests.fixtures.settled import bring, seen, settle

PUBLIC = "93.184.215.14"
PNG = png_of(1, 8)


class Web(httpx2.AsyncBaseTransport):
    """Every public address is one server; all that passes the guard is carried there as the product would."""

    def __init__(self, port):
        self._port = port
        self._plain = httpx2.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request):
        assert request.url.host == PUBLIC
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return await self._plain.handle_async_request(request)

    async def aclose(self):
        await self._plain.aclose()


async def names(host, _port):
    return ["127.0.0.1"] if host.startswith("inside.") else [PUBLIC]


SAID = {
    "/good.png": (200, {"content-type": "image/png"}, PNG),
    "/untold": (200, {"content-type": "application/octet-stream"}, PNG),
    "/page.png": (200, {"content-type": "text/html"}, b"<html>"),
    "/moved": (302, {"location": "https://cdn.example/good.png"}, b""),
    "/to-loopback": (302, {"location": "http://127.0.0.1:9200/_cat"}, b""),
    "/to-inside": (302, {"location": "https://inside.example/good.png"}, b""),
    "/to-file": (302, {"location": "file:///etc/passwd"}, b""),
    "/round": (302, {"location": "/round"}, b""),
    "/gone": (404, {}, b""),
    "/slower": (429, {}, b""),
    "/broken": (503, {}, b""),
    "/liar": (200, {"content-type": "image/png", "content-length": "99999999"}, b""),
}
ENDS = {
    "/page.png": (TargetGone, "no picture"),
    "/to-loopback": (TargetGone, "leads out of the open web"),
    "/to-inside": (SourceUnavailable, "not of the open internet"),
    "/to-file": (TargetGone, "leads out of the open web"),
    "/round": (TargetGone, "more than 3 redirects"),
    "/gone": (TargetGone, "answered 404"),
    "/slower": (SourceLimited, "answered 429"),
    "/broken": (SourceUnavailable, "answered 503"),
    "/liar": (SourceUnavailable, "more than 500000 bytes"),
    "/endless": (SourceUnavailable, "more than 500000 bytes"),
    "/dripping": (SourceUnavailable, "no whole answer within"),
}


async def test_only_whole_pictures_of_the_open_web_are_fetched():
    async def answers(exchange):
        path = urlsplit(exchange.target).path
        if path == "/endless":
            await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n")
            while True:
                await exchange.send(bytes(65_536))
        if path == "/dripping":
            await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n")
            while True:
                await exchange.send(b"x")
                await asyncio.sleep(0.05)
        status, headers, body = SAID[path]
        await exchange.answer(body, status=status, **{name.replace("-", "_"): v for name, v in headers.items()})

    settings = Settings(source_timeout_s=1.5, source_max_bytes=500_000)
    web = {path: f"https://cdn.example{path}" for path in (*SAID, "/endless", "/dripping")}
    direct = ("http://127.0.0.1/x.png", "https://inside.example/x.png", "ftp://cdn.example/x", "https://a@cdn.example/")
    async with answering(answers) as server:
        transport = guarded_transport(resolve=names, inner=Web(server.port))
        found = await fetch_all(settings, [*web.values(), *direct], transport=transport)
    assert {path for path, url in web.items() if getattr(found[url], "data", None) == PNG} == set(SAID) - set(ENDS)
    for path, (kind, words) in ENDS.items():
        assert type(found[web[path]]) is kind, path
        assert words in found[web[path]].detail, path
    assert [type(found[url]) for url in direct] == [BadInput, SourceUnavailable, BadInput, BadInput]
    assert {one.headers["host"] for one in server.seen} == {"cdn.example"}


def text_png(words):
    image = Image.new("RGB", (640, 160), "white")
    ImageDraw.Draw(image).text((30, 50), words, font=ImageFont.load_default(size=40), fill="black")
    into = BytesIO()
    image.save(into, "PNG")
    return into.getvalue()


def bomb():
    into = BytesIO()
    Image.new("1", (9_000, 9_000)).save(into, "PNG")
    return into.getvalue()


@contextmanager
def gateway(said):
    """Give the address of a gateway in a thread of its own that answers ``url`` by its path, and what it was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path = urlsplit(parse_qs(urlsplit(self.path).query)["url"][0]).path
            asked.append(path)
            status, body = said[path]
            self.send_response(status)
            self.send_header("content-type", "image/png")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def with_settings(stores, **more):
    return Stores(stores.settings.model_copy(update=more))


@pytest.fixture(scope="module")
def people(new_installation):
    """An installation that notes pictures."""
    return new_installation(media_fetch="on")


def look(stores):
    """Look at all that is due, now, and work off what comes of it; returns how many were looked at."""
    work_with(stores)
    looked = looking.look(stores)
    settle(stores)
    return looked


def states(stores):
    return {f"{kind} {state}": number for (kind, state), number in pictures.counts(stores.cluster).items()}


SHOWN = {
    "bomb": (200, bomb()),
    "html": (200, b"<html>no picture</html>"),
    "shot": (200, text_png("Zeppelin masterclass")),
}


def bring_shown(stores):
    """Bring two accounts with five pictures between them: two are fine, two are none, and one is late."""
    at = "2026-01-10T12:00:00+00:00"
    posts = [
        {"native_id": name, "posted_at": at, "picture_url": f"https://cdn.example/{name}.png"} for name in sorted(SHOWN)
    ]
    avatar = "https://cdn.example/a.png?sig=1"
    bring(
        stores,
        seen("tiktok", "7", handle="baker", bio="Rye", avatar_url=avatar, recent_posts=posts),
        seen("x", "8", handle="painter", bio="Harbours", avatar_url="https://cdn.example/late.png"),
    )


def failed(stores):
    return deadletters.find(stores.cluster, Wanted(stage="look")).letters


def test_hostile_pictures_cost_only_themselves_and_can_be_tried_again(people):
    said = {f"/{name}.png": answer for name, answer in SHOWN.items()}
    said |= {"/a.png": (200, PNG), "/late.png": (503, b"")}
    with gateway(said) as (url, _):
        stores = with_settings(people, sources={"website": SourceSettings(base_url=url)})
        bring_shown(stores)
        assert states(stores) == {"avatar waiting": 2, "post waiting": 3}
        assert look(stores) == 5
        assert states(stores) == {"avatar seen": 1, "avatar waiting": 1, "post failed": 2, "post seen": 1}
        assert look(stores) == 0, "the late one has its time still to come"
        excerpts = sorted(one["excerpt"] for one in failed(stores))
        assert excerpts == [f"tiktok:7 https://cdn.example/{name}.png" for name in ("bomb", "html")]
        assert {one["error"] for one in failed(stores)} == {"bad_input"}

        said["/html.png"] = (200, PNG)
        replay.replay(stores, Wanted(stage="look"), pace=replay.Pace(1e6), on_progress=lambda _: None)
        assert look(stores) == 2
        assert states(stores) == {"avatar seen": 1, "avatar waiting": 1, "post failed": 1, "post seen": 2}
        assert [one["attempts"] for one in failed(stores)] == [2]


def test_what_was_seen_is_known_and_what_is_no_picture_is_not_kept(people):
    found = list(annotation_store.each(people.cluster, "tiktok:7"))
    assert {one.text for one in found if not one.is_avatar} == {"Zeppelin masterclass", None}
    known = profiles.load_accounts(people.cluster, ["tiktok:7", "x:8"])
    told = annotation_store.with_avatars(people.cluster, known)
    assert (told["x:8"].avatar_hash, known["tiktok:7"].avatar_hash) == (None, None)
    assert len(told["tiktok:7"].avatar_hash) == 16
    # With its picture an account is a newer version of itself, or the index of keys would refuse it.
    assert profiles.account_version(told["tiktok:7"]) > profiles.account_version(known["tiktok:7"])
    # What was tried again is the same picture as the avatar.
    assert len([key for key in people.lake.list_keys(MEDIA) if key.endswith("/bytes")]) == 2


def test_a_picture_that_comes_by_again_is_known_whatever_signs_its_address(people):
    with gateway({}) as (url, asked):
        stores = with_settings(people, sources={"website": SourceSettings(base_url=url)})
        again = seen("tiktok", "7", handle="baker", bio="Oats", avatar_url="https://cdn.example/a.png?sig=2")
        bring(stores, again.model_copy(update={"fetched_at": again.fetched_at + timedelta(days=1)}))
        assert look(stores) == 0
        assert asked == []


def test_a_late_picture_is_tried_three_times_and_one_that_kills_is_given_up(people):
    with gateway({"/late.png": (503, b"")}) as (url, asked):
        stores = with_settings(people, sources={"website": SourceSettings(base_url=url)})
        for _ in range(2):
            (waiting,) = pictures.claim(stores.cluster, datetime.now(UTC) + timedelta(days=1), limit=9)
            gone_back = [pictures.replace(waiting, attempts=waiting.attempts - 1, due_at=datetime.now(UTC))]
            pictures.settle(stores.cluster, gone_back)
            look(stores)
        assert len(asked) == 2
    (letter,) = deadletters.find(stores.cluster, Wanted(stage="look", error="source_unavailable")).letters
    assert letter["attempts"] == 3
    killer = pictures.Picture("x:8", "https://cdn.example/k.png", "post", datetime.now(UTC), attempts=3)
    beside = pictures.Picture("x:8", "https://cdn.example/n.png", "post", datetime.now(UTC))
    pictures.offer(stores.cluster, [killer, beside])
    first = pictures.claim(stores.cluster, datetime.now(UTC), limit=8)
    assert len(first) == 1, "one that was claimed before comes alone"
    pictures.settle(stores.cluster, [pictures.replace(one, due_at=datetime.now(UTC), attempts=3) for one in first])
    with gateway({"/n.png": (200, PNG)}) as (url, asked):
        look(with_settings(people, sources={"website": SourceSettings(base_url=url)}))
        assert asked == ["/n.png"]
    assert deadletters.find(people.cluster, Wanted(stage="look", error="poison")).letters


HOSTS = {
    "instagram": "scontent.cdninstagram",
    "tiktok": "p16.tiktokcdn",
    "youtube": "yt3.ggpht",
    "x": "pbs.twimg",
    "github": "avatars.githubusercontent",
}


def two_accounts_of_one_face(world):
    """Return records of two accounts of one person, who shows the same picture on both."""
    own = next(
        accounts
        for accounts in ([world.accounts[number] for number in person.accounts] for person in world.people)
        if len(accounts) > 1 and len({shown_by(world, account) for account in accounts}) == 1
    )
    return [
        seen(
            one.platform,
            one.native_id,
            handle=one.handle,
            avatar_url=f"https://{HOSTS[one.platform]}.example/{'u/' * (one.platform == 'github')}{one.native_id}",
        )
        for one in own[:2]
    ]


def test_pictures_of_a_world_are_seen_and_a_rebuild_asks_nobody(people, new_simulator):
    simulator = new_simulator(people=60)
    sources = {"website": SourceSettings(base_url=f"{simulator.url}/web")}
    stores = with_settings(people, media_ocr=False, sources=sources)
    records = two_accounts_of_one_face(simulator.world)
    bring(stores, *records)
    assert look(stores) == 2
    looks = annotation_store.avatars(stores.cluster, [one.account_id for one in records])
    hashes = {account_id: one.avatar_hash for account_id, one in looks.items()}
    assert distance(*hashes.values()) <= 4
    # It is evidence of who they are.
    entries = keyring.load(stores.cluster, list(hashes))
    assert {account_id: one.evidence.avatar_hash for account_id, one in entries.items()} == hashes

    before = pipeline.digest(stores)
    stores.cluster.delete_matching(pictures.INDEX, {"match_all": {}})
    offline = with_settings(stores, sources={})
    pipeline.rebuild(offline)
    settle(offline)
    assert pipeline.digest(offline) == before
    assert annotation_store.avatars(offline.cluster, hashes) == looks
    # The ledger was lost as well: what was fetched once comes from the lake, and its addresses lead nowhere now.
    waiting = pictures.counts(offline.cluster)["avatar", PictureState.WAITING]
    look(offline)
    assert pictures.counts(offline.cluster)["avatar", PictureState.SEEN] == 3 <= waiting
    assert pipeline.digest(offline) == before
    assert receipts.balance(offline.cluster).is_balanced
