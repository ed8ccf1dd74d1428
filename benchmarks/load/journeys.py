"""What users do: each journey yields requests and pauses and is sent the answers.

A journey ends early where an answer leads nowhere: nobody is found, or the request failed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Mapping
from random import Random
from typing import Any

from benchmarks.load.steps import Desk, Json, Step

Journey = Generator[Step | float, Json | None, None]
"""Yields a request, or a pause in seconds; is sent the answer to the request, None where it failed."""

READ_PAGE_S = 7.0
READ_CREATOR_S = 12.0
CHOOSE_FILTER_S = 4.0
KEY_S = 0.2
PROGRAM_S = 0.5
SPREAD = 0.6
"""Standard deviation of the logarithm of a pause: one in six lasts 1.8 times the median or more."""
LONGEST = 5.0
"""Times the median: nobody goes for lunch in a run of minutes."""


def pause(random: Random, median_s: float) -> float:
    """Return a log-normal pause in seconds, cut at :data:`LONGEST` medians."""
    return median_s * min(LONGEST, math.exp(random.gauss(0.0, SPREAD)))


def scout(desk: Desk) -> Journey:
    """Yield a talent scout's search: look, narrow down, turn the page, open some, look for more like one."""
    random = desk.random
    step = desk.search(1)
    answer = yield step
    if answer and random.random() < 0.6:
        yield pause(random, READ_PAGE_S)
        step = desk.refine(2, step, answer)
        answer = yield step
    if answer and random.random() < 0.4 and (turned := desk.page(3, step, answer)):
        yield pause(random, READ_PAGE_S)
        answer = yield turned
    for _ in range(random.randint(1, 3)):
        if answer and (opened := desk.open(4, answer)):
            yield pause(random, READ_PAGE_S)
            yield opened
    if answer and random.random() < 0.5 and (alike := desk.similar(5, answer)):
        yield pause(random, READ_CREATOR_S)
        yield alike
    yield pause(random, READ_CREATOR_S)


def brand(desk: Desk) -> Journey:
    """Yield a brand's search: counts first, then filters upon filters, then whole pages."""
    random = desk.random
    yield desk.facets(1)
    yield pause(random, CHOOSE_FILTER_S)
    step = desk.search(2)
    answer = yield step
    for _ in range(random.randint(1, 3)):
        if answer and answer.get("hits"):
            yield pause(random, CHOOSE_FILTER_S)
            step = desk.refine(3, step, answer)
            answer = yield step
    if answer and (turned := desk.page(4, step, answer)):
        yield pause(random, READ_PAGE_S)
        answer = yield turned
    if answer and (opened := desk.open(5, answer)):
        yield pause(random, READ_PAGE_S)
        yield opened
    yield pause(random, READ_CREATOR_S)


def typist(desk: Desk, known: Mapping[str, Any]) -> Journey:
    """Yield somebody who types the name of a creator of ``known``, key by key, and opens whom they meant."""
    random = desk.random
    found: Any = None
    for typed in desk.keystrokes(known):
        yield pause(random, KEY_S)
        found = yield desk.suggest(1, typed)
    if found and (opened := desk.open(2, {"hits": found})):
        yield pause(random, READ_PAGE_S)
        yield opened
    yield pause(random, READ_PAGE_S)


def integrator(desk: Desk, known: Mapping[str, Any]) -> Journey:
    """Yield a program that keeps its own list up to date: handles of ``known`` looked up, creators read, no pauses."""
    random = desk.random
    for _ in range(random.randint(3, 8)):
        if (asked := desk.lookup(1, known)) and (creator := (yield asked)):
            yield pause(random, PROGRAM_S)
            yield _read(desk, creator)
        yield pause(random, PROGRAM_S)
    yield pause(random, READ_PAGE_S)


def wide_search(desk: Desk) -> Journey:
    """Yield a program's search: a hundred at once, explained."""
    step = desk.wide(3)
    answer = yield step
    if answer and (turned := desk.page(4, step, answer)):
        yield pause(desk.random, PROGRAM_S)
        yield turned
    yield pause(desk.random, READ_PAGE_S)


def _read(desk: Desk, creator: Json) -> Step:
    opened = desk.open(2, {"hits": [creator]})
    assert opened
    return opened


def walked(
    journey: Journey, ask: Callable[[Step], Json | None], rest: Callable[[float], None]
) -> Iterator[tuple[Step, Json | None]]:
    """Walk a journey to its end: ``rest`` waits its pauses; yields every request with its answer."""
    answer: Json | None = None
    while True:
        try:
            step = journey.send(answer)
        except StopIteration:
            return
        answer = None
        if isinstance(step, float):
            rest(step)
        else:
            answer = ask(step)
            yield step, answer
