"""Who is who, for the API and the command line: why accounts are together, what is open, and what people decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from api.identity_views import (
    AccountView,
    IdentityView,
    Member,
    MergeRequest,
    NearMiss,
    Reason,
    ReviewPage,
    ReviewView,
    UnmergeRequest,
    Verdict,
)
from creators import ids
from creators.errors import BadInput, NotFound
from creators.models import Account
from enrich import profiles
from enrich.resolve import judgements, neighbourhood, resolution, reviews
from enrich.resolve.judgements import Decision, Judgement
from enrich.resolve.neighbourhood import Neighbourhood
from enrich.resolve.resolution import Judged
from enrich.resolve.reviews import PartView, Wanted
from enrich.resolve.rules import rules_of

if TYPE_CHECKING:
    from creators.stores.session import Stores
    from enrich.resolve.edges import Edge

MAX_NEAR_MISSES = 20
MAX_REDIRECTS = 5
_DECLARED = {
    "person_id": "a source names one person for both",
    "declared_link": "one links to the other, or both to the same",
    "same_handle": "one was known by the handle of the other",
}


def members_of(stores: Stores, creator_id: str) -> tuple[str, list[str]]:
    """Return the id under which a creator lives now, and its accounts; raises :class:`NotFound`."""
    current = creator_id
    for _ in range(MAX_REDIRECTS):
        doc = stores.cluster.sources("identities", [current]).get(current)
        if doc is None:
            break
        if not doc["redirect_to"]:
            return current, list(doc["account_ids"])
        current = doc["redirect_to"]
    detail = f"no creator has the id {creator_id[:100]!r}"
    raise NotFound(detail)


def explain(stores: Stores, creator_id: str) -> IdentityView:
    """Return why a creator's accounts are together, and which others nearly were; raises :class:`NotFound`."""
    current, members = members_of(stores, creator_id)
    rules = rules_of(stores.settings)
    found = neighbourhood.read(stores.cluster, members, rules)
    near = {pair: doc for pair, doc in found.matches.items() if len({*pair}.intersection(members)) == 1}
    nearest = sorted(near, key=lambda pair: (-near[pair]["probability"], pair))[:MAX_NEAR_MISSES]
    accounts = profiles.load_accounts(stores.cluster, {*members, *(one for pair in nearest for one in pair)})
    known = [pair for pair in nearest if {*pair} <= {*accounts}]
    missed = [_near_miss(found, near[pair], set(members), accounts, rules.merge) for pair in known]
    own = [account_id for account_id in members if account_id in accounts]
    return IdentityView(
        creator_id=current,
        former_ids=tuple(sorted({*map(ids.creator_id, members)} - {current})),
        accounts=tuple(Member(account=_view(accounts[one]), because=_reasons(found, one, members)) for one in own),
        near_misses=tuple(missed),
        judgements=tuple(judgements.history(stores.cluster, members)),
    )


def _view(account: Account) -> AccountView:
    told = {name: getattr(account, name) for name in AccountView.model_fields if name != "as_of"}
    return AccountView(**told, as_of=account.fetched_at)


def _reasons(found: Neighbourhood, account_id: str, members: Sequence[str]) -> tuple[Reason, ...]:
    others = {*members} - {account_id}
    reasons = [
        _declared(edge, other)
        for (left, right), edge in found.declared.items()
        if (other := _other(account_id, left, right)) is not None
    ]
    for pair, decided in found.judged.items():
        if decided.decision == "same" and (other := _other(account_id, *pair)) in others:
            reasons.append(Reason(kind="judged", other=str(other), words="a person said so", at=decided.at))
    for pair, doc in found.matches.items():
        if (other := _other(account_id, *pair)) in others:
            reasons.append(_matched(doc, str(other)))
    return tuple(sorted(reasons, key=lambda one: (one.kind, one.other)))


def _other(account_id: str, left: str, right: str) -> str | None:
    return right if account_id == left else left if account_id == right else None


def _declared(edge: Edge, other: str) -> Reason:
    return Reason(kind="declared", other=other, words=_DECLARED[edge.kind], at=edge.at)


def _matched(doc: Mapping[str, Any], other: str) -> Reason:
    words = "they look like one person"
    return Reason(
        kind="matched", other=other, words=words, at=doc["at"], probability=doc["probability"], parts=_parts(doc)
    )


