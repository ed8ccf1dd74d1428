"""Completion of handles and names; pure."""

from __future__ import annotations

import re

from elasticsearch_dsl import Q
from elasticsearch_dsl.query import Query

from creators.text import clean_line, transliterate
from search.queries.filters import Clause
from search.queries.named import FUZZINESS, SAME_LETTERS
from search.rank.named import ONE_EDIT, skeleton

LONGEST_GRAM = 15
"""Prefixes are indexed up to this length (``analysis/analyzers.json``); longer input is cut, not lost."""
SHORTEST_PREFIX = 2
"""Letters that a prefix needs; of Chinese, Japanese and Korean writing, and of emoji, one sign is a word."""
LONGEST_MISTYPED = 8
"""Letters in which a typing error is looked for: a mistake further on leaves these right, each more costs the engine
time."""
MAX_EXPANSIONS = 20
"""Indexed prefixes near the one typed that are looked at: the nearest first."""

# Hiragana to Han, Hangul, the supplementary Han planes; symbols and pictographs.
_ONE_IS_ENOUGH = re.compile(
    "[\u2600-\u27bf\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U0001f000-\U0001faff\U00020000-\U0003ffff]"
)
_SHOWN = ["creator_id", "name", "handles", "platforms", "followers"]


def check_prefix(prefix: str) -> str:
    """Return what was typed, on one clean line.

    Raises:
        ValueError: it is too short to tell creators apart.
    """
    typed = clean_line(prefix)
    if len(typed.lstrip("@ ")) >= SHORTEST_PREFIX or _ONE_IS_ENOUGH.search(typed):
        return typed
    detail = f"type {SHORTEST_PREFIX} characters or more; one is enough of Chinese, Japanese, Korean and emoji"
    raise ValueError(detail)


def suggest_query(prefix: str, *, limit: int) -> Clause:
    """Return the request for creators whose handle or name starts with ``prefix``.

    Who has exactly this handle comes first, then who has it but for punctuation or has exactly this name, then the
    others; of equals the one with more followers.
    """
    handle, words = _typed(prefix)
    ways = [
        *(Q("match", suggest_handle={"query": one}) for one in _distinct(handle, transliterate(handle))),
        *(Q("match", suggest_name={"query": one, "operator": "and"}) for one in _distinct(words, transliterate(words))),
    ]
    whole = prefix.lstrip("@ ")
    exact = [
        Q("constant_score", filter=Q("term", handles=whole), boost=2),
        Q("constant_score", filter=Q("term", handle_skeletons=whole), boost=1),
        Q("constant_score", filter=Q("term", **{"names_ascii.exact": transliterate(whole)}), boost=1),
    ]
    return _request(Q("bool", filter=[Q("bool", should=ways, minimum_should_match=1)], should=exact), limit)


def nearly_query(prefix: str, *, limit: int) -> Clause | None:
    """Return the request for creators of whom ``prefix`` may be mistyped, the nearest first; None when it is too short.

    Typing errors are looked for in the indexed prefixes, not in whole words: ``rsoa`` finds ``rosa.cocina``.
    """
    handle, words = _typed(transliterate(prefix), LONGEST_MISTYPED)
    if len(skeleton(handle)) < ONE_EDIT:
        return None
    # The terms found keep the score of their nearness alone: how rare a misspelling is says nothing.
    nearly = {
        "operator": "and",
        "fuzziness": FUZZINESS,
        "prefix_length": SAME_LETTERS,
        "max_expansions": MAX_EXPANSIONS,
        "fuzzy_rewrite": f"top_terms_boost_{MAX_EXPANSIONS}",
    }
    ways = [
        Q("match", suggest_handle={"query": handle, **nearly}),
        Q("match", suggest_name={"query": words, **nearly}),
    ]
    return _request(Q("dis_max", queries=ways), limit)


def _typed(prefix: str, longest: int = LONGEST_GRAM) -> tuple[str, str]:
    """Return what was typed as a handle and as words, none of them longer than ``longest``."""
    words = prefix.lstrip("@ ").split()
    # Blanks, dots and dashes go before the cut, as they did before the indexed prefixes were cut.
    handle = re.sub(r"[._-]+", "", "".join(words))
    return handle[:longest], " ".join(word[:longest] for word in words)


def _distinct(*values: str) -> list[str]:
    return list(dict.fromkeys(values))


def _request(query: Query, limit: int) -> Clause:
    return {
        "size": limit,
        "query": query.to_dict(),
        "_source": _SHOWN,
        "track_total_hits": False,
        "sort": [
            {"_score": {"order": "desc"}},
            {"followers": {"order": "desc", "missing": "_last"}},
            {"creator_id": {"order": "asc"}},
        ],
    }
