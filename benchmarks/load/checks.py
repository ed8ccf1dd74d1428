"""Whether an answer is right: status, shape, and what was left out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.load.steps import Step

OK = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with an answer (None: nothing), and what a right one left out."""

    problem: str | None = None
    degraded: tuple[str, ...] = ()


def check(step: Step, status: int, payload: Any) -> Verdict:
    """Return what is wrong with the answer to a step, and what was left out of it.

    Args:
        step: what was asked.
        status: of HTTP; 0 where no answer came.
        payload: the parsed JSON; None where it was none.
    """
    if status != OK:
        code = payload.get("code") if isinstance(payload, Mapping) else None
        return Verdict(f"status {status}{f' {code}' if code else ''}" if status else "no answer")
    try:
        return Verdict(_SHAPES[step.kind](step, payload), tuple(_degraded(payload)))
    except (KeyError, TypeError, AttributeError) as error:
        return Verdict(f"wrong shape: {type(error).__name__} {error}")


def _degraded(payload: Any) -> list[str]:
    return list(payload.get("degraded") or ()) if isinstance(payload, Mapping) else []


def _page(step: Step, payload: Any) -> str | None:
    hits, degraded = payload["hits"], payload["degraded"]
    asked = step.body or {}
    if len(hits) > asked.get("limit", 20):
        return f"{len(hits)} hits, {asked.get('limit', 20)} were asked for"
    if payload["total"] is None and not degraded:
        return "no total, and nothing was left out"
    total = payload["total"] and payload["total"]["value"]
    if not hits and total and not degraded and not asked.get("cursor"):
        return f"no hits of {total}, and nothing was left out"
    if "fetch" not in degraded and not all(hit["creator"] for hit in hits):
        return "a hit without its creator"
    ids = [hit["creator_id"] for hit in hits]
    return "a creator twice on a page" if len(set(ids)) != len(ids) else None


def _similar(step: Step, payload: Any) -> str | None:
    seeds = {seed["creator_id"] for seed in (step.body or {})["seeds"]}
    if seeds & {hit["creator_id"] for hit in payload["hits"]}:
        return "a seed among the creators like it"
    return _page(step, payload)


def _creator(_step: Step, payload: Any) -> str | None:
    return None if payload["creator_id"] and payload["accounts"] else "a creator without id or accounts"


def _suggestions(_step: Step, payload: Any) -> str | None:
    if not isinstance(payload, list):
        return "completions are not a list"
    return None if all(one["creator_id"] and one["name"] is not None for one in payload) else "a completion of nobody"


def _counts(step: Step, payload: Any) -> str | None:
    missing = set((step.body or {})["facets"]) - set(payload["facets"])
    return f"no counts of {min(missing)}" if missing and not payload["degraded"] else None


_SHAPES: dict[str, Callable[[Step, Any], str | None]] = {
    "search": _page,
    "wide": _page,
    "refine": _page,
    "page": _page,
    "similar": _similar,
    "open": _creator,
    "lookup": _creator,
    "suggest": _suggestions,
    "facets": _counts,
}
