"""Reciprocal rank fusion in SQL that PostgreSQL and SQLite both read; equal to :func:`search.fusion.fuse`, by test."""

# ruff: noqa: S608 - statements are composed of names of our own tables

from __future__ import annotations

from collections.abc import Sequence

RANK_CONSTANT = 60


def fused(arms: Sequence[str], *, limit: int) -> str:
    """Return the ``SELECT id, score`` of the best ``limit`` ids over tables with ``id`` and ``position`` (from 1).

    ``score(d) = sum over arms of 1 / (60 + position(d))``, ties by id; see :mod:`search.fusion` for the source.
    """
    ranked = " UNION ALL ".join(
        f"SELECT id, CAST(1.0 AS double precision) / ({RANK_CONSTANT} + position) AS part FROM {arm}" for arm in arms
    )
    return f"SELECT id, sum(part) AS score FROM ({ranked}) AS parts GROUP BY id ORDER BY score DESC, id LIMIT {limit}"
