"""Stage 2: raw records become accounts and posts; pure, one module for each source.

``normalise(record, …) -> Normalised`` in every module: no client, no settings, no clock, so the same record gives the
same accounts on every replay.
"""

from __future__ import annotations

from enrich.normalise.contract import Normalised

__all__ = ["Normalised"]
