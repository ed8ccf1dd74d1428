"""``python -m benchmarks.resolution.table`` writes the tables of the committed results into the README."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.resolution.report import Options, report
from enrich.resolve.model import MatchModel

FOLDER = Path(__file__).parent
FILES = ("biodrop_people", "conference_speakers", "us_congress", "us_state_legislators", "vtubers")
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
HEAD = (
    "| file | level | method | precision | recall | F1 | B³ F1 | pairs compared | seconds |",
    "|---|---|---|---|---|---|---|---|---|",
)
MODELS = {"others": "learnt from the other files", "em": "the same, then EM without labels"}
CHECKS = (
    "file",
    "level",
    "ceiling: direct / closed / decidable",
    "oracle recall",
    "blocking recall",
    "candidates",
    "same name",
)
CHECK_HEAD = (f"| {' | '.join(CHECKS)} | review | calibration error |", "|---" * (len(CHECKS) + 2) + "|")


def rows(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the rows of one result: ours, then the baselines, level by level."""
    for level in result["levels"]:
        yield _row(result["people_file"], level["level"], "**Creatorscope**", level)
        for name, figures in level["baselines"].items():
            yield _row(result["people_file"], level["level"], name, figures)


def checks(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what stands beside the scores of one result, a row a level."""
    for level in result["levels"]:
        ceiling, same, review = level["ceiling"], level["same_name"], level["review"]
        yield _cells(
            result["people_file"],
            level["level"],
            " / ".join(_figure(ceiling[name]) for name in ("direct", "closed", "decidable")),
            level["oracle"]["recall"],
            level["blocking_recall"],
            level["candidates_per_account"],
            f"{_figure(same['precision'])} of {same['pairs']}",
            f"{review['pairs']} ({_figure(review['belong'])})",
            (level["calibration"] or {}).get("error"),
        )


def _row(file: str, level: str, method: str, figures: Mapping[str, Any]) -> str:
    return _cells(
        file,
        level,
        method,
        *(figures[name] for name in ("precision", "recall", "f1")),
        figures["b_cubed"]["f1"],
        figures.get("pairs_compared"),
        figures.get("seconds"),
    )


def _figure(value: float | str | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _cells(*values: float | str | None) -> str:
    return "| " + " | ".join(map(_figure, values)) + " |"


def unseen(learnt: Mapping[str, Any]) -> Iterator[str]:
    """Yield how models do on files whose labels they have never seen."""
    for file, kinds in learnt["held_out"].items():
        for kind, levels in kinds.items():
            for level in levels:
                yield _row(f"{file}.jsonl", level["level"], MODELS[kind], level)


def _result(name: str) -> Any:
    return json.loads((FOLDER / "results" / f"{name}.json").read_text(encoding="utf-8"))


def measured(data: Path) -> None:
    """Measure every file of ``FILES`` in a folder, and write the results that are committed."""
    for name in FILES:
        result = report(data / f"{name}.jsonl", MatchModel.shipped(), Options())
        (FOLDER / "results" / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        print("\n".join(rows(result)), flush=True)


def main() -> None:
    """Write the tables between the marks of the README, from the results that are committed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.resolution.table", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the files of people: measure them first")
    data = parser.parse_args().data
    if data:
        measured(data)
    results = [_result(name) for name in FILES]
    tables = (
        [*HEAD, *(row for result in results for row in rows(result))],
        [*HEAD, *unseen(_result("learn"))],
        [*CHECK_HEAD, *(row for result in results for row in checks(result))],
    )
    readme = FOLDER / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    text = "\n\n".join("\n".join(table) for table in tables)
    readme.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
