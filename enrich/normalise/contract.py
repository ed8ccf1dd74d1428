"""What every normaliser returns."""

from __future__ import annotations

from creators.models import Account, Frozen, Post


class Normalised(Frozen):
    """What one raw record says: the accounts it describes and the posts it carries."""

    accounts: tuple[Account, ...]
    posts: tuple[Post, ...] = ()
