"""A worker whose program has defects, for proofs of what comes after them: ``python -m benchmarks.faults.defective``.

It is the worker of the product, with functions of it replaced by ones that fail. Of rows whose handle begins with

- ``unread``: the reader refuses the line,
- ``misread``: the normaliser refuses the record,
- ``broken``: the normaliser has a defect and raises what it never should,
- ``deadly``: the normaliser ends the whole process, as a crash of native code does.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from api.cli import main
from creators.errors import BadRecord
from enrich.normalise import dataset
from fetchers import jobs

UNREAD, MISREAD, BROKEN, DEADLY = "unread", "misread", "broken", "deadly"
MODULE = "benchmarks.faults.defective"


def worker_command() -> list[str]:
    """Return the command of such a worker, for a supervisor to run."""
    return [sys.executable, "-m", MODULE, "worker", "--parent-pid", str(os.getpid())]


def _break() -> None:
    to_record, normalise = jobs.to_record, dataset.normalise

    def broken_to_record(line: Any, mapping: Any, **more: Any) -> Any:
        if _handle(line.row).startswith(UNREAD):
            detail = "column 'user': this version cannot read it"
            raise BadRecord(detail, field="user")
        return to_record(line, mapping, **more)

    def broken_normalise(record: Any, mapping: Any) -> Any:
        handle = _handle(record.body["row"])
        if handle.startswith(DEADLY):
            os.kill(os.getpid(), signal.SIGKILL)
        if handle.startswith(MISREAD):
            detail = "column 'user': this version does not understand it"
            raise BadRecord(detail, field="user")
        if handle.startswith(BROKEN):
            raise KeyError(handle)
        return normalise(record, mapping)

    jobs.to_record, dataset.normalise = broken_to_record, broken_normalise


def _handle(row: Any) -> str:
    return str(row["user"])


if __name__ == "__main__":
    _break()
    main()
