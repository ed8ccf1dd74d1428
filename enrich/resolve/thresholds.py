"""From which probability two accounts are joined, and from which a person should look at them."""

from __future__ import annotations

MERGE = 0.95
"""Accounts whose match is at least this probable become one creator."""
REVIEW = 0.60
"""Pairs from here up to :data:`MERGE` wait for a person's decision."""
