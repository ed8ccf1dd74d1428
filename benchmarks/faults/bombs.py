"""R13: answers that are small on the wire and huge in memory, or that never end, are refused soon and in little memory.

The server is a process of its own, so that the memory measured is the client's. Limits are those of the settings as
shipped; claims: each bomb is refused (or, a web page, survived) within 5 s, and the process grows by at most 150 MB.
"""

from __future__ import annotations

import asyncio
import gzip
import itertools
import multiprocessing
import resource
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection

import zstandard

from benchmarks.faults.report import Proof, Run, main
from creators.errors import SourceUnavailable
from creators.settings import Settings
from fetchers.decoding import parse_json
from fetchers.html import read_page, to_text
from fetchers.http import Http
from fetchers.robots import parse_robots

LIMIT_S = 5.0
LIMIT_MB = 150
MB = 1_000_000
_ZEROS = bytes(10 * MB)
_PAGE = 65_536
_START_S = 30


def _gzip_bomb(total: int) -> Iterator[bytes]:
    """A valid stream of so many zeros, a thousandth of that on the wire."""
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    yield packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    # After a full flush nothing refers back: the same bytes can be sent again and again.
    packer.compress(_ZEROS)
    packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(_ZEROS) + packer.flush(zlib.Z_FULL_FLUSH)
    yield from itertools.repeat(block, total // len(_ZEROS))


def _zstd_bomb(total: int) -> Iterator[bytes]:
    yield from itertools.repeat(zstandard.ZstdCompressor(level=19).compress(_ZEROS), total // len(_ZEROS))


def _twice(total: int) -> Iterator[bytes]:
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    for part in _gzip_bomb(total):
        yield packer.compress(part)
    yield packer.flush()


def _endless(_total: int) -> Iterator[bytes]:
    return itertools.repeat(b"x" * _PAGE)


def _repeated(start: bytes, middle: bytes, times: int, end: bytes) -> Callable[[int], Iterator[bytes]]:
    """A body that starts, repeats and ends as said, in pieces."""

    def pieces(_total: int) -> Iterator[bytes]:
        each = max(1, _PAGE // len(middle))
        yield start
        yield from itertools.repeat(middle * each, times // each)
        yield middle * (times % each) + end

    return pieces


@dataclass(frozen=True, slots=True)
class Bomb:
    """What is served, and how its headers call it."""

    body: Callable[[int], Iterator[bytes]]
    encoding: str = "identity"
    content_type: str = "application/json"
    refused: bool = True


BOMBS = {
    "gzip": Bomb(_gzip_bomb, "gzip"),
    "zstd": Bomb(_zstd_bomb, "zstd"),
    "gzip-in-gzip": Bomb(_twice, "gzip"),
    "gzip-called-twice": Bomb(_twice, "gzip, gzip"),
    "brotli": Bomb(_endless, "br"),
    "endless": Bomb(_endless),
    "json-100k-deep": Bomb(_repeated(b"", b"[", 100_000, b"]" * 100_000)),
    "json-100k-deep-objects": Bomb(_repeated(b"", b'{"a":', 100_000, b"1" + b"}" * 100_000)),
    "json-1M-array": Bomb(_repeated(b"[", b"0,", 1_000_000, b"0]")),
    "json-3M-objects": Bomb(_repeated(b"[", b"{},", 3_000_000, b"{}]")),
    "json-largest-that-is-read": Bomb(_repeated(b"[", b'{"a":1},', 390_000, b"{}]"), refused=False),
    "json-50MB-bio": Bomb(_repeated(b'{"bio":"', b"lorem ip", 50 * MB // 8, b'"}')),
    "json-9MB-number": Bomb(_repeated(b"", b"9", 9 * MB, b"")),
    "html-deep": Bomb(_repeated(b"", b"<div>", 200_000, b"<a href=/x>"), "identity", "text/html", refused=False),
    "html-unclosed-quotes": Bomb(_repeated(b"", b"<a href='/x", 90_000, b""), "identity", "text/html", refused=False),
    "html-json": Bomb(
        _repeated(b"<script type=application/ld+json>", b"[", 900_000, b"</script>"),
        "identity",
        "text/html",
        refused=False,
    ),
    "robots-wildcards": Bomb(
        _repeated(b"User-agent: *\n", b"Disallow: /" + b"*a" * 100 + b"b\n", 2_400, b""),
        "identity",
        "text/plain",
        refused=False,
    ),
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    total = 0

    def do_GET(self) -> None:
        bomb = BOMBS[self.path.strip("/")]
        self.send_response(200)
        self.send_header("Content-Type", bomb.content_type)
        self.send_header("Content-Encoding", bomb.encoding)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for piece in filter(None, bomb.body(self.total)):
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True

    def log_message(self, *_args: object) -> None:
        """Say nothing: the result says it."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Pass over clients that hang up: that is what is measured."""


def _serve(ready: Connection, total: int) -> None:
    _Handler.total = total
    server = _Server(("127.0.0.1", 0), _Handler)
    ready.send(server.server_address[1])
    server.serve_forever()


@contextmanager
def _server(total: int) -> Iterator[str]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, total), daemon=True)
    process.start()
    try:
        if not ours.poll(_START_S):
            detail = "the server of the bombs does not start"
            raise RuntimeError(detail)
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.kill()
        process.join(_START_S)


async def _taken(http: Http, url: str) -> str:
    """How an answer ends when it is read as the sources read it."""
    try:
        reply = await http.send("GET", url)
        kind = reply.headers["content-type"]
        if kind == "application/json":
            parse_json(reply.content)
        elif kind == "text/html":
            read_page(to_text(reply.content, kind), url)
        else:
            parse_robots(reply.content).allow(url + "/" + "a" * 1_900)
    except SourceUnavailable as error:
        return f"refused: {error.detail.removeprefix(f'GET {url}: ')}"
    return "survived"


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MB


async def _throw(base: str, proof: Proof) -> None:
    settings = Settings.model_construct(**{name: one.default for name, one in Settings.model_fields.items()})
    async with Http(timeout_s=settings.source_timeout_s, max_bytes=settings.source_max_bytes) as http:
        for name, bomb in BOMBS.items():
            before, started = _peak_mb(), time.monotonic()
            how = await _taken(http, f"{base}/{name}")
            took, grown = time.monotonic() - started, _peak_mb() - before
            proof.facts[name] = {"seconds": round(took, 2), "grown_mb": round(grown, 1), "end": how}
            proof.claim(
                f"{name} is {'refused' if bomb.refused else 'survived'}", how.startswith("refused") == bomb.refused
            )
            proof.claim(f"{name} takes at most {LIMIT_S:g} s", took <= LIMIT_S)


def prove(run: Run) -> Proof:
    """Throw every bomb once, the smallest form of the compressed ones in a smoke run."""
    proof = Proof()
    total = run.size(10_000 * MB, 100 * MB)
    proof.facts["unpacked_mb"] = total // MB
    proof.facts["gzip_mb"] = round(sum(map(len, _gzip_bomb(total))) / MB, 1)
    # Reading once what is good takes the memory that every run takes: modules, certificates, buffers.
    parse_json(gzip.decompress(gzip.compress(b'{"warm": true}')))
    with _server(total) as base:
        before = _peak_mb()
        asyncio.run(_throw(base, proof))
    grown = _peak_mb() - before
    proof.facts["grown_mb"] = round(grown, 1)
    proof.claim(f"the process grows by at most {LIMIT_MB} MB", grown <= LIMIT_MB)
    return proof


if __name__ == "__main__":
    main("bombs", prove)
