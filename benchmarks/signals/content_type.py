"""Types of content of single titles: words, likeness and both, on a sample of our own writing.

uv run python -m benchmarks.signals.content_type

No labelled set of titles by type exists here: the sample (``tests/data/content_types.jsonl``) is written by hand, by
whoever wrote the word lists. It says whether the rules do what they are meant to, not how the world's titles are. The
half ``tune`` chose the constants of the likeness; half of each type has none of the listed words on purpose.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from creators.settings import load_settings
from enrich.encoders.opened import open_encoder
from enrich.signals.content_type import LEAST_MEANING, Likeness, of_title

SAMPLE = Path(__file__).parents[2] / "tests" / "data" / "content_types.jsonl"
RESULTS = Path(__file__).parent / "results" / "content_type.json"

Answer = tuple[str | None, frozenset[str]]
"""The type of a text, and those that it was given."""


def scored(answers: Sequence[Answer]) -> dict[str, float | int]:
    """Return how many texts were answered, the share of right answers among them, and that of types found."""
    answered = [(right, given) for right, given in answers if given]
    typed = [(right, given) for right, given in answers if right]
    return {
        "texts": len(answers),
        "answered": len(answered),
        "precision": round(sum(right in given for right, given in answered) / max(1, len(answered)), 4),
        "recall": round(sum(right in given for right, given in typed) / max(1, len(typed)), 4),
    }


def by_type(answers: Iterable[Answer]) -> dict[str, dict[str, float | int]]:
    """Return the same of each type."""
    groups: dict[str, list[Answer]] = {}
    for right, given in answers:
        groups.setdefault(right or "none", []).append((right, given))
    return {name: scored(own) for name, own in groups.items()}


def run() -> dict[str, Any]:
    """Return the scores of both halves, by what found the type."""
    rows = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    encode = open_encoder(load_settings()).encode
    likeness = Likeness(encode)
    guesses = [likeness.guess(vector) for vector in encode([row["text"] for row in rows])]
    found: dict[str, dict[str, list[Answer]]] = {}
    for row, (guess, likely) in zip(rows, guesses, strict=True):
        words = frozenset(of_title(row["text"]))
        meaning = frozenset({guess} if guess and likely >= LEAST_MEANING else ())
        for way, given in (("words", words), ("meaning", meaning), ("both", words or meaning)):
            found.setdefault(row["half"], {}).setdefault(way, []).append((row["type"], given))
    return {
        "name": "content_type",
        "command": "python -m benchmarks.signals.content_type",
        "sample": "written by hand, by the author of the word lists; no labelled set of titles exists here",
        "halves": {half: {way: scored(given) for way, given in ways.items()} for half, ways in found.items()},
        "held_by_type": by_type(found["held"]["both"]),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": machine(("onnxruntime", "numpy")),
    }


def main() -> None:
    """Print the result and write it beside this module."""
    result = run()
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
