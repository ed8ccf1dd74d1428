"""A new match model: from accounts nobody has labelled by EM (Splink), from people's decisions by counting.

EM (Winkler 1988, "Using the EM algorithm for weight computation in the Fellegi-Sunter model of record linkage") starts
from the shipped model and finds the m, u and prior under which the compared pairs of this population are likeliest. Its
expectations then count as labels in one last step, in which a decision stands for itself: so decisions move the chances
of the levels as far as there are decisions, and no further, although people only ever see the doubtful pairs.

Needs the extra ``identity``.
"""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Any

import numpy as np

from creators.errors import BadInput, SetupError
from enrich.resolve.comparisons import COMPARISONS, Levels, compare
from enrich.resolve.estimation import Chances, Labelled, calibration, chances
from enrich.resolve.evidence import Evidence
from enrich.resolve.keys import candidates
from enrich.resolve.model import MatchModel, Parameters
from enrich.resolve.rarity import Rarity

MIN_PAIRS = 1_000
"""With fewer compared pairs there is nothing to learn from."""
MAX_PAIRS = 100_000
"""A sample of this size learns the same as all pairs (the standard error of a share is below 0.2 %)."""
ITERATIONS = 25
FLOOR = 1e-5
"""Chances below it are noise of a sample."""

CERTAIN = "certain"
UNKNOWN, SAME, APART = range(3)
DOUBT = 1e-12
"""Chance that a pair that is known to be one person is not: none, as far as floating point can say."""

Judged = tuple[Evidence, Evidence, bool]


def counted(pairs: Sequence[Labelled], rarity: Rarity, source: str) -> MatchModel:
    """Return the model whose chances are the shares of the levels among labelled pairs, calibrated on the same pairs.

    Raises:
        BadInput: no pair is one person, or none is two.
    """
    same = sum(pair.weight for pair in pairs if pair.same)
    apart = sum(pair.weight for pair in pairs if not pair.same)
    if not same or not apart:
        detail = "pairs: both kinds are needed, some that are one person and some that are not"
        raise BadInput(detail, field="pairs")
    prior = float(np.log2(same / apart))
    raw = MatchModel.of(Parameters(chances(pairs), prior, float(np.log(2.0)), 0.0), rarity, source)
    weights = np.array([raw.score(pair.levels)[0] for pair in pairs])
    labels = np.array([float(pair.same) for pair in pairs])
    slope, intercept = calibration(weights, labels, np.array([pair.weight for pair in pairs]))
    return MatchModel.of(Parameters(raw.chances, prior, slope, intercept), rarity, source)


def learn(
    evidences: Sequence[Evidence], judged: Iterable[Judged], seed: int, *, start: MatchModel | None = None
) -> MatchModel:
    """Return a model of these accounts: EM without labels, then the decisions; equal input gives an equal model.

    Args:
        evidences: the population; only pairs that share a blocking key are looked at.
        judged: pairs on which people have decided, True for one person.
        seed: of the sample, where there are more than ``MAX_PAIRS`` pairs.
        start: the model that EM begins with; the shipped one by default.

    Raises:
        BadInput: the population has fewer than ``MIN_PAIRS`` pairs to compare.
        SetupError: the extra ``identity`` is not installed.
    """
    start = start or MatchModel.shipped()
    rarity = Rarity.of(evidences, base=start.rarity)
    decided = {_ids(left, right): (left, right, same) for left, right, same in judged}
    levels = _undecided(evidences, decided, rarity, Random(seed))  # noqa: S311 - a sample, not a secret
    if len(levels) < MIN_PAIRS:
        detail = f"evidences: {len(levels)} pairs share a key; learning needs {MIN_PAIRS}. Index more accounts first"
        raise BadInput(detail, field="evidences")
    expected = expectation(levels, start)
    labels = [Labelled(compare(left, right, rarity), same) for left, right, same in decided.values()]
    source = f"learn: EM on {len(levels)} pairs of {len(evidences)} accounts, {len(labels)} decisions, seed {seed}"
    return counted([*_halved(levels, expected), *labels], rarity, source)


def _ids(left: Evidence, right: Evidence) -> tuple[str, str]:
    return min(left.account_id, right.account_id), max(left.account_id, right.account_id)


def _undecided(
    evidences: Sequence[Evidence], decided: Mapping[tuple[str, str], object], rarity: Rarity, random: Random
) -> list[Levels]:
    described = {one.account_id: one for one in evidences if one.may_merge}
    pairs = [pair for pair in candidates(described) if pair not in decided]
    if len(pairs) > MAX_PAIRS:
        pairs = sorted(random.sample(pairs, MAX_PAIRS))
    return [compare(described[left], described[right], rarity) for left, right in pairs]


def _halved(levels: Sequence[Levels], model: MatchModel) -> Iterator[Labelled]:
    """Yield each kind of pair twice, as one person and as two, weighted by the model's opinion of it."""
    for one, count in sorted(Counter(levels).items()):
        probability = model.score(one)[1]
        yield Labelled(one, same=True, weight=count * probability)
        yield Labelled(one, same=False, weight=count * (1 - probability))


