"""Answers and judgements become figures, and figures are compared with the frozen ones."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.relevance.creators.facts import HERE
from benchmarks.relevance.creators.judge import Judgements, Query
from benchmarks.relevance.metrics import ndcg, recall

BASELINE = HERE / "baseline.json"
CUT, RECALL_CUT = 10, 100
DIGITS = 4
MOST_LOST = 0.02
"""So much of nDCG@10 over all queries may be lost before it counts as worse."""
LOST_SHOWN = 20


class Figures(NamedTuple):
    """Of one way to rank."""

    ndcg: float
    recall: float
    intents: dict[str, float]
    """nDCG@10 of each kind of query."""
    queries: dict[str, float]
    """nDCG@10 of each query."""


def figures(answers: Mapping[str, Sequence[str]], judged: Judgements, queries: Sequence[Query]) -> Figures:
    """Return mean nDCG@10 and recall@100, each query counting the same."""
    values = {one.query_id: ndcg(answers[one.query_id], judged[one.query_id], CUT) for one in queries}
    kinds: dict[str, list[float]] = defaultdict(list)
    for one in queries:
        kinds[one.intent].append(values[one.query_id])
    recalls = [recall(answers[one.query_id], judged[one.query_id], RECALL_CUT) for one in queries]
    return Figures(
        ndcg=_mean(list(values.values())),
        recall=_mean(recalls),
        intents={kind: _mean(some) for kind, some in sorted(kinds.items())},
        queries={query_id: round(value, DIGITS) for query_id, value in values.items()},
    )


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), DIGITS)


def table(ways: Mapping[str, Figures], queries: Sequence[Query]) -> str:
    """Return the figures for people: a column for each way to rank, a line for each kind of query."""
    kinds = sorted({one.intent for one in queries})
    counts = {kind: sum(one.intent == kind for one in queries) for kind in kinds}
    lines = [f"{'nDCG@10':12}{'queries':>8}" + "".join(f"{name:>12}" for name in ways)]
    lines += [f"{kind:12}{counts[kind]:8}" + _cells([one.intents[kind] for one in ways.values()]) for kind in kinds]
    lines.append(f"{'all':12}{len(queries):8}" + _cells([one.ndcg for one in ways.values()]))
    lines.append(f"{'recall@100':20}" + _cells([one.recall for one in ways.values()]))
    return "\n".join(lines)


def _cells(values: Sequence[float]) -> str:
    return "".join(f"{value:12.4f}" for value in values)


def read_baseline(path: Path = BASELINE) -> Figures:
    """Return the frozen figures."""
    return Figures(**json.loads(path.read_text(encoding="utf-8")))


def freeze(found: Figures, path: Path = BASELINE) -> None:
    """Write the figures that later ones are compared with."""
    path.write_text(json.dumps(found._asdict(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def is_worse(found: Figures, frozen: Figures) -> bool:
    """Return whether more than ``MOST_LOST`` of nDCG@10 is gone."""
    return found.ndcg < frozen.ndcg - MOST_LOST


def comparison(found: Figures, frozen: Figures, queries: Sequence[Query]) -> str:
    """Return both figures side by side, and the queries that lost most."""
    lost = sorted((found.queries[one] - frozen.queries.get(one, 0.0), one) for one in found.queries)
    lines = [f"{change:+.4f}  {query}" for change, query in lost[:LOST_SHOWN] if change < 0]
    return "\n".join([table({"frozen": frozen, "now": found}, queries), "", "lost most:", *(lines or ["nothing"])])
