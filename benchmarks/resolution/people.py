"""Files of people become people: names, bio, websites and accounts, whatever the file leaves out.

A handle stands in these files as a name, an address, a path or a number; here it is what the network itself would give:
a handle, or a native id where there is no handle.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, ValuesView
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from creators.text import clean_line, normalise_handle

MIN_ID_DIGITS = 5
_CHANNEL_ID = re.compile(r"(UC[\w-]{22})(?![\w-])")
_USER_PATH = re.compile(r"^i/user/(\d+)")
_ID_IN_QUERY = re.compile(r"[?&]id=(\d+)")
_SECTIONS = frozenset({"c", "channel", "user", "users", "pages", "people", "pg", "in", "profile", "public", "company"})
"""First parts of a path that say what follows, and are nobody's handle."""
_NO_ACCOUNT = frozenset({"playlist", "watch", "results", "groups", "events", "hashtag", "search", "share", "feed"})
_HOSTED = (".bsky.social", ".medium.com", ".hashnode.dev", ".substack.com", ".tumblr.com")
"""What a network itself puts behind the name that its member has chosen."""
_SUFFIXES = ("jr", "sr", "ii", "iv", "md", "m.d", "phd", "ph.d", "esq")
"""What follows a comma and is no given name."""


@dataclass(frozen=True, slots=True)
class Handle:
    """One account as a network names it; at least one of ``handle`` and ``native_id`` is set."""

    platform: str
    handle: str | None
    native_id: str | None

    @property
    def account_id(self) -> str:
        """``platform:native_id``, or ``platform:@handle`` where only the handle is known."""
        return f"{self.platform}:{self.native_id or '@' + normalise_handle(self.handle or '')}"


@dataclass(frozen=True, slots=True)
class Person:
    """One person of a file: the truth that the pool hides."""

    person_id: str
    names: tuple[str, ...]
    """The usual name first."""
    equal_names: bool
    """Whether all names are equally usual: one name in several languages."""
    bio: str
    websites: tuple[str, ...]
    accounts: tuple[Handle, ...]


def read_handle(platform: str, written: str) -> Handle | None:
    """Return the account that ``written`` names on ``platform``; None where it names no account."""
    text = clean_line(unquote(written))
    if "://" in text:
        text = text.partition("://")[2].partition("/")[2]
    text = text.strip("/ ")
    user, channel, query = _USER_PATH.search(text), _CHANNEL_ID.search(text), _ID_IN_QUERY.search(text)
    if user or (channel and platform == "youtube"):
        return Handle(platform, None, (user or channel).group(1))  # type: ignore[union-attr]  # one of the two is set
    if query and text.startswith("profile.php"):
        return Handle(platform, None, query.group(1))
    parts = [part for part in re.split(r"[/?#]", text.partition("?")[0]) if part and part.lower() not in _SECTIONS]
    if not parts or parts[0].lower() in _NO_ACCOUNT:
        return None
    name = parts[0].lstrip("@").partition("@")[0]
    for host in _HOSTED:
        name = name[: -len(host)] if name.lower().endswith(host) else name
    if re.fullmatch(rf"\d{{{MIN_ID_DIGITS},}}", name):
        return Handle(platform, None, name)
    return Handle(platform, name, None) if normalise_handle(name) else None


def _texts(value: object) -> list[str]:
    """Return the texts in a value that may be one text, several, or named ones."""
    several = value.values() if isinstance(value, Mapping) else value
    found: Iterable[object] = several if isinstance(several, list | tuple | ValuesView) else [value]
    return [text for one in found if isinstance(one, str) and (text := clean_line(one))]


def _joined(row: Mapping[str, Any], first: str, last: str) -> list[str]:
    parts = [*_texts(row.get(first)), *_texts(row.get(last))]
    return [" ".join(parts)] if len(parts) > 1 else []


def _names(row: Mapping[str, Any]) -> tuple[str, ...]:
    names = _texts(row.get("name"))
    for first, last in (("first", "last"), ("nickname", "last"), ("given_name", "family_name")):
        names += _joined(row, first, last)
    for key in ("aliases", "other_names"):
        names += _texts(row.get(key))
    return tuple(dict.fromkeys(map(_spoken, names)))


def _spoken(name: str) -> str:
    """Return a name as it is said: ``Galvin, A.`` is how a register sorts it, and on no profile."""
    last, comma, first = name.partition(", ")
    return f"{first} {last}" if comma and not first.lower().startswith(_SUFFIXES) else name


def _accounts(row: Mapping[str, Any]) -> tuple[Handle, ...]:
    left_out = set(_texts(row.get("ambiguous_platforms")))
    found: dict[str, Handle] = {}
    for one in row.get("accounts") or ():
        platform, written = (one.get("platform"), one.get("handle")) if isinstance(one, Mapping) else (None, None)
        # A relay shows another's broadcasts: it is not the person's own.
        if not isinstance(platform, str) or not isinstance(written, str) or one.get("kind") == "relay":
            continue
        handle = read_handle(platform, written)
        if platform and handle and platform not in left_out:
            found.setdefault(handle.account_id, handle)
    return tuple(found.values())


def read_people(path: Path) -> list[Person]:
    """Return the people of a JSON-lines file, in its order, without what is no truth about one person.

    Left out: platforms that the row itself calls ambiguous, relays, groups (an agency is not a person), addresses that
    are no account, and accounts that two rows claim.

    Raises:
        ValueError: a line is no JSON object; the message says which.
    """
    people = []
    # Texts hold U+2028, which splitlines() would take for the end of a line.
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            detail = f"{path.name}, line {number}: not JSON: {error}"
            raise ValueError(detail) from error
        if not isinstance(row, dict):
            detail = f"{path.name}, line {number}: a JSON object is expected"
            raise ValueError(detail)  # noqa: TRY004 - a line of a file is a value, whatever its type
        if row.get("type") != "group":
            people.append(_person(number, row))
    return _without_contested(people)


def _person(number: int, row: Mapping[str, Any]) -> Person:
    return Person(
        # Two rows that carry one id, or none, are two people: the row is what stands for a person.
        person_id=f"{number}:{row.get('person_id') or ''}",
        names=_names(row),
        equal_names=isinstance(row.get("name"), Mapping),
        bio=" ".join(_texts(row.get("bio"))),
        websites=tuple(filter(_is_address, dict.fromkeys([*_texts(row.get("website")), *_texts(row.get("websites"))]))),
        accounts=_accounts(row),
    )


def _is_address(text: str) -> bool:
    try:
        return bool(urlsplit(text).netloc)
    except ValueError:
        return False


def _without_contested(people: list[Person]) -> list[Person]:
    claims = Counter(handle.account_id for person in people for handle in person.accounts)
    return [
        replace(person, accounts=tuple(handle for handle in person.accounts if claims[handle.account_id] == 1))
        for person in people
    ]
