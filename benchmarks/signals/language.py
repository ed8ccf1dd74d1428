"""Recall of every language on short bios of our own writing (``tests/data/bios_recall.json``).

uv run python -m benchmarks.signals.language
"""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from enrich.signals.language import detect_language

BIOS = Path(__file__).parents[2] / "tests" / "data" / "bios_recall.json"
RESULTS = Path(__file__).parent / "results" / "language.json"


def run() -> dict[str, Any]:
    """Return recall and silence by language, and how often another language was named."""
    bios: dict[str, list[str]] = json.loads(BIOS.read_text(encoding="utf-8"))
    found = {code: [detect_language(text)[0] for text in texts] for code, texts in bios.items()}
    table = {
        code: {"n": len(answers), "recall": answers.count(code) / len(answers), "silent": answers.count(None)}
        for code, answers in sorted(found.items())
    }
    answers = [(code, answer) for code, all_of_it in found.items() for answer in all_of_it]
    return {
        "name": "language",
        "command": "python -m benchmarks.signals.language",
        "languages": len(table),
        "texts": len(answers),
        "recall": round(sum(code == answer for code, answer in answers) / len(answers), 4),
        "wrong": sum(answer not in {code, None} for code, answer in answers),
        "by_language": table,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "program": version("creatorscope")},
    }


def main() -> None:
    """Print the result and write it beside this module."""
    result = run()
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
