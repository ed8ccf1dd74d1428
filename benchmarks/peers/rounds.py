"""Every peer is asked the same, one after another, in rounds whose order turns; what came of it, and at what cost."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from benchmarks.peers import kernel
from benchmarks.peers.floor import Chosen, cheapest
from benchmarks.peers.material import Laid, recall
from benchmarks.peers.protocol import CLIENTS
from creators.errors import EngineFailed

if TYPE_CHECKING:
    from benchmarks.peers.children import Child

TUNED, MEASURED, CROWD = "tuned", "measured", "crowd"
"""Sets of questions: for the setting and the warm-up; for the times of one client; for the rate of several."""
UPDATED = 1_000
Json = dict[str, Any]


@dataclass(slots=True)
class Seen:
    """What was seen of one peer.

    Attributes:
        build: seconds of loading and indexing; empty where the peer does not build.
        chosen: the setting and its recall on the questions that it was chosen by; None without a vector arm.
        ms: of each measured question, in its order.
        ids: of its page.
        recall: kind → recall@100 on the measured questions, at the chosen setting.
        cpu_ms: computed per measured question, of all its processes.
        failed: why it was given up; empty when it was not.
    """

    facts: Json = field(default_factory=dict)
    build: Json = field(default_factory=dict)
    chosen: Chosen | None = None
    ms: list[float] = field(default_factory=list)
    ids: list[list[str]] = field(default_factory=list)
    recall: dict[str, float] = field(default_factory=dict)
    cpu_ms: float = 0.0
    rates: list[float] = field(default_factory=list)
    crowd_cpu_ms: float = 0.0
    memory: Json = field(default_factory=dict)
    update: Json = field(default_factory=dict)
    failed: str = ""


class Rounds:
    """The peers that take part; one that fails is left out of what follows, with the reason."""

    def __init__(self, children: Mapping[str, Child], laid: Laid, seen: Mapping[str, Seen]) -> None:
        self._children = dict(children)
        self._laid = laid
        self._seen = seen

    def choose(self) -> None:
        """Find the cheapest setting of each that holds the floor, and ask all warm-up questions once with it."""
        for name in self._alive():
            self._do(name, "choosing a setting", self._choose)

    def measure(self, rounds: int) -> None:
        """Ask every measured question once of each, a part of them in each round."""
        count = len(self._laid.kinds[MEASURED])
        for turn, part in enumerate(_parts(count, rounds)):
            for name in _turned(self._alive(), turn):
                self._do(name, f"round {turn + 1} of {rounds}", partial(self._measure, part=part))

    def crowd(self, rounds: int) -> None:
        """Ask the questions of the crowd once of each, several clients at a time, in rounds as well."""
        count = len(self._laid.kinds[CROWD])
        for turn, part in enumerate(_parts(count, rounds)):
            for name in _turned(self._alive(), turn):
                self._do(name, f"{CLIENTS} clients, round {turn + 1}", partial(self._crowd, part=part))

    def weigh(self) -> None:
        """Note memory and disk after all questions, then recall on the measured ones."""
        for name in self._alive():
            self._do(name, "memory, recall", self._weigh)

    def update(self) -> None:
        """Write creators again; the last thing, for it leaves traces in every index."""
        for name in self._alive():
            self._do(name, f"update of {UPDATED:,}", self._update)

    def _alive(self) -> list[str]:
        return [name for name in self._children if not self._seen[name].failed]

    def _do(self, name: str, what: str, work: Callable[[str], None]) -> None:
        start = time.monotonic()
        try:
            work(name)
        except EngineFailed as error:
            self._seen[name].failed = error.detail
        print(f"  {name}: {what}, {time.monotonic() - start:.1f} s {self._seen[name].failed}", file=sys.stderr)

    def _knob(self, name: str) -> int:
        chosen = self._seen[name].chosen
        return chosen.knob if chosen else 0

    def _choose(self, name: str) -> None:
        child, seen, kinds = self._children[name], self._seen[name], self._laid.kinds[TUNED]
        places = list(range(len(kinds)))

        def recall_at(knob: int) -> dict[str, float]:
            found = child.ask("neighbours", set=TUNED, places=places, knob=knob)["ids"]
            return recall(found, self._laid.truth[TUNED], kinds)

        if seen.facts["ladder"]:
            seen.chosen = cheapest(seen.facts["ladder"], recall_at)
        child.ask("search", set=TUNED, places=places, knob=self._knob(name))
        child.ask("crowd", set=TUNED, places=places, knob=self._knob(name))

    def _measure(self, name: str, part: range) -> None:
        child, seen = self._children[name], self._seen[name]
        before = kernel.cpu_s(child.processes())
        answer = child.ask("search", set=MEASURED, places=list(part), knob=self._knob(name))
        computed = kernel.cpu_s(child.processes()) - before
        seen.ms += answer["ms"]
        seen.ids += answer["ids"]
        seen.cpu_ms += 1000 * computed / len(self._laid.kinds[MEASURED])

    def _crowd(self, name: str, part: range) -> None:
        child, seen = self._children[name], self._seen[name]
        before = kernel.cpu_s(child.processes())
        wall_s = child.ask("crowd", set=CROWD, places=list(part), knob=self._knob(name))["wall_s"]
        seen.crowd_cpu_ms += 1000 * (kernel.cpu_s(child.processes()) - before) / len(self._laid.kinds[CROWD])
        seen.rates.append(len(part) / wall_s)

    def _weigh(self, name: str) -> None:
        child, seen, kinds = self._children[name], self._seen[name], self._laid.kinds[MEASURED]
        private, folders = kernel.private_bytes(child.processes()), child.facts["data"]
        seen.memory = {
            "private_mb": private >> 20,
            "files_in_memory_mb": kernel.cached_bytes(folders) >> 20,
            "disk_mb": kernel.disk_bytes(folders) >> 20,
        }
        if seen.facts["ladder"]:
            answer = child.ask("neighbours", set=MEASURED, places=list(range(len(kinds))), knob=self._knob(name))
            seen.recall = recall(answer["ids"], self._laid.truth[MEASURED], kinds)

    def _update(self, name: str) -> None:
        child = self._children[name]
        before, count = kernel.cpu_s(child.processes()), min(UPDATED, self._laid.size)
        seconds = child.ask("update", count=count)["seconds"]
        computed = kernel.cpu_s(child.processes()) - before
        settled = child.ask("settle")["seconds"]
        self._seen[name].update = {
            "creators": count,
            "seconds": round(seconds, 2),
            "cpu_s": round(computed, 2),
            "upkeep_s": round(settled, 2),
        }


def _parts(count: int, rounds: int) -> list[range]:
    return [range(first, stop) for first, stop in pairwise(count * turn // rounds for turn in range(rounds + 1))]


def _turned(names: Sequence[str], turn: int) -> list[str]:
    """Return the names beginning elsewhere each time: nobody always follows the same one."""
    start = turn % max(1, len(names))
    return [*names[start:], *names[:start]]
