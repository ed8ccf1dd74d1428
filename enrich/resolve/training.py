"""A match model learnt from this installation: its accounts, and what people decided about pairs of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from enrich.resolve import judgements, keyring
from enrich.resolve.learning import learn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from creators.stores.session import Stores
    from enrich.resolve.evidence import Evidence
    from enrich.resolve.model import MatchModel

MAX_ACCOUNTS = 200_000
"""Accounts that are learnt from: more tell no more about chances, and cost memory."""


def decided_pairs(stores: Stores, known: Mapping[str, Evidence]) -> Iterator[tuple[Evidence, Evidence, bool]]:
    """Yield the pairs whose standing judgement is same or different, with whether they are the same."""
    for pair, one in sorted(judgements.standing(judgements.everything(stores.cluster)).items()):
        if one.decision != "unsure" and known.keys() >= {*pair}:
            yield known[pair[0]], known[pair[1]], one.decision == "same"


def learnt_from(stores: Stores, *, seed: int) -> tuple[MatchModel, int]:
    """Return a new model and how many decisions of people went into it; nothing is put in force.

    Raises:
        SetupError: the extra ``identity`` is not installed. BadInput: there are too few accounts to learn from.
    """
    stores.cluster.refresh(keyring.INDEX)
    known = {one.account_id: one for one in islice(keyring.everyone(stores.cluster), MAX_ACCOUNTS)}
    judged = list(decided_pairs(stores, known))
    return learn(list(known.values()), judged, seed), len(judged)
