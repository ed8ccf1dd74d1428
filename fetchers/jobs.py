"""What the queue ``fetch`` runs: thin shells over the sources."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from typing import TYPE_CHECKING

from creators.errors import BadInput, BadRecord
from creators.stores import deadletters, receipts
from creators.stores.session import Stores, current_stores
from fetchers import intake
from fetchers.rounds import fetch_round
from fetchers.sources.dataset import open_rows, to_record

if TYPE_CHECKING:
    from creators.models import RawRecord
    from creators.stores.lake import LakeObject
    from fetchers.sources.dataset import Line

SLICE_BATCHES = 20
"""Batches that one job reads: a file of any length is many short jobs."""


def fetch_dataset(dataset_id: str, start: str = "0") -> None:
    """Land the rows of a dataset that come after line ``start``, one slice, and queue the next slice."""
    stores = current_stores()
    try:
        fetch_slice(stores, dataset_id, int(start))
    except BadInput as error:
        # The file itself is wrong, and trying again will not change it: the dataset ends here, with a dead letter.
        letter = deadletters.letter_of(error, stage="fetch", dataset_id=dataset_id, line=int(start))
        deadletters.add(stores.cluster, [letter])
        receipts.save_slice(
            stores.cluster, receipts.SliceReceipt(dataset_id, int(start), int(start), 0, 0, 0, complete=True)
        )
        raise


def fetch_targets(*target_ids: str) -> None:
    """Fetch targets whose time has come."""
    fetch_round(current_stores(), target_ids)


def backfill_targets(*target_ids: str) -> None:
    """Fetch targets of a backfill, when nothing else is to be done."""
    fetch_round(current_stores(), target_ids)


def fetch_slice(stores: Stores, dataset_id: str, start: int) -> receipts.SliceReceipt:
    """Land one slice of a dataset; doing it again changes nothing."""
    dataset = intake.load(stores.lake, dataset_id)
    batch_rows = stores.settings.batch_rows
    wanted = SLICE_BATCHES * batch_rows
    rows = dead = 0
    last_line = start
    landed: list[LakeObject] = []
    with stores.lake.local_file(dataset.file_key) as path:
        lines = islice(open_rows(path, dataset.mapping, start=start), wanted)
        while chunk := list(islice(lines, batch_rows)):
            objects, letters = _land(stores, dataset, chunk)
            rows += len(chunk)
            last_line = chunk[-1].number
            dead += len(letters)
            landed += objects
            deadletters.add(stores.cluster, letters)
    waiting = receipts.landed(stores.cluster, landed, dataset_id=dataset_id)
    receipt = receipts.SliceReceipt(dataset_id, start, last_line, rows, rows - dead, dead, complete=rows < wanted)
    receipts.save_slice(stores.cluster, receipt)
    for key in waiting:
        stores.queue.enqueue("normalise_object", key)
    if not receipt.complete:
        stores.queue.enqueue("fetch_dataset", dataset_id, str(last_line))
    return receipt


def _land(
    stores: Stores, dataset: intake.Dataset, lines: Iterable[Line]
) -> tuple[list[LakeObject], Sequence[deadletters.DeadLetter]]:
    records: list[RawRecord] = []
    letters: list[deadletters.DeadLetter] = []
    for line in lines:
        try:
            records.append(
                to_record(line, dataset.mapping, dataset_id=dataset.dataset_id, default_at=dataset.registered_at)
            )
        except BadRecord as error:
            letters.append(
                deadletters.letter_of(
                    error, stage="fetch", dataset_id=dataset.dataset_id, line=line.number, excerpt=line.raw
                )
            )
    records.sort(key=lambda record: record.platform)
    objects = [
        stores.lake.put(list(group), landed_on=dataset.landed_on)
        for _, group in groupby(records, key=lambda record: record.platform)
    ]
    return objects, letters
