"""Pages that creators link to become leads: the profiles elsewhere that a page leads to.

A page describes no account by itself: whose it is, is known from who links to it. What a page calls its author's own
(``rel=me``) comes first, so that it is kept where a page leads to more than is followed.
"""

from __future__ import annotations

from creators.errors import SchemaDrift
from creators.models import Lead, RawRecord
from enrich.normalise.contract import Normalised, Payload, read_payload
from enrich.normalise.leads import Owner, lead_to, unique

KIND = "page"


class PageBody(Payload):
    """What :mod:`fetchers.sources.website` files of a page."""

    url: str
    links: tuple[str, ...]
    rel_me: tuple[str, ...]
    has_email: bool
    title: str | None = None


def normalise(record: RawRecord) -> Normalised:
    """Return the leads of a page to profiles on the platforms, each once; no account and no post.

    Raises:
        SchemaDrift: the record is no page as this version files it.
    """
    if record.kind != KIND:
        detail = f"website: kind {record.kind!r} is not {KIND!r}"
        raise SchemaDrift(detail, field="kind")
    page = read_payload(PageBody, record.body)
    owner = Owner(record.platform, record.native_id)
    return Normalised(accounts=(), leads=_leads(page, owner), missing=() if page.title else ("title",))


def _leads(page: PageBody, owner: Owner) -> tuple[Lead, ...]:
    # Pages that this page links to are not read: one step from an account is what a page is asked for.
    return unique(lead_to(url, owner, "page", pages=False) for url in (*page.rel_me, *page.links))