def expectation(levels: Sequence[Levels], start: MatchModel) -> MatchModel:
    """Return the model under which the levels of unlabelled pairs are likeliest, near ``start``; by EM, in Splink.

    Each pair is two records that carry its levels and meet by its number, so that Splink, which compares records, sees
    exactly these pairs and levels. A level that no pair has keeps the chances of ``start``.

    Raises:
        SetupError: the extra ``identity`` is not installed.
    """
    asked = [at for at in range(len(COMPARISONS)) if len({one[at] for one in levels} - {0}) > 1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, probability = _em([*((one, UNKNOWN) for one in levels), *_anchors(levels, asked)], start, asked)
    learnt = [
        _chances(COMPARISONS[at].levels, found[COMPARISONS[at].name], start.chances[at])
        if at in asked
        else start.chances[at]
        for at in range(len(COMPARISONS))
    ]
    prior = float(np.log2(probability / (1 - probability)))
    return MatchModel.of(Parameters(tuple(learnt), prior, float(np.log(2.0)), 0.0), start.rarity, start.source)


def _anchors(levels: Sequence[Levels], asked: Sequence[int]) -> Iterator[tuple[Levels, int]]:
    """Yield for each level that occurs one pair that is certainly one person and one that is not, all else unknown.

    Without, a level whose pairs all agree on much else gets a chance of exactly 0, of which no weight can be made.
    """
    for at in asked:
        for level in sorted({one[at] for one in levels} - {0}):
            alone = tuple(level if place == at else 0 for place in range(len(COMPARISONS)))
            yield from ((alone, SAME), (alone, APART))


def _em(
    pairs: Sequence[tuple[Levels, int]], start: MatchModel, asked: Sequence[int]
) -> tuple[dict[str, dict[str, Any]], float]:
    """Return for each comparison that is asked its level → description by Splink, and the chance of a match.

    A pair is its levels, and whether it is known to be one person.
    """
    try:
        from splink import Linker, SettingsCreator, block_on
        from splink.backends.duckdb import DuckDBAPI
    except ImportError as error:
        detail = "learning a match model needs Splink: install the extra `identity` (creatorscope[identity])"
        raise SetupError(detail) from error
    logging.getLogger("splink").setLevel(logging.ERROR)
    names = {COMPARISONS[at].name: at for at in asked}
    rows = [
        {"unique_id": at, "pair": at, CERTAIN: certain, **{name: one[place] for name, place in names.items()}}
        for at, (one, certain) in enumerate(pairs)
    ]
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[_certain(), *(_comparison(at, start.chances[at], {one[at] for one, _ in pairs}) for at in asked)],
        blocking_rules_to_generate_predictions=[block_on("pair")],
        probability_two_random_records_match=2.0**start.prior / (1 + 2.0**start.prior),
        max_iterations=ITERATIONS,
    )
    engine = DuckDBAPI()
    # Several threads add up in an order of chance, and the last digits of the model would be chance, too.
    engine.duckdb_con.execute("SET threads TO 1")
    sides = [engine.register(rows, dataset_display_name=side) for side in ("one", "other")]
    linker = Linker(sides, settings, log_level=None)
    session = linker.training.estimate_parameters_using_expectation_maximisation(
        block_on("pair"), fix_u_probabilities=False
    )
    model = linker.misc.save_model_to_json()
    learnt = {one["output_column_name"]: _by_label(one["comparison_levels"]) for one in model["comparisons"]}
    return learnt, float(session.core_model_settings.probability_two_random_records_match)


def _certain() -> dict[str, Any]:
    """Return the comparison of which Splink learns nothing: it says which pairs are known."""
    known = {"fix_m_probability": True, "fix_u_probability": True}
    return {
        "output_column_name": CERTAIN,
        "comparison_levels": [
            {"sql_condition": f'"{CERTAIN}_l" = {UNKNOWN}', "label_for_charts": "unknown", "is_null_level": True},
            {
                "sql_condition": f'"{CERTAIN}_l" = {SAME}',
                "label_for_charts": "same",
                "m_probability": 1 - DOUBT,
                "u_probability": DOUBT,
                **known,
            },
            {
                "sql_condition": "ELSE",
                "label_for_charts": "apart",
                "m_probability": DOUBT,
                "u_probability": 1 - DOUBT,
                **known,
            },
        ],
    }


def _comparison(at: int, known: Chances, seen: set[int]) -> dict[str, Any]:
    """Return one of our comparisons as Splink describes one; it knows the levels that occur."""
    name, labels = COMPARISONS[at].name, COMPARISONS[at].levels
    unknown = {"sql_condition": f'"{name}_l" = 0', "label_for_charts": labels[0], "is_null_level": True}
    *others, last = sorted(seen - {0})
    rows = [(f'"{name}_l" = {level}', level) for level in others] + [("ELSE", last)]
    return {
        "output_column_name": name,
        "comparison_levels": [unknown]
        + [
            {
                "sql_condition": condition,
                "label_for_charts": labels[level],
                "m_probability": max(known.m[level], FLOOR),
                "u_probability": max(known.u[level], FLOOR),
            }
            for condition, level in rows
        ],
    }


def _by_label(levels: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {level["label_for_charts"]: level for level in levels}


def _chances(labels: Sequence[str], found: Mapping[str, Mapping[str, Any]], start: Chances) -> Chances:
    """Return the chances that were found, the levels that no pair has as they were."""
    sides = []
    for side, before in (("m_probability", start.m), ("u_probability", start.u)):
        values = [
            max(float(value), FLOOR) if isinstance(value := found.get(label, {}).get(side), float) else before[level]
            for level, label in enumerate(labels)
        ]
        total = sum(values[1:])
        sides.append((before[0], *(value / total for value in values[1:])))
    return Chances(*sides)
