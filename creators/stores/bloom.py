"""A Bloom filter in Redis: of most names that are new it says so at once, and of no name that was added.

What it calls known may be new (1 % at a million names, more above): its user looks it up where the truth is. So a
filter that is lost, or too full, costs look-ups and nothing else. Redis' own type is used where the server has it
(``BF.*``), else a bitmap with double hashing.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from redis.exceptions import ResponseError

from creators.stores.scripts import Shared, boundary, script

if TYPE_CHECKING:
    from creators.stores.session import Stores

CAPACITY = 1_000_000
ERROR_RATE = 0.01
BITS = math.ceil(-CAPACITY * math.log(ERROR_RATE) / math.log(2) ** 2)
HASHES = round(BITS / CAPACITY * math.log(2))
BATCH = 500
_WORD = 2**32


def hashes_of(name: str) -> tuple[int, int]:
    """Return the two numbers below 2^32 that a name's bits are made from; the second is odd."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big"), int.from_bytes(digest[4:8], "big") % _WORD | 1


class Bloom:
    """One filter of an installation."""

    def __init__(self, stores: Stores, name: str, *, native: bool | None = None) -> None:
        """Open a filter; ``native`` says which kind it is, None asks the server which it can do."""
        self._shared = Shared(stores.queue.redis, stores.settings.index_prefix)
        self._name = name
        if native is not None:
            self.__dict__["is_native"] = native

    @cached_property
    def is_native(self) -> bool:
        """Whether the server has the type itself."""
        with boundary(), suppress(ResponseError):
            self._command("BF.EXISTS", self._shared.key(f"{self._name}:native"), "")
            return True
        return False

    def _command(self, *words: str | float) -> Any:
        return self._shared.redis.execute_command(*words)  # type: ignore[no-untyped-call]  # the client leaves it untyped

    def may_have(self, names: Sequence[str]) -> list[bool]:
        """Return for each name whether it may have been added; False is certain.

        Raises:
            QueueUnavailable: Redis does not answer.
        """
        return self._ask("has", names)

    def add(self, names: Sequence[str]) -> None:
        """Add names; adding one again changes nothing.

        Raises:
            QueueUnavailable: Redis does not answer.
        """
        self._ask("add", names)

    def _ask(self, verb: Literal["has", "add"], names: Sequence[str]) -> list[bool]:
        answers: list[bool] = []
        for start in range(0, len(names), BATCH):
            batch = names[start : start + BATCH]
            found = self._ask_server(verb, batch) if self.is_native else self._ask_bitmap(verb, batch)
            answers += [bool(seen) for seen in found]
        return answers

    def _ask_server(self, verb: Literal["has", "add"], batch: Sequence[str]) -> Sequence[int]:
        key = self._shared.key(f"{self._name}:native")
        with boundary():
            if verb == "has":
                return list(self._command("BF.MEXISTS", key, *batch))
            return list(self._command("BF.INSERT", key, "CAPACITY", CAPACITY, "ERROR", ERROR_RATE, "ITEMS", *batch))

    def _ask_bitmap(self, verb: Literal["has", "add"], batch: Sequence[str]) -> Sequence[int]:
        words = [word for name in batch for word in hashes_of(name)]
        return list(self._shared.run(script("bloom"), [f"{self._name}:bits"], verb, BITS, HASHES, *words))
