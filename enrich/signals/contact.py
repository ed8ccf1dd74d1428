"""Which ways of contact a creator shows: whether, never which address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from creators.models import Account
from creators.signals.content import Contact
from enrich.signals.embedding_text import by_audience
from enrich.signals.facts import CreatorFacts
from enrich.signals.said import as_of


class ContactSignal:
    """Whether any account of a creator shows an e-mail address, a telephone number or a website."""

    name = "contact"
    version = "1"

    def inputs(self, facts: CreatorFacts) -> Any:
        """Return what each account shows."""
        shown = [(account.account_id, *_shown(account)) for account in by_audience(facts.accounts)]
        return [shown, as_of(facts, ()).isoformat()]

    def compute(self, batch: Sequence[CreatorFacts]) -> list[Contact | None]:
        """Return the ways of contact of each creator; None where no record says anything about them."""
        return [_contact(facts) for facts in batch]


def _shown(account: Account) -> tuple[bool | None, bool | None, bool]:
    return account.has_email, account.has_phone, account.website is not None


def _contact(facts: CreatorFacts) -> Contact | None:
    known = [account for account in facts.accounts if _says_anything(account)]
    if not known:
        return None
    reachable = {account.platform.value for account in known if account.has_email or account.has_phone}
    return Contact(
        email=any(account.has_email for account in known),
        phone=any(account.has_phone for account in known),
        website=any(account.website for account in known),
        platforms=tuple(sorted(reachable)),
        method="shown",
        as_of=as_of(facts, ()),
        sample_size=len(known),
    )


def _says_anything(account: Account) -> bool:
    """Return whether its absence of contact would mean anything: a bio was read, or a field was stated."""
    stated = account.has_email is not None or account.has_phone is not None or account.website is not None
    return stated or bool(account.bio and not account.bio_composed)
