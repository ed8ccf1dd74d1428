"""What an account says of itself, in the way that every network has: a name, a bio, a website."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from creators.models import Account, Lead, RawRecord
from creators.profiles import profile_url
from enrich.normalise.contact import contact_facts
from enrich.normalise.leads import Owner, addresses, lead_to, leads_in, links_to
from enrich.normalise.masking import safe_line, safe_text


@dataclass(frozen=True, slots=True)
class OwnWords:
    """The texts of a profile, as its source has them but for the website, which is an address or None."""

    owner: Owner
    name: str | None
    bio: str | None
    website: str | None

    @property
    def _said(self) -> tuple[str, ...]:
        return (self.website,) if self.website else ()

    def account(self, record: RawRecord, **facts: Any) -> Account:
        """Return the account with the other ``facts`` of its source; its ways of contact are those that it shows."""
        return Account(
            platform=self.owner.platform,
            native_id=self.owner.native_id,
            handle=self.owner.handle,
            name=safe_line(self.name),
            bio=safe_text(self.bio),
            url=profile_url(self.owner.platform, self.owner.handle, self.owner.native_id),
            website=self.website,
            links=links_to((*addresses(self.bio), *self._said), self.owner),
            source=record.source,
            tier=record.tier,
            degraded=record.degraded,
            fetched_at=record.fetched_at,
            **(contact_facts(self.name, self.bio) | facts),
        )

    def leads(self) -> Iterator[Lead | None]:
        """Yield whom the bio and the website name."""
        yield from leads_in(self.bio, self.owner, pages=True)
        for url in self._said:
            yield lead_to(url, self.owner)