def _parts(doc: Mapping[str, Any]) -> tuple[PartView, ...]:
    return tuple(PartView(**part) for part in doc["evidence"]["parts"])


def _near_miss(
    found: Neighbourhood,
    doc: Mapping[str, Any],
    members: set[str],
    accounts: Mapping[str, Account],
    merge: float,
) -> NearMiss:
    pair = (doc["left"], doc["right"])
    own, other = pair if pair[0] in members else pair[::-1]
    decided = found.judged.get(pair)
    if decided is not None and decided.decision == "different":
        words = "a person said that they are two"
    elif accounts[own].platform == accounts[other].platform:
        words = "two accounts of one platform"
    elif doc["probability"] < merge:
        words = "not probable enough"
    else:
        words = "joining them would contradict what is more probable, or what a person said"
    return NearMiss(
        own=own,
        account=_view(accounts[other]),
        creator_id=ids.creator_id(other),
        probability=doc["probability"],
        words=words,
        parts=_parts(doc),
    )


def _homes(stores: Stores, account_ids: Iterable[str]) -> dict[str, str]:
    """Return account id → the creator it belongs to now."""
    own = {account_id: ids.creator_id(account_id) for account_id in account_ids}
    docs = stores.cluster.sources("identities", own.values())
    return {one: str((docs.get(home) or {}).get("redirect_to") or home) for one, home in own.items()}


def open_reviews(stores: Stores, wanted: Wanted) -> ReviewPage:
    """Return pairs that wait for a decision."""
    total, pairs = reviews.find(stores.cluster, wanted)
    named = [account_id for pair in pairs for account_id in pair.pair]
    accounts, homes = profiles.load_accounts(stores.cluster, named), _homes(stores, named)
    views = [
        ReviewView(
            pair=pair,
            accounts=tuple(_view(accounts[one]) for one in pair.pair if one in accounts),
            creator_ids=tuple(homes[one] for one in pair.pair),
        )
        for pair in pairs
    ]
    return ReviewPage(total=total, reviews=tuple(views))


def _now() -> datetime:
    return datetime.now(UTC)


def decide(stores: Stores, review_id: str, verdict: Verdict) -> Judged:
    """Let a decision about a pair that waits take effect; raises :class:`NotFound` where it waits no more."""
    pair = reviews.load(stores.cluster, review_id)
    judgement = Judgement(pairs=(pair.pair,), at=_now(), **verdict.model_dump())
    return resolution.judge(stores, judgement)


def merge(stores: Stores, wanted: MergeRequest) -> Judged:
    """Make creators one; raises :class:`NotFound` for one that is not known."""
    groups = dict(members_of(stores, creator_id) for creator_id in wanted.creator_ids)
    pairs = judgements.together(groups.values())
    _check(pairs, "creator_ids", "they are one creator already, or too many accounts for one person")
    return _judge(stores, wanted, pairs, "same", "merge")


def unmerge(stores: Stores, wanted: UnmergeRequest) -> Judged:
    """Take accounts out of their creator, or a judgement back; raises :class:`NotFound` for one that is not known."""
    if wanted.record is not None:
        pairs = [one.pair for one in judgements.of_record(stores.cluster, wanted.record)]
        _check(pairs, "record", "no judgement has this name: the history of a creator lists them")
        return _judge(stores, wanted, pairs, "unsure", "unmerge")
    leaving = set(wanted.account_ids)
    together: set[str] = set()
    for account_id in leaving:
        together.update(members_of(stores, ids.creator_id(account_id))[1])
    pairs = judgements.between(leaving, together - leaving)
    _check(pairs, "account_ids", "they stand alone already: nothing is left that they could leave")
    return _judge(stores, wanted, pairs, "different", "unmerge")


def _check(pairs: Sequence[Any], field: str, problem: str) -> None:
    if not 0 < len(pairs) <= judgements.MAX_PAIRS:
        raise BadInput(problem, field=field)


def _judge(
    stores: Stores,
    wanted: MergeRequest | UnmergeRequest,
    pairs: Sequence[tuple[str, str]],
    decision: Decision,
    purpose: judgements.Purpose,
) -> Judged:
    told: dict[str, Any] = {"user": wanted.user, "note": wanted.note, "decision": decision, "purpose": purpose}
    return resolution.judge(stores, Judgement(pairs=tuple(pairs), at=_now(), **told))
