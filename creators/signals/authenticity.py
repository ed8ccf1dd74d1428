"""How likely an account is automated or fake, as its profile alone tells: a probability with reasons, no verdict."""

from __future__ import annotations

from creators.models import Frozen, Platform
from creators.signals.measured import Measured, Share


class Reason(Frozen):
    """One thing about a profile that moved the probability."""

    feature: str
    """Name of the feature, as ``docs/signals.md`` lists it."""
    value: float | None = None
    """What was seen, in the unit of the feature; None where the profile does not say."""
    weight: float
    """Change of the log odds against the average profile; above 0 speaks for an automated account."""
    text: str
    """The same in words."""


class Authenticity(Measured):
    """Whether one account looks automated or fake; ``confidence`` says how far the model reaches this account."""

    account_id: str
    platform: Platform
    probability: Share
    """That the account is automated or fake, 0 to 1, calibrated on labelled profiles of X."""
    reasons: tuple[Reason, ...] = ()
    """The largest contributions, the largest first."""
