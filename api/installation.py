"""Everything that a command needs to run: engines with their addresses, and worker processes that end with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from api.supervisor import Supervised, supervised
from creators.settings import Settings, as_environment
from stack.engines import open_engines


@contextmanager
def installation(settings: Settings, *, progress: bool = True) -> Iterator[Settings]:
    """Give the settings with the addresses of running engines; engines started here are stopped again."""
    with open_engines(settings, progress=progress) as engines:
        yield settings.model_copy(
            update={"opensearch_url": engines.opensearch_url, "redis_url": SecretStr(engines.redis_url)}
        )


@contextmanager
def workers(settings: Settings, count: int) -> Iterator[list[Supervised]]:
    """Run worker processes beside the block; one that dies is started again, see :class:`Supervised`.

    Raises:
        EngineFailed: at the end of the block, when a worker had ended by itself with an error, or died too often.
    """
    command = [sys.executable, "-m", "api.cli", "worker", "--parent-pid", str(os.getpid())]
    with supervised(command, {**os.environ, **as_environment(settings)}, count) as running:
        yield running
