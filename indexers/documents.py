"""A creator with accounts and signals becomes the document that search reads; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from creators.models import DOMAIN_OF, Account, Domain
from creators.signals.content import Contact
from creators.signals.creator import Signals
from creators.signals.performance import Engagement
from creators.text import clean_line, transliterate
from indexers.signal_fields import country_of, metric_fields, rate_of, signal_fields
from mappings.fields import VECTOR
from mappings.niches import NICHES

CreatorDocument = dict[str, Any]
"""One document of ``creators``; its keys are the fields of the strict mapping, which refuses any other."""

FLOAT_DIGITS = 6
"""Digits of a vector's components in JSON: the error is far below what the index resolves."""
_LABELS = {niche.id: niche.label for niche in NICHES}


def primary_account(accounts: Sequence[Account]) -> Account:
    """Return the account with the largest known audience, else the first."""
    known = [account for account in accounts if account.followers is not None]
    if not known:
        return accounts[0]
    return max(known, key=lambda account: (account.followers or 0, account.account_id))


def domain_of(accounts: Sequence[Account]) -> Domain:
    """Return the form of content of the largest account."""
    return DOMAIN_OF[primary_account(accounts).platform]


def _distinct(values: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))


def _account_facts(account: Account, engagement: Sequence[Engagement]) -> dict[str, Any]:
    known = rate_of(engagement, account.account_id)
    facts = {
        "account_id": account.account_id,
        "native_id": account.native_id,
        "handle": account.handle,
        "name": account.name,
        "url": account.url,
        "followers": account.followers,
        "following": account.following,
        "posts": account.posts,
        "views": account.views,
        **{f"average_{name}": value for name, value in account.averages},
        "engagement_rate": known.rate if known else None,
        "verified": account.verified,
        "joined_on": account.joined_on.isoformat() if account.joined_on else None,
        "last_posted_at": account.last_posted_at.isoformat() if account.last_posted_at else None,
        "as_of": account.fetched_at.isoformat(),
        "source": account.source,
        "tier": account.tier,
        "degraded": account.degraded,
        "provenance": account.provenance,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _per_platform(accounts: Sequence[Account], engagement: Sequence[Engagement]) -> dict[str, Any]:
    """One account a platform; of several on one platform the largest stands for it."""
    best: dict[str, Account] = {}
    for account in accounts:
        other = best.get(account.platform)
        best[account.platform] = account if other is None else primary_account((other, account))
    return {platform: _account_facts(account, engagement) for platform, account in sorted(best.items())}


def _has(accounts: Sequence[Account], contact: Contact | None) -> list[str]:
    shown = {
        "email": any(account.has_email for account in accounts) or (contact is not None and contact.email),
        "phone": any(account.has_phone for account in accounts) or (contact is not None and contact.phone),
        "website": any(account.website for account in accounts),
    }
    return sorted(
        {*(str(account.platform) for account in accounts), *(way for way, is_there in shown.items() if is_there)}
    )


def _best_bio(accounts: Sequence[Account]) -> Account | None:
    """The longest bio that somebody wrote, else a composed one."""
    with_bio = [account for account in accounts if account.bio]
    return max(with_bio, key=lambda a: (not a.bio_composed, len(a.bio or ""), a.account_id), default=None)


def _identity_fields(accounts: Sequence[Account], first: Account, contact: Contact | None) -> dict[str, Any]:
    names = _distinct(account.name and clean_line(account.name) for account in accounts)
    handles = _distinct(account.handle for account in accounts)
    name = (clean_line(first.name) if first.name else None) or next(iter(names), None) or first.handle
    return {
        "name": name or first.native_id,
        "names": names,
        # A handle in another script is typed in Latin letters too.
        "names_ascii": _distinct(map(transliterate, [*names, *(one for one in handles if not one.isascii())])),
        "handles": handles,
        "platforms": sorted({str(account.platform) for account in accounts}),
        "primary_platform": str(first.platform),
        "has": _has(accounts, contact),
        "website": next((account.website for account in accounts if account.website), None),
        "links": [link.model_dump(exclude_none=True) for account in accounts for link in account.links] or None,
    }


def _niche_fields(signals: Signals) -> dict[str, Any]:
    niches = [score.niche for score in signals.niches]
    return {
        "niches": niches,
        "primary_niche": next(iter(niches), None),
        "niche_labels": [_LABELS[niche] for niche in niches],
        "niche_scores": {score.niche: round(score.confidence, 3) for score in signals.niches} or None,
    }


def _time_fields(accounts: Sequence[Account]) -> dict[str, Any]:
    joined = [account.joined_on for account in accounts if account.joined_on]
    posted = [account.last_posted_at for account in accounts if account.last_posted_at]
    return {
        "joined_on": min(joined).isoformat() if joined else None,
        "last_posted_at": max(posted).isoformat() if posted else None,
        "as_of": max(account.fetched_at for account in accounts).isoformat(),
    }


def _languages(accounts: Sequence[Account], signals: Signals) -> dict[str, Any]:
    used = signals.language
    languages = _distinct([used.language if used else None, *(account.language for account in accounts)])
    return {"languages": languages, "language_confidence": used.confidence if used else None}


def build_document(creator_id: str, accounts: Sequence[Account], signals: Signals, *, recipe: str) -> CreatorDocument:
    """Return the document of one creator; absent facts are absent fields.

    Args:
        creator_id: of the creator.
        accounts: at least one.
        signals: computed from these accounts.
        recipe: version of the text that the vector encodes.
    """
    first = primary_account(accounts)
    bio = _best_bio(accounts)
    doc: Mapping[str, Any] = {
        "creator_id": creator_id,
        "domain": domain_of(accounts),
        **_identity_fields(accounts, first, signals.contact),
        "bio": bio.bio if bio else None,
        "bio_composed": bio.bio_composed if bio else None,
        "categories": _distinct(category for account in accounts for category in account.categories),
        "topics": _distinct(topic for account in accounts for topic in account.topics),
        **_niche_fields(signals),
        "countries": _distinct([*(account.country for account in accounts), country_of(signals)]),
        **_languages(accounts, signals),
        **metric_fields(first, signals),
        **signal_fields(first, signals),
        "verified": any(account.verified for account in accounts) or None,
        **_time_fields(accounts),
        "account_count": len(accounts),
        "sources": _distinct(account.source for account in accounts),
        "degraded": any(account.degraded for account in accounts),
        "accounts": _per_platform(accounts, signals.engagement),
        "text_hash": signals.text_hash,
        "recipe": recipe,
        VECTOR: [round(component, FLOAT_DIGITS) for component in signals.vector],
    }
    return {name: value for name, value in doc.items() if value is not None and value != []}
