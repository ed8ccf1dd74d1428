"""The most that evidence allows: which accounts of one person share anything at all, by a rule of its own.

The rule is not the product's: it knows no weights and no keys, only what two accounts have in common. Evidence is

- four letters or digits in a row of the handle or the display name, or of the first initial with the last word of the
  name (handles and names against each other, too), in Latin letters, without blanks and signs;
- a word of the name with fewer than four letters;
- the website, by host, path and query;
- a word of the bio with at least four letters.

What more than ``COMMON`` of the accounts of a pool have (at least ``COMMON_ACCOUNTS``) is evidence of nothing.

A namesake has the name, too. ``decidable`` counts the pairs that have what a namesake with a handle of its own has not:
four letters or digits in a row that both handles share, three of the other's name in each of the handles, a website on
both; where an account shows no handle, four in a row of the names, or of the handle that there is and a name.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from urllib.parse import urlsplit

from benchmarks.resolution.metrics import Share
from benchmarks.resolution.pool import Pool, PoolAccount
from creators.text import transliterate
from enrich.resolve.edges import components

COMMON = 0.01
COMMON_ACCOUNTS = 20
GRAM = 4
TRACE = 3
_SIGNS = re.compile(r"[^a-z0-9]+")

Pair = tuple[str, str]


def traits(account: PoolAccount) -> set[str]:
    """Return everything of an account that another could have, too."""
    words = _SIGNS.sub(" ", transliterate(account.name)).split()
    found = {f"word:{word}" for word in words if len(word) < GRAM}
    shortened = words[0][0] + words[-1] if len(words) > 1 else ""
    for text in (_SIGNS.sub("", transliterate(account.handle or "")), "".join(words), shortened):
        found |= {f"gram:{text[at : at + GRAM]}" for at in range(max(len(text) - GRAM + 1, 1)) if text}
    if account.website:
        parts = urlsplit(account.website.lower())
        found.add(f"site:{parts.netloc.removeprefix('www.')}{parts.path.rstrip('/')}?{parts.query}")
    bio = _SIGNS.sub(" ", transliterate(account.bio)).split()
    return found | {f"bio:{word}" for word in bio if len(word) >= GRAM}


def true_pairs(truth: Mapping[str, str]) -> Iterator[Pair]:
    """Yield the pairs of accounts of one person."""
    people = defaultdict(list)
    for account, person in sorted(truth.items()):
        people[person].append(account)
    for accounts in people.values():
        yield from combinations(accounts, 2)


def evident_pairs(pool: Pool) -> set[Pair]:
    """Return the pairs of accounts of one person that share evidence themselves."""
    found = {account.account_id: traits(account) for account in pool.accounts}
    counts = Counter(trait for own in found.values() for trait in own)
    limit = max(COMMON_ACCOUNTS, COMMON * len(found))
    rare = {account: {trait for trait in own if counts[trait] <= limit} for account, own in found.items()}
    return {(one, other) for one, other in true_pairs(pool.truth) if not rare[one].isdisjoint(rare[other])}


def _runs(text: str, length: int) -> set[str]:
    return {text[at : at + length] for at in range(len(text) - length + 1)}


def _squeezed(text: str | None) -> str:
    return _SIGNS.sub("", transliterate(text or ""))


def _no_namesake(one: PoolAccount, other: PoolAccount) -> bool:
    """Whether two accounts have something in common that a namesake would not have."""
    if one.website and other.website:
        return True
    handles, names = (
        [_squeezed(text) for text in pair] for pair in ((one.handle, other.handle), (one.name, other.name))
    )
    if not all(handles):
        texts = [{*_runs(handle, GRAM), *_runs(name, GRAM)} for handle, name in zip(handles, names, strict=True)]
        return not texts[0].isdisjoint(texts[1])
    crossed = zip(handles, reversed(names), strict=True)
    return not _runs(handles[0], GRAM).isdisjoint(_runs(handles[1], GRAM)) or all(
        not _runs(handle, TRACE).isdisjoint(_runs(name, TRACE)) for handle, name in crossed
    )


def _closed(pairs: Iterable[Pair]) -> int:
    """Return how many pairs there are when what is joined through a third account is joined, too."""
    return sum(len(group) * (len(group) - 1) // 2 for group in components((), pairs))


def ceiling(pool: Pool, evident: set[Pair]) -> dict[str, float | None]:
    """Return shares of the true pairs: that share evidence (``direct``), that are joined by it, that no namesake has.

    ``closed`` and ``decidable`` count what other accounts of the person join. No resolver that uses evidence finds more
    than ``closed`` other than by luck, and one that keeps namesakes apart hardly more than ``decidable``.
    """
    accounts = {account.account_id: account for account in pool.accounts}
    pairs = list(true_pairs(pool.truth))
    decidable = [(one, other) for one, other in pairs if _no_namesake(accounts[one], accounts[other])]
    found = {"direct": len(evident), "closed": _closed(evident), "decidable": _closed(decidable)}
    return {name: Share(count, len(pairs)).rounded for name, count in found.items()}
