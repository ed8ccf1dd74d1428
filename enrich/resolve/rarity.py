"""How many accounts share a word, a name or a domain: what is shared by many tells little about who it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from enrich.resolve.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Rarity:
    """Numbers of accounts by what they share, in a population of ``total`` accounts.

    A count is how many accounts one would have to choose from: an agreement on a surname that 300 accounts have weighs
    less than on one that only these two have, whatever the size of the population.
    """

    words: Mapping[str, int] = field(default_factory=dict)
    """Word of a display name → accounts."""
    handles: Mapping[str, int] = field(default_factory=dict)
    """Skeleton of a handle, or a word that a handle shows → accounts."""
    bios: Mapping[str, int] = field(default_factory=dict)
    places: Mapping[str, int] = field(default_factory=dict)
    """Page or domain → accounts."""
    total: int = 0

    @classmethod
    def of(cls, evidences: Iterable[Evidence], base: Self | None = None) -> Self:
        """Return the counts in a population, of which no label is needed; ``base`` is a second opinion on words.

        Where the base knows a word as more frequent than this population does, its share is believed: a sample of
        friends must not make ``smith`` rare.
        """
        words: Counter[str] = Counter()
        handles: Counter[str] = Counter()
        bios: Counter[str] = Counter()
        places: Counter[str] = Counter()
        total = 0
        for one in evidences:
            total += 1
            words.update(one.name_words)
            handles.update({one.handle_key, *one.handle_words} - {""})
            bios.update(one.bio_words)
            places.update({*one.domains, *([one.website] if one.website else [])})
        if base is not None and base.total:
            for word, count in base.words.items():
                words[word] = max(words[word], round(count * total / base.total))
        return cls(words, handles, bios, places, total)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON; the inverse of :meth:`of_json`."""
        parts = {"words": self.words, "handles": self.handles, "bios": self.bios, "places": self.places}
        return {"total": self.total, **{name: dict(sorted(part.items())) for name, part in parts.items()}}

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the counts that :meth:`as_json` wrote."""
        return cls(data["words"], data["handles"], data["bios"], data["places"], data["total"])
