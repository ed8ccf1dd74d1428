"""The strict mappings and the code agree: what is asked for exists, what is written is mapped."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from creators.models import Platform
from enrich.encoders.text import DIMENSION
from mappings import fields
from mappings.registry import FAMILIES, definition
from search.filters import AccountFilter, Exclusions, Filters
from search.queries.filters import filter_clause
from search.queries.named import named_arm
from search.queries.suggest import nearly_query, suggest_query
from search.request import Sort
from search.shown import HIDDEN

INDICES = Path(__file__).parents[2] / "mappings" / "indices"
NAMES = sorted(path.stem for path in INDICES.glob("*.json"))
CREATORS = definition("creators", encoder="any")
EXACT = {"keyword", "boolean"}
SORTABLE = EXACT | {"long", "integer", "float", "date", "byte"}


def fields_of(properties: dict, prefix: str = "") -> Iterator[tuple[str, dict]]:
    """Yield every field with its dotted name, sub-fields of ``fields`` too."""
    for name, field in properties.items():
        path = f"{prefix}{name}"
        yield path, field
        yield from fields_of(field.get("properties", {}), f"{path}.")
        yield from fields_of(field.get("fields", {}), f"{path}.")


MAPPED = dict(fields_of(CREATORS["mappings"]["properties"]))


def values_of(clause: object, names: frozenset[str]) -> Iterator[str]:
    """Yield the field names in a query: keys of ``term`` and its like, values of ``field``."""
    if isinstance(clause, list):
        for part in clause:
            yield from values_of(part, names)
    if isinstance(clause, dict):
        for key, value in clause.items():
            if key in names and isinstance(value, dict):
                yield value["field"] if key == "exists" else next(iter(value))
            else:
                yield from values_of(value, names)


def fields_in(clause: object) -> set[str]:
    return set(values_of(clause, frozenset({"term", "terms", "range", "exists", "match"})))


def test_every_definition_is_a_family_and_every_family_defined():
    assert {family.definition for family in FAMILIES} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_mapping_is_strict_and_plain(name):
    mapping = json.loads((INDICES / f"{name}.json").read_text(encoding="utf-8"))["mappings"]
    assert mapping["dynamic"] == "strict"
    assert set(mapping) == {"dynamic", "properties"}, "no _source rules, no dynamic templates"
    kinds = {path: field.get("type") for path, field in fields_of(mapping["properties"])}
    assert {path for path, kind in kinds.items() if kind in {None, "alias", "nested"}} == set()
    loose = {path for path, field in fields_of(mapping["properties"]) if field.get("dynamic", "strict") != "strict"}
    assert loose == set()


def test_the_vector_stays_in_the_source_and_fits_the_encoder():
    # Excluded from _source it would be lost to partial reads and to reindexing; requests leave it out instead.
    assert "_source" not in CREATORS["mappings"]
    assert MAPPED[fields.VECTOR]["type"] == "knn_vector"
    assert MAPPED[fields.VECTOR]["dimension"] == DIMENSION
    assert fields.VECTOR in HIDDEN
    assert CREATORS["settings"]["knn"] is True


def test_the_definition_carries_the_encoder():
    assert CREATORS["mappings"]["_meta"] == {"encoder": "any"}


def test_every_analyzer_and_normalizer_is_defined():
    analysis = CREATORS["settings"]["analysis"]
    used = {(kind, field[kind]) for field in MAPPED.values() for kind in ("analyzer", "normalizer") if kind in field}
    used |= {("analyzer", field["search_analyzer"]) for field in MAPPED.values() if "search_analyzer" in field}
    assert used
    assert {(kind, name) for kind, name in used if name not in analysis[kind]} == set()


def test_copy_to_leads_to_text_or_to_handles_without_their_signs():
    targets = {target for field in MAPPED.values() for target in field.get("copy_to", ())}
    exact = {"handle_skeletons"}
    assert {target: MAPPED[target]["type"] for target in targets} == {
        target: "keyword" if target in exact else "text" for target in targets
    }


def test_text_fields_are_text():
    assert {name: MAPPED[name]["type"] for name in fields.TEXT_FIELDS} == dict.fromkeys(fields.TEXT_FIELDS, "text")


@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        (tuple(fields.FACETS.values()), EXACT),
        (tuple(fields.SORTS.values()), SORTABLE),
        (fields.RANK_FIELDS, SORTABLE),
    ],
    ids=["facets", "sorts", "rank fields"],
)
def test_fields_read_from_doc_values_have_them(names, kinds):
    assert {name for name in names if MAPPED[name]["type"] not in kinds} == set()
    assert {name for name in names if MAPPED[name].get("doc_values", True) is False} == set()


def test_the_sorts_of_the_request_are_the_sorts_of_the_index():
    assert set(get_args(Sort.model_fields["field"].annotation)) == {"relevance", *fields.SORTS}


LISTS = {
    "platforms": ["x"],
    "domains": ["code"],
    "niches": ["gaming"],
    "countries": ["BR"],
    "languages": ["pt"],
    "topics": ["Ruby"],
    "categories": ["Blogger"],
    "has": ["email"],
    "keywords": ["sour dough"],
    "creator_ids": ["a"],
    "brands": ["acme"],
    "brand_risk_categories": ["alcohol"],
    "account_kinds": ["person"],
    "anomalies": ["follower_spike"],
    "content_types": ["tutorial"],
}
"""Lists that filters and exclusions share."""


def test_every_filter_asks_for_a_field_that_is_indexed():
    some, joined = {"min": 0.1, "max": 2}, {"min": "2020-01-31"}
    count = {"min": 1, "max": 2}
    account = dict.fromkeys(fields.ACCOUNT_COUNTS, count)
    account |= {"engagement_rate": some, "verified": True, "joined": joined, "last_posted_days": 7}
    assert account.keys() == AccountFilter.model_fields.keys(), "a new filter of accounts: add it here"
    excluded = {**LISTS, "handles": ["rosa"]}
    assert excluded.keys() == Exclusions.model_fields.keys(), "a new exclusion: add it here"
    every = Filters.model_validate(
        {
            **LISTS,
            **dict.fromkeys(("engagement_rate", "growth_30d", "growth_90d", "growth_180d"), some),
            **dict.fromkeys(("followers", "account_count", "stars"), count),
            **dict.fromkeys(("audience_quality", "bot_probability", "sponsored_share"), some),
            **dict.fromkeys(("posts_per_week", "momentum", "shipping_velocity", "technical_score"), some),
            **dict.fromkeys(("verified", "degraded", "brand_safe"), False),
            **dict.fromkeys(("last_posted_days", "max_age_days"), 30),
            **{name: [{"niches": ["food"]}] for name in ("all", "any", "none")},
            "follower_bands": ["micro"],
            "pronouns": ["she/her"],
            "brand_risk": ["none"],
            "audience_quality_bands": ["good"],
            "sources": ["dataset"],
            "bio": ["baker"],
            "joined": joined,
            "accounts": dict.fromkeys(Platform, account),
            "exclude": excluded,
        }
    )
    assert every.model_fields_set == set(Filters.model_fields), "a new filter: add it here"
    asked = fields_in(filter_clause(every))
    assert len(asked) > len(Filters.model_fields)
    assert {name for name in asked if MAPPED.get(name, {"index": False}).get("index", True) is False} == set()


def test_suggestions_ask_for_fields_that_exist():
    body = suggest_query("no", limit=1)
    asked = fields_in(body["query"]) | set(body["_source"]) | {name for sort in body["sort"] for name in sort}
    assert asked - {"_score"} <= MAPPED.keys()


def test_hidden_fields_exist():
    assert set(HIDDEN) <= MAPPED.keys()


def test_accounts_have_the_same_fields_on_every_platform():
    by_platform = MAPPED["accounts"]["properties"]
    assert set(by_platform) == set(Platform)
    assert len({json.dumps(entry, sort_keys=True) for entry in by_platform.values()}) == 1


def test_names_are_looked_for_in_fields_that_exist():
    arm = named_arm("Ольга", None, size=1, timeout_ms=1)
    read = {field["field"] for field in arm["docvalue_fields"]}
    asked = fields_in(arm) | fields_in(nearly_query("ольга", limit=1)) | read
    assert asked <= set(MAPPED)
    assert all(MAPPED[field]["type"] in SORTABLE for field in read)
