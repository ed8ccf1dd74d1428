"""The text of a query becomes a vector, off the event loop and once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from enrich.encoders.text import TextEncoder
    from search.budget import Budget
    from search.caches import VectorCache

THREADS = 2

Vector = tuple[float, ...]
Result = TypeVar("Result")


class QueryEncoder:
    """Encodes query texts in threads of its own, so that one does not hold up every other request."""

    def __init__(self, encoder: TextEncoder, cache: VectorCache) -> None:
        self._encoder, self._cache = encoder, cache
        self._pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="encode")

    @property
    def fingerprint(self) -> str:
        """What the vectors depend on besides the text."""
        return self._encoder.fingerprint

    async def known(self, text: str) -> Vector | None:
        """Return the vector of a text that was encoded before, here or in another process; else None."""
        return await self._cache.get(text)

    async def encode(self, text: str, budget: Budget) -> Vector | None:
        """Return the vector of a text; None, and ``knn`` named in the budget, when it is late."""
        with budget.stage("encode"):
            try:
                async with budget.deadline("encode"):
                    encoded = await self.run(lambda: self._encoder.encode_one(text))
            except TimeoutError:
                budget.leave_out("knn")
                return None
        vector = tuple(encoded.tolist())
        self._cache.put(text, vector)
        return vector

    async def run(self, work: Callable[[], Result]) -> Result:
        """Return the result of work that encodes, done in one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
