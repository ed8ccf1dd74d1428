"""The client of the sources against servers that answer well, badly, and on purpose without end."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import zlib

import pytest
import zstandard

from creators.errors import SourceUnavailable
from fetchers.http import Body, Http
from tests.fixtures.answering import Exchange, answering

MAX_BYTES = 200_000
TEXT = b'{"name": "Ada"}' * 50
ZEROS = zstandard.ZstdCompressor(level=3)


def client(timeout_s: float = 5.0) -> Http:
    return Http(timeout_s=timeout_s, max_bytes=MAX_BYTES, contact="ops@example.org")


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("zstd", zstandard.compress(TEXT)),
        ("zstd", zstandard.compress(TEXT[:100]) + zstandard.compress(TEXT[100:])),
    ],
)
@pytest.mark.parametrize("slice_bytes", [1, 7, 100_000])
async def test_every_encoding_that_is_asked_for_is_understood_however_it_is_cut(encoding, packed, slice_bytes):
    async def answers(exchange: Exchange) -> None:
        head = f"HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ntransfer-encoding: chunked\r\n\r\n"
        await exchange.send(head.encode())
        for start in range(0, len(packed), slice_bytes):
            part = packed[start : start + slice_bytes]
            await exchange.send(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        await exchange.send(b"0\r\n\r\n")

    async with answering(answers) as server, client() as http:
        reply = await http.send("GET", server.url)
    assert reply.content == TEXT
    assert reply.status == 200
    assert encoding in server.seen[0].headers["accept-encoding"] or encoding == "identity"


async def _headers(exchange: Exchange, *lines: str) -> None:
    await exchange.send("\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode())


async def torn(exchange: Exchange) -> None:
    await _headers(exchange, "content-length: 100")
    await exchange.send(b"half")
    exchange.writer.close()


async def torn_gzip(exchange: Exchange) -> None:
    await exchange.answer(gzip.compress(TEXT)[:-9], content_encoding="gzip")


async def torn_zstd(exchange: Exchange) -> None:
    await exchange.answer(zstandard.compress(TEXT)[:-4], content_encoding="zstd")


async def damaged_gzip(exchange: Exchange) -> None:
    await exchange.answer(b"this is no gzip at all", content_encoding="gzip")


async def bad_chunk(exchange: Exchange) -> None:
    await _headers(exchange, "transfer-encoding: chunked")
    await exchange.send(b"zz\r\nwhat\r\n")


async def reset(exchange: Exchange) -> None:
    exchange.reset()


async def reset_within(exchange: Exchange) -> None:
    await _headers(exchange, "content-length: 100")
    await exchange.send(b"half")
    exchange.reset()


async def no_http(exchange: Exchange) -> None:
    await exchange.send(b"220 mail.example ESMTP\r\n")
    exchange.writer.close()


async def endless_headers(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await exchange.send(b"x-more: " + b"y" * 1_000 + b"\r\n")


async def announced_too_large(exchange: Exchange) -> None:
    await _headers(exchange, "content-length: 99999999999999999999999999")


async def endless(exchange: Exchange) -> None:
    await _headers(exchange, "transfer-encoding: chunked")
    while True:
        await exchange.send(b"1000\r\n" + b"x" * 4096 + b"\r\n")


async def gzip_bomb(exchange: Exchange) -> None:
    await exchange.answer(gzip.compress(bytes(50_000_000), 9), content_encoding="gzip")


async def zstd_bomb(exchange: Exchange) -> None:
    await exchange.answer(ZEROS.compress(bytes(50_000_000)), content_encoding="zstd")


async def nested_bomb(exchange: Exchange) -> None:
    await exchange.answer(gzip.compress(gzip.compress(bytes(9_000_000))), content_encoding="gzip, gzip")


async def not_asked_for(exchange: Exchange) -> None:
    await exchange.answer(b"\x0b\x02\x80", content_encoding="br")


@pytest.mark.parametrize(
    "answers",
    [
        torn,
        torn_gzip,
        torn_zstd,
        damaged_gzip,
        bad_chunk,
        reset,
        reset_within,
        no_http,
        endless_headers,
        announced_too_large,
        endless,
        gzip_bomb,
        zstd_bomb,
        nested_bomb,
        not_asked_for,
    ],
)
async def test_what_is_no_whole_answer_is_an_unavailable_source(answers):
    async with answering(answers) as server, client() as http:
        with pytest.raises(SourceUnavailable) as caught:
            await http.send("GET", f"{server.url}/v1", params={"key": "hush-key", "q": "chess"})
    assert "hush" not in str(caught.value)
    assert "q=chess" in str(caught.value)


async def drip(exchange: Exchange) -> None:
    await _headers(exchange, "content-length: 100000")
    for _ in itertools.count():
        await exchange.send(b"x")
        await asyncio.sleep(0.05)


async def silence(exchange: Exchange) -> None:
    await asyncio.sleep(60)
    exchange.writer.close()


@pytest.mark.parametrize("answers", [drip, silence])
async def test_a_request_ends_with_its_deadline_however_slowly_bytes_come(answers):
    async with answering(answers) as server, client(timeout_s=0.4) as http:
        with pytest.raises(SourceUnavailable, match=r"no whole answer"):
            await http.send("GET", server.url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://no-such-name.invalid/",
        "ftp://127.0.0.1/",
        "http://[::1/",
        "http://127.0.0.1:99999/",
        "http:///nobody",
        "http://127.0.0.1:0/",
        "no address",
        "",
    ],
)
async def test_an_address_that_leads_nowhere_is_an_unavailable_source(url):
    async with client() as http:
        with pytest.raises(SourceUnavailable):
            await http.send("GET", url)


async def test_a_header_that_none_may_be_is_refused_without_its_value():
    async with answering(lambda exchange: exchange.answer()) as server, client() as http:
        with pytest.raises(SourceUnavailable) as caught:
            await http.send("GET", server.url, headers={"authorization": "Bearer hush\r\nx: y"})
    assert "hush" not in str(caught.value)
    assert server.seen == []


async def test_nothing_is_kept_between_requests_and_no_redirect_is_followed(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

    async def answers(exchange: Exchange) -> None:
        await exchange.answer(b"moved", status=302, location="/elsewhere", set_cookie="session=1", X_Left="5")

    async with answering(answers) as server, client() as http:
        first = await http.send("GET", f"{server.url}/a?b=c", params={"access_token": "hush", "d": "é"})
        second = await http.send("GET", f"{server.url}/a")
    assert (first.status, first.headers["location"], first.headers["x-left"]) == (302, "/elsewhere", "5")
    assert first.url == f"{server.url}/a?b=c&access_token=***&d=%C3%A9"
    assert [one.target for one in server.seen] == ["/a?b=c&access_token=hush&d=%C3%A9", "/a"]
    assert all("cookie" not in one.headers for one in server.seen)
    assert server.seen[0].headers["user-agent"].startswith("creatorscope/")
    assert server.seen[0].headers["user-agent"].endswith("(+ops@example.org)")
    assert second.received_at >= first.received_at
    assert server.connections == 1


@pytest.mark.parametrize(
    ("body", "content", "content_type"),
    [
        (Body(json={"terms": ["\ud800", "é"]}), b'{"terms": ["\\ud800", "\\u00e9"]}', "application/json"),
        (Body(form={"grant": "a&b", "x": "é"}), b"grant=a%26b&x=%C3%A9", "application/x-www-form-urlencoded"),
    ],
)
async def test_a_post_carries_json_or_a_form(body, content, content_type):
    async with answering(lambda exchange: exchange.answer()) as server, client() as http:
        await http.send("POST", server.url, body=body)
    assert server.seen[0].body == content
    assert server.seen[0].headers["content-type"] == content_type


async def test_a_proxy_is_asked_where_one_is_given():
    async with (
        answering(lambda exchange: exchange.answer(b"by proxy")) as proxy,
        Http(timeout_s=5, max_bytes=MAX_BYTES, proxy=proxy.url) as http,
    ):
        reply = await http.send("GET", "http://provider.invalid/v1")
    assert reply.content == b"by proxy"
    assert proxy.seen[0].target == "http://provider.invalid/v1"
