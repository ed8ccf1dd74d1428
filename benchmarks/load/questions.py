"""What users ask: a skewed mix of questions, some of them again and again, most of them once.

Nothing here knows Locust, a corpus or an index: questions come from a file, or from the words of the niche taxonomy.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from mappings.niches import NICHES

POPULAR = 50
"""Questions that are asked more than once."""
REPEATED = 0.3
"""Share of searches that ask one of the popular questions. Chosen, not measured: logs of web search engines repeat
half of their volume (Baeza-Yates et al., "The Impact of Caching on Search Engines", SIGIR 2007); a tool of a few teams
repeats less."""
EXPONENT = 1.0
"""Of Zipf's law among the popular ones: the n-th is asked 1/n times as often as the first."""
KINDS = ("broad", "medium", "rare", "named", "filtered")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: words, filters in the form of the API, and what kind it is."""

    text: str
    filters: dict[str, Any] = field(default_factory=dict)
    kind: str = "medium"


class Mix:
    """Draws questions: a popular one by Zipf's law with probability ``repeated``, else the next that nobody asked.

    Args:
        questions: all there are; the first ``popular`` are the popular ones.
        random: where the dice come from.
        start: between 0 and 1, where among the others to begin, so that several processes ask different ones.
        repeated: share of draws that are popular questions.

    Raises:
        ValueError: too few questions for popular and other ones.
    """

    def __init__(
        self, questions: Sequence[Asked], random: Random, *, start: float = 0.0, repeated: float = REPEATED
    ) -> None:
        popular = min(POPULAR, len(questions) // 2)
        if not popular:
            detail = f"{len(questions)} questions are too few: give at least 2"
            raise ValueError(detail)
        self._popular, self._fresh = questions[:popular], questions[popular:]
        self._weights = list(itertools.accumulate((rank + 1) ** -EXPONENT for rank in range(popular)))
        self._next = int(start * len(self._fresh)) % len(self._fresh)
        self._random = random
        self._repeated = repeated
        self.fresh_drawn = 0

    @property
    def is_exhausted(self) -> bool:
        """Whether every fresh question was asked, so that from now on fresh ones repeat too."""
        return self.fresh_drawn > len(self._fresh)

    def draw(self) -> Asked:
        """Return the next question."""
        if self._random.random() < self._repeated:
            return self._random.choices(self._popular, cum_weights=self._weights)[0]
        self.fresh_drawn += 1
        asked = self._fresh[self._next]
        self._next = (self._next + 1) % len(self._fresh)
        return asked


def written(questions: Iterable[Asked], file: Path) -> None:
    """Write questions as JSON lines."""
    lines = (json.dumps({"text": one.text, "filters": one.filters, "kind": one.kind}) for one in questions)
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def read(file: Path) -> list[Asked]:
    """Return the questions of a file of JSON lines with ``text`` and, where they filter, ``filters``.

    Raises:
        ValueError: a line is not a question.
    """
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            entry = json.loads(line)
            found.append(Asked(str(entry["text"]), dict(entry.get("filters") or {}), str(entry.get("kind", "medium"))))
        except (ValueError, KeyError, TypeError) as error:
            detail = f'{file.name}, line {number}: not a question, which looks like {{"text": "...", "filters": {{}}}}'
            raise ValueError(detail) from error
    return found


def from_niches(seed: int) -> list[Asked]:
    """Return questions from the words that the taxonomy has for its niches, in an order drawn from the seed.

    They are for an installation of which nothing is known: two thirds are words alone, the others filter too.
    """
    random = Random(seed)  # noqa: S311 - a mix of questions, not a secret
    found = list(_pairs(random))
    random.shuffle(found)
    return found


def _pairs(random: Random) -> Iterator[Asked]:
    for niche in NICHES:
        names = [name for name in niche.aliases if name.isascii()][:24]
        for first, second in itertools.permutations(names, 2):
            is_filtered = random.random() < 1 / 3
            filters = _filters(random) if is_filtered else {}
            yield Asked(f"{first} {second}", filters, "filtered" if is_filtered else "medium")


def _filters(random: Random) -> dict[str, Any]:
    low = 10 ** random.uniform(3, 6)
    return random.choice(
        (
            {"platforms": [random.choice(("instagram", "youtube", "tiktok", "x"))]},
            {"countries": [random.choice(("US", "IN", "BR", "GB", "ES", "DE"))]},
            {"followers": {"min": int(low), "max": int(low * random.uniform(3, 30))}},
        )
    )
