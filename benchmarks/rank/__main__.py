"""``python -m benchmarks.rank``: what ranking and explaining 200 candidates costs; ``--help`` lists the options."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.rank.run import CANDIDATES, REPEATS, measure


def main() -> None:
    """Run the measurement; print it, and write it where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rank")
    parser.add_argument("--candidates", type=int, default=CANDIDATES)
    parser.add_argument("--repeats", type=int, default=REPEATS, help="a few are enough to see that it runs")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    text = json.dumps(measure(chosen.candidates, chosen.repeats), indent=2)
    print(text)
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
