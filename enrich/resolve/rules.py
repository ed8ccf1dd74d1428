"""What an operator decides about joining accounts, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from creators.errors import SetupError
from creators.ids import parse_account_id
from enrich.resolve import thresholds

if TYPE_CHECKING:
    from creators.settings import Settings


@dataclass(frozen=True, slots=True)
class Rules:
    """From which probability pairs are joined or shown to a person, and whose accounts are never matched."""

    merge: float = thresholds.MERGE
    review: float = thresholds.REVIEW
    exclude: frozenset[str] = frozenset()

    def allows(self, account_id: str) -> bool:
        """Return whether the account may be joined because it looks like another."""
        return parse_account_id(account_id)[0] not in self.exclude


def rules_of(settings: Settings) -> Rules:
    """Return the rules of the settings.

    Raises:
        SetupError: pairs would be joined that are not probable enough to be looked at.
    """
    if settings.identity_review > settings.identity_merge:
        detail = (
            f"CREATORSCOPE_IDENTITY_REVIEW ({settings.identity_review}) is above CREATORSCOPE_IDENTITY_MERGE "
            f"({settings.identity_merge}): a pair is looked at below the probability at which it is joined"
        )
        raise SetupError(detail, field="identity_review")
    exclude = frozenset(filter(None, settings.identity_exclude.split(",")))
    return Rules(settings.identity_merge, settings.identity_review, exclude)
