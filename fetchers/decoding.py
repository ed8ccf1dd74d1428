"""Bodies from the outside, unpacked and parsed within limits that hold before memory is taken.

A few kilobytes can announce gigabytes, as a compressed body, as deep nesting, as a number of a million digits; what
does is refused, whatever the source.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator, Iterator
from math import isfinite
from typing import Any, Protocol

import zstandard

from creators.errors import SourceUnavailable

ENCODINGS = ("gzip", "deflate", "zstd")
"""What is asked for; a body in any other encoding is refused."""
MAX_DEPTH = 100
"""Levels of a JSON answer; documented ones have fewer than twenty."""
MAX_VALUES = 800_000
"""Values of a JSON answer, estimated from its marks: each takes up to 240 bytes of memory."""
MAX_DIGITS = 30
_PIECE = 65_536
_FRAME_BYTES = 2
_WINDOW = 8 * 1024 * 1024  # RFC 8878, 3.1.1.1.2: what every decoder should support, and none must exceed
_ZSTD_SLICE = 64
"""A block of four bytes can stand for 128 KiB, so that a slice gives 2 MiB at most."""


class TooLarge(Exception):
    """A body has more bytes than are read."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"the answer has more than {max_bytes} bytes, the most that is read (source_max_bytes)")


class Damaged(Exception):
    """A body is not what its headers say."""


class _Decoder(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give what ``data`` unpacks to, in bounded pieces."""

    def finish(self) -> None:
        """Raise ``Damaged`` where the end is missing."""


class _Plain:
    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def finish(self) -> None:
        """Every end is one."""


class _Zlib:
    """gzip, of one or several members, or deflate in its zlib frame."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._one = zlib.decompressobj(bits)
        self._touched = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._one.eof:
                self._one = zlib.decompressobj(self._bits)
            try:
                piece = self._one.decompress(data, _PIECE)
            except zlib.error as error:
                detail = "the compressed answer is damaged"
                raise Damaged(detail) from error
            self._touched = True
            if piece:
                yield piece
            data = self._one.unused_data if self._one.eof else self._one.unconsumed_tail

    def finish(self) -> None:
        if self._touched and not self._one.eof:
            detail = "the compressed answer is torn"
            raise Damaged(detail)


class _Deflate:
    """deflate with the zlib frame that RFC 9110 asks for, or without, as some servers send it: two bytes tell."""

    def __init__(self) -> None:
        self._head = b""
        self._one: _Zlib | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._one is None:
            self._head += data
            if len(self._head) < _FRAME_BYTES:
                return
            data = self._head
            framed = data[0] & 15 == zlib.DEFLATED and int.from_bytes(data[:2], "big") % 31 == 0  # RFC 1950, 2.2
            self._one = _Zlib(zlib.MAX_WBITS if framed else -zlib.MAX_WBITS)
        yield from self._one.feed(data)

    def finish(self) -> None:
        if self._one is not None:
            self._one.finish()
        elif self._head:
            detail = "the compressed answer is torn"
            raise Damaged(detail)


class _Zstd:
    def __init__(self) -> None:
        self._packer = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
        self._one = self._packer.decompressobj()
        self._touched = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _ZSTD_SLICE):
            rest = data[start : start + _ZSTD_SLICE]
            while rest:
                if self._one.eof:
                    self._one = self._packer.decompressobj()
                try:
                    piece = self._one.decompress(rest)
                except zstandard.ZstdError as error:
                    detail = "the compressed answer is damaged, or needs a larger window than is given"
                    raise Damaged(detail) from error
                self._touched = True
                rest = self._one.unused_data if self._one.eof else b""
                if piece:
                    yield piece

    def finish(self) -> None:
        if self._touched and not self._one.eof:
            detail = "the compressed answer is torn"
            raise Damaged(detail)


def _decoder(encoding: str) -> _Decoder:
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return _Plain()
    if name in {"gzip", "x-gzip"}:
        return _Zlib(zlib.MAX_WBITS | 16)
    if name == "deflate":
        return _Deflate()
    if name == "zstd":
        return _Zstd()
    detail = f"the answer is encoded in a way that was not asked for; understood: {', '.join(ENCODINGS)}"
    raise Damaged(detail)


async def decoded(parts: AsyncIterator[bytes], encoding: str, max_bytes: int) -> AsyncIterator[bytes]:
    """Give a body unpacked, in pieces of at most 2 MiB.

    Args:
        parts: of the body, as they arrive.
        encoding: what ``Content-Encoding`` says.
        max_bytes: that may arrive; what they unpack to is for the caller to count.

    Raises:
        TooLarge: more arrives. Damaged: the encoding is unknown, or the body is not in it, or is torn.
    """
    decoder = _decoder(encoding)
    arrived = 0
    async for part in parts:
        arrived += len(part)
        if arrived > max_bytes:
            raise TooLarge(max_bytes)
        for piece in decoder.feed(part):
            yield piece
    decoder.finish()


def parse_json(content: bytes) -> Any:
    """Return what a JSON body says; lone surrogates are kept for the normaliser to replace.

    Raises:
        SourceUnavailable: it is no JSON, or one that no documented source sends: NaN, numbers beyond a float or of more
            than ``MAX_DIGITS`` digits, more than ``MAX_DEPTH`` levels or ``MAX_VALUES`` values.
    """
    if sum(content.count(mark) for mark in (b",", b"[", b"{")) > MAX_VALUES:
        detail = f"the answer holds more than {MAX_VALUES} values: ask for smaller pages"
        raise SourceUnavailable(detail)
    try:
        body = json.loads(content, parse_constant=_refused, parse_int=_whole, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        detail = "the answer is no JSON that can be read"
        raise SourceUnavailable(detail) from error
    if content.count(b"[") + content.count(b"{") > MAX_DEPTH and _depth(body) > MAX_DEPTH:
        detail = f"the answer is nested more than {MAX_DEPTH} levels deep"
        raise SourceUnavailable(detail)
    return body


def _refused(text: str) -> None:
    detail = f"{text} is no JSON"
    raise ValueError(detail)


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        _refused("a number of so many digits")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        _refused("a number beyond a float")
    return number


def _depth(body: Any) -> int:
    """Levels of lists and objects; stops counting just beyond ``MAX_DEPTH``."""
    depth = 0
    level = [body] if isinstance(body, dict | list) else []
    while level and depth <= MAX_DEPTH:
        depth += 1
        children = (child for one in level for child in (one.values() if isinstance(one, dict) else one))
        level = [child for child in children if isinstance(child, dict | list)]
    return depth
