"""Raw records from the network come to lie in the lake, are booked, and go on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from creators.errors import NotFound
from creators.ids import parse_account_id
from creators.stores import receipts

if TYPE_CHECKING:
    from creators.models import RawRecord
    from creators.stores.session import Stores

_A_MOMENT = timedelta(milliseconds=1)


def _folder(record: RawRecord) -> tuple[str, str]:
    return record.platform, record.source


def land(stores: Stores, records: Sequence[RawRecord], *, urgent: bool = False) -> list[str]:
    """Write records into the lake, one object for each platform and source, and queue them; returns the keys.

    Doing it again with the same records changes nothing. What is written and not booked, because this process died in
    between, is found by the reconciler.
    """
    # A stable sort: the records of one target stay in the order in which they were answered.
    ordered = sorted(records, key=_folder)
    objects = [
        stores.lake.put(group, landed_on=max(record.fetched_at for record in group).date())
        for group in (list(found) for _, found in groupby(ordered, key=_folder))
    ]
    for key in receipts.arrived(stores.cluster, objects, urgent=urgent):
        stores.queue.enqueue("normalise_object", key, urgent=urgent)
    return [one.key for one in objects]


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
    own = [record for record in records if record.native_id == native_id or account_id in (record.target or "")]
    about = {record.target for record in own if record.target}
    told = [record for record in records if record in own or record.target in about]
    return [
        record.model_copy(update={"degraded": True, "fetched_at": record.fetched_at + _A_MOMENT})
        for record in told
        if not record.degraded
    ]
