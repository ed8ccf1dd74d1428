"""Rows of a JSONL file: one JSON object a line, lines split at line feeds only (texts hold U+2028)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from creators.datasets import Row
from fetchers.tables.lines import LINE_LIMIT, Line, TextLine, excerpt, undecodable


def jsonl_rows(lines: Iterable[TextLine], *, encoding: str) -> Iterator[Line]:
    """Yield one row for each line that is not blank."""
    for line in lines:
        text = line.text.strip().removeprefix("\ufeff")
        if text or line.too_long:
            row, problem = _parse(line, text, encoding)
            yield Line(line.number, row, excerpt(line.text), problem)


def _parse(line: TextLine, text: str, encoding: str) -> tuple[Row | None, str | None]:
    if line.too_long:
        return None, f"the line has {line.too_long:,} bytes; the limit is {LINE_LIMIT:,}, shorten it or split it"
    if problem := undecodable(text, encoding):
        return None, problem
    try:
        value: Any = json.loads(text)
    except json.JSONDecodeError as error:
        return None, f"not JSON: {error.msg} at character {error.pos + 1}; write one JSON object on each line"
    except (ValueError, RecursionError) as error:
        return None, f"JSON beyond what can be read ({error}); shorten its numbers or flatten its nesting"
    if not isinstance(value, dict):
        return None, f"JSON that is not an object but {type(value).__name__}; write one object on each line"
    return value, None
