"""A Redis for one proof: killed and started again where it was, nobody else's."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stack.redis import LOOPBACK, answers, find_redis, free_port, write_config

PASSWORD = "of-a-throw-away-server"  # noqa: S105 - on loopback, for minutes


@dataclass
class OwnRedis:
    """A Redis of this proof that can be killed and started again where it was."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://:{PASSWORD}@{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Start it and wait until it has read its log."""
        self.process = subprocess.Popen([str(find_redis().path), str(self.folder / "redis.conf")])
        deadline = time.monotonic() + 30
        while not answers(self.url):
            if time.monotonic() > deadline:
                detail = "Redis did not start within 30 s"
                raise TimeoutError(detail)
            time.sleep(0.05)

    def kill(self) -> None:
        """End it without a word."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=30)


@contextmanager
def own_redis() -> Iterator[OwnRedis]:
    """Give a Redis that writes its log to disk once a second."""
    with tempfile.TemporaryDirectory() as folder:
        redis = OwnRedis(Path(folder), free_port())
        write_config(redis.folder, redis.port, PASSWORD)
        redis.start()
        try:
            yield redis
        finally:
            redis.kill()
