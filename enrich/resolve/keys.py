"""Blocking keys: only accounts that share one are compared; pure.

A key is a short string. Handles and the handles that a name would make share one namespace (``h:``), so ``@janedoe``
meets an account that shows no handle but the name Jane Doe.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from enrich.resolve import nicknames
from enrich.resolve.evidence import Evidence
from enrich.resolve.wording import AFFIXES

MAX_KEYS = 20
MAX_BLOCK = 60
"""A key that more accounts have is no key: what so many share tells nothing, and its pairs would be most of all pairs.

It is left out whole, so which pairs are compared depends on the population and not on any order.
"""
AFFIX = 6
"""Letters of the beginning and of the end of a handle that are keys."""
MIN_WORD = 4
MIN_HANDLE = 3
MAX_NAME_WORDS = 3


def blocking_keys(evidence: Evidence) -> frozenset[str]:
    """Return at most :data:`MAX_KEYS` keys of an account, the most telling kept.

    ``e:`` hashed e-mail, ``l:`` node of a link or of the account itself, ``d:`` own domain and ``u:`` page, ``h:``
    handle or what a name makes of one, ``n:`` two words of a name, ``w:`` one word, ``p:`` and ``s:`` how a handle
    begins and ends.
    """
    keys = dict.fromkeys((*_hard(evidence), *_handle(evidence), *_name(evidence), *_words(evidence)))
    return frozenset(list(keys)[:MAX_KEYS])


def _hard(evidence: Evidence) -> Iterator[str]:
    for digest in sorted(evidence.email_hashes):
        yield f"e:{digest}"
    for domain in sorted(evidence.domains):
        yield f"d:{domain}"
    if evidence.website and evidence.website not in evidence.domains:
        yield f"u:{evidence.website}"
    for node in (*sorted(evidence.links)[:4], *sorted(evidence.nodes)):
        yield f"l:{node}"


def _handle(evidence: Evidence) -> Iterator[str]:
    key = evidence.handle_key
    if len(key) >= MIN_HANDLE:
        yield f"h:{key}"
    for label in sorted(evidence.labels):
        yield f"h:{label}"
    if evidence.handle_plain != key and len(evidence.handle_plain) >= MIN_HANDLE:
        yield f"h:{evidence.handle_plain}"
    if len(key) >= AFFIX:
        yield f"p:{key[:AFFIX]}"
        yield f"s:{key[-AFFIX:]}"


def _name(evidence: Evidence) -> Iterator[str]:
    words = evidence.name_words
    if not words:
        return
    yield f"h:{''.join(words)}"
    if len(words) > 1:
        first, last = words[0], words[-1]
        yield f"h:{first}{last}"
        yield f"h:{last}{first}"
        yield f"h:{first[:1]}{last}"
        yield f"p:{(first + last)[:AFFIX]}"
        yield f"s:{(first + last)[-AFFIX:]}"


def _words(evidence: Evidence) -> Iterator[str]:
    names = [word for word in evidence.name_words if len(word) > 1]
    shown = [word for word in evidence.handle_words if len(word) >= MIN_WORD and word not in AFFIXES]
    known = list(dict.fromkeys((*names, *shown)))
    for pair in combinations((names[:2] + names[-1:])[:MAX_NAME_WORDS] if len(names) > MAX_NAME_WORDS else names, 2):
        yield "n:" + "|".join(sorted(_canonical(word) for word in pair))
    for word in sorted(known, key=lambda word: (-len(word), word)):
        if len(word) >= MIN_WORD:
            yield f"w:{word}"


def _canonical(word: str) -> str:
    """The group of a given name stands for it: ``thom`` and ``thomas`` are one key."""
    return min(nicknames.groups_of(word), default=word)


def candidates(evidences: Mapping[str, Evidence]) -> Iterator[tuple[str, str]]:
    """Yield every pair of accounts that share a key of at most :data:`MAX_BLOCK` accounts, once, by their ids."""
    blocks: dict[str, list[str]] = {}
    for account_id in sorted(evidences):
        for key in blocking_keys(evidences[account_id]):
            blocks.setdefault(key, []).append(account_id)
    met: dict[str, set[str]] = {}
    for members in blocks.values():
        if 1 < len(members) <= MAX_BLOCK:
            for at, account_id in enumerate(members):
                met.setdefault(account_id, set()).update(members[at + 1 :])
    for account_id in sorted(met):
        for other in sorted(met[account_id]):
            yield account_id, other
