"""The lexical arm: which creators have the words of the query.

Shape and boosts were chosen on judged collections (``benchmarks/relevance``): a name that counts more than the text, or
a least share of words that must match, loses up to half of nDCG@10 on questions in whole sentences. Nothing is
required and scores are only added up, so that whoever cannot reach the best is skipped unread.
"""

from __future__ import annotations

import string

from elasticsearch_dsl import Q

from mappings import fields
from search.queries.filters import Clause
from search.queries.lean import lean

MAX_WORDS = 64
"""Words that the lexical arm reads: OpenSearch allows 1,024 clauses, and each word is one in each field."""
_ENGLISH = """
a about am an and any anyone are as at be been being but by did do does for from had has have he her his how i if in
into is it its me my not of on or our she so somebody someone than that the their them then there these they this those
to up us was we were what when where which while who whom whose why with would you your
"""
FUNCTION_WORDS = frozenset(_ENGLISH.split())
"""English words that say how, not what. Those that are names or topics too (will, may, can, no) are not among them."""
_AROUND = string.punctuation + "“”‘’«»…¿¡"  # noqa: RUF001 - the quotes that people type


def content_words(text: str) -> list[str]:
    """Return the words to look for: without function words, unless nothing else is left (``the who``).

    A word in capitals stays (``IT consultant``, ``US``), except where everything is in capitals.
    """
    words = text.split()
    return [word for word in words if _has_content(word, shouted=text.isupper())] or words


def _has_content(word: str, *, shouted: bool) -> bool:
    bare = word.strip(_AROUND)
    if bare.isupper() and len(bare) > 1 and not shouted:
        return True
    # What stands before an apostrophe decides: ``who's`` is ``who``.
    return bool(bare) and bare.lower().replace("’", "'").partition("'")[0] not in FUNCTION_WORDS  # noqa: RUF001 - as typed


def lexical_query(text: str) -> Clause:
    """Return the text query: the score of the text, and on top that of the name or handle that fits best."""
    words = " ".join(content_words(text)[:MAX_WORDS])
    query = Q(
        "bool",
        should=[
            Q("match", **{fields.TEXT: words}),
            Q("multi_match", query=words, type="best_fields", fields=list(fields.NAME_FIELDS), boost=fields.NAME_BOOST),
        ],
    )
    body: Clause = query.to_dict()
    return body


def lexical_arm(text: str, filters: Clause | None, *, size: int, timeout_ms: int) -> Clause:
    """Return the lexical arm's request body."""
    query: Clause = {"bool": {"must": [lexical_query(text)]}}
    if filters:
        query["bool"]["filter"] = [filters]
    return lean(query, size=size, timeout_ms=timeout_ms)
