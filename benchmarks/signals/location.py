"""How right the country of a creator is: fits the weights of the hints on one half of real accounts, scores the other.

    uv run python -m benchmarks.signals.location --data FOLDER --json

``FOLDER`` is what ``CREATORSCOPE_TEST_DATA`` names. Truth is the region code of TikTok profiles, the country of two
lists of creators from one country each, and of X profiles the country that their location field names (a field that the
signal is not shown). Only weights and counts are kept, no row.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from creators.models import Account, Platform
from enrich.signals.facts import CreatorFacts
from enrich.signals.location import evidence_of, weigh
from enrich.signals.location_evidence import Seen, places_in
from mappings.countries import country_code
from mappings.location_weights import location_weights

RESULTS = Path(__file__).parent / "results" / "location.json"
AT = datetime(2026, 11, 1, tzinfo=UTC)
BANDS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.01)
SORTS = ("flag", "place_stated", "place_named", "people_named", "domain", "language")
"""What the data can tell about: telephone numbers are masked in it, and nothing else is stated."""
_STEPS, _RATE, _TOWARDS_SHIPPED = 3_000, 0.05, 0.02


class Case(NamedTuple):
    """An account with the country that its source states, hidden from the signal."""

    source: str
    key: str
    evidence: list[Seen]
    truth: str


def cases(folder: Path) -> Iterator[Case]:
    """Yield the accounts of all files that have a bio and a country."""
    for source, key, platform_, bio, website, truth in _rows(folder):
        if truth and bio.strip():
            account = Account(
                platform=platform_,
                native_id=key,
                bio=bio[:5_000],
                website=website or None,
                source=source,
                fetched_at=AT,
            )
            yield Case(source, key, evidence_of(CreatorFacts(key, (account,))), truth)


def _rows(folder: Path) -> Iterator[tuple[str, str, Platform, str, str, str | None]]:
    for row in _table(folder / "creators" / "tiktok_profiles.csv"):
        yield "tiktok_profiles", row["id"], Platform.TIKTOK, row["biography"], row["bio_link"], row["region"]
    for row in _table(folder / "creators" / "india_food_yt_ig.csv"):
        yield "india_food", row["username"], Platform.YOUTUBE, row["bio"], row["website"], row["locationCountry"]
    for one in _lines(folder / "creators" / "instagram_tunisia_bios.jsonl"):
        yield "tunisia", one["id"], Platform.INSTAGRAM, one["more"].get("biography") or "", "", "TN"
    for row in _table(folder / "bots" / "x_bots_2017.csv"):
        yield "x_2017", row["id_str"], Platform.X, row["description"], "", stated_country(row["location"])
    for one in _lines(folder / "bots" / "x_expert_votes_twibot20.jsonl"):
        yield "x_2020", one["id"], Platform.X, one["description"], "", stated_country(one["location"])


def stated_country(location: str) -> str | None:
    """Return the one country that a location field names; None where it names none or several."""
    found = {country for _, country, sort in places_in(location) if sort == "place_stated"}
    whole = country_code(location)
    return whole or (found.pop() if len(found) == 1 else None)


def fit(known: Sequence[Case]) -> dict[str, float]:
    """Return the weights that make the truth likeliest, drawn a little towards those that are shipped.

    A conditional logit: the candidates of an account are the countries that are hinted at, and "none of them".
    """
    shipped = location_weights()
    start = np.array([*(shipped.of(sort) for sort in SORTS), shipped.other])
    weights = start.copy()
    tables = [_features(case) for case in known if case.evidence]
    for _ in range(_STEPS):
        gradient = np.zeros_like(weights)
        for table, right in tables:
            scores = table @ weights
            shares = np.exp(scores - scores.max())
            shares /= shares.sum()
            gradient += table[right] - shares @ table
        weights += _RATE * (gradient / len(tables) - _TOWARDS_SHIPPED * (weights - start))
    return {name: round(float(value), 2) for name, value in zip((*SORTS, "other"), weights, strict=True)}


def _features(case: Case) -> tuple[Any, int]:
    named: dict[str, set[str]] = {}
    for seen in case.evidence:
        named.setdefault(seen.sort, set()).add(seen.country)
    countries = sorted({seen.country for seen in case.evidence})
    table = np.zeros((len(countries) + 1, len(SORTS) + 1))
    for column, sort in enumerate(SORTS):
        for country in named.get(sort, ()):
            table[countries.index(country), column] = 1 / len(named[sort])
    table[-1, -1] = 1
    return table, countries.index(case.truth) if case.truth in countries else len(countries)


def score(known: Sequence[Case]) -> dict[str, Any]:
    """Return coverage, precision, and precision by confidence of the shipped weights."""
    answers = [(case, best) for case in known if (best := weigh(case.evidence)) and best.probability >= BANDS[0]]
    right = [best.country == case.truth for case, best in answers]
    bands = []
    for low, high in pairwise(BANDS):
        inside = [
            (best.probability, hit)
            for (_, best), hit in zip(answers, right, strict=True)
            if low <= best.probability < high
        ]
        if inside:
            shares = {"mean_confidence": _mean([p for p, _ in inside]), "precision": _mean([hit for _, hit in inside])}
            bands.append({"from": low, "to": min(high, 1.0), "n": len(inside), **shares})
    return {
        "accounts": len(known),
        "answered": len(answers),
        "coverage": round(len(answers) / max(1, len(known)), 4),
        "precision": _mean(right),
        "by_confidence": bands,
    }


def by_sort(known: Sequence[Case]) -> dict[str, Any]:
    """Return how often each kind of hint is right by itself: of accounts where it names one country."""
    result = {}
    for sort in SORTS:
        alone = [(case, countries) for case in known if len(countries := _named(case, sort)) == 1]
        hits = [case.truth in countries for case, countries in alone]
        result[sort] = {"n": len(hits), "precision": _mean(hits)}
    return result


def _named(case: Case, sort: str) -> set[str]:
    return {seen.country for seen in case.evidence if seen.sort == sort}


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        return [{name: value or "" for name, value in row.items() if name} for row in csv.DictReader(file)]


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def run(folder: Path) -> dict[str, Any]:
    """Return the whole result."""
    started = time.monotonic()
    known = list(cases(folder))
    halves = ([], [])  # type: tuple[list[Case], list[Case]]
    for case in known:
        halves[crc32(f"{case.source}:{case.key}".encode()) % 2].append(case)
    fitted, held_out = halves
    shipped = location_weights()
    sources = sorted({case.source for case in known})
    return {
        "name": "location",
        "command": "python -m benchmarks.signals.location --data FOLDER --json",
        "split": "crc32 of source and id, even halves fit, odd halves score",
        "weights": {"shipped": {**shipped.by_sort, "other": shipped.other}, "fitted_on_this_half": fit(fitted)},
        "hints_alone": by_sort(held_out),
        "held_out": score(held_out),
        "held_out_by_source": {one: score([case for case in held_out if case.source == one]) for one in sources},
        "fitted_half": score(fitted),
        "seconds": round(time.monotonic() - started, 1),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "program": version("creatorscope")},
    }


def main(arguments: list[str] | None = None) -> None:
    """Score, print, and write the result beside this module."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signals.location", description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("CREATORSCOPE_TEST_DATA"), help="folder of real tables"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON on stdout")
    chosen = parser.parse_args(arguments)
    if chosen.data is None:
        parser.error("--data: name the folder, or set CREATORSCOPE_TEST_DATA")
    result = run(Path(chosen.data))
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if chosen.json:
        print(json.dumps(result, indent=1))
    else:
        held_out = result["held_out"]
        print(
            f"location: precision {held_out['precision']} at coverage {held_out['coverage']} of {held_out['accounts']}",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
