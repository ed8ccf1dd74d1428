"""Answers of language models by the hash of what was asked, in the lake: after a rebuild nothing is asked again.

They hold ids, numbers and what a model said of a picture or recording, never a text that was sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from creators.errors import NotFound
from creators.stores.lake import OPINIONS

if TYPE_CHECKING:
    from creators.stores.lake import Lake


@dataclass(frozen=True, slots=True)
class Opinions:
    """Gateway to the answers of one installation."""

    lake: Lake

    def get(self, digest: str) -> dict[str, Any] | None:
        """Return the answer to what has this hash, or None."""
        try:
            return self.lake.get_json(_key(digest))
        except NotFound:
            return None

    def put(self, digest: str, answer: dict[str, Any]) -> dict[str, Any]:
        """Keep an answer and return the one that is kept: the first that came, for all processes."""
        return self.lake.put_json(_key(digest), answer)


def _key(digest: str) -> str:
    return f"{OPINIONS}/{digest[:2]}/{digest}.json"
