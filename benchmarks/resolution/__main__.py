"""``python -m benchmarks.resolution --people FILE.jsonl --json``; ``--help`` lists the options."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.resolution.report import Options, report
from benchmarks.resolution.table import rows
from creators.errors import CreatorscopeError
from enrich.resolve.model import MatchModel
from enrich.resolve.thresholds import MERGE


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.resolution", description=__doc__)
    parser.add_argument("--people", type=Path, required=True, help="JSON lines: one person with accounts each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--merge", type=float, default=MERGE, help="probability from which two accounts are joined")
    parser.add_argument("--model", type=Path, help="a model file; the shipped one by default")
    parser.add_argument("--no-splink", action="store_true", help="leave the Splink rows out")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    parser.add_argument("--out", type=Path, help="write the JSON object to this file, too")
    return parser.parse_args()


def _model(path: Path | None) -> MatchModel:
    return MatchModel.shipped() if path is None else MatchModel.of_json(json.loads(path.read_text(encoding="utf-8")))


def main() -> None:
    """Print the figures of one file; problems go to stderr with exit code 1."""
    chosen = _arguments()
    options = Options(seed=chosen.seed, splink=not chosen.no_splink, merge=chosen.merge)
    try:
        result: dict[str, Any] = report(chosen.people, _model(chosen.model), options)
    except (ValueError, OSError, CreatorscopeError) as error:
        sys.exit(f"error: {error}")
    text = json.dumps(result, indent=1)
    if chosen.out:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        chosen.out.write_text(text + "\n", encoding="utf-8")
    print(text if chosen.json else "\n".join(rows(result)))


if __name__ == "__main__":
    main()
