"""The suite for Locust: ``locust -f benchmarks/load/locustfile.py --host http://127.0.0.1:8000``.

Closed loop: a user whose answer is late asks later, so a stall is seen by few requests. It is for journeys and for the
gate; latency under a rate that does not wait is ``benchmarks.latency``.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import gevent
from locust import FastHttpUser, LoadTestShape, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from benchmarks.load import journeys
from benchmarks.load.checks import check
from benchmarks.load.figures import Figures
from benchmarks.load.gate import Gate
from benchmarks.load.phases import RAMP, Phases
from benchmarks.load.questions import Mix, from_niches, read
from benchmarks.load.steps import Desk, Json, Step

log = logging.getLogger("creatorscope.load")

DEFAULT_S = 120
TIMEOUT_S = 30.0
SHOWS_CREATORS = frozenset({"search", "wide", "refine", "page"})
STRIDE = 0.381966
"""Golden section: processes begin far from each other among the fresh questions, however many they are."""


class Run:
    """What the users of this process share."""

    def __init__(self) -> None:
        self.figures = Figures()
        self.phase = RAMP
        self.think = 1.0
        self.random = Random(0)  # noqa: S311 - draws questions and pauses, not secrets
        self.mix: Mix | None = None
        self.started = time.monotonic()


RUN = Run()


def _arguments(parser: LocustArgumentParser) -> None:
    group = parser.add_argument_group("creatorscope", "Journeys, and what a run must keep")
    group.add_argument("--questions", default="", help="JSON lines with text and filters; unset: words of the niches")
    group.add_argument("--seed", type=int, default=7, help="of questions and pauses")
    group.add_argument("--think", type=float, default=1.0, help="factor on all pauses; 0.1: ten times as hasty")
    group.add_argument("--budget-ms", type=float, default=500.0, help="largest P90 of searches while the users stay")
    group.add_argument("--failed-share", type=float, default=0.001, help="largest share of failed requests")
    group.add_argument(
        "--degraded-share", type=float, default=0.01, help="largest share of answers with parts left out"
    )
    parser.add_argument(
        "--figures", default="", include_in_web_ui=False, help="write what was seen to this file (JSON)"
    )


def _begin(environment: Environment, **_: Any) -> None:
    runner = environment.runner
    if runner and not isinstance(runner, MasterRunner):
        runner.register_message("phase", _new_phase)


def _anew(environment: Environment, **_: Any) -> None:
    runner, options = environment.runner, environment.parsed_options
    assert options
    RUN.started = time.monotonic()
    RUN.figures.clear()
    number = runner.worker_index if isinstance(runner, WorkerRunner) else 0
    RUN.random = Random(f"{options.seed} {number}")  # noqa: S311 - as above
    questions = read(Path(options.questions)) if options.questions else from_niches(options.seed)
    RUN.mix = Mix(questions, RUN.random, start=STRIDE * number % 1.0)
    RUN.think = options.think


def _new_phase(environment: Environment, msg: Any, **_: Any) -> None:  # noqa: ARG001 - Locust names its arguments
    RUN.phase = msg.data


def _hand_over(client_id: str, data: dict[str, Any]) -> None:  # noqa: ARG001 - as above
    data["figures"] = RUN.figures.take()


def _take_over(client_id: str, data: dict[str, Any]) -> None:  # noqa: ARG001 - as above
    RUN.figures.merge(data.get("figures", ()))


def _judge(environment: Environment, **_: Any) -> None:
    options = environment.parsed_options
    if isinstance(environment.runner, WorkerRunner) or not options:
        return
    faults = Gate(options.budget_ms, options.failed_share, options.degraded_share).faults(RUN.figures)
    for fault in faults:
        log.error("gate: %s", fault)
    if not faults:
        log.info("gate: passed")
    # In the web interface nobody asked for a verdict.
    if options.headless:
        environment.process_exit_code = 1 if faults else 0
    if options.figures:
        report = {
            "model": "closed loop: it can hide stalls",
            "faults": faults,
            "phases": RUN.figures.summary(),
            "rows": RUN.figures.rows(),
            "client_cpu_s": round(time.process_time(), 1),
            "wall_s": round(time.monotonic() - RUN.started, 1),
            "questions_ran_out": bool(RUN.mix and RUN.mix.is_exhausted),
        }
        Path(options.figures).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


LISTENERS: dict[str, Callable[..., None]] = {
    "init_command_line_parser": _arguments,
    "init": _begin,
    "test_start": _anew,
    "report_to_master": _hand_over,
    "worker_report": _take_over,
    "quitting": _judge,
}
for hook, listener in LISTENERS.items():
    getattr(events, hook).add_listener(listener)


class Shape(LoadTestShape):
    """Users come, stay, and become half as many more; how many and how long, ``--users`` and ``--run-time`` say."""

    use_common_options: ClassVar[bool] = True

    _phase = ""

    def tick(self) -> tuple[int, float] | None:
        """Return users and spawn rate of this moment; None when the run is over."""
        assert self.runner
        options = self.runner.environment.parsed_options
        assert options
        moment = Phases(options.num_users or 1, float(options.run_time or DEFAULT_S)).at(
            time.perf_counter() - self.start_time
        )
        if moment is None:
            return None
        if moment.phase != self._phase:
            self._phase = moment.phase
            self.runner.send_message("phase", moment.phase)
        return moment.users, moment.spawn_rate


class Person(FastHttpUser):
    """Somebody who walks journeys."""

    abstract = True
    called = ""
    connection_timeout = TIMEOUT_S
    network_timeout = TIMEOUT_S

    def on_start(self) -> None:
        """Come in: one search, from which names and handles are known."""
        assert RUN.mix
        self.desk = Desk(self.called, RUN.mix, RUN.random)
        self.known: Json = self.ask(self.desk.search(0)) or {}

    def ask(self, step: Step) -> Any:
        """Return the checked answer to one request; None where it is wrong."""
        start = time.perf_counter()
        with self.client.request(
            step.method, step.path, name=step.name, json=step.body, catch_response=True
        ) as response:
            seconds = time.perf_counter() - start
            payload = _parsed(response)
            verdict = check(step, response.status_code or 0, payload)
            key = (RUN.phase, step.name)
            RUN.figures.record(key, seconds, problem=verdict.problem, degraded=bool(verdict.degraded))
            if verdict.problem:
                response.failure(verdict.problem)
                return None
            response.success()
            return payload

    def walk(self, journey: journeys.Journey) -> None:
        """Walk a journey to its end; what it finds is what is known from then on."""
        for step, answer in journeys.walked(journey, self.ask, lambda pause: gevent.sleep(pause * RUN.think)):
            if answer and step.kind in SHOWS_CREATORS and answer["hits"]:
                self.known = answer


def _parsed(response: Any) -> Any:
    try:
        return json.loads(response.content or b"")
    except ValueError:
        return None


class Scout(Person):
    """A talent scout: most of the load."""

    weight = 5
    called = "scout"

    @task
    def look(self) -> None:
        """Search, narrow down, open, look for more like one."""
        self.walk(journeys.scout(self.desk))


class Brand(Person):
    """A brand: filters upon filters."""

    weight = 3
    called = "brand"

    @task
    def narrow(self) -> None:
        """Count, search, narrow down again and again."""
        self.walk(journeys.brand(self.desk))


class Typist(Person):
    """Somebody who knows whom they look for."""

    weight = 2
    called = "typist"

    @task(4)
    def complete(self) -> None:
        """Type a name, open its completion."""
        self.walk(journeys.typist(self.desk, self.known))

    @task(1)
    def look(self) -> None:
        """Search as a scout does, which brings other names."""
        self.walk(journeys.scout(self.desk))


class Integrator(Person):
    """A program that keeps its own list up to date."""

    weight = 1
    called = "program"

    @task(3)
    def look_up(self) -> None:
        """Look handles up and read their creators."""
        self.walk(journeys.integrator(self.desk, self.known))

    @task(1)
    def search_wide(self) -> None:
        """Ask for a hundred at once."""
        self.walk(journeys.wide_search(self.desk))
