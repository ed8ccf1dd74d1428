"""Clauses become one ``Filters``; what contradicts an earlier clause is told and not applied."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from mappings.niches import NICHES
from search.filters import Filters
from search.parse.clauses import Found, ParsedQuery
from search.parse.quantities import ANY_ACCOUNT

Body = dict[str, Any]
_BROAD = frozenset(niche.id for niche in NICHES if niche.broad)
_CONTRADICTS = "contradicts an earlier part of the query: not applied"
_BROAD_NOTE = "too broad next to the other niche: only ranks"
_ON_ANY = "no platform was named: on any"
_MAX_ON_ANY = 6
_TOO_MANY = "too many conditions without a platform: name one"


def settle(found: Iterable[Found]) -> list[Found]:
    """Return the clauses with the platforms of account facts decided and broad niches put back."""
    clauses = list(found)
    niches = {item for clause in clauses if clause.field == "niches" and clause.applied for item in clause.value}
    if niches - _BROAD:
        clauses = [_without_broad(clause) for clause in clauses]
    platforms = {item for clause in clauses if clause.field == "platforms" and clause.applied for item in clause.value}
    only = next(iter(platforms)) if len(platforms) == 1 else None
    if only:
        clauses = [replace(clause, field=clause.field.replace(ANY_ACCOUNT, f"accounts.{only}.")) for clause in clauses]
    return clauses


def _without_broad(clause: Found) -> Found:
    if clause.field != "niches" or not _BROAD.issuperset(clause.value) or not clause.applied:
        return clause
    return replace(clause, applied=False, note=_BROAD_NOTE)


def merged(found: Iterable[Found]) -> tuple[Filters, list[Found]]:
    """Return the filters that all applied clauses make, and the clauses as applied."""
    body: Body = {}
    told: list[Found] = []
    platforms = [item for clause in found if clause.field == "platforms" and clause.applied for item in clause.value]
    for clause in found:
        if not clause.applied or clause.field == "sort":
            told.append(clause)
        elif clause.field.startswith(ANY_ACCOUNT):
            told.append(_on_any(body, clause, platforms))
        else:
            is_added = _add(body, clause.field.split("."), clause.value)
            told.append(clause if is_added else replace(clause, applied=False, note=_CONTRADICTS))
    return Filters.model_validate(body), told


def _on_any(body: Body, clause: Found, platforms: list[str]) -> Found:
    """Ask for a fact of some account, whichever it is."""
    groups = body.setdefault("all", [])
    if len(groups) >= _MAX_ON_ANY:
        return replace(clause, applied=False, note=_TOO_MANY)
    name = clause.field.removeprefix(ANY_ACCOUNT)
    groups.append(
        {"any": [{"accounts": {str(platform): {name: clause.value}}} for platform in platforms or clause.platforms]}
    )
    return replace(clause, note=clause.note or _ON_ANY)


def _add(body: Body, path: list[str], value: Any) -> bool:
    """Put a value at its place; return False where it contradicts what is there."""
    *parents, name = path
    for parent in parents:
        body = body.setdefault(parent, {})
    if name not in body:
        body[name] = value
        return True
    return _join(body, name, value)


def _join(body: Body, name: str, value: Any) -> bool:
    known = body[name]
    if isinstance(value, list):
        body[name] = sorted({*known, *value})
        return True
    if isinstance(value, dict):
        both = _narrowed(known, value)
        body[name] = both or known
        return both is not None
    if isinstance(value, bool):
        return bool(known == value)
    body[name] = min(known, value)
    return True


def _narrowed(first: Body, second: Body) -> Body | None:
    """Return the range that lies in both, or None."""
    least = max((r["min"] for r in (first, second) if "min" in r), default=None)
    most = min((r["max"] for r in (first, second) if "max" in r), default=None)
    if least is not None and most is not None and least > most:
        return None
    return {name: end for name, end in (("min", least), ("max", most)) if end is not None}


def apply(request_filters: Filters, parsed: ParsedQuery) -> Filters:
    """Return the filters of the request with those of the query where the request leaves a field open.

    Fields of ``exclude`` and of each account are fields of their own; groups (``all``, ``any``, ``none``) of both hold.
    """
    asked = request_filters.model_dump(mode="json", exclude_defaults=True)
    read = parsed.filters.model_dump(mode="json", exclude_defaults=True)
    merged_body = {**read, **asked}
    for group in ("all", "none"):
        merged_body[group] = [*asked.get(group, []), *read.get(group, [])]
    merged_body["exclude"] = {**read.get("exclude", {}), **asked.get("exclude", {})}
    accounts = {platform: dict(wanted) for platform, wanted in read.get("accounts", {}).items()}
    for platform, wanted in asked.get("accounts", {}).items():
        accounts[platform] = {**accounts.get(platform, {}), **wanted}
    merged_body["accounts"] = accounts
    return Filters.model_validate(merged_body)
