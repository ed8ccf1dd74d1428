"""The match model: two accounts become the probability that one person has both, with a reason for every bit; pure.

Fellegi-Sunter: ``weight = prior + Σ log2(m / u)`` over the comparisons, in bits; the probability is the calibrated
logistic function of the weight. All weights are multiples of 1/1024, so a waterfall adds up exactly.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any, Self

from creators.errors import SetupError
from creators.ids import content_hash
from enrich.resolve.comparisons import COMPARISONS, HANDLES, Levels, compare
from enrich.resolve.estimation import Chances
from enrich.resolve.evidence import Evidence
from enrich.resolve.handles import HandleLevel
from enrich.resolve.names import NameLevel
from enrich.resolve.rarity import Rarity

GRAIN = 1024
LIMIT = 14.0
"""Bits that one comparison may add or take: a table of finite size knows no certainty."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one comparison adds to the weight of a pair."""

    name: str
    level: str
    weight: float
    """Bits: positive speaks for one person."""
    detail: str
    """The reason in words."""


@dataclass(frozen=True, slots=True)
class Match:
    """A scored pair; ``left < right``. ``weight`` is exactly the sum of the weights of the parts."""

    left: str
    right: str
    probability: float
    weight: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class MatchModel:
    """Learnt chances of the levels, prior, calibration and the rarity table that comparisons look words up in."""

    chances: tuple[Chances, ...]
    prior: float
    """Bits: log2 of the odds that two accounts with a common key are one person."""
    slope: float
    intercept: float
    """Natural log-odds = slope · weight + intercept."""
    rarity: Rarity
    source: str
    """Which data it was learnt from, and by which command."""
    weights: tuple[tuple[float, ...], ...] = ()
    """Bits of every level; follows from the chances."""

    @classmethod
    def of(cls, parameters: Parameters, rarity: Rarity, source: str) -> Self:
        """Return the model with these parameters."""
        weights = tuple((0.0, *map(_bits, one.m[1:], one.u[1:])) for one in parameters.chances)
        prior = round(parameters.prior * GRAIN) / GRAIN
        return cls(parameters.chances, prior, parameters.slope, parameters.intercept, rarity, source, weights)

    @classmethod
    def shipped(cls) -> MatchModel:
        """Return the model that comes with the program; raises SetupError where its file does not fit the code."""
        return _shipped()

    @property
    def version(self) -> str:
        """Hash of all that a score depends on besides the two accounts."""
        return content_hash(json.dumps(self.as_json(), sort_keys=True).encode())[:16]

    def with_rarity(self, rarity: Rarity) -> Self:
        """Return the model with another population's rarity table."""
        return replace(self, rarity=rarity)

    def score(self, levels: Levels) -> tuple[float, float]:
        """Return weight (bits) and probability of a pair with these levels."""
        weight = self.prior + sum(table[level] for table, level in zip(self.weights, levels, strict=True))
        return weight, 1 / (1 + math.exp(-max(-700.0, self.slope * weight + self.intercept)))

    def match(self, left: Evidence, right: Evidence) -> Match:
        """Return the scored pair with its waterfall; the same for ``(right, left)``."""
        if right.account_id < left.account_id:
            left, right = right, left
        levels = compare(left, right, self.rarity)
        weight, probability = self.score(levels)
        return Match(left.account_id, right.account_id, probability, weight, self.parts(levels))

    def parts(self, levels: Levels) -> tuple[Part, ...]:
        """Return the waterfall of a pair with these levels: the prior, then every comparison that says something."""
        found = [Part("prior", "compared", self.prior, "before anything is compared")]
        for at, level in enumerate(levels):
            comparison = COMPARISONS[at]
            if level and comparison.name == "naming":
                found += self._naming(level)
            elif level:
                label = comparison.levels[level]
                found.append(Part(comparison.name, label, self.weights[at][level], f"{comparison.name}: {label}"))
        return tuple(found)

    def _naming(self, level: int) -> list[Part]:
        """Part the joint weight: what the names alone say, and what the handles add to that."""
        joint, names = self.chances[0], slice(level // HANDLES * HANDLES, (level // HANDLES + 1) * HANDLES)
        alone = _bits(sum(joint.m[names]), sum(joint.u[names]))
        name, handle = NameLevel(level // HANDLES), HandleLevel(level % HANDLES)
        both = (("name", name, alone), ("handle", handle, self.weights[0][level] - alone))
        return [Part(kind, one.name.lower(), weight, one.says) for kind, one, weight in both]

    def as_json(self) -> dict[str, Any]:
        """Return the model as JSON; the inverse of :meth:`of_json`."""
        levels = {
            comparison.name: {label: [m, u] for label, m, u in zip(comparison.levels, chance.m, chance.u, strict=True)}
            for comparison, chance in zip(COMPARISONS, self.chances, strict=True)
        }
        return {
            "source": self.source,
            "prior": self.prior,
            "calibration": {"slope": self.slope, "intercept": self.intercept},
            "comparisons": levels,
            "rarity": self.rarity.as_json(),
        }

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> MatchModel:
        """Return the model that :meth:`as_json` wrote; raises SetupError where the levels are not those of the code."""
        try:
            found = tuple(_chances(data["comparisons"][one.name], one.levels) for one in COMPARISONS)
            line = data["calibration"]
            parameters = Parameters(found, data["prior"], line["slope"], line["intercept"])
            return cls.of(parameters, Rarity.of_json(data["rarity"]), data["source"])
        except (KeyError, TypeError) as error:
            detail = f"the match model lacks {error}: learn it again with this version (creatorscope identity learn)"
            raise SetupError(detail) from error


@dataclass(frozen=True, slots=True)
class Parameters:
    """What is learnt."""

    chances: tuple[Chances, ...]
    prior: float
    slope: float
    intercept: float


def _chances(table: Mapping[str, Sequence[float]], levels: tuple[str, ...]) -> Chances:
    return Chances(tuple(table[level][0] for level in levels), tuple(table[level][1] for level in levels))


def _bits(m: float, u: float) -> float:
    return round(max(-LIMIT, min(LIMIT, math.log2(m / u))) * GRAIN) / GRAIN


@cache
def _shipped() -> MatchModel:
    data = resources.files("enrich.resolve") / "data" / "model.json"
    return MatchModel.of_json(json.loads(data.read_text(encoding="utf-8")))
