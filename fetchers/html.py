"""What a web page says about itself and where it leads, read from its tags.

No tree is built. Pages are written by strangers, and a tree of a hundred thousand levels costs a parser minutes; here
every character is looked at a fixed number of times. E-mail addresses are not taken out of a page: only whether it has
one is told.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urldefrag, urljoin

from creators.errors import SourceUnavailable
from fetchers.decoding import parse_json

MAX_LINKS = 200
MAX_FEEDS = 10
MAX_PROPERTIES = 60
MAX_TEXT = 2_000
"""Characters of one address, title or property."""
MAX_NAME = 64
MAX_JSON_LD = 5
MAX_JSON_LD_CHARS = 200_000
MAX_LEVELS = 8
MAX_ITEMS = 100
_MAX_TAGS = 50_000
_MAX_ATTRIBUTES = 40
_PRIVATE = frozenset({"email", "telephone", "faxnumber", "address", "birthdate", "taxid", "vatid"})
"""Properties of schema.org that a profile has no use for."""

_TAG = re.compile(
    r"<(?:(?P<comment>!--)|(?P<name>a|area|link|meta|base|title|script|style|textarea|template|noembed|xmp)(?=[\s/>]))",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"[\s/]*+(?P<name>[^\s/>=\"'<]++)"
    r"(?:\s*+=\s*+(?:\"(?P<double>[^\"]*+)\"|'(?P<single>[^']*+)'|(?P<plain>[^\s>\"']*+)))?+"
)
_RAW = frozenset({"title", "script", "style", "textarea", "template", "noembed", "xmp"})
"""What they hold is text, or not shown: tags in it are none."""
_ENDS = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _RAW}
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json"})
_PROPERTIES = ("og:", "twitter:", "profile:", "description", "author")

# Names that pages use, and how they are read; after https://encoding.spec.whatwg.org/#names-and-labels.
_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "shift_jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "koi8-r": "koi8_r",
    "koi8-u": "koi8_u",
    "iso-8859-9": "cp1254",
    "utf-16": "utf-16-le",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    **{f"windows-{number}": f"cp{number}" for number in range(1250, 1259)},
    **{f"iso-8859-{number}": f"iso8859_{number}" for number in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
}
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


@dataclass(slots=True)
class Page:
    """What a page says; addresses are absolute, each once, in the order of the page."""

    title: str | None = None
    canonical: str | None = None
    links: list[str] = field(default_factory=list)
    rel_me: list[str] = field(default_factory=list)
    """Addresses that the page calls its author's own."""
    feeds: list[str] = field(default_factory=list)
    has_email: bool = False
    properties: dict[str, str] = field(default_factory=dict)
    """Open Graph and its like: the first value of each."""
    json_ld: list[Any] = field(default_factory=list)


def to_text(content: bytes, content_type: str = "") -> str:
    """Return a page as text: by its byte order mark, its header, its own ``charset``, else UTF-8; never fails."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    named = _CHARSET.search(content_type.encode("ascii", "replace")) or _CHARSET.search(content[:2_048])
    name = named[1].decode("ascii").lower() if named else "utf-8"
    return content.decode(_ENCODINGS.get(name, "utf-8"), "replace")


def read_page(text: str, url: str) -> Page:
    """Return what a page says.

    Args:
        text: of the page.
        url: where it was found; what its addresses are relative to.
    """
    reader = _Reader(url)
    for name, attributes, inside in _tags(text):
        reader.take(name, attributes, inside)
    return reader.page


def _tags(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Names in lower case, attributes, and what a raw element holds."""
    at = 0
    for _ in range(_MAX_TAGS):
        match = _TAG.search(text, at)
        if match is None:
            return
        if match["comment"]:
            end = text.find("-->", match.end())
            at = len(text) if end < 0 else end + 3
            continue
        name = match["name"].lower()
        attributes, at = _attributes(text, match.end())
        inside = ""
        if name in _RAW:
            close = _ENDS[name].search(text, at)
            end = close.start() if close else len(text)
            inside, at = text[at : min(end, at + MAX_JSON_LD_CHARS + 1)], end
        yield name, attributes, inside


