"""Progress of slow start-up steps on stderr, silent where nobody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

Advance = Callable[[int], None]


class StartConsole:
    """Bars and spinners on stderr; nothing at all when stderr is not a terminal or ``enabled`` is false."""

    def __init__(self, *, enabled: bool = True) -> None:
        self._console = Console(stderr=True)
        self._enabled = enabled and self._console.is_terminal

    @contextmanager
    def bar(self, title: str, total_bytes: int) -> Iterator[Advance]:
        """Yield a function that is told how many more bytes are done."""
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, disable=not self._enabled, transient=True) as progress:
            task = progress.add_task(title, total=total_bytes)
            yield lambda count: progress.advance(task, count)

    @contextmanager
    def waiting(self, title: str) -> Iterator[None]:
        """Show ``title`` and a clock while the block runs."""
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, disable=not self._enabled, transient=True) as progress:
            progress.add_task(title, total=None)
            yield
