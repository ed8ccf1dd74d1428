"""The arm for names: who has the handle or name that the text may be, typing errors allowed.

Its scores are constants, one for each way to be called so: nothing is counted, and the engine stops early. How nearly
the text is the name is measured afterwards, on these few (:mod:`search.rank.named`).
"""

from __future__ import annotations

from elasticsearch_dsl import Q
from elasticsearch_dsl.query import Query

from creators.text import clean_line, transliterate
from search.queries.filters import Clause
from search.queries.lean import lean
from search.rank.named import MAX_CHARS, NAME_FIELDS, ONE_EDIT, Reading, reading, skeleton

SIZE = 50
"""Hits that the arm is asked for: exact ones come first, and more people than that rarely share a name."""
MAX_EXPANSIONS = 50
"""Terms near the one typed that are looked at, in each field: the nearest first."""
FUZZINESS = f"AUTO:{ONE_EDIT},{MAX_CHARS + 1}"
"""One typing error from four letters on, never two: two cost the engine eight times as much (docs/decisions/0015)."""
LONG_BEGINNING = 6
"""Letters from which on a text is also the beginning of handles: what follows is often a number (``rosacocina99``)."""
# The first letter is nearly always right, and asking for it lets the engine skip most of its terms.
SAME_LETTERS = 1


def named_arm(text: str, filters: Clause | None, *, size: int, timeout_ms: int) -> Clause | None:
    """Return the request for creators who may be called ``text``, or None where it is no handle and no name.

    The hits carry what the second stage reads, and ``NAME_FIELDS`` besides.
    """
    asked = clean_line(text)
    meant = reading(asked)
    if meant == "topic":
        return None
    query: Clause = {"bool": {"must": [Q("dis_max", queries=_ways(asked, meant)).to_dict()]}}
    if filters:
        query["bool"]["filter"] = [filters]
    body = lean(query, size=size, timeout_ms=timeout_ms)
    return body | {"docvalue_fields": [*body["docvalue_fields"], *({"field": name} for name in NAME_FIELDS)]}


def _ways(asked: str, meant: Reading) -> list[Query]:
    """Return the ways to be called so, the surest with the highest score."""
    # The normalizers of the fields drop blanks, case and punctuation of what is asked, as they did of what was indexed.
    handle, latin = asked.lstrip("@ "), transliterate(asked.lstrip("@ "))
    same_handle = _constant(Q("term", handles=handle), 10)
    same_name = [
        _constant(Q("term", **{"name.exact": handle}), 8),
        _constant(Q("term", **{"names_ascii.exact": latin}), 7),
    ]
    if meant == "exact name":
        return same_name if " " in handle else [same_handle, *same_name]
    skeletons = list(dict.fromkeys((handle.lower(), latin)))
    equal = [_constant(Q("term", handle_skeletons=one), 9) for one in skeletons]
    near = [_constant(_fuzzy(one), 5) for one in skeletons]
    beginning = skeleton(asked)
    if len(beginning) >= LONG_BEGINNING:
        near.append(_constant(Q("prefix", handle_skeletons=beginning), 4))
    words = {"operator": "and", "fuzziness": FUZZINESS, "prefix_length": SAME_LETTERS, "max_expansions": MAX_EXPANSIONS}
    alike = [
        _constant(Q("match", handle_words={"query": handle, "operator": "and"}), 4),
        _constant(Q("match", names={"query": handle, "operator": "and"}), 3),
        _constant(Q("match", names_ascii={"query": latin, **words}), 2),
    ]
    return [same_handle, *same_name, *equal, *near, *alike]


def _constant(query: Query, score: float) -> Query:
    return Q("constant_score", filter=query, boost=score)


def _fuzzy(value: str) -> Query:
    wanted = {
        "value": value,
        "fuzziness": FUZZINESS,
        "prefix_length": SAME_LETTERS,
        "max_expansions": MAX_EXPANSIONS,
        "transpositions": True,
    }
    return Q("fuzzy", handle_skeletons=wanted)