def _attributes(text: str, at: int) -> tuple[dict[str, str], int]:
    found: dict[str, str] = {}
    while match := _ATTRIBUTE.match(text, at):
        at = match.end()
        value = match["double"] or match["single"] or match["plain"] or ""
        if len(found) < _MAX_ATTRIBUTES and len(value) <= 4 * MAX_TEXT:
            found.setdefault(match["name"].lower(), html.unescape(value).strip())
    end = text.find(">", at)
    return found, len(text) if end < 0 else end + 1


class _Reader:
    def __init__(self, url: str) -> None:
        self.page = Page()
        self._base = url
        self._seen: set[str] = set()

    def take(self, name: str, attributes: Mapping[str, str], inside: str) -> None:
        if name in {"a", "area"}:
            self._link(attributes)
        elif name == "link":
            self._relation(attributes)
        elif name == "meta":
            self._property(attributes)
        elif name == "base":
            self._base = self._absolute(attributes.get("href", "")) or self._base
        elif name == "title" and self.page.title is None:
            self.page.title = _SPACE.sub(" ", html.unescape(inside[:MAX_TEXT])).strip() or None
        elif name == "script" and "ld+json" in attributes.get("type", "").lower():
            self._json_ld(inside)

    def _absolute(self, href: str) -> str | None:
        try:
            address = urldefrag(urljoin(self._base, href.replace("\t", "").replace("\n", ""))).url
        except ValueError:
            return None
        return address if address.startswith(("http://", "https://")) and len(address) <= MAX_TEXT else None

    def _link(self, attributes: Mapping[str, str]) -> None:
        href = attributes.get("href", "")
        if href[:7].lower() == "mailto:":
            self.page.has_email = True
            return
        # A page may repeat one link a hundred thousand times: it is resolved once.
        key = f"{'me' if 'me' in attributes.get('rel', '').lower().split() else ''} {href}"
        if not href or key in self._seen or len(self._seen) > 2 * MAX_LINKS:
            return
        self._seen.add(key)
        address = self._absolute(href)
        if address:
            _add(self.page.links, address, MAX_LINKS)
            if key.startswith("me"):
                _add(self.page.rel_me, address, MAX_LINKS)

    def _relation(self, attributes: Mapping[str, str]) -> None:
        relations = attributes.get("rel", "").lower().split()
        address = self._absolute(attributes["href"]) if relations and attributes.get("href") else None
        if address is None:
            return
        if "canonical" in relations:
            self.page.canonical = self.page.canonical or address
        if "me" in relations:
            _add(self.page.rel_me, address, MAX_LINKS)
        if "alternate" in relations and attributes.get("type", "").lower() in _FEED_TYPES:
            _add(self.page.feeds, address, MAX_FEEDS)

    def _property(self, attributes: Mapping[str, str]) -> None:
        name = (attributes.get("property") or attributes.get("name") or "").lower()
        content = attributes.get("content")
        properties = self.page.properties
        if content and name.startswith(_PROPERTIES) and len(name) <= MAX_NAME and len(properties) < MAX_PROPERTIES:
            properties.setdefault(name, content[:MAX_TEXT])

    def _json_ld(self, text: str) -> None:
        if len(text) > MAX_JSON_LD_CHARS or len(self.page.json_ld) >= MAX_JSON_LD:
            return
        try:
            body = parse_json(text.encode("utf-8", "replace"))
        except SourceUnavailable:
            return
        self.page.json_ld.append(_trimmed(body, MAX_LEVELS))


def _add(found: list[str], address: str, limit: int) -> None:
    if len(found) < limit and address not in found:
        found.append(address)


def _trimmed(value: Any, levels: int) -> Any:
    """A value of at most so many levels, items and characters, without what concerns a private person only."""
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, dict):
        kept = [(str(k)[:MAX_NAME], v) for k, v in value.items() if str(k).lower() not in _PRIVATE][:MAX_ITEMS]
        return {k: _trimmed(v, levels - 1) for k, v in kept} if levels else None
    if isinstance(value, list):
        return [_trimmed(one, levels - 1) for one in value[:MAX_ITEMS]] if levels else None
    return value
