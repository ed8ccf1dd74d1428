"""Raw records from the network come to lie in the lake, are booked, and go on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from creators.errors import NotFound
from creators.ids import parse_account_id
from creators.stores import receipts
from creators.targets import TaskKind
from creators.tombstones import GONE
from fetchers.policy import permitted
from fetchers.sources import all_sources

if TYPE_CHECKING:
    from creators.models import RawRecord
    from creators.stores.session import Stores

_A_MOMENT = timedelta(milliseconds=1)


def _folder(record: RawRecord) -> tuple[str, str]:
    return record.platform, record.source


def land(stores: Stores, records: Sequence[RawRecord], *, landed_on: date, urgent: bool = False) -> list[str]:
    """Write records into the lake, one object for each platform and source, and queue them; returns the keys.

    Each is stamped with what the policy of its source lets it be used for (:func:`fetchers.policy.permitted`).
    Doing it again with the same records on the same day changes nothing. What is written and not booked, because this
    process died in between, is found by the reconciler.

    Args:
        stores: to work with.
        records: of any platforms and sources, and of any age.
        landed_on: the day on which they came, under which the reconciler looks for them.
        urgent: whether somebody waits for them.
    """
    # A stable sort: the records of one target stay in the order in which they were answered.
    ordered = sorted(permitted(records, stores.settings, all_sources()), key=_folder)
    objects = [
        stores.lake.put(group, landed_on=landed_on)
        for group in (list(found) for _, found in groupby(ordered, key=_folder))
    ]
    for key in receipts.arrived(stores.cluster, objects, urgent=urgent):
        stores.queue.enqueue("normalise_object", key, urgent=urgent)
    return [one.key for one in objects]


def land_by_day(stores: Stores, records: Sequence[RawRecord], *, urgent: bool = False) -> list[str]:
    """Land records under the day on which each was fetched, so that landing them again finds them; returns the keys."""
    ordered = sorted(records, key=lambda record: record.fetched_at)
    return [
        key
        for day, group in groupby(ordered, key=lambda record: record.fetched_at.date())
        for key in land(stores, list(group), landed_on=day, urgent=urgent)
    ]


def _is_about(target: str | None, account_id: str) -> bool:
    kind, _, named = (target or "").partition(":")
    return kind != TaskKind.SEARCH and (named == account_id or named.startswith(f"{account_id} "))


def last_known(stores: Stores, account_id: str) -> list[RawRecord]:
    """Return the records that an account's profile was made from, flagged ``degraded``; none where it has none.

    They keep the time at which they were true, which tells their age, but for a millisecond by which they stand over
    themselves. A profile that is degraded already stays as it is.
    """
    platform, native_id = parse_account_id(account_id)
    profile = stores.cluster.sources(f"profiles-{platform}", [account_id], fields=["raw_key"]).get(account_id)
    if profile is None:
        return []
    try:
        records = stores.lake.read(profile["raw_key"])
    except NotFound:
        return []
    own = [record for record in records if record.native_id == native_id or _is_about(record.target, account_id)]
    # What a search found beside it is about others.
    about = {record.target for record in own if record.target and not record.target.startswith(f"{TaskKind.SEARCH}:")}
    told = [record for record in records if record in own or record.target in about]
    return [
        record.model_copy(update={"degraded": True, "fetched_at": record.fetched_at + _A_MOMENT})
        for record in told
        if not record.degraded and record.source != GONE
    ]
