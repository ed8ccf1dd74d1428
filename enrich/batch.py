"""What the records of one lake object say, whichever source they come from."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from creators.datasets import DatasetMapping, parse_mapping
from creators.errors import BadRecord, CreatorscopeError, SchemaDrift
from creators.stores import deadletters, tallies
from creators.stores.lake import DATASETS
from creators.stores.steps import MAX_ATTEMPTS, care, ran_out_of_time
from creators.stores.tallies import Count
from enrich.normalise import dataset, normaliser_of, post_facts
from enrich.normalise.contact import seal

if TYPE_CHECKING:
    from creators.annotations import Annotation
    from creators.models import Account, Lead, Post, RawRecord
    from creators.stores.lake import Lake
    from enrich.normalise import Normalised


@dataclass(slots=True)
class Batch:
    """The accounts, posts and leads of one object, and which record each account comes from."""

    accounts: list[Account] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    leads: list[Lead] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    records_of: dict[str, list[str]] = field(default_factory=dict)
    """Place of a record → the accounts it is about."""
    fetched: dict[str, list[str]] = field(default_factory=dict)
    """Target → the accounts that were found for it."""
    missing: dict[tuple[str, str], int] = field(default_factory=dict)
    """(source, field) → records that lack it."""
    letters: list[deadletters.DeadLetter] = field(default_factory=list)

    @property
    def quality(self) -> list[Count]:
        """What the records lack, and how many have not the form that their source documents."""
        lacking = [tallies.missing(source, name, records) for (source, name), records in self.missing.items()]
        return lacking + [tallies.drift(letter.source) for letter in self.letters if letter.error == SchemaDrift.code]

    def add(self, place: int, record: RawRecord, found: Normalised) -> None:
        """Take in what one record says."""
        self.accounts += found.accounts
        self.posts += found.posts
        self.leads += found.leads
        self.annotations += found.annotations
        described = [account.account_id for account in found.accounts]
        posted = (post.account_id for post in found.posts)
        about = dict.fromkeys((*described, *posted, *(one.account_id for one in found.annotations)))
        self.records_of[str(place)] = list(about)
        if record.target is not None:
            self.fetched.setdefault(record.target, []).extend(described)
        for name in found.missing:
            self.missing[record.source, name] = self.missing.get((record.source, name), 0) + 1


def _place(record: RawRecord, position: int) -> int:
    """Return the line in the file of a row, else the position in the object."""
    return int(record.body["line"]) if record.source == dataset.SOURCE else position


def _where(record: RawRecord, key: str, place: int) -> dict[str, Any]:
    is_row = record.source == dataset.SOURCE
    return {
        "stage": "normalise",
        "source": record.source,
        "dataset_id": record.body["dataset"] if is_row else None,
        "raw_key": key,
        "line": place,
        "excerpt": json.dumps(record.body["row"] if is_row else record.body, ensure_ascii=False),
        "target": record.target,
    }


def _limited(record: RawRecord, found: Normalised) -> Normalised:
    """Return what a record says, with what its owner lets it be used for on every account."""
    if record.may_derive and record.may_merge:
        return found
    uses = {"may_derive": record.may_derive, "may_merge": record.may_merge}
    return found.model_copy(update={"accounts": tuple(one.model_copy(update=uses) for one in found.accounts)})


class Reader:
    """Normalises records; mappings of datasets are read from the lake once.

    With a ``key``, e-mail addresses and the ids of commenters leave as keyed hashes; without, as nothing.
    """

    def __init__(self, lake: Lake, key: bytes | None = None) -> None:
        self._lake, self._key = lake, key
        self._mappings: dict[str, DatasetMapping] = {}

    def normalise(self, record: RawRecord) -> Normalised:
        """Return what a record says; raises :class:`BadRecord`."""
        if record.source == dataset.SOURCE:
            return dataset.normalise(record, self._mapping(str(record.body["dataset"])))
        return _limited(record, normaliser_of(record.source)(record))

    def _mapping(self, dataset_id: str) -> DatasetMapping:
        if dataset_id not in self._mappings:
            manifest = self._lake.get_json(f"{DATASETS}/{dataset_id}/manifest.json")
            self._mappings[dataset_id] = parse_mapping(manifest["mapping"])
        return self._mappings[dataset_id]

    def read(self, key: str, records: Sequence[RawRecord], *, only: Collection[int] | None = None) -> Batch:
        """Return what the records of an object say; those that cannot be used become dead letters.

        Args:
            key: of the object.
            records: all that it holds.
            only: lines or places of those to read; None for all.
        """
        batch, known = Batch(), care()
        for place, record in self._placed(records):
            if only is not None and place not in only:
                continue
            if place in known.poisoned:
                reason = f"gave up after {MAX_ATTEMPTS} attempts: each ended the process that read this record"
                where = _where(record, key, place)
                letter = deadletters.DeadLetter(error=deadletters.POISON, reason=reason, attempts=MAX_ATTEMPTS, **where)
                batch.letters.append(letter)
                continue
            with known.in_hand(place):
                self._take(batch, key, place, record)
        return batch

    def _take(self, batch: Batch, key: str, place: int, record: RawRecord) -> None:
        try:
            batch.add(place, record, self._sealed(self.normalise(record)))
        except BadRecord as error:
            batch.letters.append(deadletters.letter_of(error, **_where(record, key, place)))
        except CreatorscopeError:
            raise
        except Exception as error:
            if ran_out_of_time(error) or isinstance(error, MemoryError):
                raise
            # A defect of the normaliser: it is pure, so it will fail again, and the neighbours need not wait for that.
            reason = f"{type(error).__name__}: {error}"
            letter = deadletters.DeadLetter(error="normaliser_failed", reason=reason, **_where(record, key, place))
            batch.letters.append(letter)

    def _sealed(self, found: Normalised) -> Normalised:
        if self._key is None:
            sealed = tuple(account.model_copy(update={"emails": ()}) for account in found.accounts)
        else:
            sealed = tuple(seal(account, self._key) for account in found.accounts)
        posts = tuple(post_facts.seal(post, self._key) for post in found.posts)
        return found.model_copy(update={"accounts": sealed, "posts": posts})

    @staticmethod
    def _placed(records: Sequence[RawRecord]) -> Iterator[tuple[int, RawRecord]]:
        return ((_place(record, position), record) for position, record in enumerate(records))
