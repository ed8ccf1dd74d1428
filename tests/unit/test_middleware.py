"""What happens to every request, driven as the server drives it: messages in, messages out, no socket."""

import asyncio
import json
import re

import pytest

from api.middleware import Envelope, Limits

LIMIT = 10


class Client:
    """One request: hands out the body in chunks and keeps the answer."""

    def __init__(self, *chunks, path="/v1/creators/search", headers=(), kind="http"):
        self.scope = {"type": kind, "path": path, "method": "POST", "headers": list(headers)}
        self.messages = [
            {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
            for number, chunk in enumerate(chunks or (b"",), start=1)
        ]
        self.sent = []

    async def receive(self):
        return self.messages.pop(0) if self.messages else {"type": "http.disconnect"}

    async def send(self, message):
        self.sent.append(message)

    async def ask(self, app):
        await app(self.scope, self.receive, self.send)
        return self

    @property
    def status(self):
        return self.sent[0]["status"]

    @property
    def headers(self):
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def body(self):
        return b"".join(message.get("body", b"") for message in self.sent[1:])


async def answer(send, body=b"ok", status=200):
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def echo(_scope, receive, send):
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]:
            break
    await answer(send, body)


class Gate:
    """An app that answers when it is let."""

    def __init__(self):
        self.entered = asyncio.Semaphore(0)
        self.open = asyncio.Event()

    async def __call__(self, _scope, _receive, send):
        self.entered.release()
        await self.open.wait()
        await answer(send)


def limits(app, *, max_in_flight=1):
    return Limits(app, max_in_flight=max_in_flight, max_body_bytes=LIMIT)


@pytest.mark.parametrize(
    "chunks", [(b"0123456789",), (b"01234", b"56789"), (b"", b"0123456789", b"")], ids=["one", "two", "with empty"]
)
async def test_a_body_up_to_the_limit_arrives_whole(chunks):
    client = await Client(*chunks).ask(limits(echo))
    assert (client.status, client.body) == (200, b"0123456789")


@pytest.mark.parametrize(
    "chunks",
    [(b"0123456789x",), (b"01234", b"56789", b"x"), (b"0", b"x" * 100, b"y" * 100)],
    ids=["one", "several", "no more is read"],
)
async def test_a_larger_body_is_refused(chunks):
    called = []

    async def never(scope, receive, send):
        called.append(scope)

    client = await Client(*chunks).ask(limits(never))
    problem = json.loads(client.body)
    assert (client.status, client.headers["content-type"]) == (413, "application/problem+json")
    assert (problem["code"], problem["status"]) == ("body_too_large", 413)
    assert "10 bytes" in problem["detail"]
    assert called == []


async def test_reading_stops_where_the_limit_is_passed():
    client = await Client(b"x" * 8, b"x" * 8, b"x" * 8, b"x" * 8).ask(limits(echo))
    assert client.status == 413
    assert len(client.messages) == 2


async def test_more_than_are_served_at_once_are_told_to_come_back():
    gate = Gate()
    app = limits(gate, max_in_flight=2)
    first, second = (asyncio.create_task(Client(b"{}").ask(app)) for _ in range(2))
    for _ in (first, second):
        await gate.entered.acquire()
    refused = await Client(b"{}").ask(app)
    assert (refused.status, refused.headers["retry-after"]) == (429, "2")
    assert json.loads(refused.body)["code"] == "overloaded"
    gate.open.set()
    assert [(await task).status for task in (first, second)] == [200, 200]
    assert (await Client(b"{}").ask(app)).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_health_is_served_when_nothing_else_is(path):
    gate = Gate()
    app = limits(gate)
    waiting = asyncio.create_task(Client().ask(app))
    await gate.entered.acquire()
    gate.open.set()
    assert (await Client(path=path).ask(app)).status == 200
    assert (await waiting).status == 200


async def crash(_scope, _receive, _send):
    message = "crash"
    raise RuntimeError(message)


async def test_a_place_is_free_again_after_a_crash_and_after_a_refusal():
    app = limits(crash)
    for _ in range(3):
        with pytest.raises(RuntimeError, match="crash"):
            await Client(b"{}").ask(app)
    app = limits(echo)
    for _ in range(3):
        assert (await Client(b"x" * 11).ask(app)).status == 413
    assert (await Client(b"{}").ask(app)).status == 200


async def test_an_answer_that_is_still_being_sent_takes_no_place():
    gate = Gate()

    async def long_file(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await gate(_scope, _receive, send)

    app = limits(long_file)
    slow = [asyncio.create_task(Client().ask(app)) for _ in range(3)]
    for _ in slow:
        await gate.entered.acquire()
    gate.open.set()
    assert [(await one).status for one in slow] == [200] * 3
    assert (await Client().ask(app)).status == 200
    assert app._free == 1


async def test_after_the_body_the_app_hears_of_the_disconnect():
    heard = []

    async def listen(_scope, receive, send):
        heard.extend([await receive(), await receive()])
        await answer(send)

    await Client(b"a", b"b").ask(limits(listen))
    assert heard == [{"type": "http.request", "body": b"ab", "more_body": False}, {"type": "http.disconnect"}]


@pytest.mark.parametrize("wrap", [limits, Envelope])
async def test_what_is_no_request_passes(wrap):
    seen = []

    async def lifespan(scope, receive, send):
        seen.append((scope["type"], await receive()))

    client = Client(kind="lifespan")
    client.messages = [{"type": "lifespan.startup"}]
    await client.ask(wrap(lifespan))
    assert seen == [("lifespan", {"type": "lifespan.startup"})]
    assert "request_id" not in client.scope


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (b"abc-1.2_X", True),
        (b"x" * 64, True),
        (b"x" * 65, False),
        (b"", False),
        (b"two words", False),
        (b"line\n", False),
        (b"a\r\nset-cookie: b", False),
        ("ñ".encode(), False),
    ],
)
async def test_a_request_has_an_id(given, kept):
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["request_id"])
        await answer(send)

    client = await Client(headers=[(b"x-request-id", given)]).ask(Envelope(app))
    assert client.headers["x-request-id"] == seen[0]
    assert (seen[0] == given.decode("latin-1")) is kept
    assert kept or re.fullmatch("[0-9a-f]{32}", seen[0])


async def test_every_request_without_an_id_gets_another():
    ids = {(await Client().ask(Envelope(echo))).headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5


async def test_a_refusal_carries_the_id_of_the_request():
    client = await Client(b"x" * 11, headers=[(b"x-request-id", b"mine")]).ask(Envelope(limits(echo)))
    assert client.headers["x-request-id"] == "mine"
    assert json.loads(client.body)["request_id"] == "mine"


async def test_a_body_that_does_not_come_is_given_up_and_takes_no_place(monkeypatch):
    monkeypatch.setattr("api.middleware.BODY_TIMEOUT_S", 0.01)
    client = Client()

    async def never():
        await asyncio.Event().wait()

    client.receive = never
    app = Limits(echo, max_in_flight=1, max_body_bytes=LIMIT)
    await client.ask(app)
    assert client.status == 408
    assert json.loads(client.body)["code"] == "body_too_slow"
    assert (await Client(b"after").ask(app)).status == 200
