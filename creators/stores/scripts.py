"""What several processes share in Redis and change in one step: Lua scripts over the keys of one installation.

A script is a file ``creators/stores/lua/<name>.lua``. It reads the clock with ``TIME`` itself, so that no two processes
can disagree about when something is; what it returns is JSON, or nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from redis.exceptions import NoScriptError, RedisError

from creators.errors import QueueUnavailable

if TYPE_CHECKING:
    from redis import Redis
    from redis.client import Pipeline

Argument = str | int | float
"""What a script is given; anything else is passed as JSON."""


@contextmanager
def boundary() -> Iterator[None]:
    """Turn every failure of Redis into :class:`QueueUnavailable`."""
    try:
        yield
    except RedisError as error:
        detail = f"Redis does not answer: {error}"
        raise QueueUnavailable(detail) from error


@dataclass(frozen=True, slots=True)
class Script:
    """One Lua script."""

    text: str

    @property
    def digest(self) -> str:
        """The name under which Redis keeps it."""
        return _digest(self.text)


@cache
def _digest(text: str) -> str:
    return sha1(text.encode(), usedforsecurity=False).hexdigest()


@cache
def script(name: str) -> Script:
    """Return the script in ``creators/stores/lua/<name>.lua``."""
    return Script(files("creators.stores").joinpath(f"lua/{name}.lua").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Shared:
    """The keys of one installation; every name gets its prefix here."""

    redis: Redis
    prefix: str

    def key(self, name: str) -> str:
        """Return a key as Redis knows it."""
        return f"{self.prefix}{name}"

    def run(self, code: Script, keys: Sequence[str], *args: Argument) -> Any:
        """Run a script over keys, named without prefix, and return its raw answer.

        Raises:
            QueueUnavailable: Redis does not answer, or the script failed.
        """
        named = [self.key(name) for name in keys]
        with boundary():
            try:
                return self.redis.evalsha(code.digest, len(named), *named, *args)
            except NoScriptError:  # Redis was restarted, or never saw it
                return self.redis.eval(code.text, len(named), *named, *args)

    def run_json(self, code: Script, keys: Sequence[str], *args: Argument) -> Any:
        """Run a script that answers in JSON, and return what it says."""
        answer = self.run(code, keys, *args)
        return None if answer is None else json.loads(answer)

    def batch(self, fill: Callable[[Pipeline], object]) -> list[Any]:
        """Send what ``fill`` puts into a pipeline in one round trip and return the answers; nothing is atomic.

        Raises:
            QueueUnavailable: Redis does not answer, or refused one of them.
        """
        with boundary():
            pipeline = self.redis.pipeline(transaction=False)
            fill(pipeline)
            return pipeline.execute()

    def hash(self, name: str) -> Mapping[str, str]:
        """Return a whole hash as text."""
        with boundary():
            stored = self.redis.hgetall(self.key(name))
        return {_text(field): _text(value) for field, value in stored.items()}


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
