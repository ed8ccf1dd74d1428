"""One run: an installation served, Locust against it as a child process, the same load in open loop, one result."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from benchmarks.load.agreement import Load, compared, open_loop
from benchmarks.load.figures import Figures, Json
from benchmarks.load.phases import Phases
from benchmarks.load.questions import Asked, Mix, from_niches, read, written
from benchmarks.load.steps import Desk
from benchmarks.machine import machine

LOCUSTFILE = Path(__file__).parent / "locustfile.py"
QUESTIONS = 20_000
OTHER_HALF = 0.5
"""Where the open-loop run begins among the fresh questions: the closed one begins at 0."""
LAST_S = 5
"""After the run for answers that are still on their way."""
PATIENCE_S = 180.0
OPEN_S = 60.0
"""Longest run in open loop."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What a run is asked for; fields are the options of ``python -m benchmarks.load run --help``."""

    creators: int
    users: int
    seconds: int
    budget_ms: float
    url: str | None = None
    questions: Path | None = None
    seed: int = 7
    think: float = 1.0
    html: Path | None = None
    agreement: bool = True


def run(asking: Asking) -> Json:
    """Return the result; ``passed`` is the gate's verdict.

    Raises:
        CreatorscopeError: the installation cannot be had. RuntimeError: Locust ended without figures.
    """
    with tempfile.TemporaryDirectory() as folder, _target(asking) as (url, questions):
        began = os.getloadavg()
        report = _closed(asking, url, questions, Path(folder))
        figures = Figures()
        figures.merge(report.pop("rows"))
        result = {
            "name": "load",
            "model": report.pop("model"),
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "seed": asking.seed,
            "creators": asking.creators if asking.url is None else None,
            "users": asking.users,
            "seconds": asking.seconds,
            "think": asking.think,
            "machine": machine(["creatorscope", "locust"]) | {"load_average_before": [round(one, 1) for one in began]},
            "passed": not report["faults"],
            **report,
        }
        if asking.agreement:
            result["agreement"] = _agreement(asking, url, questions, figures)
    return result


@contextmanager
def _target(asking: Asking) -> Iterator[tuple[str, list[Asked]]]:
    """Give an address that answers, and questions for what it knows."""
    if asking.url:
        yield asking.url.rstrip("/"), read(asking.questions) if asking.questions else from_niches(asking.seed)
        return
    from benchmarks.corpus.questions import questions
    from benchmarks.ingest.installed import installed
    from benchmarks.latency.serving import served

    with installed(asking.creators) as ready:
        asked = read(asking.questions) if asking.questions else of_corpus(questions, ready.corpus, asking.seed)
        with served(ready.env) as api:
            yield api.url, asked


def of_corpus(questions: Any, corpus: Any, seed: int) -> list[Asked]:
    """Return questions of all kinds about a corpus, in an order in which every kind comes early."""
    found = [Asked(one.text, one.filters, one.kind) for one in questions(corpus, QUESTIONS, seed=seed)]
    Random(seed).shuffle(found)  # noqa: S311 - an order of questions, not a secret
    return found


def _closed(asking: Asking, url: str, questions: list[Asked], folder: Path) -> Json:
    asked, figures = folder / "questions.jsonl", folder / "figures.json"
    written(questions, asked)
    options = {
        "--host": url,
        "--users": asking.users,
        "--run-time": f"{asking.seconds}s",
        "--stop-timeout": LAST_S,
        "--questions": asked,
        "--seed": asking.seed,
        "--think": asking.think,
        "--budget-ms": asking.budget_ms,
        "--figures": figures,
        "--loglevel": "WARNING",
    } | ({"--html": asking.html} if asking.html else {})
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary"]
    command += [str(part) for option in options.items() for part in option]
    _watched(command, f"{asking.users} users", asking.seconds)
    if not figures.exists():
        detail = "Locust ended without figures; what it said stands above"
        raise RuntimeError(detail)
    report: Json = json.loads(figures.read_text(encoding="utf-8"))
    return report


def _watched(command: list[str], what: str, seconds: float) -> None:
    """Run a command beside a bar; its tables are dropped, as ours say more, what it logs goes to stderr."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    started = time.monotonic()
    with (
        Progress(*columns, console=Console(stderr=True), transient=True) as bar,
        subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[2]) as child,
    ):
        task = bar.add_task(what, total=seconds + LAST_S)
        try:
            while child.poll() is None:
                passed = time.monotonic() - started
                if passed > seconds + PATIENCE_S:
                    detail = f"Locust still runs {PATIENCE_S:.0f} s after its end"
                    raise TimeoutError(detail)
                bar.update(task, completed=passed)
                time.sleep(0.5)
        finally:
            if child.poll() is None:
                child.kill()


def _agreement(asking: Asking, url: str, questions: list[Asked], figures: Figures) -> Json:
    phases = Phases(asking.users, asking.seconds)
    load = Load.of(figures, phases.hold_s)
    if not load.kinds:
        return {"why": "nothing was asked while the users stayed"}
    random = Random(asking.seed + 1)  # noqa: S311 - draws questions, not secrets
    desk = Desk("open", Mix(questions, random, start=OTHER_HALF), random)
    seconds = min(OPEN_S, phases.hold_s)
    opened = asyncio.run(open_loop(url, desk, load, seconds=seconds, seed=asking.seed))
    return opened | compared(figures.searches_while_held().summary(), opened, users=asking.users)
