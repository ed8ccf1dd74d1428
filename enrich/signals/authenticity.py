"""How likely an account is automated or fake, from its profile alone: a calibrated probability with its reasons.

An additive model in log-odds: ``P = 1 / (1 + exp(-(b + sum of f_j(x_j))))``, where every ``f_j`` is a piecewise linear
curve with mean 0 over the labelled profiles, so that what is unknown adds nothing and every part is a reason by itself.
The curves were learnt from profiles of X of 2017 of which half are bots; ``b`` is moved to the share of bots among
active accounts there, 9 to 15 % (Varol et al. 2017, arXiv 1703.03107). ``benchmarks/signals`` measures it.

It is evidence and no verdict. ``confidence`` is the part of the features that is known, times how well the model orders
accounts that experts judged (2 · AUC - 1), and half of that on networks whose profiles it has never seen.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from creators.ids import content_hash
from creators.models import Account, Platform
from creators.signals.authenticity import Authenticity, Reason
from enrich.signals.embedding_text import by_audience
from enrich.signals.facts import CreatorFacts
from enrich.signals.profile_features import FEATURE_NAMES, Profile, in_words, profile_features

CODE_VERSION = "1"
METHOD = "additive_profile_model_x2017"
MIN_KNOWN = 6
"""Features that must be known: handle, name and one count are not enough."""
OFF_PLATFORM = 0.5
MAX_REASONS = 5
LEAST_WEIGHT = 0.1
"""In log-odds; what moves the answer less is no reason."""
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Curve:
    """A piecewise linear function of ``asinh(x)``, constant beyond its ends."""

    knots: tuple[float, ...]
    values: tuple[float, ...]

    def at(self, value: float) -> float:
        """Return the change of the log-odds at ``value``."""
        return float(np.interp(math.asinh(value), self.knots, self.values))


@dataclass(frozen=True, slots=True)
class ProfileModel:
    """A trained model.

    Attributes:
        bias: log-odds of the average profile.
        curves: feature → its part of the log-odds.
        reach: how well it orders accounts of X that experts judged, 0 to 1.
        fingerprint: hash of all of it.
    """

    bias: float
    curves: Mapping[str, Curve]
    reach: float
    fingerprint: str

    @classmethod
    def read(cls, text: str) -> ProfileModel:
        """Return the model that a JSON text holds."""
        document = json.loads(text)
        curves = {name: Curve(tuple(one["knots"]), tuple(one["values"])) for name, one in document["curves"].items()}
        return cls(document["bias"], curves, document["reach"], content_hash(text.encode()))

    @classmethod
    def shipped(cls) -> ProfileModel:
        """Return the model of this version of the program."""
        return _shipped()

    def parts(self, features: Mapping[str, float | None]) -> dict[str, float]:
        """Return the change of the log-odds by each feature that is known."""
        return {
            name: curve.at(value) for name, curve in self.curves.items() if (value := features.get(name)) is not None
        }

    def probability(self, features: Mapping[str, float | None]) -> float:
        """Return how likely the account is automated or fake, 0 to 1."""
        return 1 / (1 + math.exp(-(self.bias + math.fsum(self.parts(features).values()))))


class AuthenticitySignal:
    """How likely each account of a creator is automated or fake; the largest audience first."""

    name = "authenticity"

    def __init__(self, model: ProfileModel | None = None) -> None:
        self._model = model or ProfileModel.shipped()
        self.version = f"{CODE_VERSION}-{self._model.fingerprint[:16]}"

    def inputs(self, facts: CreatorFacts) -> Any:
        """Return the profiles, the largest audience first."""
        return [[account.account_id, account.fetched_at.isoformat(), _read(account)] for account in _ordered(facts)]

    def compute(self, batch: Sequence[CreatorFacts]) -> list[tuple[Authenticity, ...]]:
        """Return one value per account of which at least six features are known."""
        return [
            tuple(found for account in _ordered(facts) if (found := authenticity(account, self._model)) is not None)
            for facts in batch
        ]


def authenticity(account: Account, model: ProfileModel) -> Authenticity | None:
    """Return how likely the account is automated or fake, or None where too little of its profile is known."""
    features = profile_features(profile_of(account))
    parts = model.parts(features)
    if len(parts) < MIN_KNOWN:
        return None
    coverage = len(parts) / len(model.curves)
    reach = model.reach * (1.0 if account.platform is Platform.X else OFF_PLATFORM)
    strongest = sorted(parts, key=lambda name: (-abs(parts[name]), name))[:MAX_REASONS]
    return Authenticity(
        account_id=account.account_id,
        platform=account.platform,
        probability=round(model.probability(features), DIGITS),
        reasons=tuple(
            _reason(name, features[name] or 0.0, parts[name]) for name in strongest if abs(parts[name]) >= LEAST_WEIGHT
        ),
        method=METHOD,
        confidence=round(coverage * reach, DIGITS),
        sample_size=len(parts),
        as_of=account.fetched_at,
    )


def profile_of(account: Account) -> Profile:
    """Return what the features are measured on; a missing bio or website may be one that the source does not tell."""
    age = None
    if account.joined_on is not None:
        age = float(max(0, (account.fetched_at.date() - account.joined_on).days))
    return Profile(
        handle=account.handle,
        name=account.name,
        bio=None if account.bio_composed else account.bio,
        website=True if account.website else None,
        followers=account.followers,
        following=account.following,
        posts=account.posts,
        age_days=age,
    )


def _reason(name: str, value: float, weight: float) -> Reason:
    side = "speaks for" if weight > 0 else "speaks against"
    text = f"{in_words(name, value)}: {side} an automated account"
    return Reason(feature=name, value=round(value, DIGITS), weight=round(weight, DIGITS), text=text)


def _ordered(facts: CreatorFacts) -> list[Account]:
    return by_audience(facts.accounts)


def _read(account: Account) -> list[float | None]:
    features = profile_features(profile_of(account))
    return [features[name] for name in FEATURE_NAMES]


@cache
def _shipped() -> ProfileModel:
    return ProfileModel.read((resources.files("enrich.signals") / "data" / "authenticity.json").read_text("utf-8"))
