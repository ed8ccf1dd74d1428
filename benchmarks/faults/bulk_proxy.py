"""A proxy before OpenSearch that breaks bulk requests item by item, as an overloaded or damaged cluster does."""

from __future__ import annotations

import json
import random
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

UPSTREAM_S = 60
RECORDS = ("profiles-", "signals", "creators")
"""Indices with one document for each record or creator: here items are refused for good."""
BUSY = {429: "rejected_execution_exception", 503: "unavailable_shards_exception"}
REFUSAL = "mapper_parsing_exception"


@dataclass(frozen=True, slots=True)
class Shares:
    """How often each fault happens: of items, and torn of answers."""

    busy: float = 0.30
    unavailable: float = 0.05
    refused: float = 0.01
    torn: float = 0.02


@dataclass
class Faults:
    """Decides, from one seed, what goes wrong, and counts it."""

    seed: int
    shares: Shares = field(default_factory=Shares)
    counts: Counter[str] = field(default_factory=Counter)
    on: bool = True

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - chooses faults, guards nothing
        self._lock = threading.Lock()

    def is_refused(self, index: str, doc_id: str) -> bool:
        """Return whether a document will never be taken: the same one every time."""
        _, _, family = index.partition("-")
        if not family.startswith(RECORDS):
            return False
        digest = sha256(f"{self.seed}|{family}|{doc_id}".encode()).digest()
        return int.from_bytes(digest[:4]) / 2**32 < self.shares.refused

    def of_item(self, index: str, doc_id: str) -> dict[str, Any] | None:
        """Return the answer to an item that is not let through, or None."""
        with self._lock:
            chance = self._random.random()
            if self.is_refused(index, doc_id):
                status, kind, why = 400, REFUSAL, "failed to parse field of this document"
            elif chance < self.shares.busy + self.shares.unavailable:
                status = 429 if chance < self.shares.busy else 503
                kind, why = BUSY[status], "no room"
            else:
                self.counts["let through"] += 1
                return None
            self.counts[str(status)] += 1
        return {"_id": doc_id, "status": status, "error": {"type": kind, "reason": why}}

    def tears(self) -> bool:
        """Return whether the next answer is cut in the middle."""
        with self._lock:
            self.counts["answers"] += 1
            torn = self._random.random() < self.shares.torn
            self.counts["torn"] += torn
            return torn


def split(body: bytes) -> list[tuple[dict[str, Any], list[bytes]]]:
    """Return the items of a bulk request, each with its own lines."""
    lines = [line for line in body.split(b"\n") if line]
    items, place = [], 0
    while place < len(lines):
        action = json.loads(lines[place])
        own = 1 if "delete" in action else 2
        items.append((action, lines[place : place + own]))
        place += own
    return items


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.faults.on and urlsplit(self.path).path.endswith("/_bulk"):
            status, answer = self._bulk(body)
            self._send(status, answer, torn=self.server.faults.tears())
        else:
            self._send(*self._forward(body), torn=False)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _serve  # noqa: N815 - the names that the library looks for

    def _bulk(self, body: bytes) -> tuple[int, bytes]:
        kept: list[bytes] = []
        answers: list[dict[str, Any] | None] = []
        for action, lines in split(body):
            ((verb, meta),) = action.items()
            fault = self.server.faults.of_item(meta["_index"], meta["_id"])
            answers.append(None if fault is None else {verb: fault})
            if fault is None:
                kept += lines
        status, answer = self._forward(b"\n".join(kept) + b"\n") if kept else (200, b'{"errors":false,"items":[]}')
        if status != 200:
            return status, answer
        real = iter(json.loads(answer)["items"])
        items = [next(real) if fault is None else fault for fault in answers]
        return 200, json.dumps({"errors": any(answers), "items": items}).encode()

    def _forward(self, body: bytes) -> tuple[int, bytes]:
        left_out = {"host", "connection", "accept-encoding", "content-length"}
        headers = {name: value for name, value in self.headers.items() if name.lower() not in left_out}
        upstream = HTTPConnection(*self.server.target, timeout=UPSTREAM_S)
        try:
            upstream.request(self.command, self.path, body=body or None, headers=headers)
            answer = upstream.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException):
            return 502, b'{"error": "bad gateway"}'
        finally:
            upstream.close()

    def _send(self, status: int, body: bytes, *, torn: bool) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if torn else body)
        self.wfile.flush()
        self.close_connection = self.close_connection or torn

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, target: tuple[str, int], faults: Faults) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target, self.faults = target, faults

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over clients that went away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class BulkProxy:
    """Listens on ``url`` and passes requests on to OpenSearch, with faults."""

    def __init__(self, url: str, faults: Faults) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        self._server = _Server((parts.hostname, parts.port), faults)
        self.url = url.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{self._server.server_address[1]}")
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        """Accept nobody any more."""
        self._server.shutdown()
        self._server.server_close()
