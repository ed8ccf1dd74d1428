"""One request of a journey: what is asked, made from what was answered before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from benchmarks.load.questions import Mix

Json = dict[str, Any]

SEARCH = "/v1/creators/search"
LIMIT = 20
FACETS = ("platforms", "niches", "countries")
BUDGET_MS = 500
REFINABLE = {"platforms": "platforms", "niches": "niches", "countries": "countries", "languages": "languages"}
"""Facet in an answer → the filter that its values go into."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request.

    Attributes:
        kind: what it is (``search``, ``wide``,
            ``refine``, ``page``, ``open``, ``similar``, ``suggest``, ``facets``, ``lookup``).
        name: its row in the tables: who asks, at which place of the journey, what.
        path: path with parameters.
        body: None for a GET.
    """

    kind: str
    name: str
    path: str
    body: Json | None = None

    @property
    def method(self) -> str:
        """The HTTP method."""
        return "GET" if self.body is None else "POST"


class Desk:
    """Makes the requests of one kind of user.

    Args:
        user: what the rows of the tables begin with.
        mix: where questions come from.
        random: where the dice come from.
    """

    def __init__(self, user: str, mix: Mix, random: Random) -> None:
        self._user = user
        self._mix = mix
        self.random = random

    def _step(self, place: int, kind: str, path: str, body: Json | None = None) -> Step:
        return Step(kind, f"{self._user} {place} {kind}", path, body)

    def search(self, place: int) -> Step:
        """Return a search for the next question of the mix."""
        asked = self._mix.draw()
        body = {"text": asked.text, "filters": asked.filters, "limit": LIMIT, "facets": list(FACETS)}
        return self._step(place, "search", SEARCH, body | {"budget_ms": BUDGET_MS})

    def wide(self, place: int) -> Step:
        """Return a program's search for the next question of the mix: a hundred at once, explained."""
        asked = self.search(place)
        return self._step(place, "wide", SEARCH, (asked.body or {}) | {"limit": 100, "explain": True})

    def refine(self, place: int, last: Step, answer: Mapping[str, Any]) -> Step:
        """Return the last search with one filter more: a value of a facet of its answer, or a range of followers."""
        body = dict(last.body or {})
        before: Json = dict(body.get("filters") or {})
        body.pop("cursor", None)
        return self._step(place, "refine", SEARCH, body | {"filters": before | self._narrower(before, answer)})

    def _narrower(self, before: Mapping[str, Any], answer: Mapping[str, Any]) -> Json:
        free = {
            REFINABLE[facet]: values
            for facet, values in (answer.get("facets") or {}).items()
            if facet in REFINABLE and values and REFINABLE[facet] not in before
        }
        if not free or (self.random.random() < 0.25 and "followers" not in before):
            low = int(10 ** self.random.uniform(3, 5))
            return {"followers": {"min": low, "max": low * 50}}
        name = self.random.choice(sorted(free))
        # People choose from the top of the list.
        weights = [1 / (place + 1) for place in range(len(free[name]))]
        chosen = self.random.choices(free[name], weights)[0]["value"]
        return {name: [chosen]}

    def page(self, place: int, last: Step, answer: Mapping[str, Any]) -> Step | None:
        """Return the request for the next page; None where there is none."""
        cursor = answer.get("next_cursor")
        return self._step(place, "page", SEARCH, dict(last.body or {}) | {"cursor": cursor}) if cursor else None

    def open(self, place: int, answer: Mapping[str, Any]) -> Step | None:
        """Return the request for a creator of a page, more often one at the top; None for an empty page."""
        chosen = self._chosen(answer)
        return self._step(place, "open", f"/v1/creators/{quote(chosen['creator_id'], safe='')}") if chosen else None

    def similar(self, place: int, answer: Mapping[str, Any]) -> Step | None:
        """Return the search for creators like one of a page; None for an empty page."""
        chosen = self._chosen(answer)
        if not chosen:
            return None
        body = {"seeds": [{"creator_id": chosen["creator_id"]}], "limit": LIMIT, "budget_ms": BUDGET_MS}
        return self._step(place, "similar", "/v1/creators/similar", body)

    def _chosen(self, answer: Mapping[str, Any]) -> Json | None:
        hits = answer.get("hits") or []
        if not hits:
            return None
        chosen: Json = self.random.choices(hits, [1 / (place + 1) for place in range(len(hits))])[0]
        return chosen

    def facets(self, place: int, filters: Mapping[str, Any] | None = None) -> Step:
        """Return the request for counts alone, under the filters of the next question or those given."""
        asked = self._mix.draw().filters if filters is None else dict(filters)
        body = {"filters": asked, "facets": ["platforms", "niches", "countries", "languages", "follower_band"]}
        return self._step(place, "facets", "/v1/facets", body | {"limit": 20, "budget_ms": BUDGET_MS})

    def suggest(self, place: int, typed: str) -> Step:
        """Return the request for completions of what was typed so far."""
        return self._step(place, "suggest", f"/v1/suggest?{urlencode({'q': typed, 'limit': 8})}")

    def lookup(self, place: int, answer: Mapping[str, Any]) -> Step | None:
        """Return the look-up of a handle that a page showed; None where it showed none."""
        handles = handles_of(answer)
        if not handles:
            return None
        platform, handle = self.random.choice(handles)
        return self._step(place, "lookup", f"/v1/creators/lookup?{urlencode({'platform': platform, 'handle': handle})}")

    def keystrokes(self, answer: Mapping[str, Any]) -> list[str]:
        """Return what stands in the field after each key, for the name of somebody on a page; empty for none.

        Typing begins to be completed at the second letter and ends before the name does: its completion is chosen.
        """
        names = [str(hit["creator"].get("name") or "") for hit in answer.get("hits") or []]
        usable = [name.strip() for name in names if len(name.strip()) >= 4]
        if not usable:
            return []
        name = self.random.choice(usable)[:40]
        last = self.random.randint(3, min(9, len(name)))
        return [name[:end] for end in range(2, last + 1) if name[:end].strip() == name[:end]]


def handles_of(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return platform and handle of every account that a page shows."""
    return [
        (platform, account["handle"])
        for hit in answer.get("hits") or []
        for platform, account in (hit["creator"].get("accounts") or {}).items()
        if account.get("handle")
    ]
