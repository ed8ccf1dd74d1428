"""What the API and the command line show of identities, and what they are asked."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from creators.models import Frozen, Instant, Platform
from enrich.resolve.judgements import Decided, Decision
from enrich.resolve.reviews import OpenPair, PartView

User = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Note = Annotated[str, Field(max_length=2_000)]
AccountId = Annotated[str, StringConstraints(pattern=r"^[a-z]+:.+$", max_length=300)]


class Verdict(Frozen):
    """What somebody decides about a pair that waits."""

    decision: Decision
    user: User
    note: Note | None = None


class MergeRequest(Frozen):
    """Creators that are one person."""

    creator_ids: Annotated[tuple[str, ...], Field(min_length=2, max_length=10)]
    user: User
    note: Note | None = None


class UnmergeRequest(Frozen):
    """Accounts that do not belong to the rest of their creator; or a judgement that is taken back."""

    account_ids: Annotated[tuple[AccountId, ...], Field(max_length=50)] = ()
    record: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """Name of a judgement, as the history shows it: its pairs are left to the evidence again."""
    user: User
    note: Note | None = None

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if bool(self.account_ids) == (self.record is not None):
            message = "name either account_ids that leave, or the record of a judgement that is taken back"
            raise ValueError(message)
        return self


class AccountView(Frozen):
    """One account, as far as it helps to tell who it is."""

    account_id: str
    platform: Platform
    handle: str | None
    name: str | None
    bio: str | None
    url: str | None
    website: str | None
    country: str | None
    followers: int | None
    as_of: Instant
    gone: bool


class Reason(Frozen):
    """Why an account is with another one."""

    kind: Literal["declared", "matched", "judged"]
    other: str
    """The account, or the node, that it is with."""
    words: str
    at: Instant
    probability: float | None = None
    parts: tuple[PartView, ...] = ()
    """The waterfall of a match, in bits; it sums to the weight behind the probability."""


class Member(Frozen):
    """One account of a creator, with every reason for being there; none for one that stands alone."""

    account: AccountView
    because: tuple[Reason, ...]


class NearMiss(Frozen):
    """An account that looks like one of the creator's and is not joined."""

    own: str
    account: AccountView
    creator_id: str
    """Leads to the creator that it belongs to."""
    probability: float
    words: str
    parts: tuple[PartView, ...]


class IdentityView(Frozen):
    """One creator: its accounts, why they are together, and what nearly was."""

    creator_id: str
    former_ids: tuple[str, ...]
    """Ids that lead here."""
    accounts: tuple[Member, ...]
    near_misses: tuple[NearMiss, ...]
    judgements: tuple[Decided, ...]
    """Every decision about these accounts, the oldest first; of a pair the last one stands."""


class ReviewView(Frozen):
    """A pair that waits for a decision, both accounts side by side."""

    pair: OpenPair
    accounts: tuple[AccountView, ...]
    creator_ids: tuple[str, ...]


class ReviewPage(Frozen):
    """Pairs that wait, and how many there are in all."""

    total: int
    reviews: tuple[ReviewView, ...]
